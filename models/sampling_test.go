package models_test

import (
	"math"
	"testing"

	"capas/blocks"
	"capas/models"
	"capas/random"

	"gonum.org/v1/gonum/stat/distuv"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// maxZ bounds how many standard deviations a sample mean may be off: 5 are exceeded
// once in two million.
const maxZ = 5

// means are the means of the columns.
func means(rows [][]float64) []float64 {
	out := make([]float64, len(rows[0]))
	for _, row := range rows {
		for i, x := range row {
			out[i] += x / float64(len(rows))
		}
	}
	return out
}

// meansAgree compares means over m independent rows with the exact ones. A value in
// [0,1] of mean p has a variance of at most p(1−p).
func meansAgree(t *testing.T, what string, exact, got []float64, m int) {
	t.Helper()
	for i, p := range exact {
		if z := (got[i] - p) / math.Sqrt(p*(1-p)/float64(m)); !(math.Abs(z) < maxZ) {
			t.Errorf("%s %d: want %.4f, got %.4f, %.1f standard deviations off", what, i, p, got[i], z)
		}
	}
}

// gibbs runs chains from the rows of v.
func gibbs(t testing.TB, r *models.RBM, v *tensor.Dense, steps int, s *random.Stream) (states, probabilities [][]float64) {
	t.Helper()
	x := blocks.NewInput(G.NewGraph(), v.Dtype(), "v", v.Shape()...)
	end, p, err := r.Gibbs(x, steps, s)
	if err != nil {
		t.Fatal(err)
	}
	out := compute(t, G.Nodes{x}, []G.Value{v}, end, p)
	return split(out[0], r.Visible()), split(out[1], r.Visible())
}

func TestConditionals(t *testing.T) {
	r := double(t, 4, 3, 1.5)
	plain := reference(r)
	var up, down []float64
	for _, v := range states(4) {
		up = append(up, plain.up(v)...)
	}
	for _, h := range states(3) {
		down = append(down, plain.down(h)...)
	}
	near(t, "p(h|v)", up, forward(t, matrix(tensor.Float64, states(4)), r.Up), 1e-14)
	near(t, "p(v|h)", down, forward(t, matrix(tensor.Float64, states(3)), r.Down), 1e-14)
}

// The conditionals are those of the energy: p(h_j=1|v) by enumeration of h.
func TestConditionalsOfTheEnergy(t *testing.T) {
	r := double(t, 3, 3, 1.5)
	plain := reference(r)
	for _, v := range states(3) {
		exact, z := make([]float64, 3), 0.0
		for _, h := range states(3) {
			p := math.Exp(-plain.energy(v, h))
			z += p
			for j, x := range h {
				exact[j] += p * x
			}
		}
		for j := range exact {
			exact[j] /= z
		}
		near(t, "p(h|v)", exact, forward(t, matrix(tensor.Float64, [][]float64{v}), r.Up), 1e-13)
	}
}

// One step from a fixed state: E[v'|v] = Σ_h p(h|v) p(v'|h), by enumeration of h.
func TestGibbsStepMeans(t *testing.T) {
	const m = 20_000
	r := newRBM(t, 4, 3, 1.5)
	redraw(0.5, stream("biases"), r.B, r.C)
	plain := reference(r)
	v := []float64{1, 0, 1, 1}
	exact, up := make([]float64, 4), plain.up(v)
	for _, h := range states(3) {
		p := 1.0
		for j, x := range h {
			p *= x*up[j] + (1-x)*(1-up[j])
		}
		for i, q := range plain.down(h) {
			exact[i] += p * q
		}
	}
	x := matrix(tensor.Float32, repeat([][]float64{v}, m))
	before := elements(x)
	ends, probabilities := gibbs(t, r, x, 1, stream("gibbs"))
	meansAgree(t, "state", exact, means(ends), m)
	meansAgree(t, "probability", exact, means(probabilities), m)
	near(t, "the states before", before, elements(x), 0)
	for _, u := range join(ends) {
		if u != 0 && u != 1 {
			t.Fatalf("a state is %g", u)
		}
	}
	again, _ := gibbs(t, r, x, 1, stream("gibbs"))
	near(t, "states of an equal stream", join(ends), join(again), 0)
	if other, _ := gibbs(t, r, x, 1, stream("other")); equal(join(other), join(ends)) {
		t.Error("another stream gave the same states")
	}
}

// The chain's stationary distribution is the machine's: χ² over all visible states of
// independent chains after many steps, at a level of one in a hundred thousand.
func TestGibbsStationaryDistribution(t *testing.T) {
	const m, steps = 20_000, 60
	r := newRBM(t, 3, 2, 1.2)
	redraw(0.7, stream("biases"), r.B, r.C)
	ends, _ := gibbs(t, r, matrix(tensor.Float32, repeat([][]float64{{1, 1, 1}}, m)), steps, stream("gibbs"))
	counts := make([]float64, 8)
	for _, v := range ends {
		counts[int(v[0]+2*v[1]+4*v[2])]++
	}
	chi2 := 0.0
	for s, p := range reference(r).visible() {
		if p*m < 20 {
			t.Fatalf("state %d is too rare for the test: p = %g", s, p)
		}
		chi2 += math.Pow(counts[s]-p*m, 2) / (p * m)
	}
	if p := 1 - (distuv.ChiSquared{K: 7}).CDF(chi2); p < 1e-5 {
		t.Errorf("χ² = %.1f with 7 degrees of freedom, p = %.2g", chi2, p)
	}
}

// exactMarginals is E[v] of a belief network of one or two machines, by enumeration.
func exactMarginals(layers ...*models.RBM) []float64 {
	top := reference(layers[len(layers)-1])
	out := make([]float64, layers[0].Visible())
	p := top.visible()
	for s, code := range states(layers[len(layers)-1].Visible()) {
		v := code
		if len(layers) == 2 {
			v = reference(layers[0]).down(code)
		}
		for i, x := range v {
			out[i] += p[s] * x
		}
	}
	return out
}

func TestDBNSampleMeans(t *testing.T) {
	const m, steps = 10_000, 60
	for _, sizes := range [][]int{{4, 3}, {4, 3, 2}} {
		d := must[*models.DBN](t)(models.NewDBN("dbn", sizes, blocks.Gaussian(1.2), stream("init")))
		for _, r := range d.Layers {
			redraw(0.7, stream(r.W.Name), r.B, r.C)
		}
		start := matrix(tensor.Float32, coins(stream("start"), m, 4))
		before := elements(start)
		out := must[*tensor.Dense](t)(d.Sample(start, steps, stream("sample")))
		if !out.Shape().Eq(tensor.Shape{m, 4}) || out.Dtype() != tensor.Float32 {
			t.Fatalf("want float32 of shape (%d,4), got %v of shape %v", m, out.Dtype(), out.Shape())
		}
		for i, p := range out.Float32s() {
			if !(p > 0 && p < 1) {
				t.Fatalf("element %d is %g, no probability of a finite machine", i, p)
			}
		}
		meansAgree(t, "visible unit", exactMarginals(d.Layers...), means(split(elements(out), 4)), m)
		near(t, "the start", before, elements(start), 0)
		again := must[*tensor.Dense](t)(d.Sample(start, steps, stream("sample")))
		near(t, "samples of an equal stream", elements(out), elements(again), 0)
		if other := must[*tensor.Dense](t)(d.Sample(start, steps, stream("other"))); equal(elements(other), elements(out)) {
			t.Error("another stream gave the same samples")
		}
		if &out.Float32s()[0] == &again.Float32s()[0] {
			t.Error("two calls returned the same memory")
		}
	}
}

// The steps are counted as documented: sampling follows the chain in plain Go.
func TestDBNSampleFollowsTheChain(t *testing.T) {
	for _, steps := range []int{1, 2, 5} {
		d := must[*models.DBN](t)(models.NewDBN("dbn", []int{4, 3, 2}, blocks.Gaussian(1), stream("init")))
		for _, r := range d.Layers {
			widen(1, r.Params()...)
		}
		start := coins(stream("start"), 3, 4)
		low, top, s := reference(d.Layers[0]), reference(d.Layers[1]), stream("sample")
		v := low.draw(start, low.up, s)
		for range steps - 1 {
			v = top.draw(top.draw(v, top.up, s), top.down, s)
		}
		code := top.draw(top.draw(v, top.up, s), top.down, s)
		var want []float64
		for _, row := range code {
			want = append(want, low.down(row)...)
		}
		got := must[*tensor.Dense](t)(d.Sample(matrix(tensor.Float64, start), steps, stream("sample")))
		near(t, "samples", want, elements(got), 1e-13)
	}
}
