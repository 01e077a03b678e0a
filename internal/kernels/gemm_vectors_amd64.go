package kernels

// Products with a vector read the matrix once, and are as fast as that goes: in the order in which it is stored.

const (
	// maxDots bounds the depth of one call for 16 products of rows with a vector.
	maxDots = 2048
	// streamed is the number of rows that one call adds up, each times an element of the vector, and maxStream bounds their
	// length: 16 KiB of sums stay in the first-level cache.
	streamed, maxStream = 8, 4096
	// minStream is the length from which rows are streamed.
	minStream = 64
)

// dots computes products with a vector in which the matrix is stored by rows along k, if there are rows enough: every
// element of C is the product of two contiguous runs.
func (p *Product) dots() bool {
	var x, m []float32
	var xStep, mRow, count int
	switch {
	case p.M == 1 && p.TransB && p.N >= 16 && p.Start == nil:
		x, xStep, m, mRow, count = p.A, 1, p.B, p.Ldb, p.N
		if p.TransA {
			xStep = p.Lda
		}
	case p.N == 1 && !p.TransA && p.M >= 16 && p.Ldc == 1 && p.Bias == nil && p.Start == nil:
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

// streams computes products with a vector in which the matrix is stored by rows along the result, if they are long enough:
// C is the sum of the rows, each times an element of the vector.
func (p *Product) streams() bool {
	var x, m []float32
	var xStep, mRow, count int
	switch {
	case p.M == 1 && !p.TransB && p.N >= minStream && p.K >= streamed:
		x, xStep, m, mRow, count = p.A, 1, p.B, p.Ldb, p.N
		if p.TransA {
			xStep = p.Lda
		}
	case p.N == 1 && p.TransA && p.M >= minStream && p.K >= streamed && p.Ldc == 1 && p.Bias == nil && p.Start == nil:
		x, xStep, m, mRow, count = p.B, p.Ldb, p.A, p.Lda, p.M
		if p.TransB {
			xStep = 1
		}
	default:
		return false
	}
	whole, rows := count&^31, p.K-p.K%streamed
	p.begin(whole)
	for j := 0; j < whole; j += maxStream {
		for k := 0; k < rows; k += streamed {
			avx2Streams(&p.C[j], &x[k*xStep], &m[k*mRow+j], 4*xStep, 4*mRow, min(maxStream, whole-j)/32)
		}
	}
	if rows < p.K {
		p.deeper(whole, rows)
	}
	if whole < count {
		p.rest(whole)
	}
	return true
}

// begin sets the first elements of a product with a vector to what their sums start from.
func (p *Product) begin(count int) {
	c := p.C[:count]
	switch {
	case p.Bias != nil:
		copy(c, p.Bias)
	case p.Start != nil:
		copy(c, p.Start)
	case !p.Accumulate:
		clear(c)
	}
}

// deeper adds the terms from k on to the first count elements of a product with a vector.
func (p *Product) deeper(count, k int) {
	q := *p
	if p.M == 1 {
		q.N = count
	} else {
		q.M = count
	}
	q.K, q.Bias, q.Start, q.Accumulate = p.K-k, nil, nil, true
	if p.TransA {
		q.A = p.A[k*p.Lda:]
	} else {
		q.A = p.A[k:]
	}
	if p.TransB {
		q.B = p.B[k:]
	} else {
		q.B = p.B[k*p.Ldb:]
	}
	g := q.gemm(avx2)
	g.run()
}
