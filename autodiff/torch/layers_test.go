//go:build libtorch && cgo

package torch

import (
	"fmt"
	"testing"

	"capas/autodiff/ops"
	"capas/blocks"

	G "gorgonia.org/gorgonia"
)

func TestConvolution(t *testing.T) {
	for _, o := range []ops.Conv{{}, {Stride: [2]int{2, 3}}, {Pad: [2]int{1, 2}}, {Stride: [2]int{3, 2}, Pad: [2]int{2, 1}}} {
		t.Run(o.String(), func(t *testing.T) {
			s := newShapes(t)
			m, n, h, w := s.size(1, 5), s.size(1, 4), s.size(6, 11), s.size(6, 11)
			f, kh, kw := s.size(1, 4), s.size(2, 4), s.size(2, 4)
			g := G.NewGraph()
			x, W := leaf(g, "x", s.normal(1, m, n, h, w)), leaf(g, "W", s.normal(1, f, n, kh, kw))
			var c ops.Chain
			maps := c.Do(ops.Conv2D(x, W, o))
			checkOf(t, &c, s, maps, x, W)
			y := leaf(g, "y", s.normal(1, maps.Shape()...))
			checkOf(t, &c, s, c.Do(ops.ConvTranspose2D(y, W, o, h, w)), y, W)
			checkOf(t, &c, s, c.Do(ops.ConvWeights(x, y, o, kh, kw)), x, y)
		})
	}
}

func TestPooling(t *testing.T) {
	for _, o := range []ops.Pool{ops.SquarePool(2), {Window: [2]int{3, 2}, Stride: [2]int{2, 1}}, {Window: [2]int{3, 4}, Stride: [2]int{2, 2}, Pad: [2]int{1, 2}}} {
		t.Run(o.String(), func(t *testing.T) {
			s := newShapes(t)
			m, n, h, w := s.size(1, 5), s.size(1, 4), s.size(6, 11), s.size(6, 11)
			g := G.NewGraph()
			x := leaf(g, "x", s.normal(1, m, n, h, w))
			var c ops.Chain
			pooled := c.Do(ops.MaxPool2D(x, o))
			checkOf(t, &c, s, pooled, x)
			checkOf(t, &c, s, c.Do(ops.AveragePool2D(x, o)), x)
			checkOf(t, &c, s, c.Do(ops.GlobalAveragePool2D(x)), x)
			y := leaf(g, "y", s.normal(1, pooled.Shape()...))
			checkOf(t, &c, s, c.Do(ops.MaxUnpool2D(y, x, o)), y)
			// Convolution and pooling in one.
			W := leaf(g, "W", s.normal(1, s.size(1, 4), n, s.size(1, 3), s.size(1, 3)))
			for _, move := range []ops.Conv{{}, {Stride: [2]int{2, 1}, Pad: [2]int{1, 1}}} {
				bias := leaf(g, fmt.Sprintf("bias %v", move), s.normal(1, W.Shape()[0]))
				both, err := ops.ConvMaxPool2D(x, W, bias, move, o)
				if err != nil {
					continue // the maps are too small for the windows
				}
				checkOf(t, &c, s, both, x, W, bias)
				z := leaf(g, fmt.Sprintf("z %v", move), s.normal(1, both.Shape()...))
				checkOf(t, &c, s, c.Do(ops.ConvMaxUnpool2D(z, x, W, move, o)), z, W)
			}
		})
	}
}

func TestRecurrences(t *testing.T) {
	for _, name := range blocks.Cells() {
		for variant, set := range map[string]func(g *G.ExprGraph, s shapes, m, k, T int, q *ops.Sequence) G.Nodes{
			"plain":   func(*G.ExprGraph, shapes, int, int, int, *ops.Sequence) G.Nodes { return nil },
			"reverse": func(_ *G.ExprGraph, _ shapes, _, _, _ int, q *ops.Sequence) G.Nodes { q.Reverse = true; return nil },
			"final":   func(_ *G.ExprGraph, _ shapes, _, _, _ int, q *ops.Sequence) G.Nodes { q.Final = true; return nil },
			"states": func(g *G.ExprGraph, s shapes, m, k, T int, q *ops.Sequence) G.Nodes {
				q.H0 = leaf(g, "h0", s.normal(1, m, k))
				if name == "lstm" {
					q.C0 = leaf(g, "c0", s.normal(1, m, k))
					return G.Nodes{q.H0, q.C0}
				}
				return G.Nodes{q.H0}
			},
			"all": func(g *G.ExprGraph, s shapes, m, k, T int, q *ops.Sequence) G.Nodes {
				q.Reverse, q.Final, q.H0 = true, true, leaf(g, "h0", s.normal(1, m, k))
				q.Mask = leaf(g, "mask", s.mask(m, T))
				return G.Nodes{q.H0}
			},
			"mask": func(g *G.ExprGraph, s shapes, m, k, T int, q *ops.Sequence) G.Nodes {
				q.Mask = leaf(g, "mask", s.mask(m, T))
				return nil
			},
		} {
			t.Run(name+" "+variant, func(t *testing.T) {
				s, cell := newShapes(t), must(blocks.ParseCell(name))(t)
				m, n, k, T := s.size(2, 5), s.size(1, 4), s.size(1, 5), s.size(2, 5)
				r := must(blocks.NewRecurrent("r", cell, n, k, 1, blocks.Gaussian(0.7), s.s))(t)
				g := G.NewGraph()
				x := leaf(g, "x", s.normal(1, m*T, n))
				q := ops.Sequence{Steps: T}
				more := set(g, s, m, k, T, &q)
				h, cells, err := r.Forward(x, q)
				if err != nil {
					t.Fatal(err)
				}
				if cells != nil {
					checkNodes(t, cells)
				}
				params := must(blocks.Nodes(g, r.Params()))(t)
				var c ops.Chain
				checkOf(t, &c, s, h, append(append(G.Nodes{x}, params...), more...)...)
				q.Frozen = true
				frozen, _, err := r.Forward(x, q)
				if err != nil {
					t.Fatal(err)
				}
				checkNodes(t, frozen)
			})
		}
	}
}

