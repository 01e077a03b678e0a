package main

import (
	"context"
	"math"
	"testing"

	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"

	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
)

// coins are m binary images of n pixels, the first half of them more often on.
func coins(t *testing.T, m, n int) *datasets.Set {
	t.Helper()
	x := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(m, n))
	random.New(3).Mask(x.Float32s(), 0.3, 1)
	for i := range m {
		if i%2 == 0 {
			x.Float32s()[i*n] = 1
		}
	}
	set, err := datasets.NewSet("coins", x, make([]uint8, m), 1, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// Machines of a seed begin with the same parameters, whatever trains them, and the first
// ones give the images the likelihood of independent pixels, up to the small weights.
func TestFirstParameters(t *testing.T) {
	set := coins(t, 40, 6)
	r := presets()["smoke"]
	var first *machine
	for _, k := range kinds() {
		m, err := newMachine(r, spec{exact, k, 0.1, 1}, set)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = m
		}
		for i, p := range m.Params() {
			if diff := cmp.Diff(first.Params()[i].Value.Float32s(), p.Value.Float32s()); diff != "" {
				t.Errorf("%s: %s: %s", k, p.Name, diff)
			}
		}
	}
	clear(first.W.Value.Float32s())
	want, err := first.LogLikelihood(set.X)
	if err != nil {
		t.Fatal(err)
	}
	if got := independent(first.base, set); math.Abs(got-want) > 1e-5 {
		t.Errorf("independent pixels: %g, want %g by enumeration", got, want)
	}
}

// What is measured after an epoch, against the models' exact functions.
func TestMeasure(t *testing.T) {
	set := coins(t, 40, 6)
	r := presets()["smoke"]
	for _, s := range sizes() {
		m, err := newMachine(r, spec{s, pcd, 0.1, 1}, set)
		if err != nil {
			t.Fatal(err)
		}
		random.New(9).Normal(m.W.Value.Float32s())
		v, err := m.measure(Sampling{Steps: 400, Chains: 200}, set.X, set.X)
		if err != nil {
			t.Fatal(err)
		}
		want, err := m.LogLikelihood(set.X)
		if err != nil {
			t.Fatal(err)
		}
		tolerance := 1e-9
		if s == large { // 6 visible units can be enumerated all the same
			tolerance, _ = v.Get(barName)
			if !(tolerance > 0 && tolerance < 0.5) {
				t.Errorf("error bar %g", tolerance)
			}
		}
		for _, name := range []string{likelihoodName, trainName} {
			if got, _ := v.Get(name); math.Abs(got-want) > tolerance {
				t.Errorf("%s, %s: %g, want %g within %g", s, name, got, want, tolerance)
			}
		}
		if gap, _ := v.Get(gapName); gap != 0 {
			t.Errorf("%s: gap %g between a set and itself", s, gap)
		}
		again, err := m.measure(Sampling{Steps: 400, Chains: 200}, set.X, set.X)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(v, again); diff != "" {
			t.Errorf("%s: a second measurement differs: %s", s, diff)
		}
	}
}

// E|v−p|² of one Gibbs step of a machine without weights: the pixels of p are the base
// rates, whatever v is.
func TestReconstruction(t *testing.T) {
	set := coins(t, 40, 6)
	m, err := newMachine(presets()["smoke"], spec{exact, cd1, 0.1, 1}, set)
	if err != nil {
		t.Fatal(err)
	}
	clear(m.W.Value.Float32s())
	got, err := reconstruction(m.RBM, set.X, random.New(1))
	if err != nil {
		t.Fatal(err)
	}
	want := 0.0
	for i, v := range set.X.Float32s() {
		d := float64(v) - 1/(1+math.Exp(-float64(m.base.Float32s()[i%6])))
		want += d * d / 40
	}
	if math.Abs(got-want) > 1e-4 {
		t.Errorf("%g, want %g", got, want)
	}
}

