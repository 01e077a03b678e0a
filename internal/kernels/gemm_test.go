package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// forFamilies runs a test once for each family that this machine supports, or for the one
// that the environment variable forces.
func forFamilies(t *testing.T, test func(t *testing.T, f family)) {
	families := supported()
	if os.Getenv(EnvFamily) != "" {
		families = []family{active()}
	}
	for _, f := range families {
		t.Run(f.String(), func(t *testing.T) { test(t, f) })
	}
}

// thinned is n, or a tenth of it in short mode, for emulated processors.
func thinned(n int) int {
	if testing.Short() {
		return n / 10
	}
	return n
}

// Sizes beyond one block of k, and of rows, of every family.
const (
	testDepth = 1024
	testRows  = 520
)

// problem is a matrix product with its operands stored in larger matrices.
type problem struct {
	transA, transB, accumulate bool
	m, n, k, lda, ldb, ldc     int
	a, b, c                    []float32
}

func newProblem(r *rand.Rand, transA, transB, accumulate bool, m, n, k, slack int) problem {
	p := problem{transA: transA, transB: transB, accumulate: accumulate, m: m, n: n, k: k}
	aRows, aCols, bRows, bCols := m, k, k, n
	if transA {
		aRows, aCols = k, m
	}
	if transB {
		bRows, bCols = n, k
	}
	p.lda, p.ldb, p.ldc = max(1, aCols+slack), max(1, bCols+2*slack), max(1, n+slack) // as BLAS wants
	p.a = randomFloats(r, max(0, (aRows-1)*p.lda+aCols))
	p.b = randomFloats(r, max(0, (bRows-1)*p.ldb+bCols))
	p.c = randomFloats(r, max(0, (m-1)*p.ldc+n))
	return p
}

func randomFloats(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = 2*r.Float32() - 1
	}
	return x
}

func (p problem) String() string {
	return fmt.Sprintf("transA=%t transB=%t accumulate=%t m=%d n=%d k=%d lda=%d ldb=%d ldc=%d",
		p.transA, p.transB, p.accumulate, p.m, p.n, p.k, p.lda, p.ldb, p.ldc)
}

func (p problem) run(f family) []float32 {
	q := p.product()
	f.product(&q)
	return q.C
}

// reference returns the product in float64 by gonum's BLAS, and the sum of the magnitudes of its terms.
func (p problem) reference() (value, magnitude []float64) {
	flag := map[bool]blas.Transpose{false: blas.NoTrans, true: blas.Trans}
	product := func(convert func(float32) float64) []float64 {
		a, b, c := convertAll(p.a, convert), convertAll(p.b, convert), convertAll(p.c, convert)
		beta := 0.0
		if p.accumulate {
			beta = 1
		}
		gonum.Implementation{}.Dgemm(flag[p.transA], flag[p.transB], p.m, p.n, p.k, 1, a, p.lda, b, p.ldb, beta, c, p.ldc)
		return c
	}
	return product(func(v float32) float64 { return float64(v) }),
		product(func(v float32) float64 { return math.Abs(float64(v)) })
}

func convertAll(x []float32, f func(float32) float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = f(v)
	}
	return y
}

// check compares C with the reference. A chain of k+1 roundings of unit u = 2^−24 (2k+1 without fused operations) errs by
// at most that many u times the sum of magnitudes. Elements of C's storage outside the matrix must be untouched.
func (p problem) check(t *testing.T, f family) {
	t.Helper()
	got := p.run(f)
	want, magnitude := p.reference()
	unit := float64(2*p.k+1) * 0x1p-24
	for at, v := range got {
		if p.m == 0 || at%p.ldc >= p.n {
			if v != p.c[at] {
				t.Fatalf("%v: storage outside C changed at %d", p, at)
			}
			continue
		}
		if d := math.Abs(float64(v) - want[at]); !(d <= unit*magnitude[at]) {
			t.Fatalf("%v: C[%d][%d] = %g, want %g within %g", p, at/p.ldc, at%p.ldc, v, want[at], unit*magnitude[at])
		}
	}
}

