package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"

	"gorgonia.org/tensor"
)

func set(t *testing.T, x []float32, dim int, labels []uint8) *datasets.Set {
	t.Helper()
	s, err := datasets.NewSet("test", tensor.New(tensor.WithShape(len(labels), dim), tensor.WithBacking(x)), labels, 2, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Three units with pre-activations known by hand on two examples: one that is never on,
// one that is on for one of them, one that is always on.
func TestProbeCounts(t *testing.T) {
	examples := set(t, []float32{1, 5}, 1, []uint8{0, 1})
	for _, c := range []struct {
		f                    blocks.Activation
		steepest             float64
		flat, dead, negative float64
	}{
		// z is −1, −5; 2−1 = 1 and 2−5 = −3; 1, 5.
		{blocks.ReLU(), 1, 3. / 6, 1. / 3, 1. / 3},
		{blocks.LeakyReLU(0.01), 1, 0, 0, 1. / 3},
		{blocks.LeakyReLU(0.001), 1, 3. / 6, 0, 1. / 3},
		{blocks.Tanh(), 1, 3. / 6, 0, 1. / 3}, // |z| > 2.993: −5, −3, 5
		{blocks.Sigmoid(), 0.25, 0, 0, 0},     // |z| < 5.986 everywhere
	} {
		net := &models.MLP{Layers: []*blocks.Dense{
			{W: blocks.NewParam("1.W", 1, 3), B: blocks.NewParam("1.b", 3), F: c.f},
			{W: blocks.NewParam("2.W", 3, 2), B: blocks.NewParam("2.b", 2)},
		}}
		copy(net.Layers[0].W.Value.Float32s(), []float32{-1, -1, 1})
		copy(net.Layers[0].B.Value.Float32s(), []float32{0, 2, 0})
		p, err := newProbe(net, examples, c.steepest)
		if err != nil {
			t.Fatal(err)
		}
		layers, err := p.run()
		if err != nil {
			t.Fatal(err)
		}
		if want := (layer{c.flat, c.dead, c.negative}); len(layers) != 1 || layers[0] != want {
			t.Errorf("%s: %v, want %v", c.f, layers, want)
		}
		if back := layersOf(values(layers), 1); back[0] != layers[0] {
			t.Errorf("%s: %v written and read is %v", c.f, layers, back)
		}
	}
	if none := layersOf(nil, 2); len(none) != 2 || !math.IsNaN(none[1].Dead) {
		t.Errorf("layers of nothing: %v, want NaN", none)
	}
}

// network is a small one with its stage on made-up examples.
func network(t *testing.T) (*models.MLP, pretrain.Stage) {
	t.Helper()
	x, labels := make([]float32, 40*6), make([]uint8, 40)
	random.New(3).Uniform(x)
	for i := range labels {
		if x[6*i] > 0.5 {
			labels[i] = 1
		}
	}
	data := set(t, x, 6, labels)
	r := Recipe{Width: 5, Init: paired, Train: train.Recipe{Optimizer: train.SGD(0.1), Epochs: 6, Batch: 10, NormEvery: 2}, Examples: 40}
	s := spec{blocks.ReLU(), 2, 0.3, 7}
	net, err := newNetwork(r, s, data)
	if err != nil {
		t.Fatal(err)
	}
	p, err := newProbe(net, data, 1)
	if err != nil {
		t.Fatal(err)
	}
	return net, stage(r, s, net, p, data, data)
}

// A training that is interrupted in its third epoch and resumed ends with the same
// parameters and the same history, measurements of the probe among it.
func TestInterruptedStage(t *testing.T) {
	run := func(net *models.MLP, s pretrain.Stage, store pretrain.Store, stopAfter int) (history []byte, err error) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		p := pretrain.Pipeline{Stages: []pretrain.Stage{s}, Store: store, SaveEvery: time.Hour, AfterEpoch: func(_ string, e train.Epoch, _ bool) error {
			if e.Epoch == stopAfter {
				cancel()
			}
			return nil
		}}
		h, err := p.Run(ctx)
		if err != nil {
			return nil, err
		}
		return json.Marshal(h[0])
	}
	whole, s := network(t)
	want, err := run(whole, s, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(want, []byte("dead.2")) {
		t.Errorf("the history lacks what the probe found: %s", want)
	}
	path := filepath.Join(t.TempDir(), "checkpoint")
	net, s := network(t)
	if _, err := run(net, s, &pretrain.Files{Path: path}, 2); !errors.Is(err, context.Canceled) {
		t.Fatalf("interrupted: %v", err)
	}
	net, s = network(t)
	got, err := run(net, s, &pretrain.Files{Path: path}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("history %s, want %s", got, want)
	}
	for l, d := range net.Layers {
		if !slices.Equal(d.W.Value.Float32s(), whole.Layers[l].W.Value.Float32s()) {
			t.Errorf("layer %d: weights differ", l+1)
		}
	}
}

// All networks of a seed begin with the same normal numbers, scaled by their
// initialisations: He's has √(2/n), Xavier's √(2/(n+k)).
func TestFirstWeights(t *testing.T) {
	data := set(t, make([]float32, 6), 6, []uint8{0})
	weights := func(f blocks.Activation, init string) *models.MLP {
		net, err := newNetwork(Recipe{Width: 4, Init: init}, spec{f: f, depth: 2, seed: 1}, data)
		if err != nil {
			t.Fatal(err)
		}
		return net
	}
	relu, tanh := weights(blocks.ReLU(), paired), weights(blocks.Tanh(), paired)
	for l, ratio := range []float64{math.Sqrt(10. / 6), math.Sqrt(8. / 4), 1} { // the output layer is Xavier's in both
		for i, w := range tanh.Layers[l].W.Value.Float32s() {
			if got := float64(relu.Layers[l].W.Value.Float32s()[i]); math.Abs(got-ratio*float64(w)) > 1e-6 {
				t.Fatalf("layer %d: weight %d of relu is %g, that of tanh %g, want the ratio %g", l+1, i, got, w, ratio)
			}
		}
	}
	same := weights(blocks.ReLU(), "xavier")
	for l, d := range tanh.Layers {
		if !slices.Equal(d.W.Value.Float32s(), same.Layers[l].W.Value.Float32s()) {
			t.Errorf("layer %d: weights by one initialisation differ", l+1)
		}
	}
}
