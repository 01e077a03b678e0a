package models

import (
	"fmt"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// RBM is the restricted Boltzmann machine with n visible and k hidden Bernoulli units
// and the energy
//
//	E(v,h) = −v·c − h·b − v·W·h,
//
// under which p(v) = Σ_h e^−E(v,h) / Z (Smolensky 1986; Hinton 2002, "Training products
// of experts by minimizing contrastive divergence"; lecture 2.3 and 3.2). It is defined
// by its free energy; the conditionals are
//
//	p(h=1|v) = sigmoid(v·W + b),  p(v=1|h) = sigmoid(h·Wᵀ + c).
//
// W is (n,k), b (k), c (n).
type RBM struct{ W, B, C *blocks.Param }

// NewRBM returns a machine with weights drawn by init, usually N(0, 0.01), and biases
// 0 (Hinton 2010, "A practical guide to training restricted Boltzmann machines", §8).
// Its parameters are called name.W, name.b and name.c.
func NewRBM(name string, n, k int, init blocks.Initializer, s *random.Stream) (*RBM, error) {
	W, err := init.Weights(name+".W", n, k, s)
	if err != nil {
		return nil, fmt.Errorf("rbm: %w", err)
	}
	return &RBM{W: W, B: blocks.NewParam(name+".b", k), C: blocks.NewParam(name+".c", n)}, nil
}

// Params returns W, b and c.
func (r *RBM) Params() []*blocks.Param { return []*blocks.Param{r.W, r.B, r.C} }

// Visible is n, the number of visible units.
func (r *RBM) Visible() int { return inputs(r.W) }

// Hidden is k, the number of hidden units.
func (r *RBM) Hidden() int { return outputs(r.W) }

// Encoder is the up-pass as a layer of a network, with the machine's tensors.
func (r *RBM) Encoder() *blocks.Dense {
	return &blocks.Dense{W: r.W, B: r.B, F: blocks.Sigmoid()}
}

// FreeEnergy is F(v) = −log Σ_h e^−E(v,h) = −v·c − Σ_j softplus(b_j + (v·W)_j), a
// vector (m) for v (m,n).
func (r *RBM) FreeEnergy(v *G.Node) (*G.Node, error) {
	var ch ops.Chain
	return freeEnergy(&ch, v, r.C, ch.Do(blocks.Up(v, r.W, r.B))), ch.Err()
}

// FreeEnergyHidden is F(h) = −log Σ_v e^−E(v,h) = −h·b − Σ_i softplus(c_i + (h·Wᵀ)_i),
// a vector (m) for h (m,k).
func (r *RBM) FreeEnergyHidden(h *G.Node) (*G.Node, error) {
	var ch ops.Chain
	return freeEnergy(&ch, h, r.B, ch.Do(blocks.Down(h, r.W, r.C))), ch.Err()
}

// freeEnergy is −x·bias − rowsum(softplus(z)).
func freeEnergy(ch *ops.Chain, x *G.Node, bias *blocks.Param, z *G.Node) *G.Node {
	if ch.Err() != nil {
		return nil
	}
	linear := ch.Do(ops.MatMul(x, ch.Do(column(x.Graph(), bias)), false, false))
	units := ch.Do(ops.RowSum(ch.Do(blocks.Softplus().Apply(z))))
	sum := ch.Do(ops.Add(ch.Do(ops.Reshape(linear, x.Shape()[0])), units))
	return ch.Do(ops.Scale(sum, -1))
}

// column is a bias (k) as a matrix (k,1).
func column(g *G.ExprGraph, bias *blocks.Param) (*G.Node, error) {
	n, err := bias.Node(g)
	if err != nil {
		return nil, err
	}
	return ops.Reshape(n, n.Shape()[0], 1)
}

// Up is p(h=1|v) = sigmoid(v·W + b), (m,k) for v (m,n).
func (r *RBM) Up(v *G.Node) (*G.Node, error) {
	var ch ops.Chain
	return ch.Do(blocks.Sigmoid().Apply(ch.Do(blocks.Up(v, r.W, r.B)))), ch.Err()
}

// Down is p(v=1|h) = sigmoid(h·Wᵀ + c), (m,n) for h (m,k).
func (r *RBM) Down(h *G.Node) (*G.Node, error) {
	var ch ops.Chain
	return ch.Do(blocks.Sigmoid().Apply(ch.Do(blocks.Down(h, r.W, r.C)))), ch.Err()
}

// Gibbs runs a chain of block Gibbs sampling for the given number of steps from v
// (m,n): h ~ p(h|v), v ~ p(v|h). It returns the last visible states and their
// probabilities, and draws from s. The samples are constants to the gradient; the
// probabilities are not.
func (r *RBM) Gibbs(v *G.Node, steps int, s *random.Stream) (states, probabilities *G.Node, err error) {
	if steps < 1 {
		return nil, nil, fmt.Errorf("gibbs: want at least one step, got %d", steps)
	}
	var ch ops.Chain
	for range steps {
		h := ch.Do(ops.Bernoulli(ch.Do(r.Up(v)), s))
		probabilities = ch.Do(r.Down(h))
		v = ch.Do(ops.Bernoulli(probabilities, s))
	}
	return v, probabilities, ch.Err()
}

// Machine states are bound to leaves of these names.
const (
	visibleName = "v"
	hiddenName  = "h"
)

// leaf adds the input of a graph of this machine.
func (r *RBM) leaf(name string, m, n int) *G.Node {
	return blocks.NewInput(G.NewGraph(), dtype(r.Params()), name, m, n)
}

// zeros returns a tensor of the machine's dtype.
func (r *RBM) zeros(shape ...int) *tensor.Dense {
	return tensor.New(tensor.Of(dtype(r.Params())), tensor.WithShape(shape...))
}
