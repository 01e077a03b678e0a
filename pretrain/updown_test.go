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

// The up-down training begins with the weights that the greedy training left, above and below
// every layer, and changes all of them; a second phase goes on from there.
func TestUpDown(t *testing.T) {
	data, s := examples(t, 60, "data"), random.New(3)
	d, machines, err := models.NewLabelDBN("dbn", []int{inputs, 8, 5}, data.Classes, blocks.Gaussian(0.1), s)
	if err != nil {
		t.Fatal(err)
	}
	recipe := train.Recipe{Optimizer: train.SGD(0.3), Epochs: 2, Batch: 10}
	layers := []pretrain.Layer{
		{Model: &models.CD{Model: machines[0], K: 1, Noise: s.Split("cd")}, Code: machines[0].Encoder(), Recipe: recipe},
		{Model: &models.LabelCD{Model: d.Top, K: 1, Noise: s.Split("label cd")}, Recipe: recipe},
	}
	stages := pretrain.Greedy(layers, data, s)
	if err := d.Untie(); err != nil {
		t.Fatal(err)
	}
	still := recipe
	still.Optimizer = train.SGD(0)
	phase := func(name string, untie bool, recipe train.Recipe) pretrain.Stage {
		return pretrain.UpDown(name, &models.UpDown{Model: d, K: 2, Noise: s.Split(name)}, untie, recipe, data, data, s)
	}
	first := bits([]*blocks.Param{d.Layers[0].W})
	h := run(t, pretrain.Pipeline{Stages: append(stages, phase("still", true, still))})
	W, G := bits([]*blocks.Param{d.Layers[0].W}), bits([]*blocks.Param{d.Layers[0].G})
	if slices.Equal(first, W) || !slices.Equal(W, G) {
		t.Errorf("want generative weights as the greedy training left the others: changed %t, equal %t", !slices.Equal(first, W), slices.Equal(W, G))
	}
	if _, ok := h[2].Epochs[0].Validation.Get("error"); !ok || h[2].Best == 0 {
		t.Errorf("want a validation that chooses, got %+v", h[2])
	}
	before := bits(d.Params())
	last := recipe
	last.Epochs = 1
	run(t, pretrain.Pipeline{Stages: []pretrain.Stage{phase("moving", false, last)}})
	unmoved := map[string]bool{}
	for _, p := range d.Params() {
		unmoved[p.Name] = slices.Equal(bits([]*blocks.Param{p}), before[:p.Value.DataSize()])
		before = before[p.Value.DataSize():]
	}
	for name, still := range unmoved {
		if still {
			t.Errorf("%s did not change", name)
		}
	}
	if slices.Equal(bits([]*blocks.Param{d.Layers[0].W}), bits([]*blocks.Param{d.Layers[0].G})) {
		t.Error("the second phase tied the weights again")
	}
}

// Generative weights that a stage made itself would not be among what it saves.
func TestUpDownOfTiedLayers(t *testing.T) {
	data, s := examples(t, 20, "data"), random.New(3)
	d, _, err := models.NewLabelDBN("dbn", []int{inputs, 8, 5}, data.Classes, blocks.Gaussian(0.1), s)
	if err != nil {
		t.Fatal(err)
	}
	stage := pretrain.UpDown("up-down", &models.UpDown{Model: d, K: 1, Noise: s}, true, train.Recipe{Optimizer: train.SGD(0.1), Epochs: 1, Batch: 10}, data, data, s)
	if _, err := stage.Train(t.Context(), pretrain.Hooks{}); err == nil || !strings.Contains(err.Error(), "layer 1 tied") || !d.Layers[0].Tied() {
		t.Errorf("want an error on the tied layer, got %v", err)
	}
}
