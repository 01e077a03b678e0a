// Package kernels is the float32 arithmetic under everything else: matrix products, elementwise functions and the
// arithmetic of counter-based random numbers.
//
// Every function runs on the calling goroutine, may be called from any number of goroutines at once, and allocates
// nothing in the steady state.
//
// # Families
//
// There are two implementations, called families: "avx2" (Go assembly for amd64 with AVX2 and FMA) and "portable" (plain
// Go). The first that the machine supports is chosen once, at first use. The environment variable CAPAS_KERNELS forces
// one; see [Family].
//
// # Reproducibility
//
// Within one family a result depends on the values alone: not on the position in a slice, not on the other rows of a
// batch, not on the number of processors. The portable family rounds after every operation (no fused multiply-add), so
// it gives the same bytes on every machine; the avx2 family gives the same bytes on every machine that has it. Between
// the families the last bits of a float differ, while random words, uniforms and Bernoulli draws are equal.
package kernels
