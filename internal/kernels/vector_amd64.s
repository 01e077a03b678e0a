#include "textflag.h"

// Elementwise functions on eight lanes. Each is a macro from Y0 to Y0; ELEMENTWISE runs it over a slice. The last, partial
// group goes through the same instructions under a mask, so a value does not depend on its position.
//
// The polynomials are least-squares fits of ours at Chebyshev nodes, weighted by what matters for the relative error of
// the result; errors stated are those of the rounded coefficients.

#define CONST(name, bits) \
	DATA name<>+0(SB)/8, $bits \
	DATA name<>+8(SB)/8, $bits \
	DATA name<>+16(SB)/8, $bits \
	DATA name<>+24(SB)/8, $bits \
	GLOBL name<>(SB), RODATA|NOPTR, $32

CONST(log2e, 0x3fb8aa3b3fb8aa3b) // 1.44269502
CONST(ln2hi, 0x3f3172003f317200) // 0.693145752
CONST(ln2lo, 0x35bfbe8e35bfbe8e) // 1.42860677e-06
CONST(exp0, 0x3efffffc3efffffc) // 0.499999881
CONST(exp1, 0x3e2aaa473e2aaa47) // 0.166665182
CONST(exp2, 0x3d2aadad3d2aadad) // 0.0416695364
CONST(exp3, 0x3c091de33c091de3) // 0.00836894196
CONST(exp4, 0x3ab43dc13ab43dc1) // 0.00137513143
CONST(expMax, 0x42d2000042d20000) // 105
CONST(expMin, 0xc2d20000c2d20000) // -105
CONST(one, 0x3f8000003f800000) // 1
CONST(two, 0x4000000040000000) // 2
CONST(ten, 0x4120000041200000) // 10
CONST(half, 0x3f0000003f000000) // 0.5
CONST(artanh0, 0x3f2aaaac3f2aaaac) // 0.666666746
CONST(artanh1, 0x3ecccb563ecccb56) // 0.39998883
CONST(artanh2, 0x3e92847a3e92847a) // 0.286166966
CONST(artanh3, 0x3e5b71a73e5b71a7) // 0.214300737
CONST(artanh4, 0x3e78bd7c3e78bd7c) // 0.242910326
CONST(minNormal, 0x0080000000800000) // 1.17549435e-38
CONST(scaleUp, 0x4b8000004b800000) // 16777216
CONST(twentyFour, 0x41c0000041c00000) // 24
CONST(infinity, 0x7f8000007f800000) // +Inf
CONST(minusInfinity, 0xff800000ff800000) // -Inf
CONST(unit24, 0x3380000033800000) // 5.96046448e-08
CONST(unit32, 0x2f8000002f800000) // 2.32830644e-10
CONST(two16, 0x4780000047800000) // 65536
CONST(minusTwo, 0xc0000000c0000000) // -2
CONST(turn, 0x30c90fdb30c90fdb) // 1.46291812e-09
CONST(sin0, 0xbe2aaaa3be2aaaa3) // -0.166666552
CONST(sin1, 0x3c0883a33c0883a3) // 0.00833216589
CONST(sin2, 0xb94ca3bdb94ca3bd) // -0.000195159533
CONST(cos0, 0x3d2aaaa53d2aaaa5) // 0.0416666456
CONST(cos1, 0xbab60630bab60630) // -0.00138873421
CONST(cos2, 0x37ccfb9837ccfb98) // 2.44358525e-05
CONST(signBit, 0x8000000080000000)
CONST(bias, 0x0000007f0000007f)
CONST(sqrtHalf, 0x3f3504f33f3504f3)
CONST(low16, 0x0000ffff0000ffff)
CONST(eighthTurn, 0x2000000020000000)
CONST(oneInt, 0x0000000100000001)

// laneMask: eight lanes set, eight clear; read from lane 8−n on it selects the first n.
DATA laneMask<>+0(SB)/8, $-1
DATA laneMask<>+8(SB)/8, $-1
DATA laneMask<>+16(SB)/8, $-1
DATA laneMask<>+24(SB)/8, $-1
DATA laneMask<>+32(SB)/8, $0
DATA laneMask<>+40(SB)/8, $0
DATA laneMask<>+48(SB)/8, $0
DATA laneMask<>+56(SB)/8, $0
GLOBL laneMask<>(SB), RODATA|NOPTR, $64

#define ELEMENTWISE(FUNCTION) \
	MOVQ dst+0(FP), DI \
	MOVQ x+8(FP), SI \
	MOVQ n+16(FP), CX \
	SUBQ $8, CX \
	JLT tail \
