package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// fma returns a·b+c rounded once. The product is exact in float64; the sum is rounded to odd there, after which the
// rounding to float32 is the only one that counts (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums").
func fma(a, b, c float32) float32 {
	x, y := float64(a)*float64(b), float64(c)
	sum := x + y
	if sum-sum != 0 {
		return float32(sum)
	}
	back := sum - x
	lost := (x - (sum - back)) + (y - back)
	if bits := math.Float64bits(sum); lost != 0 && bits&1 == 0 {
		if lost > 0 == (sum > 0) {
			bits++
		} else {
			bits--
		}
		sum = math.Float64frombits(bits)
	}
	return float32(sum)
}

// chain returns the element i, j of the product as the documentation defines it, one step after the other.
func (p *Product) chain(f family, i, j int) float32 {
	at := func(x []float32, ld int, trans bool, row, col int) float32 {
		if trans {
			row, col = col, row
		}
		return x[row*ld+col]
	}
	var sum float32
	switch {
	case p.Accumulate:
		sum = p.C[i*p.Ldc+j]
	case p.Bias != nil:
		sum = p.Bias[j]
	case p.Start != nil:
		sum = p.Start[i*p.Lds+j]
	}
	for k := range p.K {
		a, b := at(p.A, p.Lda, p.TransA, i, k), at(p.B, p.Ldb, p.TransB, k, j)
		if f == portable {
			sum += float32(a * b)
		} else {
			sum = fma(a, b, sum)
		}
	}
	return sum
}

// checkChains compares every bit of C with the definition, and what lies between C's rows with what was there.
func (p *Product) checkChains(t *testing.T, f family) {
	t.Helper()
	p.checkSome(t, f, 1)
}

// checkSome is checkChains for one element of each so many.
func (p *Product) checkSome(t *testing.T, f family, each int) {
	t.Helper()
	q := *p
	q.C = slices.Clone(p.C)
	f.product(&q)
	for at, v := range q.C {
		if at%each != 0 {
			continue
		}
		want := p.C[at]
		i, j := at/max(1, p.Ldc), at%max(1, p.Ldc)
		if i < p.M && j < p.N {
			want = p.chain(f, i, j)
		}
		if math.Float32bits(v) != math.Float32bits(want) && (v == v || want == want) {
			t.Fatalf("%v: C[%d][%d] = %g (%#x), want %g (%#x)", p, i, j, v, math.Float32bits(v), want, math.Float32bits(want))
		}
	}
}

func (p *Product) String() string {
	return fmt.Sprintf("transA=%t transB=%t accumulate=%t bias=%t start=%t M=%d N=%d K=%d lda=%d ldb=%d ldc=%d",
		p.TransA, p.TransB, p.Accumulate, p.Bias != nil, p.Start != nil, p.M, p.N, p.K, p.Lda, p.Ldb, p.Ldc)
}

// draw gives a product of the given shape in one of the four orientations and four ways to start, whose operands lie in
// larger matrices and hold what value gives.
func draw(value func() float32, orientation, start, m, n, k, slack int) *Product {
	fill := func(rows, cols, ld int) []float32 {
		x := make([]float32, max(0, (rows-1)*ld+cols))
		for i := range x {
			x[i] = value()
		}
		return x
	}
	p := &Product{TransA: orientation&1 != 0, TransB: orientation&2 != 0, M: m, N: n, K: k, Ldc: n + slack}
	aRows, aCols, bRows, bCols := m, k, k, n
	if p.TransA {
		aRows, aCols = k, m
	}
	if p.TransB {
		bRows, bCols = n, k
	}
	p.Lda, p.Ldb = aCols+2*slack, bCols+slack
	p.A, p.B, p.C = fill(aRows, aCols, p.Lda), fill(bRows, bCols, p.Ldb), fill(m, n, p.Ldc)
	switch start {
	case 1:
		p.Bias = fill(1, n, n)
	case 2:
		p.Accumulate = true
	case 3:
		p.Lds = n + 3*slack
		p.Start = fill(m, n, p.Lds)
	}
	return p
}

