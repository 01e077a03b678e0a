package autodiff_test

import (
	"testing"

	"capas/internal/gradcheck"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// must stops the test at an error.
func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// leaf adds a leaf with fixed numbers in [−1,1).
func leaf(g *G.ExprGraph, dt tensor.Dtype, name string, dims ...int) *G.Node {
	return gradcheck.Leaf(g, name, gradcheck.Uniform(dt, name, dims...))
}