loop: \
	VMOVUPS (SI), Y0 \
	FUNCTION \
	VMOVUPS Y0, (DI) \
	ADDQ $32, SI \
	ADDQ $32, DI \
	SUBQ $8, CX \
	JGE loop \
tail: \
	ADDQ $8, CX \
	JEQ done \
	LEAQ laneMask<>+32(SB), AX \
	SHLQ $2, CX \
	SUBQ CX, AX \
	VMOVUPS (AX), Y15 \
	VMASKMOVPS (SI), Y15, Y0 \
	FUNCTION \
	VMASKMOVPS Y0, Y15, (DI) \
done: \
	VZEROUPPER \
	RET

// EXPM1 splits Y0 = n·ln 2 + r, |r| ≤ ln 2/2: Y1 = n, Y2 = e^r − 1 = r + r²·s(r). s has degree 4, error 4e-9 of e^r.
// Changes Y0, Y3.
#define EXPM1 \
	VMULPS log2e<>(SB), Y0, Y1 \
	VROUNDPS $0, Y1, Y1 \
	VFNMADD231PS ln2hi<>(SB), Y1, Y0 \
	VFNMADD231PS ln2lo<>(SB), Y1, Y0 \
	VMOVUPS exp4<>(SB), Y2 \
	VFMADD213PS exp3<>(SB), Y0, Y2 \
	VFMADD213PS exp2<>(SB), Y0, Y2 \
	VFMADD213PS exp1<>(SB), Y0, Y2 \
	VFMADD213PS exp0<>(SB), Y0, Y2 \
	VMULPS Y0, Y0, Y3 \
	VFMADD213PS Y0, Y3, Y2

// EXP: Y0 = e^Y0, by Y1 … Y3. The clamp keeps 2^n within two factors of normal range, 2^⌊n/2⌋ and the rest, of which only the
// second multiplication can round, overflow or become denormal. The minimum's operands are ordered to let NaN pass.
#define EXP \
	VMOVUPS expMax<>(SB), Y1 \
	VMINPS Y0, Y1, Y0 \
	VMOVUPS expMin<>(SB), Y1 \
	VMAXPS Y0, Y1, Y0 \
	EXPM1 \
	VADDPS one<>(SB), Y2, Y2 \
	VCVTPS2DQ Y1, Y1 \
	VPSRAD $1, Y1, Y3 \
	VPSUBD Y3, Y1, Y1 \
	VPADDD bias<>(SB), Y3, Y3 \
	VPADDD bias<>(SB), Y1, Y1 \
	VPSLLD $23, Y3, Y3 \
	VPSLLD $23, Y1, Y1 \
	VMULPS Y3, Y2, Y2 \
	VMULPS Y1, Y2, Y0

// SIGMOID: with e = exp(−|x|), x ≥ 0 gives 1/(1+e) and x < 0 gives e/(1+e). Y4 keeps x.
#define SIGMOID \
	VMOVAPS Y0, Y4 \
	VORPS signBit<>(SB), Y0, Y0 \
	EXP \
	VADDPS one<>(SB), Y0, Y1 \
	VMOVUPS one<>(SB), Y2 \
	VBLENDVPS Y4, Y0, Y2, Y2 \
	VDIVPS Y1, Y2, Y0

// TANH: with e = exp(2|x|) − 1 = (2^n − 1) + 2^n·(e^r − 1), free of cancellation, |tanh x| = e/(e+2). Beyond 10 the quotient is
// exactly 1. Y4 keeps the sign.
#define TANH \
	VANDPS signBit<>(SB), Y0, Y4 \
	VXORPS Y4, Y0, Y0 \
	VMOVUPS ten<>(SB), Y1 \
	VMINPS Y0, Y1, Y0 \
	VADDPS Y0, Y0, Y0 \
	EXPM1 \
	VCVTPS2DQ Y1, Y1 \
	VPADDD bias<>(SB), Y1, Y1 \
	VPSLLD $23, Y1, Y1 \
	VSUBPS one<>(SB), Y1, Y0 \
	VFMADD231PS Y1, Y2, Y0 \
	VADDPS two<>(SB), Y0, Y1 \
	VDIVPS Y1, Y0, Y0 \
	VORPS Y4, Y0, Y0

