package kernels

import "fmt"

// Product is a matrix product C = op(A)·op(B).
//
// All matrices are row-major. op(A) is M×K and op(B) is K×N; TransA and TransB say that A is stored as its transpose
// K×M, and B as N×K. Lda, Ldb and Ldc are the distances between stored rows. C must not overlap A, B, Bias or Start.
//
// Each element of C is one chain of multiply-adds over k in ascending order. It starts from zero; with Bias (N) from
// Bias[j]; with Start, which is M×N and has its rows Lds apart, from Start[i][j]; with Accumulate from the old value of C.
// It depends on its row of op(A) and its column of op(B) only: a row alone gives the same bytes as that row in a batch, and
// so does any part of C that is computed as a product of its own.
type Product struct {
	TransA, TransB bool
	M, N, K        int
	A, B, C        []float32
	Lda, Ldb, Ldc  int
	Bias           []float32
	Start          []float32
	Lds            int
	Accumulate     bool
}

// Run computes the product on the calling goroutine.
//
// It panics if a dimension is negative, a slice is too short for its shape, or more than one of Bias, Start and Accumulate
// is set: errors of the calling code.
func (p *Product) Run() { active().product(p) }

func (f family) product(p *Product) {
	if p.M <= 0 || p.N <= 0 || p.K <= 0 {
		p.empty()
		return
	}
	p.check()
	f.multiply(p)
}

// empty handles products without multiplications: C is its start.
func (p *Product) empty() {
	if p.M < 0 || p.N < 0 || p.K < 0 {
		panic(fmt.Sprintf("kernels: Product: negative dimension (M %d, N %d, K %d)", p.M, p.N, p.K))
	}
	if p.M == 0 || p.N == 0 {
		return
	}
	p.checkC()
	for i := range p.M {
		row := p.C[i*p.Ldc:][:p.N]
		if p.Bias != nil {
			copy(row, p.Bias)
		} else if p.Start != nil {
			copy(row, p.Start[i*p.Lds:])
		} else if !p.Accumulate {
			clear(row)
		}
	}
}

func (p *Product) check() {
	p.checkC()
	if p.TransA {
		checkMatrix("A", p.K, p.M, p.Lda, len(p.A))
	} else {
		checkMatrix("A", p.M, p.K, p.Lda, len(p.A))
	}
	if p.TransB {
		checkMatrix("B", p.N, p.K, p.Ldb, len(p.B))
	} else {
		checkMatrix("B", p.K, p.N, p.Ldb, len(p.B))
	}
}

func (p *Product) checkC() {
	checkMatrix("C", p.M, p.N, p.Ldc, len(p.C))
	if p.Start != nil {
		checkMatrix("Start", p.M, p.N, p.Lds, len(p.Start))
		if p.Bias != nil || p.Accumulate {
			panic("kernels: Product: want a Start alone, without Bias and Accumulate")
		}
	}
	if p.Bias != nil && (p.Accumulate || len(p.Bias) < p.N) {
		panic(fmt.Sprintf("kernels: Product: want a Bias of %d elements and no Accumulate beside it, got %d elements and %t",
			p.N, len(p.Bias), p.Accumulate))
	}
}

func checkMatrix(name string, rows, cols, ld, length int) {
	if ld < cols || length < (rows-1)*ld+cols {
		refuse(name, rows, cols, ld, length)
	}
}

func refuse(name string, rows, cols, ld, length int) {
	panic(fmt.Sprintf("kernels: Product: %s is stored as %d×%d: want row distance ≥ %d and ≥ %d elements, got %d and %d",
		name, rows, cols, cols, (rows-1)*ld+cols, ld, length))
}

// blocks splits size into count blocks whose lengths differ by one at most, the longer ones first.
type blocks struct{ size, count int }

func (b blocks) at(i int) (start, length int) {
	base, extra := b.size/b.count, b.size%b.count
	if i < extra {
		return i * (base + 1), base + 1
	}
	return i*base + extra, base
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }
