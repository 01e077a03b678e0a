package main

import (
	"fmt"
	"slices"
	"strings"
)

// isa is what distinguishes the instruction sets.
type isa struct {
	name      string // suffix of the functions
	reg       string // prefix of the vector registers
	lanes     int    // float32 in a register
	registers int    // that the elementwise functions may use
	all       int    // that there are
	states    int    // registers' worth of generator blocks that are computed together
}

var (
	avx2   = &isa{name: "AVX2", reg: "Y", lanes: 8, registers: 15, all: 16, states: 3} // Y15 is the mask of the last, partial group
	avx512 = &isa{name: "AVX512", reg: "Z", lanes: 16, registers: 32, all: 32, states: 2}
)

// value is what an instruction of a block computes, or a constant.
type value struct {
	at    int // number of the instruction
	konst string
}

func konst(name string) value { return value{konst: name} }

// kind says how the operands of an instruction are written and which may share a register.
type kind int

const (
	plain kind = iota // op in[n-1], …, in[0], result
	given             // no instruction: the value is in a register before the block
	fused             // in[0]·in[1] ± in[2], the result takes the place of one of the three
	xor3              // of three, AVX-512 only: the result takes the place of one
	compare
	blend    // in[2] where the mask in[0] is set, else in[1]
	masked   // in[1] where the mask in[0] is set, else 0
	verbatim // op as it is, without a result
	signs    // the mask of the negative, AVX-512 only
)

type instruction struct {
	kind kind
	op   string
	in   []value
	reg  int  // of a given value
	keep bool // a given value is needed again after the block
}

// block is straight-line code on vectors, written as expressions. Registers are assigned at the end, each value keeping its
// own until its last use.
type block struct {
	*isa
	code  []instruction
	draws bool // all registers may be used
	spare int  // registers that are left alone
}

func (b *block) limit() int {
	if b.draws {
		return b.all
	}
	return b.registers - b.spare
}

func (b *block) put(i instruction) value {
	b.code = append(b.code, i)
	return value{at: len(b.code) - 1}
}

// given is a value that stands in register number reg when the block begins.
func (b *block) given(reg int) value { return b.put(instruction{kind: given, reg: reg}) }

// scalar is a given value that the block must leave in its register.
func (b *block) scalar(reg int) value {
	return b.put(instruction{kind: given, reg: reg, keep: true})
}

// op is an instruction of three or two operands; Go's assembler wants the operands in reverse.
func (b *block) op(name string, in ...value) value {
	return b.put(instruction{kind: plain, op: name, in: in})
}

func (b *block) add(x, y value) value    { return b.op("VADDPS", x, y) }
func (b *block) sub(x, y value) value    { return b.op("VSUBPS", x, y) }
func (b *block) mul(x, y value) value    { return b.op("VMULPS", x, y) }
func (b *block) div(x, y value) value    { return b.op("VDIVPS", x, y) }
func (b *block) and(x, y value) value    { return b.op("VANDPS", x, y) }
func (b *block) or(x, y value) value     { return b.op("VORPS", x, y) }
func (b *block) xor(x, y value) value    { return b.op("VXORPS", x, y) }
func (b *block) sqrt(x value) value      { return b.op("VSQRTPS", x) }
func (b *block) addInt(x, y value) value { return b.op("VPADDD", x, y) }
func (b *block) subInt(x, y value) value { return b.op("VPSUBD", x, y) }
func (b *block) toInt(x value) value     { return b.op("VCVTPS2DQ", x) }
func (b *block) toFloat(x value) value   { return b.op("VCVTDQ2PS", x) }

// min and max return y where one of the two is NaN, and where they are equal.
func (b *block) min(x, y value) value { return b.op("VMINPS", x, y) }
func (b *block) max(x, y value) value { return b.op("VMAXPS", x, y) }

// shift is a shift by a constant number of bits, such as "VPSLLD $23".
func (b *block) shift(op string, x value) value { return b.op(op, x) }

// round is the nearest integer.
func (b *block) round(x value) value {
	if b.isa == avx512 {
		return b.op("VRNDSCALEPS $0", x)
	}
	return b.op("VROUNDPS $0", x)
}

// fma is x·y + z, fnma is z − x·y, fms is x·y − z, with one rounding.
func (b *block) fma(x, y, z value) value  { return b.fused("VFMADD", x, y, z) }
func (b *block) fnma(x, y, z value) value { return b.fused("VFNMADD", x, y, z) }
func (b *block) fms(x, y, z value) value  { return b.fused("VFMSUB", x, y, z) }

