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

// vectorProduct is a product of a matrix, given by its stored rows, and a vector x: count elements one beside the other.
type vectorProduct struct {
	x, m        []float32
	xStep, mRow int
	count       int
	alongK      bool // the stored rows run along k, not along the result
}

// vector says what p is as a product with a vector; of none, and of one whose result is not contiguous, it says that it has no
// elements.
func (p *Product) vector() vectorProduct {
	switch {
	case p.M == 1:
		v := vectorProduct{x: p.A, m: p.B, xStep: 1, mRow: p.Ldb, count: p.N, alongK: p.TransB}
		if p.TransA {
			v.xStep = p.Lda
		}
		return v
	case p.N == 1 && p.Ldc == 1 && p.Bias == nil && p.Start == nil:
		v := vectorProduct{x: p.B, m: p.A, xStep: p.Ldb, mRow: p.Lda, count: p.M, alongK: !p.TransA}
		if p.TransB {
			v.xStep = 1
		}
		return v
	}
	return vectorProduct{}
}

// dots computes products with a vector in which the matrix is stored by rows along k, if there are rows enough: every
// element of C is the product of two contiguous runs.
func (p *Product) dots() bool {
	v := p.vector()
	if !v.alongK || v.count < 16 || p.Start != nil {
		return false
	}
	for i := 0; i < v.count; i += 16 {
		// The last rows overlap with those before, unless the sums start from C.
		if i+16 > v.count && p.Accumulate {
			p.rest(i)
			break
		}
		i = min(i, v.count-16)
		for at := 0; at < p.K; at += maxDots {
			var start *float32
			if at > 0 || p.Accumulate {
				start = &p.C[i]
			} else if p.Bias != nil {
				start = &p.Bias[i]
			}
			avx2Dots(&p.C[i], start, &v.x[at*v.xStep], &v.m[i*v.mRow+at], 4*v.xStep, 4*v.mRow, min(maxDots, p.K-at))
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
	v := p.vector()
	if v.alongK || v.count < minStream || p.K < streamed {
		return false
	}
	whole, rows := v.count&^31, p.K-p.K%streamed
	p.begin(whole)
	for j := 0; j < whole; j += maxStream {
		for k := 0; k < rows; k += streamed {
			avx2Streams(&p.C[j], &v.x[k*v.xStep], &v.m[k*v.mRow+j], 4*v.xStep, 4*v.mRow, min(maxStream, whole-j)/32)
		}
	}
	if rows < p.K {
		p.deeper(whole, rows)
	}
	if whole < v.count {
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