func TestJordan(t *testing.T) {
	for _, f := range []string{"tanh", "relu", "sigmoid"} {
		for _, masked := range []bool{false, true} {
			t.Run(fmt.Sprint(f, masked), func(t *testing.T) {
				s := newShapes(t)
				m, n, k, T := s.size(3, 5), s.size(2, 4), s.size(4, 6), s.size(3, 5)
				g := G.NewGraph()
				z, U, V, b := leaf(g, "z", s.normal(1, m*T, k)), leaf(g, "U", s.normal(1, n, k)), leaf(g, "V", s.normal(1, k, n)), leaf(g, "c", s.normal(1, n))
				q := ops.Sequence{Steps: T, Reverse: masked}
				if masked {
					q.Mask = leaf(g, "mask", s.mask(m, T))
				}
				var c ops.Chain
				checkOf(t, &c, s, c.Do(ops.Jordan(z, U, V, b, f, q)), z, U, V, b)
			})
		}
	}
}

// Gorgonia's own operations, in a cost as that of t-SNE.
func TestStock(t *testing.T) {
	s := newShapes(t)
	g := G.NewGraph()
	x := leaf(g, "x", s.uniform(0.5, 2, 4, 3))
	var c ops.Chain
	l := c.Do(G.Log1p(c.Do(ops.Square(x))))
	all := c.Do(ops.Sum(c.Do(G.Exp(c.Do(ops.Scale(l, -1))))))
	cost := c.Do(G.Add(c.Do(ops.Sum(l)), c.Do(G.Log(all))))
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	checkGradients(t, cost, x)
}

// Each of them with its derivative.
func TestStockFunctions(t *testing.T) {
	type function = func(*G.Node) (*G.Node, error)
	for name, f := range map[string]function{
		"abs": G.Abs, "sign": G.Sign, "ceil": G.Ceil, "floor": G.Floor, "sin": G.Sin, "cos": G.Cos, "exp": G.Exp, "log": G.Log, "log2": G.Log2, "neg": G.Neg, "square": G.Square, "sqrt": G.Sqrt,
		"inverse": G.Inverse, "inverse root": G.InverseSqrt, "cube": G.Cube, "tanh": G.Tanh, "sigmoid": G.Sigmoid, "log1p": G.Log1p, "expm1": G.Expm1, "softplus": G.Softplus,
	} {
		t.Run(name, func(t *testing.T) {
			s := newShapes(t)
			x := leaf(G.NewGraph(), "x", s.uniform(0.5, 2, 4, 3))
			y := must(f(x))(t)
			switch name {
			case "sign", "ceil", "floor", "log2", "inverse root": // it is 0, or autodiff refuses Gorgonia's, which is wrong
				checkNodes(t, y)
			default:
				var c ops.Chain
				checkOf(t, &c, s, y, x)
			}
		})
	}
	s := newShapes(t)
	g := G.NewGraph()
	a, b := leaf(g, "a", s.uniform(0.5, 2, 4, 3)), leaf(g, "b", s.uniform(0.5, 2, 4, 3))
	for name, f := range map[string]func(a, b *G.Node) (*G.Node, error){"sum": G.Add, "difference": G.Sub, "product": G.HadamardProd, "quotient": G.HadamardDiv, "power": G.Pow} {
		t.Run(name, func(t *testing.T) { checkNodes(t, must(f(a, b))(t)) })
	}
}

// What else ops has.
func TestMatrices(t *testing.T) {
	s := newShapes(t)
	m, n, k := s.size(2, 6), s.size(2, 6), s.size(2, 6)
	g := G.NewGraph()
	a, b := leaf(g, "a", s.normal(1, m, n)), leaf(g, "b", s.normal(1, m, k))
	v, u := leaf(g, "v", s.uniform(0.5, 2, n)), leaf(g, "u", s.uniform(0.5, 2, m))
	var c ops.Chain
	for name, y := range map[string]*G.Node{
		"columns":     c.Do(ops.Columns(a, 1, n)),
		"beside":      c.Do(ops.Beside(a, b)),
		"product":     c.Do(ops.MatMul(a, b, true, false)),
		"rows":        c.Do(ops.Mul(a, c.Do(ops.RepeatRows(v, m)))),
		"cols":        c.Do(ops.Mul(a, c.Do(ops.RepeatCols(u, n)))),
		"sums":        c.Do(ops.Mul(c.Do(ops.ColSum(a)), v)),
		"row sums":    c.Do(ops.Mul(c.Do(ops.RowSum(a)), u)),
		"root":        c.Do(ops.Mul(c.Do(ops.Sqrt(v)), c.Do(ops.Reciprocal(v)))),
		"shapes":      c.Do(ops.Reshape(c.Do(ops.Exp(a)), n, m)),
		"absolute":    c.Do(ops.Abs(c.Do(ops.Sub(a, c.Do(ops.Mean(a)))))),
		"both shapes": c.Do(ops.Mul(c.Do(ops.Fill(c.Do(ops.SumSquares(a)), a.Shape())), a)),
	} {
		t.Run(name, func(t *testing.T) {
			wrt := G.Nodes{a}
			if name == "root" {
				wrt = G.Nodes{v}
			}
			var c ops.Chain
			checkOf(t, &c, s, y, wrt...)
		})
	}
}