func (b *block) fused(op string, x, y, z value) value {
	return b.put(instruction{kind: fused, op: op, in: []value{x, y, z}})
}

// xor3 is x ⊕ y ⊕ z of integers.
func (b *block) xor3(x, y, z value) value {
	if b.isa == avx512 {
		return b.put(instruction{kind: xor3, in: []value{x, y, z}})
	}
	return b.xorInt(b.xorInt(x, y), z)
}

func (b *block) xorInt(x, y value) value {
	if b.isa == avx512 {
		return b.op("VPXORD", x, y)
	}
	return b.op("VPXOR", x, y)
}

// less is the mask of x < y, equal that of x = y, notLess that of x ≥ y or one of them NaN.
func (b *block) less(x, y value) value    { return b.compare("VCMPPS $1", x, y) }
func (b *block) equal(x, y value) value   { return b.compare("VCMPPS $0", x, y) }
func (b *block) notLess(x, y value) value { return b.compare("VCMPPS $5", x, y) }

func (b *block) compare(op string, x, y value) value {
	return b.put(instruction{kind: compare, op: op, in: []value{x, y}})
}

// negative is the mask of the elements whose sign bit is set.
func (b *block) negative(x value) value {
	if b.isa == avx512 {
		return b.put(instruction{kind: signs, op: "VPMOVD2M", in: []value{x}})
	}
	return x
}

// choose is y where the mask is set, else x.
func (b *block) choose(mask, x, y value) value {
	return b.put(instruction{kind: blend, in: []value{mask, x, y}})
}

// where is x where the mask is set, else 0.
func (b *block) where(mask, x value) value {
	return b.put(instruction{kind: masked, in: []value{mask, x}})
}

func (b *block) isMask(v value) bool {
	return b.isa == avx512 && v.konst == "" && (b.code[v.at].kind == compare || b.code[v.at].kind == signs)
}

// horner is c[0] + c[1]·x + c[2]·x² + …
func (b *block) horner(x value, c ...string) value {
	acc := konst(c[len(c)-1])
	for _, name := range slices.Backward(c[:len(c)-1]) {
		acc = b.fma(acc, x, konst(name))
	}
	return acc
}

// constants returns the constants of the block, those used most often first.
func (b *block) constants() []string {
	count := map[string]int{}
	var names []string
	for _, i := range b.code {
		for _, v := range i.in {
			if v.konst != "" {
				if count[v.konst]++; count[v.konst] == 1 {
					names = append(names, v.konst)
				}
			}
		}
	}
	slices.SortStableFunc(names, func(x, y string) int { return count[y] - count[x] })
	return names
}

// listing is a block with its registers assigned.
type listing struct {
	lines []string
	out   []string       // registers of the results
	kept  map[string]int // constants that stand in registers before the block
	names []string       // their names, in order
	most  int            // one more than the highest register of a value
}

// finish assigns registers. Those that no value needs take constants; AVX-512 keeps all there, AVX2 has memory operands.
func (b *block) finish(out ...value) listing {
	trial := newAssignment(b, out, nil)
	trial.run()
	kept, names := map[string]int{}, []string{}
	for reg := trial.most; reg < b.limit() && len(names) < len(b.constants()); reg++ {
		name := b.constants()[len(names)]
		kept[name] = reg
		names = append(names, name)
	}
	if b.isa == avx512 && len(names) < len(b.constants()) {
		panic(fmt.Sprint("no registers for the constants ", b.constants()[len(names):]))
	}
	final := newAssignment(b, out, kept)
	final.run()
	l := listing{lines: final.lines, kept: kept, names: names, most: final.most}
	for _, v := range out {
		l.out = append(l.out, final.name(v))
	}
	return l
}

// load prints the instructions that put the kept constants into their registers.
func (l listing) load(s *isa) []string {
	var lines []string
	for _, name := range l.names {
		lines = append(lines, fmt.Sprintf("%s %s<>(SB), %s%d", s.loadConstant(), name, s.reg, l.kept[name]))
	}
	return lines
}

func (s *isa) loadConstant() string {
	if s == avx512 {
		return "VBROADCASTSS"
	}
	return "VMOVUPS"
}

func join(operands []string) string { return strings.Join(operands, ", ") }