// LOG1P: Y0 = log(1+Y0) for Y0 = d in [√½−1, 1], by Y1 … Y3. With s = d/(2+d), log(1+d) = 2 artanh s = d − s·(d − R), where
// R = s²·p(s²) is what 2 artanh s has beyond 2s, over s. p has degree 4, error 6e-10 of the logarithm.
#define LOG1P \
	VADDPS two<>(SB), Y0, Y1 \
	VDIVPS Y1, Y0, Y1 \
	VMULPS Y1, Y1, Y2 \
	VMOVUPS artanh4<>(SB), Y3 \
	VFMADD213PS artanh3<>(SB), Y2, Y3 \
	VFMADD213PS artanh2<>(SB), Y2, Y3 \
	VFMADD213PS artanh1<>(SB), Y2, Y3 \
	VFMADD213PS artanh0<>(SB), Y2, Y3 \
	VFNMADD213PS Y0, Y2, Y3 \
	VFNMADD231PS Y3, Y1, Y0

// SOFTPLUS: max(x, 0) + log(1 + exp(−|x|)). Y4 keeps max(x, 0).
#define SOFTPLUS \
	VXORPS Y1, Y1, Y1 \
	VMAXPS Y0, Y1, Y4 \
	VORPS signBit<>(SB), Y0, Y0 \
	EXP \
	LOG1P \
	VADDPS Y4, Y0, Y0

// LOGFINITE: Y0 = log Y0 for a positive normal Y0 = 2^n·f with f between √½ and √2, less Y5·ln 2, by Y1 … Y4. The bits of
// √½ taken off leave n in the exponent's place.
#define LOGFINITE \
	VPSUBD sqrtHalf<>(SB), Y0, Y4 \
	VPSRAD $23, Y4, Y4 \
	VPSLLD $23, Y4, Y1 \
	VPSUBD Y1, Y0, Y0 \
	VCVTDQ2PS Y4, Y4 \
	VSUBPS Y5, Y4, Y4 \
	VSUBPS one<>(SB), Y0, Y0 \
	LOG1P \
	VFMADD231PS ln2lo<>(SB), Y4, Y0 \
	VFMADD231PS ln2hi<>(SB), Y4, Y0

// LOG: denormals are scaled up by 2^24 first; at the end zero gives −Inf, less gives NaN, +Inf and NaN stay. Y6 keeps x.
#define LOG \
	VMOVAPS Y0, Y6 \
	VCMPPS $1, minNormal<>(SB), Y0, Y1 \
	VMULPS scaleUp<>(SB), Y0, Y2 \
	VBLENDVPS Y1, Y2, Y0, Y0 \
	VANDPS twentyFour<>(SB), Y1, Y5 \
	LOGFINITE \
	VCMPPS $5, infinity<>(SB), Y6, Y1 \
	VBLENDVPS Y1, Y6, Y0, Y0 \
	VXORPS Y2, Y2, Y2 \
	VCMPPS $0, Y2, Y6, Y1 \
	VMOVUPS minusInfinity<>(SB), Y3 \
	VBLENDVPS Y1, Y3, Y0, Y0 \
	VCMPPS $1, Y2, Y6, Y1 \
	VORPS Y1, Y0, Y0

// func expAVX2(dst, x *float32, n int)
TEXT ·expAVX2(SB), NOSPLIT, $0-24
	ELEMENTWISE(EXP)

// func sigmoidAVX2(dst, x *float32, n int)
TEXT ·sigmoidAVX2(SB), NOSPLIT, $0-24
	ELEMENTWISE(SIGMOID)

// func tanhAVX2(dst, x *float32, n int)
TEXT ·tanhAVX2(SB), NOSPLIT, $0-24
	ELEMENTWISE(TANH)

// func softplusAVX2(dst, x *float32, n int)
TEXT ·softplusAVX2(SB), NOSPLIT, $0-24
	ELEMENTWISE(SOFTPLUS)

// func logAVX2(dst, x *float32, n int)
TEXT ·logAVX2(SB), NOSPLIT, $0-24
	ELEMENTWISE(LOG)

// Uniforms: the upper 24 bits of a word as a fraction.
#define UNIFORM \
	VPSRLD $8, Y0, Y0 \
	VCVTDQ2PS Y0, Y0 \
	VMULPS unit24<>(SB), Y0, Y0

// func uniformAVX2(dst *float32, words *uint32, n int)
TEXT ·uniformAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ words+8(FP), SI
	MOVQ n+16(FP), CX
loop:
	VMOVDQU (SI), Y0
	UNIFORM
	VMOVUPS Y0, (DI)
	ADDQ $32, SI
	ADDQ $32, DI
	SUBQ $8, CX
	JNZ loop
	VZEROUPPER
	RET

