package pretrain_test

import (
	"slices"
	"strings"
	"testing"

	"capas/blocks"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"
)

// Supervised greedy training is the training of one network with one hidden layer after
// the other, each on the codes of the layers that the ones before left.
func TestSupervisedLayers(t *testing.T) {
	const seed = 4
	data := examples(t, 130, "data")
	recipe := func(l int) train.Recipe {
		return train.Recipe{Optimizer: train.SGD(0.5), Epochs: 4 + l, Batch: 20}
	}
	layers := func() []*blocks.Dense {
		s := random.New(seed)
		return []*blocks.Dense{
			must(blocks.NewDense("one", inputs, 8, blocks.Sigmoid(), blocks.Glorot(), s))(t),
			must(blocks.NewDense("two", 8, 5, blocks.Tanh(), blocks.Glorot(), s))(t),
		}
	}
	order, outputs := random.New(seed).Split("order"), random.New(seed).Split("outputs")

	hidden := layers()
	greedy := must(pretrain.SupervisedLayers(hidden, classes, blocks.Glorot(), recipe, outputs))(t)
	var first, second []uint32 // of the first layer after both stages
	run(t, pretrain.Pipeline{Stages: pretrain.Greedy(greedy, data, order), AfterStage: func(stage string, h *train.History) error {
		if stage == "layer 1" {
			first = bits(hidden[0].Params())
		} else {
			second = bits(hidden[0].Params())
		}
		error1, _ := h.Epochs[0].Train.Get("error")
		if last, ok := h.Epochs[len(h.Epochs)-1].Train.Get("error"); !ok || !(last < error1) {
			t.Errorf("%s: error %g, then %g", stage, error1, last)
		}
		return nil
	}})
	if !slices.Equal(first, second) {
		t.Error("the second layer's training changed the first")
	}

	want, set := layers(), data
	for l, d := range want {
		top := must(blocks.NewDense("top", d.W.Value.Shape()[1], classes, blocks.Linear(), blocks.Glorot(), outputs.Split([]string{"1", "2"}[l])))(t)
		net := &models.MLP{Layers: []*blocks.Dense{d, top}}
		tr := train.Trainer{Model: net, Recipe: recipe(l), Data: set, Order: order.Split([]string{"layer 1", "layer 2"}[l])}
		must(tr.Run(t.Context()))(t)
		set = must(set.WithX(must(train.Map(set.X, d.Forward))(t)))(t)
		if !slices.Equal(bits(d.Params()), bits(hidden[l].Params())) {
			t.Errorf("layer %d: other parameters than those of the network trained by itself", l+1)
		}
		if slices.Equal(bits(d.Params()), bits(layers()[l].Params())) {
			t.Errorf("layer %d was not trained", l+1)
		}
	}
}

func TestSupervisedLayersErrors(t *testing.T) {
	recipe := func(int) train.Recipe { return train.Recipe{} }
	d := must(blocks.NewDense("one", inputs, 8, blocks.Sigmoid(), blocks.Glorot(), random.New(1)))(t)
	for says, hidden := range map[string][]*blocks.Dense{
		"supervised layer 1: want a hidden layer with": {nil},
		"supervised layer 1: want":                     {{}},
		"no stream of random numbers":                  {d},
	} {
		if _, err := pretrain.SupervisedLayers(hidden, classes, blocks.Glorot(), recipe, nil); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("want an error that says %q, got %v", says, err)
		}
	}
}
