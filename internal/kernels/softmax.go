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

// sumShort adds up in float64, in four chains: elements 4j, 4j+1, 4j+2, 4j+3, of which the first pair and the second are added.
// What is left of four goes to the first.
func sumShort(x []float32) float64 {
	var a, b, c, d float64
	for ; len(x) >= 4; x = x[4:] {
		a += float64(x[0])
		b += float64(x[1])
		c += float64(x[2])
		d += float64(x[3])
	}
	for _, v := range x {
		a += float64(v)
	}
	return (a + b) + (c + d)
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
	top, s := f.sumExp(x)
	return float64(top) + math.Log(s)
}

// sumExp returns the largest element of x and Σ exp(x − largest).
func (f family) sumExp(x []float32) (top float32, s float64) {
	var e [expAtOnce]float32
	top = largest(x)
	for len(x) > 0 {
		n := min(len(x), expAtOnce)
		for j, v := range x[:n] {
			e[j] = v - top
		}
		f.exp(e[:n], e[:n])
		s += sumShort(e[:n])
		x = x[n:]
	}
	return top, s
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
	c := crossEntropy{product: 1}
	some := max(1, expAtOnce/cols) * cols
	for len(z) > 0 {
		n := min(some, len(z))
		if cols <= expAtOnce {
			f.expDifferences(e[:n], z[:n], cols, tops[:])
		}
		for i := 0; i < n; i += cols {
			var top float32
			var s float64
			if cols <= expAtOnce {
				top, s = tops[i/cols], sumShort(e[i:i+cols])
			} else {
				top, s = f.sumExp(z[i : i+cols])
			}
			c.add(t[i:i+cols], z[i:i+cols], float64(top), s)
		}
		z, t = z[n:], t[n:]
	}
	return c.total + math.Log(c.product)
}

// crossEntropy adds up rows. The sums of exponentials of rows whose targets sum to 1, as they should, are multiplied, so that
// many rows share one logarithm: the sum of a row is between 1 and the number of columns.
type crossEntropy struct{ total, product float64 }

// add adds Σ t·(top + log s − z); terms with t = 0 do not count, whatever z is.
func (c *crossEntropy) add(t, z []float32, top, s float64) {
	var targets, products float64
	for j, v := range t {
		targets += float64(v)
		products += float64(v) * float64(z[j]) // exact, so that it does not matter whether the machine rounds it
	}
	if products != products { // an infinite z, perhaps where t is 0
		products = 0
		for j, v := range t {
			if v != 0 {
				products += float64(v) * float64(z[j])
			}
		}
	}
	if targets != 1 {
		c.total += float64(targets*(top+math.Log(s))) - products
		return
	}
	c.total += top - products
	if c.product *= s; c.product > 1e200 {
		c.total += math.Log(c.product)
		c.product = 1
	}
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
