package figure

import (
	"math"
	"strconv"
	"strings"
)

// scale is the range of an axis and how it is divided.
type scale struct {
	log      bool
	integers bool // ticks on whole numbers only
	lo, hi   float64
}

// usable reports whether a value can be drawn on the axis.
func (s *scale) usable(v float64) bool {
	return !math.IsNaN(v) && !math.IsInf(v, 0) && (!s.log || v > 0)
}

// newScale is an axis that has seen no value.
func newScale(log bool) *scale {
	return &scale{log: log, lo: math.Inf(1), hi: math.Inf(-1)}
}

// include widens the range to v, if v is usable.
func (s *scale) include(v float64) {
	if s.usable(v) {
		s.lo, s.hi = min(s.lo, v), max(s.hi, v)
	}
}

// empty reports whether no value was included.
func (s *scale) empty() bool { return s.lo > s.hi }

// pad leaves a part of the range free at either end, and gives a range to a
// single value: one that is only rounding wide as well, since the mean of equal
// values may differ from them in the last bit. An end that is 0 stays there.
func (s *scale) pad(part float64) {
	if s.log {
		lo, hi := math.Log10(s.lo), math.Log10(s.hi)
		room := max(part*(hi-lo), 0.05)
		// Within the range of positive float64 numbers.
		s.lo, s.hi = math.Pow(10, max(lo-room, -300)), math.Pow(10, min(hi+room, 300))
		return
	}
	room := part * (s.hi - s.lo)
	if size := max(math.Abs(s.lo), math.Abs(s.hi)); s.hi-s.lo <= 1e-9*size {
		switch {
		case s.integers:
			room = max(0.5, 1e-9*size) // whole numbers of more than 16 digits lie farther apart than 1
		case s.hi == 0:
			room = 1 // any will do
		default:
			room = max(math.Abs(s.hi)/10, 1e-9)
		}
	}
	if s.lo != 0 {
		s.lo -= room
	}
	if s.hi != 0 || s.lo == 0 {
		s.hi += room
	}
}

// norm is the position of a value on the axis, 0 at lo and 1 at hi.
func (s *scale) norm(v float64) float64 {
	if s.log {
		return (math.Log(v) - math.Log(s.lo)) / (math.Log(s.hi) - math.Log(s.lo))
	}
	return (v - s.lo) / (s.hi - s.lo)
}

// tick is a mark on an axis; without a label it is a small one.
type tick struct {
	value float64
	label string
}

// ticks are the marks from lo to hi.
func (s *scale) ticks() []tick {
	lo, hi := s.lo, s.hi
	parts := 6.
	if s.log {
		ticks, labels := logTicks(lo, hi), 0
		for _, t := range ticks {
			if t.label != "" {
				labels++
			}
		}
		if labels > 1 {
			return ticks
		}
		parts = 4 // a narrow range: equal steps look nearly equal on it
	}
	step := niceStep((hi - lo) / parts)
	if s.integers && step < 5 {
		step = max(math.Floor(step), 1) // 2 for 2.5
	}
	digits := max(0, -int(math.Floor(math.Log10(step)+1e-9)))
	if m := step * math.Pow(10, float64(digits)); math.Abs(m-math.Round(m)) > 1e-6 {
		digits++ // a step of 2.5
	}
	var ticks []tick
	for i := math.Ceil(lo/step - 1e-9); i*step <= hi+1e-9*step; i++ {
		label := strconv.FormatFloat(i*step, 'f', digits, 64)
		if digits > 6 || math.Abs(i*step) >= 1e6 {
			label = compact(i * step)
		}
		if i == 0 {
			label = "0"
		}
		ticks = append(ticks, tick{i * step, label})
		if i+1 == i { // a range so narrow that its ends are all there is in it
			break
		}
	}
	return ticks
}

// niceStep is the number of 1, 2, 2.5 or 5 times a power of ten next above x.
func niceStep(x float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(x)))
	for _, m := range []float64{1, 2, 2.5, 5} {
		if m*power >= x*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// logTicks are powers of ten, thinned out over a wide range, and 2 and 5 times
// them over a narrow one.
func logTicks(lo, hi float64) []tick {
	first, last := math.Floor(math.Log10(lo)), math.Ceil(math.Log10(hi))
	every := max(1, math.Ceil((last-first)/7))
	multiples := []float64{1}
	if math.Log10(hi)-math.Log10(lo) < 2 {
		multiples = []float64{1, 2, 5}
	}
	var ticks []tick
	for e := first; e <= last; e++ {
		for _, m := range multiples {
			v := m * math.Pow(10, e)
			if v < lo || v > hi {
				continue
			}
			mark := tick{value: v}
			if math.Mod(e-first, every) == 0 {
				mark.label = compact(v)
			}
			ticks = append(ticks, mark)
		}
	}
	return ticks
}

// compact writes a number as briefly as it can: 0.02, 300, 1e-8, 2e6.
func compact(v float64) string {
	text := strconv.FormatFloat(v, 'g', 6, 64)
	if a := math.Abs(v); a != 0 && (a < 1e-3 || a >= 1e5) {
		if rounded, err := strconv.ParseFloat(text, 64); err == nil { // a power of ten need not be one to the last bit
			v = rounded
		}
		text = strconv.FormatFloat(v, 'e', -1, 64)
	}
	text = strings.Replace(text, "e-0", "e-", 1)
	text = strings.Replace(text, "e+0", "e", 1)
	return strings.Replace(text, "e+", "e", 1)
}
