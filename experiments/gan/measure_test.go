package main

import (
	"math"
	"testing"

	"capas/blocks"
	"capas/models"
	"capas/random"

	"gorgonia.org/tensor"
)

func matrix(n, k int, x ...float32) *tensor.Dense {
	return tensor.New(tensor.WithShape(n, k), tensor.WithBacking(x))
}

// Points that stand where they should, nearly, and elsewhere.
func TestJudgeRing(t *testing.T) {
	r := Ring{Modes: 4, SD: 0.1}
	s := r.judge(matrix(8, 2, 2, 0.29, 2.1, 0, 0, 2, -2, 0.31, -1.7, 0, 0, 0, 5, 5, 0.1, -2.1))
	// Two at the first mode (2, 0), one at the second (0, 2); of those about (−2, 0) one is too far and the other at the
	// very edge; one at the fourth.
	if math.Abs(s.good-4./8) > 1.01/8 || s.modes < 3 {
		t.Errorf("got %+v", s)
	}
	// Where Gaussians overlap, a sample is of the nearest: of 64 at a distance of 0.2, here of the second.
	wide := Ring{Modes: 64, SD: 0.5}
	if x, y := wide.centre(1); wide.judge(matrix(2, 2, float32(x), float32(y), float32(x), float32(y))).modes != 1 {
		t.Error("samples at one Gaussian are of several")
	} else if m, d := wide.nearest(x+0.01, y); m != 1 || math.Abs(d-0.01) > 1e-12 {
		t.Errorf("got Gaussian %d at %g", m, d)
	}
	// A share of two in a hundred is one of 2 %, whatever the number of samples.
	for _, n := range []int{50, 100, 5000, 10_000} {
		p := make([]float32, 2*n)
		for i := range n {
			p[2*i+min(1, i/(n/50))] = 1
		}
		if j := judge(matrix(n, 2, p...)); j.shares[0] != 0.02 || j.sure != 1 || j.covers() != 2 {
			t.Errorf("%d samples: %+v", n, j)
		}
	}
	// A mode with one of 40 samples has less than a quarter of its fair share, ten.
	var x []float32
	for i := range 40 {
		if i == 0 {
			x = append(x, 0, 2)
		} else {
			x = append(x, 2, 0)
		}
	}
	if s := r.judge(matrix(40, 2, x...)); s.modes != 1 || math.Abs(s.good-1) > 1e-12 {
		t.Errorf("want one mode and good samples alone, got %+v", s)
	}
	// The data of the ring are 1 − e^(−9/2) good, by the distribution of the distance.
	lecture := presets()["lecture"].Ring
	set, err := lecture.data(3)
	if err != nil {
		t.Fatal(err)
	}
	if s := lecture.judge(set.X); s.modes != 8 || math.Abs(s.good-(1-math.Exp(-4.5))) > 0.003 {
		t.Errorf("the data: %+v", s)
	}
}

// A tile has each point in its cell: north is up.
func TestTile(t *testing.T) {
	x := tile([]float32{-3, 3, -3, 3, -3, 3, -3, 3, 3, -3, 99, 0, float32(math.NaN()), 0}, 4)
	for i, v := range x {
		want := map[int]float32{0: 1, 15: 0.5}[i]
		if v != want {
			t.Errorf("cell %d: want %g, got %g", i, want, v)
		}
	}
}

// Scores of probabilities by hand: certain and equally frequent classes score their number, one class
// alone scores 1, and the rest by the definition.
func TestJudgeImages(t *testing.T) {
	for _, c := range []struct {
		p           *tensor.Dense
		score, sure float64
		covers      int
	}{
		{matrix(4, 2, 1, 0, 0, 1, 1, 0, 0, 1), 2, 1, 2},
		{matrix(3, 2, 1, 0, 1, 0, 1, 0), 1, 1, 1},
		{matrix(2, 2, 0.5, 0.5, 0.5, 0.5), 1, 0, 0},
		{matrix(2, 2, 0.95, 0.05, 0.2, 0.8), math.Exp((0.95*math.Log(0.95/0.575) + 0.05*math.Log(0.05/0.425) + 0.2*math.Log(0.2/0.575) + 0.8*math.Log(0.8/0.425)) / 2), 0.5, 1},
	} {
		if j := judge(c.p); math.Abs(j.score-c.score) > 1e-6 || math.Abs(j.sure-c.sure) > 1e-6 || j.covers() != c.covers {
			t.Errorf("%v: got %+v, covers %d, want %+v", c.p, j, j.covers(), c)
		}
	}
}

