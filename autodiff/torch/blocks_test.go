//go:build libtorch && cgo

package torch

import (
	"fmt"
	"testing"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// weighted is Σ w ⊙ y with numbers w, so that all elements of y have gradients of their own.
func weighted(c *ops.Chain, s shapes, y *G.Node) *G.Node {
	if c.Err() != nil {
		return nil
	}
	if y.Shape().Dims() == 0 {
		return y
	}
	w := leaf(y.Graph(), fmt.Sprintf("weights of %d", y.ID()), s.normal(1, y.Shape()...))
	return c.Do(ops.Sum(c.Do(ops.Mul(w, y))))
}

// checkOf checks the cost that weighted makes of y.
func checkOf(t *testing.T, c *ops.Chain, s shapes, y *G.Node, wrt ...*G.Node) {
	t.Helper()
	cost := weighted(c, s, y)
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	checkGradients(t, cost, wrt...)
}

func TestActivations(t *testing.T) {
	for _, name := range blocks.Activations() {
		t.Run(name, func(t *testing.T) {
			s, f := newShapes(t), must(blocks.ParseActivation(name))(t)
			m, n, k := s.size(2, 9), s.size(2, 9), s.size(2, 9)
			g := G.NewGraph()
			x, W, b := leaf(g, "x", s.normal(1, m, n)), leaf(g, "W", s.normal(1, n, k)), leaf(g, "b", s.normal(1, k))
			var c ops.Chain
			checkOf(t, &c, s, c.Do(f.Apply(c.Do(ops.Affine(x, W, b, false)))), x, W, b)
		})
	}
	// Where the terms of softplus, sigmoid and cross-entropy are extreme.
	s := newShapes(t)
	g := G.NewGraph()
	z := leaf(g, "z", s.uniform(-90, 90, 7, 5))
	var c ops.Chain
	checkNodes(t, c.Do(blocks.Softplus().Apply(z)), c.Do(blocks.Sigmoid().Apply(z)), c.Do(blocks.Tanh().Apply(z)), c.Do(blocks.Softmax().Apply(z)), c.Do(blocks.LogSumExp(z)))
}

func TestLosses(t *testing.T) {
	s := newShapes(t)
	for name, loss := range map[string]func(z, t *G.Node) (*G.Node, error){
		"binary": blocks.BinaryCrossEntropy, "categorical": blocks.CategoricalCrossEntropy, "squared": blocks.MSE, "huber": blocks.Huber,
	} {
		t.Run(name, func(t *testing.T) {
			m, k := s.size(2, 9), s.size(2, 9)
			g := G.NewGraph()
			z := leaf(g, "z", s.normal(2, m, k))
			targets := s.oneHot(m, k)
			if name != "categorical" {
				targets = s.uniform(0, 1, m, k)
			}
			var c ops.Chain
			checkOf(t, &c, s, c.Do(loss(z, leaf(g, "t", targets))), z)
		})
	}
	m, k := s.size(20, 40), s.size(2, 9)
	g := G.NewGraph()
	z, y := leaf(g, "z", s.normal(2, m, k)), leaf(g, "t", s.oneHot(m, k))
	var c ops.Chain
	checkNodes(t, c.Do(blocks.Misclassified(z, y)))
	checkOf(t, &c, s, c.Do(blocks.LogSumExp(z)), z)
}

func TestPenalties(t *testing.T) {
	s := newShapes(t)
	m, n, k := s.size(2, 9), s.size(2, 9), s.size(2, 9)
	for name, f := range map[string]func(c *ops.Chain, x, W, b *G.Node) *G.Node{
		"L1": func(c *ops.Chain, x, W, b *G.Node) *G.Node { return c.Do(blocks.L1(0.3, W)) },
		"L2": func(c *ops.Chain, x, W, b *G.Node) *G.Node { return c.Do(blocks.L2(0.3, W)) },
		"sparse": func(c *ops.Chain, x, W, b *G.Node) *G.Node {
			return c.Do(blocks.SparseKL(c.Do(blocks.Sigmoid().Apply(c.Do(ops.Affine(x, W, b, false)))), 0.1))
		},
		"contraction": func(c *ops.Chain, x, W, b *G.Node) *G.Node {
			return c.Do(blocks.Contraction(c.Do(blocks.Sigmoid().Apply(c.Do(ops.Affine(x, W, b, false)))), W, blocks.Sigmoid()))
		},
		"contraction of softsign": func(c *ops.Chain, x, W, b *G.Node) *G.Node {
			return c.Do(blocks.Contraction(c.Do(blocks.Softsign().Apply(c.Do(ops.Affine(x, W, b, false)))), W, blocks.Softsign()))
		},
		"change": func(c *ops.Chain, x, W, b *G.Node) *G.Node {
			h := c.Do(blocks.Tanh().Apply(c.Do(ops.Affine(x, W, b, false))))
			noisy := c.Do(ops.Add(x, c.Do(ops.Normal(x, 0.5, random.New(3)))))
			return c.Do(blocks.ContractionChange(h, c.Do(blocks.Tanh().Apply(c.Do(ops.Affine(noisy, W, b, false)))), W, blocks.Tanh()))
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := G.NewGraph()
			x, W, b := leaf(g, "x", s.normal(1, m, n)), leaf(g, "W", s.normal(1, n, k)), leaf(g, "b", s.normal(1, k))
			var c ops.Chain
			cost := f(&c, x, W, b)
			if c.Err() != nil {
				t.Fatal(c.Err())
			}
			checkGradients(t, cost, W)
		})
	}
}

