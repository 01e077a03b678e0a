#include "go_asm.h"
#include "textflag.h"

// The micro-kernel: a tile of 1 to 6 rows × 16 columns of C, all of it in registers while k runs.
//
//	Y0 … Y11   C: row i is Y(2i) (columns 0-7) and Y(2i+1) (columns 8-15)
//	Y12, Y13   one row of B
//	Y14, Y15   one element of A, broadcast
//
// With 4 to 6 rows there are enough independent chains to start two FMAs every cycle, which is the machine's peak; loads
// (2 of B, a broadcast a row) and everything else run beside them. A is read where it lies, by rows or by columns: its
// two strides are all that differs. B is read with a stride as well; if pack is set, each row of B is stored there as
// it passes by, so that the following tiles find the panel contiguous in the cache.
//
//	DI  the tile                        SI, BX  B and its stride
//	R8, R12  A and its stride along k   CX      where B is packed to
//	R9  A's stride along rows           DX, R13 C and its stride
//	R10, R11  3 and 5 times R9          AX      what is left of k

#define SETUP \
	MOVQ t+0(FP), DI \
	MOVQ tile_a(DI), R8 \
	MOVQ tile_aRow(DI), R9 \
	SHLQ $2, R9 \
	LEAQ (R9)(R9*2), R10 \
	LEAQ (R9)(R9*4), R11 \
	MOVQ tile_aCol(DI), R12 \
	SHLQ $2, R12 \
	MOVQ tile_b(DI), SI \
	MOVQ tile_bRow(DI), BX \
	SHLQ $2, BX \
	MOVQ tile_c(DI), DX \
	MOVQ tile_cRow(DI), R13 \
	SHLQ $2, R13 \
	MOVQ tile_depth(DI), AX

#define ROW(a, t, lo, hi) \
	VBROADCASTSS a, t \
	VFMADD231PS Y12, t, lo \
	VFMADD231PS Y13, t, hi

#define ROWS1 ROW((R8), Y14, Y0, Y1)
#define ROWS2 ROWS1 \
	ROW((R8)(R9*1), Y15, Y2, Y3)
#define ROWS3 ROWS2 \
	ROW((R8)(R9*2), Y14, Y4, Y5)
#define ROWS4 ROWS3 \
	ROW((R8)(R10*1), Y15, Y6, Y7)
#define ROWS5 ROWS4 \
	ROW((R8)(R9*4), Y14, Y8, Y9)
#define ROWS6 ROWS5 \
	ROW((R8)(R11*1), Y15, Y10, Y11)

#define ZERO(r) VXORPS r, r, r
#define ZERO1 ZERO(Y0) \
	ZERO(Y1)
#define ZERO2 ZERO1 \
	ZERO(Y2) \
	ZERO(Y3)
#define ZERO3 ZERO2 \
	ZERO(Y4) \
	ZERO(Y5)
#define ZERO4 ZERO3 \
	ZERO(Y6) \
	ZERO(Y7)
#define ZERO5 ZERO4 \
	ZERO(Y8) \
	ZERO(Y9)
#define ZERO6 ZERO5 \
	ZERO(Y10) \
	ZERO(Y11)

#define LOAD(lo, hi) \
	VMOVUPS (CX), lo \
	VMOVUPS 32(CX), hi \
	ADDQ R13, CX
#define LOAD1 LOAD(Y0, Y1)
#define LOAD2 LOAD1 \
	LOAD(Y2, Y3)
#define LOAD3 LOAD2 \
	LOAD(Y4, Y5)
#define LOAD4 LOAD3 \
	LOAD(Y6, Y7)
#define LOAD5 LOAD4 \
	LOAD(Y8, Y9)
#define LOAD6 LOAD5 \
	LOAD(Y10, Y11)

#define STORE(lo, hi) \
	VMOVUPS lo, (DX) \
	VMOVUPS hi, 32(DX) \
	ADDQ R13, DX
#define STORE1 STORE(Y0, Y1)
#define STORE2 STORE1 \
	STORE(Y2, Y3)
#define STORE3 STORE2 \
	STORE(Y4, Y5)
#define STORE4 STORE3 \
	STORE(Y6, Y7)
#define STORE5 STORE4 \
	STORE(Y8, Y9)
#define STORE6 STORE5 \
	STORE(Y10, Y11)

// In the packing loop B comes from rows far apart, which the processor does not foresee: it is asked for eight rows
// ahead, both cache lines that 64 unaligned bytes may touch. What the next panel will need of the same row goes to the
// second-level cache.
#define KERNEL(ROWS, ZEROS, LOADS, STORES) \
	SETUP \
	ZEROS \
	CMPB tile_accumulate(DI), $0 \
	JEQ start \
	MOVQ DX, CX \
	LOADS \
