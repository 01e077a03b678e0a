package kernels

import (
	"fmt"
	"sync"
)

// The micro-kernel computes a tile of at most tileRows × tileCols of C: twelve 8-lane accumulators, which with two
// registers of B and two broadcasts of A fill the sixteen registers of AVX2.
const (
	tileRows = 6
	tileCols = 16
)

const (
	// maxDepth bounds the block of k: a panel of B (tileCols × maxDepth floats, 64 KiB) stays in the second-level cache,
	// and one call of the micro-kernel, which cannot be preempted, stays below 3 µs.
	maxDepth = 1024
	// maxBlockA bounds the floats of the block of A that meets every panel of B: 384 KiB, most of a 512 KiB
	// second-level cache.
	maxBlockA = 96 << 10
)

// tile is one call of the micro-kernel: C[i][j] = (accumulate ? C[i][j] : 0) + Σ_p A[i][p]·B[p][j], for i < rows,
// j < tileCols, p < depth, the sum as one chain in the order of p.
type tile struct {
	rows, depth int
	a           []float32 // A[i][p] is a[i*aRow+p*aCol]
	aRow, aCol  int
	b           []float32 // B[p][j] is b[p*bRow+j]
	bRow        int
	pack        []float32 // if not empty, receives B[p][j] at p*tileCols+j
	c           []float32 // C[i][j] is c[i*cRow+j]
	cRow        int
	accumulate  bool
}

// Product is a matrix product C = op(A)·op(B).
//
// All matrices are row-major. op(A) is M×K and op(B) is K×N; TransA and TransB say that A is stored as its transpose
// K×M, and B as N×K. Lda, Ldb and Ldc are the distances between stored rows. C must not overlap A or B.
//
// Each element of C is one chain of multiply-adds over k in ascending order. It starts from zero; with Bias (N) from
// Bias[j]; with Accumulate from the old value of C. It depends on its row of op(A) and its column of op(B) only: a row
// alone gives the same bytes as that row in a batch, and so does any part of C that is computed as a product of its own.
type Product struct {
	TransA, TransB bool
	M, N, K        int
	A, B, C        []float32
	Lda, Ldb, Ldc  int
	Bias           []float32
	Accumulate     bool
}

// Run computes the product on the calling goroutine.
//
// It panics if a dimension is negative, a slice is too short for its shape, or both Bias and Accumulate are set: errors
// of the calling code.
func (p *Product) Run() { active().product(p) }

func (f family) product(p *Product) {
	if p.Bias != nil {
		for i := range p.M {
			copy(p.C[i*p.Ldc:][:p.N], p.Bias)
		}
	}
	f.gemm(p.TransA, p.TransB, p.M, p.N, p.K, p.A, p.Lda, p.B, p.Ldb, p.C, p.Ldc, p.Accumulate || p.Bias != nil)
}

// panels holds buffers for one panel of B each.
var panels = sync.Pool{New: func() any { return new([maxDepth * tileCols]float32) }}

func (f family) gemm(transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int, accumulate bool) {
	if m < 0 || n < 0 || k < 0 {
		panic(fmt.Sprintf("kernels: Gemm: negative dimension (m %d, n %d, k %d)", m, n, k))
	}
	if m == 0 || n == 0 {
		return
	}
	checkMatrix("C", m, n, ldc, len(c))
	if k == 0 {
		if !accumulate {
			for i := range m {
				clear(c[i*ldc : i*ldc+n])
			}
		}
		return
	}
	aRow, aCol := lda, 1
	if transA {
		checkMatrix("A", k, m, lda, len(a))
		aRow, aCol = 1, lda
	} else {
		checkMatrix("A", m, k, lda, len(a))
	}
	if transB {
		checkMatrix("B", n, k, ldb, len(b))
	} else {
		checkMatrix("B", k, n, ldb, len(b))
	}

	panel := panels.Get().(*[maxDepth * tileCols]float32)
	depths := blocks{size: k, count: ceilDiv(k, maxDepth)}
	for bp := range depths.count {
		p, depth := depths.at(bp)
		// The first block of k overwrites C or adds to it; the others continue its chain.
		t := tile{depth: depth, aRow: aRow, aCol: aCol, cRow: ldc, accumulate: accumulate || bp > 0}
		stripes := blocks{size: m, count: ceilDiv(m, max(tileRows, maxBlockA/depth))}
		for bi := range stripes.count {
			i, rows := stripes.at(bi)
			f.stripe(t, rows, n, a[i*aRow+p*aCol:], bPart{b, ldb, transB, p}, c[i*ldc:], panel[:])
		}
	}
	panels.Put(panel)
}

