package models_test

import (
	"math"
	"testing"

	"capas/models"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func TestDBMEnergy(t *testing.T) {
	for _, sizes := range tenUnits() {
		d := newDBM(t, 0.8, sizes...)
		plain := deepReference(d)
		var rows [][][]float64
		var want []float64
		plain.each(func(h [][]float64, _ float64) {
			rows = append(rows, h)
			want = append(want, plain.energy(h))
		})
		nodes, values := leaves(rows, tensor.Float64)
		e := must[*G.Node](t)(d.Energy(nodes))
		near(t, "energy", want, compute(t, nodes, values, e)[0], 1e-13)
	}
}

// The machine as an RBM has the same log Z: its states are the same, in another order.
func TestDBMBipartite(t *testing.T) {
	for _, sizes := range tenUnits() {
		d := newDBM(t, 0.8, sizes...)
		plain := deepReference(d)
		r := d.Bipartite()
		near(t, "log Z", []float64{plain.logZ()}, []float64{must[float64](t)(r.LogPartition())}, 1e-12)
		rbm := reference(r)
		plain.each(func(h [][]float64, _ float64) {
			var odd, even []float64
			for l, layer := range h {
				if l%2 == 1 {
					odd = append(odd, layer...)
				} else {
					even = append(even, layer...)
				}
			}
			if a, b := plain.energy(h), rbm.energy(even, odd); math.Abs(a-b) > 1e-12 {
				t.Fatalf("%v: energy %g, as an RBM %g", h, a, b)
			}
		})
		d.W[0].Value.Float64s()[0]++
		if equal(elements(r.W.Value), elements(d.Bipartite().W.Value)) {
			t.Error("the RBM follows the machine, or does not have its weights")
		}
	}
}

// Annealed importance sampling of the machine as an RBM gives its log Z, and with it a bound of
// every log p(v) that holds but for the estimate's error.
func TestDBMBoundByAIS(t *testing.T) {
	d := newDBM(t, 0.8, 4, 3, 3)
	plain := deepReference(d)
	exact := plain.logZ()
	e := must[models.AISEstimate](t)(d.Bipartite().AIS(models.AISOptions{Betas: models.Betas(200), Chains: 500, Noise: stream("ais")}))
	if math.Abs(e.LogZ-exact) > 0.05 || e.Low > exact || e.High < exact {
		t.Errorf("log Z %g in [%g, %g], exact %g", e.LogZ, e.Low, e.High, exact)
	}
	q, bound := fixedPoint(t, d, 80)
	for row, h := range q {
		_, sum := plain.marginals(h[0])
		if logP := sum - exact; bound[row]-e.High > logP || bound[row]-e.LogZ < logP-1 {
			t.Errorf("%v: log p %g, bound %g", h[0], logP, bound[row]-e.LogZ)
		}
	}
}

// The hidden layers given an image are a machine, whose log Z is the log sum of the image's
// weights but for those of the visible biases.
func TestDBMGiven(t *testing.T) {
	for _, sizes := range [][]int{{4, 3, 3}, {3, 4, 2, 1}} {
		d := newDBM(t, 0.9, sizes...)
		plain := deepReference(d)
		for _, v := range states(sizes[0]) {
			given := must[*models.DBM](t)(d.Given(matrix(tensor.Float64, [][]float64{v})))
			logZ := must[float64](t)(given.Bipartite().LogPartition())
			for i, x := range v {
				logZ += x * plain.b[0][i]
			}
			_, want := plain.marginals(v)
			near(t, "log sum", []float64{want}, []float64{logZ}, 1e-12)
		}
		near(t, "the machine's own biases", plain.b[1], elements(d.B[1].Value), 0)
	}
}
