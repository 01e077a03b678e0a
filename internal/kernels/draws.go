package kernels

import "math"

// The draws are made of the words of [PhiloxFill]: element i of a call of word first+i of the sequence of key, whatever the
// call's length, so that a draw may be divided.

// Uniform sets dst[i] to the upper 24 bits of its word as a fraction: a multiple of 2^−24 in [0,1).
func Uniform(dst []float32, key, first uint64) { active().uniform(dst, key, first) }

// Bernoulli sets dst[i] to one if u < p[i], else to zero, where u is what Uniform gives; dst and p may be the same
// slice. p ≤ 0 and NaN never give one, p ≥ 1 always does.
func Bernoulli(dst, p []float32, key, first uint64) {
	checkLengths("Bernoulli", dst, p)
	active().bernoulli(dst, p, key, first)
}

// Mask sets dst[i] to value if u < keep, else to zero, where u is what Uniform gives.
func Mask(dst []float32, keep, value float32, key, first uint64) {
	active().mask(dst, keep, value, key, first)
}

// Normal sets dst to standard normal values by the method of Box and Muller: the words w, w′ at positions 2j, 2j+1 of the
// sequence give √(−2 ln u)·cos 2πt and √(−2 ln u)·sin 2πt with u = (w+½)/2³² and t = w′/2³². A call that starts or ends
// within a pair computes both of it and uses one. |dst[i]| ≤ 6.8; the error is at most 4 ulp of the radius √(−2 ln u), in all
// families.
func Normal(dst []float32, key, first uint64) { active().normal(dst, key, first) }

// wordsAtOnce is how many words stand between the generator and what is made of them: on the stack, in the first-level cache.
const wordsAtOnce = 256

func (f family) normal(dst []float32, key, first uint64) {
	var words [wordsAtOnce]uint32
	for len(dst) > 0 {
		skip := int(first % 2)
		n := min(len(dst), wordsAtOnce-skip)
		if skip == 0 && n > 1 { // whole pairs
			n &^= 1
			f.philoxFill(words[:n], key, first)
			f.normalWords(dst[:n], words[:n])
		} else {
			n = 1
			var pair [2]float32
			f.philoxFill(words[:2], key, first-uint64(skip))
			f.normalWords(pair[:], words[:2])
			dst[0] = pair[skip]
		}
		dst, first = dst[n:], first+uint64(n)
	}
}

func uniformPortable(dst []float32, key, first uint64) {
	var words [wordsAtOnce]uint32
	for len(dst) > 0 {
		n := min(len(dst), wordsAtOnce)
		philoxFillPortable(words[:n], key, first)
		for i, w := range words[:n] {
			dst[i] = uniform32(w)
		}
		dst, first = dst[n:], first+uint64(n)
	}
}

func bernoulliPortable(dst, p []float32, key, first uint64) {
	var words [wordsAtOnce]uint32
	for len(dst) > 0 {
		n := min(len(dst), wordsAtOnce)
		philoxFillPortable(words[:n], key, first)
		for i, w := range words[:n] {
			dst[i] = below(uniform32(w), p[i], 1)
		}
		dst, p, first = dst[n:], p[n:], first+uint64(n)
	}
}

func maskPortable(dst []float32, keep, value float32, key, first uint64) {
	var words [wordsAtOnce]uint32
	for len(dst) > 0 {
		n := min(len(dst), wordsAtOnce)
		philoxFillPortable(words[:n], key, first)
		for i, w := range words[:n] {
			dst[i] = below(uniform32(w), keep, value)
		}
		dst, first = dst[n:], first+uint64(n)
	}
}

func uniform32(w uint32) float32 { return float32(w>>8) * 0x1p-24 }

// below is value if u < limit, else 0: selected between integers, which compilers do without a jump.
func below(u, limit, value float32) float32 {
	bits := math.Float32bits(value)
	if !(u < limit) {
		bits = 0
	}
	return math.Float32frombits(bits)
}

func normalWordsPortable(dst []float32, words []uint32) {
	for i := 0; i+1 < len(words); i += 2 {
		u := float32(float64(words[i])+0.5) * 0x1p-32
		r := float32(math.Sqrt(float64(-2 * log32(u))))
		sin, cos := sinCosTurn(words[i+1])
		dst[i], dst[i+1] = r*cos, r*sin
	}
}

// sinCosTurn returns sine and cosine of 2π·t/2³². The nearest multiple of a quarter turn is split off, so that the series
// see at most an eighth of a turn.
func sinCosTurn(t uint32) (sin, cos float32) {
	quarter := (t + 1<<29) >> 30
	x := float64(float64(int32(t-quarter<<30)) * (2 * math.Pi * 0x1p-32))
	z := float64(x * x)
	s := 1.0 / 362880
	s = float64(s*z) - 1.0/5040
	s = float64(s*z) + 1.0/120
	s = float64(s*z) - 1.0/6
	s = x + float64(float64(s*z)*x)
	c := 1.0 / 40320
	c = float64(c*z) - 1.0/720
	c = float64(c*z) + 1.0/24
	c = float64(c*z) - 1.0/2
	c = 1 + float64(c*z)
	switch quarter {
	case 0:
		return float32(s), float32(c)
	case 1:
		return float32(c), float32(-s)
	case 2:
		return float32(-s), float32(-c)
	default:
		return float32(-c), float32(s)
	}
}
