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
			back32: func(dz []float32, x [][]float32) { kernels.SigmoidGrad(dz, x[0], x[1]) }, back64: sigmoidBack64,
			second: func(y *G.Node) (*G.Node, error) { return ops.Linear(y, -2, 1) },
		}, true
	case "tanh": // g = 1−y²
		return kernelSet{
			f32:    func(y []float32, x [][]float32) { kernels.Tanh(y, x[0]) },
			f64:    each(math.Tanh),
			back32: tanhBack32(1, 1), back64: tanhBack64(1, 1),
			second: func(y *G.Node) (*G.Node, error) { return ops.Scale(y, -2) },
		}, true
	case "lecun-tanh": // g = s(A − y²/A)
		return kernelSet{
			f32:    func(y []float32, x [][]float32) { kernels.LeCunTanh(y, x[0]) },
			f64:    each(func(z float64) float64 { return lecunA * math.Tanh(lecunS*z) }),
			back32: tanhBack32(lecunS*lecunA, lecunS/lecunA), back64: tanhBack64(lecunS*lecunA, lecunS/lecunA),
			second: func(y *G.Node) (*G.Node, error) { return ops.Scale(y, -2*lecunS/lecunA) },
		}, true
	case "relu":
		return leaky(0), true
	case "leaky-relu":
		return leaky(a.alpha), true
	case "softsign": // g = (1−|y|)², g' = −2 sign(y)(1−|y|)
		return kernelSet{
			f32:    func(y []float32, x [][]float32) { kernels.Softsign(y, x[0]) },
			f64:    each(func(z float64) float64 { return z / (1 + math.Abs(z)) }),
			back32: func(dz []float32, x [][]float32) { kernels.SoftsignGrad(dz, x[0], x[1]) }, back64: softsignBack64,
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

func sigmoidBack64(dz []float64, x [][]float64) {
	y, dy := x[0][:len(dz)], x[1][:len(dz)]
	for i, v := range y {
		dz[i] = dy[i] * (v * (1 - v))
	}
}

// tanhBack32 computes dy·(a − b·y²).
func tanhBack32(a, b float32) func([]float32, [][]float32) {
	return func(dz []float32, x [][]float32) { kernels.TanhGrad(dz, x[0], x[1], a, b) }
}

func tanhBack64(a, b float64) func([]float64, [][]float64) {
	return func(dz []float64, x [][]float64) {
		y, dy := x[0][:len(dz)], x[1][:len(dz)]
		for i, v := range y {
			dz[i] = dy[i] * (a - b*(v*v))
		}
	}
}

// leaky takes the slope by the sign of y, which is that of z since ParseActivation
// and Apply refuse a negative α.
func leaky(alpha float64) kernelSet {
	k := kernelSet{
		f32:    func(y []float32, x [][]float32) { kernels.LeakyReLU(y, x[0], float32(alpha)) },
		f64:    leakyForward64(alpha),
		back32: func(dz []float32, x [][]float32) { kernels.LeakyReLUGrad(dz, x[0], x[1], float32(alpha)) },
		back64: leakyBack64(alpha),
	}
	if alpha == 0 { // 0 also at −∞, where 0·z is not
		k.f32 = func(y []float32, x [][]float32) { kernels.ReLU(y, x[0]) }
		k.f64 = each(func(z float64) float64 { return max(z, 0) })
	}
	return k
}

func leakyForward64(alpha float64) func([]float64, [][]float64) {
	return each(func(z float64) float64 {
		if !(z > 0) {
			z *= alpha
		}
		return z
	})
}

func leakyBack64(alpha float64) func([]float64, [][]float64) {
	return func(dz []float64, x [][]float64) {
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

func softsignBack64(dz []float64, x [][]float64) {
	y, dy := x[0][:len(dz)], x[1][:len(dz)]
	for i, v := range y {
		u := 1 - math.Abs(v)
		dz[i] = dy[i] * (u * u)
	}
}

func softplus32(y []float32, x [][]float32) { kernels.Softplus(y, x[0]) }

func softplus64(y []float64, x [][]float64) { each(softplusAt)(y, x) }

// softplusAt is log(1+e^z) without overflow.
func softplusAt(z float64) float64 { return math.Max(z, 0) + math.Log1p(math.Exp(-math.Abs(z))) }

func softmaxRows32(n int) func(y []float32, x [][]float32, from, to int) {
	return func(y []float32, x [][]float32, from, to int) { kernels.SoftmaxRows(y[from:to], x[0][from:to], n) }
}

// softmaxRows64 subtracts the largest element of each row before it exponentiates, so
// that nothing overflows.
func softmaxRows64(n int) func(y []float64, x [][]float64, from, to int) {
	return func(y []float64, x [][]float64, from, to int) {
		for i := from; i < to; i += n {
			row, top := y[i:i+n], largest(x[0][i:i+n])
			var s float64
			for j, v := range x[0][i : i+n] {
				row[j] = math.Exp(v - top)
				s += row[j]
			}
			for j := range row {
				row[j] /= s
			}
		}
	}
}

func largest(x []float64) float64 {
	top := x[0]
	for _, v := range x[1:] {
		if v > top {
			top = v
		}
	}
	return top
}