// func bernoulliAVX2(dst, p *float32, words *uint32, n int)
TEXT ·bernoulliAVX2(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ p+8(FP), DX
	MOVQ words+16(FP), SI
	MOVQ n+24(FP), CX
	VMOVUPS one<>(SB), Y2
loop:
	VMOVDQU (SI), Y0
	UNIFORM
	VCMPPS $1, (DX), Y0, Y0
	VANDPS Y2, Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ $32, SI
	ADDQ $32, DX
	ADDQ $32, DI
	SUBQ $8, CX
	JNZ loop
	VZEROUPPER
	RET

// func maskAVX2(dst *float32, keep, value float32, words *uint32, n int)
TEXT ·maskAVX2(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	VBROADCASTSS keep+8(FP), Y1
	VBROADCASTSS value+12(FP), Y2
	MOVQ words+16(FP), SI
	MOVQ n+24(FP), CX
loop:
	VMOVDQU (SI), Y0
	UNIFORM
	VCMPPS $1, Y1, Y0, Y0
	VANDPS Y2, Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ $32, SI
	ADDQ $32, DI
	SUBQ $8, CX
	JNZ loop
	VZEROUPPER
	RET

// func normalAVX2(dst *float32, words *uint32, n int)
//
// Sixteen words at a time: eight radii from the words at even, eight angles from those at odd places.
//
// The radius: u = (w+½)/2³² with one rounding, from two halves of w that convert exactly. The angle: the nearest quarter
// turn q is split off, x = 2π·rest in [−π/4, π/4], sin x = x + x·z·S(z), cos x = 1 − z/2 + z²·C(z), z = x², errors 7e-9 and
// 3e-10; an odd q swaps the two, bit 1 of q and of q+1 are the signs of sine and cosine.
TEXT ·normalAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ words+8(FP), SI
	MOVQ n+16(FP), CX
loop:
	VMOVUPS (SI), Y1
	VMOVUPS 32(SI), Y2
	VSHUFPS $0x88, Y2, Y1, Y0
	VSHUFPS $0xDD, Y2, Y1, Y7
	VPAND low16<>(SB), Y0, Y1
	VPSRLD $16, Y0, Y0
	VCVTDQ2PS Y0, Y0
	VCVTDQ2PS Y1, Y1
	VADDPS half<>(SB), Y1, Y1
	VFMADD132PS two16<>(SB), Y1, Y0
	VMULPS unit32<>(SB), Y0, Y0
	VXORPS Y5, Y5, Y5
	LOGFINITE
	VMULPS minusTwo<>(SB), Y0, Y0
	VSQRTPS Y0, Y8
	VPADDD eighthTurn<>(SB), Y7, Y1
	VPSRLD $30, Y1, Y1
	VPSLLD $30, Y1, Y2
	VPSUBD Y2, Y7, Y7
	VCVTDQ2PS Y7, Y7
	VMULPS turn<>(SB), Y7, Y7
	VMULPS Y7, Y7, Y6
	VMOVUPS sin2<>(SB), Y2
	VFMADD213PS sin1<>(SB), Y6, Y2
	VFMADD213PS sin0<>(SB), Y6, Y2
	VMULPS Y6, Y7, Y3
	VFMADD213PS Y7, Y3, Y2
	VMOVUPS cos2<>(SB), Y4
	VFMADD213PS cos1<>(SB), Y6, Y4
	VFMADD213PS cos0<>(SB), Y6, Y4
	VFMSUB213PS half<>(SB), Y6, Y4
	VFMADD213PS one<>(SB), Y6, Y4
	VPSLLD $31, Y1, Y3
	VBLENDVPS Y3, Y4, Y2, Y5
	VBLENDVPS Y3, Y2, Y4, Y4
	VPADDD oneInt<>(SB), Y1, Y2
	VPSLLD $30, Y1, Y1
	VPSLLD $30, Y2, Y2
	VANDPS signBit<>(SB), Y1, Y1
	VANDPS signBit<>(SB), Y2, Y2
	VXORPS Y1, Y5, Y5
	VXORPS Y2, Y4, Y4
	VMULPS Y8, Y5, Y5
	VMULPS Y8, Y4, Y4
	VUNPCKLPS Y5, Y4, Y0
	VUNPCKHPS Y5, Y4, Y1
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	ADDQ $64, SI
	ADDQ $64, DI
	SUBQ $16, CX
	JNZ loop
	VZEROUPPER
	RET
