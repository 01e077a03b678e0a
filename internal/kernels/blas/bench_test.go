package blas

import (
	"fmt"
	"runtime"
	"testing"

	"capas/internal/kernels"
)

// BenchmarkMultiply is the rate of the products of training for 1 and for more workers.
func BenchmarkMultiply(b *testing.B) {
	for _, s := range []struct {
		orientation string
		m, k, n     int
	}{
		{"NN", 100, 784, 500}, {"NN", 100, 500, 2000}, {"NN", 10, 784, 1000},
		{"TN", 784, 100, 500}, {"TN", 500, 100, 2000}, {"TN", 784, 10, 500},
		{"NT", 100, 500, 784}, {"NT", 100, 2000, 500}, {"NN", 1024, 1024, 1024},
	} {
		p := kernels.Product{TransA: s.orientation[0] == 'T', TransB: s.orientation[1] == 'T', M: s.m, K: s.k, N: s.n,
			A: make([]float32, s.m*s.k), B: make([]float32, s.k*s.n), C: make([]float32, s.m*s.n), Lda: s.k, Ldb: s.n, Ldc: s.n}
		if p.TransA {
			p.Lda = s.m
		}
		if p.TransB {
			p.Ldb = s.k
		}
		for workers := 1; workers <= runtime.GOMAXPROCS(0); workers *= 2 {
			b.Run(fmt.Sprintf("%s/%dx%dx%d/%d", s.orientation, s.m, s.k, s.n, workers), func(b *testing.B) {
				for b.Loop() {
					Multiply(&p, workers)
				}
				b.ReportMetric(2*float64(s.m)*float64(s.k)*float64(s.n)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
