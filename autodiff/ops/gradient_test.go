package ops_test

import (
	"fmt"
	"testing"

	"capas/autodiff/ops"
	"capas/internal/gradcheck"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// inputs draws float64 tensors of the given shapes.
func inputs(shapes ...tensor.Shape) []*tensor.Dense {
	s := random.New(7)
	out := make([]*tensor.Dense, len(shapes))
	for i, shape := range shapes {
		out[i] = gradcheck.Tensor(s, shape...)
	}
	return out
}

type shape = tensor.Shape

func TestGradients(t *testing.T) {
	binary := map[string]func(a, b *G.Node) (*G.Node, error){"add": ops.Add, "sub": ops.Sub, "mul": ops.Mul}
	for name, f := range binary {
		build := func(g *G.ExprGraph, x G.Nodes) (*G.Node, error) { return f(x[0], x[1]) }
		t.Run(name, func(t *testing.T) {
			for _, s := range [][]shape{{{2, 3}, {2, 3}}, {{3}, {}}, {{}, {2, 2}}, {{}, {}}, {{1, 1}, {1, 1}}} {
				gradcheck.Both(t, gradcheck.Case{Inputs: inputs(s...), Build: build})
			}
		})
		t.Run(name+" with itself", func(t *testing.T) {
			gradcheck.Both(t, gradcheck.Case{Inputs: inputs(shape{2, 3}), Build: func(g *G.ExprGraph, x G.Nodes) (*G.Node, error) {
				y, err := f(x[0], x[0])
				if err != nil {
					return nil, err
				}
				return ops.Square(y)
			}})
		})
	}

	type unary struct {
		name string
		in   shape
		f    func(x *G.Node) (*G.Node, error)
	}
	m := shape{3, 4}
	for _, u := range []unary{
		{"scale", m, func(x *G.Node) (*G.Node, error) { return ops.Scale(x, -1.5) }},
		{"linear", m, func(x *G.Node) (*G.Node, error) { return ops.Linear(x, 0.3, 2) }},
		{"square", m, ops.Square},
		{"square of a scalar", shape{}, ops.Square},
		{"abs", m, ops.Abs},
		{"exp", m, ops.Exp},
		{"root", m, func(x *G.Node) (*G.Node, error) {
			var c ops.Chain
			return c.Do(ops.Sqrt(c.Do(ops.Linear(c.Do(ops.Square(x)), 1, 0.5)))), c.Err()
		}},
		{"sum", m, ops.Sum},
		{"mean", m, ops.Mean},
		{"sum of squares", m, ops.SumSquares},
		{"colsum", m, ops.ColSum},
		{"colsum of one row", shape{1, 4}, ops.ColSum},
		{"rowsum", m, ops.RowSum},
		{"rowsum of one column", shape{4, 1}, ops.RowSum},
		{"repeat rows", shape{3}, func(x *G.Node) (*G.Node, error) { return ops.RepeatRows(x, 2) }},
		{"repeat columns", shape{3}, func(x *G.Node) (*G.Node, error) { return ops.RepeatCols(x, 2) }},
		{"fill", shape{}, func(x *G.Node) (*G.Node, error) { return ops.Fill(x, shape{2, 3}) }},
		{"reshape", m, func(x *G.Node) (*G.Node, error) { return ops.Reshape(x, 2, 6) }},
	} {
		t.Run(u.name, func(t *testing.T) {
			gradcheck.Both(t, gradcheck.Case{Inputs: inputs(u.in), Build: func(g *G.ExprGraph, x G.Nodes) (*G.Node, error) { return u.f(x[0]) }})
		})
		t.Run(u.name+" in a product", func(t *testing.T) { // a second derivative that is not 0, and operands that are not leaves
			gradcheck.Both(t, gradcheck.Case{Inputs: inputs(u.in), Build: func(g *G.ExprGraph, x G.Nodes) (*G.Node, error) {
				var c ops.Chain
				y := c.Do(u.f(c.Do(ops.Mul(x[0], c.Do(ops.Square(x[0]))))))
				return c.Do(ops.Mul(y, y)), c.Err()
			}})
		})
	}
}

// Products with the results of Fill are simplified when they are built.
func TestGradientThroughFill(t *testing.T) {
	for name, f := range map[string]func(a, b *G.Node) (*G.Node, error){"left": ops.Mul, "right": func(a, b *G.Node) (*G.Node, error) { return ops.Mul(b, a) }} {
		t.Run(name, func(t *testing.T) {
			gradcheck.Both(t, gradcheck.Case{Inputs: inputs(shape{}, shape{2, 3}), Build: func(g *G.ExprGraph, x G.Nodes) (*G.Node, error) {
				var c ops.Chain
				filled := c.Do(ops.Linear(c.Do(ops.Fill(c.Do(ops.Square(x[0])), shape{2, 3})), 2, 1))
				return c.Do(f(filled, x[1])), c.Err()
			}})
		})
	}
	for name, f := range map[string]func(x *G.Node) (*G.Node, error){
		"reshape": func(x *G.Node) (*G.Node, error) { return ops.Reshape(x, 6) },
		"repeat rows": func(x *G.Node) (*G.Node, error) {
			var c ops.Chain
			return c.Do(ops.RepeatRows(c.Do(ops.Reshape(x, 6)), 2)), c.Err()
		},
		"repeat cols": func(x *G.Node) (*G.Node, error) {
			var c ops.Chain
			return c.Do(ops.RepeatCols(c.Do(ops.Reshape(x, 6)), 2)), c.Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			gradcheck.First(t, gradcheck.Case{Inputs: inputs(shape{}), Build: func(g *G.ExprGraph, x G.Nodes) (*G.Node, error) {
				var c ops.Chain
				return c.Do(f(c.Do(ops.Fill(c.Do(ops.Square(x[0])), shape{2, 3})))), c.Err()
			}})
		})
	}
}