// A generator that copies its code, and a classifier that reads off which of two elements is larger:
// pairs are of different classes, halfway is blurred in pixels and in codes alike.
func TestInterpolate(t *testing.T) {
	a, err := models.NewGAN("gan", []int{2, 2}, []int{2}, blocks.Numeric(), blocks.Glorot(), random.New(1))
	if err != nil {
		t.Fatal(err)
	}
	copy(a.Generator.(*models.MLP).Layers[0].W.Value.Float32s(), []float32{1, 0, 0, 1})
	classifier, err := models.NewMLP("classifier", []int{2, 2}, blocks.Linear(), blocks.Glorot(), blocks.Glorot(), random.New(1))
	if err != nil {
		t.Fatal(err)
	}
	copy(classifier.Layers[0].W.Value.Float32s(), []float32{9, 0, 0, 9})
	b, err := interpolate(a, classifier, 50, random.New(2))
	if err != nil {
		t.Fatal(err)
	}
	if b.pairs != 50 || b.codes != b.pixels || b.codes > 0.9 || b.codes < 0.1 {
		t.Errorf("%d pairs, of which sure halfway %g by codes and %g by pixels", b.pairs, b.codes, b.pixels)
	}
	for i := range b.pairs {
		first, second := b.from[2*i] > b.from[2*i+1], b.to[2*i] > b.to[2*i+1]
		if first == second {
			t.Fatalf("pair %d is of one class", i)
		}
	}
	walk, err := b.walk(a, 3, 5)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]float32{b.from[:2], nil, blend(b.from[:2], b.to[:2], 0.5), nil, b.to[:2]} {
		if want != nil && (row(walk, i)[0] != want[0] || row(walk, i)[1] != want[1]) {
			t.Errorf("place %d: want %v, got %v", i, want, row(walk, i))
		}
	}
	// One class alone has no pairs.
	classifier.Layers[0].B.Value.Float32s()[0] = 1000
	if b, err = interpolate(a, classifier, 5, random.New(2)); err != nil || b.pairs != 0 || !math.IsNaN(b.codes) {
		t.Errorf("want no pairs, got %+v, %v", b, err)
	}
	if walk, err := b.walk(a, 3, 5); walk != nil || err != nil {
		t.Errorf("a walk without pairs: %v, %v", walk, err)
	}
}

// The norms are those of the gradients by finite differences of both losses, here in one weight.
func TestSlopes(t *testing.T) {
	r := Ring{Code: 1, Units: 1, Modes: 2, SD: 0.1}
	a, err := r.network("non-saturating", 1)
	if err != nil {
		t.Fatal(err)
	}
	z := matrix(3, 1, 0.5, -1, 2)
	probe, err := newSlopes(a, matrix(3, 2, 0, 1, 2, 3, 4, 5), z)
	if err != nil {
		t.Fatal(err)
	}
	v, err := probe.measure()
	if err != nil {
		t.Fatal(err)
	}
	// Each logit by hand, in float64, and its losses' central differences in all weights.
	g, d := a.Generator.(*models.MLP).Layers, a.Discriminator.(*models.MLP).Layers
	leaky := func(x float64) float64 { return math.Max(x, 0.2*x) }
	at := func(p *blocks.Param, i int) float64 { return float64(p.Value.Float32s()[i]) }
	value := func(sign float64) (sum float64) {
		for _, code := range z.Float32s() {
			h := leaky(leaky(float64(code)*at(g[0].W, 0)+at(g[0].B, 0))*at(g[1].W, 0) + at(g[1].B, 0))
			x, y := h*at(g[2].W, 0)+at(g[2].B, 0), h*at(g[2].W, 1)+at(g[2].B, 1)
			l := leaky(leaky(x*at(d[0].W, 0)+y*at(d[0].W, 1)+at(d[0].B, 0))*at(d[1].W, 0)+at(d[1].B, 0))*at(d[2].W, 0) + at(d[2].B, 0)
			sum += sign * math.Log1p(math.Exp(sign*-l)) / 3
		}
		return sum
	}
	for i, sign := range []float64{-1, 1} { // minimax is −softplus(l), the other softplus(−l)
		var squares float64
		for _, p := range a.Generator.Params() {
			for j := range p.Value.Float32s() {
				e, old := p.Value.Float32s(), p.Value.Float32s()[j]
				const step = 1. / 1024
				e[j] = old + step
				up := value(sign)
				e[j] = old - step
				squares += math.Pow((up-value(sign))/(2*step), 2)
				e[j] = old
			}
		}
		if want := math.Sqrt(squares); math.Abs(v[i].Value-want) > 1e-3*want || want == 0 {
			t.Errorf("%s: want %g, got %g", v[i].Name, want, v[i].Value)
		}
	}
}
