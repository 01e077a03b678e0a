package main

import (
	"context"
	"fmt"

	"capas/autodiff"
	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"
)

// deepSpec is one of the deep autoencoders.
type deepSpec struct {
	code       int
	pretrained bool
	seed       uint64
}

// deepPlane is the code of the maps.
const deepPlane = 2

// deepKinds are the networks of a seed.
func deepKinds(d Deep, seed uint64) []deepSpec {
	return []deepSpec{{d.Code, true, seed}, {d.Code, false, seed}, {deepPlane, true, seed}}
}

// name is that of the network's files and its lines in the log.
func (s deepSpec) name() string {
	how := "random"
	if s.pretrained {
		how = "pretrained"
	}
	return fmt.Sprintf("deep-%d-%s", s.code, how)
}

// deepNetwork is a deep autoencoder with the stages of its training.
type deepNetwork struct {
	deepSpec
	auto   *models.DeepAutoencoder
	stages []pretrain.Stage
	epochs map[string]int
	work   map[string]int64 // of an epoch
}

// newDeepNetwork builds the network of a seed. The networks of one seed see the examples
// in the same order; each has first weights of its own.
func newDeepNetwork(d Deep, s deepSpec, data, watched *datasets.Set) (*deepNetwork, error) {
	stream := random.New(s.seed).Split("deep")
	first, order, noise := stream.Split("init "+s.name()), stream.Split("order"), stream.Split("noise "+s.name())
	sizes := append(append([]int{data.Dim()}, d.Layers...), s.code)
	n := &deepNetwork{deepSpec: s, epochs: map[string]int{}, work: map[string]int64{}}
	recipe := d.random()
	if s.pretrained {
		recipe = d.FineTune
	}
	if s.code == deepPlane {
		recipe.Epochs = d.PlaneEpochs
	}
	weights := int64(0)
	for l := 1; l < len(sizes); l++ {
		weights += int64(sizes[l-1]) * int64(sizes[l])
	}
	n.epochs[deepTuning], n.work[deepTuning] = recipe.Epochs, 12*weights*int64(data.Len())
	if !s.pretrained {
		auto, err := deepRandom(sizes, d.RandomInit, first)
		if err != nil {
			return nil, err
		}
		n.auto = auto
		n.stages = []pretrain.Stage{pretrain.JointWatched(deepTuning, auto, recipe, data, watched, order)}
		return n, nil
	}
	dbn, err := models.NewDBN("stack", sizes, d.Init, first)
	if err != nil {
		return nil, err
	}
	dbn.Layers[len(dbn.Layers)-1].HiddenUnits = models.GaussianUnits()
	layers, err := pretrain.DBNLayers(dbn, 1, 0, func(l int) train.Recipe {
		r := d.Pretrain
		if l == len(dbn.Layers)-1 {
			r = d.at(d.CodeRate)
		}
		if s.code == deepPlane {
			r.Epochs = d.PlanePretrain
		}
		stage := fmt.Sprintf("layer %d", l+1)
		n.epochs[stage], n.work[stage] = r.Epochs, 10*int64(sizes[l])*int64(sizes[l+1])*int64(data.Len())
		return r
	}, noise)
	if err != nil {
		return nil, err
	}
	tuning, auto, err := pretrain.UnrolledWatched(deepTuning, dbn, recipe, data, watched, order)
	if err != nil {
		return nil, err
	}
	n.auto, n.stages = auto, append(pretrain.Greedy(layers, data, order), tuning)
	return n, nil
}

// deepTuning is the stage that trains all layers together.
const deepTuning = "fine-tuning"

// deepRandom is a network of random first weights: sigmoid units but for the code's.
func deepRandom(sizes []int, init blocks.Initializer, s *random.Stream) (*models.DeepAutoencoder, error) {
	a := &models.DeepAutoencoder{Output: blocks.Binary()}
	top := len(sizes) - 1
	for l := 1; l <= top; l++ {
		f := blocks.Sigmoid()
		if l == top {
			f = blocks.Linear()
		}
		up, err := blocks.NewDense(fmt.Sprintf("deep.up%d", l), sizes[l-1], sizes[l], f, init, s)
		if err != nil {
			return nil, err
		}
		a.Encoder = append(a.Encoder, up)
	}
	for l := top; l >= 1; l-- {
		down, err := blocks.NewDense(fmt.Sprintf("deep.down%d", l), sizes[l], sizes[l-1], blocks.Sigmoid(), init, s)
		if err != nil {
			return nil, err
		}
		a.Decoder = append(a.Decoder, down)
	}
	return a, nil
}

// codes are those of a set's images, and reconstruct what the network makes of them.
func (n *deepNetwork) codes(set *datasets.Set) ([][]float32, error) {
	y, err := train.Map(set.X, n.auto.Encode)
	if err != nil {
		return nil, fmt.Errorf("%s: codes: %w", n.name(), err)
	}
	return deepRows(y), nil
}

func (n *deepNetwork) reconstruct(set *datasets.Set) ([][]float32, error) {
	y, err := train.Map(set.X, n.auto.Reconstruct)
	if err != nil {
		return nil, fmt.Errorf("%s: reconstructions: %w", n.name(), err)
	}
	return deepRows(y), nil
}

// test is the squared error per image of the test set.
func (n *deepNetwork) test(ctx context.Context, c autodiff.Compiler, set *datasets.Set) (float64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	v, err := train.NewEvaluatorWith(c.Under("deep test"), n.auto).Run(set)
	if err != nil {
		return 0, fmt.Errorf("%s: test: %w", n.name(), err)
	}
	squared, _ := v.Get("reconstruction")
	return squared, nil
}
