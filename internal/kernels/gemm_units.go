package kernels

const (
	// minUnitFlops is the least work worth handing to another worker: 25 µs of AVX2, 10 µs of AVX-512.
	minUnitFlops = 2 << 20
	// unitsPerWorker leaves room to even out workers of different speed.
	unitsPerWorker = 4
	// maxSharedA bounds the floats of op(A) that may be read anew by every unit of whole columns: 1 MiB.
	maxSharedA = 256 << 10
	// maxSharedB bounds the floats of op(B) that every unit of whole rows reads anew: 256 KiB, half a second-level cache.
	maxSharedB = 64 << 10
)

// Units returns the size of the blocks of C, rows × cols, in which the product is best divided among workers; cut with
// [Product.Block], the blocks at the lower and right edge being smaller. With one worker, or too little work to divide
// (a block holds at least 2 million operations, tens of microseconds), it is the whole of C.
//
// A block is made of whole columns (rows = M) where op(B) is the larger operand, as in a forward pass: each worker then
// packs and reads columns of B of its own, and all workers share A. It is made of whole rows (cols = N, contiguous if
// Ldc = N) where op(B) is small enough to stay in each worker's cache and C has more rows than columns or few
// operations an element, as in a weight gradient. Where one way does not yield a block for each worker, the other
// dimension is cut as well. If op(A) does not fit the caches, there is one block of columns a worker. Otherwise, among the
// sizes that give each worker up to four blocks, the one with the least work for the busiest worker is taken. Sizes are
// multiples of the kernel's tile, except at the edges.
//
// The division does not change any bit of C.
func (p *Product) Units(workers int) (rows, cols int) {
	return active().units(p, workers)
}

func (f family) units(p *Product, workers int) (rows, cols int) {
	flops := 2 * float64(p.M) * float64(p.N) * float64(p.K)
	if w := int(min(flops/minUnitFlops, 1<<20)); w < workers {
		workers = w
	}
	if workers < 2 {
		return p.M, p.N
	}
	tr, tc := f.tileSize()
	m, n := ceilDiv(p.M, tr), ceilDiv(p.N, tc)
	perTile := flops / (float64(m) * float64(n))
	if p.wholeRows() {
		n = max(1, min(ceilDiv(workers, m), n)) // parts of a row
		return min(p.M, tr*share(m, ceilDiv(workers, n), perTile*float64(ceilDiv(p.N, tc))/float64(n))),
			min(p.N, tc*ceilDiv(ceilDiv(p.N, tc), n))
	}
	if p.M*p.K > maxSharedA { // every unit packs all of A
		return p.M, min(p.N, tc*ceilDiv(n, workers))
	}
	m = max(1, min(ceilDiv(workers, n), m)) // parts of a column
	return min(p.M, tr*ceilDiv(ceilDiv(p.M, tr), m)),
		min(p.N, tc*share(n, ceilDiv(workers, m), perTile*float64(ceilDiv(p.M, tr))/float64(m)))
}

// wholeRows says whether the product is divided by rows rather than by columns.
func (p *Product) wholeRows() bool {
	return p.N*p.K <= maxSharedB && (p.M > p.N || p.K <= 2*p.M/3)
}

// share divides count pieces of the given work among workers and returns how many pieces make a unit.
func share(count, workers int, flops float64) int {
	least := max(ceilDiv(count, unitsPerWorker*workers), min(count, 1+int(minUnitFlops/flops)))
	best, bestLoad := count, count
	for size := least; size < count; size++ {
		if load := ceilDiv(ceilDiv(count, size), workers) * size; load < bestLoad {
			best, bestLoad = size, load
		}
	}
	return best
}

// Block returns the product that computes C[i:i+rows, j:j+cols] only, clipped at the edges of C, on the same storage.
func (p *Product) Block(i, rows, j, cols int) Product {
	q := *p
	q.M, q.N = min(rows, p.M-i), min(cols, p.N-j)
	if q.M == 0 || q.N == 0 {
		return q
	}
	q.C = p.C[i*p.Ldc+j:]
	if p.Bias != nil {
		q.Bias = p.Bias[j:][:q.N]
	}
	if p.Start != nil {
		q.Start = p.Start[i*p.Lds+j:]
	}
	if p.K == 0 {
		return q
	}
	if p.TransA {
		q.A = p.A[i:]
	} else {
		q.A = p.A[i*p.Lda:]
	}
	if p.TransB {
		q.B = p.B[j*p.Ldb:]
	} else {
		q.B = p.B[j:]
	}
	return q
}
