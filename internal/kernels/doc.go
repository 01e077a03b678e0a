// Package kernels is the float32 arithmetic under everything else: matrix products, elementwise functions and the
// arithmetic of counter-based random numbers.
//
// Every function runs on the calling goroutine, may be called from any number of goroutines at once, and allocates
// nothing in the steady state.
//
// # Families
//
// There are three implementations, called families: "avx512" and "avx2" (Go assembly for amd64 with AVX-512 F, BW, DQ and
// VL, and with AVX2 and FMA) and "portable" (plain Go). The first that the machine supports is chosen once, at first use.
// The environment variable CAPAS_KERNELS forces one; see [Family].
//
// The assembly is written by two programs, gen/gemm (matrix products) and gen/vector (everything else), each from one
// description for both families; the head of each file says what its registers hold and how the data flow. go generate
// runs them.
//
// # Reproducibility
//
// Within one family a result depends on the values alone: not on the position in a slice, not on the other rows of a
// batch, not on the number of processors. The portable family rounds after every operation (no fused multiply-add), so
// it gives the same bytes on every machine; the others give the same bytes on every machine that has them. Between the
// families the last bits of a float differ, but for matrix products, which are the same chains of fused multiply-adds in
// avx512 and avx2, and what is exact in all: sums, optimiser steps, random words, uniforms, Bernoulli draws and masks.
// docs/kernels.md bounds the differences under "Agreement of the families".
package kernels
