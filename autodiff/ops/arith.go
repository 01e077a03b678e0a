package ops

import (
	"fmt"
	"slices"

	"capas/internal/kernels"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// AddName is the name of Add.
const AddName = "add"

// Add is a + b, element by element; a scalar is added to every element.
func Add(a, b *G.Node) (*G.Node, error) {
	shape, err := common(AddName, a, b)
	if err != nil {
		return nil, err
	}
	return Apply(Def{
		Name: AddName, Shape: shape, F32: add32, F64: add64, Elementwise: true,
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			var c Chain
			return G.Nodes{c.Do(unbroadcast(dy, x[0])), c.Do(unbroadcast(dy, x[1]))}, c.Err()
		},
	}, a, b)
}

// Sub is a − b, element by element; a scalar stands for a tensor of equal elements.
func Sub(a, b *G.Node) (*G.Node, error) {
	shape, err := common("sub", a, b)
	if err != nil {
		return nil, err
	}
	return Apply(Def{
		Name: "sub", Shape: shape, F32: sub32, F64: sub64, Elementwise: true,
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			var c Chain
			return G.Nodes{c.Do(unbroadcast(dy, x[0])), c.Do(unbroadcast(c.Do(Scale(dy, -1)), x[1]))}, c.Err()
		},
	}, a, b)
}

// Mul is a ⊙ b, element by element; a scalar multiplies every element.
func Mul(a, b *G.Node) (*G.Node, error) {
	shape, err := common("mul", a, b)
	if err != nil {
		return nil, err
	}
	if s, ok := filled(a); ok && b.Shape().Dims() > 0 {
		return Mul(s, b)
	}
	if s, ok := filled(b); ok && a.Shape().Dims() > 0 {
		return Mul(a, s)
	}
	if c, ok := constant(a); ok {
		return Scale(b, c)
	}
	if c, ok := constant(b); ok {
		return Scale(a, c)
	}
	return Apply(Def{
		Name: "mul", Shape: shape, F32: mul32, F64: mul64, Elementwise: true,
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			var c Chain
			return G.Nodes{
				c.Do(unbroadcast(c.Do(Mul(dy, x[1])), x[0])),
				c.Do(unbroadcast(c.Do(Mul(dy, x[0])), x[1])),
			}, c.Err()
		},
	}, a, b)
}

// Scale is a·x for a constant a.
func Scale(x *G.Node, a float64) (*G.Node, error) { return Linear(x, a, 0) }

// Linear is a·x + d for constants a and d.
func Linear(x *G.Node, a, d float64) (*G.Node, error) {
	if x != nil && a == 1 && d == 0 {
		return x, nil
	}
	if c, ok := constant(x); ok {
		return Constant(x, a*c+d)
	}
	if s, ok := filled(x); ok {
		s, err := Linear(s, a, d)
		if err != nil {
			return nil, err
		}
		return Fill(s, x.Shape())
	}
	return Apply(Def{
		Name: fmt.Sprintf("linear(%g,%g)", a, d), Shape: shapeOf(x), Elementwise: true,
		F32: linear32(float32(a), float32(d)), F64: linear64(a, d),
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			dx, err := Scale(dy, a)
			return G.Nodes{dx}, err
		},
	}, x)
}

// Square is x², element by element.
func Square(x *G.Node) (*G.Node, error) {
	return Apply(Def{
		Name: "square", Shape: shapeOf(x), F32: func(y []float32, x [][]float32) { kernels.Square(y, x[0]) }, F64: square64, Elementwise: true,
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			var c Chain
			return G.Nodes{c.Do(Mul(dy, c.Do(Scale(x[0], 2))))}, c.Err()
		},
	}, x)
}

// Abs is |x|, element by element; its derivative is sign(x), 0 at 0.
func Abs(x *G.Node) (*G.Node, error) {
	return Apply(Def{
		Name: "abs", Shape: shapeOf(x), F32: func(y []float32, x [][]float32) { kernels.Abs(y, x[0]) }, F64: abs64, Elementwise: true,
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			var c Chain
			return G.Nodes{c.Do(Mul(dy, c.Do(Sign(x[0]))))}, c.Err()
		},
	}, x)
}

// Sign is −1, 0 or 1 by the sign of x; it is a constant to the gradient.
func Sign(x *G.Node) (*G.Node, error) {
	return Apply(Def{Name: "sign", Shape: shapeOf(x), F32: func(y []float32, x [][]float32) { kernels.Sign(y, x[0]) }, F64: sign64, Elementwise: true}, x)
}

// StopGradient is x, as a constant to the gradient: nothing before it is
// differentiated. The end of a Gibbs chain is held constant by it.
func StopGradient(x *G.Node) (*G.Node, error) {
	return Apply(Def{Name: "stop", Shape: shapeOf(x), View: true, F32: copyTo[float32], F64: copyTo[float64]}, x)
}

// common returns the shape of an elementwise operation of two operands.
func common(name string, a, b *G.Node) (tensor.Shape, error) {
	if a == nil || b == nil {
		return nil, fmt.Errorf("%s: an operand is missing", name)
	}
	if a.Graph() != b.Graph() {
		return nil, fmt.Errorf("%s: the operands are of different graphs", name)
	}
	if a.Dtype() != b.Dtype() {
		return nil, fmt.Errorf("%s: want operands of one dtype, got %v and %v", name, a.Dtype(), b.Dtype())
	}
	switch sa, sb := a.Shape(), b.Shape(); {
	case slices.Equal(sa, sb), sb.Dims() == 0: // to Shape.Eq a vector is also a column
		return sa, nil
	case sa.Dims() == 0:
		return sb, nil
	default:
		return nil, fmt.Errorf("%s: want operands of equal shape, or a scalar, got %v and %v", name, sa, sb)
	}
}

// unbroadcast sums dy where x is a scalar that was spread over dy's shape.
func unbroadcast(dy, x *G.Node) (*G.Node, error) {
	if dy != nil && x.Shape().Dims() == 0 && dy.Shape().Dims() > 0 {
		return Sum(dy)
	}
	return dy, nil
}

func shapeOf(x *G.Node) tensor.Shape {
	if x == nil {
		return nil // Apply reports the missing operand
	}
	return x.Shape()
}
