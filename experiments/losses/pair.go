package main

import (
	"fmt"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// pair is an output activation y = f(z) with a loss against targets t. All losses are
// those of an example: sums over its outputs, means over the batch. (Were the squared
// error a mean over k outputs, its gradient would be smaller by the factor k.)
type pair struct {
	f blocks.Activation
	// crossEntropy tells cross-entropy, −Σ t log y for softmax and that of independent
	// binary outputs for sigmoid, from the squared error Σ (y−t)².
	crossEntropy bool
}

// The pairs; softmaxCE, sigmoidCE and linearSE are the three rows of the lecture's
// table.
func softmaxCE() pair { return pair{blocks.Softmax(), true} }
func softmaxSE() pair { return pair{blocks.Softmax(), false} }
func sigmoidCE() pair { return pair{blocks.Sigmoid(), true} }
func sigmoidSE() pair { return pair{blocks.Sigmoid(), false} }
func linearSE() pair  { return pair{blocks.Linear(), false} }

// allPairs in the order of their colours.
func allPairs() []pair {
	return []pair{softmaxCE(), softmaxSE(), sigmoidCE(), sigmoidSE(), linearSE()}
}

// String is the name for people.
func (p pair) String() string {
	if p.crossEntropy {
		return p.f.String() + ", cross-entropy"
	}
	return p.f.String() + ", squared error"
}

// key is the name in metrics and files.
func (p pair) key() string {
	if p.crossEntropy {
		return p.f.String() + "-ce"
	}
	return p.f.String() + "-se"
}

// output is the output that a saved network has: it names the activation.
func (p pair) output() blocks.Output {
	switch p.f {
	case blocks.Softmax():
		return blocks.Classes()
	case blocks.Sigmoid():
		return blocks.Binary()
	}
	return blocks.Numeric()
}

// loss builds the loss of pre-activations z (m,k) against targets t (m,k), a scalar.
func (p pair) loss(z, t *G.Node) (*G.Node, error) {
	switch {
	case p == softmaxCE():
		return blocks.CategoricalCrossEntropy(z, t)
	case p == sigmoidCE():
		return blocks.BinaryCrossEntropy(z, t)
	case p.crossEntropy:
		return nil, fmt.Errorf("cross-entropy: want outputs of softmax or sigmoid, got %s", p.f)
	}
	var c ops.Chain
	mse := c.Do(blocks.MSE(c.Do(p.f.Apply(z)), t))
	if err := c.Err(); err != nil {
		return nil, err
	}
	return ops.Scale(mse, float64(z.Shape()[1]))
}

// gradient computes the loss of one example with pre-activations z and targets t, and
// its symbolic gradient ∂L/∂z, in float64.
type gradient struct {
	f *autodiff.Function
	k int
}

// gradientOf compiles the gradient of a pair with k outputs.
func gradientOf(p pair, k int) (*gradient, error) {
	g := G.NewGraph()
	z := blocks.NewInput(g, tensor.Float64, "z", 1, k)
	t := blocks.NewInput(g, tensor.Float64, "t", 1, k)
	loss, err := p.loss(z, t)
	if err != nil {
		return nil, err
	}
	dz, err := autodiff.Grad(loss, z)
	if err != nil {
		return nil, err
	}
	f, err := autodiff.Compile(G.Nodes{z, t}, G.Nodes{loss, dz[0]}, nil)
	if err != nil {
		return nil, err
	}
	return &gradient{f, k}, nil
}

// at returns the loss and ∂L/∂z of an example.
func (g *gradient) at(z, t []float64) (loss float64, dz []float64, err error) {
	if len(z) != g.k || len(t) != g.k {
		return 0, nil, fmt.Errorf("gradient: want %d pre-activations and targets, got %d and %d", g.k, len(z), len(t))
	}
	row := func(v []float64) G.Value { return tensor.New(tensor.WithShape(1, g.k), tensor.WithBacking(v)) }
	if err := g.f.Run(row(z), row(t)); err != nil {
		return 0, nil, err
	}
	if loss, err = g.f.Scalar(0); err != nil {
		return 0, nil, err
	}
	out, err := ops.Elements[float64](g.f.Output(1))
	if err != nil {
		return 0, nil, err
	}
	return loss, append(dz, out...), nil
}
