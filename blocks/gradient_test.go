package blocks_test

import (
	"testing"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/internal/gradcheck"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// matrix draws a float64 tensor whose elements keep away from 0.
func matrix(label string, dims ...int) *tensor.Dense {
	return gradcheck.Tensor(random.New(3).Split(label), dims...)
}

// distribution draws rows that sum to 1.
func distribution(label string, m, k int) *tensor.Dense {
	d := matrix(label, m, k)
	e := d.Float64s()
	for i := range m {
		var s float64
		for j := range k {
			e[i*k+j] *= e[i*k+j]
			s += e[i*k+j]
		}
		for j := range k {
			e[i*k+j] /= s
		}
	}
	return d
}

type nodes = G.Nodes

func TestActivationGradients(t *testing.T) {
	for _, name := range append(blocks.Activations(), "leaky-relu(0.3)", "leaky-relu(0)") {
		a, err := blocks.ParseActivation(name)
		if err != nil {
			t.Fatal(err)
		}
		for shape, dims := range map[string][]int{"matrix": {3, 4}, "one example": {1, 4}, "one unit": {3, 1}} {
			t.Run(name+" "+shape, func(t *testing.T) {
				gradcheck.Both(t, gradcheck.Case{Inputs: []*tensor.Dense{matrix("z", dims...)}, Build: func(g *G.ExprGraph, x nodes) (*G.Node, error) { return a.Apply(x[0]) }})
			})
		}
		t.Run(name+" of itself", func(t *testing.T) {
			gradcheck.Both(t, gradcheck.Case{Inputs: []*tensor.Dense{matrix("z", 2, 3)}, Build: func(g *G.ExprGraph, x nodes) (*G.Node, error) {
				var c ops.Chain
				return c.Do(ops.Square(c.Do(a.Apply(c.Do(ops.Scale(c.Do(a.Apply(x[0])), 1.5)))))), c.Err()
			}})
		})
	}
}

func TestLogSumExpGradients(t *testing.T) {
	gradcheck.Both(t, gradcheck.Case{Inputs: []*tensor.Dense{matrix("z", 3, 4)}, Build: func(g *G.ExprGraph, x nodes) (*G.Node, error) { return blocks.LogSumExp(x[0]) }})
}

func TestLossGradients(t *testing.T) {
	z, d := matrix("z", 3, 4), distribution("t", 3, 4)
	target := func(g *G.ExprGraph) *G.Node { return gradcheck.Leaf(g, "t", d) }
	for name, loss := range map[string]func(z, t *G.Node) (*G.Node, error){
		"mse": blocks.MSE, "binary": blocks.BinaryCrossEntropy, "categorical": blocks.CategoricalCrossEntropy,
		"output numeric": blocks.Numeric().Loss, "output binary": blocks.Binary().Loss, "output classes": blocks.Classes().Loss,
	} {
		t.Run(name, func(t *testing.T) {
			gradcheck.Both(t, gradcheck.Case{Inputs: []*tensor.Dense{z}, Build: func(g *G.ExprGraph, x nodes) (*G.Node, error) { return loss(x[0], target(g)) }})
		})
		t.Run(name+" of computed logits", func(t *testing.T) {
			gradcheck.Both(t, gradcheck.Case{Inputs: []*tensor.Dense{z}, Build: func(g *G.ExprGraph, x nodes) (*G.Node, error) {
				var c ops.Chain
				l := c.Do(loss(c.Do(ops.Mul(x[0], c.Do(ops.Square(x[0])))), target(g)))
				return c.Do(ops.Mul(l, l)), c.Err()
			}})
		})
	}
	// The first two are differentiable by their targets as well.
	for name, loss := range map[string]func(z, t *G.Node) (*G.Node, error){"mse": blocks.MSE, "binary": blocks.BinaryCrossEntropy} {
		t.Run(name+" by its targets", func(t *testing.T) {
			gradcheck.Both(t, gradcheck.Case{Inputs: []*tensor.Dense{matrix("z", 2, 3), matrix("t", 2, 3)}, Build: func(g *G.ExprGraph, x nodes) (*G.Node, error) { return loss(x[0], x[1]) }})
		})
	}
}

func TestDenseGradients(t *testing.T) {
	v, W, b, c := matrix("v", 3, 4), matrix("W", 4, 2), matrix("b", 2), matrix("c", 4)
	// The leaves of the check are called x0, x1, …: parameters of those names are them.
	param := func(name string, v *tensor.Dense) *blocks.Param { return &blocks.Param{Name: name, Value: v} }
	t.Run("dense", func(t *testing.T) {
		layer := &blocks.Dense{W: param("x1", W), B: param("x2", b), F: blocks.Tanh()}
		gradcheck.Both(t, gradcheck.Case{Inputs: []*tensor.Dense{v, W, b}, Build: func(g *G.ExprGraph, x nodes) (*G.Node, error) { return layer.Forward(x[0]) }})
	})
	t.Run("tied", func(t *testing.T) { // encoder and decoder share W: its gradient has two terms
		gradcheck.Both(t, gradcheck.Case{Inputs: []*tensor.Dense{v, W, b, c}, Build: func(g *G.ExprGraph, x nodes) (*G.Node, error) {
			var ch ops.Chain
			h := ch.Do(blocks.Sigmoid().Apply(ch.Do(blocks.Up(x[0], param("x1", W), param("x2", b)))))
			z := ch.Do(blocks.Down(h, param("x1", W), param("x3", c)))
			return ch.Do(blocks.BinaryCrossEntropy(z, x[0])), ch.Err()
		}})
	})
}

func TestPenaltyGradients(t *testing.T) {
	in := []*tensor.Dense{matrix("W", 3, 2), matrix("U", 2, 2)}
	for name, f := range map[string]func(float64, ...*G.Node) (*G.Node, error){"L1": blocks.L1, "L2": blocks.L2} {
		t.Run(name, func(t *testing.T) {
			gradcheck.Both(t, gradcheck.Case{Inputs: in, Build: func(g *G.ExprGraph, x nodes) (*G.Node, error) { return f(0.3, x...) }})
		})
	}
}

// With the draws held, by a stream that starts anew at each run, noise has a gradient
// like any other expression.
func TestNoiseGradients(t *testing.T) {
	in := []*tensor.Dense{matrix("x", 4, 5)}
	for name, f := range map[string]func(x *G.Node, s *random.Stream) (*G.Node, error){
		"dropout":         func(x *G.Node, s *random.Stream) (*G.Node, error) { return blocks.Dropout(x, 0.3, s) },
		"no dropout":      func(x *G.Node, s *random.Stream) (*G.Node, error) { return blocks.Dropout(x, 0, s) },
		"masking":         blocks.Masking(0.4).Apply,
		"gaussian":        blocks.GaussianNoise(0.5).Apply,
		"salt and pepper": blocks.SaltAndPepper(0.4).Apply,
		"none":            blocks.Corruption{}.Apply,
	} {
		t.Run(name, func(t *testing.T) {
			s := random.New(8)
			gradcheck.Both(t, gradcheck.Case{Inputs: in, Before: func() { *s = *random.New(8) }, Build: func(g *G.ExprGraph, x nodes) (*G.Node, error) {
				y, err := f(x[0], s)
				if err != nil {
					return nil, err
				}
				return ops.Square(y)
			}})
		})
	}
}