func TestGemmAgainstFloat64(t *testing.T) {
	forFamilies(t, func(t *testing.T, f family) {
		r := rand.New(rand.NewPCG(1, 2))
		dims := []int{0, 1, 2, 5, 6, 7, 8, 12, 15, 16, 17, 24, 31, 33}
		for orientation := range 8 {
			transA, transB, accumulate := orientation&1 != 0, orientation&2 != 0, orientation&4 != 0
			for range thinned(120) {
				m, n, k := dims[r.IntN(len(dims))], dims[r.IntN(len(dims))], dims[r.IntN(len(dims))]
				newProblem(r, transA, transB, accumulate, m, n, k, r.IntN(4)).check(t, f)
			}
			if testing.Short() && orientation%3 != 0 {
				continue // for emulated processors
			}
			// Beyond one block of k, and of rows.
			newProblem(r, transA, transB, accumulate, 7, 20, 2*testDepth+5, 1).check(t, f)
			newProblem(r, transA, transB, accumulate, testRows+9, 21, testDepth+3, 3).check(t, f)
			newProblem(r, transA, transB, accumulate, 100, 500, 30, 0).check(t, f)
			newProblem(r, transA, transB, accumulate, 300, 1, 70, 1).check(t, f)
			newProblem(r, transA, transB, accumulate, 1, 300, 70, 1).check(t, f)
			newProblem(r, transA, transB, accumulate, 300, 40, 1, 1).check(t, f)
		}
	})
}

// A row of the batch alone gives the same bytes as in the batch, a column alone the same as among others, and
// continuing a product over k the same as doing it at once.
func TestGemmPartsEqualWhole(t *testing.T) {
	forFamilies(t, func(t *testing.T, f family) {
		r := rand.New(rand.NewPCG(3, 4))
		for orientation := range 4 {
			p := newProblem(r, orientation&1 != 0, orientation&2 != 0, false, 23, 41, testDepth+76, 1)
			whole := p.run(f)
			part := func(i, m, j, n int) {
				q := p
				q.m, q.n = m, n
				q.a, q.b = p.a[i*stride(p.lda, !p.transA):], p.b[j*stride(p.ldb, p.transB):]
				c := q.run(f)
				for row := range m {
					if !slices.Equal(c[row*p.ldc:][:n], whole[(i+row)*p.ldc+j:][:n]) {
						t.Errorf("%v: rows %d+%d, columns %d+%d alone differ from the whole", p, i, m, j, n)
					}
				}
			}
			for i := range p.m {
				part(i, 1, 0, p.n)
				part(i, min(4, p.m-i), 0, p.n)
			}
			for j := range p.n {
				part(0, p.m, j, 1)
				part(0, p.m, j, min(7, p.n-j))
			}
			first, second := p, p
			first.k, second.k = 100, p.k-100
			second.a, second.b = p.a[100*stride(p.lda, p.transA):], p.b[100*stride(p.ldb, !p.transB):]
			second.accumulate, second.c = true, first.run(f)
			if c := second.run(f); !equalMatrix(c, whole, p) {
				t.Errorf("%v: accumulating in two parts differs from the whole", p)
			}
		}
	})
}

func equalMatrix(c, d []float32, p problem) bool {
	for i := range p.m {
		if !slices.Equal(c[i*p.ldc:][:p.n], d[i*p.ldc:][:p.n]) {
			return false
		}
	}
	return true
}

// stride is the distance in storage of what follows one step along a matrix: a row's if major, else one element.
func stride(ld int, major bool) int {
	if major {
		return ld
	}
	return 1
}

