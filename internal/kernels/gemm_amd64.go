package kernels

//go:generate go run ./gen/gemm

const (
	// maxDepth bounds the block of k: what one micro-kernel call reads of A and B stays in the first-level cache.
	maxDepth = 384
	// smallDepth is the k up to which a narrow transposed B is packed on the stack.
	smallDepth = 32
	// lowDepth is the bound for products of few rows.
	lowDepth = 128
	// maxWidth × maxDepth bounds the floats of packed B, 768 KiB.
	maxWidth = 512
	// maxBlockA bounds the floats of the block of A that meets every panel of B: 256 KiB of the second-level cache.
	maxBlockA = 64 << 10
	// shallow is the k up to which B is read in place rather than packed.
	shallow = 24
	// packPanels is the number of panels of B from which packing A can pay.
	packPanels = 16
	// maxCallWork bounds the multiply-adds of one call of a micro-kernel, which cannot be preempted, per lane: 3 µs.
	maxCallWork = 18 << 10
)

// tile is the argument of a micro-kernel: count tiles of C, each C[i][j] = start[i][j] + Σ_p A[i][p]·B[p][j] for the
// kernel's rows i, j < cols and p < depth. From one tile to the next all pointers move by their step. Distances are in
// bytes.
type tile struct {
	depth, count        int
	a                   *float32
	aRow, aCol, aStep   int
	b                   *float32
	bRow, bStep         int
	pack                *float32 // if set, the first tile copies B there, and the others read it
	masked              int      // not 0: B has only cols columns; else it has those of a whole tile
	c                   *float32
	cRow, cStep, cols   int
	start               *float32 // nil for a start from zero; then startStep must be 0
	startRow, startStep int
}

func (f family) multiply(p *Product) {
	if f == portable {
		p.portable()
		return
	}
	if p.single(f) || p.dots() || p.streams() {
		return
	}
	g := p.gemm(f)
	g.run()
}

// single computes a product of one tile that needs no packing, with as little around it as can be.
func (p *Product) single(f family) bool {
	rows, cols := f.tileSize()
	if p.M > rows || p.N > cols || p.K > maxDepth {
		return false
	}
	if p.TransB && p.N > 1 {
		if p.N > 8 || p.K > smallDepth {
			return false
		}
		p.smallTransposed(f)
		return true
	}
	p.oneTile(f, &p.B[0], 4*p.Ldb)
	return true
}

// smallTransposed is for a transposed B so small that it is packed on the stack.
func (p *Product) smallTransposed(f family) {
	var b [8 * smallDepth]float32
	if p.K >= 4 {
		avx2TransposePart(&b[0], &p.B[0], 32, 4*p.Ldb, p.K/4, p.N)
	}
	whole := p.K &^ 3
	packColumns(b[8*whole:], p.B[whole:], p.Ldb, 8, p.N, p.K-whole)
	p.oneTile(f, &b[0], 32)
}

// oneTile computes the product as a single tile, given B and the distance of its rows.
func (p *Product) oneTile(f family, b *float32, bRow int) {
	t := tile{depth: p.K, count: 1, a: &p.A[0], aRow: 4 * p.Lda, aCol: 4, b: b, bRow: bRow, masked: 1,
		c: &p.C[0], cRow: 4 * p.Ldc, cols: p.N}
	if p.TransA {
		t.aRow, t.aCol = t.aCol, t.aRow
	}
	if p.TransB && p.N == 1 {
		t.bRow = 4 // one stored row, which is a column
	}
	if p.Accumulate {
		t.start, t.startRow = t.c, t.cRow
	} else if p.Bias != nil {
		t.start = &p.Bias[0]
	} else if p.Start != nil {
		t.start, t.startRow = &p.Start[0], 4*p.Lds
	}
	f.tile(p.M, &t)
}

// tileSize is the size of the tile of C that the micro-kernel holds in registers: with two registers of B and two of A,
// its accumulators fill the 16 registers of AVX2 and the 32 of AVX-512.
func (f family) tileSize() (rows, cols int) {
	switch f {
	case avx512:
		return 14, 32
	case avx2:
		return 6, 16
	}
	return portableRows, portableCols
}

func (f family) tile(rows int, t *tile) {
	if f == avx512 {
		avx512Tile(rows, t)
		return
	}
	avx2Tile(rows, t)
}
