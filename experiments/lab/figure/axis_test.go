package figure

import "testing"

// TestZeros: where all values are 0, the axis has the range of a usual one.
func TestZeros(t *testing.T) {
	s := newScale(false)
	s.include(0)
	s.pad(0.05)
	if s.lo != 0 || s.hi != 1 {
		t.Errorf("got an axis from %g to %g, want one from 0 to 1", s.lo, s.hi)
	}
}
