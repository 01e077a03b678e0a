package main

import (
	"fmt"

	"capas/blocks"
	"capas/datasets"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// onTape returns the workload's step as a user of Gorgonia alone would write it: stock
// ops, the symbolic gradient, the TapeMachine and a solver. It changes the tensors of
// params, which are those of the model in its order.
func (w workload) onTape(params []*blocks.Param, b datasets.Batch) (func() error, error) {
	g := G.NewGraph()
	x := G.NewMatrix(g, tensor.Float32, G.WithName("x"), G.WithShape(b.X.Shape()...), G.WithValue(b.X))
	var leaves G.Nodes
	for i, p := range params {
		if w.kind == cnn && i < 4 {
			leaves = append(leaves, stockConvLeaf(g, p))
		} else {
			leaves = append(leaves, stockLeaf(g, p))
		}
	}
	var cost *G.Node
	var grads G.Nodes
	var err error
	switch w.kind {
	case mlp:
		t := G.NewMatrix(g, tensor.Float32, G.WithName("t"), G.WithShape(b.T.Shape()...), G.WithValue(b.T))
		cost = w.stockMLP(x, t, leaves)
	case cnn:
		t := G.NewMatrix(g, tensor.Float32, G.WithName("t"), G.WithShape(b.T.Shape()...), G.WithValue(b.T))
		cost = w.stockLeNet(x, t, leaves)
	case dae:
		cost = w.stockDAE(x, leaves)
	case rbm:
		grads = w.stockCD(x, leaves)
	}
	if cost != nil {
		if grads, err = G.Grad(cost, leaves...); err != nil {
			return nil, err
		}
	}
	solver, err := w.solver()
	if err != nil {
		return nil, err
	}
	var model []G.ValueGrad
	for i := range leaves {
		model = append(model, gradient{leaves[i], grads[i]})
	}
	vm := G.NewTapeMachine(g)
	return func() error {
		if err := vm.RunAll(); err != nil {
			return err
		}
		defer vm.Reset()
		return solver.Step(model)
	}, nil
}

// gradient is what a solver wants: a parameter and the value of its gradient.
type gradient struct{ parameter, gradient *G.Node }

// Value is the parameter's.
func (p gradient) Value() G.Value { return p.parameter.Value() }

// Grad is the gradient's value in the run that has just ended.
func (p gradient) Grad() (G.Value, error) { return p.gradient.Value(), nil }

// stockLeaf binds a parameter's memory to a leaf, a vector as a row.
func stockLeaf(g *G.ExprGraph, p *blocks.Param) *G.Node {
	v := p.Value
	if v.Dims() == 1 {
		v = matrix(v.Float32s(), 1)
	}
	return G.NewMatrix(g, tensor.Float32, G.WithName(p.Name), G.WithShape(v.Shape()...), G.WithValue(v))
}

func (w workload) stockMLP(x, t *G.Node, params G.Nodes) *G.Node {
	f := G.Sigmoid
	if w.activation == blocks.Tanh() {
		f = G.Tanh
	}
	h := x
	for l := 0; l < len(params); l += 2 {
		if l > 0 {
			h = G.Must(f(h))
		}
		h = affine(h, params[l], params[l+1])
	}
	return w.stockCrossEntropy(h, t)
}

// stockCrossEntropy is that of logits h against classes t, by example.
func (w workload) stockCrossEntropy(h, t *G.Node) *G.Node {
	logp := G.Must(G.LogSoftMax(h, 1))
	sum := G.Must(G.Sum(G.Must(G.HadamardProd(t, logp))))
	return scale(sum, -1/float64(w.batch))
}

// stockDAE is Σ softplus(z) − xz over the logits z of the reconstruction, by example.
func (w workload) stockDAE(x *G.Node, params G.Nodes) *G.Node {
	W, b, c := params[0], params[1], params[2]
	u := G.UniformRandomNode(x.Graph(), tensor.Float32, 0, 1, x.Shape()...)
	keep := G.Must(G.Gte(u, G.NewConstant(float32(w.masking)), true))
	h := G.Must(G.Sigmoid(affine(G.Must(G.HadamardProd(x, keep)), W, b)))
	z := affine(h, G.Must(G.Transpose(W)), c)
	loss := G.Must(G.Sub(G.Must(G.Softplus(z)), G.Must(G.HadamardProd(x, z))))
	return scale(G.Must(G.Sum(loss)), 1/float64(w.batch))
}

// stockCD is the gradient that contrastive divergence follows, by hand, with the weight
// decay: Gorgonia's solver would apply that to the velocity.
func (w workload) stockCD(v0 *G.Node, params G.Nodes) G.Nodes {
	W, b, c := params[0], params[1], params[2]
	p0 := G.Must(G.Sigmoid(affine(v0, W, b)))
	u := G.UniformRandomNode(v0.Graph(), tensor.Float32, 0, 1, p0.Shape()...)
	h0 := G.Must(G.Lt(u, p0, true))
	v1 := G.Must(G.Sigmoid(affine(h0, G.Must(G.Transpose(W)), c)))
	p1 := G.Must(G.Sigmoid(affine(v1, W, b)))
	statistics := func(v, h *G.Node) *G.Node { return G.Must(G.Mul(G.Must(G.Transpose(v)), h)) }
	mean := func(d *G.Node) *G.Node {
		return G.Must(G.Reshape(scale(G.Must(G.Sum(d, 0)), 1/float64(w.batch)), tensor.Shape{1, d.Shape()[1]}))
	}
	dW := scale(G.Must(G.Sub(statistics(v1, p1), statistics(v0, p0))), 1/float64(w.batch))
	return G.Nodes{
		G.Must(G.Add(dW, scale(W, w.optimizer.L2))),
		mean(G.Must(G.Sub(p1, p0))),
		mean(G.Must(G.Sub(v1, v0))),
	}
}

func affine(x, W, b *G.Node) *G.Node {
	return G.Must(G.BroadcastAdd(G.Must(G.Mul(x, W)), b, nil, []byte{0}))
}

func scale(x *G.Node, by float64) *G.Node {
	return G.Must(G.Mul(x, G.NewConstant(float32(by))))
}

func (w workload) solver() (G.Solver, error) {
	o := w.optimizer
	switch o.Kind {
	case "sgd":
		return G.NewVanillaSolver(G.WithLearnRate(o.Rate.Start)), nil
	case "momentum":
		return G.NewMomentum(G.WithLearnRate(o.Rate.Start), G.WithMomentum(o.Momentum.Start)), nil
	case "adam":
		return G.NewAdamSolver(G.WithLearnRate(o.Rate.Start)), nil
	}
	return nil, fmt.Errorf("stock Gorgonia has no optimiser %s", o.Kind)
}
