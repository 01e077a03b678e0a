package kernels

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// BenchmarkGemm measures the products of training: forward NN, weight gradient AᵀB, input gradient ABᵀ.
func BenchmarkGemm(b *testing.B) {
	for _, s := range []struct {
		orientation string
		m, k, n     int
	}{
		{"NN", 100, 784, 500},
		{"NN", 100, 500, 500},
		{"TN", 784, 100, 500},
		{"NT", 100, 500, 784},
		{"NN", 10, 784, 1000},
		{"NN", 10, 1000, 1000},
		{"NN", 1000, 784, 500},
		{"NN", 100, 500, 2000},
		{"NN", 100, 500, 10},
		{"TN", 500, 100, 10},
		{"NT", 100, 10, 500},
		{"NN", 1, 784, 500},
		{"NN", 1, 1000, 1000},
		{"NN", 1, 784, 64},
		{"TN", 1000, 1000, 1},
		{"TN", 784, 1, 500},
		{"NN", 100, 784, 1},
		{"NN", 1024, 1024, 1024},
		{"TN", 1024, 1024, 1024},
		{"TN", 512, 100, 512},
		{"TN", 1024, 100, 1024},
		{"NN", 100, 512, 512},
		{"NT", 1024, 1024, 1024},
	} {
		p := newProblem(rand.New(rand.NewPCG(1, 2)), s.orientation[0] == 'T', s.orientation[1] == 'T', false, s.m, s.n, s.k, 0)
		name := fmt.Sprintf("%s/%dx%dx%d", s.orientation, s.m, s.k, s.n)
		run := func(name string, multiply func()) {
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					multiply()
				}
				flops := 2 * float64(s.m) * float64(s.n) * float64(s.k)
				b.ReportMetric(flops*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
				b.ReportMetric(0, "ns/op")
			})
		}
		for _, f := range supported() {
			q := p.product()
			run(name+"/"+f.String(), func() { f.product(&q) })
		}
		flag := map[bool]blas.Transpose{false: blas.NoTrans, true: blas.Trans}
		run(name+"/gonum", func() {
			gonum.Implementation{}.Sgemm(flag[p.transA], flag[p.transB], p.m, p.n, p.k, 1, p.a, p.lda, p.b, p.ldb, 0, p.c, p.ldc)
		})
	}
}