func TestMatMulGradient(t *testing.T) {
	const m, k, n = 3, 4, 2
	for _, transA := range []bool{false, true} {
		for _, transB := range []bool{false, true} {
			a, b := shape{m, k}, shape{k, n}
			if transA {
				a = shape{k, m}
			}
			if transB {
				b = shape{n, k}
			}
			t.Run(fmt.Sprintf("%t %t", transA, transB), func(t *testing.T) {
				gradcheck.Both(t, gradcheck.Case{Inputs: inputs(a, b), Build: func(g *G.ExprGraph, x G.Nodes) (*G.Node, error) {
					y, err := ops.MatMul(x[0], x[1], transA, transB)
					if err != nil {
						return nil, err
					}
					return ops.Square(y)
				}})
			})
		}
	}
}

func TestAffineGradient(t *testing.T) {
	for name, in := range map[string]struct {
		trans   bool
		x, W, b shape
	}{
		"up":              {false, shape{3, 4}, shape{4, 2}, shape{2}},
		"down":            {true, shape{3, 2}, shape{4, 2}, shape{4}},
		"one example":     {false, shape{1, 4}, shape{4, 2}, shape{2}},
		"one unit":        {false, shape{3, 4}, shape{4, 1}, shape{1}},
		"one of each":     {false, shape{1, 1}, shape{1, 1}, shape{1}},
		"down, one input": {true, shape{3, 2}, shape{1, 2}, shape{1}},
	} {
		t.Run(name, func(t *testing.T) {
			gradcheck.Both(t, gradcheck.Case{Inputs: inputs(in.x, in.W, in.b), Build: func(g *G.ExprGraph, x G.Nodes) (*G.Node, error) {
				y, err := ops.Affine(x[0], x[1], x[2], in.trans)
				if err != nil {
					return nil, err
				}
				return ops.Square(y)
			}})
		})
	}
}

// StopGradient(x)·x has the gradient x, not 2x.
func TestStopGradient(t *testing.T) {
	held := gradcheck.Tensor(random.New(3), 2, 3)
	in := inputs(shape{2, 3})
	copy(in[0].Float64s(), held.Float64s())
	stopped := run64(t, in, func(x G.Nodes) (*G.Node, error) {
		var c ops.Chain
		return c.Do(ops.Sum(c.Do(ops.Mul(c.Do(ops.StopGradient(x[0])), x[0])))), c.Err()
	})
	for i, d := range stopped {
		if d != held.Float64s()[i] {
			t.Errorf("gradient of stop(x)·x by x[%d]: got %g, want x = %g", i, d, held.Float64s()[i])
		}
	}
}
