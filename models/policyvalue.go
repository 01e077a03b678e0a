package models

import (
	"fmt"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/random"

	G "gorgonia.org/gorgonia"
)

// PolicyValue is the network of AlphaZero (Silver et al. 2018): on a shared trunk
// hˡ = f(hˡ⁻¹·Wˡ + bˡ) with h⁰ = x, a position, stand two heads,
//
//	z = h·Wᵖ + bᵖ    the logits of the moves, p = softmax(z)
//	v = tanh(h·Wᵛ + bᵛ)    the value, for the player to move
//
// with z (m,k) for k moves and v (m,1). Targets are the rows (π, r) of t (m,k+1): the shares
// of a search's visits, and the result of the game. The cost is
//
//	1/m Σ_i (r_i − v_i)² − π_iᵀ log p_i
//
// The penalty c‖θ‖² of the paper is the optimiser's (train.Optimizer.L2 = 2c).
type PolicyValue struct {
	// Trunk are the shared layers from the input up, at least one.
	Trunk []*blocks.Dense
	// Policy is the head of the moves, linear; Value that of the value, of one unit, tanh.
	Policy, Value *blocks.Dense
}

// NewPolicyValue returns a network with sizes[0] inputs, layers of the other sizes with
// activation f, and heads for so many moves. Weights are drawn by init; its parameters are
// called name.1.W, name.1.b, …, name.policy.W, name.policy.b, name.value.W and name.value.b.
func NewPolicyValue(name string, sizes []int, moves int, f blocks.Activation, init blocks.Initializer, s *random.Stream) (*PolicyValue, error) {
	if len(sizes) < 2 {
		return nil, fmt.Errorf("policy-value network %s: want the numbers of inputs and of the units of a layer at least, got sizes %v", name, sizes)
	}
	p := &PolicyValue{}
	dense := func(part string, n, k int, f blocks.Activation) (*blocks.Dense, error) {
		d, err := blocks.NewDense(name+"."+part, n, k, f, init, s)
		if err != nil {
			return nil, fmt.Errorf("policy-value network %s: %w", name, err)
		}
		return d, nil
	}
	for l := 1; l < len(sizes); l++ {
		d, err := dense(fmt.Sprint(l), sizes[l-1], sizes[l], f)
		if err != nil {
			return nil, err
		}
		p.Trunk = append(p.Trunk, d)
	}
	top := sizes[len(sizes)-1]
	var err error
	if p.Policy, err = dense("policy", top, moves, blocks.Linear()); err != nil {
		return nil, err
	}
	p.Value, err = dense("value", top, 1, blocks.Tanh())
	return p, err
}

// Params returns the parameters of the trunk from the input up, then those of Policy and of
// Value.
func (p *PolicyValue) Params() []*blocks.Param {
	var ps []*blocks.Param
	for _, d := range p.Trunk {
		ps = append(ps, d.Params()...)
	}
	return append(append(ps, p.Policy.Params()...), p.Value.Params()...)
}

// Inputs is the number of inputs.
func (p *PolicyValue) Inputs() int { return inputs(p.Trunk[0].W) }

// Moves is the number of moves.
func (p *PolicyValue) Moves() int { return outputs(p.Policy.W) }

// Heads returns the logits z (m,k) of the moves and the values v (m,1) of positions x.
func (p *PolicyValue) Heads(x *G.Node) (z, v *G.Node, err error) {
	h := x
	for l, d := range p.Trunk {
		if h, err = d.Forward(h); err != nil {
			return nil, nil, fmt.Errorf("policy-value network: layer %d: %w", l+1, err)
		}
	}
	if z, err = p.Policy.Logits(h); err != nil {
		return nil, nil, fmt.Errorf("policy-value network: policy: %w", err)
	}
	if v, err = p.Value.Forward(h); err != nil {
		return nil, nil, fmt.Errorf("policy-value network: value: %w", err)
	}
	return z, v, nil
}

// Objective is the training graph for batches of m: inputs x (m,n) and t (m,k+1), cost and
// monitor "loss", and its two parts, the monitors "value loss" and "policy loss".
func (p *PolicyValue) Objective(m int) (*Objective, error) {
	if m < 1 {
		return nil, fmt.Errorf("policy-value network: want batches of at least one position, got %d", m)
	}
	if len(p.Trunk) == 0 || p.Policy == nil || p.Value == nil {
		return nil, fmt.Errorf("policy-value network: want a trunk and two heads")
	}
	g, dt, k := G.NewGraph(), dtype(p.Params()), p.Moves()
	x := blocks.NewInput(g, dt, "x", m, p.Inputs())
	t := blocks.NewInput(g, dt, "t", m, k+1)
	z, v, err := p.Heads(x)
	if err != nil {
		return nil, err
	}
	var c ops.Chain
	policy := c.Do(blocks.CategoricalCrossEntropy(z, c.Do(columns(t, 0, k))))
	value := c.Do(blocks.MSE(v, c.Do(columns(t, k, 1))))
	loss := c.Do(ops.Add(value, policy))
	return &Objective{Inputs: G.Nodes{x, t}, Cost: loss, Monitors: []Monitor{
		{Name: "loss", Node: loss}, {Name: "value loss", Node: value}, {Name: "policy loss", Node: policy},
	}}, c.Err()
}

// Evaluation is the same graph as Objective: nothing is dropped in training.
func (p *PolicyValue) Evaluation(m int) (*Objective, error) { return p.Objective(m) }

// columns are n columns of targets t (m,k) from the given one on, a constant to the gradient.
func columns(t *G.Node, from, n int) (*G.Node, error) {
	m, k := t.Shape()[0], t.Shape()[1]
	return ops.Apply(ops.Def{
		Name: fmt.Sprintf("columns(%d,%d)", from, n), Shape: []int{m, n}, Wrt: []bool{false},
		F32: func(y []float32, x [][]float32) { copyColumns(y, x[0], from, n, k) },
		F64: func(y []float64, x [][]float64) { copyColumns(y, x[0], from, n, k) },
	}, t)
}

func copyColumns[T ops.Float](y, x []T, from, n, k int) {
	for i := 0; i*n < len(y); i++ {
		copy(y[i*n:(i+1)*n], x[i*k+from:])
	}
}
