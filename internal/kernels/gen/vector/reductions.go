package main

import "fmt"

// A reduction adds up float64 in sixteen lanes, element i of x in lane i mod 16.
type reduction struct {
	name string
	in   []string
	// step prints what adds a register's worth of elements to the accumulator acc; load is an instruction that converts
	// those of an operand to float64.
	step func(p *printer, acc int, load func(operand, reg int))
}

const firstTemporary = 8

var reductions = []reduction{
	{"sumLanes", []string{"x"}, func(p *printer, acc int, load func(operand, reg int)) {
		t := firstTemporary + acc
		load(0, t)
		p.op("VADDPD @%d, @%d, @%d", t, acc, acc)
	}},
	{"sumSquaresLanes", []string{"x"}, func(p *printer, acc int, load func(operand, reg int)) {
		t := firstTemporary + acc
		load(0, t)
		p.op("VFMADD231PD @%d, @%d, @%d", t, t, acc)
	}},
	{"entropyLanes", []string{"s", "t", "z"}, func(p *printer, acc int, load func(operand, reg int)) {
		load(0, firstTemporary)
		load(1, firstTemporary+1)
		load(2, firstTemporary+2)
		p.op("VADDPD @%d, @%d, @%d", firstTemporary, acc, acc)
		p.op("VFNMADD231PD @%d, @%d, @%d", firstTemporary+1, firstTemporary+2, acc)
	}},
}

const reductionsHeader = `// Reductions: sixteen float64 in registers 0 to %d, loaded from lanes and stored there, take sixteen elements at a time.
// The products of float32 are exact in float64.
//
//	DI  lanes    SI, DX, BX  the operands    CX  groups of sixteen that are left
`

func (p *printer) reductions() {
	registers := 32 / p.lanes
	half := 2 * p.lanes // bytes of the float32 that make a register of float64
	p.line(reductionsHeader, registers-1)
	for _, r := range reductions {
		parameters := "lanes *float64, "
		for _, name := range r.in {
			parameters += name + ", "
		}
		p.line("// func %s%s(%s *float32, groups int)", r.name, p.name, parameters[:len(parameters)-2])
		p.line("TEXT ·%s%s(SB), NOSPLIT, $0-%d", r.name, p.name, 16+8*len(r.in))
		p.op("MOVQ lanes+0(FP), DI")
		for i, name := range r.in {
			p.op("MOVQ %s+%d(FP), %s", name, 8+8*i, pointers[i])
		}
		p.op("MOVQ groups+%d(FP), CX", 8+8*len(r.in))
		for acc := range registers {
			p.op("VMOVUPD %d(DI), @%d", 4*p.lanes*acc, acc)
		}
		p.loop("loop")
		for acc := range registers {
			r.step(p, acc, func(operand, reg int) {
				p.op("VCVTPS2PD %d(%s), @%d", half*acc, pointers[operand], reg)
			})
		}
		for i := range r.in {
			p.op("ADDQ $64, %s", pointers[i])
		}
		p.op("DECQ CX")
		p.op("JNZ loop")
		for acc := range registers {
			p.op("VMOVUPD @%d, %d(DI)", acc, 4*p.lanes*acc)
		}
		p.end()
		p.line("")
	}
	p.columnSums()
	p.finite()
}

const columnSumsHeader = `// func columnSums%[1]s(dst, x *float32, rows, cols, ld int)
//
// Each column is one chain of additions, from the first row down: four registers of columns at a time, then one, then the
// rest under a mask. rows and cols are positive.
//
//	DI  dst     R8  rows                       CX   columns that are left    DX   the row
//	SI  x       R9  distance of rows, bytes    R10  rows that are left
TEXT ·columnSums%[1]s(SB), NOSPLIT, $0-40`

