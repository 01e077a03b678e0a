package main

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"

	"gonum.org/v1/gonum/stat"
	"gorgonia.org/tensor"
)

// must stops the test at an error.
func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func matrix(x []float32, n, d int) *tensor.Dense {
	return tensor.New(tensor.WithShape(n, d), tensor.WithBacking(x))
}

// noise is n examples of d uniform features with cyclic labels.
func noise(t testing.TB, n, d, classes int) *datasets.Set {
	t.Helper()
	x, labels := make([]float32, n*d), make([]uint8, n)
	random.New(5).Uniform(x)
	for i := range labels {
		labels[i] = uint8(i % classes)
	}
	return must[*datasets.Set](t)(datasets.NewSet("noise", matrix(x, n, d), labels, classes, 0, 0))
}

func near(t testing.TB, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol) {
		t.Errorf("%s: want %g, got %g", what, want, got)
	}
}

// A penalty adds λ·sign(w) or λ·w to the gradient of every weight and nothing to that of a
// bias: seen as the difference that it makes to one step of gradient descent.
func TestPenalties(t *testing.T) {
	const rate, lambda = 0.5, 0.25
	data := noise(t, 12, 4, 3)
	r := Recipe{Hidden: []int{5, 6}, Activation: blocks.Tanh()}
	step := func(set settings) (before, after []*blocks.Param, h *train.History) {
		net := must[*network](t)(newNetwork(r, spec{seed: 3}, set, 4, 3))
		for _, p := range net.Params() {
			before = append(before, p.Clone(p.Name))
		}
		trainer := train.Trainer{Model: net, Data: data, Recipe: train.Recipe{Optimizer: train.SGD(rate), Epochs: 1}}
		h = must[*train.History](t)(trainer.Run(t.Context()))
		return before, net.Params(), h
	}
	before, plain, history := step(settings{})
	_, withL1, h1 := step(settings{l1: lambda})
	_, withL2, h2 := step(settings{l2: lambda})
	for i, p := range before {
		bias := len(p.Value.Shape()) == 1
		for j, w := range p.Value.Float32s() {
			l1, l2 := -rate*lambda*math.Copysign(1, float64(w)), -rate*lambda*float64(w)
			if bias {
				l1, l2 = 0, 0
			}
			base := float64(plain[i].Value.Float32s()[j])
			near(t, p.Name+" by L1", float64(withL1[i].Value.Float32s()[j])-base, l1, 1e-6)
			near(t, p.Name+" by L2", float64(withL2[i].Value.Float32s()[j])-base, l2, 1e-6)
		}
	}
	// What is logged is the loss alone.
	for _, h := range []*train.History{h1, h2} {
		if a, b := history.Epochs[0].Train[0], h.Epochs[0].Train[0]; a != b {
			t.Errorf("training loss %v, with a penalty %v", a, b)
		}
	}
}

// Each method changes what is its own; together they are at their chosen levels, dropout at
// the one that is tried; λ falls as the images grow in number.
func TestSettings(t *testing.T) {
	r := presets()["lecture"]
	x := &experimenter{chosen: map[method]int{l1: 2, l2: 1, early: 2, augmentation: 1, dropout: 2}}
	x.Run = newRun(r)
	drop := settings{inputDrop: 0.2, hiddenDrop: 0.5}
	for _, c := range []struct {
		s    spec
		want settings
	}{
		{spec{method: none, images: 1000}, settings{}},
		{spec{method: none, color: true, images: 500}, settings{}},
		{spec{method: dropout, images: 1000, level: 2}, drop},
		{spec{method: dropout, images: 50_000, level: 2}, drop},
		{spec{method: l1, images: 1000, level: 1}, settings{l1: 1e-5}},
		{spec{method: l1, images: 10_000, level: 1}, settings{l1: 1e-6}},
		{spec{method: l2, images: 50_000, level: 2}, settings{l2: 2e-5}},
		{spec{method: early, images: 1000, level: 1}, settings{patience: &train.Patience{Steps: 201}}},
		{spec{method: augmentation, images: 1000, level: 2}, settings{augment: &r.Augment[2]}},
		{spec{method: offsets, color: true, images: 1000, level: 1}, settings{augment: &datasets.Augmentation{Color: 0.4}}},
		{spec{method: together, images: 2000, level: 2},
			settings{0.2, 0.5, 0, 1.5e-4, &train.Patience{Steps: 101}, &r.Augment[1]}},
	} {
		got := x.settings(c.s, 1001)
		same := got.inputDrop == c.want.inputDrop && got.hiddenDrop == c.want.hiddenDrop
		near(t, c.s.run()+" L1", got.l1, c.want.l1, 1e-12)
		near(t, c.s.run()+" L2", got.l2, c.want.l2, 1e-12)
		same = same && (got.patience == nil) == (c.want.patience == nil) && (got.patience == nil || *got.patience == *c.want.patience)
		same = same && (got.augment == nil) == (c.want.augment == nil) && (got.augment == nil || *got.augment == *c.want.augment)
		if !same {
			t.Errorf("%s: %+v, want %+v", c.s.run(), got, c.want)
		}
	}
}

