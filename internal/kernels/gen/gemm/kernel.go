package main

import (
	"bytes"
	"fmt"
)

// Locals of a micro-kernel, as offsets from SP. The area behind them takes the rows of a partial tile before they are
// copied to C (AVX2), and what a loop that packs nothing stores instead of a panel.
const (
	localA, localB, localC, localStart       = 0, 8, 16, 24
	localCount, localPack, localMasked, step = 32, 40, 48, 56
	localMasks, area                         = 64, 72
)

const header = `#include "go_asm.h"
#include "textflag.h"

// Micro-kernels of the matrix product: tiles of 1 to %[2]d rows × %[3]d columns of C, all in registers while k runs. For
// each k, one row of B (two registers) meets one element of each row of A (broadcast), two multiply-adds a row.
//
//	%[1]s0 … %[1]s%[4]d   C: row i is %[1]s(2i) and %[1]s(2i+1)
//	%[1]s%[5]d, %[1]s%[6]d     one row of B
//	%[1]s%[7]d, %[1]s%[8]d     elements of A
//
//	DI  the argument, a tile       SI, BX  B and the distance of its rows
//	R8  A, R15 its step along k    CX      where B is packed to
//	R9  the distance of A's rows   DX      C, its start, or the masks of partial loads
//	R10, R11, R12  3, 5, 7 × R9    AX      what is left of k; the distance of rows of C or its start
//	R13 row 9 of A
//
// Data flow of one tile: the accumulators start from zero or from memory (a bias, or the old C); k runs in one of four
// loops, "plain" (B's rows as they are), "packing" (each row of B is also stored in a panel, from which the following
// tiles read it), "masked" (the same for fewer columns, the rest filled with zeros) or "narrow" (one register of B
// suffices); the accumulators go to C. Then the next of the argument's tiles follows, at fixed steps in A, B, C and start.
// With both strides of A free, one kernel serves A and its transpose.
`

func file(s isa) []byte {
	var p printer
	p.WriteString(generated)
	p.line(header, s.reg, s.rows, s.bytes/2, 2*s.rows-1, s.b, s.b+1, s.b+2, s.b+3)
	if s == avx2 {
		p.line("// columns<>[16-n:] are the masks of n columns.")
		for i := range 32 {
			mask := -1
			if i >= 16 {
				mask = 0
			}
			p.line("DATA columns<>+%d(SB)/4, $%d", 4*i, mask)
		}
		p.line("GLOBL columns<>(SB), RODATA|NOPTR, $128\n")
	}
	p.macro("PROLOGUE", s.prologue)
	p.macro("CHOOSE", s.chooseLoop)
	p.macro("ADVANCE", s.advance)
	p.macro("FULL", s.fullLoad)
	p.macro("MASKED", s.maskedLoad)
	p.macro("PREFETCH", s.prefetch)
	p.macro("ROW(a, t, lo, hi)", func(p *printer) {
		p.op("VBROADCASTSS a, t")
		p.op("VFMADD231PS %s, t, lo", s.half(0))
		p.op("VFMADD231PS %s, t, hi", s.half(1))
	})
	p.macro("TOUCH", s.rowMacro("PREFETCHT0 (DX)", fmt.Sprintf("PREFETCHT0 %d(DX)", 2*s.bytes-1)))
	if s == avx2 {
		p.macro("LOAD(lo, hi)", s.rowMacro("VMOVUPS (DX), lo", "VMOVUPS 32(DX), hi"))
		p.macro("LOADPART(lo, hi)", s.rowMacro("VMASKMOVPS (DX), Y12, lo", "VMASKMOVPS 32(DX), Y13, hi"))
		p.macro("STORE(lo, hi)", s.rowMacro("VMOVUPS lo, (DX)", "VMOVUPS hi, 32(DX)"))
		p.macro("ZERO(lo, hi)", func(p *printer) { p.op("VXORPS lo, lo, lo"); p.op("VXORPS hi, hi, hi") })
		p.macro("COPY", s.copyRows)
	} else {
		p.macro("BESIDE", s.prefetchBeside)
		p.macro("LOAD(lo, hi)", s.rowMacro("VMOVUPS.Z (DX), K1, lo", "VMOVUPS.Z 64(DX), K2, hi"))
		p.macro("STORE(lo, hi)", s.rowMacro("VMOVUPS lo, K1, (DX)", "VMOVUPS hi, K2, 64(DX)"))
		p.macro("ZERO(lo, hi)", func(p *printer) { p.op("VPXORQ lo, lo, lo"); p.op("VPXORQ hi, hi, hi") })
	}
	for rows := 1; rows <= s.rows; rows++ {
		s.kernel(&p, rows)
	}
	s.transpose(&p)
	if s == avx2 {
		transposePart(&p)
		packRows(&p)
		dots(&p)
		streams(&p)
		gather(&p)
		scatter(&p)
		maxPairs(&p)
		for regs := 1; regs <= combineRegs; regs++ {
			combine(&p, regs)
		}
		patchRows(&p, false)
		patchRows(&p, true)
	}
	return append(bytes.TrimRight(p.Bytes(), "\n"), '\n')
}