start: \
	MOVQ tile_pack(DI), CX \
	CMPQ tile_pack+8(DI), $0 \
	JNE packing \
	PCALIGN $32 \
loop: \
	VMOVUPS (SI), Y12 \
	VMOVUPS 32(SI), Y13 \
	ADDQ BX, SI \
	ROWS \
	ADDQ R12, R8 \
	DECQ AX \
	JNZ loop \
store: \
	STORES \
	VZEROUPPER \
	RET \
	PCALIGN $32 \
packing: \
	VMOVUPS (SI), Y12 \
	VMOVUPS 32(SI), Y13 \
	PREFETCHT0 (SI)(BX*8) \
	PREFETCHT0 63(SI)(BX*8) \
	PREFETCHT1 128(SI) \
	ADDQ BX, SI \
	VMOVUPS Y12, (CX) \
	VMOVUPS Y13, 32(CX) \
	ADDQ $64, CX \
	ROWS \
	ADDQ R12, R8 \
	DECQ AX \
	JNZ packing \
	JMP store

// func tileRows1(t *tile)
TEXT ·tileRows1(SB), NOSPLIT, $0-8
	KERNEL(ROWS1, ZERO1, LOAD1, STORE1)

// func tileRows2(t *tile)
TEXT ·tileRows2(SB), NOSPLIT, $0-8
	KERNEL(ROWS2, ZERO2, LOAD2, STORE2)

// func tileRows3(t *tile)
TEXT ·tileRows3(SB), NOSPLIT, $0-8
	KERNEL(ROWS3, ZERO3, LOAD3, STORE3)

// func tileRows4(t *tile)
TEXT ·tileRows4(SB), NOSPLIT, $0-8
	KERNEL(ROWS4, ZERO4, LOAD4, STORE4)

// func tileRows5(t *tile)
TEXT ·tileRows5(SB), NOSPLIT, $0-8
	KERNEL(ROWS5, ZERO5, LOAD5, STORE5)

// func tileRows6(t *tile)
TEXT ·tileRows6(SB), NOSPLIT, $0-8
	KERNEL(ROWS6, ZERO6, LOAD6, STORE6)

// TRANSPOSE4 reads four columns of eight stored rows (rows 0-3 at SI, 4-7 at R8; strides BX, R9 = 3·BX) and writes them
// as four rows of eight: lane pairs first, then pairs of pairs.
#define TRANSPOSE4(from, to) \
	VMOVUPS from(SI), X0 \
	VINSERTF128 $1, from(R8), Y0, Y0 \
	VMOVUPS from(SI)(BX*1), X1 \
	VINSERTF128 $1, from(R8)(BX*1), Y1, Y1 \
	VMOVUPS from(SI)(BX*2), X2 \
	VINSERTF128 $1, from(R8)(BX*2), Y2, Y2 \
	VMOVUPS from(SI)(R9*1), X3 \
	VINSERTF128 $1, from(R8)(R9*1), Y3, Y3 \
	VUNPCKLPS Y1, Y0, Y4 \
	VUNPCKHPS Y1, Y0, Y5 \
	VUNPCKLPS Y3, Y2, Y6 \
	VUNPCKHPS Y3, Y2, Y7 \
	VUNPCKLPD Y6, Y4, Y0 \
	VUNPCKHPD Y6, Y4, Y1 \
	VUNPCKLPD Y7, Y5, Y2 \
	VUNPCKHPD Y7, Y5, Y3 \
	VMOVUPS Y0, (to)(DI) \
	VMOVUPS Y1, (to+64)(DI) \
	VMOVUPS Y2, (to+128)(DI) \
	VMOVUPS Y3, (to+192)(DI)

// func transpose8(dst, src *float32, ld, groups int)
//
// Eight stored rows of src, ld floats apart, become columns of dst, whose rows are 16 floats apart; 8·groups columns of src.
TEXT ·transpose8(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ ld+16(FP), BX
	MOVQ groups+24(FP), CX
	SHLQ $2, BX
	LEAQ (BX)(BX*2), R9
	LEAQ (SI)(BX*4), R8
loop:
	TRANSPOSE4(0, 0)
	TRANSPOSE4(16, 256)
	ADDQ $32, SI
	ADDQ $32, R8
	ADDQ $512, DI
	DECQ CX
	JNZ loop
	VZEROUPPER
	RET