// Only early stopping keeps the best parameters and stops; all others end with the last.
func TestOnlyEarlyStoppingStops(t *testing.T) {
	data, watch := noise(t, 40, 6, 2), noise(t, 30, 6, 2)
	for i := range watch.Labels { // what is learned is wrong on validation
		watch.Labels[i] = 1 - watch.Labels[i]
	}
	r := Recipe{Hidden: []int{20}, Activation: blocks.ReLU()}
	run := func(p *train.Patience) *train.History {
		set := settings{patience: p}
		net := must[*network](t)(newNetwork(r, spec{seed: 3}, set, 6, 2))
		recipe := train.Recipe{Optimizer: train.SGD(1), Epochs: 40, Batch: 10, Patience: p}
		p1 := pretrain.Pipeline{Stages: []pretrain.Stage{stage(net, recipe, data, watch, 1)}}
		return must[[]*train.History](t)(p1.Run(t.Context()))[0]
	}
	if h := run(nil); h.Stopped || len(h.Epochs) != 40 || h.Best != 40 {
		t.Errorf("without patience: %d epochs, kept %d", len(h.Epochs), h.Best)
	}
	if h := run(&train.Patience{Steps: 20}); !h.Stopped || len(h.Epochs) >= 40 || h.Best >= 40 {
		t.Errorf("with patience: %d epochs, kept %d", len(h.Epochs), h.Best)
	}
}

// Columns x, −x, one at right angles to both, and a constant one: of the three pairs that
// count, one is correlated. Of random columns it is the mean of gonum's correlations.
func TestMeanCorrelation(t *testing.T) {
	h := []float32{1, 5 - 1, 1, 7, 2, 5 - 2, -1, 7, 3, 5 - 3, -1, 7, 4, 5 - 4, 1, 7}
	near(t, "correlation", meanCorrelation(h, 4), 1./3, 1e-12)
	if c := meanCorrelation(h[3:4], 1); !math.IsNaN(c) {
		t.Errorf("of one constant column: %g", c)
	}
	const n, k = 50, 6
	wide := make([]float32, n*k)
	random.New(2).Normal(wide)
	columns := make([][]float64, k)
	for i, v := range wide {
		columns[i%k] = append(columns[i%k], float64(v))
	}
	want := 0.0
	for a := range columns {
		for b := range a {
			want += math.Abs(stat.Correlation(columns[a], columns[b], nil)) / (k * (k - 1) / 2)
		}
	}
	near(t, "correlation of noise", meanCorrelation(wide, k), want, 1e-9)
}

// Two examples, three draws of their distributions over two classes. By hand: single draws
// err once, twice and never in two; the average of the first two errs once. The third
// draw belongs to no pair.
func TestAverages(t *testing.T) {
	test := noise(t, 2, 3, 2) // labels 0, 1
	draws := [][]float32{{0.9, 0.1, 0.6, 0.4}, {0.2, 0.8, 0.7, 0.3}, {0.6, 0.4, 0.1, 0.9}}
	n := 0
	draw := func(*tensor.Dense) (*tensor.Dense, error) {
		n++
		return matrix(slices.Clone(draws[n-1]), 2, 2), nil
	}
	got, geometric, err := averages(t.Context(), []int{1, 2, 3}, test, draw)
	if err != nil {
		t.Fatal(err)
	}
	loss := func(p ...float64) (sum float64) {
		for _, v := range p {
			sum -= math.Log(v) / float64(len(p))
		}
		return sum
	}
	near(t, "error of one", got[1].err, (0.5+1+0)/3, 1e-9)
	near(t, "loss of one", got[1].loss, loss(0.9, 0.4, 0.2, 0.3, 0.6, 0.9), 1e-6)
	near(t, "error of two", got[2].err, 0.5, 1e-9)
	near(t, "loss of two", got[2].loss, loss(0.55, 0.35), 1e-6)
	near(t, "error of three", got[3].err, 0, 1e-9)
	near(t, "loss of three", got[3].loss, loss(1.7/3, 1.6/3), 1e-6)
	mean := func(right, wrong float64) float64 { return math.Cbrt(right) / (math.Cbrt(right) + math.Cbrt(wrong)) }
	near(t, "loss of the geometric mean", geometric.loss, loss(mean(0.9*0.2*0.6, 0.1*0.8*0.4), mean(0.4*0.3*0.9, 0.6*0.7*0.1)), 1e-6)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := averages(ctx, []int{1}, test, draw); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error %v", err)
	}
}

