package kernels

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

var reductionLengths = []int{0, 1, 2, 15, 16, 17, 31, 33, 100, 511, 512, 513, sumBlock - 1, sumBlock, sumBlock + 1, 3*sumBlock + 530}

// exactSum adds without rounding.
func exactSum(n int, term func(i int) float64) float64 {
	s := new(big.Float).SetPrec(600)
	for i := range n {
		s.Add(s, new(big.Float).SetFloat64(term(i)))
	}
	v, _ := s.Float64()
	return v
}

func normals(n int, scale float64, seed uint64) []float32 {
	g := rand.New(rand.NewPCG(seed, 8))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(g.NormFloat64() * scale)
	}
	return x
}

// Sums of float32 in float64 against the sum without rounding. n additions err by at most n·2^−53 of the sum of magnitudes.
func TestSums(t *testing.T) {
	for _, n := range reductionLengths {
		x := normals(n, 3, uint64(n))
		sum := exactSum(n, func(i int) float64 { return float64(x[i]) })
		magnitude := exactSum(n, func(i int) float64 { return math.Abs(float64(x[i])) })
		squares := exactSum(n, func(i int) float64 { return float64(x[i]) * float64(x[i]) })
		wantSum, wantSquares := portable.sum(x), portable.sumSquares(x)
		forFamilies(t, func(t *testing.T, f family) {
			got, gotSquares := f.sum(x), f.sumSquares(x)
			if d := math.Abs(got - sum); !(d <= float64(n)*0x1p-53*magnitude) {
				t.Errorf("sum of %d is %g, want %g", n, got, sum)
			}
			if d := math.Abs(gotSquares - squares); !(d <= float64(n)*0x1p-53*squares) {
				t.Errorf("sum of %d squares is %g, want %g", n, gotSquares, squares)
			}
			if got != wantSum || gotSquares != wantSquares {
				t.Errorf("%d elements: sums %g and %g differ from the portable family's %g and %g", n, got, gotSquares, wantSum, wantSquares)
			}
		})
	}
}

// The order of additions is the documented one: float64 lanes, their pairs, blocks.
func TestSumOrder(t *testing.T) {
	x := normals(2*sumBlock+100, 1e5, 3)
	var want float64
	for from := 0; from < len(x); from += sumBlock {
		var lane [16]float64
		for i, v := range x[from:min(from+sumBlock, len(x))] {
			lane[i%16] += float64(v)
		}
		pair := func(j, half int) float64 { return lane[j] + lane[j+half] }
		for half := 8; half > 0; half /= 2 {
			for j := range half {
				lane[j] = pair(j, half)
			}
		}
		want += lane[0]
	}
	forFamilies(t, func(t *testing.T, f family) {
		if got := f.sum(x); got != want {
			t.Errorf("sum is %v, want %v", got, want)
		}
	})
}

func TestSumsNonFinite(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	forFamilies(t, func(t *testing.T, f family) {
		for _, n := range []int{1, 40} {
			for at := range n {
				x := make([]float32, n)
				x[at] = inf
				if s, q := f.sum(x), f.sumSquares(x); s != math.Inf(1) || q != math.Inf(1) {
					t.Errorf("+Inf at %d of %d: sums %g and %g", at, n, s, q)
				}
				x[at] = nan
				if s, q := f.sum(x), f.sumSquares(x); s == s || q == q {
					t.Errorf("NaN at %d of %d: sums %g and %g", at, n, s, q)
				}
			}
		}
	})
}

// The binary cross-entropy against float64: softplus errs by at most 1.8 ulp, 1.8·2^−23 of its value.
func TestCrossEntropy(t *testing.T) {
	forFamilies(t, func(t *testing.T, f family) {
		for _, n := range reductionLengths {
			z, targets := normals(n, 4, uint64(n)), make([]float32, n)
			for i := range targets {
				targets[i] = float32(i%3) / 2
			}
			want := exactSum(n, func(i int) float64 {
				return softplusReference(float64(z[i])) - float64(targets[i])*float64(z[i])
			})
			magnitude := exactSum(n, func(i int) float64 { return softplusReference(float64(z[i])) })
			if got := f.crossEntropy(z, targets); !(math.Abs(got-want) <= (1.8*0x1p-23)*magnitude+1e-12*math.Abs(want)) {
				t.Errorf("cross-entropy of %d is %g, want %g", n, got, want)
			}
		}
	})
}

