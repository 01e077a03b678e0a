package blas

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	gonumblas "gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
	"gorgonia.org/gorgonia"
)

var _ gorgonia.BLAS = Implementation{}

var flags = []gonumblas.Transpose{gonumblas.NoTrans, gonumblas.Trans, gonumblas.ConjTrans}

func floats(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = 2*r.Float32() - 1
	}
	return x
}

func widen(x []float32, f func(float64) float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = f(float64(v))
	}
	return y
}

// stored returns how op(X) of the given shape is stored.
func stored(t gonumblas.Transpose, rows, cols int) (int, int) {
	if t == gonumblas.NoTrans {
		return rows, cols
	}
	return cols, rows
}

// Sgemm agrees with gonum's float64 product within the rounding of its k+3 steps, for every alpha and beta.
func TestSgemmAgainstFloat64(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	identity := func(v float64) float64 { return v }
	for _, tA := range flags {
		for _, tB := range flags {
			for _, s := range [][3]int{{1, 1, 1}, {3, 5, 2}, {17, 33, 9}, {70, 600, 31}, {300, 200, 90}} {
				for _, scale := range [][2]float32{{1, 0}, {1, 1}, {1, -0.5}, {2, 0}, {-0.3, 1}, {0.7, 0.2}, {0, 0}, {0, 2}} {
					m, n, k, alpha, beta := s[0], s[1], s[2], scale[0], scale[1]
					aRows, aCols := stored(tA, m, k)
					bRows, bCols := stored(tB, k, n)
					lda, ldb, ldc := aCols+1, bCols+2, n+3
					a, b, c := floats(r, aRows*lda), floats(r, bRows*ldb), floats(r, m*ldc)
					exact := func(f func(float64) float64) []float64 {
						y := widen(c, f)
						gonum.Implementation{}.Dgemm(tA, tB, m, n, k, f(float64(alpha)), widen(a, f), lda, widen(b, f), ldb, f(float64(beta)), y, ldc)
						return y
					}
					want, magnitude := exact(identity), exact(math.Abs)
					got := slices.Clone(c)
					Implementation{}.Sgemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, got, ldc)
					for at, v := range got {
						if at%ldc >= n {
							if v != c[at] {
								t.Fatalf("%c%c %v %v: storage outside C changed", tA, tB, s, scale)
							}
							continue
						}
						if d := math.Abs(float64(v) - want[at]); !(d <= float64(2*k+3)*0x1p-24*magnitude[at]) {
							t.Fatalf("%c%c %v alpha %g beta %g: C[%d][%d] = %g, want %g", tA, tB, s, alpha, beta, at/ldc, at%ldc, v, want[at])
						}
					}
				}
			}
		}
	}
}

// With beta 0 the old C is not read, with alpha 0 neither A nor B; otherwise NaN in C stays.
func TestSgemmNaN(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		alpha, beta float32
		a, old      float32
		want        float32
	}{{1, 0, 2, nan, 6}, {2, 0, 2, nan, 12}, {0, 0, nan, nan, 0}, {0, 2, nan, 5, 10}, {1, 1, 2, nan, nan}, {1, 1, nan, 1, nan}, {2, 1, 2, nan, nan}} {
		got := []float32{c.old}
		Implementation{}.Sgemm(gonumblas.NoTrans, gonumblas.NoTrans, 1, 1, 1, c.alpha, []float32{c.a}, 1, []float32{3}, 1, c.beta, got, 1)
		if got[0] != c.want && !(got[0] != got[0] && c.want != c.want) {
			t.Errorf("alpha %g, beta %g, a %g, c %g: got %g, want %g", c.alpha, c.beta, c.a, c.old, got[0], c.want)
		}
	}
}

// The number of workers does not change any byte, and a row in a batch is that row alone.
func TestWorkersDoNotChangeBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const m, n, k = 130, 500, 400
	a, b := floats(r, m*k), floats(r, n*k)
	for _, tB := range flags[:2] {
		_, ldb := stored(tB, k, n)
		product := func(workers, rows int) []float32 {
			c := make([]float32, rows*n)
			Implementation{Workers: workers}.Sgemm(gonumblas.NoTrans, tB, rows, n, k, 1, a, k, b, ldb, 0, c, n)
			return c
		}
		one := product(1, m)
		for _, workers := range []int{0, 2, 3, 8} {
			if !slices.Equal(product(workers, m), one) {
				t.Errorf("%c: %d workers give other bytes than one", tB, workers)
			}
		}
		if !slices.Equal(product(0, 1), one[:n]) {
			t.Errorf("%c: the first row alone differs", tB)
		}
	}
}

func TestSgemmRefusesAsGonum(t *testing.T) {
	x := make([]float32, 12)
	message := func(f func()) (said any) {
		defer func() { said = recover() }()
		f()
		return nil
	}
	for _, c := range []struct {
		tA            gonumblas.Transpose
		m, n, k       int
		lda, ldb, ldc int
	}{{'x', 2, 2, 2, 2, 2, 2}, {'N', -1, 2, 2, 2, 2, 2}, {'N', 3, 2, 4, 3, 2, 2}, {'N', 3, 3, 5, 5, 3, 3}, {'N', 3, 4, 3, 3, 4, 3}, {'T', 3, 4, 4, 2, 4, 4}, {'N', 4, 4, 3, 3, 4, 4}} {
		got := message(func() { Implementation{}.Sgemm(c.tA, 'N', c.m, c.n, c.k, 1, x, c.lda, x, c.ldb, 0, x, c.ldc) })
		want := message(func() { gonum.Implementation{}.Sgemm(c.tA, 'N', c.m, c.n, c.k, 1, x, c.lda, x, c.ldb, 0, x, c.ldc) })
		if got != want {
			t.Errorf("%+v: panic %v, want %v", c, got, want)
		}
	}
}
