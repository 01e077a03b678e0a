package main

import (
	"math"
	"math/cmplx"
	"testing"
	"time"

	"capas/train"
)

// On ½(x² + κy²) gradient descent multiplies each coordinate by 1 − ηλ a step, where λ
// is 1 and κ; with momentum, coordinates follow a linear recurrence of order two,
//
//	W₂ = (1 + μ − ηλ) W₁ − μ W₀,
//
// and with Nesterov's W₂ = (1 + μ)(1 − ηλ) W₁ − μ(1 − ηλ) W₀, both solved by powers of
// the roots of the characteristic polynomial.
func TestBowlAgainstClosedForms(t *testing.T) {
	const kappa, rate, mu, steps = 100, 0.012, 0.9, 200
	r := Recipe{Momentum: mu}
	solution := func(m method, lambda float64, t int) float64 {
		a := 1 - rate*lambda
		switch m.key {
		case "momentum":
			return powers(1+mu-rate*lambda, mu, a, t)
		case "nesterov":
			return powers((1+mu)*a, mu*a, (1+mu)*a-mu, t)
		}
		return math.Pow(a, float64(t))
	}
	for _, m := range []method{r.batchGD(), r.momentum(), r.nesterov()} {
		d, err := descend(newPoints(bowl(kappa), []float64{-10, 3}, []float64{1, -0.5}), m.optimizer(r, rate), steps)
		if err != nil {
			t.Fatal(err)
		}
		for i := range d.x {
			for k := range steps + 1 {
				x, y := d.x[i][0]*solution(m, 1, k), d.y[i][0]*solution(m, kappa, k)
				if math.Abs(d.x[i][k]-x) > 1e-9 || math.Abs(d.y[i][k]-y) > 1e-9 {
					t.Fatalf("%s: step %d: (%g, %g), want (%g, %g)", m.name, k, d.x[i][k], d.y[i][k], x, y)
				}
				if f := (x*x + kappa*y*y) / 2; math.Abs(d.f[i][k]-f) > 1e-8 {
					t.Fatalf("%s: step %d: value %g, want %g", m.name, k, d.f[i][k], f)
				}
			}
		}
	}
}

// powers solves W₂ = b·W₁ − c·W₀ from W₀ = 1 and the given W₁ after t steps.
func powers(b, c, first float64, t int) float64 {
	root := cmplx.Sqrt(complex(b*b-4*c, 0))
	p, q := (complex(b, 0)+root)/2, (complex(b, 0)-root)/2
	w := (complex(first, 0) - q) / (p - q)
	return real(w*cmplx.Pow(p, complex(float64(t), 0)) + (1-w)*cmplx.Pow(q, complex(float64(t), 0)))
}

// One step of gradient descent shows the gradient of Rosenbrock's function,
// (−2(1−x) − 400x(y−x²), 200(y−x²)); its minimum is 0 at (1, 1).
func TestRosenbrockGradient(t *testing.T) {
	const rate = 1e-3
	x, y := []float64{-1.2, 0.3, 1}, []float64{1, -2, 1}
	d, err := descend(newPoints(rosenbrock(), x, y), train.SGD(rate), 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range x {
		gx, gy := -2*(1-x[i])-400*x[i]*(y[i]-x[i]*x[i]), 200*(y[i]-x[i]*x[i])
		// The rate is a float64, so that only rounding is left.
		if math.Abs(d.x[i][1]-(x[i]-rate*gx)) > 1e-12 || math.Abs(d.y[i][1]-(y[i]-rate*gy)) > 1e-12 {
			t.Errorf("from (%g, %g) to (%g, %g), gradient (%g, %g)", x[i], y[i], d.x[i][1], d.y[i][1], gx, gy)
		}
	}
	if d.f[2][0] != 0 || d.f[0][0] != 24.2 && math.Abs(d.f[0][0]-24.2) > 1e-12 {
		t.Errorf("values %g and %g, want 0 in the minimum and 24.2 at the usual start", d.f[2][0], d.f[0][0])
	}
}

func TestSpeed(t *testing.T) {
	for _, s := range []surface{bowl(100), rosenbrock()} {
		for _, m := range presets()["lecture"].onSurfaces() {
			start := time.Now()
			r := presets()["lecture"]
			x, err := r.race(t.Context(), s, m, []uint64{1, 2, 3}, func() {})
			if err != nil {
				t.Fatal(err)
			}
			t.Log(s.key, m.key, x.rate, x.steps, x.edge, time.Since(start))
		}
	}
}
