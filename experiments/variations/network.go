package main

import (
	"fmt"
	"math"

	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"
)

// spec names one training.
type spec struct {
	set, method string
	draw        draw
	// long tells that it has all epochs; otherwise it has those of a first try.
	long bool
	seed uint64
}

// String is the network's name within its seed.
func (s spec) String() string {
	length := "short"
	if s.long {
		length = "long"
	}
	return fmt.Sprintf("%s-%s-draw-%d-%s", s.set, s.method, s.draw.number, length)
}

// epochs of a stage on so many images that has n, of the recipe, with all of them.
func (s spec) epochs(r Recipe, n, images int) int {
	share := float64(r.largest()) / float64(images)
	if !s.long {
		share /= float64(r.Short)
	}
	return max(1, int(math.Round(share*float64(n))))
}

// fineTuning is the name of the last stage of all networks.
const fineTuning = "fine-tuning"

// newNetwork is a network with its first weights and the stages of its training. Networks
// of one seed share the order of the images, and those of one shape the first weights of
// the output layer.
func newNetwork(r Recipe, s spec, data *datasets.Split) (*models.MLP, []pretrain.Stage, error) {
	stream := random.New(s.seed).Split(s.set)
	first, order, noise := stream.Split("first weights "+s.method), stream.Split("order"), stream.Split("noise "+s.method)
	sizes := append([]int{data.Train.Dim()}, s.draw.layers()...)
	recipe := train.Recipe{Optimizer: train.SGD(s.draw.pretrainRate), Epochs: s.epochs(r, s.draw.pretrainEpochs, data.Train.Len()), Batch: r.Batch}
	var hidden []*blocks.Dense
	var stages []pretrain.Stage
	switch s.method {
	case dbn:
		// First weights and weight cost as in Hinton 2010.
		stack, err := models.NewDBN(s.method, sizes, blocks.Gaussian(0.01), first)
		if err != nil {
			return nil, nil, err
		}
		recipe.Optimizer.L2 = 0.0002
		layers, err := pretrain.DBNLayers(stack, 1, 0, func(int) train.Recipe { return recipe }, noise)
		if err != nil {
			return nil, nil, err
		}
		hidden, stages = stack.Encoder(), pretrain.Greedy(layers, data.Train, order)
	case sae, sdae:
		stack, err := models.NewStackedAutoencoder(s.method, sizes, true, blocks.Sigmoid(), blocks.Glorot(), first)
		if err != nil {
			return nil, nil, err
		}
		if s.method == sdae {
			stack.Corrupt(blocks.Masking(s.draw.corruption), noise)
		}
		layers := pretrain.AutoencoderLayers(stack, func(int) train.Recipe { return recipe })
		hidden, stages = stack.Encoder(), pretrain.Greedy(layers, data.Train, order)
	default:
		init := blocks.Glorot()
		if s.draw.wide {
			init = blocks.Glorot4()
		}
		for l, n := range s.draw.layers() {
			d, err := blocks.NewDense(fmt.Sprintf("%s.%d", s.method, l+1), sizes[l], n, blocks.Sigmoid(), init, first)
			if err != nil {
				return nil, nil, err
			}
			hidden = append(hidden, d)
		}
	}
	net, err := models.Classifier(s.method, hidden, s.draw.width, data.Train.Classes, blocks.Glorot(), stream.Split("output"))
	if err != nil {
		return nil, nil, err
	}
	tune := train.Recipe{
		Optimizer: train.Optimizer{Kind: "momentum", Rate: train.Schedule{Start: s.draw.rate, Linear: true}, Momentum: train.Constant(0.9)},
		Epochs:    s.epochs(r, r.Epochs, data.Train.Len()), Batch: r.Batch,
	}
	return net, append(stages, pretrain.FineTune(net, tune, data.Train, data.Validation, order)), nil
}

// plan is the number of epochs of each stage, and the work of one of them: two floating
// point operations for each weight and image in every product.
func plan(r Recipe, s spec, inputs, classes, images, validation int) (epochs map[string]int, work map[string]int64) {
	epochs, work = map[string]int{}, map[string]int64{}
	weights, below := int64(0), int64(inputs)
	for l, n := range s.draw.layers() {
		layer := below * int64(n)
		if s.method != mlp {
			stage := fmt.Sprintf("layer %d", l+1)
			epochs[stage] = s.epochs(r, s.draw.pretrainEpochs, images)
			work[stage] = 10 * layer * int64(images) // the products of CD-1, and of a tied autoencoder
		}
		weights, below = weights+layer, int64(n)
	}
	weights += below * int64(classes)
	epochs[fineTuning] = s.epochs(r, r.Epochs, images)
	work[fineTuning] = 2 * weights * int64(3*images+validation)
	return epochs, work
}
