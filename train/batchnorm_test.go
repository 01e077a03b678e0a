package train_test

import (
	"slices"
	"testing"

	"capas/blocks"
	"capas/models"
	"capas/random"
	"capas/train"

	"github.com/google/go-cmp/cmp"
)

// normalised trains a convolutional network with batch normalisation.
func normalised(t testing.TB) train.Trainer {
	data, validation := examples(t, 53, 12, 3), examples(t, 20, 12, 3)
	convs := []models.ConvSpec{{Maps: 3, Kernel: [2]int{2, 2}, Norm: true}}
	n := must(models.NewConvNet("net", [3]int{1, 3, 4}, convs, []int{4, 3}, blocks.ReLU(), blocks.Glorot(), blocks.Glorot(), random.New(3)))(t)
	evaluator := train.NewEvaluator(n)
	return train.Trainer{Model: n, Data: data, Order: random.New(9), Recipe: train.Recipe{Optimizer: train.Optimizer{Kind: "momentum", Rate: train.Constant(0.9), Momentum: train.Constant(0.9), L2: 0.01}, Epochs: 6, Batch: 10, NormEvery: 4},
		Validate: func() (train.Values, error) { return evaluator.Run(validation) }}
}

// A training of a network with batch normalisation ends with the running statistics that go
// with the best parameters: what is then measured is the best score. The optimiser leaves
// them alone.
func TestBestStatistics(t *testing.T) {
	tr := normalised(t)
	h := run(t, tr)
	if h.Best == len(h.Epochs) {
		t.Fatal("the best epoch is the last one: the test shows nothing")
	}
	want, got := h.Epochs[h.Best-1].Validation, must(tr.Validate())(t)
	for i, v := range want {
		if got[i] != v {
			t.Errorf("after training: want %v, the values of epoch %d, got %v", v, h.Best, got[i])
		}
	}
	for _, v := range h.Epochs[0].GradNorms {
		if v.Name == "net.1.mean" || v.Name == "net.1.variance" {
			t.Errorf("the optimiser has a gradient of %s", v.Name)
		}
	}
	if len(h.Epochs[0].GradNorms) != len(tr.Model.Params())-2 {
		t.Errorf("want gradient norms of all %d parameters but two, got %v", len(tr.Model.Params()), h.Epochs[0].GradNorms)
	}
}

// A training of the top layer alone leaves the running statistics below it as they are; one of
// the layers below moves them.
func TestOnlyLeavesStatistics(t *testing.T) {
	for name, of := range map[string]func(n *models.ConvNet) []*blocks.Param{
		"top layer":             func(n *models.ConvNet) []*blocks.Param { return n.Dense[0].Params() },
		"all but the top layer": func(n *models.ConvNet) []*blocks.Param { return n.Params()[:len(n.Params())-2] },
	} {
		tr := normalised(t)
		n := tr.Model.(*models.ConvNet)
		trained := of(n)
		tr.Model = train.Only{Model: n, Trained: trained}
		var before [][]float32
		for _, p := range n.Params() {
			before = append(before, slices.Clone(p.Value.Float32s()))
		}
		tr.Validate = nil // the best epoch's parameters are others
		run(t, tr)
		for i, p := range n.Params() {
			if moved, want := !cmp.Equal(p.Value.Float32s(), before[i]), slices.Contains(trained, p); moved != want {
				t.Errorf("%s, %s: changed %t, want %t", name, p.Name, moved, want)
			}
		}
	}
}
