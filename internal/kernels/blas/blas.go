// Package blas gives the matrix product of package kernels to programs that call BLAS, such as Gorgonia's stock
// operations: gorgonia.Use(blas.Implementation{}).
package blas

import (
	"sync"

	gonumblas "gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"

	"capas/internal/kernels"
)

// Implementation is gonum's BLAS with a float32 matrix product of our own. It implements gonum's Float32, Float64,
// Complex64 and Complex128 and may be used by any number of goroutines.
type Implementation struct {
	gonum.Implementation

	// Workers is the greatest number of processors for one product; 0 means all. It does not change any result.
	Workers int
}

// Sgemm computes C = alpha·op(A)·op(B) + beta·C in row-major storage, where op is the transpose or not, op(A) is m×k
// and op(B) is k×n. As in the reference BLAS, A and B are not read if alpha is 0, nor C if beta is 0, so that NaN there
// does not show. It panics with gonum's messages if an argument is wrong.
//
// If alpha is 1, each element of C is one chain of multiply-adds, which starts from beta·C; else the chain starts from
// zero and is scaled and added at the end.
func (b Implementation) Sgemm(tA, tB gonumblas.Transpose, m, n, k int, alpha float32, a []float32, lda int, bm []float32, ldb int, beta float32, c []float32, ldc int) {
	p := kernels.Product{TransA: transposed(tA), TransB: transposed(tB), M: m, N: n, K: k, A: a, Lda: lda, B: bm, Ldb: ldb, C: c, Ldc: ldc}
	if !known(tA) || !known(tB) || m <= 0 || n <= 0 || k <= 0 || !fits(&p) {
		b.Implementation.Sgemm(tA, tB, m, n, k, alpha, a, lda, bm, ldb, beta, c, ldc)
		return
	}
	switch {
	case alpha == 0:
		scale(&p, beta)
		return
	case alpha != 1:
		scaled(&p, alpha, beta)
		return
	}
	if beta != 0 {
		scale(&p, beta)
		p.Accumulate = true
	}
	Multiply(&p, b.Workers)
}

// scale multiplies C by beta, zero giving zero always.
func scale(p *kernels.Product, beta float32) {
	if beta == 1 {
		return
	}
	for i := range p.M {
		row := p.C[i*p.Ldc:][:p.N]
		if beta == 0 {
			clear(row)
			continue
		}
		for j := range row {
			row[j] *= beta
		}
	}
}

func known(t gonumblas.Transpose) bool {
	return t == gonumblas.NoTrans || transposed(t)
}

func transposed(t gonumblas.Transpose) bool {
	return t == gonumblas.Trans || t == gonumblas.ConjTrans
}

// fits says whether the operands of p are as long as they must be.
func fits(p *kernels.Product) bool {
	aRows, aCols, bRows, bCols := p.M, p.K, p.K, p.N
	if p.TransA {
		aRows, aCols = aCols, aRows
	}
	if p.TransB {
		bRows, bCols = bCols, bRows
	}
	return holds(aRows, aCols, p.Lda, len(p.A)) && holds(bRows, bCols, p.Ldb, len(p.B)) && holds(p.M, p.N, p.Ldc, len(p.C))
}

func holds(rows, cols, ld, length int) bool { return ld >= cols && length >= (rows-1)*ld+cols }

// blockRows × blockCols bound the part of a scaled product that is held apart from C.
const blockRows, blockCols = 64, 512

var apart = sync.Pool{New: func() any { return new([blockRows * blockCols]float32) }}

// scaled computes C = alpha·op(A)·op(B) + beta·C, block by block.
func scaled(p *kernels.Product, alpha, beta float32) {
	block := apart.Get().(*[blockRows * blockCols]float32)
	for i := 0; i < p.M; i += blockRows {
		for j := 0; j < p.N; j += blockCols {
			q := p.Block(i, blockRows, j, blockCols)
			c := q.C
			q.C, q.Ldc = block[:], blockCols
			q.Run()
			for r := range q.M {
				dst, src := c[r*p.Ldc:][:q.N], block[r*blockCols:][:q.N]
				if beta == 0 {
					for x, v := range src {
						dst[x] = alpha * v
					}
					continue
				}
				for x, v := range src {
					dst[x] = float32(alpha*v) + float32(beta*dst[x])
				}
			}
		}
	}
	apart.Put(block)
}
