package main

import (
	"testing"

	"capas/experiments/internal/trial"
	"capas/train"
)

// A training that recovered and then diverged did not.
func TestRecovery(t *testing.T) {
	h := &train.History{Best: 2, Epochs: []train.Epoch{
		{Epoch: 1, Validation: train.Values{{Name: "error", Value: 0.3}}}, {Epoch: 2, Validation: train.Values{{Name: "error", Value: 0.1}}},
	}}
	for _, c := range []struct {
		below    float64
		diverged bool
		want     float64
	}{{0.2, false, 2}, {0.05, false, 6}, {0.2, true, 6}} {
		o := &outcome{Outcome: &trial.Outcome{Histories: []*train.History{h}, Diverged: c.diverged}}
		if got := o.recovery(c.below, 5); got != c.want {
			t.Errorf("%+v: got %g", c, got)
		}
	}
}
