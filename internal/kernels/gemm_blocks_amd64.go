package kernels

import "sync"

// scratch holds packed blocks of B and A.
type scratch struct{ b, a []float32 }

var scratches = sync.Pool{New: func() any { return new(scratch) }}

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
	start              []float32
	lds                int
	accumulate         bool
}

func (p *Product) gemm(f family) gemm {
	g := gemm{family: f, m: p.M, n: p.N, k: p.K, a: p.A, aRow: p.Lda, aCol: 1, b: p.B, ldb: p.Ldb, transB: p.TransB,
		c: p.C, ldc: p.Ldc, bias: p.Bias, start: p.Start, lds: p.Lds, accumulate: p.Accumulate}
	g.tileRows, g.tileCols = f.tileSize()
	if p.TransA {
		g.aRow, g.aCol = 1, p.Lda
	}
	return g
}

func (g *gemm) run() {
	if g.transB && (g.n == 1 || g.k == 1 && g.ldb == 1) {
		// A stored row that is also a column.
		g.transB, g.ldb = false, g.n
	}
	s := scratches.Get().(*scratch)
	s.makeRoom(g)
	depths := blocks{size: g.k, count: ceilDiv(g.k, g.depth())}
	for d := range depths.count {
		p, depth := depths.at(d)
		stripes := blocks{size: g.m, count: ceilDiv(g.m, max(g.tileRows, maxBlockA/depth))}
		w := part{scratch: s, p: p, depth: depth, end: g.n}
		if stripes.count == 1 {
			w.rows = g.m
			g.compute(&w)
			continue
		}
		// The panels of B that are packed for the first stripe serve the others too, as many as there is room for.
		width := maxDepth * maxWidth / depth / g.tileCols * g.tileCols
		for ; w.j < g.n; w.j = w.end {
			w.end = min(g.n, w.j+width)
			for i := range stripes.count {
				w.i, w.rows = stripes.at(i)
				w.stripe = i + 1
				g.compute(&w)
			}
		}
	}
	scratches.Put(s)
}

// makeRoom makes s large enough for g: for the panels of B that serve several stripes of A, or for the one panel that a
// product of few rows needs.
func (s *scratch) makeRoom(g *gemm) {
	panels := g.tileCols
	if g.m > max(g.tileRows, maxBlockA/min(g.k, maxDepth)) {
		panels = maxWidth
	}
	if len(s.b) < maxDepth*panels {
		s.b = make([]float32, maxDepth*panels)
	}
	if s.a == nil && g.packsA() {
		s.a = make([]float32, maxBlockA+16) // packing may write beyond
	}
}

// depth bounds the block of k. With few rows B is read once or twice and is what counts: low blocks of it are wide, which
// suits the cache of page addresses.
func (g *gemm) depth() int {
	if g.m <= 2*g.tileRows && !g.transB {
		return lowDepth
	}
	return maxDepth
}

// part is a block of the product: it adds the terms p to p+depth of the sums to the rows from i on, columns j to end.
type part struct {
	*scratch
	p, depth, i, rows, j, end int
	stripe                    int // 0: these are all the rows; 1: the first; else B's panels are packed already
	tile                      tile
	tiles                     blocks    // of the rows
	a                         []float32 // A's block if it is packed
}

func (g *gemm) compute(w *part) {
	w.tile = tile{depth: w.depth, aRow: 4 * g.aRow, aCol: 4 * g.aCol, cRow: 4 * g.ldc}
	w.tiles = blocks{size: w.rows, count: ceilDiv(w.rows, g.tileRows)}
	if !g.transB && (w.tiles.count == 1 || w.depth <= shallow) {
		for ti := range w.tiles.count {
			at, rows := w.tiles.at(ti)
			g.rowOfTiles(w, w.i+at, rows)
		}
		return
	}
	w.a = nil
	if g.packsA() {
		w.a = w.scratch.a
		g.packA(w)
	}
	for j := w.j; j < w.end; j += g.tileCols {
		g.columnOfTiles(w, j)
	}
}

// packsA says whether A is copied before it is used: if it is read often and does not fit the cache as a whole, or if it
// is read along columns whose elements compete for the same lines of the cache.
func (g *gemm) packsA() bool {
	return g.n >= packPanels*g.tileCols && (g.m*g.k > maxBlockA || g.aCol >= 512 && g.aCol%512 == 0)
}

// packA copies the block of A tile by tile, in the order in which it is read: for each k the elements of the tile's rows.
// A tile that starts at row at of the part is found at at*depth.
func (g *gemm) packA(w *part) {
	for ti := range w.tiles.count {
		at, rows := w.tiles.at(ti)
		from, to := (w.i+at)*g.aRow+w.p*g.aCol, at*w.depth
		if g.aCol == 1 {
			packTile(w.a[to:], g.a[from:], g.aRow, rows, w.depth)
		} else {
			avx2PackRows(&w.a[to], &g.a[from], 4*g.aCol, rows, w.depth)
		}
	}
}