func (s isa) kernel(p *printer, rows int) {
	frame := area + 2*s.bytes
	if s == avx2 {
		frame = area + rows*2*s.bytes
	}
	p.line("// func %s(t *tile)", s.kernelName(rows))
	p.line("TEXT ·%s(SB), NOSPLIT, $%d-8", s.kernelName(rows), frame)
	p.op("PROLOGUE")
	p.rowStrides(rows)
	p.row9(rows)
	p.label("next")
	s.start(p, rows)
	s.prefetchC(p, rows)
	p.op("CHOOSE")
	s.loop(p, rows, "plain", func() {
		p.op("FULL")
		if s == avx512 && rows >= besideRows {
			p.op("BESIDE")
		}
	}, "")
	s.store(p, rows)
	p.label("advance")
	p.op("DECQ %d(SP)", localCount)
	p.op("JZ done")
	p.op("ADVANCE")
	p.row9(rows)
	p.op("JMP next")
	p.label("done")
	p.op("VZEROUPPER")
	p.op("RET")
	if s == avx2 {
		s.spill(p, rows)
	}
	s.loop(p, rows, "packing", func() { p.op("FULL"); p.op("PREFETCH") }, fmt.Sprintf("$%d", 2*s.bytes))
	p.op("JMP store")
	s.loop(p, rows, "masked", func() { p.op("MASKED"); p.op("PREFETCH") }, fmt.Sprintf("%d(SP)", step))
	p.op("JMP store")
	s.narrowLoop(p, rows)
	p.op("JMP store")
	p.line("")
}

func (s isa) prologue(p *printer) {
	p.op("MOVQ t+0(FP), DI")
	p.op("MOVQ tile_a(DI), R8")
	p.op("MOVQ R8, %d(SP)", localA)
	p.op("MOVQ tile_aRow(DI), R9")
	p.op("MOVQ tile_aCol(DI), R15")
	p.op("MOVQ tile_b(DI), SI")
	p.op("MOVQ SI, %d(SP)", localB)
	p.op("MOVQ tile_bRow(DI), BX")
	for _, f := range []struct {
		name string
		at   int
	}{{"c", localC}, {"start", localStart}, {"count", localCount}, {"pack", localPack}, {"masked", localMasked}} {
		p.op("MOVQ tile_%s(DI), AX", f.name)
		p.op("MOVQ AX, %d(SP)", f.at)
	}
	if s == avx512 {
		p.op("MOVQ tile_cols(DI), CX")
		p.op("MOVQ $1, AX")
		p.op("SHLQ CX, AX")
		p.op("DECQ AX")
		p.op("KMOVW AX, K1")
		p.op("SHRL $16, AX")
		p.op("KMOVW AX, K2")
		return
	}
	p.op("LEAQ columns<>+64(SB), CX")
	p.op("MOVQ tile_cols(DI), AX")
	p.op("SHLQ $2, AX")
	p.op("SUBQ AX, CX")
	p.op("MOVQ CX, %d(SP)", localMasks)
}

// start sets the accumulators.
func (s isa) start(p *printer, rows int) {
	p.op("MOVQ %d(SP), DX", localStart)
	p.op("TESTQ DX, DX")
	p.op("JZ zero")
	p.op("MOVQ tile_startRow(DI), AX")
	if s == avx2 {
		p.op("CMPQ tile_cols(DI), $16")
		p.op("JNE part")
		s.eachRow(p, rows, "LOAD")
		p.op("JMP run")
		p.label("part")
		p.op("MOVQ %d(SP), CX", localMasks)
		p.op("VMOVUPS (CX), %s", s.half(0))
		p.op("VMOVUPS 32(CX), %s", s.half(1))
		s.eachRow(p, rows, "LOADPART")
	} else {
		s.eachRow(p, rows, "LOAD")
	}
	p.op("JMP run")
	p.label("zero")
	s.eachRow(p, rows, "ZERO")
}

