package main

import (
	"math"
	"testing"

	"capas/blocks"
	"capas/datasets"
	"capas/random"

	"gorgonia.org/tensor"
)

// Standardised codes, beside those in plain Go: by the training set's measure, the same
// for all sets, and 0 where a unit never changes.
func TestStandardise(t *testing.T) {
	w, err := newWeights(Recipe{Width: 3}, blocks.Gaussian(1), 5, 2, 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	W := w.hidden[0].W.Value.Float32s()
	W[2], W[5] = 0, 0 // the third unit has no inputs
	set := func(label string, n int) *datasets.Set {
		x := make([]float32, 2*n)
		random.New(6).Split(label).Normal(x)
		s, err := datasets.NewSet(label, tensor.New(tensor.WithShape(n, 2), tensor.WithBacking(x)), make([]uint8, n), 2, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	before := datasets.Split{Train: set("train", 50), Validation: set("validation", 7), Test: set("test", 9)}
	after := before
	if err := standardise(w.network(blocks.Sigmoid(), 1).Layers[:1], &after); err != nil {
		t.Fatal(err)
	}
	code := func(s *datasets.Set, i, j int) float64 {
		x := s.X.Float32s()[2*i:]
		return 1 / (1 + math.Exp(-float64(x[0])*float64(W[j])-float64(x[1])*float64(W[3+j])))
	}
	for j := range 3 {
		var mean, variance float64
		for i := range 50 {
			mean += code(before.Train, i, j) / 50
		}
		for i := range 50 {
			variance += math.Pow(code(before.Train, i, j)-mean, 2) / 50
		}
		for _, sets := range [][2]*datasets.Set{{before.Train, after.Train}, {before.Validation, after.Validation}, {before.Test, after.Test}} {
			for i := range sets[0].Len() {
				want := 0.0
				if j < 2 {
					want = (code(sets[0], i, j) - mean) / math.Sqrt(variance)
				}
				if got := float64(sets[1].X.Float32s()[3*i+j]); !(math.Abs(got-want) < 1e-4) {
					t.Fatalf("%s, example %d, unit %d: got %g, want %g", sets[0].Name, i, j, got, want)
				}
			}
		}
	}
}
