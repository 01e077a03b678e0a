package main

import "fmt"

// fourColumns prints how four elements each of many rows become four columns: register i takes those of the rows i, i+4,
// … side by side, and shuffles within 128-bit lanes do the rest. Registers 0 to 7 are used, 0 to 3 hold the columns.
func (s isa) fourColumns(p *printer, row func(i int) string) {
	for i := range 4 {
		p.op("VMOVUPS %s, X%d", row(i), i)
		for lane := 1; lane < s.bytes/16; lane++ {
			if s == avx2 {
				p.op("VINSERTF128 $%d, %s, Y%d, Y%d", lane, row(i+4*lane), i, i)
			} else {
				p.op("VINSERTF32X4 $%d, %s, Z%d, Z%d", lane, row(i+4*lane), i, i)
			}
		}
	}
	shuffle := func(name string, a, b, to int) { p.op("%s %s%d, %s%d, %s%d", name, s.reg, b, s.reg, a, s.reg, to) }
	shuffle("VUNPCKLPS", 0, 1, 4)
	shuffle("VUNPCKHPS", 0, 1, 5)
	shuffle("VUNPCKLPS", 2, 3, 6)
	shuffle("VUNPCKHPS", 2, 3, 7)
	shuffle("VUNPCKLPD", 4, 6, 0)
	shuffle("VUNPCKHPD", 4, 6, 1)
	shuffle("VUNPCKLPD", 5, 7, 2)
	shuffle("VUNPCKHPD", 5, 7, 3)
}

// transpose is the function that packs the transpose of as many stored rows as a register has lanes.
func (s isa) transpose(p *printer) {
	lanes := s.bytes / 4
	p.line("// func %s(dst, src *float32, dstRow, srcRow, groups int)", s.transposeName())
	p.line("//")
	p.line("// %d rows of src, srcRow bytes apart, become columns of dst, whose rows are dstRow bytes apart; 4·groups columns of src.", lanes)
	p.line("TEXT ·%s(SB), NOSPLIT, $0-40", s.transposeName())
	p.op("MOVQ dst+0(FP), DI")
	p.op("MOVQ src+8(FP), R8")
	p.op("MOVQ dstRow+16(FP), BX")
	p.op("MOVQ srcRow+24(FP), R9")
	p.op("MOVQ groups+32(FP), CX")
	p.op("LEAQ (BX)(BX*2), DX")
	p.rowStrides(lanes)
	p.row9(lanes)
	p.aligned("loop")
	s.fourColumns(p, aRow)
	for i, at := range []string{"(DI)", "(DI)(BX*1)", "(DI)(BX*2)", "(DI)(DX*1)"} {
		p.op("VMOVUPS %s%d, %s", s.reg, i, at)
	}
	p.op("LEAQ (DI)(BX*4), DI")
	p.op("ADDQ $16, R8")
	if lanes > 9 {
		p.op("ADDQ $16, R13")
	}
	p.op("DECQ CX")
	p.op("JNZ loop")
	p.op("VZEROUPPER")
	p.op("RET")
	p.line("")
}

// transposePart is transpose for fewer rows.
func transposePart(p *printer) {
	p.line("// func avx2TransposePart(dst, src *float32, dstRow, srcRow, groups, rows int)")
	p.line("//")
	p.line("// As avx2Transpose for 1 to 8 rows; the columns of dst that are left over repeat the last row.")
	p.line("TEXT ·avx2TransposePart(SB), NOSPLIT, $0-48")
	rows := []string{"R8", "R9", "R10", "R11", "R12", "R13", "SI", "BX"}
	p.op("MOVQ dst+0(FP), DI")
	p.op("MOVQ src+8(FP), R8")
	p.op("MOVQ srcRow+24(FP), AX")
	p.op("MOVQ rows+40(FP), CX")
	p.op("XORQ DX, DX")
	for i := 1; i < 8; i++ {
		p.op("CMPQ CX, $%d", i)
		p.op("CMOVQEQ DX, AX")
		p.op("LEAQ (%s)(AX*1), %s", rows[i-1], rows[i])
	}
	p.op("MOVQ dstRow+16(FP), DX")
	p.op("LEAQ (DX)(DX*2), AX")
	p.op("MOVQ groups+32(FP), CX")
	p.op("XORQ R15, R15")
	p.aligned("loop")
	avx2.fourColumns(p, func(i int) string { return fmt.Sprintf("(%s)(R15*1)", rows[i]) })
	for i, at := range []string{"(DI)", "(DI)(DX*1)", "(DI)(DX*2)", "(DI)(AX*1)"} {
		p.op("VMOVUPS Y%d, %s", i, at)
	}
	p.op("LEAQ (DI)(DX*4), DI")
	p.op("ADDQ $16, R15")
	p.op("DECQ CX")
	p.op("JNZ loop")
	p.op("VZEROUPPER")
	p.op("RET")
	p.line("")
}

// packRows is the function that packs tiles of a matrix whose rows along k are strided.
func packRows(p *printer) {
	p.line("// func avx2PackRows(dst, src *float32, srcRow, cols, depth int)")
	p.line("//")
	p.line("// Copies the first cols (at most 16) elements of depth rows of src, srcRow bytes apart, one after the other to dst, and")
	p.line("// writes up to 15 elements beyond.")
	p.line("TEXT ·avx2PackRows(SB), NOSPLIT, $0-40")
	p.op("MOVQ dst+0(FP), DI")
	p.op("MOVQ src+8(FP), SI")
	p.op("MOVQ srcRow+16(FP), BX")
	p.op("MOVQ cols+24(FP), DX")
	p.op("MOVQ depth+32(FP), CX")
	p.op("SHLQ $2, DX")
	p.op("LEAQ columns<>+64(SB), AX")
	p.op("SUBQ DX, AX")
	p.op("VMOVUPS (AX), Y2")
	p.op("VMOVUPS 32(AX), Y3")
	p.op("LEAQ (SI)(BX*8), R8")
	p.op("LEAQ (R8)(BX*8), R8")
	p.aligned("loop")
	p.op("PREFETCHT0 (R8)")
	p.op("PREFETCHT0 -4(R8)(DX*1)")
	p.op("VMASKMOVPS (SI), Y2, Y0")
	p.op("VMASKMOVPS 32(SI), Y3, Y1")
	p.op("VMOVUPS Y0, (DI)")
	p.op("VMOVUPS Y1, 32(DI)")
	p.op("ADDQ BX, SI")
	p.op("ADDQ BX, R8")
	p.op("ADDQ DX, DI")
	p.op("DECQ CX")
	p.op("JNZ loop")
	p.op("VZEROUPPER")
	p.op("RET")
	p.line("")
}
