package kernels

import "sync"

//go:generate go run ./gen/gemm

const (
	// maxDepth bounds the block of k: what one micro-kernel call reads of A and B stays in the first-level cache.
	maxDepth = 384
	// smallDepth is the k up to which a narrow transposed B is packed on the stack.
	smallDepth = 32
	// lowDepth is the bound for products of few rows.
	lowDepth = 128
	// maxBlockA bounds the floats of the block of A that meets every panel of B: 384 KiB of the second-level cache.
	maxBlockA = 96 << 10
	// shallow is the k up to which B is read in place rather than packed.
	shallow = 24
	// packPanels is the number of panels of B from which packing A can pay.
	packPanels = 16
	// maxDots bounds the depth of one call for 16 products with a vector.
	maxDots = 2048
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

// scratch holds a panel of B and, for some products, a block of A.
type scratch struct {
	panel [maxDepth * 32]float32
	a     [maxBlockA]float32
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

func (f family) multiply(p *Product) {
	if f == portable {
		p.portable()
		return
	}
	if p.single(f) || p.dots() {
		return
	}
	g := p.gemm(f)
	g.run()
}

func (p *Product) gemm(f family) gemm {
	g := gemm{family: f, m: p.M, n: p.N, k: p.K, a: p.A, aRow: p.Lda, aCol: 1, b: p.B, ldb: p.Ldb, transB: p.TransB,
		c: p.C, ldc: p.Ldc, bias: p.Bias, accumulate: p.Accumulate}
	g.tileRows, g.tileCols = f.tileSize()
	if p.TransA {
		g.aRow, g.aCol = 1, p.Lda
	}
	return g
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
	}
	f.tile(p.M, &t)
}

// dots computes products with a vector in which the matrix is stored by rows along k, if there are rows enough: every
// element of C is the product of two contiguous runs.
func (p *Product) dots() bool {
	var x, m []float32
	var xStep, mRow, count int
	switch {
	case p.M == 1 && p.TransB && p.N >= 16:
		x, xStep, m, mRow, count = p.A, 1, p.B, p.Ldb, p.N
		if p.TransA {
			xStep = p.Lda
		}
	case p.N == 1 && !p.TransA && p.M >= 16 && p.Ldc == 1 && p.Bias == nil:
		x, xStep, m, mRow, count = p.B, p.Ldb, p.A, p.Lda, p.M
		if p.TransB {
			xStep = 1
		}
	default:
		return false
	}
	for i := 0; i < count; i += 16 {
		// The last rows overlap with those before, unless the sums start from C.
		if i+16 > count && p.Accumulate {
			p.rest(i)
			break
		}
		i = min(i, count-16)
		for at := 0; at < p.K; at += maxDots {
			var start *float32
			if at > 0 || p.Accumulate {
				start = &p.C[i]
			} else if p.Bias != nil {
				start = &p.Bias[i]
			}
			avx2Dots(&p.C[i], start, &x[at*xStep], &m[i*mRow+at], 4*xStep, 4*mRow, min(maxDots, p.K-at))
		}
	}
	return true
}

// rest computes what follows the first i elements of a product with a vector.
func (p *Product) rest(i int) {
	var q Product
	if p.M == 1 {
		q = p.Block(0, 1, i, p.N)
	} else {
		q = p.Block(i, p.M, 0, 1)
	}
	g := q.gemm(avx2)
	g.run()
}

// gemm is a product on its way through the micro-kernels.
type gemm struct {
	family             family
	tileRows, tileCols int
	m, n, k            int
	a                  []float32 // A[i][p] is a[i*aRow+p*aCol]
	aRow, aCol         int
	b                  []float32
	ldb                int
	transB             bool
	c                  []float32
	ldc                int
	bias               []float32
	accumulate         bool
}

func (g *gemm) run() {
	if g.transB && (g.n == 1 || g.k == 1 && g.ldb == 1) {
		// A stored row that is also a column.
		g.transB, g.ldb = false, g.n
	}
	depths := blocks{size: g.k, count: ceilDiv(g.k, g.depth())}
	s := scratches.Get().(*scratch)
	for d := range depths.count {
		p, depth := depths.at(d)
		stripes := blocks{size: g.m, count: ceilDiv(g.m, max(g.tileRows, maxBlockA/depth))}
		for i := range stripes.count {
			start, rows := stripes.at(i)
			g.stripe(start, rows, p, depth, s)
		}
	}
	scratches.Put(s)
}

// depth bounds the block of k. With few rows B is read once or twice and is what counts: low blocks of it are wide, which
// suits the cache of page addresses.
func (g *gemm) depth() int {
	if g.m <= 2*g.tileRows && !g.transB {
		return lowDepth
	}
	return maxDepth
}

// stripe adds the terms p to p+depth of the sums to rows of C.
func (g *gemm) stripe(i, rows, p, depth int, s *scratch) {
	t := tile{depth: depth, aRow: 4 * g.aRow, aCol: 4 * g.aCol, cRow: 4 * g.ldc}
	tiles := blocks{size: rows, count: ceilDiv(rows, g.tileRows)}
	if !g.transB && (tiles.count == 1 || depth <= shallow) {
		for bi := range tiles.count {
			at, r := tiles.at(bi)
			g.rowOfTiles(&t, i+at, r, p)
		}
		return
	}
	var packed []float32
	if g.packsA() {
		packed = s.a[:rows*depth]
		g.packA(packed, tiles, i, p, depth)
	}
	for j := 0; j < g.n; j += g.tileCols {
		g.columnOfTiles(&t, tiles, packed, i, j, p, s)
	}
}

// packsA says whether A is copied before it is used: if it is read often and does not fit the cache as a whole, or if it
// is read along columns whose elements compete for the same lines of the cache.
func (g *gemm) packsA() bool {
	return g.n >= packPanels*g.tileCols && (g.m*g.k > maxBlockA || g.aCol >= 512 && g.aCol%512 == 0)
}

// packA copies the block of A so that each tile's rows are together: as r rows of depth, or, if A is stored as its
// transpose, as depth rows of r. A tile that starts at row at of the stripe is found at at*depth.
func (g *gemm) packA(dst []float32, tiles blocks, i, p, depth int) {
	if g.aCol == 1 {
		for r := range tiles.size {
			copy(dst[r*depth:][:depth], g.a[(i+r)*g.aRow+p:])
		}
		return
	}
	for q := range depth {
		from := g.a[i+(p+q)*g.aCol:]
		for ti := range tiles.count {
			at, r := tiles.at(ti)
			copy(dst[at*depth+q*r:][:r], from[at:])
		}
	}
}

// rowOfTiles computes r rows of C, reading B in place.
func (g *gemm) rowOfTiles(t *tile, i, r, p int) {
	step := 4 * g.tileCols
	t.bRow = 4 * g.ldb
	t.a, t.aStep = &g.a[i*g.aRow+p*g.aCol], 0
	whole := g.n / g.tileCols
	most := g.callTiles(r, t.depth)
	for j := 0; j < g.n; j += g.tileCols * t.count {
		t.cols, t.masked = g.tileCols, 0
		t.count = min(whole, most)
		if t.count == 0 {
			t.cols, t.masked, t.count = g.n-j, 1, 1
		}
		whole -= t.count
		t.b, t.bStep = &g.b[p*g.ldb+j], step
		g.target(t, i, j, g.accumulate || p > 0)
		t.cStep, t.startStep = step, step
		if t.start == nil {
			t.startStep = 0
		}
		g.family.tile(r, t)
	}
}

// columnOfTiles computes one panel of C, packing B's panel first or on the way.
func (g *gemm) columnOfTiles(t *tile, tiles blocks, packed []float32, i, j, p int, s *scratch) {
	t.cols = min(g.tileCols, g.n-j)
	t.bStep, t.pack, t.masked = 0, nil, 0
	if g.transB {
		g.packTransposed(s.panel[:t.depth*g.tileCols], g.b[j*g.ldb+p:], t.cols, t.depth)
		t.b, t.bRow = &s.panel[0], 4*g.tileCols
	} else {
		t.b, t.bRow = &g.b[p*g.ldb+j], 4*g.ldb
		t.pack = &s.panel[0]
		if t.cols < g.tileCols {
			t.masked = 1
		}
		if 2*t.cols <= g.tileCols {
			t.pack = nil // narrow panels are read in place
		}
	}
	for ti := 0; ti < tiles.count; ti += t.count {
		at, r := tiles.at(ti)
		same := tiles.count - ti
		if extra := tiles.size % tiles.count; ti < extra {
			same = extra - ti
		}
		t.count = min(same, g.callTiles(r, t.depth))
		switch {
		case packed == nil:
			t.a, t.aStep = &g.a[(i+at)*g.aRow+p*g.aCol], 4*r*g.aRow
		case g.aCol == 1:
			t.a, t.aStep, t.aRow, t.aCol = &packed[at*t.depth], 4*r*t.depth, 4*t.depth, 4
		default:
			t.a, t.aStep, t.aRow, t.aCol = &packed[at*t.depth], 4*r*t.depth, 4, 4*r
		}
		g.target(t, i+at, j, g.accumulate || p > 0)
		t.cStep = r * t.cRow
		t.startStep = r * t.startRow
		g.family.tile(r, t)
		if t.pack != nil {
			t.b, t.bRow, t.pack, t.masked = t.pack, 4*g.tileCols, nil, 0
		}
	}
}

// target points t to C[i][j] and to where its sums start.
func (g *gemm) target(t *tile, i, j int, accumulate bool) {
	t.c = &g.c[i*g.ldc+j]
	switch {
	case accumulate:
		t.start, t.startRow = t.c, t.cRow
	case g.bias != nil:
		t.start, t.startRow = &g.bias[j], 0
	default:
		t.start, t.startRow = nil, 0
	}
}

// callTiles is how many tiles one call may compute.
func (g *gemm) callTiles(rows, depth int) int { return max(1, maxCallWork/(rows*depth)) }

// packTransposed copies cols stored rows of depth floats, ld apart, into columns of dst. What columns are left over
// may hold anything.
func (g *gemm) packTransposed(dst, b []float32, cols, depth int) {
	whole := depth &^ 3
	if whole > 0 {
		for j := 0; j < cols; {
			to, from, left := &dst[j], &b[j*g.ldb], cols-j
			switch {
			case g.family == avx512 && left >= 16:
				avx512Transpose(to, from, 4*g.tileCols, 4*g.ldb, whole/4)
				j += 16
			case left >= 8:
				avx2Transpose(to, from, 4*g.tileCols, 4*g.ldb, whole/4)
				j += 8
			default:
				avx2TransposePart(to, from, 4*g.tileCols, 4*g.ldb, whole/4, left)
				j += 8
			}
		}
	}
	packColumns(dst[whole*g.tileCols:], b[whole:], g.ldb, g.tileCols, cols, depth-whole)
}

// packColumns copies the first depth elements of cols stored rows into columns of dst, which is width wide.
func packColumns(dst, b []float32, ld, width, cols, depth int) {
	if depth == 0 {
		return
	}
	for j := range cols {
		at := j
		for _, v := range b[j*ld:][:depth] {
			dst[at] = v
			at += width
		}
	}
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
