package main

import (
	"fmt"
	"slices"
)

// Registers of the random draws: the keys of a round and the first of the counters.
const (
	key0, key1 = 0, 1
	counter    = 2

	rounds = 10
)

const drawsHeader = `// Random draws. Philox4x32-10 on lanes of 64 bits: a lane is one block, so that VPMULUDQ gives the whole product of its lower
// half. The upper halves of the counter words are left dirty: neither the multiplication nor the result looks at them.
// PHILOX makes %[2]d words at a time from the counters in %[1]s2 … %[1]s%[3]d, which hide each other's latency; the shuffles at its
// end put the words in order, given the order of the counters.
//
//	DI  dst             AX  number of the first block    %[1]s0, %[1]s1  keys of a round, from the ten on the stack
//	SI  probabilities   CX  what is left, in groups
`

// counters are the distances of the blocks in the lanes of 64 bits from the first: the shuffles at the end leave even lanes in
// the first register and odd lanes in the second.
func (s *isa) counters() []int {
	at := make([]int, s.lanes/2)
	for i := range at {
		at[i] = i/2 + i%2*len(at)/2
	}
	return at
}

// keys prints the macro that stores the keys of all rounds, of the one in R8, on the stack.
func (p *printer) keys() {
	lines := []string{"MOVQ R8, R9", "SHRQ $32, R9"}
	for round := range rounds {
		lines = append(lines, fmt.Sprintf("MOVL R8, %d(SP)", 8*round), fmt.Sprintf("MOVL R9, %d(SP)", 8*round+4))
		if round < rounds-1 {
			lines = append(lines, "ADDL $0x9E3779B9, R8", "ADDL $0xBB67AE85, R9")
		}
	}
	p.macro("KEYS", lines)
}

// philox prints the macro that turns the counters into words, and returns their registers.
func (p *printer) philox() listing {
	b := &block{isa: p.isa, draws: true}
	m0, m1 := konst("philoxM0"), konst("philoxM1")
	k0, k1 := b.scalar(key0), b.scalar(key1)
	type state struct{ c0, c1, c2, c3 value }
	groups := make([]state, p.states)
	for g := range groups {
		c0 := b.given(counter + g)
		groups[g] = state{c0: c0, c1: b.shift("VPSRLQ $32", c0)}
	}
	high := func(v value) value { return b.shift("VPSRLQ $32", v) }
	for round := range rounds {
		for i, reg := range []int{key0, key1} {
			b.put(instruction{kind: verbatim, op: fmt.Sprintf("VPBROADCASTD %d(SP), %s%d", 8*round+4*i, p.reg, reg)})
		}
		for g, s := range groups {
			p0 := b.op("VPMULUDQ", s.c0, m0)
			switch round {
			case 0: // c2 = c3 = 0
				groups[g] = state{b.xorInt(s.c1, k0), value{}, b.xorInt(high(p0), k1), p0}
			case 1: // c1 = 0
				p1 := b.op("VPMULUDQ", s.c2, m1)
				groups[g] = state{b.xorInt(high(p1), k0), p1, b.xor3(high(p0), s.c3, k1), p0}
			default:
				p1 := b.op("VPMULUDQ", s.c2, m1)
				groups[g] = state{b.xor3(high(p1), s.c1, k0), p1, b.xor3(high(p0), s.c3, k1), p0}
			}
		}
	}
	var words []value
	for _, s := range groups {
		lower, upper := b.op("VSHUFPS $0x88", s.c0, s.c1), b.op("VSHUFPS $0x88", s.c2, s.c3)
		words = append(words, b.op("VSHUFPS $0x88", lower, upper), b.op("VSHUFPS $0xDD", lower, upper))
	}
	l := p.finish(b, words...)
	p.macro("PHILOX", l.lines)
	return l
}

// draws prints the functions of random numbers.
func (p *printer) draws() {
	p.line(drawsHeader, p.reg, p.group(), counter+p.states-1)
	for state := range p.states {
		for i, at := range p.counters() {
			p.line("DATA counters<>+%d(SB)/8, $%d", 4*p.lanes*state+8*i, at+p.lanes/2*state)
		}
	}
	p.line("GLOBL counters<>(SB), RODATA|NOPTR, $%d\n", 4*p.lanes*p.states)
	p.keys()
	words := p.philox()

	p.draw("philox", "dst *uint32, key, block uint64, groups int", 0, words, func(string, int) {})
	p.draw("uniform", "dst *float32, key, block uint64, groups int", 0, words, func(reg string, _ int) {
		p.fraction(reg)
		p.op("VMULPS %s, %s, %s", p.unit(words), reg, reg)
	})
	p.draw("bernoulli", "dst, p *float32, key, block uint64, groups int", 1, words, func(reg string, at int) {
		p.fraction(reg)
		p.op("VMULPS %s, %s, %s", p.unit(words), reg, reg)
		p.below(reg, fmt.Sprintf("%d(SI)", at), p.free(words)[1])
	})
	p.draw("mask", "dst *float32, key, block uint64, groups int, keep, value float32", 0, words, func(reg string, _ int) {
		p.fraction(reg)
		p.below(reg, p.free(words)[0], p.free(words)[1])
	})
	p.normal()
}

// fraction makes an integral float of the upper 24 bits of a word.
func (p *printer) fraction(reg string) {
	p.op("VPSRLD $8, %s, %s", reg, reg)
	p.op("VCVTDQ2PS %s, %s", reg, reg)
}

