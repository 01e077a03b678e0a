package fewlabels_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/internal/fewlabels"
	"capas/models"
	"capas/random"
	"capas/train"

	"gorgonia.org/tensor"
)

// images are n made-up images of six pixels, in three classes by turns.
func images(t *testing.T, n int) *datasets.Set {
	t.Helper()
	x := make([]float32, 6*n)
	random.New(5).Uniform(x)
	labels := make([]uint8, n)
	for i := range labels {
		labels[i] = uint8(i % 3)
	}
	set, err := datasets.NewSet("made-up", tensor.New(tensor.WithShape(n, 6), tensor.WithBacking(x)), labels, 3, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// right is a training that Check accepts.
func right() fewlabels.Training {
	return fewlabels.Training{
		Train: train.Recipe{Optimizer: train.SGD(0.1), Batch: 50, Epochs: 4}, Steps: 500, LeastEpoch: 1000, Rates: []float64{0.1, 0.2},
	}
}

func TestCheck(t *testing.T) {
	labels := []int{100, 5000}
	if err := right().Check(labels); err != nil {
		t.Error(err)
	}
	for says, wrong := range map[string]func(*fewlabels.Training){
		"epochs of 1 to 100000 images at least, got 0": func(x *fewlabels.Training) { x.LeastEpoch = 0 },
		"batches of 1 to 1000, got 1001":               func(x *fewlabels.Training) { x.Train.Batch = 1001 },
		"1 to 1000 epochs":                             func(x *fewlabels.Training) { x.Train.Epochs = 0 },
		"steps, got 4 and 0":                           func(x *fewlabels.Training) { x.Steps = 0 },
		"got 1001 of 100 labels":                       func(x *fewlabels.Training) { x.Steps = 20_001 },
		"1 to 10 rates in rising order":                func(x *fewlabels.Training) { x.Rates = []float64{2, 1} },
		"learning rate":                                func(x *fewlabels.Training) { x.Rates = []float64{-1} },
	} {
		x := right()
		wrong(&x)
		if err := x.Check(labels); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("want an error with %q, got %v", says, err)
		}
	}
	for _, wrong := range [][]int{nil, {100, 100}, {200, 100}, {9, 100}, {10, fewlabels.MaxImages + 1}} {
		if fewlabels.CheckLabels(wrong) == nil {
			t.Errorf("labels %v: want an error", wrong)
		}
	}
}

// A network begins with the up-pass of the layers that are named, in memory of its own.
func TestBegin(t *testing.T) {
	dbn, err := models.NewDBN("dbn", []int{6, 5, 4}, blocks.Gaussian(1), random.New(1))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range dbn.Layers {
		random.New(2).Normal(l.B.Value.Float32s())
	}
	for _, layers := range [][]int{nil, {0}, {1}, {0, 1}} {
		net, err := models.NewMLP("net", []int{6, 5, 4, 3}, blocks.Sigmoid(), blocks.Glorot(), blocks.Glorot(), random.New(3))
		if err != nil {
			t.Fatal(err)
		}
		if err := fewlabels.Begin(net, dbn, layers); err != nil {
			t.Fatal(err)
		}
		for l, r := range dbn.Layers {
			to := net.Layers[l]
			same := slices.Equal(to.W.Value.Float32s(), r.W.Value.Float32s()) && slices.Equal(to.B.Value.Float32s(), r.B.Value.Float32s())
			if same != slices.Contains(layers, l) {
				t.Errorf("layers %v: layer %d is the machine's: %v", layers, l, same)
			}
			if &to.W.Value.Float32s()[0] == &r.W.Value.Float32s()[0] {
				t.Errorf("layer %d shares the machine's memory", l)
			}
		}
		if err := fewlabels.Begin(net, nil, layers); (err != nil) != (len(layers) > 0) {
			t.Errorf("layers %v of no machine: %v", layers, err)
		}
	}
	if n := fewlabels.Weights(6, 5, 4, 3); n != 30+20+12 {
		t.Errorf("%d weights", n)
	}
}

// The published accuracies in percent, as in the documentation, are the errors' rests.
func TestPublished(t *testing.T) {
	accuracies := map[int][4]float64{
		60_000: {98.20, 98.73, 98.28, 98.68}, 10_000: {94.73, 97.27, 94.50, 97.11},
		1000: {88.71, 93.65, 89.14, 93.54}, 100: {76.02, 81.70, 76.24, 83.79},
	}
	for _, o := range fewlabels.Published() {
		for i, e := range []float64{o.RandomOne, o.RBM, o.RandomTwo, o.DeepMachine} {
			if math.Abs(100-e-accuracies[o.Labels][i]) > 1e-9 {
				t.Errorf("%d labels: error %g, want that of accuracy %g", o.Labels, e, accuracies[o.Labels][i])
			}
		}
	}
}

// Samples grow out of each other, and are balanced.
func TestSamples(t *testing.T) {
	set := images(t, 60)
	before, err := fewlabels.Sample(set, 12, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{13, 31, 60} {
		more, err := fewlabels.Sample(set, n, 1)
		if err != nil {
			t.Fatal(err)
		}
		if n < 60 && !slices.Equal(more.X.Float32s()[:12*6], before.X.Float32s()) {
			t.Errorf("%d images do not begin with the first 12", n)
		}
		counts := more.ClassCounts()
		if more.Len() != n || slices.Max(counts)-slices.Min(counts) > 1 {
			t.Errorf("%d images: got %d, of classes %v", n, more.Len(), counts)
		}
	}
	if same, err := fewlabels.Sample(set, 100, 1); err != nil || same != set {
		t.Errorf("more than there are: want the set itself, got %v, %v", same, err)
	}
}

// An epoch has 1000 images at least, and a training the steps and the passes that its
// recipe wants at least.
func TestEpochs(t *testing.T) {
	r := fewlabels.Training{Train: train.Recipe{Batch: 50, Epochs: 4}, Steps: 500, LeastEpoch: 1000}
	for _, test := range []struct{ labels, times, epochs int }{
		{100, 10, 25},  // 25,000 images in epochs of 1000
		{300, 4, 21},   // of 1200: 20.8
		{999, 2, 13},   // of 1998: 12.5
		{1000, 1, 25},  // of 1000
		{10_000, 1, 4}, // 40,000 images are more than 25,000
		{50_000, 1, 4}, // 200,000 images
		{5000, 1, 5},   // 25,000 images are more than 20,000
		{7000, 1, 4},   // 28,000 images
		{1, 1000, 25},  // one image again and again
		{501, 2, 25},   // of 1002: 24.95
		{333, 4, 19},   // of 1332: 18.8
	} {
		if got := r.Repeats(test.labels); got != test.times {
			t.Errorf("%d images are %d times in an epoch, want %d", test.labels, got, test.times)
		}
		if got := r.Epochs(test.labels); got != test.epochs {
			t.Errorf("%d images: %d epochs, want %d", test.labels, got, test.epochs)
		}
	}
	set := images(t, 9)
	three, err := fewlabels.Repeated(set, 3)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		part, err := three.View(9*i, 9*i+9)
		if err != nil || part.Checksum() != set.Checksum() {
			t.Errorf("repetition %d is another set, %v", i+1, err)
		}
	}
	if three.Len() != 27 {
		t.Errorf("%d images, want 27", three.Len())
	}
}
