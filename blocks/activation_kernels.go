package blocks

import (
	"math"

	"capas/autodiff/ops"
	"capas/internal/kernels"

	G "gorgonia.org/gorgonia"
)

// LeCun's constants: f(z) = lecunA·tanh(lecunS·z).
const (
	lecunA = 1.7159
	lecunS = 2.0 / 3
)

// kernelsOf returns the kernels of the activations whose derivative is a function of
// their value.
func kernelsOf(a Activation) (kernelSet, bool) {
	switch a.kind {
	case "sigmoid": // g = y(1−y)
		return kernelSet{
			f32:    func(y []float32, x [][]float32) { kernels.Sigmoid(y, x[0]) },
			f64:    each(func(z float64) float64 { return 1 / (1 + math.Exp(-z)) }),
			back32: sigmoidBack[float32], back64: sigmoidBack[float64],
			second: func(y *G.Node) (*G.Node, error) { return ops.Linear(y, -2, 1) },
		}, true
	case "tanh": // g = 1−y²
		return kernelSet{
			f32:    func(y []float32, x [][]float32) { kernels.Tanh(y, x[0]) },
			f64:    each(math.Tanh),
			back32: tanhBack[float32](1, 1), back64: tanhBack[float64](1, 1),
			second: func(y *G.Node) (*G.Node, error) { return ops.Scale(y, -2) },
		}, true
	case "lecun-tanh": // g = s(A − y²/A)
		return kernelSet{
			f32:    lecun32,
			f64:    each(func(z float64) float64 { return lecunA * math.Tanh(lecunS*z) }),
			back32: tanhBack[float32](lecunS*lecunA, lecunS/lecunA), back64: tanhBack[float64](lecunS*lecunA, lecunS/lecunA),
			second: func(y *G.Node) (*G.Node, error) { return ops.Scale(y, -2*lecunS/lecunA) },
		}, true
	case "relu":
		return leaky(0), true
	case "leaky-relu":
		return leaky(a.alpha), true
	case "softsign": // g = (1−|y|)², g' = −2 sign(y)(1−|y|)
		return kernelSet{
			f32: softsign[float32], f64: softsign[float64],
			back32: softsignBack[float32], back64: softsignBack[float64],
			second: func(y *G.Node) (*G.Node, error) {
				var c ops.Chain
				return c.Do(ops.Mul(c.Do(ops.Sign(y)), c.Do(ops.Linear(c.Do(ops.Abs(y)), 2, -2)))), c.Err()
			},
		}, true
	}
	return kernelSet{}, false
}

func each(f func(float64) float64) func([]float64, [][]float64) {
	return func(y []float64, x [][]float64) {
		for i, v := range x[0][:len(y)] {
			y[i] = f(v)
		}
	}
}

func sigmoidBack[T ops.Float](dz []T, x [][]T) {
	y, dy := x[0][:len(dz)], x[1][:len(dz)]
	for i, v := range y {
		dz[i] = dy[i] * (v * (1 - v))
	}
}

// tanhBack computes dy·(a − b·y²).
func tanhBack[T ops.Float](a, b T) func([]T, [][]T) {
	return func(dz []T, x [][]T) {
		y, dy := x[0][:len(dz)], x[1][:len(dz)]
		for i, v := range y {
			dz[i] = dy[i] * (a - b*(v*v))
		}
	}
}

func lecun32(y []float32, x [][]float32) {
	for i, v := range x[0][:len(y)] {
		y[i] = lecunS * v
	}
	kernels.Tanh(y, y)
	for i := range y {
		y[i] *= lecunA
	}
}

// leaky takes the slope by the sign of y, which is that of z since ParseActivation
// and Apply refuse a negative α.
func leaky(alpha float64) kernelSet {
	k := kernelSet{
		f32: leakyForward(float32(alpha)), f64: leakyForward(alpha),
		back32: leakyBack(float32(alpha)), back64: leakyBack(alpha),
	}
	if alpha == 0 {
		k.f32, k.f64 = relu[float32], relu[float64]
	}
	return k
}

// relu is 0 also at −∞, where 0·z is not.
func relu[T ops.Float](y []T, x [][]T) {
	for i, v := range x[0][:len(y)] {
		y[i] = max(v, 0)
	}
}

func leakyForward[T ops.Float](alpha T) func([]T, [][]T) {
	return func(y []T, x [][]T) {
		for i, v := range x[0][:len(y)] {
			if !(v > 0) {
				v *= alpha
			}
			y[i] = v
		}
	}
}

func leakyBack[T ops.Float](alpha T) func([]T, [][]T) {
	return func(dz []T, x [][]T) {
		y, dy := x[0][:len(dz)], x[1][:len(dz)]
		for i, v := range y {
			d := dy[i]
			if !(v > 0) {
				d *= alpha
			}
			dz[i] = d
		}
	}
}

func softsign[T ops.Float](y []T, x [][]T) {
	for i, v := range x[0][:len(y)] {
		y[i] = v / (1 + T(math.Abs(float64(v))))
	}
}

func softsignBack[T ops.Float](dz []T, x [][]T) {
	y, dy := x[0][:len(dz)], x[1][:len(dz)]
	for i, v := range y {
		u := 1 - T(math.Abs(float64(v)))
		dz[i] = dy[i] * (u * u)
	}
}

func softplus32(y []float32, x [][]float32) { kernels.Softplus(y, x[0]) }

func softplus64(y []float64, x [][]float64) { each(softplusAt)(y, x) }

// softplusAt is log(1+e^z) without overflow.
func softplusAt(z float64) float64 { return math.Max(z, 0) + math.Log1p(math.Exp(-math.Abs(z))) }

// softmaxRows subtracts the largest element of each row before it exponentiates, so
// that nothing overflows.
func softmaxRows[T ops.Float](n int, exp func(dst, x []T)) func([]T, [][]T) {
	return func(y []T, x [][]T) {
		for i := 0; i < len(y); i += n {
			row := y[i : i+n]
			top := largest(x[0][i : i+n])
			for j, v := range x[0][i : i+n] {
				row[j] = v - top
			}
			exp(row, row)
			var s T
			for _, v := range row {
				s += v
			}
			for j := range row {
				row[j] /= s
			}
		}
	}
}

func exp64(dst, x []float64) {
	for i, v := range x {
		dst[i] = math.Exp(v)
	}
}

func largest[T ops.Float](x []T) T {
	top := x[0]
	for _, v := range x[1:] {
		if v > top {
			top = v
		}
	}
	return top
}
