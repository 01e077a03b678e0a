package main

// Registers of the functions that move patches between an image and a matrix with one of the patch's elements a row:
//
//	DI  the matrix          BX, CX   offsets of the elements in the image, and how many are left
//	SI  the image           R8, R13  rows of the map, and how many are left
//	R9  bytes of a row of the map: in the matrix one row follows the other, in the image they are R10 apart
//	R12 a row in the image  R11, R15 whole registers of a row, and how many are left
//	AX  bytes that are left over, Y2 their mask
//	R14, DX  where a row is read and written

// patchLoop prints the loops around what moves one register from (R14) or (R12) and (DX) or (DI).
func patchLoop(p *printer, name string, move func(image, matrix string), part func(image, matrix string)) {
	p.line("TEXT ·%s(SB), NOSPLIT, $0-56", name)
	p.op("MOVQ matrix+0(FP), DI")
	p.op("MOVQ image+8(FP), SI")
	p.op("MOVQ offsets+16(FP), BX")
	p.op("MOVQ count+24(FP), CX")
	p.op("MOVQ rows+32(FP), R8")
	p.op("MOVQ cols+40(FP), R9")
	p.op("MOVQ step+48(FP), R10")
	p.op("SHLQ $2, R10")
	p.op("MOVQ R9, R11")
	p.op("SHRQ $3, R11")
	p.op("MOVQ R9, AX")
	p.op("ANDQ $7, AX")
	p.op("SHLQ $2, AX")
	p.op("SHLQ $2, R9")
	p.op("LEAQ columns<>+64(SB), DX")
	p.op("SUBQ AX, DX")
	p.op("VMOVUPS (DX), Y2")
	p.op("CMPQ R9, $32")
	p.op("JEQ eight")
	p.label("element")
	p.op("MOVQ (BX), R12")
	p.op("ADDQ $8, BX")
	p.op("LEAQ (SI)(R12*4), R12")
	p.op("MOVQ R8, R13")
	p.label("row")
	p.op("MOVQ R12, R14")
	p.op("MOVQ DI, DX")
	p.op("MOVQ R11, R15")
	p.op("TESTQ R15, R15")
	p.op("JZ rest")
	p.aligned("whole")
	move("(R14)", "(DX)")
	p.op("ADDQ $32, R14")
	p.op("ADDQ $32, DX")
	p.op("DECQ R15")
	p.op("JNZ whole")
	p.label("rest")
	p.op("TESTQ AX, AX")
	p.op("JZ next")
	part("(R14)", "(DX)")
	p.label("next")
	p.op("ADDQ R9, DI")
	p.op("ADDQ R10, R12")
	p.op("DECQ R13")
	p.op("JNZ row")
	p.op("DECQ CX")
	p.op("JNZ element")
	p.op("VZEROUPPER")
	p.op("RET")
	p.label("eight")
	p.op("MOVQ (BX), R12")
	p.op("ADDQ $8, BX")
	p.op("LEAQ (SI)(R12*4), R12")
	p.op("MOVQ R8, R13")
	p.aligned("rowOfEight")
	move("(R12)", "(DI)")
	p.op("ADDQ $32, DI")
	p.op("ADDQ R10, R12")
	p.op("DECQ R13")
	p.op("JNZ rowOfEight")
	p.op("DECQ CX")
	p.op("JNZ eight")
	p.op("VZEROUPPER")
	p.op("RET")
	p.line("")
}

// gather is the function that copies patches of an image into a matrix.
func gather(p *printer) {
	p.line("// func avx2Gather(matrix, image *float32, offsets *int, count, rows, cols, step int)")
	p.line("//")
	p.line("// matrix[k][r·cols+q] = image[offsets[k] + r·step + q] for k < count, r < rows and q < cols, and up to 7 elements beyond")
	p.line("// the last are written.")
	patchLoop(p, "avx2Gather", func(image, matrix string) {
		p.op("VMOVUPS %s, Y0", image)
		p.op("VMOVUPS Y0, %s", matrix)
	}, func(image, matrix string) {
		p.op("VMASKMOVPS %s, Y2, Y0", image)
		p.op("VMOVUPS Y0, %s", matrix)
	})
}

// scatter is the function that adds patches up in an image.
func scatter(p *printer) {
	p.line("// func avx2Scatter(matrix, image *float32, offsets *int, count, rows, cols, step int)")
	p.line("//")
	p.line("// image[offsets[k] + r·step + q] += matrix[k][r·cols+q], in the order of k; 0 is added to up to 7 elements beyond each")
	p.line("// row.")
	patchLoop(p, "avx2Scatter", func(image, matrix string) {
		p.op("VMOVUPS %s, Y0", image)
		p.op("VADDPS %s, Y0, Y0", matrix)
		p.op("VMOVUPS Y0, %s", image)
	}, func(image, matrix string) {
		p.op("VMASKMOVPS %s, Y2, Y1", matrix)
		p.op("VMOVUPS %s, Y0", image)
		p.op("VADDPS Y1, Y0, Y0")
		p.op("VMOVUPS Y0, %s", image)
	})
}
