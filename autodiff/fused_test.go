package autodiff_test

import (
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/internal/gradcheck"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// The batch, inputs and units of the graphs below: several blocks each, none of them
// whole.
const fusedM, fusedN, fusedK = 61, 301, 263

// fusedLeaves are the leaves that the graphs below share: an example a row in x, a
// target a row in t, parameters, numbers u uniform in [0,1), and a mask of dropout.
type fusedLeaves struct{ x, t, W, b, a, v, u, mask *G.Node }

func newFusedLeaves(g *G.ExprGraph) fusedLeaves {
	named := func(name string, dims ...int) *G.Node { return leaf(g, f64, name, dims...) }
	l := fusedLeaves{
		x: named("x", fusedM, fusedN), t: named("t", fusedM, fusedN), W: named("W", fusedN, fusedK), b: named("b", fusedK),
		a: named("a", fusedN), v: named("v", fusedN, fusedK), u: named("u", fusedM, fusedK), mask: named("mask", fusedM, fusedK),
	}
	// Small weights keep the pre-activations below 15, where stock sigmoid and softplus
	// are cut off.
	for i, w := range l.W.Value().(*tensor.Dense).Float64s() {
		l.W.Value().(*tensor.Dense).Float64s()[i] = w / 8
	}
	random.New(7).Uniform64(l.u.Value().(*tensor.Dense).Float64s())
	random.New(8).Mask64(l.mask.Value().(*tensor.Dense).Float64s(), 0.5, 2)
	return l
}

// stockAffine is x·W + b in stock ops; with down x·Wᵀ + b.
func stockAffine(x, W, b *G.Node, down bool) *G.Node {
	if down {
		W = G.Must(G.Transpose(W))
	}
	return G.Must(G.BroadcastAdd(G.Must(G.Mul(x, W)), b, nil, []byte{0}))
}

func stockTimes(x *G.Node, by float64) *G.Node {
	return G.Must(G.HadamardProd(x, G.NewConstant(by)))
}

func stockFreeEnergy(v, W, b, a *G.Node) *G.Node {
	linear := G.Must(G.Sum(G.Must(G.Mul(v, a))))
	return G.Must(G.Neg(G.Must(G.Add(linear, G.Must(G.Sum(G.Must(G.Softplus(stockAffine(v, W, b, false)))))))))
}

// fused are graphs whose operations run in groups, and the same formulas in stock ops.
// Both return a scalar and the parameters to differentiate it by.
var fused = map[string]struct {
	ours  func(c *ops.Chain, l fusedLeaves) *G.Node
	stock func(l fusedLeaves) *G.Node
	wrt   func(l fusedLeaves) G.Nodes
}{
	"affine and activation": {
		func(c *ops.Chain, l fusedLeaves) *G.Node {
			return c.Do(ops.SumSquares(c.Do(blocks.Tanh().Apply(c.Do(ops.Affine(l.x, l.W, l.b, false))))))
		},
		func(l fusedLeaves) *G.Node {
			return G.Must(G.Sum(G.Must(G.Square(G.Must(G.Tanh(stockAffine(l.x, l.W, l.b, false)))))))
		},
		func(l fusedLeaves) G.Nodes { return G.Nodes{l.x, l.W, l.b} },
	},
	"softmax and cross-entropy": {
		func(c *ops.Chain, l fusedLeaves) *G.Node {
			target := c.Do(blocks.Softmax().Apply(l.mask))
			return c.Do(blocks.CategoricalCrossEntropy(c.Do(ops.Affine(l.x, l.W, l.b, false)), target))
		},
		func(l fusedLeaves) *G.Node {
			logs := G.Must(G.Log(G.Must(G.SoftMax(stockAffine(l.x, l.W, l.b, false), 1))))
			return stockTimes(G.Must(G.Sum(G.Must(G.HadamardProd(G.Must(G.SoftMax(l.mask, 1)), logs)))), -1./fusedM)
		},
		func(l fusedLeaves) G.Nodes { return G.Nodes{l.W, l.b} },
	},
	"tied autoencoder with sigmoid and cross-entropy": {
		func(c *ops.Chain, l fusedLeaves) *G.Node {
			h := c.Do(blocks.Sigmoid().Apply(c.Do(ops.Affine(l.x, l.W, l.b, false))))
			return c.Do(blocks.BinaryCrossEntropy(c.Do(ops.Affine(h, l.W, l.a, true)), l.t))
		},
		func(l fusedLeaves) *G.Node {
			h := G.Must(G.Sigmoid(stockAffine(l.x, l.W, l.b, false)))
			z := stockAffine(h, l.W, l.a, true)
			perElement := G.Must(G.Sub(G.Must(G.Softplus(z)), G.Must(G.HadamardProd(l.t, z))))
			return stockTimes(G.Must(G.Sum(perElement)), 1./fusedM)
		},
		func(l fusedLeaves) G.Nodes { return G.Nodes{l.W, l.b, l.a} },
	},
	"dropout": {
		func(c *ops.Chain, l fusedLeaves) *G.Node {
			h := c.Do(blocks.Sigmoid().Apply(c.Do(ops.Affine(l.x, l.W, l.b, false))))
			h = c.Do(blocks.Dropout(h, 0.5, random.New(8)))
			return c.Do(ops.SumSquares(c.Do(ops.Affine(h, l.W, l.a, true))))
		},
		func(l fusedLeaves) *G.Node {
			h := G.Must(G.Sigmoid(stockAffine(l.x, l.W, l.b, false)))
			return G.Must(G.Sum(G.Must(G.Square(stockAffine(G.Must(G.HadamardProd(h, l.mask)), l.W, l.a, true)))))
		},
		func(l fusedLeaves) G.Nodes { return G.Nodes{l.W, l.b, l.a} },
	},
	"Gibbs step and statistics of the free energy": {
		func(c *ops.Chain, l fusedLeaves) *G.Node {
			h := c.Do(ops.Bernoulli(c.Do(blocks.Sigmoid().Apply(c.Do(ops.Affine(l.x, l.W, l.b, false)))), random.New(7)))
			v := c.Do(ops.StopGradient(c.Do(blocks.Sigmoid().Apply(c.Do(ops.Affine(h, l.W, l.a, true))))))
			energy := func(v *G.Node) *G.Node {
				linear := c.Do(ops.Sum(c.Do(ops.MatMul(v, c.Do(ops.Reshape(l.a, fusedN, 1)), false, false))))
				units := c.Do(ops.Sum(c.Do(blocks.Softplus().Apply(c.Do(ops.Affine(v, l.W, l.b, false))))))
				return c.Do(ops.Scale(c.Do(ops.Add(linear, units)), -1))
			}
			return c.Do(ops.Sub(energy(l.x), energy(v)))
		},
		func(l fusedLeaves) *G.Node {
			// The sample and the end of the chain are leaves, so that they are constants.
			p := gradcheck.Leaf(l.x.Graph(), "chain", chain(l))
			return G.Must(G.Sub(stockFreeEnergy(l.x, l.W, l.b, l.a), stockFreeEnergy(p, l.W, l.b, l.a)))
		},
		func(l fusedLeaves) G.Nodes { return G.Nodes{l.W, l.b, l.a} },
	},
}

// chain is the end of one Gibbs step from x, in stock ops.
func chain(l fusedLeaves) *tensor.Dense {
	g := G.NewGraph()
	o := newFusedLeaves(g)
	h := G.Must(G.Gt(G.Must(G.Sigmoid(stockAffine(o.x, o.W, o.b, false))), o.u, true))
	v := G.Must(G.Sigmoid(stockAffine(h, o.W, o.a, true)))
	vm := G.NewTapeMachine(g)
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		panic(err)
	}
	return v.Value().(*tensor.Dense).Clone().(*tensor.Dense)
}

