package kernels

import "sync"

// The portable micro-kernel computes tiles of portableRows × portableCols: eight sums and what they need fit the scalar
// registers of common machines.
const (
	portableRows, portableCols = 2, 4
	// portableDepth × portableBlock floats of B (64 KiB) are packed at a time.
	portableDepth, portableBlock = 256, 64
)

type portableScratch struct {
	a [portableRows * portableDepth]float32
	b [portableBlock * portableDepth]float32
}

var portableScratches = sync.Pool{New: func() any { return new(portableScratch) }}

// portable computes the product in plain Go. Blocks of B are packed as panels of four columns, and pairs of rows of A
// side by side, so that the inner loop reads both in order.
func (p *Product) portable() {
	s := portableScratches.Get().(*portableScratch)
	depths := blocks{size: p.K, count: ceilDiv(p.K, portableDepth)}
	for d := range depths.count {
		at, depth := depths.at(d)
		for j := 0; j < p.N; j += portableBlock {
			cols := min(portableBlock, p.N-j)
			p.packB(s.b[:], at, depth, j, cols)
			for i := 0; i < p.M; i += portableRows {
				p.packA(s.a[:], at, depth, i)
				p.portablePair(s, d == 0, i, j, cols, depth)
			}
		}
	}
	portableScratches.Put(s)
}

// portablePair computes the block's columns of rows i and i+1.
func (p *Product) portablePair(s *portableScratch, first bool, i, j, cols, depth int) {
	rows := min(portableRows, p.M-i)
	for q := 0; q < cols; q += portableCols {
		var sums [portableRows][portableCols]float32
		width := min(portableCols, cols-q)
		for r := range rows {
			switch {
			case p.Accumulate || !first:
				copy(sums[r][:width], p.C[(i+r)*p.Ldc+j+q:])
			case p.Bias != nil:
				copy(sums[r][:width], p.Bias[j+q:])
			case p.Start != nil:
				copy(sums[r][:width], p.Start[(i+r)*p.Lds+j+q:])
			}
		}
		chains(&sums, s.a[:portableRows*depth], s.b[q*depth:][:portableCols*depth])
		for r := range rows {
			copy(p.C[(i+r)*p.Ldc+j+q:][:width], sums[r][:])
		}
	}
}

// packA copies the block of k of rows i and i+1 side by side; a row that does not exist is zero.
func (p *Product) packA(dst []float32, at, depth, i int) {
	row, col := p.Lda, 1
	if p.TransA {
		row, col = 1, p.Lda
	}
	for r := range portableRows {
		if i+r >= p.M {
			for k := range depth {
				dst[portableRows*k+r] = 0
			}
			continue
		}
		from := (i+r)*row + at*col
		for k := range depth {
			dst[portableRows*k+r] = p.A[from]
			from += col
		}
	}
}

// packB copies the block of B as panels of four columns, filled up with zeros.
func (p *Product) packB(dst []float32, at, depth, j, cols int) {
	for q := 0; q < cols; q += portableCols {
		panel, width := dst[q*depth:][:portableCols*depth], min(portableCols, cols-q)
		if width < portableCols {
			clear(panel)
		}
		if p.TransB {
			for c := range width {
				for k, v := range p.B[(j+q+c)*p.Ldb+at:][:depth] {
					panel[portableCols*k+c] = v
				}
			}
			continue
		}
		for k := range depth {
			copy(panel[portableCols*k:][:width], p.B[(at+k)*p.Ldb+j+q:])
		}
	}
}

// chains adds Σ_p a[2p+r]·b[4p+c] to sums[r][c]. The products are rounded before they are added, which keeps compilers
// from fusing on some machines only.
func chains(sums *[portableRows][portableCols]float32, a, b []float32) {
	s00, s01, s02, s03 := sums[0][0], sums[0][1], sums[0][2], sums[0][3]
	s10, s11, s12, s13 := sums[1][0], sums[1][1], sums[1][2], sums[1][3]
	for len(a) >= portableRows && len(b) >= portableCols {
		x0, x1 := a[0], a[1]
		b0, b1, b2, b3 := b[0], b[1], b[2], b[3]
		s00 += float32(x0 * b0)
		s01 += float32(x0 * b1)
		s02 += float32(x0 * b2)
		s03 += float32(x0 * b3)
		s10 += float32(x1 * b0)
		s11 += float32(x1 * b1)
		s12 += float32(x1 * b2)
		s13 += float32(x1 * b3)
		a, b = a[portableRows:], b[portableCols:]
	}
	sums[0] = [portableCols]float32{s00, s01, s02, s03}
	sums[1] = [portableCols]float32{s10, s11, s12, s13}
}
