package main

import (
	"fmt"
	"math"
)

// constantBits are the constants by name, as bits of a float32.
//
// The polynomials are least-squares fits of ours at Chebyshev nodes, weighted by what matters for the relative error of the
// result; errors stated below are those of the rounded coefficients.
var constantBits = map[string]uint32{
	"log2e": 0x3fb8aa3b, "ln2hi": 0x3f317200, "ln2lo": 0x35bfbe8e,
	"exp0": 0x3efffffc, "exp1": 0x3e2aaa47, "exp2": 0x3d2aadad, "exp3": 0x3c091de3, "exp4": 0x3ab43dc1,
	"artanh0": 0x3f2aaaac, "artanh1": 0x3ecccb56, "artanh2": 0x3e92847a, "artanh3": 0x3e5b71a7, "artanh4": 0x3e78bd7c,
	"sin0": 0xbe2aaaa3, "sin1": 0x3c0883a3, "sin2": 0xb94ca3bd,
	"cos0": 0x3d2aaaa5, "cos1": 0xbab60630, "cos2": 0x37ccfb98,
	"turn":    float(2 * math.Pi * 0x1p-32),
	"zero":    0,
	"half":    float(0.5),
	"one":     float(1),
	"two":     float(2),
	"ten":     float(10),
	"expMax":  float(105),
	"expMin":  float(-105),
	"lecunA":  float(1.7159),
	"lecunS":  float(2.0 / 3),
	"unit24":  float(0x1p-24),
	"unit32":  float(0x1p-32),
	"two16":   float(0x1p16),
	"scaleUp": float(0x1p24), "twentyFour": float(24), "minusTwo": float(-2),
	"minNormal": float(0x1p-126),
	"infinity":  0x7f800000, "minusInfinity": 0xff800000, "nan": 0x7fc00000,
	"signBit": 0x80000000, "magnitude": 0x7fffffff, "bias": 127, "sqrtHalf": 0x3f3504f3,
	"philoxM0": 0xD2511F53, "philoxM1": 0xCD9E8D57,
	"low16": 0xffff, "eighthTurn": 0x20000000, "oneInt": 1,
}

func float(x float32) uint32 { return math.Float32bits(x) }

// constantMacro prints the macro that defines a constant: AVX2 reads eight equal elements, AVX-512 broadcasts one.
func (p *printer) constantMacro() {
	copies := map[*isa]int{avx2: 8, avx512: 1}[p.isa]
	var lines []string
	for i := range copies {
		lines = append(lines, fmt.Sprintf("DATA name<>+%d(SB)/4, $bits", 4*i))
	}
	p.macro("CONST(name, bits)", append(lines, fmt.Sprintf("GLOBL name<>(SB), RODATA|NOPTR, $%d", 4*copies)))
}

func constant(name string) string {
	bits, ok := constantBits[name]
	if !ok {
		panic("no constant " + name)
	}
	return fmt.Sprintf("CONST(%s, 0x%08x) // %g", name, bits, math.Float32frombits(bits))
}

// expm1 splits x = n·ln 2 + r, |r| ≤ ln 2/2, and returns n and e^r − 1 = r + r²·s(r). s has degree 4, error 4e-9 of e^r.
func (b *block) expm1(x value) (n, em1 value) {
	n = b.round(b.mul(x, konst("log2e")))
	r := b.fnma(n, konst("ln2hi"), x)
	r = b.fnma(n, konst("ln2lo"), r)
	s := b.horner(r, "exp0", "exp1", "exp2", "exp3", "exp4")
	return n, b.fma(s, b.mul(r, r), r)
}

// power2 is 2^n for an integer n in the range of exponents.
func (b *block) power2(n value) value {
	return b.shift("VPSLLD $23", b.addInt(n, konst("bias")))
}

// exp is e^x.
func (b *block) exp(x value) value { return b.expBelow(b.min(konst("expMax"), x)) }

// expBelow is e^x for x ≤ 105 or NaN. The clamps keep 2^n within two factors of normal range, 2^⌊n/2⌋ and the rest, of which
// only the second multiplication can round, overflow or become denormal. The operands of min and max are ordered to let NaN pass.
func (b *block) expBelow(x value) value {
	n, em1 := b.expm1(b.max(konst("expMin"), x))
	i := b.toInt(n)
	half := b.shift("VPSRAD $1", i)
	rest := b.subInt(i, half)
	return b.mul(b.mul(b.add(em1, konst("one")), b.power2(half)), b.power2(rest))
}

