package main

import (
	"math"
	"testing"

	"capas/blocks"
)

// The properties by closed forms: where f′ falls below 1 % of the greatest is, for the
// sigmoid, 2·artanh √0.99, and so on.
func TestProperties(t *testing.T) {
	artanh := math.Atanh(math.Sqrt(1 - flatShare))
	never := math.NaN()
	softsign := float64(far) / (1 + far)
	for _, c := range []struct {
		f    blocks.Activation
		want properties
	}{
		{blocks.Linear(), properties{1, 0, 1, -far, far, never, never}},
		{blocks.Sigmoid(), properties{0.25, 0, 0.25, 0, 1, 2 * artanh, 2 * artanh}},
		{blocks.Tanh(), properties{1, 0, 1, -1, 1, artanh, artanh}},
		{blocks.LeCunTanh(), properties{1.7159 * 2 / 3, 0, 1.7159 * 2 / 3, -1.7159, 1.7159, 1.5 * artanh, 1.5 * artanh}},
		{blocks.Softsign(), properties{1, 0, 1, -softsign, softsign, 9, 9}},
		{blocks.ReLU(), properties{1, gridStep, 0, 0, far, 0, never}},
		{blocks.LeakyReLU(0.01), properties{1, gridStep, 0.01, -0.01 * far, far, never, never}},
		{blocks.LeakyReLU(0.001), properties{1, gridStep, 0.001, -0.001 * far, far, 0, never}},
		{blocks.Softplus(), properties{1, 36, 0.5, 0, far, math.Log(1/flatShare - 1), never}},
	} {
		curve, err := newCurve(c.f)
		if err != nil {
			t.Fatal(err)
		}
		got := curve.properties()
		if c.f == blocks.Softplus() { // 1 to the last bit from about 37 on
			if got.steepestAt < 30 || got.steepestAt > 40 {
				t.Errorf("%s: steepest at %g", c.f, got.steepestAt)
			}
			got.steepestAt = c.want.steepestAt
		}
		for _, v := range []struct {
			name            string
			got, want, step float64
		}{
			{"steepest", got.steepest, c.want.steepest, 0}, {"steepestAt", got.steepestAt, c.want.steepestAt, 0},
			{"atZero", got.atZero, c.want.atZero, 0}, {"least", got.least, c.want.least, 0}, {"most", got.most, c.want.most, 0},
			{"left", got.left, c.want.left, gridStep}, {"right", got.right, c.want.right, gridStep},
		} {
			// The limit is found to the next point of the grid, outwards.
			if v.step > 0 && math.IsNaN(v.got) != math.IsNaN(v.want) || v.got < v.want-1e-9 || v.got > v.want+v.step+1e-9 {
				t.Errorf("%s: %s %.12g, want %.12g", c.f, v.name, v.got, v.want)
			}
		}
		if bounded := c.want.most < 2 && c.want.least > -2; got.bounded() != bounded {
			t.Errorf("%s: bounded %v", c.f, got.bounded())
		}
	}
}

// f′ of the graph is the central difference of f, at points where f is smooth.
func TestSlopesAreDifferences(t *testing.T) {
	const h = gridStep
	for _, name := range blocks.Activations() {
		f, err := blocks.ParseActivation(name)
		if err != nil {
			t.Fatal(err)
		}
		if f == blocks.Softmax() {
			continue
		}
		c, err := newCurve(f)
		if err != nil {
			t.Fatal(err)
		}
		compared := 0
		for i := 1; i < len(c.x)-1; i++ {
			if c.x[i+1]-c.x[i] != h || c.x[i]-c.x[i-1] != h || c.x[i] == 0 {
				continue
			}
			compared++
			if d := (c.y[i+1] - c.y[i-1]) / (2 * h); math.Abs(d-c.slope[i]) > 0.5*h {
				t.Errorf("%s: f′(%g) = %g, central difference %g", f, c.x[i], c.slope[i], d)
			}
		}
		if compared < 8000 {
			t.Errorf("%s: %d points compared", f, compared)
		}
	}
}
