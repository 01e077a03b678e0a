package autodiff_test

import (
	"fmt"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/internal/gradcheck"
	"capas/internal/kernels/blas"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// net is a graph of stock ops: a cost, the nodes to differentiate by and further
// results.
type net struct {
	cost    *G.Node
	wrt     G.Nodes
	outputs G.Nodes
}

// crossEntropy is −mean(t ⊙ log softmax(z)).
func crossEntropy(z, t *G.Node) *G.Node {
	p := G.Must(G.SoftMax(z, 1))
	return G.Must(G.Neg(G.Must(G.Mean(G.Must(G.HadamardProd(t, G.Must(G.Log(p))))))))
}

var nets = map[string]func(g *G.ExprGraph, dt tensor.Dtype) net{
	"dense": func(g *G.ExprGraph, dt tensor.Dtype) net {
		x, t := leaf(g, dt, "x", 5, 4), leaf(g, dt, "t", 5, 3)
		W, b, U := leaf(g, dt, "W", 4, 6), leaf(g, dt, "b", 1, 6), leaf(g, dt, "U", 6, 3)
		h := G.Must(G.Sigmoid(G.Must(G.BroadcastAdd(G.Must(G.Mul(x, W)), b, nil, []byte{0}))))
		z := G.Must(G.Mul(h, U))
		return net{crossEntropy(z, t), G.Nodes{W, b, U, x}, G.Nodes{z, h}}
	},
	"convolution": func(g *G.ExprGraph, dt tensor.Dtype) net {
		x, t := leaf(g, dt, "x", 2, 1, 6, 6), leaf(g, dt, "t", 2, 3)
		k, W := leaf(g, dt, "k", 2, 1, 3, 3), leaf(g, dt, "W", 18, 3)
		c := G.Must(G.Conv2d(x, k, tensor.Shape{3, 3}, []int{1, 1}, []int{1, 1}, []int{1, 1}))
		p := G.Must(G.MaxPool2D(G.Must(G.Tanh(c)), tensor.Shape{2, 2}, []int{0, 0}, []int{2, 2}))
		z := G.Must(G.Mul(G.Must(G.Reshape(p, tensor.Shape{2, 18})), W))
		return net{crossEntropy(z, t), G.Nodes{k, W, x}, G.Nodes{z, p}}
	},
	"lstm": func(g *G.ExprGraph, dt tensor.Dtype) net {
		const n, k, steps = 3, 4, 3
		gate := func(name string) func(x, h *G.Node) *G.Node {
			W, U, b := leaf(g, dt, "W"+name, n, k), leaf(g, dt, "U"+name, k, k), leaf(g, dt, "b"+name, 1, k)
			return func(x, h *G.Node) *G.Node {
				return G.Must(G.BroadcastAdd(G.Must(G.Add(G.Must(G.Mul(x, W)), G.Must(G.Mul(h, U)))), b, nil, []byte{0}))
			}
		}
		in, forget, out, cell := gate("i"), gate("f"), gate("o"), gate("c")
		seq := leaf(g, dt, "sequence", steps, 2, n)
		h, c := leaf(g, dt, "h0", 2, k), leaf(g, dt, "c0", 2, k)
		first := h
		for t := range steps {
			x := G.Must(G.Slice(seq, G.S(t)))
			i, f, o := G.Must(G.Sigmoid(in(x, h))), G.Must(G.Sigmoid(forget(x, h))), G.Must(G.Sigmoid(out(x, h)))
			c = G.Must(G.Add(G.Must(G.HadamardProd(f, c)), G.Must(G.HadamardProd(i, G.Must(G.Tanh(cell(x, h)))))))
			h = G.Must(G.HadamardProd(o, G.Must(G.Tanh(c))))
		}
		return net{G.Must(G.Mean(G.Must(G.Square(h)))), append(g.ByName("Wi"), append(g.ByName("Uf"), g.ByName("bc")[0], first)...), G.Nodes{h, c}}
	},
	"slices and concat": func(g *G.ExprGraph, dt tensor.Dtype) net {
		x, y := leaf(g, dt, "x", 4, 3), leaf(g, dt, "y", 2, 3)
		both := G.Must(G.Concat(0, x, G.Must(G.Square(y))))
		part := G.Must(G.Slice(both, G.S(1, 5)))
		turned := G.Must(G.Transpose(part, 1, 0))
		return net{G.Must(G.Sum(G.Must(G.Exp(turned)))), G.Nodes{x, y}, G.Nodes{turned, part}}
	},
	"reductions": func(g *G.ExprGraph, dt tensor.Dtype) net {
		x := leaf(g, dt, "x", 4, 3)
		rows, cols := G.Must(G.Sum(G.Must(G.Cube(x)), 1)), G.Must(G.Mean(G.Must(G.Exp(x)), 0))
		cost := G.Must(G.Add(G.Must(G.Sum(G.Must(G.Square(rows)))), G.Must(G.Sum(G.Must(G.Sqrt(cols))))))
		return net{cost, G.Nodes{x}, G.Nodes{rows, cols}}
	},
	"scalars": func(g *G.ExprGraph, dt tensor.Dtype) net {
		x := leaf(g, dt, "x", 4, 3)
		total := G.Must(G.Sum(x))
		scaled := G.Must(G.HadamardProd(x, total))
		shifted := G.Must(G.Sub(total, scaled))
		return net{G.Must(G.Sum(G.Must(G.Softplus(shifted)))), G.Nodes{x}, G.Nodes{total, scaled, shifted}}
	},
	"batched products": func(g *G.ExprGraph, dt tensor.Dtype) net {
		a, b := leaf(g, dt, "a", 2, 3, 4), leaf(g, dt, "b", 2, 4, 2)
		p := G.Must(G.BatchedMatMul(a, b))
		return net{G.Must(G.Sum(G.Must(G.Square(p)))), G.Nodes{a, b}, G.Nodes{p}}
	},
	"batch normalisation": func(g *G.ExprGraph, dt tensor.Dtype) net {
		x := leaf(g, dt, "x", 6, 2, 3, 3)
		scale, bias := leaf(g, dt, "scale", 1, 2, 1, 1), leaf(g, dt, "bias", 1, 2, 1, 1)
		y, _, _, _, err := G.BatchNorm(x, scale, bias, 0.9, 1e-5)
		if err != nil {
			panic(err)
		}
		return net{G.Must(G.Sum(G.Must(G.Cube(y)))), G.Nodes{scale, bias, x}, G.Nodes{y}}
	},
	"comparison": func(g *G.ExprGraph, dt tensor.Dtype) net {
		x, y := leaf(g, dt, "x", 4, 3), leaf(g, dt, "y", 4, 3)
		m := G.Must(G.Gt(x, y, true))
		return net{G.Must(G.Sum(G.Must(G.HadamardProd(m, G.Must(G.Square(x)))))), G.Nodes{x}, G.Nodes{m}}
	},
}

// Our gradient of a stock graph, run by our function, equals gorgonia.Grad's on the
// TapeMachine, for three settings of all leaves. The sums of derivatives may be formed
// in another order, which costs a few units in the last place.
func TestStockNets(t *testing.T) {
	for name, build := range nets {
		for dt, tol := range map[tensor.Dtype]float64{tensor.Float32: 2e-6, tensor.Float64: 1e-13} {
			t.Run(fmt.Sprint(name, " ", dt), func(t *testing.T) {
				run := func(grad func(*G.Node, ...*G.Node) (G.Nodes, error), vm func(testing.TB, G.Nodes, ...func()) [][]float64) [][]float64 {
					g := G.NewGraph()
					n := build(g, dt)
					var settings []func()
					leaves := g.Inputs()
					for i := range 3 {
						settings = append(settings, gradcheck.Redraw(i, leaves...))
					}
					d, err := grad(n.cost, n.wrt...)
					if err != nil {
						t.Fatal(err)
					}
					return vm(t, append(append(d, n.cost), n.outputs...), settings...)
				}
				want := run(G.Grad, gradcheck.OnTape)
				gradcheck.Same(t, "autodiff.Grad compiled", want, run(autodiff.Grad, gradcheck.Compiled), tol)
				gradcheck.Same(t, "gorgonia.Grad compiled", want, run(G.Grad, gradcheck.Compiled), tol)
			})
		}
	}
}

// On the TapeMachine a stock Reshape before an elementwise op overwrites its operand,
// parameters included. A function leaves it alone.
func TestReshapeLeavesItsOperand(t *testing.T) {
	g := G.NewGraph()
	W := leaf(g, f64, "W", 2, 3)
	before := gradcheck.Numbers(t, W.Value())
	flat := G.Must(G.Reshape(W, tensor.Shape{6}))
	outputs := G.Nodes{
		G.Must(G.Sigmoid(flat)), G.Must(G.Add(flat, flat)), G.Must(G.Neg(flat)), must[*G.Node](t)(ops.Scale(flat, 3)),
		must[*G.Node](t)(ops.Square(must[*G.Node](t)(ops.Reshape(W, 3, 2)))),
	}
	gradcheck.Compiled(t, outputs, func() {}, func() {})
	gradcheck.Same(t, "the parameter", [][]float64{before}, [][]float64{gradcheck.Numbers(t, W.Value())}, 0)
}

// Stock ops and ours in one graph, each reading the other's results.
func TestMixedGraph(t *testing.T) {
	build := func(mixed bool) (cost, W *G.Node) {
		g := G.NewGraph()
		x, W := leaf(g, f64, "x", 3, 4), leaf(g, f64, "W", 4, 2)
		if !mixed {
			// No Reshape here: the TapeMachine would square h in place and so spoil the
			// derivative of tanh.
			return G.Must(G.Sum(G.Must(G.Square(G.Must(G.Tanh(G.Must(G.Mul(x, W)))))))), W
		}
		var c ops.Chain
		h := G.Must(G.Tanh(c.Do(ops.MatMul(x, W, false, false))))
		return c.Do(ops.SumSquares(G.Must(G.Reshape(c.Do(ops.Reshape(h, 3, 2)), tensor.Shape{6})))), W
	}
	stock, W := build(false)
	want := gradcheck.OnTape(t, append(must[G.Nodes](t)(G.Grad(stock, W)), stock))
	mixed, W := build(true)
	d := must[G.Nodes](t)(autodiff.Grad(mixed, W))
	gradcheck.Same(t, "mixed", want, gradcheck.Compiled(t, append(d, mixed)), 1e-14)
	gradcheck.Same(t, "mixed on the TapeMachine", want, gradcheck.OnTape(t, append(d, mixed)), 1e-14)
}

// 200 stock additions of a node to itself have 2²⁰⁰ paths from the leaf to the end:
// neither the gradient nor an update may walk them one by one.
func TestManyPaths(t *testing.T) {
	g := G.NewGraph()
	x := leaf(g, f64, "x", 2)
	y := x
	for range 200 {
		y = G.Must(G.Add(G.Must(G.Tanh(y)), y))
	}
	d := must[G.Nodes](t)(autodiff.Grad(G.Must(G.Sum(y)), x))
	next := must[*G.Node](t)(ops.Sub(x, must[*G.Node](t)(ops.Scale(d[0], 1e-3))))
	f := must[*autodiff.Function](t)(autodiff.Compile(nil, nil, []autodiff.Update{{Target: x, Value: next}}))
	if err := f.RunAll(); err != nil {
		t.Fatal(err)
	}
}

// Stock slices of columns and transposes are views with gaps, which our operations
// read all the same.
func TestStockViews(t *testing.T) {
	g := G.NewGraph()
	x := leaf(g, f64, "x", 2, 3)
	column := must[*G.Node](t)(ops.Scale(G.Must(G.Slice(x, nil, G.S(1))), 2))
	turned := must[*G.Node](t)(ops.Scale(G.Must(G.Transpose(x, 1, 0)), 3))
	v := gradcheck.Numbers(t, x.Value())
	want := [][]float64{{2 * v[1], 2 * v[4]}, {3 * v[0], 3 * v[3], 3 * v[1], 3 * v[4], 3 * v[2], 3 * v[5]}}
	gradcheck.Same(t, "column, transpose", want, gradcheck.Compiled(t, G.Nodes{column, turned}), 0)
}

// A function with stock ops makes Gorgonia multiply with our kernels; its product is
// that of float64 to within the rounding of a chain of 300 multiply-adds.
func TestStockProductsUseTheKernels(t *testing.T) {
	g := G.NewGraph()
	a, b := leaf(g, tensor.Float32, "a", 70, 300), leaf(g, tensor.Float32, "b", 300, 50)
	got := gradcheck.Compiled(t, G.Nodes{G.Must(G.Mul(a, b))})
	if _, ok := G.WhichBLAS().(blas.Implementation); !ok {
		t.Errorf("stock products run on %T", G.WhichBLAS())
	}
	g = G.NewGraph()
	a, b = leaf(g, f64, "a", 70, 300), leaf(g, f64, "b", 300, 50)
	gradcheck.Same(t, "a·b", gradcheck.OnTape(t, G.Nodes{G.Must(G.Mul(a, b))}), got, 300*0x1p-24)
}