// ordinary values, and such that are mixed with denormals, infinities, NaN, zeros of both signs and the largest floats.
func ordinary(r *rand.Rand) func() float32 { return func() float32 { return 2*r.Float32() - 1 } }

func special(r *rand.Rand) func() float32 {
	rare := []float32{0, float32(math.Copysign(0, -1)), math.SmallestNonzeroFloat32, 0x1p-127, -0x1.8p-140, float32(math.Inf(1)),
		float32(math.Inf(-1)), float32(math.NaN()), math.MaxFloat32, 0x1p-70, -0x1p-80, 0x1p64}
	return func() float32 {
		switch r.IntN(12) {
		case 0:
			return rare[r.IntN(len(rare))]
		case 1, 2, 3:
			return (2*r.Float32() - 1) * 0x1p-72 // products are denormal
		}
		return 2*r.Float32() - 1
	}
}

func TestProductIsItsChains(t *testing.T) {
	forFamilies(t, func(t *testing.T, f family) {
		r := rand.New(rand.NewPCG(21, 22))
		for orientation := range 4 {
			for start := range 4 {
				if testing.Short() && start != orientation%4 {
					continue // for emulated processors
				}
				for m := range 17 {
					draw(special(r), orientation, start, m, r.IntN(70), r.IntN(20), r.IntN(3)).checkChains(t, f)
				}
				for n := range 67 {
					draw(ordinary(r), orientation, start, 1+r.IntN(33), n, 1+r.IntN(40), r.IntN(3)).checkChains(t, f)
				}
				for k := range 12 {
					draw(special(r), orientation, start, 1+r.IntN(20), 1+r.IntN(40), k, r.IntN(3)).checkChains(t, f)
				}
				for range 8 { // products with a vector
					draw(special(r), orientation, start, 1, 60+r.IntN(70), 6+r.IntN(20), r.IntN(3)).checkChains(t, f)
					draw(special(r), orientation, start, 60+r.IntN(70), 1, 6+r.IntN(20), 0).checkChains(t, f)
				}
				// Several blocks of k; packed B and B in place.
				draw(ordinary(r), orientation, start, 5, 37, testDepth+1, 1).checkChains(t, f)
				draw(ordinary(r), orientation, start, 31, 19, testDepth+1, 0).checkChains(t, f)
			}
		}
	})
}

// Products that are large enough for several blocks in every direction and for packing A, also in matrices whose rows
// compete for the same lines of the cache.
func TestLargeProductIsItsChains(t *testing.T) {
	each := 3
	if testing.Short() {
		each = 499 // for emulated processors
	}
	forFamilies(t, func(t *testing.T, f family) {
		r := rand.New(rand.NewPCG(23, 24))
		for orientation := range 4 {
			draw(ordinary(r), orientation, orientation%4, 300, 523, 401, 1).checkSome(t, f, 2*each+1)
			draw(ordinary(r), orientation, (orientation+1)%4, 512, 530, 35, 0).checkSome(t, f, each)
			draw(ordinary(r), orientation, orientation%4, 1, 4260, 21, 1).checkSome(t, f, each)
			draw(ordinary(r), orientation, 2*(orientation%2), 4260, 1, 21, 0).checkSome(t, f, each)
		}
	})
}

func FuzzProduct(f *testing.F) {
	f.Add(uint64(1), uint8(3), uint8(20), uint8(5), uint8(0), uint8(0))
	f.Add(uint64(2), uint8(13), uint8(47), uint8(9), uint8(7), uint8(1))
	f.Add(uint64(3), uint8(15), uint8(33), uint8(200), uint8(10), uint8(2))
	f.Add(uint64(4), uint8(1), uint8(10), uint8(30), uint8(2), uint8(0))
	f.Fuzz(func(t *testing.T, seed uint64, m, n, k, mode, slack uint8) {
		r := rand.New(rand.NewPCG(seed, 0))
		p := draw(special(r), int(mode%4), int(mode/4%4), int(m), int(n), int(k), int(slack%8))
		for _, family := range supported() {
			p.checkChains(t, family)
		}
	})
}
