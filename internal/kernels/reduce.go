package kernels

import "math"

// Sums of all elements are accumulated in float64, in an order that depends on nothing but the length: a block of sumBlock
// elements is added up in sixteen lanes, element i in lane i mod 16; the lanes are added in pairs, lane j and
// lane j+8 first, then +4, +2, +1; the blocks follow one another. The values are the same in all families, but for those of
// the functions within (softplus).
const (
	sumLanes = 16
	sumBlock = 4096
)

// lanes are the partial sums.
type lanes [sumLanes]float64

func (l *lanes) fold() float64 {
	for half := sumLanes / 2; half > 0; half /= 2 {
		for j := range half {
			l[j] += l[j+half]
		}
	}
	return l[0]
}

// Sum returns Σ x[i] in float64.
func Sum(x []float32) float64 { return active().sum(x) }

// SumSquares returns Σ x[i]² in float64, in which each square is exact.
func SumSquares(x []float32) float64 { return active().sumSquares(x) }

// Finite tells whether no element of x is NaN or infinite.
func Finite(x []float32) bool { return active().finite(x) }

// CrossEntropy returns Σ softplus(z[i]) − t[i]·z[i], the binary cross-entropy of logits z and targets t, in nats. softplus is
// that of [Softplus], in float32; products and sums are float64.
func CrossEntropy(z, t []float32) float64 {
	checkLengths("CrossEntropy", z, t)
	return active().crossEntropy(z, t)
}

func (f family) sum(x []float32) float64 {
	var total float64
	for len(x) > 0 {
		block := x[:min(len(x), sumBlock)]
		total += f.sumOfBlock(block)
		x = x[len(block):]
	}
	return total
}

func (f family) sumOfBlock(x []float32) float64 {
	var l lanes
	whole := len(x) / sumLanes * sumLanes
	f.addToLanes(&l, x[:whole])
	if whole < len(x) {
		var rest [sumLanes]float32
		copy(rest[:], x[whole:])
		f.addToLanes(&l, rest[:])
	}
	return l.fold()
}

func (f family) sumSquares(x []float32) float64 {
	var total float64
	for len(x) > 0 {
		block := x[:min(len(x), sumBlock)]
		var l lanes
		whole := len(block) / sumLanes * sumLanes
		f.addSquaresToLanes(&l, block[:whole])
		if whole < len(block) {
			var rest [sumLanes]float32
			copy(rest[:], block[whole:])
			f.addSquaresToLanes(&l, rest[:])
		}
		total += l.fold()
		x = x[len(block):]
	}
	return total
}

func (f family) crossEntropy(z, t []float32) float64 {
	const step = 512 // divides sumBlock
	var s [step]float32
	var total float64
	for len(z) > 0 {
		var l lanes
		for left := min(len(z), sumBlock); left > 0; {
			n := min(left, step)
			f.softplus(s[:n], z[:n])
			whole := n / sumLanes * sumLanes
			f.addEntropyToLanes(&l, s[:whole], t[:whole], z[:whole])
			if whole < n {
				var restS, restT, restZ [sumLanes]float32
				copy(restS[:], s[whole:n])
				copy(restT[:], t[whole:n])
				copy(restZ[:], z[whole:n])
				f.addEntropyToLanes(&l, restS[:], restT[:], restZ[:])
			}
			z, t, left = z[n:], t[n:], left-n
		}
		total += l.fold()
	}
	return total
}

// RowSum sets dst[i] to the sum of row i of x, rows of cols elements one after another, as [Sum] has it.
func RowSum(dst, x []float32, cols int) {
	checkRows("RowSum", len(dst), len(x), cols)
	f := active()
	for i := range dst {
		dst[i] = float32(f.sum(x[i*cols : (i+1)*cols]))
	}
}

// ColSum sets dst[j] to the sum of column j of the matrix x of rows × cols elements whose rows are ld elements apart: in
// float32, one chain of additions from the first row down, in all families and whatever cols is.
func ColSum(dst, x []float32, rows, cols, ld int) {
	checkColumns("ColSum", len(dst), len(x), rows, cols, ld)
	active().colSum(dst, x, rows, cols, ld)
}

func addToLanesPortable(l *lanes, x []float32) {
	for ; len(x) >= sumLanes; x = x[sumLanes:] {
		for j, v := range x[:sumLanes] {
			l[j] += float64(v)
		}
	}
}

func addSquaresToLanesPortable(l *lanes, x []float32) {
	for ; len(x) >= sumLanes; x = x[sumLanes:] {
		for j, v := range x[:sumLanes] {
			l[j] += float64(v) * float64(v) // exact, so that it does not matter whether the machine rounds it
		}
	}
}

func addEntropyToLanesPortable(l *lanes, s, t, z []float32) {
	for i := range s {
		j := i % sumLanes
		l[j] = l[j] + float64(s[i]) - float64(t[i])*float64(z[i])
	}
}

func colSumPortable(dst, x []float32, rows, cols, ld int) {
	clear(dst)
	for i := range rows {
		for j, v := range x[i*ld : i*ld+cols] {
			dst[j] += v
		}
	}
}

// finitePortable adds up x − x, 0 or NaN, in four chains that do not wait for each other.
func finitePortable(x []float32) bool {
	var a, b, c, d float32
	for ; len(x) >= 4; x = x[4:] {
		a += x[0] - x[0]
		b += x[1] - x[1]
		c += x[2] - x[2]
		d += x[3] - x[3]
	}
	for _, v := range x {
		a += v - v
	}
	return a+b+c+d == 0
}

// largest returns the largest element; a NaN with a clear sign bit counts as larger than all. It compares floats as integers
// in the same order, which compilers do without jumps: in short rows each jump would be a surprise.
func largest(x []float32) float32 {
	top := int32(math.MinInt32)
	for _, v := range x {
		top = max(top, orderedBits(int32(math.Float32bits(v))))
	}
	return math.Float32frombits(uint32(orderedBits(top)))
}

// orderedBits maps the bits of floats to integers in their order, and back.
func orderedBits(b int32) int32 { return b ^ int32(uint32(b>>31)>>1) }
