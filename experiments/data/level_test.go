package main

import (
	"math"
	"testing"
)

// Errors that fall with a power of the number of labels are level where the power says.
func TestLevel(t *testing.T) {
	labels := []int{100, 1000, 3000, 50_000}
	power := func(n float64) float64 { return 3 * math.Pow(n, -0.4) }
	var errors []float64
	for _, n := range labels {
		errors = append(errors, power(float64(n)))
	}
	for _, n := range []float64{101, 500, 1000, 1234, 3001, 49_999, 50_000} {
		if got := levelOf(labels, errors, power(n)); math.Abs(got.labels/n-1) > 1e-9 || got.atMost || got.moreThan {
			t.Errorf("level at %v, want %g", got, n)
		}
	}
	for _, test := range []struct {
		errors []float64
		target float64
		want   string // as a multiple of 1000
	}{
		{errors, power(50), "≤ 0.1"},
		{errors, power(60_000), "> 50"},
		{errors, power(100), "≤ 0.1"},
		{[]float64{0.4, 0.4, 0.2, 0.2}, 0.4, "≤ 0.1"},
		{[]float64{0.4, 0.1, 0.2, 0.05}, 0.2, "0.32"}, // the first time: √(100·1000) = 316 labels
		{[]float64{0.4, 0.3, 0.2, 0}, 0.1, "50"},
		{[]float64{0.4, math.NaN(), 0.2, 0.1}, 0.05, "> 50"},
	} {
		if got := levelOf(labels, test.errors, test.target).times(1000); got != test.want {
			t.Errorf("errors %v, target %g: %s, want %s", test.errors, test.target, got, test.want)
		}
	}
}
