package main

import (
	"math"
	"testing"

	"capas/blocks"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/train"
)

// Infinite errors are of trainings that diverged; what is no number is not measured.
func TestFinite(t *testing.T) {
	for want, v := range map[string][]float64{"diverged": {0.5, math.Inf(1)}, "–": {0.5, math.NaN()}, "0.5": {0.5}} {
		if got := finite(v); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
}

// Usable rates are those near the best one, if networks learn at that one at all.
func TestUsable(t *testing.T) {
	c, rates := cell{blocks.Tanh(), 1}, []float64{0.1, 1, 10}
	for _, test := range []struct {
		errors []float64
		want   string
	}{
		{[]float64{0.14, 0.1, 0.16}, "0.1, 1"},
		{[]float64{0.9, 0.88, 0.9}, "none"},
	} {
		r := &reporter{Run: &lab.Run[Recipe]{}, by: map[spec]*outcome{}, best: map[cell]float64{c: 1}}
		r.Recipe.Rates, r.Seeds = rates, []uint64{1}
		for i, rate := range rates {
			h := &train.History{Best: 1, Epochs: []train.Epoch{{Epoch: 1, Validation: train.Values{{Name: "error", Value: test.errors[i]}}}}}
			s := spec{c.f, c.depth, rate, 1}
			r.by[s] = &outcome{spec: s, Outcome: &trial.Outcome{Histories: []*train.History{h}}}
		}
		if got := r.usable(c); got != test.want {
			t.Errorf("errors %v: %q, want %q", test.errors, got, test.want)
		}
	}
}