// Column sums are chains of float32 additions from the first row down, whatever block a column falls into.
func TestColSum(t *testing.T) {
	forFamilies(t, func(t *testing.T, f family) {
		for _, rows := range []int{0, 1, 2, 7, 100, 1000} {
			for _, cols := range []int{0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 129} {
				for _, extra := range []int{0, 3} {
					ld := cols + extra
					x := normals(rows*ld, 2, uint64(rows*cols))
					got := slices.Repeat([]float32{7}, cols+1)
					f.colSum(got[:cols], x[:max(0, rows*ld-extra)], rows, cols, ld)
					for j := range cols {
						var want float32
						for i := range rows {
							want = float32(float64(want) + float64(x[i*ld+j]))
						}
						if got[j] != want {
							t.Fatalf("%d×%d, rows %d apart: column %d is %g, want %g", rows, cols, ld, j, got[j], want)
						}
					}
					if got[cols] != 7 {
						t.Fatalf("%d×%d: wrote beyond the end", rows, cols)
					}
				}
			}
		}
	})
}

func TestRowSum(t *testing.T) {
	for _, cols := range []int{1, 3, 10, 16, 33, 500} {
		x := normals(7*cols, 2, 4)
		got := make([]float32, 7)
		RowSum(got, x, cols)
		for i, v := range got {
			want := exactSum(cols, func(j int) float64 { return float64(x[i*cols+j]) })
			if math.Abs(float64(v)-want) > 0x1p-24*math.Abs(want)*(1+1e-6) {
				t.Errorf("row %d of %d columns sums to %g, want %g", i, cols, v, want)
			}
		}
	}
}

// Softmax and log-sum-exp against float64. The difference from the row's largest is rounded once, which changes its exponential
// by 2^−24 of the difference.
func TestSoftmaxRows(t *testing.T) {
	forFamilies(t, func(t *testing.T, f family) {
		for _, cols := range []int{1, 2, 3, 10, 100, 511, 513, 2000} {
			for _, rows := range []int{1, 3, 60} {
				x := normals(rows*cols, 5, uint64(cols))
				got := make([]float32, len(x))
				f.softmaxRows(got, x, cols)
				for i := range rows {
					row := x[i*cols : (i+1)*cols]
					top := float64(slices.Max(row))
					s := exactSum(cols, func(j int) float64 { return math.Exp(float64(row[j]) - top) })
					for j, v := range row {
						want := math.Exp(float64(v)-top) / s
						if d := math.Abs(float64(got[i*cols+j]) - want); !(d <= want*(4*0x1p-23+0x1p-24*(top-float64(v)))) {
							t.Fatalf("%d columns: element %d of row %d is %g, want %g", cols, j, i, got[i*cols+j], want)
						}
					}
					lse := f.logSumExp(row)
					if want := top + math.Log(s); !(math.Abs(lse-want) <= 0x1p-23) {
						t.Errorf("%d columns: log-sum-exp is %g, want %g", cols, lse, want)
					}
				}
				f.softmaxRows(x, x, cols)
				if !slices.Equal(x, got) {
					t.Errorf("%d columns: softmax in place differs", cols)
				}
			}
		}
	})
}

// Nothing overflows, and what is far below the largest vanishes.
func TestSoftmaxExtremes(t *testing.T) {
	forFamilies(t, func(t *testing.T, f family) {
		x := []float32{3e38, -3e38, 3e38, -1e4, -1e4, -1e4, 1e4, -1e4, float32(math.Inf(-1))}
		want := []float32{0.5, 0, 0.5, 1. / 3, 1. / 3, 1. / 3, 1, 0, 0}
		f.softmaxRows(x, x, 3)
		if !slices.Equal(x, want) {
			t.Errorf("softmax is %g, want %g", x, want)
		}
	})
}

