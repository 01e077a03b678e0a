package kernels

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// product returns the problem with C overwritten by a copy.
func (p problem) product() Product {
	return Product{TransA: p.transA, TransB: p.transB, M: p.m, N: p.n, K: p.k, A: p.a, Lda: p.lda, B: p.b, Ldb: p.ldb,
		C: slices.Clone(p.c), Ldc: p.ldc, Accumulate: p.accumulate}
}

// However a product is divided, its blocks cover C and give the bytes of the whole.
func TestUnitsEqualWhole(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	shapes := [][3]int{{0, 5, 3}, {5, 0, 3}, {1, 1, 1}, {100, 784, 500}, {784, 20, 500}, {300, 3, 1000}, {7, 1200, 900}, {1000, 900, 7}, {9, 0, 40}}
	for i, s := range shapes {
		for orientation := range 8 {
			if testing.Short() && (orientation+i)%4 != 0 {
				continue // for emulated processors
			}
			p := newProblem(r, orientation&1 != 0, orientation&2 != 0, orientation&4 != 0, s[0], s[2], s[1], 1)
			whole := p.product()
			bias := randomFloats(r, p.n)
			if !p.accumulate {
				whole.Bias = bias
			}
			whole.Run()
			for _, workers := range []int{0, 1, 2, 3, 64} {
				if testing.Short() && workers != 3 {
					continue
				}
				parts := p.product()
				parts.Bias = whole.Bias
				rows, cols := parts.Units(workers)
				for i := 0; i < p.m; i += rows {
					for j := 0; j < p.n; j += cols {
						block := parts.Block(i, rows, j, cols)
						block.Run()
					}
				}
				if !slices.Equal(parts.C, whole.C) {
					t.Errorf("%v: %d workers, blocks of %d×%d differ from the whole", p, workers, rows, cols)
				}
			}
		}
	}
}

// Training shapes are divided as documented, evenly enough and into blocks that are worth it.
func TestUnits(t *testing.T) {
	for _, c := range []struct {
		m, k, n int
		byRows  bool
	}{
		{100, 784, 500, false}, {100, 500, 500, false}, {100, 500, 2000, false}, {100, 500, 784, false}, {10, 784, 1000, false},
		{784, 100, 500, true}, {500, 100, 2000, false}, {784, 10, 500, true}, {784, 10, 1000, true}, {2048, 2048, 2048, false},
		{5000, 784, 10, true},
	} {
		for _, f := range supported() {
			for _, workers := range []int{2, 3, 4, 64} {
				p := Product{M: c.m, N: c.n, K: c.k}
				rows, cols := f.units(&p, workers)
				name := fmt.Sprintf("%v (%d, %d, %d) for %d workers: %d×%d", f, c.m, c.k, c.n, workers, rows, cols)
				if c.byRows && cols != c.n && workers < 5 || !c.byRows && rows != c.m && workers < 5 {
					t.Errorf("%s: want whole rows: %t", name, c.byRows)
				}
				if rows < 1 || rows > c.m || cols < 1 || cols > c.n {
					t.Fatalf("%s: want a part of C", name)
				}
				units := ceilDiv(c.m, rows) * ceilDiv(c.n, cols)
				if flops := 2 * float64(rows) * float64(cols) * float64(c.k); units > 1 && flops < minUnitFlops/2 {
					t.Errorf("%s: %g operations, want at least %d", name, flops, minUnitFlops/2)
				}
				// Up to 4 workers, as far as there is work for them, the busiest does at most a third more than its share.
				busy := min(workers, int(2*float64(c.m)*float64(c.n)*float64(c.k)/minUnitFlops))
				if load := float64(ceilDiv(units, busy)) * float64(rows*cols); workers <= 4 && load > 4./3*float64(c.m*c.n)/float64(busy) {
					t.Errorf("%s: %g elements for the busiest worker", name, load)
				}
			}
		}
	}
}

func TestUnitsAllocateNothing(t *testing.T) {
	p := newProblem(rand.New(rand.NewPCG(15, 16)), false, false, false, 100, 500, 300, 0).product()
	if n := testing.AllocsPerRun(50, func() {
		rows, cols := p.Units(2)
		b := p.Block(0, rows, 0, cols)
		b.Run()
	}); n != 0 {
		t.Errorf("%g allocations", n)
	}
}
