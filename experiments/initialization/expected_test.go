package main

import (
	"math"
	"testing"

	"capas/blocks"

	"gonum.org/v1/gonum/integrate/quad"
)

// Closed forms of units that are linear in pieces: of z normal with variance q, ⟨f⟩ is
// √(q/2π), ⟨f²⟩ q/2 and ⟨f′²⟩ ½ for ReLU.
func TestResponseClosedForms(t *testing.T) {
	for _, q := range []float64{1e-6, 0.3, 1, 784, 1e12} {
		root := math.Sqrt(q / (2 * math.Pi))
		for _, c := range []struct {
			f                   blocks.Activation
			mean, square, slope float64
		}{
			{blocks.Linear(), 0, q, 1},
			{blocks.ReLU(), root, q / 2, 0.5},
			{blocks.LeakyReLU(0.2), 0.8 * root, 1.04 * q / 2, 0.52}, // z⁺ − 0.2 z⁻
		} {
			r, err := newResponse(c.f)
			if err != nil {
				t.Fatal(err)
			}
			mean, square, slope, err := r.at(q)
			if err != nil {
				t.Fatal(err)
			}
			// The sum meets the kink in the middle between two points: 1e-6 of the mean.
			if math.Abs(mean-c.mean) > 2e-6*math.Sqrt(q) || math.Abs(square/c.square-1) > 1e-9 || math.Abs(slope/c.slope-1) > 1e-9 {
				t.Errorf("%s, q = %g: got %.10g, %.10g, %.10g, want %.10g, %.10g, %.10g", c.f, q, mean, square, slope, c.mean, c.square, c.slope)
			}
			if r.steepest != 1 {
				t.Errorf("%s: steepest %g, want 1", c.f, r.steepest)
			}
		}
	}
}

// The means of smooth units by Gauss-Legendre quadrature of functions in plain Go, in
// pieces, since those of large q change near 0 alone.
func TestResponseByQuadrature(t *testing.T) {
	for _, a := range []blocks.Activation{blocks.Sigmoid(), blocks.Tanh(), blocks.LeCunTanh(), blocks.Softsign()} {
		f, slope := function(t, a)
		r, err := newResponse(a)
		if err != nil {
			t.Fatal(err)
		}
		if want := slope(0); math.Abs(r.steepest/want-1) > 3e-3 {
			t.Errorf("%s: steepest %g, want %g", a, r.steepest, want)
		}
		for _, q := range []float64{0.01, 1, 30, 1000} {
			integral := func(g func(float64) float64) (sum float64) {
				edges := []float64{-9, -3, -0.5, -0.05, 0, 0.05, 0.5, 3, 9}
				for i, to := range edges[1:] {
					sum += quad.Fixed(func(x float64) float64 {
						return g(math.Sqrt(q)*x) * math.Exp(-x*x/2) / math.Sqrt(2*math.Pi)
					}, edges[i], to, 80, quad.Legendre{}, 0)
				}
				return sum
			}
			mean, square, slopes, err := r.at(q)
			if err != nil {
				t.Fatal(err)
			}
			bound := 1e-6
			if a == blocks.Softsign() { // whose slope has a kink
				bound = 3e-3
			}
			for _, x := range []struct {
				what      string
				got, want float64
			}{
				{"f", mean, integral(f)},
				{"f²", square, integral(func(z float64) float64 { return f(z) * f(z) })},
				{"f′²", slopes, integral(func(z float64) float64 { return slope(z) * slope(z) })},
			} {
				if !(math.Abs(x.got-x.want) < bound*math.Abs(x.want)+1e-9) {
					t.Errorf("%s, q = %g, ⟨%s⟩: %.9g, want %.9g", a, q, x.what, x.got, x.want)
				}
			}
		}
	}
}

// The expectation by hand for ReLU: the first layer has n⁰ sd² ⟨x²⟩, each further one
// n sd²/2 times as much, whose part 1 − 1/π is variance about the mean.
func TestExpectationByHand(t *testing.T) {
	r, err := newResponse(blocks.ReLU())
	if err != nil {
		t.Fatal(err)
	}
	e, err := expect(r, blocks.LectureReLU(), 50, 100, 4, 3)
	if err != nil {
		t.Fatal(err)
	}
	for l, got := range e.layers {
		z := 4. * 3 * math.Pow(2, float64(l)) // 50·(2/√50)²·3 = 12, then 100·(2/√100)²/2 = 2 a layer
		h, delta := z/2*(1-1/math.Pi), math.Pow(2, float64(3-l))
		if math.Abs(got.Z/z-1) > 1e-9 || math.Abs(got.H/h-1) > 1e-5 || math.Abs(got.Delta/delta-1) > 1e-9 {
			t.Errorf("layer %d: %+v, want %g, %g, %g", l+1, got, z, h, delta)
		}
	}
	if u, d := up(e.layers), down(e.layers); math.Abs(u-2) > 1e-5 || math.Abs(d-2) > 1e-9 {
		t.Errorf("factors %g and %g, want 2", u, d)
	}
}

// A wide network of units that saturate does what is expected of it, with large weights
// and small ones.
func TestExpectationOfWideLayers(t *testing.T) {
	const width, depth = 1000, 5
	set := noise(t, 20, 300, 10)
	square := 0.0
	for _, v := range set.X.Float32s() {
		square += float64(v) * float64(v) / float64(set.Len()*set.Dim())
	}
	for _, f := range []blocks.Activation{blocks.Sigmoid(), blocks.Tanh(), blocks.LeCunTanh()} {
		r, err := newResponse(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, init := range []blocks.Initializer{blocks.Gaussian(1), blocks.LeCun()} {
			net, err := mlp(depth, width, f, init, 4, set)
			if err != nil {
				t.Fatal(err)
			}
			layers, _ := probed(t, net, set, f)
			e, err := expect(r, init, set.Dim(), width, depth, square)
			if err != nil {
				t.Fatal(err)
			}
			for l, got := range layers {
				if want := e.layers[l]; math.Abs(got.Z/want.Z-1) > 0.15 {
					t.Errorf("%s/%s, layer %d: variance of z %g, want %g", f, init, l+1, got.Z, want.Z)
				}
			}
			if got, want := down(layers), down(e.layers); math.Abs(got/want-1) > 0.1 {
				t.Errorf("%s/%s: δ times %g a layer, want %g", f, init, got, want)
			}
		}
	}
}
