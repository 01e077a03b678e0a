package main

import (
	"math"
	"slices"
	"testing"

	"capas/random"
)

// Each part of every coordinate's range is in one draw; rates are within their ends and
// uniform in the logarithm.
func TestDraws(t *testing.T) {
	s := presets()["paper"].Space
	const n = 12 // a multiple of the lists' lengths
	all := s.draws(n, random.New(1))
	count := func(of func(draw) int) map[int]int {
		m := map[int]int{}
		for _, d := range all {
			m[of(d)]++
		}
		return m
	}
	for name, c := range map[string]struct {
		of   func(draw) int
		kind int // how many values there are
	}{
		"depth": {func(d draw) int { return d.depth }, 3}, "width": {func(d draw) int { return d.width }, 2},
		"pretraining epochs": {func(d draw) int { return d.pretrainEpochs }, 3},
		"corruption":         {func(d draw) int { return int(math.Round(100 * d.corruption)) }, 3},
		"wide": {func(d draw) int {
			if d.wide {
				return 1
			}
			return 0
		}, 2},
	} {
		m := count(c.of)
		if len(m) != c.kind {
			t.Errorf("%s: %v, want %d values", name, m, c.kind)
		}
		for v, k := range m {
			if k != n/c.kind {
				t.Errorf("%s: %d is in %d of %d draws", name, v, k, n)
			}
		}
	}
	for name, c := range map[string]struct {
		ends []float64
		of   func(draw) float64
	}{"rate": {s.Rates, func(d draw) float64 { return d.rate }}, "pretraining rate": {s.PretrainRates, func(d draw) float64 { return d.pretrainRate }}} {
		var parts []int
		for _, d := range all {
			u := math.Log(c.of(d)/c.ends[0]) / math.Log(c.ends[1]/c.ends[0])
			parts = append(parts, int(math.Floor(u*n)))
		}
		slices.Sort(parts)
		want := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
		if !slices.Equal(parts, want) {
			t.Errorf("%s: parts %v of the logarithm's range", name, parts)
		}
	}
	if again := s.draws(n, random.New(1)); !slices.Equal(again, all) {
		t.Error("a second time, the draws are others")
	}
	if other := s.draws(n, random.New(2)); slices.Equal(other, all) {
		t.Error("another seed has the same draws")
	}
}

// One rate is a range without width.
func TestLogUniform(t *testing.T) {
	for _, test := range []struct {
		ends    []float64
		u, want float64
	}{{[]float64{0.01, 1}, 0.5, 0.1}, {[]float64{0.01, 1}, 0, 0.01}, {[]float64{0.3}, 0.7, 0.3}, {[]float64{0.002, 0.1}, 0.25, 0.00532}} {
		if got := logUniform(test.ends, test.u); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("%v at %g: %g, want %g", test.ends, test.u, got, test.want)
		}
	}
}
