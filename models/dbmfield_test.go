package models_test

import (
	"math"
	"testing"

	"capas/blocks"
	"capas/models"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func TestDBMMeanField(t *testing.T) {
	for _, sizes := range tenUnits() {
		d := newDBM(t, 0.9, sizes...)
		plain := deepReference(d)
		v := uniform(stream("v"), 5, sizes[0])
		for _, updates := range []int{0, 1, 3} {
			x := blocks.NewInput(G.NewGraph(), tensor.Float64, "v", 5, sizes[0])
			q := must[G.Nodes](t)(d.MeanField(x, updates))
			got := compute(t, G.Nodes{x}, []G.Value{matrix(tensor.Float64, v)}, q[1:]...)
			for l := range got {
				var want []float64
				for _, row := range v {
					want = append(want, plain.meanField(row, updates)[l+1]...)
				}
				near(t, "mean field", want, got[l], 1e-13)
			}
			z := must[G.Nodes](t)(d.MeanFieldInputs(x, updates))
			if z[0] != nil {
				t.Errorf("want no inputs of the visible units, got %v", z[0])
			}
			for l, odds := range compute(t, G.Nodes{x}, []G.Value{matrix(tensor.Float64, v)}, z[1:]...) {
				var p []float64
				for _, o := range odds {
					p = append(p, 1/(1+math.Exp(-o)))
				}
				near(t, "sigmoid of the inputs", p, got[l], 1e-13)
			}
		}
	}
}

// fixedPoint computes the mean field of all visible states after so many updates that it has
// converged, and the bound.
func fixedPoint(t *testing.T, d *models.DBM, updates int) (q [][][]float64, bound []float64) {
	t.Helper()
	n := d.Visible()
	v := states(n)
	x := blocks.NewInput(G.NewGraph(), tensor.Float64, "v", len(v), n)
	nodes := must[G.Nodes](t)(d.MeanField(x, updates))
	out := compute(t, G.Nodes{x}, []G.Value{matrix(tensor.Float64, v)}, append(nodes[1:], must[*G.Node](t)(d.Bound(x, updates)))...)
	for row := range v {
		h := [][]float64{v[row]}
		for l := 1; l <= d.Hidden(); l++ {
			h = append(h, split(out[l-1], d.Units(l))[row])
		}
		q = append(q, h)
	}
	return q, out[len(out)-1]
}

// Mean field against the exact p(h|v) by enumeration: the updates come to a point that they
// leave where it is; the bound is one, −E(v,q) + H(q) ≤ log Σ_h e^−E(v,h), never falls from one
// update to the next, and is what is documented. For one hidden layer q and the bound are
// exact; for more they are close as far as the weights are weak: the error of the
// probabilities goes to 0 with their square.
func TestDBMMeanFieldAgainstEnumeration(t *testing.T) {
	for _, sizes := range tenUnits() {
		errors := map[float64]float64{}
		for _, sd := range []float64{0.1, 0.2, 1} {
			d := newDBM(t, sd, sizes...)
			plain := deepReference(d)
			q, bound := fixedPoint(t, d, 80)
			_, last := fixedPoint(t, d, 0)
			for _, updates := range []int{1, 2, 5, 80} {
				_, now := fixedPoint(t, d, updates)
				for i := range now {
					if now[i] < last[i]-1e-12 {
						t.Errorf("%v: after %d updates the bound of state %d is %g, before %g", sizes, updates, i, now[i], last[i])
					}
				}
				last = now
			}
			for row, h := range q {
				for l := 1; l < len(h); l++ {
					for i := range h[l] {
						if p := logistic(plain.input(h, l, i)); math.Abs(p-h[l][i]) > 1e-10 {
							t.Fatalf("%v: an update moves unit %d of layer %d from %g to %g", sizes, i, l, h[l][i], p)
						}
					}
				}
				near(t, "bound", []float64{plain.bound(h)}, bound[row:row+1], 1e-12)
				exact, logSum := plain.marginals(h[0])
				if bound[row] > logSum+1e-12 {
					t.Errorf("%v: bound %g of a log sum %g", sizes, bound[row], logSum)
				}
				for l := 1; l < len(h); l++ {
					for i, p := range h[l] {
						errors[sd] = max(errors[sd], math.Abs(p-exact[l][i]))
					}
				}
				if len(sizes) == 2 {
					near(t, "bound of one hidden layer", []float64{logSum}, bound[row:row+1], 1e-12)
				}
			}
		}
		t.Logf("%v: largest error of a probability by the standard deviation of the weights: %v", sizes, errors)
		switch {
		case len(sizes) == 2 && errors[1] > 1e-12:
			t.Errorf("one hidden layer: want p(h|v), got an error of %g", errors[1])
		case len(sizes) > 2 && (errors[0.1] > 1e-3 || errors[0.2] < 2*errors[0.1] || errors[1] < errors[0.2]):
			t.Errorf("%v: want errors that fall with the weights, got %v", sizes, errors)
		}
	}
}
