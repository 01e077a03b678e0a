package kernels

import (
	"fmt"
	"math"
)

// Uniform sets dst[i] to the upper 24 bits of words[i] as a fraction: a multiple of 2^−24 in [0,1).
func Uniform(dst []float32, words []uint32) {
	checkWords("Uniform", len(dst), len(words))
	active().uniform(dst, words)
}

// Bernoulli sets dst[i] to one if u < p[i], else to zero, where u is the uniform of words[i]; dst and p may be the same
// slice. p ≤ 0 and NaN never give one, p ≥ 1 always does.
func Bernoulli(dst, p []float32, words []uint32) {
	checkLengths("Bernoulli", dst, p)
	checkWords("Bernoulli", len(dst), len(words))
	active().bernoulli(dst, p, words)
}

// Mask sets dst[i] to value if u < keep, else to zero, where u is the uniform of words[i].
func Mask(dst []float32, keep, value float32, words []uint32) {
	checkWords("Mask", len(dst), len(words))
	active().mask(dst, keep, value, words)
}

// Normal sets dst to standard normal values by the method of Box and Muller: the words w, w′ at 2j and 2j+1 give
// √(−2 ln u)·cos 2πt and √(−2 ln u)·sin 2πt with u = (w+½)/2³² and t = w′/2³². The length is even. |dst[i]| ≤ 6.8.
func Normal(dst []float32, words []uint32) {
	checkWords("Normal", len(dst), len(words))
	if len(dst)%2 != 0 {
		panic(fmt.Sprintf("kernels: Normal: %d elements: want an even number", len(dst)))
	}
	active().normal(dst, words)
}

func checkWords(op string, dst, words int) {
	if dst != words {
		panic(fmt.Sprintf("kernels: %s: dst has %d elements, words has %d: want equal lengths", op, dst, words))
	}
}

func uniformPortable(dst []float32, words []uint32) {
	for i, w := range words {
		dst[i] = float32(w>>8) * 0x1p-24
	}
}

func bernoulliPortable(dst, p []float32, words []uint32) {
	const one = 0x3f800000 // the bits of 1; integers, as compilers select between those without a jump
	for i, w := range words {
		var b uint32
		if float32(w>>8)*0x1p-24 < p[i] {
			b = one
		}
		dst[i] = math.Float32frombits(b)
	}
}

func maskPortable(dst []float32, keep, value float32, words []uint32) {
	for i, w := range words {
		var b uint32
		if float32(w>>8)*0x1p-24 < keep {
			b = math.Float32bits(value)
		}
		dst[i] = math.Float32frombits(b)
	}
}

func normalPortable(dst []float32, words []uint32) {
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
