package random

import (
	"fmt"
	"sync"

	"capas/internal/kernels"
)

// scratch is what a bulk draw works in, piece by piece, to stay in the first-level cache.
type scratch struct {
	words  [chunk]uint32
	values [chunk]float32
}

const chunk = 1024 // even, for the pairs of Normal

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// pieces calls f for consecutive parts of n elements with the words they are made of, and moves s by n.
func (s *Stream) pieces(n int, f func(from, to int, w *scratch)) {
	w := scratches.Get().(*scratch)
	for from := 0; from < n; from += chunk {
		to := min(from+chunk, n)
		kernels.PhiloxFill(w.words[:to-from], s.key, s.position)
		s.position += uint64(to - from)
		f(from, to, w)
	}
	scratches.Put(w)
}

// Uniform fills dst with values uniform in [0,1): multiples of 2^−24, the upper 24 bits of a word each.
func (s *Stream) Uniform(dst []float32) {
	s.pieces(len(dst), func(from, to int, w *scratch) {
		kernels.Uniform(dst[from:to], w.words[:to-from])
	})
}

// Uniform64 fills dst with the values Uniform would draw.
func (s *Stream) Uniform64(dst []float64) {
	s.pieces(len(dst), func(from, to int, w *scratch) {
		kernels.Uniform(w.values[:to-from], w.words[:to-from])
		widen(dst[from:to], w.values[:to-from])
	})
}

// Bernoulli sets dst[i] to 1 with probability p[i], else to 0: to 1 if u < p[i] for the u that Uniform would draw. p ≤ 0
// and NaN never give 1, p ≥ 1 always does. dst and p may be the same slice; other lengths than equal ones panic.
func (s *Stream) Bernoulli(dst, p []float32) {
	checkLengths("Bernoulli", len(dst), len(p))
	s.pieces(len(dst), func(from, to int, w *scratch) {
		kernels.Bernoulli(dst[from:to], p[from:to], w.words[:to-from])
	})
}

// Bernoulli64 is Bernoulli in float64, with the same u.
func (s *Stream) Bernoulli64(dst, p []float64) {
	checkLengths("Bernoulli64", len(dst), len(p))
	s.pieces(len(dst), func(from, to int, w *scratch) {
		kernels.Uniform(w.values[:to-from], w.words[:to-from])
		for i, u := range w.values[:to-from] {
			var b float64
			if float64(u) < p[from+i] {
				b = 1
			}
			dst[from+i] = b
		}
	})
}

// Mask sets dst[i] to value with probability keep, else to 0: the mask of dropout (value 1/keep) and of masking
// corruption (value 1).
func (s *Stream) Mask(dst []float32, keep, value float32) {
	s.pieces(len(dst), func(from, to int, w *scratch) {
		kernels.Mask(dst[from:to], keep, value, w.words[:to-from])
	})
}

// Mask64 is Mask in float64, with the same u.
func (s *Stream) Mask64(dst []float64, keep, value float64) {
	s.pieces(len(dst), func(from, to int, w *scratch) {
		kernels.Uniform(w.values[:to-from], w.words[:to-from])
		for i, u := range w.values[:to-from] {
			var b float64
			if float64(u) < keep {
				b = value
			}
			dst[from+i] = b
		}
	})
}

// Normal fills dst with standard normal values by the method of Box and Muller, from pairs of words at positions 2j
// and 2j+1 of the stream: the cosine at even, the sine at odd positions. A call that starts or ends within a pair uses half of it,
// so that one long call still equals several short ones. The last bits depend on the kernel family, as those of every
// function of floats do; uniforms, Bernoulli draws and masks do not.
func (s *Stream) Normal(dst []float32) {
	s.normals(len(dst), func(from int, values []float32) { copy(dst[from:], values) })
}

// Normal64 fills dst with the values Normal would draw.
func (s *Stream) Normal64(dst []float64) {
	s.normals(len(dst), func(from int, values []float32) { widen(dst[from:from+len(values)], values) })
}

func (s *Stream) normals(n int, put func(from int, values []float32)) {
	w := scratches.Get().(*scratch)
	for from := 0; from < n; {
		skip := int(s.position % 2) // the pair's first half was an earlier call's
		count := min(chunk-skip, n-from)
		even := (skip + count + 1) &^ 1
		kernels.PhiloxFill(w.words[:even], s.key, s.position-uint64(skip))
		kernels.Normal(w.values[:even], w.words[:even])
		put(from, w.values[skip:skip+count])
		s.position += uint64(count)
		from += count
	}
	scratches.Put(w)
}

func widen(dst []float64, x []float32) {
	for i, v := range x {
		dst[i] = float64(v)
	}
}

func checkLengths(op string, dst, p int) {
	if dst != p {
		panic(fmt.Sprintf("random: %s: dst has %d elements, p has %d: want equal lengths", op, dst, p))
	}
}
