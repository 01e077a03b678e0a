package blocks_test

import (
	"fmt"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/internal/gradcheck"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// scalar is a constant of the dtype.
func scalar(dt tensor.Dtype, v float64) *G.Node {
	if dt == tensor.Float32 {
		return G.NewConstant(float32(v))
	}
	return G.NewConstant(v)
}

func leaf(g *G.ExprGraph, dt tensor.Dtype, name string, dims ...int) *G.Node {
	return gradcheck.Leaf(g, name, gradcheck.Uniform(dt, name, dims...))
}

// stockSum is the sum of y ⊙ w for fixed numbers w.
func stockSum(y *G.Node) *G.Node {
	w := leaf(y.Graph(), y.Dtype(), "w", y.Shape()...)
	return G.Must(G.Sum(G.Must(G.HadamardProd(y, w))))
}

func ourSum(y *G.Node) (*G.Node, error) {
	var c ops.Chain
	return c.Do(ops.Sum(c.Do(ops.Mul(y, leaf(y.Graph(), y.Dtype(), "w", y.Shape()...))))), c.Err()
}

// onStock are our blocks as a user would write them in stock ops. Each returns a
// scalar of the leaves z (5,4) and t (5,4).
var onStock = map[string]struct {
	ours  func(z, t *G.Node) (*G.Node, error)
	stock func(z, t *G.Node) *G.Node
}{
	"linear":  {activation(blocks.Linear()), func(z, t *G.Node) *G.Node { return stockSum(z) }},
	"sigmoid": {activation(blocks.Sigmoid()), func(z, t *G.Node) *G.Node { return stockSum(G.Must(G.Sigmoid(z))) }},
	"tanh":    {activation(blocks.Tanh()), func(z, t *G.Node) *G.Node { return stockSum(G.Must(G.Tanh(z))) }},
	"lecun-tanh": {activation(blocks.LeCunTanh()), func(z, t *G.Node) *G.Node {
		s, a := scalar(z.Dtype(), 2.0/3), scalar(z.Dtype(), 1.7159)
		return stockSum(G.Must(G.HadamardProd(G.Must(G.Tanh(G.Must(G.HadamardProd(z, s)))), a)))
	}},
	"relu":       {activation(blocks.ReLU()), func(z, t *G.Node) *G.Node { return stockSum(G.Must(G.Rectify(z))) }},
	"leaky-relu": {activation(blocks.LeakyReLU(0.1)), func(z, t *G.Node) *G.Node { return stockSum(G.Must(G.LeakyRelu(z, 0.1))) }},
	"softplus":   {activation(blocks.Softplus()), func(z, t *G.Node) *G.Node { return stockSum(G.Must(G.Softplus(z))) }},
	"softsign": {activation(blocks.Softsign()), func(z, t *G.Node) *G.Node {
		return stockSum(G.Must(G.HadamardDiv(z, G.Must(G.Add(G.Must(G.Abs(z)), scalar(z.Dtype(), 1))))))
	}},
	"softmax": {activation(blocks.Softmax()), func(z, t *G.Node) *G.Node { return stockSum(G.Must(G.SoftMax(z, 1))) }},
	"mse":     {blocks.MSE, func(z, t *G.Node) *G.Node { return G.Must(G.Mean(G.Must(G.Square(G.Must(G.Sub(z, t)))))) }},
	"binary cross-entropy": {blocks.BinaryCrossEntropy, func(z, t *G.Node) *G.Node {
		perElement := G.Must(G.BinaryXent(G.Must(G.Sigmoid(z)), t))
		return G.Must(G.HadamardProd(G.Must(G.Sum(perElement)), scalar(z.Dtype(), 1.0/5)))
	}},
	"categorical cross-entropy": { // of targets whose rows sum to 1
		func(z, t *G.Node) (*G.Node, error) {
			var c ops.Chain
			return c.Do(blocks.CategoricalCrossEntropy(z, c.Do(blocks.Softmax().Apply(t)))), c.Err()
		},
		func(z, t *G.Node) *G.Node { return stockCrossEntropy(z, G.Must(G.SoftMax(t, 1))) },
	},
	"L2": {
		func(z, t *G.Node) (*G.Node, error) { return blocks.L2(0.3, z) },
		func(z, t *G.Node) *G.Node {
			return G.Must(G.HadamardProd(G.Must(G.Sum(G.Must(G.Square(z)))), scalar(z.Dtype(), 0.15)))
		},
	},
	"L1": {
		func(z, t *G.Node) (*G.Node, error) { return blocks.L1(0.3, z) },
		func(z, t *G.Node) *G.Node {
			return G.Must(G.HadamardProd(G.Must(G.Sum(G.Must(G.Abs(z)))), scalar(z.Dtype(), 0.3)))
		},
	},
}

func activation(a blocks.Activation) func(z, t *G.Node) (*G.Node, error) {
	return func(z, t *G.Node) (*G.Node, error) {
		var c ops.Chain
		return c.Do(ourSum(c.Do(a.Apply(z)))), c.Err()
	}
}

func stockCrossEntropy(z, t *G.Node) *G.Node {
	p := G.Must(G.Log(G.Must(G.SoftMax(z, 1))))
	s := G.Must(G.Sum(G.Must(G.HadamardProd(t, p))))
	return G.Must(G.HadamardProd(s, scalar(z.Dtype(), -1/float64(z.Shape()[0]))))
}

// Value and gradient of each block equal those of the same formula in stock ops on the
// TapeMachine under gorgonia.Grad; and our graph gives the same bits on either machine.
// In float32 the two round differently in sums of 20 terms and in exp: 1e-5 is about
// 20·2⁻²¹.
func TestEqualsStockOps(t *testing.T) {
	for name, c := range onStock {
		for dt, tol := range map[tensor.Dtype]float64{tensor.Float32: 1e-5, tensor.Float64: 1e-13} {
			t.Run(fmt.Sprint(name, " ", dt), func(t *testing.T) {
				inputs := func() (z, target *G.Node) {
					g := G.NewGraph()
					return leaf(g, dt, "z", 5, 4), leaf(g, dt, "t", 5, 4)
				}
				z, target := inputs()
				stock := c.stock(z, target)
				d, err := G.Grad(stock, z)
				if err != nil {
					t.Fatal(err)
				}
				want := gradcheck.OnTape(t, G.Nodes{stock, d[0]})

				z, target = inputs()
				ours, err := c.ours(z, target)
				if err != nil {
					t.Fatal(err)
				}
				if d, err = autodiff.Grad(ours, z); err != nil {
					t.Fatal(err)
				}
				got := gradcheck.Compiled(t, G.Nodes{ours, d[0]})
				gradcheck.Same(t, "value and gradient", want, got, tol)
				gradcheck.Same(t, "our graph on the TapeMachine", got, gradcheck.OnTape(t, G.Nodes{ours, d[0]}), 0)
			})
		}
	}
}

// An MLP with one sigmoid layer and categorical cross-entropy: the loss and the
// gradient by every parameter and the input.
func TestMLPEqualsStockOps(t *testing.T) {
	for dt, tol := range map[tensor.Dtype]float64{tensor.Float32: 1e-5, tensor.Float64: 1e-13} {
		leaves := func() (x, target *G.Node, p G.Nodes) {
			g := G.NewGraph()
			x, target = leaf(g, dt, "x", 6, 5), leaf(g, dt, "t", 6, 3)
			e := target.Value().(*tensor.Dense)
			for i := range 18 { // one-hot rows
				v := 0.0
				if i%3 == i/3%3 {
					v = 1
				}
				if dt == tensor.Float32 {
					e.Float32s()[i] = float32(v)
				} else {
					e.Float64s()[i] = v
				}
			}
			return x, target, G.Nodes{leaf(g, dt, "W", 5, 7), leaf(g, dt, "b", 7), leaf(g, dt, "U", 7, 3), leaf(g, dt, "c", 3)}
		}
		x, target, p := leaves()
		affine := func(x, W, b *G.Node) *G.Node {
			row := G.Must(G.Reshape(b, tensor.Shape{1, b.Shape()[0]}))
			return G.Must(G.BroadcastAdd(G.Must(G.Mul(x, W)), row, nil, []byte{0}))
		}
		cost := stockCrossEntropy(affine(G.Must(G.Sigmoid(affine(x, p[0], p[1]))), p[2], p[3]), target)
		d, err := G.Grad(cost, append(p, x)...)
		if err != nil {
			t.Fatal(err)
		}
		want := gradcheck.OnTape(t, append(d, cost))

		x, target, p = leaves()
		var c ops.Chain
		h := c.Do(blocks.Sigmoid().Apply(c.Do(ops.Affine(x, p[0], p[1], false))))
		cost = c.Do(blocks.CategoricalCrossEntropy(c.Do(ops.Affine(h, p[2], p[3], false)), target))
		if c.Err() != nil {
			t.Fatal(c.Err())
		}
		if d, err = autodiff.Grad(cost, append(p, x)...); err != nil {
			t.Fatal(err)
		}
		got := gradcheck.Compiled(t, append(d, cost))
		gradcheck.Same(t, dt.String(), want, got, tol)
		gradcheck.Same(t, dt.String()+" on the TapeMachine", got, gradcheck.OnTape(t, append(d, cost)), 0)
	}
}
