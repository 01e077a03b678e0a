package main

import (
	"context"
	"fmt"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"

	"gorgonia.org/tensor"
)

// network is a deep belief network with what its training leaves, and the stages of it.
type network struct {
	dbn *models.LabelDBN
	// machines are the RBMs below the memory.
	machines []*models.RBM
	// net is the classifier that the greedily trained layers become.
	net    *models.MLP
	stages []pretrain.Stage
	// last stages of the greedy training, of fine-tuning and of the up-down training.
	greedy, fineTuned, upDown string
}

// fineTuning is the name of that stage.
const fineTuning = "fine-tuning"

// newNetwork builds the network of a seed.
func newNetwork(r Recipe, seed uint64, data *datasets.Split) (*network, error) {
	s := random.New(seed)
	n := &network{}
	var err error
	sizes := append([]int{data.Train.Dim()}, r.Layers...)
	if n.dbn, n.machines, err = models.NewLabelDBN("dbn", sizes, data.Train.Classes, r.Init, s.Split("init")); err != nil {
		return nil, err
	}
	n.layers(r, data.Train, s)
	if err := n.classifier(r, data, s); err != nil {
		return nil, err
	}
	if err := n.dbn.Untie(); err != nil { // so that the stages know the generative weights
		return nil, err
	}
	for i, p := range r.Phases {
		n.upDown = fmt.Sprintf("up-down %d", i+1)
		m := &models.UpDown{Model: n.dbn, K: p.Steps, Noise: s.Split(n.upDown)}
		n.stages = append(n.stages, pretrain.UpDown(n.upDown, m, i == 0, r.phase(p), data.Train, data.Validation, s.Split("order")))
	}
	return n, nil
}

// layers adds the stages of the greedy training.
func (n *network) layers(r Recipe, data *datasets.Set, s *random.Stream) {
	noise := s.Split("noise")
	var layers []pretrain.Layer
	for l, m := range n.machines {
		cd := &models.CD{Model: m, K: r.CD, Noise: noise.Split(fmt.Sprint(l + 1))}
		layers = append(layers, pretrain.Layer{Model: cd, Code: m.Encoder(), Recipe: r.Greedy})
	}
	top := &models.LabelCD{Model: n.dbn.Top, K: r.MemoryCD, Noise: noise.Split("top")}
	layers = append(layers, pretrain.Layer{Model: top, Recipe: r.Memory})
	n.stages = pretrain.Greedy(layers, data, s.Split("order"))
	n.greedy = n.stages[len(n.stages)-1].Name
}

// classifier adds the stage that trains a copy of the layers, under an output layer, by
// backpropagation.
func (n *network) classifier(r Recipe, data *datasets.Split, s *random.Stream) error {
	stack := n.dbn.Encoder()
	var hidden []*blocks.Dense
	for l, d := range stack {
		name := fmt.Sprintf("net.%d", l+1)
		hidden = append(hidden, &blocks.Dense{W: d.W.Clone(name + ".W"), B: d.B.Clone(name + ".b"), F: d.F})
	}
	var err error
	top := r.Layers[len(r.Layers)-1]
	if n.net, err = models.Classifier("net", hidden, top, data.Train.Classes, blocks.Glorot(), s.Split("top")); err != nil {
		return err
	}
	stage := pretrain.FineTune(n.net, r.FineTune, data.Train, data.Validation, s.Split("order"))
	fineTune := stage.Train
	stage.Train = func(ctx context.Context, hooks pretrain.Hooks) (*train.History, error) {
		for l, d := range stack { // as the greedy training left them
			for i, p := range d.Params() {
				if err := tensor.Copy(hidden[l].Params()[i].Value, p.Value); err != nil {
					return nil, fmt.Errorf("copy of %s: %w", p.Name, err)
				}
			}
		}
		return fineTune(ctx, hooks)
	}
	n.stages, n.fineTuned = append(n.stages, stage), stage.Name
	return nil
}

// trial is the network's training; work is in floating-point operations, two for each weight
// and example in every product.
func (n *network) trial(r Recipe, seed uint64, data *datasets.Split) trial.Trial {
	t := trial.Trial{
		Seed: seed, Name: "dbn", Stages: n.stages, Data: []*datasets.Set{data.Train},
		Epochs: map[string]int{fineTuning: r.FineTune.Epochs}, Work: map[string]int64{},
	}
	if data.Validation != nil {
		t.Data = append(t.Data, data.Validation)
	}
	images := 2 * int64(data.Train.Len())
	all, below := int64(0), int64(0) // weights
	var top int64
	for l, units := range r.Layers {
		inputs, cd, epochs := int64(data.Train.Dim()), r.CD, r.Greedy.Epochs
		if l > 0 {
			inputs = int64(r.Layers[l-1])
		}
		if l == len(r.Layers)-1 {
			inputs, cd, epochs = inputs+int64(data.Train.Classes), r.MemoryCD, r.Memory.Epochs
			top = inputs * int64(units)
		} else {
			below += inputs * int64(units)
		}
		all += inputs * int64(units)
		stage := fmt.Sprintf("layer %d", l+1)
		t.Epochs[stage], t.Work[stage] = epochs, images*inputs*int64(units)*int64(3+2*cd)
	}
	t.Work[fineTuning] = 3 * images * all
	for i, p := range r.Phases {
		stage := fmt.Sprintf("up-down %d", i+1)
		t.Epochs[stage], t.Work[stage] = p.Epochs, images*(6*below+int64(4+2*p.Steps)*top)
	}
	return t
}