// The categorical cross-entropy against float64: every row's log-sum-exp is right to 2^−23.
func TestCategoricalCrossEntropy(t *testing.T) {
	forFamilies(t, func(t *testing.T, f family) {
		for _, cols := range []int{1, 2, 10, 100, 512, 513, 1100} {
			for _, rows := range []int{1, 7, 100} {
				z, targets := normals(rows*cols, 5, uint64(rows)), make([]float32, rows*cols)
				for i := range rows {
					if targets[i*cols+i%cols] = 1; i%2 == 1 { // a row that is not one-hot
						targets[i*cols+i%cols], targets[i*cols] = 0.25, 0.75
					}
				}
				want := exactSum(rows, func(i int) float64 {
					row := z[i*cols : (i+1)*cols]
					lse := math.Log(exactSum(cols, func(j int) float64 { return math.Exp(float64(row[j])) }))
					return exactSum(cols, func(j int) float64 { return float64(targets[i*cols+j]) * (lse - float64(row[j])) })
				})
				if got := f.categorical(z, targets, cols); !(math.Abs(got-want) <= float64(rows)*0x1p-23) {
					t.Errorf("%d rows of %d: cross-entropy %g, want %g", rows, cols, got, want)
				}
			}
		}
		z := []float32{1, float32(math.Inf(-1)), 1}
		if got := f.categorical(z, []float32{1, 0, 0}, 3); math.Abs(got-math.Ln2) > 1e-7 {
			t.Errorf("with a logit of −Inf where the target is 0: %g, want ln 2", got)
		}
	})
}

func TestReductionsAllocateNothing(t *testing.T) {
	x, y, rows := normals(790, 1, 1), make([]float32, 790), make([]float32, 79)
	if n := testing.AllocsPerRun(20, func() {
		Sum(x)
		SumSquares(x)
		CrossEntropy(x, x)
		ColSum(y[:10], x, 79, 10, 10)
		RowSum(rows, x, 10)
		SoftmaxRows(y, x, 10)
		LogSumExpRows(rows, x, 10)
		CategoricalCrossEntropy(x, y, 10)
	}); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

func TestReductionsRefuseOtherShapes(t *testing.T) {
	x := make([]float32, 12)
	for name, call := range map[string]func(){
		"CrossEntropy: lengths":            func() { CrossEntropy(x, x[:11]) },
		"ColSum: short x":                  func() { ColSum(x[:4], x[:11], 3, 4, 4) },
		"ColSum: short dst":                func() { ColSum(x[:3], x, 3, 4, 4) },
		"ColSum: rows overlap":             func() { ColSum(x[:4], x, 3, 4, 3) },
		"RowSum: rows":                     func() { RowSum(x[:2], x, 4) },
		"SoftmaxRows: no whole rows":       func() { SoftmaxRows(x, x, 5) },
		"SoftmaxRows: no columns":          func() { SoftmaxRows(x, x, 0) },
		"LogSumExpRows: rows":              func() { LogSumExpRows(x[:4], x, 4) },
		"CategoricalCrossEntropy: lengths": func() { CategoricalCrossEntropy(x, x[:8], 4) },
		"CategoricalCrossEntropy: whole":   func() { CategoricalCrossEntropy(x, x, 7) },
		"Add: lengths":                     func() { Add(x, x, x[:3]) },
		"Adam: lengths":                    func() { Adam(x, x, x[:3], x, 1, 1, 1) },
		"Bernoulli: lengths":               func() { Bernoulli(x, x[:3], 1, 1) },
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

func BenchmarkReductions(b *testing.B) {
	x, y := normals(78400, 1, 1), make([]float32, 78400)
	oneHot := make([]float32, 1000)
	for i := range 100 {
		oneHot[10*i+i*i%10] = 1
	}
	for _, f := range supported() {
		for _, d := range []struct {
			name string
			n    int
			run  func()
		}{
			{"Sum", 78400, func() { f.sum(x) }},
			{"SumSquares", 78400, func() { f.sumSquares(x) }},
			{"CrossEntropy", 78400, func() { f.crossEntropy(x, x) }},
			{"ColSum", 50000, func() { f.colSum(y[:500], x, 100, 500, 500) }},
			{"SoftmaxRows", 1000, func() { f.softmaxRows(y[:1000], x[:1000], 10) }},
			{"Categorical", 1000, func() { f.categorical(x[:1000], oneHot, 10) }},
		} {
			b.Run(fmt.Sprintf("%s/%s", d.name, f), func(b *testing.B) { perElement(b, d.n, d.run) })
		}
	}
}
