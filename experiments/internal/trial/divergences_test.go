package trial

import (
	"errors"
	"slices"
	"testing"
)

// Trainings that diverged are named with their seed and what they ended with, others not.
func TestDivergences(t *testing.T) {
	var d Divergences
	d.Add("sae", 1, &Outcome{})
	d.Add("dbn", 2, &Outcome{Diverged: true, Err: errors.New("layer 1, epoch 3: the loss is NaN")})
	if want := []string{"dbn, seed 2 (layer 1, epoch 3: the loss is NaN)"}; !slices.Equal(d, want) {
		t.Errorf("got %q, want %q", d, want)
	}
}