// sigmoid: with e = exp(−|x|), x ≥ 0 gives 1/(1+e) and x < 0 gives e/(1+e).
func (b *block) sigmoid(x value) value {
	e := b.expBelow(b.or(x, konst("signBit")))
	return b.div(b.choose(b.negative(x), konst("one"), e), b.add(e, konst("one")))
}

// tanh: with e = exp(2|x|) − 1 = (2^n − 1) + 2^n·(e^r − 1), free of cancellation, |tanh x| = e/(e+2). Beyond 10 the quotient
// is exactly 1.
func (b *block) tanh(x value) value {
	sign := b.and(x, konst("signBit"))
	a := b.min(konst("ten"), b.xor(x, sign))
	n, em1 := b.expm1(b.add(a, a))
	scale := b.power2(b.toInt(n))
	e := b.fma(em1, scale, b.sub(scale, konst("one")))
	return b.or(b.div(e, b.add(e, konst("two"))), sign)
}

// log1p is log(1+d) for d in [√½−1, 1]. With s = d/(2+d), log(1+d) = 2 artanh s = d − s·(d − R), where R = s²·p(s²) is
// what 2 artanh s has beyond 2s, over s. p has degree 4, error 6e-10 of the logarithm.
func (b *block) log1p(d value) value {
	s := b.div(d, b.add(d, konst("two")))
	z := b.mul(s, s)
	p := b.horner(z, "artanh0", "artanh1", "artanh2", "artanh3", "artanh4")
	return b.fnma(s, b.fnma(p, z, d), d)
}

// softplus is max(x, 0) + log(1 + exp(−|x|)).
func (b *block) softplus(x value) value {
	return b.add(b.log1p(b.expBelow(b.or(x, konst("signBit")))), b.max(konst("zero"), x))
}

// logFinite is log x − less·ln 2 for a positive normal x = 2^n·f with f between √½ and √2. The bits of √½ taken off leave n
// in the exponent's place.
func (b *block) logFinite(x value, less func(n value) value) value {
	n := b.shift("VPSRAD $23", b.subInt(x, konst("sqrtHalf")))
	f := b.subInt(x, b.shift("VPSLLD $23", n))
	exponent := less(b.toFloat(n))
	y := b.log1p(b.sub(f, konst("one")))
	return b.fma(exponent, konst("ln2hi"), b.fma(exponent, konst("ln2lo"), y))
}

// log scales denormals up by 2^24 first; at the end zero gives −Inf, less gives NaN, +Inf and NaN stay.
func (b *block) log(x value) value {
	denormal := b.less(x, konst("minNormal"))
	normal := b.choose(denormal, x, b.mul(x, konst("scaleUp")))
	y := b.logFinite(normal, func(n value) value { return b.sub(n, b.where(denormal, konst("twentyFour"))) })
	y = b.choose(b.notLess(x, konst("infinity")), y, x)
	y = b.choose(b.equal(x, konst("zero")), y, konst("minusInfinity"))
	return b.choose(b.less(x, konst("zero")), y, konst("nan"))
}

// sinCos returns sine and cosine of 2π·t/2³² for integers t. The nearest quarter turn q is split off, x = 2π·rest in
// [−π/4, π/4], sin x = x + x·z·S(z), cos x = 1 − z/2 + z²·C(z), z = x², errors 7e-9 and 3e-10; an odd q swaps the two, bit 1
// of q and of q+1 are the signs of sine and cosine.
func (b *block) sinCos(t value) (sin, cos value) {
	q := b.shift("VPSRLD $30", b.addInt(t, konst("eighthTurn")))
	x := b.mul(b.toFloat(b.subInt(t, b.shift("VPSLLD $30", q))), konst("turn"))
	z := b.mul(x, x)
	s := b.fma(b.horner(z, "sin0", "sin1", "sin2"), b.mul(x, z), x)
	c := b.horner(z, "cos0", "cos1", "cos2")
	c = b.fma(b.fms(c, z, konst("half")), z, konst("one"))
	swap := b.negative(b.shift("VPSLLD $31", q))
	sin, cos = b.choose(swap, s, c), b.choose(swap, c, s)
	sin = b.xor(sin, b.and(b.shift("VPSLLD $30", q), konst("signBit")))
	cos = b.xor(cos, b.and(b.shift("VPSLLD $30", b.addInt(q, konst("oneInt"))), konst("signBit")))
	return sin, cos
}

// uniform is the upper 24 bits of a word as a fraction.
func (b *block) uniform(word value) value {
	return b.mul(b.toFloat(b.shift("VPSRLD $8", word)), konst("unit24"))
}
