package models_test

import (
	"math"
	"testing"

	"capas/blocks"
	"capas/models"

	"gorgonia.org/tensor"
)

// weighted is a state of several units and its weight in a sum over all states: 1, or of
// Gaussian units the area that stands for it in an integral.
type weighted struct {
	x      []float64
	weight float64
}

// statesOf lists the states of n units of a type. Real numbers are a grid around 0 whose
// sums are integrals to 1e-9 of what falls like e^−x²: by the trapezoid rule.
func statesOf(t testing.TB, u models.Units, n int) []weighted {
	t.Helper()
	var one []weighted // of one unit or group
	switch u {
	case models.BernoulliUnits():
		one = []weighted{{[]float64{0}, 1}, {[]float64{1}, 1}}
	case models.GaussianUnits():
		const step = 0.25
		for x := -16.0; x <= 16; x += step {
			one = append(one, weighted{[]float64{x}, step})
		}
	case models.SoftmaxUnits(3):
		one = []weighted{{[]float64{1, 0, 0}, 1}, {[]float64{0, 1, 0}, 1}, {[]float64{0, 0, 1}, 1}}
	default:
		t.Fatalf("no states of %v units", u)
	}
	all := []weighted{{nil, 1}}
	for len(all[0].x) < n {
		var next []weighted
		for _, s := range all {
			for _, o := range one {
				next = append(next, weighted{append(s.x[:len(s.x):len(s.x)], o.x...), s.weight * o.weight})
			}
		}
		all = next
	}
	return all
}

// energyOf is the energy of a machine by its definition.
func energyOf(r *models.RBM, v, h []float64) float64 { return energyOfUnits(r, reference(r), v, h) }

func energyOfUnits(r *models.RBM, m machine, v, h []float64) float64 {
	e := 0.0
	for i, x := range v {
		variance := 1.0
		if r.Z != nil {
			variance = math.Exp(r.Z.Value.Float64s()[i])
		}
		if r.VisibleUnits == models.GaussianUnits() {
			e += (x - m.c[i]) * (x - m.c[i]) / (2 * variance)
		} else {
			e -= x * m.c[i]
		}
		for j, y := range h {
			e -= x * m.W[i][j] * y
		}
	}
	for j, y := range h {
		if r.HiddenUnits == models.GaussianUnits() {
			e += (y - m.b[j]) * (y - m.b[j]) / 2
		} else {
			e -= y * m.b[j]
		}
	}
	return e
}

// given sums e^−E over the states of one side: −log of the sum, the mean of the states and
// the variance of each unit.
func given(states []weighted, energy func(x []float64) float64) (free float64, mean, variance []float64) {
	n := len(states[0].x)
	sum, first, second := 0.0, make([]float64, n), make([]float64, n)
	for _, s := range states {
		p := s.weight * math.Exp(-energy(s.x))
		sum += p
		for i, x := range s.x {
			first[i] += p * x
			second[i] += p * x * x
		}
	}
	for i := range first {
		mean = append(mean, first[i]/sum)
		variance = append(variance, second[i]/sum-mean[i]*mean[i])
	}
	return -math.Log(sum), mean, variance
}

// machines are one of each pair of types, but rectified, with numbers in all parameters:
// Gaussian visible units with variances, and "unit variance" without.
func machines(t testing.TB) map[string]*models.RBM {
	t.Helper()
	out := map[string]*models.RBM{}
	hidden := map[models.Units]int{models.BernoulliUnits(): 3, models.GaussianUnits(): 2, models.SoftmaxUnits(3): 3}
	for u, k := range hidden {
		add := func(name string, visible models.Units, n int, variances bool) {
			r := newRBM(t, n, k, 1)
			r.VisibleUnits, r.HiddenUnits = visible, u
			if variances {
				if err := r.SetVariance(1); err != nil {
					t.Fatal(err)
				}
			}
			widen(0.35, r.Params()...)
			out[name+" "+u.String()] = r
		}
		add("bernoulli", models.BernoulliUnits(), 4, false)
		add("unit variance", models.GaussianUnits(), 2, false)
		add("gaussian", models.GaussianUnits(), 2, true)
		add("softmax", models.SoftmaxUnits(3), 6, false)
	}
	return out
}

// rectifiedMachine is one with rectified hidden units.
func rectifiedMachine(t testing.TB, n, k int) *models.RBM {
	r := newRBM(t, n, k, 1)
	r.HiddenUnits = models.RectifiedUnits()
	widen(1, r.Params()...)
	return r
}

// rectifiedMoments integrates the mean and the variance of max(0, a + N(0, √sigmoid(a))).
func rectifiedMoments(a float64) (mean, variance float64) {
	s := math.Sqrt(1 / (1 + math.Exp(-a)))
	const step = 1e-4
	second := 0.0
	for e := -10.0; e <= 10; e += step {
		p := step * math.Exp(-e*e/2) / math.Sqrt(2*math.Pi)
		x := math.Max(0, a+s*e)
		mean += p * x
		second += p * x * x
	}
	return mean, second - mean*mean
}

// narrow makes the parameters of a machine float32.
func narrow(r *models.RBM) {
	for _, p := range []*blocks.Param{r.W, r.B, r.C, r.Z} {
		if p == nil {
			continue
		}
		v := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(p.Value.Shape()...))
		for i, x := range elements(p.Value) {
			v.Float32s()[i] = float32(x)
		}
		p.Value = v
	}
}