// Images are on as often as their intensities say, and the same in every run.
func TestBinary(t *testing.T) {
	x := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(10_000, 3))
	for i := range x.Float32s() {
		x.Float32s()[i] = []float32{0, 0.25, 1}[i%3]
	}
	set, err := datasets.NewSet("gray", x, make([]uint8, 10_000), 1, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	b, err := binary(set, "training")
	if err != nil {
		t.Fatal(err)
	}
	var on [3]float64
	for i, v := range b.X.Float32s() {
		on[i%3] += float64(v)
	}
	if on[0] != 0 || on[2] != 10_000 || math.Abs(on[1]-2500) > 5*math.Sqrt(0.25*0.75*10_000) {
		t.Errorf("on %v times of 10,000, want 0, about 2,500, and 10,000", on)
	}
	again, err := binary(set, "training")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.X.Float32s(), again.X.Float32s()); diff != "" {
		t.Error("a second draw differs")
	}
}

// A chain is shown after the steps that are asked for: in one run or in several, with one
// stream.
func TestChain(t *testing.T) {
	r, err := models.NewRBM("rbm", 5, 4, blocks.Gaussian(1), random.New(1))
	if err != nil {
		t.Fatal(err)
	}
	start := coins(t, 7, 5).X
	s := random.New(2)
	all, last, err := chain(r, start, []int{0, 1, 4}, random.New(2))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(start.Float32s(), all[0].Float32s()); diff != "" {
		t.Errorf("after no step: %s", diff)
	}
	first, middle, err := chain(r, start, []int{1}, s)
	if err != nil {
		t.Fatal(err)
	}
	rest, end, err := chain(r, middle, []int{3}, s)
	if err != nil {
		t.Fatal(err)
	}
	for i, pair := range [][2]*tensor.Dense{{all[1], first[0]}, {all[2], rest[0]}, {last, end}} {
		if diff := cmp.Diff(pair[0].Float32s(), pair[1].Float32s()); diff != "" {
			t.Errorf("%d: %s", i, diff)
		}
	}
}

// The tutorials' machine goes on from a snapshot with the same bytes, and with the pixel
// that is to be flipped next.
func TestTutorialResumes(t *testing.T) {
	set := coins(t, 50, 6)
	recipe := Tutorial{Hidden: 4, K: 2, Train: train.Recipe{Optimizer: train.SGD(0.1), Epochs: 4, Batch: 20}}
	learn := func(ctx context.Context, hooks pretrain.Hooks) (*tutorial, *train.History, error) {
		m, err := newTutorial(recipe, 1, 6)
		if err != nil {
			t.Fatal(err)
		}
		h, err := m.trial(recipe, 1, set).Stages[0].Train(ctx, hooks)
		return m, h, err
	}
	want, wanted, err := learn(context.Background(), pretrain.Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var at *train.Snapshot
	if _, _, err := learn(ctx, pretrain.Hooks{
		AfterEpoch: func(e train.Epoch) error {
			if e.Epoch == 2 {
				cancel()
			}
			return nil
		},
		Save: func(s *train.Snapshot) error {
			at = &train.Snapshot{Position: s.Position}
			for _, p := range s.Tensors {
				at.Tensors = append(at.Tensors, p.Clone(p.Name))
			}
			return nil
		},
		SaveEvery: 1 << 62,
	}); err == nil || at == nil {
		t.Fatal("the training was not interrupted")
	}
	got, history, err := learn(context.Background(), pretrain.Hooks{From: at})
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range want.Params() {
		if diff := cmp.Diff(p.Value.Float32s(), got.Params()[i].Value.Float32s()); diff != "" {
			t.Errorf("%s: %s", p.Name, diff)
		}
	}
	for i, e := range wanted.Epochs {
		if diff := cmp.Diff(e.Train, history.Epochs[i].Train); diff != "" {
			t.Errorf("epoch %d: %s", e.Epoch, diff)
		}
	}
}