// prefetchC asks for the C of the tile that follows, whose rows may be far apart.
func (s isa) prefetchC(p *printer, rows int) {
	p.label("run")
	p.op("MOVQ %d(SP), DX", localC)
	p.op("ADDQ tile_cStep(DI), DX")
	p.op("MOVQ tile_cRow(DI), AX")
	for range rows {
		p.op("TOUCH")
	}
}

// eachRow applies a macro to both accumulators of each row.
func (s isa) eachRow(p *printer, rows int, macro string) {
	for i := range rows {
		p.op("%s(%s, %s)", macro, s.acc(i, 0), s.acc(i, 1))
	}
}

// rowMacro is the body of a macro after which DX goes to the next row.
func (s isa) rowMacro(lo, hi string) func(p *printer) {
	return func(p *printer) {
		p.op("%s", lo)
		p.op("%s", hi)
		p.op("ADDQ AX, DX")
	}
}

func (s isa) store(p *printer, rows int) {
	p.label("store")
	p.op("MOVQ %d(SP), DX", localC)
	p.op("MOVQ tile_cRow(DI), AX")
	if s == avx2 {
		p.op("CMPQ tile_cols(DI), $16")
		p.op("JNE copy")
	}
	s.eachRow(p, rows, "STORE")
}

// advance goes to the next tile.
func (s isa) advance(p *printer) {
	p.op("MOVQ %d(SP), R8", localA)
	p.op("ADDQ tile_aStep(DI), R8")
	p.op("MOVQ R8, %d(SP)", localA)
	p.op("MOVQ tile_cStep(DI), AX")
	p.op("ADDQ AX, %d(SP)", localC)
	p.op("MOVQ tile_startStep(DI), AX")
	p.op("ADDQ AX, %d(SP)", localStart)
	p.op("MOVQ %d(SP), SI", localB)
	p.op("ADDQ tile_bStep(DI), SI")
	p.op("MOVQ %d(SP), CX", localPack)
	p.op("TESTQ CX, CX")
	p.op("JZ unpacked")
	p.op("MOVQ CX, SI")
	p.op("MOVQ $%d, BX", 2*s.bytes)
	p.op("MOVQ $0, %d(SP)", localPack)
	p.op("MOVQ $0, %d(SP)", localMasked)
	p.label("unpacked")
	p.op("MOVQ SI, %d(SP)", localB)
}

// spill puts a tile of fewer columns than a panel on the stack, from where it is copied to C.
func (s isa) spill(p *printer, rows int) {
	p.label("copy")
	for i := range rows {
		for h := range 2 {
			p.op("VMOVUPS %s, %d(SP)", s.acc(i, h), area+64*i+32*h)
		}
	}
	p.op("MOVQ $%d, CX", rows)
	p.op("COPY")
	p.op("JMP advance")
}

// copyRows copies CX rows of the area to C, in pieces of 8, 4, 2 and 1 elements.
func (s isa) copyRows(p *printer) {
	p.op("LEAQ %d(SP), SI", area)
	p.label("row")
	p.op("MOVQ DX, R8")
	p.op("MOVQ SI, R13")
	for _, piece := range []struct {
		n         int
		move, reg string
	}{{8, "VMOVUPS", "Y0"}, {4, "VMOVUPS", "X0"}, {2, "VMOVSD", "X0"}, {1, "VMOVSS", "X0"}} {
		p.op("TESTQ $%d, tile_cols(DI)", piece.n)
		p.op("JZ below%d", piece.n)
		p.op("%s (R13), %s", piece.move, piece.reg)
		p.op("%s %s, (R8)", piece.move, piece.reg)
		if piece.n > 1 {
			p.op("ADDQ $%d, R13", 4*piece.n)
			p.op("ADDQ $%d, R8", 4*piece.n)
		}
		p.label(fmt.Sprintf("below%d", piece.n))
	}
	p.op("ADDQ AX, DX")
	p.op("ADDQ $64, SI")
	p.op("DECQ CX")
	p.op("JNZ row")
}
