package main

import (
	"math"
	"testing"

	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/random"

	"gorgonia.org/tensor"
)

// noisy is a set of n random examples of three classes, a third each, whose means
// differ.
func noisy(t *testing.T, n int) *datasets.Set {
	t.Helper()
	const d = 4
	x, labels := make([]float32, n*d), make([]uint8, n)
	random.New(1).Normal(x)
	for i := range n {
		labels[i] = uint8(i % 3)
		x[i*d+i%3] += 2
	}
	set, err := datasets.NewSet("noisy", tensor.New(tensor.WithShape(n, d), tensor.WithBacking(x)), labels, 3, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// The deviation of batches drawn without replacement follows from the gradients of the
// single examples, by the formulas of survey sampling: the mean of ‖g_batch − g‖² is
// S²/m·(1 − m/n), where S² is the variance, summed over coordinates, of the examples'
// gradients, and in balanced batches that within the classes (Cochran 1977, theorems 2.2
// and 5.3).
func TestDeviation(t *testing.T) {
	const n, m = 1200, 6
	set := noisy(t, n)
	net, err := models.NewMLP("mlp", []int{4, 5, 3}, blocks.Tanh(), blocks.Glorot(), blocks.Glorot(), random.New(2))
	if err != nil {
		t.Fatal(err)
	}
	gradient, err := gradients(net, 1)
	if err != nil {
		t.Fatal(err)
	}
	batches, err := datasets.NewBatches(set, 1, datasets.BatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var all [][]float64
	var mean []float64
	byClass := make([][]float64, 3)
	add := func(to []float64, g []float64, scale float64) []float64 {
		if to == nil {
			to = make([]float64, len(g))
		}
		for i, v := range g {
			to[i] += scale * v
		}
		return to
	}
	batches.Epoch()
	for i := range n {
		b, _ := batches.Next()
		g, err := gradient(b)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, append([]float64{}, g...))
		mean = add(mean, g, 1.0/n)
		byClass[i%3] = add(byClass[i%3], g, 3.0/n)
	}
	var total, within, norm float64
	for i, g := range all {
		for k, v := range g {
			total += (v - mean[k]) * (v - mean[k]) / (n - 1)
			c := v - byClass[i%3][k]
			within += c * c / (n - 3)
		}
	}
	for _, v := range mean {
		norm += v * v
	}
	for _, c := range []struct {
		balanced bool
		variance float64
	}{{false, total}, {true, within}} {
		want := math.Sqrt(c.variance / m * (1 - m/float64(n)) / norm)
		var sum float64
		const epochs = 5 // of 200 batches: the root of the mean of 1000 squares is within some 3 %
		for e := range epochs {
			d, err := deviation(net, set, m, c.balanced, random.New(uint64(e)))
			if err != nil {
				t.Fatal(err)
			}
			sum += d * d / epochs
		}
		if got := math.Sqrt(sum); math.Abs(got/want-1) > 0.04 {
			t.Errorf("balanced %v: deviation %g, want %g", c.balanced, got, want)
		}
	}
	// The squares are divided by n − 1 and n − 3 above.
	between, err := betweenClasses(t.Context(), net, set)
	if want := 1 - within*(n-3)/(total*(n-1)); err != nil || math.Abs(between-want) > 1e-6 {
		t.Errorf("%g of the variance between classes, want %g, %v", between, want, err)
	}
	if within > 0.9*total {
		t.Errorf("variance within classes %g of %g: the classes' gradients do not differ, so that the test shows nothing", within, total)
	}
}