// Draws are the same on both engines, and constants to the gradient.
func TestNoise(t *testing.T) {
	s := newShapes(t)
	for _, name := range append(blocks.Corruptions(), "dropout", "bernoulli", "uniform", "one of") {
		t.Run(name, func(t *testing.T) {
			g := G.NewGraph()
			x := leaf(g, "x", s.uniform(0.1, 0.9, s.size(3, 9), s.size(3, 9)))
			var c ops.Chain
			noise := random.New(8)
			var y *G.Node
			switch name {
			case "dropout":
				y = c.Do(blocks.Dropout(x, 0.4, noise))
			case "bernoulli":
				y = c.Do(ops.Mul(x, c.Do(ops.Bernoulli(x, noise))))
			case "uniform":
				y = c.Do(ops.Mul(x, c.Do(ops.Uniform(x, noise))))
			case "one of":
				y = c.Do(ops.Mul(x, c.Do(ops.Categorical(x, noise))))
			default:
				y = c.Do(must(blocks.ParseCorruption(name))(t).Apply(x, noise))
			}
			checkOf(t, &c, s, y, x)
		})
	}
}

func TestBatchNorm(t *testing.T) {
	s := newShapes(t)
	for _, dims := range []int{2, 4} {
		t.Run(fmt.Sprint(dims), func(t *testing.T) {
			m, n := s.size(3, 6), s.size(2, 5)
			shape := []int{m, n, s.size(2, 4), s.size(2, 4)}[:dims]
			l := must(blocks.NewBatchNorm("norm", n))(t)
			g := G.NewGraph()
			x := leaf(g, "x", s.normal(1, shape...))
			y, updates, err := l.Train(x)
			if err != nil {
				t.Fatal(err)
			}
			gamma, beta := must(l.Gamma.Node(g))(t), must(l.Beta.Node(g))(t)
			checkNodes(t, updates[0].Value, updates[1].Value)
			var c ops.Chain
			checkOf(t, &c, s, y, x, gamma, beta)
			checkOf(t, &c, s, c.Do(l.Evaluate(x)), x, gamma, beta)
		})
	}
}

// A draw, an update and whatever else a float64 graph has.
func TestFloat64(t *testing.T) {
	g := G.NewGraph()
	d := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float64{1, 2, 3, 4, 5, 6}))
	x := leaf(g, "x", d)
	var c ops.Chain
	checkNodes(t, c.Do(ops.Mean(c.Do(ops.Exp(c.Do(ops.Mul(x, c.Do(ops.Mask(x, 0.5, 2, random.New(1))))))))))
}
