package main

// transpose is the function that packs the transpose of stored rows, as many as a vector has lanes. A register takes four
// elements each of the rows i, i+4, …; of four such registers, shuffles within 128-bit lanes make four whole columns.
func transpose(s isa) []byte {
	var p printer
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
	for i := range 4 {
		p.op("VMOVUPS %s, X%d", aRow(i), i)
		for lane := 1; lane < lanes/4; lane++ {
			if s == avx2 {
				p.op("VINSERTF128 $%d, %s, Y%d, Y%d", lane, aRow(i+4*lane), i, i)
			} else {
				p.op("VINSERTF32X4 $%d, %s, Z%d, Z%d", lane, aRow(i+4*lane), i, i)
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
	return p.Bytes()
}
