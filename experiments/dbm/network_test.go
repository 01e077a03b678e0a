package main

import (
	"slices"
	"testing"

	"capas/datasets"
	"capas/experiments/internal/likelihood"
	"capas/pretrain"
)

// trained is a network of a method whose stages have been run.
func trained(t testing.TB, r Recipe, method string) *network {
	t.Helper()
	n := fresh(t, r, method)
	p := pretrain.Pipeline{Stages: n.stages, AfterStage: n.after}
	if _, err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return n
}

func fresh(t testing.TB, r Recipe, method string) *network {
	t.Helper()
	split, err := datasets.Load(t.Context(), "mnist", datasets.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d := &data{test: split.Test}
	if d.train, err = split.Train.Take(r.Images); err != nil {
		t.Fatal(err)
	}
	if d.validation, err = split.Validation.Take(100); err != nil {
		t.Fatal(err)
	}
	if d.judged, err = likelihood.Binary(split.Test, r.Judged); err != nil {
		t.Fatal(err)
	}
	n, err := newNetwork(r, method, d, 1)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Machines begin with the same weights; stages come in their order; what is measured are
// copies that later stages leave alone.
func TestNetworks(t *testing.T) {
	r := presets()["smoke"]
	r.Hidden, r.Images, r.Judged = []int{8, 10}, 300, 50
	want := map[string][]string{
		methodRandom: {tuneStage},
		methodRBM:    {"layer 1", jointStage, tuneStage},
		methodDBN:    {"layer 1", "layer 2", tuneStage},
		methodDBM:    {"layer 1", "layer 2", greedyStage, jointStage, tuneStage},
	}
	var first []float32
	for _, method := range methods() {
		n := fresh(t, r, method)
		var names []string
		for _, s := range n.stages {
			names = append(names, s.Name)
			if e := n.trial(1).Epochs[s.Name]; e < 1 {
				t.Errorf("%s, %s: %d epochs are shown", method, s.Name, e)
			}
			if w := n.trial(1).Work[s.Name]; w < 1 {
				t.Errorf("%s, %s: work %d", method, s.Name, w)
			}
		}
		if !slices.Equal(names, want[method]) {
			t.Errorf("%s: want stages %v, got %v", method, want[method], names)
		}
		if method == methodRandom {
			continue
		}
		W := n.stack[0].Model.W.Value.Float32s()
		if first == nil {
			first = slices.Clone(W)
		}
		if !slices.Equal(first, W) {
			t.Errorf("%s: begins with other weights", method)
		}
	}
	n := trained(t, r, methodDBM)
	greedyW, jointW, netW := n.machines[greedy].W[0].Value.Float32s(), n.machines[methodDBM].W[0].Value.Float32s(), n.nets[methodDBM].Layers[0].W.Value.Float32s()
	if slices.Equal(greedyW, jointW) || !slices.Equal(jointW, n.dbm.W[0].Value.Float32s()) || slices.Equal(netW[:len(jointW)], jointW) {
		t.Error("the machines and the classifier are not of the moments at which they should be")
	}
	for i, b := range n.machines[greedy].B[1].Value.Float32s() {
		if want := n.stack[0].Model.B.Value.Float32s()[i] + n.stack[1].Model.C.Value.Float32s()[i]; b != want {
			t.Fatalf("bias %d of the machine put together: want %g, got %g", i, want, b)
		}
	}
	b := trained(t, r, methodDBN)
	if slices.Equal(b.belief.Layers[0].W.Value.Float32s(), b.dbn.Layers[0].W.Value.Float32s()) {
		t.Error("the belief network was fine-tuned, or fine-tuning changed nothing")
	}
}
