package main

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"testing"
	"time"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/pretrain"
	"capas/random"
	"capas/train"

	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
)

// digits is a set of 3 images of 4 pixels.
func digits(t *testing.T) *datasets.Set {
	t.Helper()
	x := []float32{0, 1, 0.6, 0.4, 1, 1, 1, 1, 0, 0, 0.2, 0.499}
	set, err := datasets.NewSet("digits", tensor.New(tensor.WithShape(3, 4), tensor.WithBacking(x)), []uint8{3, 0, 4}, 5, 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestInk(t *testing.T) {
	y, err := train.Map(digits(t).X, ink)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float32{0.02, 0.04, 0} {
		if got := y.Float32s()[i]; math.Abs(float64(got-want)) > 1e-6 {
			t.Errorf("image %d: %g hundred pixels, want %g", i+1, got, want)
		}
	}
}

// A network whose output weights are 0 answers with its output bias, whose loss and
// error are known.
func TestEvaluation(t *testing.T) {
	r := presets()["smoke"]
	r.Units = 2
	set := digits(t)
	for _, c := range []struct {
		spec
		bias        []float32
		loss, error float64
	}{
		// labels 3, 0, 4: class 0 leads
		{spec{classes, softmaxCE(), 0.1, 0, 1}, []float32{1, 0, 0, 0, 0}, math.Log(math.E+4) - 1.0/3, 2.0 / 3},
		// odd, even, even: y = ¾
		{spec{binary, sigmoidCE(), 0.1, 0, 1}, []float32{float32(math.Log(3))}, (-math.Log(0.75) - 2*math.Log(0.25)) / 3, 2.0 / 3},
		{spec{binary, linearSE(), 0.1, 0, 1}, []float32{0.25}, (0.75*0.75 + 2*0.25*0.25) / 3, 1.0 / 3},
		// ink 2, 4 and 0 pixels; the answer is 1 pixel
		{spec{numeric, linearSE(), 0.1, 0, 1}, []float32{0.01}, (1 + 9 + 1) * 1e-4 / 3, math.NaN()},
	} {
		n, err := newNetwork(r, c.spec, set)
		if err != nil {
			t.Fatal(err)
		}
		clear(n.Layers[1].W.Value.Float32s())
		copy(n.Layers[1].B.Value.Float32s(), c.bias)
		v, err := train.NewEvaluator(n).Run(set)
		if err != nil {
			t.Fatal(err)
		}
		if got := trial.Value(v, "loss"); math.Abs(got-c.loss) > 1e-6 {
			t.Errorf("%s: loss %g, want %g", c.run(), got, c.loss)
		}
		if got := trial.Value(v, "error"); math.Abs(got-c.error) > 1e-6 || math.IsNaN(got) != math.IsNaN(c.error) {
			t.Errorf("%s: error %g, want %g", c.run(), got, c.error)
		}
	}
}

// A confidently wrong start gives class 0 the probability asked for.
func TestConfidentlyWrongStart(t *testing.T) {
	r := presets()["smoke"]
	for _, p := range classes.pairs() {
		n, err := newNetwork(r, spec{classes, p, 0.1, 0.999, 1}, digits(t))
		if err != nil {
			t.Fatal(err)
		}
		clear(n.Layers[1].W.Value.Float32s())
		got, err := n.confidence(digits(t))
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(got-0.999) > 1e-6 {
			t.Errorf("%s: probability %g, want 0.999", p, got)
		}
	}
}

// noise is a set of 40 random images of 3 classes.
func noise(t *testing.T) *datasets.Set {
	t.Helper()
	x := tensor.New(tensor.WithShape(40, 6), tensor.Of(tensor.Float32))
	random.New(5).Uniform(x.Float32s())
	labels := make([]uint8, 40)
	for i := range labels {
		labels[i] = uint8(i % 3)
	}
	set, err := datasets.NewSet("noise", x, labels, 3, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// A training of every task that is stopped in its second epoch and goes on from its
// checkpoint ends like one that never was.
func TestInterruptedStage(t *testing.T) {
	r := presets()["smoke"]
	r.Units, r.Train.Epochs, r.Train.Batch, r.Train.NormEvery = 4, 4, 7, 2
	set := noise(t)
	for _, task := range []task{classes, binary, numeric} {
		s := spec{task, task.pairs()[0], 0.1, 0, 1}
		training := func(ctx context.Context, store pretrain.Store, afterEpoch func(e train.Epoch)) (*network, *train.History, error) {
			n, err := newNetwork(r, s, set)
			if err != nil {
				t.Fatal(err)
			}
			p := pretrain.Pipeline{Stages: []pretrain.Stage{n.stage(r, set, set)}, Store: store, SaveEvery: time.Hour,
				AfterEpoch: func(_ string, e train.Epoch, _ bool) error { afterEpoch(e); return nil }}
			h, err := p.Run(ctx)
			if err != nil {
				return nil, nil, err
			}
			return n, h[0], nil
		}
		want, wantHistory, err := training(t.Context(), nil, func(train.Epoch) {})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "network")
		ctx, cancel := context.WithCancel(t.Context())
		if _, _, err := training(ctx, &pretrain.Files{Path: path}, func(e train.Epoch) {
			if e.Epoch == 2 {
				cancel()
			}
		}); !errors.Is(err, context.Canceled) {
			t.Fatalf("%s: want an interruption, got %v", task, err)
		}
		var epochs []int
		got, gotHistory, err := training(t.Context(), &pretrain.Files{Path: path}, func(e train.Epoch) { epochs = append(epochs, e.Epoch) })
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]int{1, 2, 3, 4}, epochs); diff != "" {
			t.Errorf("%s: epochs reported: %s", task, diff)
		}
		for i, p := range want.Params() {
			if diff := cmp.Diff(p.Value.Float32s(), got.Params()[i].Value.Float32s()); diff != "" {
				t.Errorf("%s: %s: %s", task, p.Name, diff)
			}
		}
		for _, h := range []*train.History{wantHistory, gotHistory} {
			for i := range h.Epochs {
				h.Epochs[i].Seconds = 0
			}
		}
		if diff := cmp.Diff(wantHistory, gotHistory); diff != "" {
			t.Errorf("%s: histories: %s", task, diff)
		}
	}
}

// Networks of one seed begin with the same weights, whatever their pair.
func TestFirstWeights(t *testing.T) {
	r := presets()["smoke"]
	set := noise(t)
	var first []*blocks.Param
	for _, p := range classes.pairs() {
		n, err := newNetwork(r, spec{classes, p, 0.1, 0, 1}, set)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = n.Params()
		}
		for i, q := range n.Params() {
			if diff := cmp.Diff(first[i].Value.Float32s(), q.Value.Float32s()); diff != "" {
				t.Errorf("%s: %s: %s", p, q.Name, diff)
			}
		}
	}
}
