package main

import (
	"math"
	"math/cmplx"
	"slices"
	"testing"

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

// Gradient descent on the bowl shrinks the distance by max(|1 − η|, |1 − ηκ|) a step at
// best, (κ − 1)/(κ + 1) at the rate 2/(κ + 1): the race must come close, not below.
func TestRace(t *testing.T) {
	r := presets()["lecture"]
	r.Condition, r.Steps, r.RatesPerDecade = 20, 500, 20
	seeds := []uint64{1, 2, 3}
	tried := 0
	c, err := r.race(t.Context(), bowl(r.Condition), r.batchGD(), seeds, func() { tried++ })
	if err != nil {
		t.Fatal(err)
	}
	if want := len(surfaceRates(r.RatesPerDecade)); tried != want || want != 81 {
		t.Errorf("%d rates tried, want %d, 81", tried, want)
	}
	if best := 2 / (r.Condition + 1); c.edge || c.rate < best/1.13 || c.rate > best*1.13 {
		t.Errorf("best rate %g, want one of those next to %g", c.rate, best)
	}
	// The value shrinks by the factor's square. The rate tried may be a few percent off, and
	// not all of the distance need be in the slower direction.
	least := math.Log(r.Tolerance) / 2 / math.Log((r.Condition-1)/(r.Condition+1))
	for i, steps := range c.steps {
		if steps < 0.9*least || steps > 1.15*least {
			t.Errorf("seed %d: %g steps, want about %.0f", seeds[i], steps, least)
		}
		for k, f := range c.course.f[i] {
			if settled := f <= r.Tolerance*c.course.f[i][0]; settled != (float64(k) >= steps) {
				t.Fatalf("seed %d: step %d has the value %g, settled at %g", seeds[i], k, f, steps)
			}
		}
	}
	if x, y := bowl(20).start(1); x != c.course.x[0][0] || y != c.course.y[0][0] || x < -10 || x > -7 || y < 0.7 || y > 1.2 {
		t.Errorf("start (%g, %g)", x, y)
	}
}

// A point that passes the minimum and leaves again has not settled, nor has one that
// diverges.
func TestSettled(t *testing.T) {
	p := func() *points { return newPoints(bowl(1), []float64{-1, -2}, []float64{0, 0}) }
	at, last, err := settled(p(), train.SGD(0.5), 10, []float64{0.1, 0.25}) // halves the distance
	if err != nil || !slices.Equal(at[0], []float64{2, 2}) || !slices.Equal(at[1], []float64{1, 1}) || math.Abs(last-math.Pow(2, -20)) > 1e-12 {
		t.Errorf("halved: settled at %v, last %g, %v", at, last, err)
	}
	at, last, err = settled(p(), train.SGD(2.5), 100, []float64{0.1}) // multiplies it by −1.5
	if err != nil || !slices.Equal(at[0], []float64{101, 101}) || !math.IsInf(last, 1) {
		t.Errorf("diverging: settled at %v, last %g, %v", at, last, err)
	}
	// By ½ a step and an undamped velocity the point swings about the minimum for ever.
	swing := train.Optimizer{Kind: "momentum", Rate: train.Constant(0.5), Momentum: train.Constant(1)}
	at, last, err = settled(p(), swing, 50, []float64{0.1})
	if err != nil || at[0][0] < 45 || math.IsInf(last, 1) {
		t.Errorf("swinging: settled at %v, last %g, %v", at, last, err)
	}
}
