#include "textflag.h"

// Lanes of Philox: a 64-bit lane is one block, so that VPMULUDQ gives the whole product of its lower half. The upper halves
// of the counter words are left dirty: neither the multiplication nor the result looks at them.

DATA mul0<>+0(SB)/8, $0xD2511F53
DATA mul0<>+8(SB)/8, $0xCD9E8D57
GLOBL mul0<>(SB), RODATA|NOPTR, $16
DATA weyl<>+0(SB)/8, $0x9E3779B9
DATA weyl<>+8(SB)/8, $0xBB67AE85
GLOBL weyl<>(SB), RODATA|NOPTR, $16
DATA lanes<>+0(SB)/8, $0
DATA lanes<>+8(SB)/8, $1
DATA lanes<>+16(SB)/8, $2
DATA lanes<>+24(SB)/8, $3
GLOBL lanes<>(SB), RODATA|NOPTR, $32
DATA four<>+0(SB)/8, $4
GLOBL four<>(SB), RODATA|NOPTR, $8

// ROUND of four blocks in c0 … c3 under the keys Y12, Y13, with the multipliers in Y14, Y15 and t as scratch:
// (c0, c1, c2, c3) becomes (hi(M1·c2)^c1^k0, lo(M1·c2), hi(M0·c0)^c3^k1, lo(M0·c0)).
#define ROUND(c0, c1, c2, c3, t) \
	VPXOR Y12, c1, c1 \
	VPXOR Y13, c3, c3 \
	VPMULUDQ Y14, c0, t \
	VPMULUDQ Y15, c2, c2 \
	VPSRLQ $32, c2, c0 \
	VPXOR c1, c0, c0 \
	VMOVDQA c2, c1 \
	VPSRLQ $32, t, c2 \
	VPXOR c3, c2, c2 \
	VMOVDQA t, c3

// Two groups of four blocks, independent, hide each other's latency.
#define ROUNDS2 \
	ROUND(Y0, Y1, Y2, Y3, Y8) \
	ROUND(Y4, Y5, Y6, Y7, Y9)

#define NEXTKEY \
	VPADDD Y10, Y12, Y12 \
	VPADDD Y11, Y13, Y13

// OUT stores four blocks in the order of the sequence: words into pairs, pairs into blocks, blocks into order.
#define OUT(c0, c1, c2, c3, at) \
	VPSLLQ $32, c1, c1 \
	VPSLLQ $32, c3, c3 \
	VPBLENDD $0xAA, c1, c0, c0 \
	VPBLENDD $0xAA, c3, c2, c2 \
	VPUNPCKLQDQ c2, c0, c1 \
	VPUNPCKHQDQ c2, c0, c3 \
	VPERM2I128 $0x20, c3, c1, c0 \
	VPERM2I128 $0x31, c3, c1, c2 \
	VMOVDQU c0, at(DI) \
	VMOVDQU c2, (at+32)(DI)

// func philoxAVX2(dst *uint32, key, block uint64, groups int)
//
// Fills 32·groups words from the start of a block on.
TEXT ·philoxAVX2(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ key+8(FP), R8
	MOVQ R8, R9
	SHRQ $32, R9
	MOVQ block+16(FP), AX
	MOVQ groups+24(FP), CX
	VPBROADCASTQ mul0<>+0(SB), Y14
	VPBROADCASTQ mul0<>+8(SB), Y15
	VPBROADCASTQ weyl<>+0(SB), Y10
	VPBROADCASTQ weyl<>+8(SB), Y11
loop:
	VMOVQ AX, X0
	VPBROADCASTQ X0, Y0
	VPADDQ lanes<>(SB), Y0, Y0
	VPBROADCASTQ four<>(SB), Y4
	VPADDQ Y0, Y4, Y4
	VPSRLQ $32, Y0, Y1
	VPSRLQ $32, Y4, Y5
	VPXOR Y2, Y2, Y2
	VPXOR Y3, Y3, Y3
	VPXOR Y6, Y6, Y6
	VPXOR Y7, Y7, Y7
	VMOVQ R8, X12
	VPBROADCASTD X12, Y12
	VMOVQ R9, X13
	VPBROADCASTD X13, Y13
	ROUNDS2
	NEXTKEY
	ROUNDS2
	NEXTKEY
	ROUNDS2
	NEXTKEY
	ROUNDS2
	NEXTKEY
	ROUNDS2
	NEXTKEY
	ROUNDS2
	NEXTKEY
	ROUNDS2
	NEXTKEY
	ROUNDS2
	NEXTKEY
	ROUNDS2
	NEXTKEY
	ROUNDS2
	OUT(Y0, Y1, Y2, Y3, 0)
	OUT(Y4, Y5, Y6, Y7, 64)
	ADDQ $8, AX
	ADDQ $128, DI
	DECQ CX
	JNZ loop
	VZEROUPPER
	RET