// Value and gradient of what runs in groups equal those of the same formulas in stock
// Gorgonia ops on the TapeMachine, with gorgonia.Grad, in float64.
func TestFusedAgainstStockOps(t *testing.T) {
	for name, tc := range fused {
		t.Run(name, func(t *testing.T) {
			l := newFusedLeaves(G.NewGraph())
			cost := tc.stock(l)
			grads := must[G.Nodes](t)(G.Grad(cost, tc.wrt(l)...))
			want := gradcheck.OnTape(t, append(G.Nodes{cost}, grads...))

			l = newFusedLeaves(G.NewGraph())
			var c ops.Chain
			cost = tc.ours(&c, l)
			if c.Err() != nil {
				t.Fatal(c.Err())
			}
			grads = must[G.Nodes](t)(autodiff.Grad(cost, tc.wrt(l)...))
			got := gradcheck.Compiled(t, append(G.Nodes{cost}, grads...))
			gradcheck.Same(t, "value and gradient", want, got, 1e-11)
		})
	}
}

// A weight gradient that runs in one group with the step of momentum that it feeds
// leaves the weights that the formula gives.
func TestFusedUpdateAgainstStockOps(t *testing.T) {
	l := newFusedLeaves(G.NewGraph())
	cost := fused["affine and activation"].stock(l)
	g := must[G.Nodes](t)(G.Grad(cost, l.W))[0]
	v := G.Must(G.Sub(stockTimes(l.v, 0.9), stockTimes(g, 0.01)))
	want := gradcheck.OnTape(t, G.Nodes{v, G.Must(G.Add(l.W, v))})

	l = newFusedLeaves(G.NewGraph())
	var c ops.Chain
	cost = fused["affine and activation"].ours(&c, l)
	grads := must[G.Nodes](t)(autodiff.Grad(cost, l.W))
	v = c.Do(ops.Sub(c.Do(ops.Scale(l.v, 0.9)), c.Do(ops.Scale(grads[0], 0.01))))
	updates := []autodiff.Update{{Target: l.v, Value: v}, {Target: l.W, Value: c.Do(ops.Add(l.W, v))}}
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	f := must[*autodiff.Function](t)(autodiff.Compile(nil, nil, updates))
	if err := f.RunAll(); err != nil {
		t.Fatal(err)
	}
	got := [][]float64{gradcheck.Numbers(t, l.v.Value()), gradcheck.Numbers(t, l.W.Value())}
	gradcheck.Same(t, "velocity and weights", want, got, 1e-12)
}
