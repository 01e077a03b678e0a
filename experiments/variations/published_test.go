package main

import (
	"math"
	"slices"
	"testing"

	"capas/datasets"
	"capas/random"
)

// Intervals by Wilson's score that others computed: Newcombe, "Two-sided confidence
// intervals for the single proportion: comparison of seven methods", Statistics in
// Medicine 17 (1998), Table I, method 3.
func TestInterval(t *testing.T) {
	for _, test := range []struct {
		wrong, n  int
		low, high float64
	}{
		{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718},
	} {
		low, high := interval(float64(test.wrong)/float64(test.n), test.n)
		if math.Abs(low-test.low) > 5e-5 || math.Abs(high-test.high) > 5e-5 {
			t.Errorf("%d of %d: %.4f to %.4f, want %.4f to %.4f", test.wrong, test.n, low, high, test.low, test.high)
		}
	}
	if low, high := interval(1, 10); high != 1 || low >= 1 {
		t.Errorf("all wrong: %g to %g", low, high)
	}
}

// Which of the paper's intervals overlap, worked out by hand from p ± 1.96 √(p(1−p)/50000).
func TestPairs(t *testing.T) {
	want := map[string][]pair{
		"mnist-basic":     {{sdae, sae, true}, {dbn, sae, true}, {sdae, dbn, false}},
		"mnist-rot":       {{sdae, sae, true}, {sae, dbn, false}, {sdae, dbn, true}},
		"mnist-back-rand": {{sdae, sae, true}, {dbn, sae, true}, {dbn, sdae, true}},
		"rectangles":      {{sdae, sae, true}, {sae, dbn, false}, {sdae, dbn, true}},
		"convex":          {{sae, sdae, false}, {sae, dbn, false}, {dbn, sdae, false}},
	}
	for _, f := range families() {
		if got := f.pairs(methods()); !slices.Equal(got, want[f.name]) {
			t.Errorf("%s: got %v, want %v", f.name, got, want[f.name])
		}
		if got := f.pairs([]string{mlp, sae}); got != nil {
			t.Errorf("%s: pairs %v of the perceptron, of which the paper has no number", f.name, got)
		}
	}
}

// The published sizes are those of the package that makes the sets.
func TestSizes(t *testing.T) {
	for _, f := range families() {
		data, err := datasets.Generate(t.Context(), f.name, random.New(1), datasets.GenerateOptions{Test: 1})
		if err != nil {
			t.Fatal(err)
		}
		if data.Train.Len() != f.train || data.Validation.Len() != f.validation {
			t.Errorf("%s: %d and %d images, want %d and %d", f.name, f.train, f.validation, data.Train.Len(), data.Validation.Len())
		}
	}
}