// bPart is op(B) from row p on.
type bPart struct {
	b     []float32
	ld    int
	trans bool
	p     int
}

// stripe computes rows × n of C for one block of k, panel by panel of B.
func (f family) stripe(t tile, rows, n int, a []float32, b bPart, c, panel []float32) {
	tiles := blocks{size: rows, count: ceilDiv(rows, tileRows)}
	var edge [tileRows * tileCols]float32
	for j := 0; j < n; j += tileCols {
		cols := min(tileCols, n-j)
		packed := panel[:t.depth*tileCols]
		switch {
		case b.trans:
			f.packTransposed(packed, b.b[j*b.ld+b.p:], b.ld, cols, t.depth)
		case cols < tileCols:
			packRows(packed, b.b[b.p*b.ld+j:], b.ld, cols, t.depth)
		}
		t.b, t.bRow, t.pack = packed, tileCols, nil
		for bi := range tiles.count {
			i, tr := tiles.at(bi)
			t.rows, t.a = tr, a[i*t.aRow:]
			if !b.trans && cols == tileCols {
				// B's rows serve as they are: the first tile packs them for the others while it computes.
				if bi == 0 {
					t.b, t.bRow = b.b[b.p*b.ld+j:], b.ld
					if tiles.count > 1 {
						t.pack = packed
					}
				} else {
					t.b, t.bRow, t.pack = packed, tileCols, nil
				}
			}
			if cols == tileCols {
				t.c = c[i*t.cRow+j:]
				f.tile(&t)
				continue
			}
			// The last, partial panel goes through a full tile of its own.
			et := t
			et.c, et.cRow = edge[:], tileCols
			for r := range tr {
				copy(edge[r*tileCols:][:cols], c[(i+r)*t.cRow+j:])
			}
			f.tile(&et)
			for r := range tr {
				copy(c[(i+r)*t.cRow+j:][:cols], edge[r*tileCols:])
			}
		}
	}
}

// packRows copies depth rows of cols floats, ld apart, into rows of tileCols, filled up with zeros.
func packRows(dst, b []float32, ld, cols, depth int) {
	for p := range depth {
		row := dst[p*tileCols:][:tileCols]
		clear(row[copy(row, b[p*ld:][:cols]):])
	}
}

// packTransposedPortable copies cols stored rows of depth floats, ld apart, into columns of dst, filled up with zeros.
func packTransposedPortable(dst, b []float32, ld, cols, depth int) {
	for j := range tileCols {
		if j >= cols {
			for p := range depth {
				dst[p*tileCols+j] = 0
			}
			continue
		}
		for p, v := range b[j*ld:][:depth] {
			dst[p*tileCols+j] = v
		}
	}
}

// blocks splits size into count blocks whose lengths differ by one at most.
type blocks struct{ size, count int }

func (b blocks) at(i int) (start, length int) {
	base, extra := b.size/b.count, b.size%b.count
	if i < extra {
		return i * (base + 1), base + 1
	}
	return i*base + extra, base
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

func checkMatrix(name string, rows, cols, ld, length int) {
	if ld < cols || length < (rows-1)*ld+cols {
		panic(fmt.Sprintf("kernels: Gemm: %s is stored as %d×%d: want row distance ≥ %d and ≥ %d elements, got %d and %d",
			name, rows, cols, cols, (rows-1)*ld+cols, ld, length))
	}
}
