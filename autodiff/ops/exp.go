package ops

import (
	"math"

	"capas/internal/kernels"

	G "gorgonia.org/gorgonia"
)

// Exp is e^x, element by element.
func Exp(x *G.Node) (*G.Node, error) {
	return Apply(Def{
		Name: "exp", Shape: shapeOf(x), Elementwise: true,
		F32: func(y []float32, x [][]float32) { kernels.Exp(y, x[0]) },
		F64: func(y []float64, x [][]float64) {
			for i, v := range x[0][:len(y)] {
				y[i] = math.Exp(v)
			}
		},
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			dx, err := Mul(dy, y)
			return G.Nodes{dx}, err
		},
	}, x)
}

// Sqrt is √x, element by element, NaN below 0. Its derivative is infinite at 0.
func Sqrt(x *G.Node) (*G.Node, error) {
	return Apply(Def{
		Name: "sqrt", Shape: shapeOf(x), Elementwise: true, F32: EachElement[float32](math.Sqrt), F64: EachElement[float64](math.Sqrt),
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			var c Chain
			return G.Nodes{c.Do(Scale(c.Do(Mul(dy, c.Do(Reciprocal(y)))), 0.5))}, c.Err()
		},
	}, x)
}

// Reciprocal is 1/x, element by element.
func Reciprocal(x *G.Node) (*G.Node, error) {
	return Apply(Def{
		Name: "reciprocal", Shape: shapeOf(x), Elementwise: true,
		F32: EachElement[float32](func(v float64) float64 { return 1 / v }), F64: EachElement[float64](func(v float64) float64 { return 1 / v }),
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			var c Chain
			return G.Nodes{c.Do(Scale(c.Do(Mul(dy, c.Do(Square(y)))), -1))}, c.Err()
		},
	}, x)
}

// EachElement makes the kernel of an element-wise Def of a function of one number.
func EachElement[T Float](f func(float64) float64) func(y []T, x [][]T) {
	return func(y []T, x [][]T) {
		for i, v := range x[0][:len(y)] {
			y[i] = T(f(float64(v)))
		}
	}
}
