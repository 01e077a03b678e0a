package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Sum is the sum of all elements of x, a scalar. It is accumulated in float64 in
// a fixed order, so that it neither loses precision nor depends on how the work is
// divided.
func Sum(x *G.Node) (*G.Node, error) {
	if x != nil && x.Shape().Dims() == 0 {
		return x, nil
	}
	return Apply(Def{
		Name: "sum", Shape: tensor.Shape{}, F32: sum32, F64: sum64,
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			dx, err := Fill(dy, x[0].Shape())
			return G.Nodes{dx}, err
		},
	}, x)
}

// Mean is the mean of all elements of x, a scalar.
func Mean(x *G.Node) (*G.Node, error) {
	var c Chain
	s := c.Do(Sum(x))
	if c.Err() != nil {
		return nil, c.Err()
	}
	return Scale(s, 1/float64(x.Shape().TotalSize()))
}

// SumSquares is Σ x², a scalar.
func SumSquares(x *G.Node) (*G.Node, error) {
	return Apply(Def{
		Name: "sumsquares", Shape: tensor.Shape{}, F32: sumSquares32, F64: sumSquares64,
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			var c Chain
			return G.Nodes{c.Do(Mul(c.Do(Scale(dy, 2)), x[0]))}, c.Err()
		},
	}, x)
}

// Fill is a tensor of the given shape whose elements all equal the scalar s.
func Fill(s *G.Node, shape tensor.Shape) (*G.Node, error) {
	if s != nil && s.Shape().Dims() != 0 {
		return nil, fmt.Errorf("fill: want a scalar, got shape %v", s.Shape())
	}
	if err := positive("fill", shape); err != nil {
		return nil, err
	}
	if shape.Dims() == 0 && s != nil {
		return s, nil
	}
	return Apply(Def{
		Name: fmt.Sprintf("fill%v", shape), Shape: shape.Clone(), F32: fill32, F64: fill64, Elementwise: true,
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			dx, err := Sum(dy)
			return G.Nodes{dx}, err
		},
	}, s)
}

// Filled tells whether n is a tensor of equal elements that Fill built. Operations on it may be built on its
// scalar alone, so that a cost depends on more of it than the graph shows.
func Filled(n *G.Node) bool {
	_, ok := filled(n)
	return ok
}

// filled returns the scalar of a node that Fill built.
func filled(n *G.Node) (*G.Node, bool) {
	if n == nil {
		return nil, false
	}
	op, ok := n.Op().(*Op)
	if !ok || len(op.in) != 1 || op.in[0].Dims() != 0 || op.Name != fmt.Sprintf("fill%v", op.Def.Shape) {
		return nil, false
	}
	return Children(n)[0], true
}

// Children returns the operands of a node in their order.
func Children(n *G.Node) G.Nodes {
	if n == nil || n.Graph() == nil {
		return nil
	}
	var ch G.Nodes
	for it := n.Graph().From(n.ID()); it != nil && it.Next(); {
		ch = append(ch, it.Node().(*G.Node))
	}
	return ch
}

// colSumGrain is the least number of columns that are summed at a time: eight lines of the cache, of
// which narrower ranges would read each several times.
const colSumGrain = 128

// ColSum is the sum over the rows of x (m,n), a vector (n).
func ColSum(x *G.Node) (*G.Node, error) {
	m, n, err := dims("colsum", x)
	if err != nil {
		return nil, err
	}
	return Apply(Def{
		Name: "colsum", Shape: tensor.Shape{n}, Ranged: &Ranged{Grain: colSumGrain, F32: colSum32, F64: colSum64},
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			dx, err := RepeatRows(dy, m)
			return G.Nodes{dx}, err
		},
	}, x)
}

// RowSum is the sum over the columns of x (m,n), a vector (m).
func RowSum(x *G.Node) (*G.Node, error) {
	m, n, err := dims("rowsum", x)
	if err != nil {
		return nil, err
	}
	return Apply(Def{
		Name: "rowsum", Shape: tensor.Shape{m}, Ranged: &Ranged{F32: rowSum32, F64: rowSum64},
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			dx, err := RepeatCols(dy, n)
			return G.Nodes{dx}, err
		},
	}, x)
}

// RepeatRows is the matrix (m,n) whose rows all equal the vector b (n).
func RepeatRows(b *G.Node, m int) (*G.Node, error) {
	n, err := length("repeatrows", b)
	if err != nil {
		return nil, err
	}
	if err := positive("repeatrows", tensor.Shape{m, n}); err != nil {
		return nil, err
	}
	if s, ok := filled(b); ok {
		return Fill(s, tensor.Shape{m, n})
	}
	return Apply(Def{
		Name: fmt.Sprintf("repeatrows(%d)", m), Shape: tensor.Shape{m, n}, F32: repeatRows[float32], F64: repeatRows[float64],
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			dx, err := ColSum(dy)
			return G.Nodes{dx}, err
		},
	}, b)
}

// RepeatCols is the matrix (m,n) whose columns all equal the vector a (m).
func RepeatCols(a *G.Node, n int) (*G.Node, error) {
	m, err := length("repeatcols", a)
	if err != nil {
		return nil, err
	}
	if err := positive("repeatcols", tensor.Shape{m, n}); err != nil {
		return nil, err
	}
	if s, ok := filled(a); ok {
		return Fill(s, tensor.Shape{m, n})
	}
	return Apply(Def{
		Name: fmt.Sprintf("repeatcols(%d)", n), Shape: tensor.Shape{m, n}, F32: repeatCols32, F64: repeatCols64,
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			dx, err := RowSum(dy)
			return G.Nodes{dx}, err
		},
	}, a)
}

// Reshape is x in another shape of equally many elements. Unlike Gorgonia's it
// never lets a later operation overwrite its operand.
func Reshape(x *G.Node, shape ...int) (*G.Node, error) {
	to := tensor.Shape(shape).Clone()
	if x == nil {
		return nil, fmt.Errorf("reshape to %v: the operand is missing", to)
	}
	if err := positive("reshape", to); err != nil {
		return nil, err
	}
	from := x.Shape()
	if from.TotalSize() != to.TotalSize() || from.Dims() == 0 != (to.Dims() == 0) {
		return nil, fmt.Errorf("reshape: want %d elements for shape %v, got shape %v", to.TotalSize(), to, from)
	}
	if s, ok := filled(x); ok {
		return Fill(s, to)
	}
	return Apply(Def{
		Name: fmt.Sprintf("reshape%v", to), Shape: to, View: true, F32: copyTo[float32], F64: copyTo[float64],
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			dx, err := Reshape(dy, from...)
			return G.Nodes{dx}, err
		},
	}, x)
}

// positive refuses shapes without elements.
func positive(name string, s tensor.Shape) error {
	for _, d := range s {
		if d < 1 {
			return fmt.Errorf("%s: want positive dimensions, got shape %v", name, s)
		}
	}
	return nil
}

func dims(name string, x *G.Node) (m, n int, err error) {
	if x == nil {
		return 0, 0, fmt.Errorf("%s: an operand is missing", name)
	}
	s := x.Shape()
	if s.Dims() != 2 {
		return 0, 0, fmt.Errorf("%s: want a matrix, got shape %v", name, s)
	}
	return s[0], s[1], nil
}

func length(name string, x *G.Node) (int, error) {
	if x == nil {
		return 0, fmt.Errorf("%s: an operand is missing", name)
	}
	s := x.Shape()
	if s.Dims() != 1 {
		return 0, fmt.Errorf("%s: want a vector, got shape %v", name, s)
	}
	return s[0], nil
}
