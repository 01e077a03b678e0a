package models_test

import (
	"math"
	"testing"

	"capas/blocks"
	"capas/models"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// A stack of real inputs, rectified units and a linear code, of float64 numbers.
func realStack(t testing.TB) *models.DBN {
	t.Helper()
	d := must[*models.DBN](t)(models.NewDBN("dbn", []int{5, 4, 3}, blocks.Gaussian(0.5), stream("init")))
	low, top := d.Layers[0], d.Layers[1]
	if err := low.SetVariance(0.5); err != nil {
		t.Fatal(err)
	}
	low.HiddenUnits, top.VisibleUnits, top.HiddenUnits = models.RectifiedUnits(), models.GaussianUnits(), models.GaussianUnits()
	if low.Z.Name != "dbn.1.z" || math.Abs(float64(low.Z.Value.Float32s()[4])-math.Log(0.5)) > 1e-7 {
		t.Errorf("got log-variances %s, %v", low.Z.Name, low.Z.Value)
	}
	for _, r := range d.Layers {
		widen(0.5, r.Params()...)
	}
	return d
}

// Unrolled, a layer keeps its activation both ways, and the reconstruction is the mean of
// the visible units, with their variances.
func TestUnrollOfUnits(t *testing.T) {
	d := realStack(t)
	deep := must[*models.DeepAutoencoder](t)(d.Unroll("deep"))
	if deep.Output != blocks.Numeric() {
		t.Errorf("want a numeric output, got %v", deep.Output)
	}
	for i, want := range []blocks.Activation{blocks.ReLU(), blocks.Linear()} {
		if got := deep.Encoder[i].F; got != want {
			t.Errorf("encoder layer %d: want %v, got %v", i+1, want, got)
		}
	}
	for i, want := range []blocks.Activation{blocks.ReLU(), blocks.Linear()} {
		if got := deep.Decoder[i].F; got != want {
			t.Errorf("decoder layer %d: want %v, got %v", i+1, want, got)
		}
	}
	x := matrix(tensor.Float64, uniform(stream("x"), 4, 5))
	low, top := d.Layers[0], d.Layers[1]
	relu := func(z *G.Node, err error) (*G.Node, error) {
		if err != nil {
			return nil, err
		}
		return blocks.ReLU().Apply(z)
	}
	want := forward(t, x, func(x *G.Node) (*G.Node, error) {
		h, err := relu(blocks.Up(x, low.W, low.B))
		if err != nil {
			return nil, err
		}
		if h, err = top.Up(h); err != nil {
			return nil, err
		}
		if h, err = relu(top.Down(h)); err != nil {
			return nil, err
		}
		return low.Down(h)
	})
	got := forward(t, x, func(x *G.Node) (*G.Node, error) { return reconstruct(deep, x) })
	near(t, "reconstruction", want, got, 1e-13)

	for u, want := range map[models.Units]blocks.Output{models.BernoulliUnits(): blocks.Binary(), models.SoftmaxUnits(5): blocks.Classes()} {
		low.VisibleUnits, low.Z = u, nil
		if got := must[*models.DeepAutoencoder](t)(d.Unroll("deep")).Output; got != want {
			t.Errorf("%v: want output %v, got %v", u, want, got)
		}
	}
	low.VisibleUnits = models.SoftmaxUnits(1)
	_, err := d.Unroll("deep")
	refused(t, "several groups", err, "unroll", "softmax(1)")
}

// Samples of a machine with Gaussian visible units have the means of its distribution, a
// mixture of Gaussians with a component for every state of the hidden units.
func TestSampleOfUnits(t *testing.T) {
	const m, steps = 10_000, 60
	r := machines(t)["gaussian bernoulli"]
	sum, exact, second := 0.0, make([]float64, 2), make([]float64, 2)
	for _, h := range states(3) {
		f, mean, variance := given(statesOf(t, r.VisibleUnits, 2), func(v []float64) float64 { return energyOf(r, v, h) })
		p := math.Exp(-f)
		sum += p
		for i := range exact {
			exact[i] += p * mean[i]
			second[i] += p * (variance[i] + mean[i]*mean[i])
		}
	}
	narrow(r)
	got := means(split(elements(must[*tensor.Dense](t)(r.Sample(matrix(tensor.Float32, uniform(stream("start"), m, 2)), steps, stream("sample")))), 2))
	for i := range exact {
		mean := exact[i] / sum
		if z := (got[i] - mean) / math.Sqrt((second[i]/sum-mean*mean)/m); !(math.Abs(z) < maxZ) {
			t.Errorf("unit %d: want %.4f, got %.4f, %.1f standard errors off", i, mean, got[i], z)
		}
	}
	if _, err := realStack(t).Sample(matrix(tensor.Float64, uniform(stream("start"), 3, 5)), 2, stream("sample")); err != nil {
		t.Error(err)
	}
}

// Chains of other than binary units begin at states of theirs.
func TestPersistentChainsOfUnits(t *testing.T) {
	r := newRBM(t, 6, 3, 1)
	r.VisibleUnits = models.SoftmaxUnits(3)
	counts := make([]float64, 3)
	const chains = 2000
	for _, row := range split(elements(must[*models.CD](t)(models.NewPersistentCD(r, 1, chains, stream("gibbs"))).Chains.Value), 3) {
		if row[0]+row[1]+row[2] != 1 {
			t.Fatalf("a group is %v", row)
		}
		for i, x := range row {
			counts[i] += x
		}
	}
	for i, c := range counts {
		if z := (c/(2*chains) - 1.0/3) / math.Sqrt(2.0/9/(2*chains)); !(math.Abs(z) < maxZ) {
			t.Errorf("unit %d of a group: %g of %d", i, c, 2*chains)
		}
	}
	r.VisibleUnits = models.GaussianUnits()
	sum, squares := 0.0, 0.0
	for _, x := range elements(must[*models.CD](t)(models.NewPersistentCD(r, 1, chains, stream("gibbs"))).Chains.Value) {
		sum += x / (6 * chains)
		squares += x * x / (6 * chains)
	}
	if se := 1 / math.Sqrt(6*chains); !(math.Abs(sum) < maxZ*se && math.Abs(squares-1) < maxZ*se*math.Sqrt2) {
		t.Errorf("want numbers from N(0,1), got mean %g and mean square %g", sum, squares)
	}
}
