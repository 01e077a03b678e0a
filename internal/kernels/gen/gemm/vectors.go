package main

// dots is the function that multiplies a matrix, stored by rows, and a vector.
func dots(p *printer) {
	p.line("// func avx2Dots(dst, start, x, m *float32, xStep, mRow, depth int)")
	p.line("//")
	p.line("// dst[r] = start[r] + Σ_p x[p]·m[r][p] for 16 rows of m, mRow bytes apart; x's elements are xStep bytes apart. Four")
	p.line("// columns of eight rows at a time are transposed in registers. Y14 and Y15 hold the sums; nil starts from zero.")
	p.line("TEXT ·avx2Dots(SB), NOSPLIT, $64-56")
	p.op("MOVQ x+16(FP), SI")
	p.op("MOVQ m+24(FP), R8")
	p.op("MOVQ xStep+32(FP), BX")
	p.op("MOVQ mRow+40(FP), R9")
	p.op("MOVQ depth+48(FP), CX")
	p.op("LEAQ (BX)(BX*2), DX")
	p.rowStrides(16)
	p.row9(16)
	p.op("VXORPS Y14, Y14, Y14")
	p.op("VXORPS Y15, Y15, Y15")
	p.op("MOVQ start+8(FP), AX")
	p.op("TESTQ AX, AX")
	p.op("JZ started")
	p.op("VMOVUPS (AX), Y14")
	p.op("VMOVUPS 32(AX), Y15")
	p.label("started")
	p.op("SUBQ $4, CX")
	p.op("JLT rest")
	p.aligned("loop")
	for i, at := range []string{"(SI)", "(SI)(BX*1)", "(SI)(BX*2)", "(SI)(DX*1)"} {
		p.op("VBROADCASTSS %s, Y%d", at, 8+i)
	}
	for half := range 2 {
		avx2.fourColumns(p, func(i int) string { return aRow(8*half + i) })
		for i := range 4 {
			p.op("VFMADD231PS Y%d, Y%d, Y%d", i, 8+i, 14+half)
		}
	}
	p.op("LEAQ (SI)(BX*4), SI")
	p.op("ADDQ $16, R8")
	p.op("ADDQ $16, R13")
	p.op("SUBQ $4, CX")
	p.op("JGE loop")
	p.label("rest")
	p.op("ADDQ $4, CX")
	p.op("JZ done")
	p.label("column")
	for i := range 16 {
		p.op("MOVL %s, AX", aRow(i))
		p.op("MOVL AX, %d(SP)", 4*i)
	}
	p.op("VBROADCASTSS (SI), Y8")
	for half := range 2 {
		p.op("VMOVUPS %d(SP), Y%d", 32*half, half)
		p.op("VFMADD231PS Y%d, Y8, Y%d", half, 14+half)
	}
	p.op("ADDQ BX, SI")
	p.op("ADDQ $4, R8")
	p.op("ADDQ $4, R13")
	p.op("DECQ CX")
	p.op("JNZ column")
	p.label("done")
	p.op("MOVQ dst+0(FP), DI")
	p.op("VMOVUPS Y14, (DI)")
	p.op("VMOVUPS Y15, 32(DI)")
	p.op("VZEROUPPER")
	p.op("RET")
	p.line("")
}

// streams is the function that adds rows of a matrix, each times a number, to a row: a product of a vector and a matrix that
// is stored by rows. Each of the eight rows is read from its beginning to its end, which the processor foresees.
func streams(p *printer) {
	const rows = 8
	p.line("// func avx2Streams(c, x, m *float32, xStep, mRow, groups int)")
	p.line("//")
	p.line("// c[j] += Σ_r x[r]·m[r][j] for %d rows of m, mRow bytes apart, in the order of r, and 32·groups columns; x's elements are", rows)
	p.line("// xStep bytes apart. Y0 … Y7 hold them, Y8 … Y11 the sums.")
	p.line("TEXT ·avx2Streams(SB), NOSPLIT, $0-48")
	p.op("MOVQ c+0(FP), DI")
	p.op("MOVQ x+8(FP), SI")
	p.op("MOVQ m+16(FP), R8")
	p.op("MOVQ xStep+24(FP), BX")
	p.op("MOVQ mRow+32(FP), R9")
	p.op("MOVQ groups+40(FP), CX")
	p.rowStrides(rows)
	for r := range rows {
		p.op("VBROADCASTSS (SI), Y%d", r)
		p.op("ADDQ BX, SI")
	}
	p.aligned("loop")
	for i := range 4 {
		p.op("VMOVUPS %d(DI), Y%d", 32*i, 8+i)
	}
	for r := range rows {
		for i := range 4 {
			p.op("VFMADD231PS %d%s, Y%d, Y%d", 32*i, aRow(r), r, 8+i)
		}
	}
	for i := range 4 {
		p.op("VMOVUPS Y%d, %d(DI)", 8+i, 32*i)
	}
	p.op("ADDQ $128, DI")
	p.op("ADDQ $128, R8")
	p.op("DECQ CX")
	p.op("JNZ loop")
	p.op("VZEROUPPER")
	p.op("RET")
	p.line("")
}