// below sets reg to result where it is less than limit, else to zero.
func (p *printer) below(reg, limit, result string) {
	if p.isa == avx512 {
		p.op("VCMPPS $1, %s, %s, K2", limit, reg)
		p.op("VMOVAPS.Z %s, K2, %s", result, reg)
		return
	}
	p.op("VCMPPS $1, %s, %s, %s", limit, reg, reg)
	p.op("VANDPS %s, %s, %s", result, reg, reg)
}

// free are two registers that hold neither words nor constants.
func (p *printer) free(words listing) []string {
	taken := slices.Clone(words.out)
	for _, reg := range words.kept {
		taken = append(taken, fmt.Sprint(p.reg, reg))
	}
	var free []string
	for reg := range p.all {
		if name := fmt.Sprint(p.reg, reg); !slices.Contains(taken, name) {
			free = append(free, name)
		}
	}
	return free[:2]
}

// unit is the register of 2^−24.
func (p *printer) unit(words listing) string { return p.free(words)[0] }

// group is the number of words that PHILOX makes.
func (s *isa) group() int { return 2 * s.lanes * s.states }

// draw prints a function that applies f to registers of words and stores the results.
func (p *printer) draw(name, parameters string, operands int, words listing, f func(reg string, at int)) {
	at := 8 * (1 + operands)
	p.line("// func %s%s(%s)", name, p.name, parameters)
	size := at + 24
	if name == "mask" {
		size += 8
	}
	p.line("TEXT ·%s%s(SB), NOSPLIT, $%d-%d", name, p.name, 8*rounds, size)
	p.op("MOVQ dst+0(FP), DI")
	if operands > 0 {
		p.op("MOVQ p+8(FP), SI")
	}
	p.op("MOVQ key+%d(FP), R8", at)
	p.op("KEYS")
	p.op("MOVQ block+%d(FP), AX", at+8)
	p.op("MOVQ groups+%d(FP), CX", at+16)
	p.ops(words.load(p.isa))
	p.loop("loop")
	p.op("VMOVQ AX, X%d", counter)
	p.op("VPBROADCASTQ X%d, @%d", counter, counter)
	for state := p.states - 1; state >= 0; state-- {
		p.op("VPADDQ counters<>+%d(SB), @%d, @%d", 4*p.lanes*state, counter, counter+state)
	}
	p.op("PHILOX")
	free := p.free(words)
	switch name {
	case "uniform", "bernoulli":
		p.constants["unit24"], p.constants["one"] = true, true
		p.op("%s unit24<>(SB), %s", p.loadConstant(), free[0])
		p.op("%s one<>(SB), %s", p.loadConstant(), free[1])
	case "mask":
		p.op("VBROADCASTSS keep+%d(FP), %s", at+24, free[0])
		p.op("VBROADCASTSS value+%d(FP), %s", at+28, free[1])
	}
	for i, reg := range words.out {
		f(reg, 4*p.lanes*i)
		p.op("VMOVUPS %s, %d(DI)", reg, 4*p.lanes*i)
	}
	p.op("ADDQ $%d, AX", p.group()/4)
	p.op("ADDQ $%d, DI", 4*p.group())
	if operands > 0 {
		p.op("ADDQ $%d, SI", 4*p.group())
	}
	p.op("DECQ CX")
	p.op("JNZ loop")
	p.end()
	p.line("")
}

// normal prints the method of Box and Muller: two registers of words become a register of radii, from the words at even
// places, and one of angles, from those at odd places. The radius: u = (w+½)/2³² with one rounding, from two halves of w
// that convert exactly.
func (p *printer) normal() {
	b := &block{isa: p.isa}
	x, y := b.given(0), b.given(1)
	w, t := b.op("VSHUFPS $0x88", x, y), b.op("VSHUFPS $0xDD", x, y)
	upper := b.toFloat(b.shift("VPSRLD $16", w))
	lower := b.add(b.toFloat(b.and(w, konst("low16"))), konst("half"))
	u := b.mul(b.fma(upper, konst("two16"), lower), konst("unit32"))
	radius := b.sqrt(b.mul(b.logFinite(u, func(n value) value { return n }), konst("minusTwo")))
	sin, cos := b.sinCos(t)
	sin, cos = b.mul(sin, radius), b.mul(cos, radius)
	l := p.finish(b, b.op("VUNPCKLPS", cos, sin), b.op("VUNPCKHPS", cos, sin))

	p.line("// func normal%s(dst *float32, words *uint32, n int)", p.name)
	p.line("//\n// %d words at a time by the method of Box and Muller: radii from those at even, angles from those at odd places.", 2*p.lanes)
	p.line("TEXT ·normal%s(SB), NOSPLIT, $0-24", p.name)
	p.op("MOVQ dst+0(FP), DI")
	p.op("MOVQ words+8(FP), SI")
	p.op("MOVQ n+16(FP), CX")
	p.ops(l.load(p.isa))
	p.loop("loop")
	for i := range 2 {
		p.op("VMOVUPS %d(SI), @%d", 4*p.lanes*i, i)
	}
	p.ops(l.lines)
	for i, reg := range l.out {
		p.op("VMOVUPS %s, %d(DI)", reg, 4*p.lanes*i)
	}
	p.op("ADDQ $%d, SI", 8*p.lanes)
	p.op("ADDQ $%d, DI", 8*p.lanes)
	p.op("SUBQ $%d, CX", 2*p.lanes)
	p.op("JNZ loop")
	p.end()
	p.line("")
}
