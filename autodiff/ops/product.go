package ops

import (
	"unsafe"

	"capas/internal/kernels"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// Product is the matrix product op(a)·op(b) of operands 0 and 1, where op transposes if
// TransA or TransB is set: op(a) is M×K, op(b) K×N. With Bias, operand 2 (N) is added to
// every row.
type Product struct {
	TransA, TransB bool
	M, N, K        int
	Bias           bool
}

// Units returns the size of the blocks into which the result is best divided among
// workers.
func (p *Product) Units(workers int) (rows, cols int) {
	q := kernels.Product{TransA: p.TransA, TransB: p.TransB, M: p.M, N: p.N, K: p.K}
	return q.Units(workers)
}

// Flop is the number of floating-point operations.
func (p *Product) Flop() float64 { return 2 * float64(p.M) * float64(p.N) * float64(p.K) }

// Block computes rows i, …, i+rows−1 and columns j, …, j+cols−1 of the product of the
// operands x into y, whose rows are ld elements apart, or adds them to y.
func Block[T Float](p *Product, y []T, ld int, x [][]T, i, rows, j, cols int, accumulate bool) {
	lda, ldb := p.K, p.N
	a, b := x[0], x[1]
	if p.TransA {
		lda = p.M
		a = a[i:]
	} else {
		a = a[i*lda:]
	}
	if p.TransB {
		ldb = p.K
		b = b[j*ldb:]
	} else {
		b = b[j:]
	}
	var bias []T
	if p.Bias {
		bias = x[2][j : j+cols]
	}
	var element T
	switch any(element).(type) {
	case float32:
		q := kernels.Product{
			TransA: p.TransA, TransB: p.TransB, M: rows, N: cols, K: p.K, Lda: lda, Ldb: ldb, Ldc: ld,
			A: as[float32](a), B: as[float32](b), C: as[float32](y), Bias: as[float32](bias), Accumulate: accumulate,
		}
		q.Run()
	case float64:
		multiply64(p, as[float64](a), as[float64](b), as[float64](bias), as[float64](y), rows, cols, lda, ldb, ld, accumulate)
	}
}

// as is x, whose elements are of type E: an assertion by way of an interface would
// allocate.
func as[E, T Float](x []T) []E { return *(*[]E)(unsafe.Pointer(&x)) }

// gonumSquare is the side of the squares of the result that gonum multiplies at a time: its own squares. Of four or more it
// would cut K into parts and, where b is transposed, add up a dot product a part, so that the bytes of an element
// depended on the block it is in, and with that on the number of workers.
const gonumSquare = 64

// multiply64 serves gradient checks.
func multiply64(p *Product, a, b, bias, c []float64, rows, cols, lda, ldb, ldc int, accumulate bool) {
	beta := 0.0
	switch {
	case p.Bias:
		for i := range rows {
			copy(c[i*ldc:][:cols], bias)
		}
		beta = 1
	case accumulate:
		beta = 1
	}
	stepA, stepB := lda, 1 // from a row of the result to the next, from a column to the next
	if p.TransA {
		stepA = 1
	}
	if p.TransB {
		stepB = ldb
	}
	for i := 0; i < rows; i += gonumSquare {
		for j := 0; j < cols; j += gonumSquare {
			m, n := min(gonumSquare, rows-i), min(gonumSquare, cols-j)
			gonum.Implementation{}.Dgemm(transpose(p.TransA), transpose(p.TransB), m, n, p.K, 1, a[i*stepA:], lda, b[j*stepB:], ldb, beta, c[i*ldc+j:], ldc)
		}
	}
}

func transpose(t bool) blas.Transpose {
	if t {
		return blas.Trans
	}
	return blas.NoTrans
}

// whole computes all of the product.
func whole[T Float](p *Product) func(y []T, x [][]T) {
	return func(y []T, x [][]T) { Block(p, y, p.N, x, 0, p.M, 0, p.N, false) }
}
