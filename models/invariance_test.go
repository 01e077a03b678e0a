package models_test

import (
	"slices"
	"testing"

	"capas/autodiff"
	"capas/blocks"
	"capas/models"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// A sum of n float32 products in another order differs by about √n·6e-8 of its terms:
// a batch of another size, or permuted inputs, may take another path through the
// kernels.
const roundoff = 2e-6

// wide are sizes that fill no vector register and several.
var wide = []int{37, 33, 19, 10}

func wideMLP(t testing.TB) *models.MLP {
	t.Helper()
	net := must[*models.MLP](t)(models.NewMLP("net", wide, blocks.Sigmoid(), blocks.LeCun(), blocks.LeCun(), stream("init")))
	for _, d := range net.Layers {
		redraw(0.3, stream(d.B.Name), d.B)
	}
	return net
}

// A batch of one is computed as it is as a row of a larger batch.
func TestBatchOfOneEqualsARow(t *testing.T) {
	const m = 9
	rows := uniform(stream("x"), m, wide[0])
	net := wideMLP(t)
	dbn := must[*models.DBN](t)(models.NewDBN("dbn", wide[:3], blocks.LeCun(), stream("init")))
	deep := must[*models.DeepAutoencoder](t)(dbn.Unroll("deep"))
	r := dbn.Layers[0]
	for name, f := range map[string]func(*G.Node) (*G.Node, error){
		"mlp":              logits(net),
		"deep autoencoder": func(x *G.Node) (*G.Node, error) { return reconstruct(deep, x) },
		"up":               r.Up,
		"free energy":      r.FreeEnergy,
	} {
		all := forward(t, matrix(tensor.Float32, rows), f)
		k := len(all) / m
		for i := range rows {
			near(t, name, all[i*k:(i+1)*k], forward(t, matrix(tensor.Float32, rows[i:i+1]), f), roundoff)
		}
	}
}

// The costs are means: two halves of a batch average to the whole.
func TestCostIsAMeanOverExamples(t *testing.T) {
	const m = 4
	rows, targets := uniform(stream("x"), m, 5), uniform(stream("t"), m, 3)
	for _, output := range []blocks.Output{blocks.Classes(), blocks.Binary(), blocks.Numeric()} {
		net := must[*models.MLP](t)(models.NewMLP("net", []int{5, 4, 3}, blocks.Tanh(), blocks.LeCun(), blocks.LeCun(), stream("init")))
		net.Output = output
		widen(1, net.Params()...)
		cost := func(lo, hi int) float64 {
			o := must[*models.Objective](t)(net.Evaluation(hi - lo))
			return compute(t, o.Inputs, []G.Value{matrix(tensor.Float64, rows[lo:hi]), matrix(tensor.Float64, targets[lo:hi])}, o.Cost)[0][0]
		}
		near(t, output.String(), []float64{cost(0, m)}, []float64{(cost(0, 1) + 3*cost(1, m)) / 4}, 1e-14)
	}
	a := must[*models.Autoencoder](t)(models.NewAutoencoder("ae", 5, 3, true, blocks.Sigmoid(), blocks.LeCun(), stream("init")))
	widen(1, a.Params()...)
	both := func(lo, hi int) []float64 {
		o := must[*models.Objective](t)(a.Evaluation(hi - lo))
		out := compute(t, o.Inputs, []G.Value{matrix(tensor.Float64, rows[lo:hi])}, o.Monitors[0].Node, o.Monitors[1].Node)
		return []float64{out[0][0], out[1][0]}
	}
	one, three, all := both(0, 1), both(1, m), both(0, m)
	near(t, "autoencoder", all, []float64{(one[0] + 3*three[0]) / 4, (one[1] + 3*three[1]) / 4}, 1e-14)
}

// permuted returns the rows in the order of p.
func permuted(rows [][]float64, p []int) [][]float64 {
	out := make([][]float64, len(rows))
	for i, from := range p {
		out[i] = rows[from]
	}
	return out
}

// A dense network does not know where a pixel is: permuting the pixels together with
// the rows of W changes nothing but the order of summation.
func TestPermutedPixels(t *testing.T) {
	n := wide[0]
	p := stream("permutation").Rand().Perm(n)
	rows := uniform(stream("x"), 5, n)
	var shuffled [][]float64
	for _, row := range rows {
		shuffled = append(shuffled, join(permuted(split(row, 1), p)))
	}
	shuffle := func(q *blocks.Param, k int) {
		copy(q.Value.Float32s(), matrix(tensor.Float32, permuted(split(elements(q.Value), k), p)).Float32s())
	}
	x, y := matrix(tensor.Float32, rows), matrix(tensor.Float32, shuffled)

	net := wideMLP(t)
	want := forward(t, x, logits(net))
	shuffle(net.Layers[0].W, wide[1])
	near(t, "mlp", want, forward(t, y, logits(net)), roundoff)

	r := newRBM(t, n, 8, 0.3)
	redraw(0.3, stream("biases"), r.B, r.C)
	energies, logZ := forward(t, x, r.FreeEnergy), must[float64](t)(r.LogPartition())
	shuffle(r.W, 8)
	shuffle(r.C, 1)
	near(t, "free energy", energies, forward(t, y, r.FreeEnergy), roundoff)
	near(t, "log Z", []float64{logZ}, []float64{must[float64](t)(r.LogPartition())}, roundoff)
}

// A denoising autoencoder without corruption is a plain one.
func TestNoCorruptionIsPlain(t *testing.T) {
	x := matrix(tensor.Float32, uniform(stream("x"), 4, 6))
	a := must[*models.Autoencoder](t)(models.NewAutoencoder("ae", 6, 3, true, blocks.Sigmoid(), blocks.LeCun(), stream("init")))
	cost := func(o *models.Objective) []float64 { return compute(t, o.Inputs, []G.Value{x}, o.Cost)[0] }
	plain := cost(must[*models.Objective](t)(a.Objective(4)))
	for _, corruption := range []blocks.Corruption{{}, blocks.Masking(0), blocks.GaussianNoise(0), blocks.SaltAndPepper(0)} {
		a.Corruption, a.Noise = corruption, stream("corruption")
		near(t, corruption.String(), plain, cost(must[*models.Objective](t)(a.Objective(4))), 0)
		near(t, corruption.String()+", evaluated", plain, cost(must[*models.Objective](t)(a.Evaluation(4))), 0)
	}
}

// runs the cost of an objective twice.
func twice(t testing.TB, o *models.Objective, values ...G.Value) (a, b float64) {
	t.Helper()
	f := must[*autodiff.Function](t)(autodiff.Compile(o.Inputs, G.Nodes{o.Cost}, nil))
	for _, out := range []*float64{&a, &b} {
		if err := f.Run(values...); err != nil {
			t.Fatal(err)
		}
		*out = must[float64](t)(f.Scalar(0))
	}
	return a, b
}

// noisy is a model that draws in training and not in evaluation.
type noisy interface {
	Objective(m int) (*models.Objective, error)
	Evaluation(m int) (*models.Objective, error)
}

// Noise is drawn anew at each run of the objective, never in the evaluation, and not
// from anywhere but the model's stream. Inputs are left as they are.
func TestNoiseIsForTraining(t *testing.T) {
	const m = 4
	x := matrix(tensor.Float32, uniform(stream("x"), m, 6))
	targets := matrix(tensor.Float32, [][]float64{{1, 0}, {0, 1}, {0, 1}, {1, 0}})
	before := elements(x)
	for _, c := range []struct {
		name   string
		build  func(s *random.Stream) noisy
		values []G.Value
	}{
		{"masking", autoencoder(t, blocks.Masking(0.5)), []G.Value{x}},
		{"gaussian", autoencoder(t, blocks.GaussianNoise(0.5)), []G.Value{x}},
		{"salt-and-pepper", autoencoder(t, blocks.SaltAndPepper(0.5)), []G.Value{x}},
		{"input dropout", dropout(t, 0.5, 0), []G.Value{x, targets}},
		{"hidden dropout", dropout(t, 0, 0.5), []G.Value{x, targets}},
	} {
		model := c.build(stream("noise"))
		a, b := twice(t, must[*models.Objective](t)(model.Objective(m)), c.values...)
		if a == b {
			t.Errorf("%s: two runs of the objective had the same noise", c.name)
		}
		e, f := twice(t, must[*models.Objective](t)(model.Evaluation(m)), c.values...)
		if e != f {
			t.Errorf("%s: two runs of the evaluation gave %g and %g", c.name, e, f)
		}
		if e == a {
			t.Errorf("%s: the objective has no noise", c.name)
		}
		again, _ := twice(t, must[*models.Objective](t)(c.build(stream("noise")).Objective(m)), c.values...)
		if again != a {
			t.Errorf("%s: equal streams gave %g and %g", c.name, a, again)
		}
		clean, _ := twice(t, must[*models.Objective](t)(c.build(nil).Evaluation(m)), c.values...)
		if clean != e {
			t.Errorf("%s: the evaluation depends on the stream", c.name)
		}
		near(t, c.name+": the input", before, elements(x), 0)
	}
}

func autoencoder(t testing.TB, c blocks.Corruption) func(*random.Stream) noisy {
	return func(s *random.Stream) noisy {
		a := must[*models.Autoencoder](t)(models.NewAutoencoder("ae", 6, 3, false, blocks.Sigmoid(), blocks.LeCun(), stream("init")))
		a.Corruption, a.Noise = c, s
		return a
	}
}

func dropout(t testing.TB, input, hidden float64) func(*random.Stream) noisy {
	return func(s *random.Stream) noisy {
		net := must[*models.MLP](t)(models.NewMLP("net", []int{6, 8, 2}, blocks.Tanh(), blocks.LeCun(), blocks.LeCun(), stream("init")))
		net.DropInput, net.DropHidden, net.Noise = input, hidden, s
		return net
	}
}

// Of three inputs of 1 with weights 1, 2 and 4, half of them dropped, the others doubled,
// each of the eight sums is as likely: χ² with 7 degrees of freedom exceeds 24.3 with
// probability 0.001. Forward has none of it.
func TestSampledDrawsMasks(t *testing.T) {
	const m = 4000
	net := must[*models.MLP](t)(models.NewMLP("net", []int{3, 1}, blocks.Tanh(), blocks.LeCun(), blocks.LeCun(), stream("init")))
	copy(net.Layers[0].W.Value.Float32s(), []float32{1, 2, 4})
	net.DropInput, net.Noise = 0.5, stream("noise")
	x := tensor.New(tensor.WithShape(m, 3), tensor.WithBacking(slices.Repeat([]float32{1}, 3*m)))
	g := G.NewGraph()
	in := blocks.NewInput(g, tensor.Float32, "x", m, 3)
	sampled, clean := must[G.Nodes](t)(net.Sampled(in)), must[G.Nodes](t)(net.Forward(in))
	out := compute(t, G.Nodes{in}, []G.Value{x}, sampled[0], clean[0])
	counts := map[float64]float64{}
	for i, v := range out[0] {
		counts[v]++
		if out[1][i] != 7 {
			t.Fatalf("forward: want 7, got %g", out[1][i])
		}
	}
	chi2 := 0.0
	for k := range 8 {
		n := counts[float64(2*k)]
		chi2 += (n - m/8) * (n - m/8) / (m / 8)
	}
	if len(counts) != 8 || chi2 > 24.3 {
		t.Errorf("sums %v: χ² = %.1f", counts, chi2)
	}
}

// The output layer is never dropped: with no hidden units to drop, a network of one
// layer trains without noise.
func TestDropoutSparesTheOutput(t *testing.T) {
	net := must[*models.MLP](t)(models.NewMLP("net", []int{3, 2}, blocks.Tanh(), blocks.LeCun(), blocks.LeCun(), stream("init")))
	net.DropHidden, net.Noise = 0.5, stream("noise")
	x, targets := matrix(tensor.Float32, uniform(stream("x"), 2, 3)), matrix(tensor.Float32, [][]float64{{1, 0}, {0, 1}})
	a, b := twice(t, must[*models.Objective](t)(net.Objective(2)), x, targets)
	e, _ := twice(t, must[*models.Objective](t)(net.Evaluation(2)), x, targets)
	if a != b || a != e {
		t.Errorf("want %g at every run, got %g and %g", e, a, b)
	}
}

// The error monitor is there for classes alone.
func TestMonitors(t *testing.T) {
	net := must[*models.MLP](t)(models.NewMLP("net", []int{2, 2}, blocks.Tanh(), blocks.LeCun(), blocks.Gaussian(0), stream("init")))
	copy(net.Layers[0].W.Value.Float32s(), []float32{1, 0, 0, 1}) // logits = inputs
	x, targets := matrix(tensor.Float32, [][]float64{{2, 1}, {0, 3}, {5, 4}}), matrix(tensor.Float32, [][]float64{{1, 0}, {1, 0}, {0, 1}})
	o := must[*models.Objective](t)(net.Evaluation(3))
	if len(o.Monitors) != 2 || o.Monitors[0].Name != "loss" || o.Monitors[1].Name != "error" || !o.Monitors[1].Sum {
		t.Fatalf("want loss and error, got %v", o.Monitors)
	}
	out := compute(t, o.Inputs, []G.Value{x, targets}, o.Monitors[0].Node, o.Monitors[1].Node)
	near(t, "error", []float64{2}, out[1], 0)
	// log(1+e^−1), log(1+e^3) and log(1+e^1), in nats.
	near(t, "loss", []float64{(0.313261688 + 3.048587352 + 1.313261688) / 3}, out[0], 1e-7)
	net.Output = blocks.Binary()
	if o := must[*models.Objective](t)(net.Evaluation(3)); len(o.Monitors) != 1 {
		t.Errorf("want loss alone, got %v", o.Monitors)
	}
}
