//go:build !race

// The race detector drops objects from sync.Pools at random.

package blas

import (
	"math/rand/v2"
	"testing"

	"capas/internal/kernels"

	gonumblas "gonum.org/v1/gonum/blas"
)

func TestSgemmAllocatesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	a, b, c := floats(r, 100*300), floats(r, 300*200), floats(r, 100*200)
	for _, alpha := range []float32{1, 2} {
		if n := testing.AllocsPerRun(20, func() {
			Implementation{}.Sgemm(gonumblas.NoTrans, gonumblas.NoTrans, 60, 200, 300, alpha, a, 300, b, 200, 1, c, 200)
		}); n != 0 {
			t.Errorf("alpha %g: %g allocations a call", alpha, n)
		}
	}
	p := kernels.Product{M: 100, N: 200, K: 300, A: a, Lda: 300, B: b, Ldb: 200, C: c, Ldc: 200}
	if n := testing.AllocsPerRun(20, func() { Multiply(&p, 2) }); n != 0 {
		t.Errorf("Multiply: %g allocations a call", n)
	}
}