// A network whose training diverged has no quality, whatever it would answer.
func TestMasksAfterDivergence(t *testing.T) {
	net := must[*models.MLP](t)(models.NewMLP("mlp", []int{3, 2}, blocks.ReLU(), blocks.He(), blocks.Gaussian(1), random.New(4)))
	x := &experimenter{data: &datasets.Split{Test: noise(t, 5, 3, 2)}}
	x.Run = newRun(Recipe{Masks: []int{1, 4}, MaskImages: 5})
	var m measurements
	if err := x.masks(t.Context(), &m, &outcome{net: &network{MLP: net}, validation: math.NaN()}); err != nil {
		t.Fatal(err)
	}
	for what, q := range map[string]quality{"scaled": m.scaled, "geometric": m.geometric, "one": m.averaged[1], "four": m.averaged[4]} {
		if !math.IsNaN(q.err) || !math.IsNaN(q.loss) {
			t.Errorf("%s: got %+v", what, q)
		}
	}
}

// Of a network of one layer, the distributions of all eight masks can be added up. The
// average of many sampled ones comes near; scaled weights are the network without masks.
func TestMasksAgainstEnumeration(t *testing.T) {
	net := must[*models.MLP](t)(models.NewMLP("mlp", []int{3, 2}, blocks.ReLU(), blocks.He(), blocks.Gaussian(1), random.New(4).Split("weights")))
	net.DropInput, net.Noise = 0.5, random.New(4)
	test := noise(t, 5, 3, 2)
	x := &experimenter{data: &datasets.Split{Test: test}}
	x.Run = newRun(Recipe{Masks: []int{1, 4000}, MaskImages: 5})
	var m measurements
	if err := x.masks(t.Context(), &m, &outcome{spec: spec{seed: 1}, net: &network{MLP: net}}); err != nil {
		t.Fatal(err)
	}
	w, in := net.Layers[0].W.Value.Float32s(), test.X.Float32s()
	p := func(i, mask int, factor float64) float64 { // of example i's class
		var z [2]float64
		for j := range 3 {
			if mask>>j&1 == 1 {
				for c := range z {
					z[c] += factor * float64(in[3*i+j]) * float64(w[2*j+c])
				}
			}
		}
		label := test.Labels[i]
		return 1 / (1 + math.Exp(z[1-label]-z[label]))
	}
	var all, one, clean float64
	for i := range 5 {
		mean := 0.0
		for mask := range 8 {
			mean += p(i, mask, 2) / 8
			one -= math.Log(p(i, mask, 2)) / 8 / 5
		}
		all -= math.Log(mean) / 5
		clean -= math.Log(p(i, 7, 1)) / 5
	}
	near(t, "loss of scaled weights", m.scaled.loss, clean, 1e-6)
	near(t, "loss of the geometric mean", m.geometric.loss, clean, 0.01)
	near(t, "loss of the average", m.averaged[4000].loss, all, 0.01)
	near(t, "mean loss of one", m.averaged[1].loss, one, 0.02)
	if math.Abs(all-clean) < 0.03 {
		t.Errorf("average %g and scaled weights %g do not differ, so that the test shows nothing", all, clean)
	}
}

// Six epochs: from the third on, the error falls by 0.02.
func TestProgress(t *testing.T) {
	var epochs []train.Epoch
	for _, e := range []float64{0.5, 0.3, 0.1, 0.2, 0.09, 0.08} {
		epochs = append(epochs, train.Epoch{Validation: train.Values{{Name: "error", Value: e}}})
	}
	near(t, "progress", progress(epochs), 0.02, 1e-12)
	if p := progress(nil); !math.IsNaN(p) {
		t.Errorf("of no epochs: %g", p)
	}
	near(t, "of one epoch", progress(epochs[:1]), 0, 0)
}
