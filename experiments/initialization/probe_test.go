package main

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/random"

	"gorgonia.org/tensor"
)

// noise is a set of m examples of n normal numbers, whose labels take turns.
func noise(t *testing.T, m, n, classes int) *datasets.Set {
	t.Helper()
	x := make([]float32, m*n)
	random.New(8).Normal(x)
	labels := make([]uint8, m)
	for i := range labels {
		labels[i] = uint8(i % classes)
	}
	set, err := datasets.NewSet("noise", tensor.New(tensor.WithShape(m, n), tensor.WithBacking(x)), labels, classes, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func probed(t *testing.T, net *models.MLP, set *datasets.Set, f blocks.Activation) ([]layer, float64) {
	t.Helper()
	r, err := newResponse(f)
	if err != nil {
		t.Fatal(err)
	}
	p, err := newProbe(net, set.Len(), r.steepest)
	if err != nil {
		t.Fatal(err)
	}
	layers, sure, err := p.run(set.X, set.OneHot())
	if err != nil {
		t.Fatal(err)
	}
	return layers, sure
}

// Each layer of a wide network multiplies the variance of activations, and of δ on its way
// down, by n·sd²/2 with ReLU (He et al. 2015) and by n·sd² with linear units. The relative
// variance of a layer's factor is 5/n for ReLU and 2/n for linear units, for one example;
// that of the geometric mean of 5 of them a fifth: the bound is four times its root.
func TestFactorsOfWideLayers(t *testing.T) {
	const width, depth = 1000, 6
	set := noise(t, 20, 300, 10)
	for _, c := range []struct {
		f             blocks.Activation
		init          blocks.Initializer
		factor, noise float64
	}{
		{blocks.ReLU(), blocks.He(), 1, 5},
		{blocks.ReLU(), blocks.LectureReLU(), 2, 5}, // 1000·(2/√1000)²/2
		{blocks.ReLU(), blocks.LeCun(), 0.5, 5},
		{blocks.ReLU(), blocks.Gaussian(1), 500, 5},
		{blocks.ReLU(), blocks.Uniform(), 1. / 6, 5}, // the variance of U ±1/√n is 1/3n
		{blocks.Linear(), blocks.Xavier(), 1, 2},
		{blocks.Linear(), blocks.Glorot(), 1, 2},
		{blocks.Linear(), blocks.LectureReLU(), 4, 2},
	} {
		net, err := mlp(depth, width, c.f, c.init, 3, set)
		if err != nil {
			t.Fatal(err)
		}
		layers, _ := probed(t, net, set, c.f)
		bound := 4 * math.Sqrt(c.noise/width/(depth-1))
		for what, got := range map[string]float64{"up": up(layers), "down": down(layers)} {
			if !(math.Abs(got/c.factor-1) < bound) {
				t.Errorf("%s/%s, %s: factor %.4g, want %.4g within %.2g %%", c.f, c.init, what, got, c.factor, 100*bound)
			}
		}
	}
}

// function is an activation in plain Go, with its derivative.
func function(t *testing.T, f blocks.Activation) (value, slope func(float64) float64) {
	t.Helper()
	switch f {
	case blocks.Sigmoid():
		y := func(z float64) float64 { return 1 / (1 + math.Exp(-z)) }
		return y, func(z float64) float64 { return y(z) * y(-z) }
	case blocks.Tanh():
		return math.Tanh, func(z float64) float64 { return 1 / (math.Cosh(z) * math.Cosh(z)) }
	case blocks.LeCunTanh():
		return func(z float64) float64 { return 1.7159 * math.Tanh(2*z/3) }, func(z float64) float64 { return 1.7159 * 2 / 3 / (math.Cosh(2*z/3) * math.Cosh(2*z/3)) }
	case blocks.Softsign():
		return func(z float64) float64 { return z / (1 + math.Abs(z)) }, func(z float64) float64 { return 1 / ((1 + math.Abs(z)) * (1 + math.Abs(z))) }
	case blocks.ReLU():
		return func(z float64) float64 { return max(0, z) }, func(z float64) float64 {
			if z > 0 {
				return 1
			}
			return 0
		}
	}
	t.Fatalf("%s: no reference", f)
	return nil, nil
}

// plainRun computes an example in plain Go, with off added to the pre-activation of a unit
// of a layer: its loss, its pre-activations by layer and the largest probability of a class.
func plainRun(net *models.MLP, set *datasets.Set, i int, f func(float64) float64, layer, unit int, off float64) (loss float64, z [][]float64, most float64) {
	var v []float64
	for _, x := range set.X.Float32s()[i*set.Dim() : (i+1)*set.Dim()] {
		v = append(v, float64(x))
	}
	for l, d := range net.Layers {
		b, w := d.B.Value.Float32s(), d.W.Value.Float32s()
		next := make([]float64, len(b))
		for j := range next {
			next[j] = float64(b[j])
			for a, x := range v {
				next[j] += x * float64(w[a*len(b)+j])
			}
		}
		if l == layer {
			next[unit] += off
		}
		z = append(z, append([]float64(nil), next...))
		if v = next; l < len(net.Layers)-1 {
			for j := range v {
				v[j] = f(v[j])
			}
		}
	}
	sum, top := 0.0, slices.Max(v)
	for _, x := range v {
		sum += math.Exp(x - top)
	}
	return math.Log(sum) + top - v[set.Labels[i]], z, 1 / sum
}

func plainVariance(v []float64) (out float64) {
	mean := 0.0
	for _, x := range v {
		mean += x / float64(len(v))
	}
	for _, x := range v {
		out += (x - mean) * (x - mean) / float64(len(v))
	}
	return out
}

// What the probe finds beside plain Go: δ by central differences of the loss, variances
// and shares by counting.
func TestProbeBesidePlainGo(t *testing.T) {
	const depth, width, m = 3, 5, 6
	for _, a := range []blocks.Activation{blocks.Sigmoid(), blocks.Tanh(), blocks.LeCunTanh(), blocks.Softsign(), blocks.ReLU()} {
		f, slope := function(t, a)
		set := noise(t, m, 4, 3)
		net, err := mlp(depth, width, a, blocks.Gaussian(2.5), 5, set)
		if err != nil {
			t.Fatal(err)
		}
		layers, sure := probed(t, net, set, a)
		certain, steepest := 0, map[blocks.Activation]float64{blocks.Sigmoid(): 0.25, blocks.LeCunTanh(): 1.7159 * 2 / 3}[a]
		if steepest == 0 {
			steepest = 1
		}
		z, h, delta, flat := make([][]float64, depth), make([][]float64, depth), make([][]float64, depth), make([]int, depth)
		for i := range m {
			_, values, most := plainRun(net, set, i, f, -1, 0, 0)
			if most > 0.99 {
				certain++
			}
			for l := range depth {
				for j, x := range values[l] {
					z[l], h[l] = append(z[l], x), append(h[l], f(x))
					if slope(x) < 0.01*steepest {
						flat[l]++
					}
					const step = 1e-5
					plus, _, _ := plainRun(net, set, i, f, l, j, step)
					minus, _, _ := plainRun(net, set, i, f, l, j, -step)
					delta[l] = append(delta[l], (plus-minus)/(2*step))
				}
			}
		}
		if want := float64(certain) / m; math.Abs(sure-want) > 1e-9 {
			t.Errorf("%s: sure of %g, want %g", a, sure, want)
		}
		for l, got := range layers {
			want := layer{plainVariance(z[l]), plainVariance(h[l]), plainVariance(delta[l]), float64(flat[l]) / (m * width)}
			for _, x := range []struct {
				what      string
				got, want float64
			}{{"z", got.Z, want.Z}, {"h", got.H, want.H}, {"δ", got.Delta, want.Delta}, {"saturated", got.Saturated, want.Saturated}} {
				if !(math.Abs(x.got-x.want) <= 1e-4*x.want) {
					t.Errorf("%s, layer %d, %s: %.7g, want %.7g", a, l+1, x.what, x.got, x.want)
				}
			}
			if want.Delta == 0 {
				t.Errorf("%s, layer %d: all of the sensitivity is 0, which tests nothing", a, l+1)
			}
		}
		if a == blocks.Tanh() && layers[1].Saturated == 0 {
			t.Error("no unit is saturated, which tests nothing")
		}
	}
}

// Standardised pixels have mean 0 and standard deviation 1; images that are all the same
// are refused.
func TestStandard(t *testing.T) {
	set := noise(t, 50, 7, 2)
	for i := range set.X.Float32s() {
		set.X.Float32s()[i] = 3 + 0.2*set.X.Float32s()[i]
	}
	out, err := newStandard(set).apply(set)
	if err != nil {
		t.Fatal(err)
	}
	var sum, squares float64
	for _, v := range out.X.Float32s() {
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	if n := float64(50 * 7); math.Abs(sum/n) > 1e-5 || math.Abs(squares/n-1) > 1e-5 {
		t.Errorf("mean %g and mean square %g, want 0 and 1", sum/n, squares/n)
	}
	if fmt.Sprint(out.Labels) != fmt.Sprint(set.Labels) {
		t.Error("other labels")
	}
	clear(set.X.Float32s())
	if _, err := newStandard(set).apply(set); err == nil {
		t.Error("black images: want an error")
	}
}
