package models_test

import (
	"math"
	"testing"

	"capas/blocks"
	"capas/models"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// double returns a float64 machine with weights and biases from N(0, sd).
func double(t testing.TB, n, k int, sd float64) *models.RBM {
	t.Helper()
	r := newRBM(t, n, k, 1)
	widen(sd, r.Params()...)
	return r
}

func TestFreeEnergyByEnumeration(t *testing.T) {
	for _, size := range [][2]int{{4, 3}, {3, 5}, {1, 1}, {1, 4}, {4, 1}} {
		n, k := size[0], size[1]
		r := double(t, n, k, 1.5)
		plain := reference(r)
		var visible, hidden []float64
		for _, v := range states(n) {
			visible = append(visible, plain.freeEnergy(v))
		}
		for _, h := range states(k) {
			hidden = append(hidden, plain.freeEnergyHidden(h))
		}
		near(t, "F(v)", visible, forward(t, matrix(tensor.Float64, states(n)), r.FreeEnergy), 1e-12)
		near(t, "F(h)", hidden, forward(t, matrix(tensor.Float64, states(k)), r.FreeEnergyHidden), 1e-12)
	}
}

func TestLogPartitionByEnumeration(t *testing.T) {
	// Either side may be the one that is enumerated.
	for _, size := range [][2]int{{4, 3}, {3, 4}, {3, 3}, {1, 1}, {1, 6}} {
		r := double(t, size[0], size[1], 0.7)
		got := must[float64](t)(r.LogPartition())
		near(t, "log Z", []float64{reference(r).logZ()}, []float64{got}, 1e-12)
	}
}

// Without weights the units are independent: log Z = Σ log(1+e^b) + Σ log(1+e^c). In
// float32, with 2^12 states of the smaller side, which are several batches, and more
// units than could be enumerated on the larger side.
func TestLogPartitionOfIndependentUnits(t *testing.T) {
	r := newRBM(t, 40, 12, 0)
	redraw(2, stream("biases"), r.B, r.C)
	want := 0.0
	for _, bias := range append(elements(r.B.Value), elements(r.C.Value)...) {
		want += math.Log1p(math.Exp(bias))
	}
	near(t, "log Z", []float64{want}, []float64{must[float64](t)(r.LogPartition())}, 1e-6)
}

// pydeep is a machine that had learned 2×2 bars-and-stripes, with the log partition
// function and the mean log-likelihood of the 8 patterns (all white and all black
// twice) that PyDeep's tests state for it (github.com/MelJan/PyDeep,
// pydeep/testunits/test_rbm/test_estimator.py, TestEstimator).
func pydeep(t testing.TB) (r *models.RBM, logZ, logLikelihood float64) {
	t.Helper()
	r = newRBM(t, 4, 4, 1)
	widen(1, r.Params()...)
	copy(r.W.Value.Float64s(), []float64{
		0.12179488, 2.95950177, 0.33513356, 35.05380642,
		0.20318085, -28.62372894, 26.52611278, 28.41793445,
		-0.19105386, -28.58530584, -26.52747507, 28.78447320,
		0.08953740, -59.82556859, -0.06665933, -27.71723459,
	})
	copy(r.C.Value.Float64s(), []float64{-19.24399659, -13.26258696, 13.25909850, 43.74408543})
	copy(r.B.Value.Float64s(), []float64{-0.11155958, 57.02097584, -0.13331758, -32.25991501})
	return r, 59.6749019726, -1.7328699078
}

// barsAndStripes are the 6 images of 2×2 pixels in which all rows or all columns are
// uniform.
func barsAndStripes() [][]float64 {
	return [][]float64{{0, 0, 0, 0}, {1, 1, 0, 0}, {0, 0, 1, 1}, {1, 0, 1, 0}, {0, 1, 0, 1}, {1, 1, 1, 1}}
}

func TestPublishedLogLikelihood(t *testing.T) {
	r, logZ, want := pydeep(t)
	near(t, "log Z", []float64{logZ}, []float64{must[float64](t)(r.LogPartition())}, 1e-9) // of parameters that are given to 8 decimals
	patterns := append(barsAndStripes(), []float64{0, 0, 0, 0}, []float64{1, 1, 1, 1})
	got := must[float64](t)(r.LogLikelihood(matrix(tensor.Float64, patterns)))
	near(t, "log-likelihood", []float64{want}, []float64{got}, 1e-10)
}

// log p(v) = −F(v) − log Z is the log of a distribution.
func TestLogLikelihoodIsNormalised(t *testing.T) {
	for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		r := newRBM(t, 5, 3, 1)
		if dt == tensor.Float64 {
			widen(1, r.Params()...)
		}
		p, total := reference(r).visible(), 0.0
		for s, v := range states(5) {
			l := must[float64](t)(r.LogLikelihood(matrix(dt, [][]float64{v})))
			if l > 0 {
				t.Errorf("%v: log p(%v) = %g", dt, v, l)
			}
			near(t, "log p(v)", []float64{math.Log(p[s])}, []float64{l}, 1e-5) // float32 energies below 16 are exact to 1e-6
			total += math.Exp(l)
		}
		near(t, "Σ p(v)", []float64{1}, []float64{total}, 1e-5)
		all := must[float64](t)(r.LogLikelihood(matrix(dt, states(5))))
		mean := 0.0
		for _, q := range p {
			mean += math.Log(q) / float64(len(p))
		}
		near(t, "mean log p(v)", []float64{mean}, []float64{all}, 1e-5)
	}
}