func (p *printer) columnSums() {
	p.line(columnSumsHeader, p.name)
	p.op("MOVQ dst+0(FP), DI")
	p.op("MOVQ x+8(FP), SI")
	p.op("MOVQ rows+16(FP), R8")
	p.op("MOVQ cols+24(FP), CX")
	p.op("MOVQ ld+32(FP), R9")
	p.op("SHLQ $2, R9")
	for _, registers := range []int{4, 1} {
		p.op("SUBQ $%d, CX", registers*p.lanes)
		p.op("JLT end%d", registers)
		p.line("columns%d:", registers)
		p.column(registers, func(i int) { p.op("VADDPS %d(DX), @%d, @%d", 4*p.lanes*i, i, i) })
		for i := range registers {
			p.op("VMOVUPS @%d, %d(DI)", i, 4*p.lanes*i)
		}
		p.op("ADDQ $%d, SI", 4*p.lanes*registers)
		p.op("ADDQ $%d, DI", 4*p.lanes*registers)
		p.op("SUBQ $%d, CX", registers*p.lanes)
		p.op("JGE columns%d", registers)
		p.line("end%d:", registers)
		p.op("ADDQ $%d, CX", registers*p.lanes)
	}
	p.op("JEQ done")
	p.op("MOVQ R9, R11")
	p.partialMask()
	p.op("MOVQ R11, R9")
	p.column(0, func(int) {})
	p.op("%s", p.maskedStore(fmt.Sprint(p.reg, 0), "DI"))
	p.line("done:")
	p.end()
	p.line("")
}

// column prints a loop over the rows; of no whole register, one under the mask.
func (p *printer) column(registers int, add func(i int)) {
	for i := range max(registers, 1) {
		p.op("VXORPS @%d, @%d, @%d", i, i, i)
	}
	p.op("MOVQ SI, DX")
	p.op("MOVQ R8, R10")
	p.loop(fmt.Sprintf("rows%d", registers))
	for i := range registers {
		add(i)
	}
	if registers == 0 {
		p.op("%s, @1", p.maskedLoad("DX"))
		p.op("VADDPS @1, @0, @0")
	}
	p.op("ADDQ R9, DX")
	p.op("DECQ R10")
	p.op("JNZ rows%d", registers)
}

const finiteHeader = `// func finite%[1]s(x *float32, n int) bool
//
// The exponent of what is not finite is all ones, more than that of any other float32: the exponents' greatest, as integers,
// in four registers, then one, then of the rest under a mask, whose other lanes are zero.
//
//	SI  x    CX  what is left of n    %[2]s0 to %[2]s3  greatest    %[2]s4  all ones in the exponent
TEXT ·finite%[1]s(SB), NOSPLIT, $0-17`

func (p *printer) finite() {
	const chains, exponent = 4, 4
	p.constants["infinity"] = true
	p.line(finiteHeader, p.name, p.reg)
	p.op("MOVQ x+0(FP), SI")
	p.op("MOVQ n+8(FP), CX")
	p.op("%s infinity<>(SB), @%d", p.loadConstant(), exponent)
	for i := range chains {
		p.op("VXORPS @%d, @%d, @%d", i, i, i)
	}
	for _, registers := range []int{chains, 1} {
		p.op("SUBQ $%d, CX", registers*p.lanes)
		p.op("JLT end%d", registers)
		p.loop(fmt.Sprintf("loop%d", registers))
		for i := range registers {
			p.op("%s %d(SI), @%d, @%d", map[*isa]string{avx2: "VPAND", avx512: "VPANDD"}[p.isa], 4*p.lanes*i, exponent, exponent+1+i)
		}
		for i := range registers {
			p.op("VPMAXUD @%d, @%d, @%d", exponent+1+i, i, i)
		}
		p.op("ADDQ $%d, SI", 4*p.lanes*registers)
		p.op("SUBQ $%d, CX", registers*p.lanes)
		p.op("JGE loop%d", registers)
		p.line("end%d:", registers)
		p.op("ADDQ $%d, CX", registers*p.lanes)
	}
	p.op("JEQ done")
	p.partialMask()
	p.op("%s, @5", p.maskedLoad("SI"))
	p.op("VANDPS @5, @%d, @5", exponent)
	p.op("VPMAXUD @5, @0, @0")
	p.line("done:")
	for _, pair := range [][2]int{{1, 0}, {3, 2}, {2, 0}} {
		p.op("VPMAXUD @%d, @%d, @%d", pair[0], pair[1], pair[1])
	}
	if p.isa == avx512 {
		p.op("VPCMPEQD @%d, @0, K2", exponent)
		p.op("KMOVW K2, AX")
	} else {
		p.op("VPCMPEQD @%d, @0, @0", exponent)
		p.op("VMOVMSKPS @0, AX")
	}
	p.op("TESTL AX, AX")
	p.op("SETEQ ret+16(FP)")
	p.end()
	p.line("")
}
