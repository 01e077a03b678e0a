package figure

import (
	"math"
	"testing"
	"time"
)

// TestZeros: where all values are 0, the axis has the range of a usual one.
func TestZeros(t *testing.T) {
	s := newScale(false)
	s.include(0)
	s.pad(0.05)
	if s.lo != 0 || s.hi != 1 {
		t.Errorf("got an axis from %g to %g, want one from 0 to 1", s.lo, s.hi)
	}
}

// padded is an axis around values.
func padded(integers bool, values ...float64) *scale {
	s := newScale(false)
	s.integers = integers
	for _, v := range values {
		s.include(v)
	}
	s.pad(0.05)
	return s
}

// TestRoundingIsNoRange: the axis of values that differ by rounding is that of one of
// them; values that are apart, also by little, have an axis that shows it.
func TestRoundingIsNoRange(t *testing.T) {
	next := func(v float64) float64 { return math.Nextafter(v, math.Inf(1)) }
	for _, test := range []struct {
		integers     bool
		values       []float64
		least, most  float64 // width of the axis
		fewest, many int     // ticks
	}{
		{false, []float64{89.9, next(89.9)}, 17, 19, 2, 10},
		{false, []float64{-89.9, next(-89.9)}, 17, 19, 2, 10},
		{false, []float64{0.1 + 0.2, 0.3}, 0.05, 0.07, 2, 10},
		{false, []float64{1e-300, next(1e-300)}, 1e-9, 3e-9, 2, 10},
		{false, []float64{1e300, next(1e300)}, 1e299, 3e299, 2, 10},
		{false, []float64{-1e-17, 1e-17}, 2e-17, 3e-17, 2, 10}, // about 0 this is no rounding
		{false, []float64{0, 1e-17}, 1e-17, 2e-17, 2, 10},
		{false, []float64{1, 1 + 1e-7}, 1e-7, 2e-7, 2, 10},
		{true, []float64{3}, 1, 1, 1, 1},
		{true, []float64{-3}, 1, 1, 1, 1},
		{true, []float64{1e10, 1e10 + 2}, 2, 30, 2, 10},
		{true, []float64{1e17}, 1e8, 3e8, 2, 10},
	} {
		s := padded(test.integers, test.values...)
		if width := s.hi - s.lo; !(width >= test.least && width <= test.most) {
			t.Fatalf("%v: got an axis from %v to %v, want one %g to %g wide", test.values, s.lo, s.hi, test.least, test.most)
		}
		for _, v := range test.values {
			if n := s.norm(v); !(n >= 0 && n <= 1) {
				t.Errorf("%v: %v is at %g of the axis, want 0 to 1", test.values, v, n)
			}
		}
		var ticks []tick
		ends(func() { ticks = s.ticks() })
		if len(ticks) < test.fewest || len(ticks) > test.many {
			t.Errorf("%v: got %d ticks, want %d to %d", test.values, len(ticks), test.fewest, test.many)
		}
	}
}

// ends runs f and panics if it does not end: what goes on for ever may take memory too.
func ends(f func()) {
	done := make(chan bool)
	go func() { f(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		panic("the chart is not drawn after 10 seconds")
	}
}

// TestEqualValues draws seeds that all have the same value, one whose mean is not
// that value to the last bit, and a grid as narrow as numbers allow.
func TestEqualValues(t *testing.T) {
	same := []float64{89.9, 89.9, 89.9}
	if mean, _, _ := spread(same, newScale(false)); mean == same[0] {
		t.Fatalf("the mean is %v exactly: want values that round", mean)
	}
	column, narrow := [][]float64{{89.9}, {89.9}, {89.9}}, []float64{89.9, math.Nextafter(89.9, 90)}
	for name, c := range map[string]interface{ SVG() ([]byte, error) }{
		"dots":     Dots{YLabel: "error %", Items: []Item{{Name: "a", Values: same}}},
		"negative": Dots{YLabel: "error %", Items: []Item{{Name: "a", Values: []float64{-89.9, -89.9, -89.9}}}},
		"lines":    Lines{XLabel: "x", YLabel: "y", Series: []Series{{Name: "a", X: []float64{1}, Y: column}}},
		"boxes":    Boxes{YLabel: "y", Items: []Item{{Name: "a", Values: same}}},
		"paths":    Paths{XLabel: "x", YLabel: "y", Paths: []Path{{Name: "a", X: narrow, Y: narrow}}},
		"scatter":  Scatter{XLabel: "x", YLabel: "y", Clouds: []Cloud{{Name: "a", X: narrow, Y: narrow}}},
		"contours": Contours{XLabel: "x", YLabel: "y", X: narrow, Y: narrow, Z: [][]float64{{1, 2}, {3, 4}}, Levels: []float64{2.5}},
	} {
		ends(func() {
			svg, err := c.SVG()
			if err != nil {
				t.Errorf("%s: %v", name, err)
				return
			}
			parseSVG(t, svg)
		})
	}
}
