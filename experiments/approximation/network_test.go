package main

import (
	"math"
	"slices"
	"testing"

	"capas/blocks"
	"capas/train"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func lookup(t *testing.T, name string) target {
	t.Helper()
	f, err := find(name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Deviations in closed form: of sums of sines over whole periods, of a triangular wave,
// of two values, of a product of uniform numbers.
func TestDeviations(t *testing.T) {
	ring := math.Pi * (0.64 - 0.16) / 4
	for name, want := range map[string]float64{
		"sines": math.Sqrt(0.625), "zigzag": math.Sqrt(1. / 3), "step": math.Sqrt(1 - 0.09), "abs": math.Sqrt(1. / 12),
		"saddle": 1. / 3, "ring": math.Sqrt(ring * (1 - ring)), "checkerboard": 1,
	} {
		if got := deviation(lookup(t, name)); !(math.Abs(got/want-1) < 0.002) {
			t.Errorf("%s: standard deviation %g, want %g", name, got, want)
		}
	}
}

// The bounds of |f″| are such, and near, by central differences.
func TestCurvature(t *testing.T) {
	for _, f := range targets() {
		if f.curvature == 0 {
			continue
		}
		const h = 1e-4
		most := 0.0
		for _, x := range between(-1, 1, 5000) {
			at := func(d float64) float64 { return f.of([]float64{x[0] + d}) }
			most = max(most, math.Abs(at(h)-2*at(0)+at(-h))/(h*h))
		}
		if !(most <= f.curvature && most > 0.9*f.curvature) {
			t.Errorf("%s: |f″| up to %g, the bound is %g", f.name, most, f.curvature)
		}
	}
}

// The constructed network is the polygon through the function's values, and keeps its
// bound.
func TestConstruct(t *testing.T) {
	for _, f := range targets() {
		if f.variables != 1 {
			continue
		}
		for _, width := range []int{1, 2, 7, 64, 512} {
			p := between(-1, 1, 999)
			y, err := predict(construct(f, width), p)
			if err != nil {
				t.Fatal(err)
			}
			for i, x := range p {
				place := (x[0] + 1) / 2 * float64(width)
				from := math.Floor(place)
				at := func(k float64) float64 { return f.of([]float64{-1 + 2*k/float64(width)}) }
				want := at(from) + (place-from)*(at(from+1)-at(from))
				if !(math.Abs(y[0][i]-want) < 5e-5) { // float32 sums of up to 512 slopes
					t.Fatalf("%s, %d units: %g at %g, want %g", f.name, width, y[0][i], x[0], want)
				}
			}
			m, err := byHand(f, construct(f, width))
			if err != nil {
				t.Fatal(err)
			}
			if f.curvature > 0 && !(m.farthest <= bound(f, width)+rounding) {
				t.Errorf("%s, %d units: an error of %g, the bound is %g", f.name, width, m.farthest, bound(f, width))
			}
		}
	}
}

// The error of a parabola's polygon is the bound itself: h²/8·f″ in the middle of each
// part, here for x² with 5 units.
func TestBoundIsReached(t *testing.T) {
	f := target{name: "parabola", of: func(x []float64) float64 { return x[0] * x[0] }, variables: 1, curvature: 2}
	p := between(-1, 1, 5)
	y, err := predict(construct(f, 5), p)
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range p {
		if e := y[0][i] - f.of(x); !(math.Abs(e-bound(f, 5)) < 1e-6) || math.Abs(bound(f, 5)-0.04) > 1e-12 {
			t.Errorf("error %g at %g, want 0.04, the bound is %g", e, x[0], bound(f, 5))
		}
	}
}

// A function with kinks is the polygon with corners there, and none with the kinks
// elsewhere.
func TestExact(t *testing.T) {
	for _, f := range targets() {
		if len(f.kinks) == 0 {
			continue
		}
		m, err := byHand(f, exact(f))
		if err != nil {
			t.Fatal(err)
		}
		if !(m.farthest < 1e-5) {
			t.Errorf("%s: an error of %g with kinks at %v", f.name, m.farthest, f.kinks)
		}
		f.kinks = slices.Clone(f.kinks)
		f.kinks[0] += 0.05
		if m, err = byHand(f, exact(f)); err != nil || m.farthest < 0.01 {
			t.Errorf("%s: an error of %g (%v) with a kink misplaced", f.name, m.farthest, err)
		}
	}
}

func TestPercent(t *testing.T) {
	for want, values := range map[string][]float64{"90.8 ± <0.001": {0.9076508, 0.9076508}, "<0.001": {1e-9, 3e-9}, "1.5 ± 0.71": {0.01, 0.02}, "12.3": {0.123}} {
		if got := percent(values); got != want {
			t.Errorf("%v: %q, want %q", values, got, want)
		}
	}
}

// First weights have the length of Nguyen & Widrow where units saturate, and middles
// within the range of the data.
func TestFirstWeights(t *testing.T) {
	for _, c := range []struct {
		f      blocks.Activation
		inputs int
		length float64
	}{{blocks.Tanh(), 1, 0.7 * 50}, {blocks.Sigmoid(), 2, 0.7 * math.Sqrt(50)}, {blocks.ReLU(), 1, 1}, {blocks.LeakyReLU(0.2), 2, 1}} {
		net, err := newNetwork(c.f, c.inputs, 50, 3)
		if err != nil {
			t.Fatal(err)
		}
		w, b := net.Layers[0].W.Value.Float32s(), net.Layers[0].B.Value.Float32s()
		positive := 0
		for j := range 50 {
			var norm float64
			for i := range c.inputs {
				norm = math.Hypot(norm, float64(w[i*50+j]))
			}
			if !(math.Abs(norm/c.length-1) < 1e-5) || math.Abs(float64(b[j])) > norm {
				t.Errorf("%v, %d inputs: weights of length %g, want %g; bias %g", c.f, c.inputs, norm, c.length, b[j])
			}
			if w[j] > 0 {
				positive++
			}
		}
		if positive < 10 || positive > 40 || stat.StdDev(float64s(b), nil) < 0.4*c.length {
			t.Errorf("%v, %d inputs: want directions and middles spread, got %d of 50 to the right, biases %v", c.f, c.inputs, positive, b)
		}
	}
}

func float64s(v []float32) (out []float64) {
	for _, x := range v {
		out = append(out, float64(x))
	}
	return out
}

// Activations that saturate are those with small values far from 0 on both sides.
func TestSaturates(t *testing.T) {
	x := tensor.New(tensor.WithShape(2, 1), tensor.WithBacking([]float32{-1000, 1000}))
	for _, name := range blocks.Activations() {
		f, err := blocks.ParseActivation(name)
		if err != nil {
			t.Fatal(err)
		}
		if f == blocks.Softmax() {
			continue
		}
		y, err := train.Map(x, func(x *G.Node) (*G.Node, error) { return f.Apply(x) })
		if err != nil {
			t.Fatal(err)
		}
		v := y.Float32s()
		if want := math.Abs(float64(v[0])) < 2 && math.Abs(float64(v[1])) < 2; saturates(f) != want {
			t.Errorf("%s: saturates %v, but has values %v at −1000 and 1000", name, saturates(f), v)
		}
	}
}

// A line through points in closed form, and more columns than rows, which reach them.
func TestLeastSquares(t *testing.T) {
	x, y := []float64{0, 1, 2, 4}, []float64{1, 3, 2, 7}
	a := mat.NewDense(4, 2, nil)
	for i, v := range x {
		a.SetRow(i, []float64{v, 1})
	}
	got, err := leastSquares(a, y)
	if err != nil {
		t.Fatal(err)
	}
	intercept, slope := stat.LinearRegression(x, y, nil, false)
	for i, v := range x {
		if want := intercept + slope*v; !(math.Abs(got[i]-want) < 1e-8) {
			t.Errorf("%g at %g, want %g", got[i], v, want)
		}
	}
	wide := mat.NewDense(2, 4, []float64{1, 2, 3, 4, 1, 0, -1, 5})
	if got, err = leastSquares(wide, []float64{3, -2}); err != nil || math.Abs(got[0]-3) > 1e-8 || math.Abs(got[1]+2) > 1e-8 {
		t.Errorf("%v (%v), want 3 and −2", got, err)
	}
	alike := mat.NewDense(3, 2, []float64{1, 1, 1, 1, 1, 1})
	if got, err = leastSquares(alike, []float64{1, 2, 6}); err != nil || math.Abs(got[0]-3) > 1e-6 {
		t.Errorf("columns that are alike: %v (%v), want the mean, 3", got, err)
	}
}

// No output layer of the network's own units fits better than the one solved for.
func TestSolved(t *testing.T) {
	f := lookup(t, "sines")
	p := line(-1, 1, 30)
	for _, width := range []int{5, 40} {
		net, err := newNetwork(blocks.Tanh(), 1, width, 1)
		if err != nil {
			t.Fatal(err)
		}
		least, err := solved(net, p, p.values(f))
		if err != nil {
			t.Fatal(err)
		}
		y, err := predict(net, p)
		if err != nil {
			t.Fatal(err)
		}
		if e := rmse(y[0], p.values(f)); !(least < e) || width == 40 && least > 0.05 {
			t.Errorf("%d units: error %g, with the output layer solved %g", width, e, least)
		}
	}
}

// |x| goes on as a straight line, step as a constant.
func TestContinued(t *testing.T) {
	if e := continued(lookup(t, "abs"), true); !(e < 1e-6) {
		t.Errorf("|x| beside a straight line: %g", e)
	}
	// Beside a constant: the root mean square of x−1 on [1,2], √⅓, over the deviation √(1/12).
	if e := continued(lookup(t, "abs"), false); !(math.Abs(e-2) < 1e-3) {
		t.Errorf("|x| beside a constant: %g, want 2", e)
	}
	if e := continued(lookup(t, "step"), false); e != 0 {
		t.Errorf("step beside a constant: %g", e)
	}
}

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		widths, want []int
		n            int
	}{{[]int{1, 2, 4, 8, 16, 32, 64, 128, 256}, []int{4, 32, 256}, 3}, {[]int{1, 2, 4, 8, 16, 32, 64, 128, 256}, []int{1, 4, 16, 64, 256}, 5}, {[]int{2, 8}, []int{2, 8}, 5}} {
		if got := spread(c.widths, c.n); !slices.Equal(got, c.want) {
			t.Errorf("%d of %v: %v, want %v", c.n, c.widths, got, c.want)
		}
	}
}