// A NaN or infinity in one row of A or column of B shows in that row or column of C and nowhere else, not even where the
// kernel pads.
func TestGemmNonFinite(t *testing.T) {
	forFamilies(t, func(t *testing.T, f family) {
		r := rand.New(rand.NewPCG(5, 6))
		inf := float32(math.Inf(1))
		for _, bad := range []float32{float32(math.NaN()), inf, -inf} {
			for orientation := range 4 {
				p := newProblem(r, orientation&1 != 0, orientation&2 != 0, false, 13, 19, 9, 1)
				for i := range p.m {
					q := p
					q.a = slices.Clone(p.a)
					q.a[i*stride(p.lda, !p.transA)+4*stride(p.lda, p.transA)] = bad
					q.checkFinite(t, f, func(row, _ int) bool { return row != i })
				}
				for j := range p.n {
					q := p
					q.b = slices.Clone(p.b)
					q.b[j*stride(p.ldb, p.transB)+4*stride(p.ldb, !p.transB)] = bad
					q.checkFinite(t, f, func(_, col int) bool { return col != j })
				}
			}
		}
	})
}

func (p problem) checkFinite(t *testing.T, f family, want func(row, col int) bool) {
	t.Helper()
	for at, v := range p.run(f) {
		if row, col := at/p.ldc, at%p.ldc; col < p.n && (v-v == 0) != want(row, col) {
			t.Fatalf("%v: C[%d][%d] = %g, want finite: %t", p, row, col, v, want(row, col))
		}
	}
}

// Without accumulate the old C is overwritten, not multiplied by zero.
func TestGemmIgnoresOldC(t *testing.T) {
	forFamilies(t, func(t *testing.T, f family) {
		r := rand.New(rand.NewPCG(7, 8))
		for _, k := range []int{0, 1, 20, testDepth + 1} {
			p := newProblem(r, false, false, false, 9, 21, k, 1)
			for i := range p.c {
				p.c[i] = float32(math.NaN())
			}
			p.checkFinite(t, f, func(int, int) bool { return true })
		}
	})
}

func TestGemmAllocatesNothing(t *testing.T) {
	forFamilies(t, func(t *testing.T, f family) {
		r := rand.New(rand.NewPCG(9, 10))
		for _, transB := range []bool{false, true} {
			p := newProblem(r, false, transB, true, 20, 37, 50, 0)
			q := p.product()
			if n := testing.AllocsPerRun(50, func() { f.product(&q) }); n != 0 {
				t.Errorf("transB %t: %g allocations a call", transB, n)
			}
		}
	})
}

func TestGemmConcurrent(t *testing.T) {
	forFamilies(t, func(t *testing.T, f family) {
		p := newProblem(rand.New(rand.NewPCG(11, 12)), false, true, false, 30, 70, 90, 0)
		want := p.run(f)
		results := make(chan []float32)
		for range 8 {
			go func() {
				var c []float32
				for range 20 {
					c = p.run(f)
				}
				results <- c
			}()
		}
		for range 8 {
			if !slices.Equal(<-results, want) {
				t.Error("a concurrent call gave other bytes")
			}
		}
	})
}

func TestGemmRefusesShortSlices(t *testing.T) {
	x := make([]float32, 12)
	for name, call := range map[string]func(){
		"short A": func() {
			(&Product{TransA: false, TransB: false, M: 3, N: 2, K: 4, A: x[:11], Lda: 4, B: x, Ldb: 2, C: x, Ldc: 2}).Run()
		},
		"short B": func() {
			(&Product{TransA: false, TransB: false, M: 3, N: 3, K: 4, A: x, Lda: 4, B: x[:11], Ldb: 3, C: x, Ldc: 3}).Run()
		},
		"short C": func() {
			(&Product{TransA: false, TransB: false, M: 3, N: 4, K: 2, A: x, Lda: 2, B: x, Ldb: 4, C: x[:11], Ldc: 4}).Run()
		},
		"narrow A": func() {
			(&Product{TransA: true, TransB: false, M: 3, N: 2, K: 4, A: x, Lda: 2, B: x, Ldb: 2, C: x, Ldc: 2}).Run()
		},
		"negative size": func() {
			(&Product{TransA: false, TransB: false, M: 3, N: -1, K: 4, A: x, Lda: 4, B: x, Ldb: 2, C: x, Ldc: 2}).Run()
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			call()
		}()
	}
}
