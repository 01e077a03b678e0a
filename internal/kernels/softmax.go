package kernels

import (
	"fmt"
	"math"
)

// expAtOnce is how many exponentials of rows are computed together: rows may be short, a class each.
const expAtOnce = 512

// SoftmaxRows sets dst[i] = exp(x[i]−top)/Σ exp(x[j]−top) over each row of cols elements, where top is the row's largest, so
// that nothing overflows. dst may be x.
//
// The error is at most 4 ulp and what the rounding of x−top does: 2^−24·|x−top| of the value.
func SoftmaxRows(dst, x []float32, cols int) {
	checkRows("SoftmaxRows", len(x)/max(cols, 1), len(x), cols)
	checkLengths("SoftmaxRows", dst, x)
	active().softmaxRows(dst, x, cols)
}

func (f family) softmaxRows(dst, x []float32, cols int) {
	some := max(1, expAtOnce/cols) * cols
	for len(x) > 0 {
		n := min(some, len(x))
		f.expDifferences(dst[:n], x[:n], cols, nil)
		for row := dst[:n]; len(row) > 0; row = row[cols:] {
			s := float32(sumShort(row[:cols]))
			for j := range row[:cols] {
				row[j] /= s
			}
		}
		dst, x = dst[n:], x[n:]
	}
}

// expDifferences sets dst to exp(x − top of the row), and tops to those if it is not nil.
func (f family) expDifferences(dst, x []float32, cols int, tops []float32) {
	for i := 0; i < len(x); i += cols {
		top := largest(x[i : i+cols])
		if tops != nil {
			tops[i/cols] = top
		}
		row := dst[i : i+cols]
		for j, v := range x[i : i+cols] {
			row[j] = v - top
		}
	}
	f.exp(dst, dst)
}

// sumShort adds up in float64 from the first element on; exponentials of a row add no cancellation.
func sumShort(x []float32) float64 {
	var s float64
	for _, v := range x {
		s += float64(v)
	}
	return s
}

// LogSumExpRows sets dst[i] to log Σ exp(x[j]) over row i of x, rows of cols elements.
func LogSumExpRows(dst, x []float32, cols int) {
	checkRows("LogSumExpRows", len(dst), len(x), cols)
	f := active()
	for i := range dst {
		dst[i] = float32(f.logSumExp(x[i*cols : (i+1)*cols]))
	}
}

func (f family) logSumExp(x []float32) float64 {
	var e [expAtOnce]float32
	top := largest(x)
	var s float64
	for len(x) > 0 {
		n := min(len(x), expAtOnce)
		for j, v := range x[:n] {
			e[j] = v - top
		}
		f.exp(e[:n], e[:n])
		s += sumShort(e[:n])
		x = x[n:]
	}
	return float64(top) + math.Log(s)
}

// CategoricalCrossEntropy returns Σ t·(logsumexp(z of the row) − z), the cross-entropy of logits z and targets t in rows of
// cols elements, in nats. Exponentials are float32, all else float64; the rows are added in their order. Where t is 0, z may be
// infinite.
func CategoricalCrossEntropy(z, t []float32, cols int) float64 {
	checkRows("CategoricalCrossEntropy", len(z)/max(cols, 1), len(z), cols)
	checkLengths("CategoricalCrossEntropy", z, t)
	return active().categorical(z, t, cols)
}

func (f family) categorical(z, t []float32, cols int) float64 {
	var e, tops [expAtOnce]float32
	var total float64
	some := max(1, expAtOnce/max(cols, 1)) * cols
	for len(z) > 0 {
		n := min(some, len(z))
		if cols <= expAtOnce {
			f.expDifferences(e[:n], z[:n], cols, tops[:])
		}
		for i := 0; i < n; i += cols {
			var lse float64
			if cols <= expAtOnce {
				lse = float64(tops[i/cols]) + math.Log(sumShort(e[i:i+cols]))
			} else {
				lse = f.logSumExp(z[i : i+cols])
			}
			total += targetsTimes(t[i:i+cols], z[i:i+cols], lse)
		}
		z, t = z[n:], t[n:]
	}
	return total
}

// targetsTimes is Σ t·(lse − z).
func targetsTimes(t, z []float32, lse float64) float64 {
	var s float64
	for j, v := range t {
		if v != 0 {
			s += float64(float64(v) * (lse - float64(z[j])))
		}
	}
	return s
}

func checkRows(op string, rows, elements, cols int) {
	if cols < 1 || rows*cols != elements {
		panic(fmt.Sprintf("kernels: %s: %d elements: want %d rows of %d", op, elements, rows, cols))
	}
}

func checkColumns(op string, dst, x, rows, cols, ld int) {
	if rows < 0 || cols < 0 || ld < cols || dst != cols || rows > 0 && x < (rows-1)*ld+cols {
		panic(fmt.Sprintf("kernels: %s: dst has %d elements, x has %d: want a matrix of %d×%d, rows %d apart", op, dst, x, rows, cols, ld))
	}
}