// packTile copies stored rows into columns of dst. The transposition writes multiples of eight columns: what goes beyond
// the last is overwritten by the next row or tile.
func packTile(dst, a []float32, lda, rows, depth int) {
	whole := depth &^ 3
	if whole > 0 {
		for r := (rows - 1) &^ 7; r >= 0; r -= 8 {
			avx2TransposePart(&dst[r], &a[r*lda], 4*rows, 4*lda, whole/4, min(8, rows-r))
		}
	}
	packColumns(dst[whole*rows:], a[whole:], lda, rows, rows, depth-whole)
}

// rowOfTiles computes the given rows of the part, reading B in place.
func (g *gemm) rowOfTiles(w *part, i, rows int) {
	t, step := &w.tile, 4*g.tileCols
	t.bRow, t.bStep = 4*g.ldb, step
	t.a, t.aStep = &g.a[i*g.aRow+w.p*g.aCol], 0
	whole := (w.end - w.j) / g.tileCols
	for j := w.j; j < w.end; j += g.tileCols * t.count {
		t.cols, t.masked = g.tileCols, 0
		t.count = min(whole, callTiles(rows, t.depth))
		if t.count == 0 {
			t.cols, t.masked, t.count = w.end-j, 1, 1
		}
		whole -= t.count
		t.b = &g.b[w.p*g.ldb+j]
		g.target(t, i, j, w.p > 0)
		t.cStep, t.startStep = step, step
		if t.start == nil {
			t.startStep = 0
		}
		g.family.tile(rows, t)
	}
}

// columnOfTiles computes the part's rows of one panel of C.
func (g *gemm) columnOfTiles(w *part, j int) {
	t := &w.tile
	t.cols = min(g.tileCols, w.end-j)
	g.panel(w, j)
	for ti := 0; ti < w.tiles.count; ti += t.count {
		at, rows := w.tiles.at(ti)
		same := w.tiles.count - ti
		if extra := w.tiles.size % w.tiles.count; ti < extra {
			same = extra - ti
		}
		t.count = min(same, callTiles(rows, t.depth))
		if w.a == nil {
			t.a, t.aStep = &g.a[(w.i+at)*g.aRow+w.p*g.aCol], 4*rows*g.aRow
		} else {
			t.a, t.aStep, t.aRow, t.aCol = &w.a[at*t.depth], 4*rows*t.depth, 4, 4*rows
		}
		g.target(t, w.i+at, j, w.p > 0)
		t.cStep = rows * t.cRow
		t.startStep = rows * t.startRow
		g.family.tile(rows, t)
		if t.pack != nil {
			t.b, t.bRow, t.pack, t.masked = t.pack, 4*g.tileCols, nil, 0
		}
	}
}

// panel says where the panel of B at column j is read, and has it packed: now, if B is transposed, or by the first tile.
func (g *gemm) panel(w *part, j int) {
	t := &w.tile
	t.bStep, t.pack, t.masked = 0, nil, 0
	packed := w.b[:t.depth*g.tileCols]
	if w.stripe > 0 {
		packed = w.b[(j-w.j)*t.depth:][:t.depth*g.tileCols]
	}
	t.b, t.bRow = &packed[0], 4*g.tileCols
	switch {
	case g.transB:
		if w.stripe <= 1 {
			g.packTransposed(packed, g.b[j*g.ldb+w.p:], t.cols, t.depth)
		}
	case 2*t.cols <= g.tileCols:
		t.b, t.bRow = &g.b[w.p*g.ldb+j], 4*g.ldb // narrow panels are read in place
	case w.stripe <= 1:
		t.b, t.bRow, t.pack = &g.b[w.p*g.ldb+j], 4*g.ldb, t.b
		if t.cols < g.tileCols {
			t.masked = 1
		}
	}
}

// target points t to C[i][j] and to where its sums start: in C for the later blocks of k.
func (g *gemm) target(t *tile, i, j int, later bool) {
	t.c = &g.c[i*g.ldc+j]
	switch {
	case later || g.accumulate:
		t.start, t.startRow = t.c, t.cRow
	case g.bias != nil:
		t.start, t.startRow = &g.bias[j], 0
	case g.start != nil:
		t.start, t.startRow = &g.start[i*g.lds+j], 4*g.lds
	default:
		t.start, t.startRow = nil, 0
	}
}

// callTiles is how many tiles one call may compute.
func callTiles(rows, depth int) int { return max(1, maxCallWork/(rows*depth)) }

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