// conditionals is Σ_i log p(v_i|v_−i) with p(v_i|v_−i) = p(v)/(p(v)+p(v~)), v~ being v
// with bit i flipped, and the spread of its terms over i.
func (m machine) conditionals(v []float64) (sum, variance float64) {
	terms := make([]float64, len(v))
	for i := range v {
		other := append([]float64(nil), v...)
		other[i] = 1 - other[i]
		p, q := math.Exp(-m.freeEnergy(v)), math.Exp(-m.freeEnergy(other))
		terms[i] = math.Log(p / (p + q))
		sum += terms[i]
	}
	for _, x := range terms {
		variance += math.Pow(x-sum/float64(len(v)), 2) / float64(len(v))
	}
	return sum, variance
}

// One bit a row makes an unbiased estimate; the standard deviation of its mean over N
// rows is n·√(variance over bits/N).
func TestPseudoLikelihoodIsUnbiased(t *testing.T) {
	const n, count = 5, 4000
	for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		r := newRBM(t, n, 3, 1.5)
		if dt == tensor.Float64 {
			widen(1.5, r.Params()...)
		}
		rows := [][]float64{{0, 0, 1, 0, 1}, {1, 1, 1, 0, 0}, {0, 0, 0, 0, 0}, {1, 0, 1, 1, 1}}
		want, variance := 0.0, 0.0
		for _, v := range rows {
			s, d := reference(r).conditionals(v)
			want += s / float64(len(rows))
			variance += d / float64(len(rows))
		}
		x := matrix(dt, repeat(rows, count))
		before := elements(x)
		got := must[float64](t)(r.PseudoLikelihood(x, stream("bits")))
		sd := n * math.Sqrt(variance/float64(count*len(rows)))
		if z := (got - want) / sd; math.Abs(z) > 5 {
			t.Errorf("%v: want %.4f, got %.4f, %.1f standard deviations off", dt, want, got, z)
		}
		near(t, "the states after", before, elements(x), 0)
		if again := must[float64](t)(r.PseudoLikelihood(x, stream("bits"))); again != got {
			t.Errorf("equal streams gave %g and %g", got, again)
		}
	}
}

// Intensities count as the bits to which they round.
func TestPseudoLikelihoodRounds(t *testing.T) {
	r := newRBM(t, 3, 2, 1)
	gray := must[float64](t)(r.PseudoLikelihood(matrix(tensor.Float32, [][]float64{{0.1, 0.9, 0.6}}), stream("bits")))
	bits := must[float64](t)(r.PseudoLikelihood(matrix(tensor.Float32, [][]float64{{0, 1, 1}}), stream("bits")))
	if gray != bits {
		t.Errorf("want %g, got %g", bits, gray)
	}
}

// Energies of thousands of nats neither overflow nor lose what is finite.
func TestLikelihoodOfExtremeMachines(t *testing.T) {
	r := newRBM(t, 3, 2, 0)
	for i := range r.C.Value.Float32s() {
		r.C.Value.Float32s()[i] = 2000
	}
	on, off := matrix(tensor.Float32, [][]float64{{1, 1, 1}}), matrix(tensor.Float32, [][]float64{{0, 0, 0}})
	near(t, "log Z", []float64{6000 + 2*math.Ln2}, []float64{must[float64](t)(r.LogPartition())}, 1e-6)
	near(t, "log p(on)", []float64{0}, []float64{must[float64](t)(r.LogLikelihood(on))}, 1e-3)
	near(t, "log p(off)", []float64{-6000}, []float64{must[float64](t)(r.LogLikelihood(off))}, 1e-6)
	// Each of the 3 bits has log-odds of −2000 to be off.
	near(t, "pseudo-likelihood(off)", []float64{-6000}, []float64{must[float64](t)(r.PseudoLikelihood(off, stream("bits")))}, 1e-6)
	near(t, "pseudo-likelihood(on)", []float64{0}, []float64{must[float64](t)(r.PseudoLikelihood(on, stream("bits")))}, 1e-6)
	for i := range r.W.Value.Float32s() {
		r.W.Value.Float32s()[i] = -3000
	}
	var all []float64
	all = append(all, forward(t, on, r.Up)...)
	all = append(all, forward(t, on, r.FreeEnergy)...)
	all = append(all, forward(t, matrix(tensor.Float32, [][]float64{{1, 1}}), r.Down)...)
	all = append(all, forward(t, on, func(v *G.Node) (*G.Node, error) {
		states, _, err := r.Gibbs(v, 3, stream("gibbs"))
		return states, err
	})...)
	for _, x := range all {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			t.Errorf("want finite numbers, got %v", all)
		}
	}
}

// The model's machines have the parameters that its documentation names.
func TestRBMParameters(t *testing.T) {
	r := must[*models.RBM](t)(models.NewRBM("one", 4, 3, blocks.Gaussian(0.01), stream("init")))
	for i, want := range []struct {
		name  string
		shape tensor.Shape
	}{{"one.W", tensor.Shape{4, 3}}, {"one.b", tensor.Shape{3}}, {"one.c", tensor.Shape{4}}} {
		if p := r.Params()[i]; p.Name != want.name || !p.Value.Shape().Eq(want.shape) {
			t.Errorf("want %s of shape %v, got %s of shape %v", want.name, want.shape, p.Name, p.Value.Shape())
		}
	}
	if r.Visible() != 4 || r.Hidden() != 3 {
		t.Errorf("want 4 visible and 3 hidden units, got %d and %d", r.Visible(), r.Hidden())
	}
}
