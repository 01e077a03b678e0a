package autodiff_test

import (
	"math"
	"strings"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/internal/gradcheck"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Two costs that share h = x·W, as the TapeMachine would differentiate them one by
// one on graphs of their own. gorgonia.Grad is silently wrong for the second cost on
// one graph, since it reuses the derivative that it stored in h for the first; the
// test shows that as well.
func TestTwoCostsOnOneGraph(t *testing.T) {
	build := func() (costs G.Nodes, W *G.Node) {
		g := G.NewGraph()
		x, W := leaf(g, tensor.Float64, "x", 3, 4), leaf(g, tensor.Float64, "W", 4, 2)
		h := G.Must(G.Sigmoid(G.Must(G.Mul(x, W))))
		return G.Nodes{G.Must(G.Sum(G.Must(G.Square(h)))), G.Must(G.Mean(G.Must(G.Exp(h))))}, W
	}
	var want [][]float64
	for i := range 2 {
		costs, W := build()
		d := must[G.Nodes](t)(G.Grad(costs[i], W))
		want = append(want, gradcheck.OnTape(t, d)...)
	}

	costs, W := build()
	first := must[G.Nodes](t)(autodiff.Grad(costs[0], W))
	second := must[G.Nodes](t)(autodiff.Grad(costs[1], W))
	gradcheck.Same(t, "autodiff.Grad", want, gradcheck.Compiled(t, G.Nodes{first[0], second[0]}), 1e-12)

	costs, W = build()
	must[G.Nodes](t)(G.Grad(costs[0], W))
	if second, err := G.Grad(costs[1], W); err == nil {
		got := gradcheck.OnTape(t, G.Nodes{second[0]})
		if math.Abs(got[0][0]-want[1][0]) < 1e-6 {
			t.Error("gorgonia.Grad is right for the second cost: the remark in this test and in the package comment is out of date")
		}
	}
}

// f(x) = Σ x³ built as x⊙x⊙x: gradient 3x², gradient of Σ(gradient) 6x, third 6.
func TestGradOfGrad(t *testing.T) {
	g := G.NewGraph()
	x := leaf(g, tensor.Float64, "x", 5)
	var c ops.Chain
	cost := c.Do(ops.Sum(c.Do(ops.Mul(x, c.Do(ops.Mul(x, x))))))
	var all G.Nodes
	for range 3 {
		d := must[G.Nodes](t)(autodiff.Grad(cost, x))[0]
		all = append(all, d)
		cost = c.Do(ops.Sum(d))
	}
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	var want [3][]float64
	for _, v := range x.Value().(*tensor.Dense).Float64s() {
		want[0], want[1], want[2] = append(want[0], 3*v*v), append(want[1], 6*v), append(want[2], 6)
	}
	gradcheck.Same(t, "derivatives of x³", want[:], gradcheck.Compiled(t, all), 1e-14)
}

// The gradient of a gradient of a network of stock ops.
func TestStockGradOfGrad(t *testing.T) {
	in := []*tensor.Dense{gradcheck.Tensor(random.New(1), 2, 3), gradcheck.Tensor(random.New(2), 3, 2)}
	gradcheck.Both(t, gradcheck.Case{Inputs: in, Build: func(g *G.ExprGraph, x G.Nodes) (*G.Node, error) {
		h, err := G.Mul(x[0], x[1])
		if err != nil {
			return nil, err
		}
		if h, err = G.Tanh(h); err != nil {
			return nil, err
		}
		if h, err = G.Square(h); err != nil {
			return nil, err
		}
		return G.Sum(h)
	}})
}

// A node and a leaf below it together: ∂/∂h Σ(h²) = 2h and ∂/∂x with h = 3x is 18x.
func TestInnerNodeAndLeaf(t *testing.T) {
	g := G.NewGraph()
	x := leaf(g, tensor.Float64, "x", 4)
	var c ops.Chain
	h := c.Do(ops.Scale(x, 3))
	cost := c.Do(ops.SumSquares(h))
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	d := must[G.Nodes](t)(autodiff.Grad(cost, h, x, cost))
	want := make([][]float64, 3)
	for _, v := range x.Value().(*tensor.Dense).Float64s() {
		want[0], want[1] = append(want[0], 6*v), append(want[1], 18*v)
	}
	want[2] = []float64{1}
	gradcheck.Same(t, "gradient by h, x and the cost itself", want, gradcheck.Compiled(t, d), 1e-14)
}

// A diamond: x reaches the cost by several paths of different length.
func TestPathsAddUp(t *testing.T) {
	in := []*tensor.Dense{gradcheck.Tensor(random.New(4), 3)}
	gradcheck.Both(t, gradcheck.Case{Inputs: in, Build: func(g *G.ExprGraph, x G.Nodes) (*G.Node, error) {
		var c ops.Chain
		a := c.Do(ops.Square(x[0]))
		b := c.Do(ops.Mul(a, x[0]))
		d := c.Do(ops.Add(c.Do(ops.Sub(b, a)), x[0]))
		return c.Do(ops.Sum(c.Do(ops.Mul(d, c.Do(ops.Add(b, x[0])))))), c.Err()
	}})
}

func TestGradErrors(t *testing.T) {
	g, other := G.NewGraph(), G.NewGraph()
	x, y := leaf(g, tensor.Float64, "x", 4), leaf(g, tensor.Float64, "y", 4)
	far := leaf(other, tensor.Float64, "far", 4)
	cost := must[*G.Node](t)(ops.SumSquares(x))
	scalar := G.NewScalar(g, tensor.Float64, G.WithName("s"))
	filled := must[*G.Node](t)(ops.Fill(scalar, tensor.Shape{4}))
	// Mul takes the scalar and Square the tensor: of the derivative by the tensor, 2·filled + x, the graph shows the
	// first term.
	mixed := must[*G.Node](t)(ops.Sum(must[*G.Node](t)(ops.Add(must[*G.Node](t)(ops.Square(filled)), must[*G.Node](t)(ops.Mul(filled, x))))))
	stopped := must[*G.Node](t)(ops.SumSquares(must[*G.Node](t)(ops.StopGradient(x))))
	for name, c := range map[string]struct {
		cost *G.Node
		wrt  G.Nodes
		want string
	}{
		"no cost":             {nil, G.Nodes{x}, "cost is missing"},
		"cost no scalar":      {x, G.Nodes{x}, "want a scalar cost, got shape (4)"},
		"no node":             {cost, G.Nodes{x, nil}, "node 1 is missing"},
		"other graph":         {cost, G.Nodes{far}, "node 0 is missing"},
		"independent":         {cost, G.Nodes{x, y}, "does not depend differentiably on y"},
		"stopped":             {stopped, G.Nodes{x}, "does not depend differentiably on x"},
		"filled tensor":       {mixed, G.Nodes{x, filled}, "want the scalar that " + filled.Name() + " is filled with"},
		"inverse square root": {G.Must(G.Sum(G.Must(G.InverseSqrt(G.Must(G.Square(x)))))), G.Nodes{x}, "Inverse of Sqrt"},
		"binary logarithm":    {G.Must(G.Sum(G.Must(G.Log2(G.Must(G.Square(x)))))), G.Nodes{x}, "use Log"},
	} {
		d, err := autodiff.Grad(c.cost, c.wrt...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v and error %v, want an error with %q", name, d, err, c.want)
		}
	}
	// Gorgonia has no second derivative of these: to leave their term out would be
	// silently wrong.
	z, image, k := leaf(g, tensor.Float64, "z", 2, 3), leaf(g, tensor.Float64, "image", 1, 1, 4, 4), leaf(g, tensor.Float64, "k", 1, 1, 3, 3)
	normal, _, _, _, err := G.BatchNorm(image, leaf(g, tensor.Float64, "scale", 1, 1, 1, 1), leaf(g, tensor.Float64, "bias", 1, 1, 1, 1), 0.9, 1e-5)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ y, x *G.Node }{
		"softmax":     {G.Must(G.SoftMax(z, 1)), z},
		"pooling":     {G.Must(G.MaxPool2D(image, tensor.Shape{2, 2}, []int{0, 0}, []int{2, 2})), image},
		"convolution": {G.Must(G.Conv2d(image, k, tensor.Shape{3, 3}, []int{1, 1}, []int{1, 1}, []int{1, 1})), image},
		"batch norm":  {normal, image},
	} {
		cost := must[*G.Node](t)(ops.SumSquares(c.y))
		d := must[G.Nodes](t)(autodiff.Grad(cost, c.x))
		again := must[*G.Node](t)(ops.SumSquares(d[0]))
		if dd, err := autodiff.Grad(again, c.x); err == nil || !strings.Contains(err.Error(), "has no derivative") {
			t.Errorf("second derivative of stock %s: got %v and error %v, want an error", name, dd, err)
		}
	}
	// The value of InverseSqrt is right, and a gradient that passes it by as well.
	inv := G.Must(G.InverseSqrt(G.Must(G.Square(y))))
	d := must[G.Nodes](t)(autodiff.Grad(must[*G.Node](t)(ops.Add(cost, G.Must(G.Sum(inv)))), x))
	want := [][]float64{nil, nil}
	for i, v := range x.Value().(*tensor.Dense).Float64s() {
		want[0] = append(want[0], 2*v)
		want[1] = append(want[1], 1/math.Abs(y.Value().(*tensor.Dense).Float64s()[i]))
	}
	gradcheck.Same(t, "beside an InverseSqrt", want, gradcheck.Compiled(t, G.Nodes{d[0], inv}), 1e-14)
}
