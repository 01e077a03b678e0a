package main

// maxPairs is the function that finds the largest of squares of 2×2 elements. Eight squares at a time: two rows of 16
// elements are divided into even and odd ones, in an order that the stores mend.
//
//	R12, R14 a row and the next one    Y2 … Y5  elements (0,0), (0,1), (1,0), (1,1) of the squares
//	DI, SI   values, places            Y6, Y7   the largest and its place
//	R8, R9   squares of a row, rows    Y8 … Y12 places of (0,0) at the row's begin, now; 16, 1, elements of a row
func maxPairs(p *printer) {
	p.line("// pairs<> are the places of the even elements of 16, in the order of the shuffled registers.")
	for i, v := range []string{"0x00000000", "0x40000000", "0x41000000", "0x41200000", "0x40800000", "0x40c00000", "0x41400000", "0x41600000", "0x41800000", "0x3f800000"} {
		p.line("DATA pairs<>+%d(SB)/4, $%s", 4*i, v)
	}
	p.line("GLOBL pairs<>(SB), RODATA|NOPTR, $40\n")
	p.line("// func avx2MaxPairs(values, places, image *float32, rows, cols, step int)")
	p.line("//")
	p.line("// values[r·cols+q] is the largest of the 2×2 elements of image from 2r·step + 2q on, and places[r·cols+q] which element")
	p.line("// of image it is. Reads up to 15 elements beyond the last square and writes up to 7 beyond the last value.")
	p.line("TEXT ·avx2MaxPairs(SB), NOSPLIT, $0-48")
	p.op("MOVQ values+0(FP), DI")
	p.op("MOVQ places+8(FP), SI")
	p.op("MOVQ image+16(FP), R12")
	p.op("MOVQ rows+24(FP), R9")
	p.op("MOVQ cols+32(FP), R8")
	p.op("MOVQ step+40(FP), R10")
	p.op("VMOVUPS pairs<>(SB), Y8")
	p.op("VBROADCASTSS pairs<>+32(SB), Y10")
	p.op("VBROADCASTSS pairs<>+36(SB), Y11")
	p.op("VCVTSI2SSQ R10, X12, X12")
	p.op("VBROADCASTSS X12, Y12")
	p.op("SHLQ $2, R10")
	p.label("row")
	p.op("LEAQ (R12)(R10*1), R14")
	p.op("VMOVAPS Y8, Y9")
	p.op("MOVQ R8, CX")
	p.op("XORQ DX, DX")
	p.aligned("squares")
	for i, row := range []string{"(R12)(DX*8)", "(R14)(DX*8)"} {
		p.op("VMOVUPS %s, Y0", row)
		p.op("VMOVUPS 32%s, Y1", row)
		p.op("VSHUFPS $0x88, Y1, Y0, Y%d", 2+2*i)
		p.op("VSHUFPS $0xDD, Y1, Y0, Y%d", 3+2*i)
	}
	p.op("VMOVAPS Y2, Y6")
	p.op("VMOVAPS Y9, Y7")
	p.op("VADDPS Y9, Y11, Y0")
	for i, place := range []int{0, 1, 0} {
		// Larger, or the first that is no number.
		v := 3 + i
		p.op("VCMPPS $0x1E, Y6, Y%d, Y13", v)
		p.op("VCMPPS $3, Y%d, Y%d, Y14", v, v)
		p.op("VCMPPS $7, Y6, Y6, Y15")
		p.op("VANDPS Y14, Y15, Y14")
		p.op("VORPS Y13, Y14, Y13")
		p.op("VBLENDVPS Y13, Y%d, Y6, Y6", v)
		p.op("VBLENDVPS Y13, Y%d, Y7, Y7", place)
		switch i {
		case 0:
			p.op("VADDPS Y9, Y12, Y1")
		case 1:
			p.op("VADDPS Y0, Y12, Y0")
		}
	}
	p.op("VPERMPD $0xD8, Y6, Y6")
	p.op("VPERMPD $0xD8, Y7, Y7")
	p.op("VMOVUPS Y6, (DI)(DX*4)")
	p.op("VMOVUPS Y7, (SI)(DX*4)")
	p.op("VADDPS Y10, Y9, Y9")
	p.op("ADDQ $8, DX")
	p.op("SUBQ $8, CX")
	p.op("JG squares")
	p.op("LEAQ (DI)(R8*4), DI")
	p.op("LEAQ (SI)(R8*4), SI")
	p.op("LEAQ (R12)(R10*2), R12")
	p.op("VADDPS Y12, Y8, Y8")
	p.op("VADDPS Y12, Y8, Y8")
	p.op("DECQ R9")
	p.op("JNZ row")
	p.op("VZEROUPPER")
	p.op("RET")
	p.line("")
}
