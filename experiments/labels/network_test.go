package main

import (
	"math"
	"slices"
	"testing"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/random"
	"capas/train"

	"gorgonia.org/tensor"
)

// Both arms of a pair have the same output layer; the hidden layers of the pretrained one
// are the stack's, in memory of their own, and those of the other are none of it.
func TestFirstWeights(t *testing.T) {
	r := presets()["smoke"]
	r.Width, r.Layers = 4, []int{5, 3}
	x := make([]float32, 6*9)
	set, err := datasets.NewSet("made-up", tensor.New(tensor.WithShape(9, 6), tensor.WithBacking(x)), make([]uint8, 9), 3, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, pair := range pairNames() {
		stack, err := newStack(r, pair, 1, 6)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range stack.Layers { // stands for one that was trained: its biases are not 0
			random.New(8).Normal(l.B.Value.Float32s())
		}
		without, err := newNetwork(r, arm{pair, false}, 1, set, nil)
		if err != nil {
			t.Fatal(err)
		}
		with, err := newNetwork(r, arm{pair, true}, 1, set, stack)
		if err != nil {
			t.Fatal(err)
		}
		if len(with.Layers) != len(r.units(pair))+1 {
			t.Fatalf("%s: %d layers", pair, len(with.Layers))
		}
		for l := range with.Layers {
			W, B := with.Layers[l].W.Value.Float32s(), with.Layers[l].B.Value.Float32s()
			random := without.Layers[l].W.Value.Float32s()
			if l == len(with.Layers)-1 {
				if !slices.Equal(W, random) {
					t.Errorf("%s: output layers differ", pair)
				}
				continue
			}
			from := stack.Layers[l]
			if !slices.Equal(W, from.W.Value.Float32s()) || !slices.Equal(B, from.B.Value.Float32s()) || slices.Equal(W, random) {
				t.Errorf("%s: layer %d does not begin as it should", pair, l)
			}
			if &W[0] == &from.W.Value.Float32s()[0] {
				t.Errorf("%s: layer %d shares the stack's memory", pair, l)
			}
		}
		if _, err := newNetwork(r, arm{pair, true}, 1, set, nil); err == nil {
			t.Error("pretrained layers out of nothing: want an error")
		}
	}
}

// ‖(3,4) − (0,4)‖/‖(0,4)‖ = 3/4; the root mean squares are 4/√2 and 3/√2.
func TestMove(t *testing.T) {
	m := newMove([]float32{0, 4}, []float32{3, 4})
	if math.Abs(m.relative()-0.75) > 1e-12 || math.Abs(m.first-4/math.Sqrt2) > 1e-12 || math.Abs(m.change-3/math.Sqrt2) > 1e-12 {
		t.Errorf("got %+v, want 4/√2 and 3/√2", m)
	}
}

// values are those of an evaluation.
func values(e, loss float64) train.Values {
	return train.Values{{Name: "error", Value: e}, {Name: "loss", Value: loss}}
}

// With few labels each seed chooses its rate, once by few validation images and once by
// all; with many the first seed's choice stands for all. Equal errors are told apart by the
// cross-entropy, and divergence is never chosen.
func TestChoose(t *testing.T) {
	r := presets()["smoke"]
	r.Pairs, r.Labels, r.Rates = []string{rbm}, []int{100, 500}, []float64{0.1, 0.2, 0.4}
	validation, err := datasets.NewSet("made-up", tensor.New(tensor.WithShape(500, 1), tensor.WithBacking(make([]float32, 500))), make([]uint8, 500), 2, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	x := &runner{Run: &lab.Run[Recipe]{Recipe: r, Settings: lab.Settings{Seeds: []uint64{7, 8}}}, data: &datasets.Split{Validation: validation}, networks: map[spec]*learned{}}
	few, few0, many, many0 := pretrained(rbm, 100), pretrained(rbm, 100).random(), pretrained(rbm, 500), pretrained(rbm, 500).random()
	for _, c := range []cell{few, few0, many, many0} {
		x.networks[spec{c, 0.1, 7}] = &learned{Outcome: &trial.Outcome{}, few: values(0.2, 0.6), all: values(0.1, 0.3)}
		x.networks[spec{c, 0.2, 7}] = &learned{Outcome: &trial.Outcome{}, few: values(0.1, 0.9), all: values(0.2, 0.2)}
		x.networks[spec{c, 0.4, 7}] = &learned{Outcome: &trial.Outcome{Diverged: true}}
	}
	for _, c := range []cell{few, few0} {
		x.networks[spec{c, 0.1, 8}] = &learned{Outcome: &trial.Outcome{}, few: values(0.2, 0.5), all: values(0.3, 0.3)}
		x.networks[spec{c, 0.2, 8}] = &learned{Outcome: &trial.Outcome{}, few: values(0.2, 0.6), all: values(0.3, 0.3)}
		x.networks[spec{c, 0.4, 8}] = &learned{Outcome: &trial.Outcome{}, few: values(0.2, 0.4), all: values(0.2, 0.3)}
	}
	got, err := x.choose()
	if err != nil {
		t.Fatal(err)
	}
	want := results{
		{spec: spec{few0, 0.2, 7}}, {spec: spec{few0, 0.4, 8}}, {spec: spec{few, 0.2, 7}}, {spec: spec{few, 0.4, 8}},
		{spec: spec{many0, 0.2, 7}}, {spec: spec{many0, 0.2, 8}}, {spec: spec{many, 0.2, 7}}, {spec: spec{many, 0.2, 8}},
		{spec: spec{few0, 0.1, 7}, all: true}, {spec: spec{few0, 0.4, 8}, all: true}, {spec: spec{few, 0.1, 7}, all: true}, {spec: spec{few, 0.4, 8}, all: true},
	}
	for i, w := range want {
		if len(got) != len(want) || got[i].spec != w.spec || got[i].all != w.all {
			t.Fatalf("choice %d of %d: %v (all %v), want %v (all %v)", i, len(got), got[i].spec, got[i].all, w.spec, w.all)
		}
	}
	for _, rate := range r.Rates {
		x.networks[spec{many, rate, 7}] = &learned{Outcome: &trial.Outcome{Diverged: true}}
	}
	if _, err := x.choose(); err == nil {
		t.Error("divergence at every rate: want an error")
	}
}

// The random arm's hidden layers have the first weights that suit sigmoid units: uniform
// with limits 4·√(6/(n+k)).
func TestRandomWeights(t *testing.T) {
	r := presets()["smoke"]
	r.Width = 200
	set, err := datasets.NewSet("made-up", tensor.New(tensor.WithShape(1, 300), tensor.WithBacking(make([]float32, 300))), make([]uint8, 1), 2, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	net, err := newNetwork(r, arm{rbm, false}, 1, set, nil)
	if err != nil {
		t.Fatal(err)
	}
	limit := 4 * math.Sqrt(6.0/500)
	w := net.Layers[0].W.Value.Float32s()
	if most := float64(slices.Max(w)); most > limit*1.000001 || most < 0.99*limit {
		t.Errorf("largest weight %g, want just below %g", most, limit)
	}
	if f := net.Layers[0].F; f != blocks.Sigmoid() {
		t.Errorf("activation %s", f)
	}
}
