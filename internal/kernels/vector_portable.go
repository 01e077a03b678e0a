package kernels

import "math"

// The portable functions work in float64: with polynomials good to some 1e-10 the one rounding that counts is the
// last, to float32. Products are converted explicitly, which forbids a compiler to fuse them with the addition that
// follows, so every machine computes the same bytes.

func expPortable(dst, x []float32) {
	for i, v := range x {
		dst[i] = exp32(v)
	}
}

func sigmoidPortable(dst, x []float32) {
	for i, v := range x {
		dst[i] = sigmoid32(v)
	}
}

func tanhPortable(dst, x []float32) {
	for i, v := range x {
		dst[i] = tanh32(v)
	}
}

func softplusPortable(dst, x []float32) {
	for i, v := range x {
		dst[i] = softplus32(v)
	}
}

func logPortable(dst, x []float32) {
	for i, v := range x {
		dst[i] = log32(v)
	}
}

// expLimit is beyond every argument at which float32 exp, or what is made of it, still changes:
// e^−105 is less than half the smallest denormal, e^105 overflows.
const expLimit = 105

func exp32(x float32) float32 {
	switch {
	case x > expLimit:
		return float32(math.Inf(1))
	case x < -expLimit:
		return 0
	case x != x:
		return x
	}
	scale, em1 := expParts(float64(x))
	return float32(scale + float64(scale*em1))
}

func sigmoid32(x float32) float32 {
	switch {
	case x > expLimit:
		return 1
	case x < -expLimit:
		return 0
	case x != x:
		return x
	}
	scale, em1 := expParts(-float64(x))
	return float32(1 / (1 + (scale + float64(scale*em1))))
}

// tanh32 uses tanh a = (e^2a − 1)/(e^2a + 1), where e^2a − 1 is formed without cancellation.
func tanh32(x float32) float32 {
	a := math.Abs(float64(x))
	if a > 10 { // 1 − tanh(10) is below 2^−28
		return float32(math.Copysign(1, float64(x)))
	}
	if x != x {
		return x
	}
	scale, em1 := expParts(2 * a)
	e := (scale - 1) + float64(scale*em1)
	return float32(math.Copysign(e/(e+2), float64(x)))
}

// softplus32 uses log(1+e^x) = max(x, 0) + log(1+e^−|x|), and log(1+e) = 2 artanh(e/(2+e)).
func softplus32(x float32) float32 {
	switch {
	case x > expLimit:
		return x
	case x < -expLimit:
		return 0
	case x != x:
		return x
	}
	scale, em1 := expParts(-math.Abs(float64(x)))
	e := scale + float64(scale*em1)
	return float32(max(float64(x), 0) + twiceArtanh(e/(2+e)))
}

// log32 writes x = 2^n·f with f between √½ and √2; log f = 2 artanh((f−1)/(f+1)).
func log32(x float32) float32 {
	switch {
	case x == 0:
		return float32(math.Inf(-1))
	case x < 0:
		return float32(math.NaN())
	case x != x || x > math.MaxFloat32:
		return x
	}
	bits := math.Float64bits(float64(x)) // normal even if x is not
	n := int(bits>>52) - 1023
	f := math.Float64frombits(bits&(1<<52-1) | 1023<<52)
	if f > math.Sqrt2 {
		f /= 2
		n++
	}
	return float32(float64(float64(n)*math.Ln2) + twiceArtanh((f-1)/(f+1)))
}

// expParts returns 2^n and e^r − 1 for x = n·ln 2 + r, |r| ≤ ln 2 / 2, so that e^x = 2^n + 2^n·(e^r − 1).
// The series' remainder is below r^10/10!, 7e-12.
func expParts(x float64) (scale, em1 float64) {
	const shift = 3 << 51 // adding it rounds to an integer, which the low bits then hold
	rounded := float64(x*math.Log2E) + shift
	n := rounded - shift
	r := x - float64(n*math.Ln2)
	p := 1.0 / 362880
	p = float64(p*r) + 1.0/40320
	p = float64(p*r) + 1.0/5040
	p = float64(p*r) + 1.0/720
	p = float64(p*r) + 1.0/120
	p = float64(p*r) + 1.0/24
	p = float64(p*r) + 1.0/6
	p = float64(p*r) + 1.0/2
	p = float64(p*r) + 1
	return math.Float64frombits((math.Float64bits(rounded) + 1023) << 52), float64(p * r)
}

// twiceArtanh returns 2 artanh(s) = 2s + 2s³/3 + 2s⁵/5 + …, for |s| ≤ 1/3 with a remainder below 1e-11 of it.
func twiceArtanh(s float64) float64 {
	z := float64(s * s)
	p := 2.0 / 21
	p = float64(p*z) + 2.0/19
	p = float64(p*z) + 2.0/17
	p = float64(p*z) + 2.0/15
	p = float64(p*z) + 2.0/13
	p = float64(p*z) + 2.0/11
	p = float64(p*z) + 2.0/9
	p = float64(p*z) + 2.0/7
	p = float64(p*z) + 2.0/5
	p = float64(p*z) + 2.0/3
	p = float64(p*z) + 2
	return float64(p * s)
}
