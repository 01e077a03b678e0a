package main

import "fmt"

// combineRegs is the greatest number of registers of a row that one pass works on: with as many multiply-adds under way the
// units are busy, and Y15 holds the factor.
const combineRegs = 12

// combine is the function that makes linear combinations of rows of a matrix, 8·regs columns wide.
//
//	DI, R10 a combination, bytes to the next   R8, R9  where its terms begin, combinations left
//	SI      the rows                           R13     terms left
//	BX, CX  places and factors of the terms    Y0 …    the combination; Y15 a factor
func combine(p *printer, regs int) {
	name := fmt.Sprintf("avx2Combine%d", regs)
	p.line("// func %s(t *combination)", name)
	p.line("TEXT ·%s(SB), NOSPLIT, $0-8", name)
	p.op("MOVQ t+0(FP), AX")
	p.op("MOVQ combination_dst(AX), DI")
	p.op("MOVQ combination_dstStep(AX), R10")
	p.op("MOVQ combination_rows(AX), SI")
	p.op("MOVQ combination_places(AX), BX")
	p.op("MOVQ combination_factors(AX), CX")
	p.op("MOVQ combination_starts(AX), R8")
	p.op("MOVQ combination_n(AX), R9")
	p.op("MOVQ combination_add(AX), R11")
	p.label("next")
	p.op("MOVLQSX (R8), R12")
	p.op("MOVLQSX 4(R8), R13")
	p.op("ADDQ $4, R8")
	p.op("TESTQ R11, R11")
	p.op("JZ zero")
	for r := range regs {
		p.op("VMOVUPS %d(DI), Y%d", 32*r, r)
	}
	p.op("JMP started")
	p.label("zero")
	for r := range regs {
		p.op("VXORPS Y%d, Y%d, Y%d", r, r, r)
	}
	p.label("started")
	p.op("SUBQ R12, R13")
	p.op("JZ done")
	p.aligned("term")
	p.op("MOVLQSX (BX), R12")
	p.op("VBROADCASTSS (CX), Y15")
	p.op("LEAQ (SI)(R12*4), R12")
	for r := range regs {
		p.op("VFMADD231PS %d(R12), Y15, Y%d", 32*r, r)
	}
	p.op("ADDQ $4, BX")
	p.op("ADDQ $4, CX")
	p.op("DECQ R13")
	p.op("JNZ term")
	p.label("done")
	for r := range regs {
		p.op("VMOVUPS Y%d, %d(DI)", r, 32*r)
	}
	p.op("ADDQ R10, DI")
	p.op("DECQ R9")
	p.op("JNZ next")
	p.op("VZEROUPPER")
	p.op("RET")
	p.line("")
}

// patchRows prints the function that copies patches of an image into rows of a matrix, or adds them up in the image: runs of
// at most 8 elements.
//
//	DI, R10 a row of the matrix, bytes to the next    BX, R9, R13 offsets of the runs, how many, how many are left
//	SI      the place's first pixel                   DX, R11     where a run is in the matrix, bytes to the next
//	R8      places left                               Y2          the mask of a run
func patchRows(p *printer, add bool) {
	name := "avx2GatherRuns"
	if add {
		name = "avx2ScatterRuns"
	}
	p.line("// func %s(matrix, image *float32, offsets *int, runs, width, places, step int)", name)
	p.line("//")
	if add {
		p.line("// image[offsets[k] + q + j] += matrix[q·step + k·width + j] for q < places, k < runs and j < width, at most 8; 0 is added to")
		p.line("// the elements up to 8.")
	} else {
		p.line("// matrix[q·step + k·width + j] = image[offsets[k] + q + j] for q < places, k < runs and j < width, at most 8; as many as 8")
		p.line("// elements are read and written.")
	}
	p.line("TEXT ·%s(SB), NOSPLIT, $0-56", name)
	p.op("MOVQ matrix+0(FP), DI")
	p.op("MOVQ image+8(FP), SI")
	p.op("MOVQ runs+24(FP), R9")
	p.op("MOVQ width+32(FP), R11")
	p.op("MOVQ places+40(FP), R8")
	p.op("MOVQ step+48(FP), R10")
	p.op("SHLQ $2, R10")
	p.op("SHLQ $2, R11")
	p.op("LEAQ columns<>+64(SB), DX")
	p.op("SUBQ R11, DX")
	p.op("VMOVUPS (DX), Y2")
	p.label("place")
	p.op("MOVQ offsets+16(FP), BX")
	p.op("MOVQ DI, DX")
	p.op("MOVQ R9, R13")
	p.aligned("run")
	p.op("MOVQ (BX), R12")
	if add {
		p.op("VANDPS (DX), Y2, Y0")
		p.op("VADDPS (SI)(R12*4), Y0, Y0")
		p.op("VMOVUPS Y0, (SI)(R12*4)")
	} else {
		p.op("VMOVUPS (SI)(R12*4), Y0")
		p.op("VMOVUPS Y0, (DX)")
	}
	p.op("ADDQ $8, BX")
	p.op("ADDQ R11, DX")
	p.op("DECQ R13")
	p.op("JNZ run")
	p.op("ADDQ R10, DI")
	p.op("ADDQ $4, SI")
	p.op("DECQ R8")
	p.op("JNZ place")
	p.op("VZEROUPPER")
	p.op("RET")
	p.line("")
}
