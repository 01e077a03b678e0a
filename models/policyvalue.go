package models

import (
	"fmt"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/random"

	G "gorgonia.org/gorgonia"
)

// PolicyValue is the network of AlphaZero (Silver et al. 2018): on a shared trunk, which makes
// h of a position x, stand two heads,
//
//	z = h·Wᵖ + bᵖ    the logits of the moves, p = softmax(z)
//	v = tanh(h·Wᵛ + bᵛ)    the value, for the player to move
//
// with z (m,k) for k moves and v (m,1). The trunk is dense layers, hˡ = f(hˡ⁻¹·Wˡ + bˡ), below
// which there may be convolutional ones, for positions that are given as planes. Theirs is
// deeper, with residual connections and batch normalisation.
//
// Targets are the rows (π, r) of t (m,k+1): the shares of a search's visits, and the result of
// the game. The cost is
//
//	1/m Σ_i (r_i − v_i)² − π_iᵀ log p_i
//
// The penalty c‖θ‖² of the paper is the optimiser's (train.Optimizer.L2 = 2c).
type PolicyValue struct {
	// Image is the shape (channels, height, width) of a position; a row of x has its elements.
	Image [3]int
	// Convs are the convolutional layers from the input up, none of them normalised; they may
	// be missing. Trunk are the dense ones on them, at least one.
	Convs []*ConvLayer
	Trunk []*blocks.Dense
	// Policy is the head of the moves, linear; Value that of the value, of one unit, tanh.
	Policy, Value *blocks.Dense
}

// NewPolicyValue returns a network for positions of the given shape, (channels, height,
// width), with convolutional layers, dense ones of so many units, and heads for so many moves;
// activation f. Weights are drawn by init; the parameters are called name.1.W, name.1.b,
// name.2.W, …, name.policy.W, name.policy.b, name.value.W and name.value.b.
func NewPolicyValue(name string, image [3]int, convs []ConvSpec, units []int, moves int, f blocks.Activation, init blocks.Initializer, s *random.Stream) (*PolicyValue, error) {
	if len(units) == 0 || moves < 1 {
		return nil, fmt.Errorf("policy-value network %s: want the units of one dense layer at least, and a move, got %v and %d", name, units, moves)
	}
	for _, c := range convs {
		if c.Norm {
			return nil, fmt.Errorf("policy-value network %s: want convolutional layers without normalisation", name)
		}
	}
	// The trunk and the policy are a network of classes.
	n, err := NewConvNet(name, image, convs, append(units[:len(units):len(units)], moves), f, init, init, s)
	if err != nil {
		return nil, fmt.Errorf("policy-value network: %w", err)
	}
	p := &PolicyValue{Image: image, Convs: n.Convs, Trunk: n.Dense[:len(units)], Policy: n.Dense[len(units)]}
	p.Policy.W.Name, p.Policy.B.Name = name+".policy.W", name+".policy.b"
	if p.Value, err = blocks.NewDense(name+".value", units[len(units)-1], 1, blocks.Tanh(), init, s); err != nil {
		return nil, fmt.Errorf("policy-value network %s: %w", name, err)
	}
	return p, nil
}

// Params returns the parameters of the trunk from the input up, then those of Policy and of
// Value.
func (p *PolicyValue) Params() []*blocks.Param {
	trunk := ConvNet{Convs: p.Convs, Dense: p.Trunk}
	return append(append(trunk.Params(), p.Policy.Params()...), p.Value.Params()...)
}

// Inputs is the number of inputs, the elements of a position.
func (p *PolicyValue) Inputs() int { return elements(p.Image) }

// Moves is the number of moves.
func (p *PolicyValue) Moves() int { return outputs(p.Policy.W) }

// Heads returns the logits z (m,k) of the moves and the values v (m,1) of positions x (m,n).
func (p *PolicyValue) Heads(x *G.Node) (z, v *G.Node, err error) {
	fail := func(err error) (*G.Node, *G.Node, error) {
		return nil, nil, fmt.Errorf("policy-value network: %w", err)
	}
	for i, l := range p.Convs {
		if l.Norm != nil {
			return fail(fmt.Errorf("want convolutional layers without normalisation, got layer %d with it", i+1))
		}
	}
	trunk := ConvNet{Image: p.Image, Convs: p.Convs, Dense: p.Trunk}
	layers, err := trunk.Forward(x)
	if err != nil {
		return fail(err)
	}
	h := layers[len(layers)-1]
	if z, err = p.Policy.Logits(h); err != nil {
		return fail(fmt.Errorf("policy: %w", err))
	}
	if v, err = p.Value.Forward(h); err != nil {
		return fail(fmt.Errorf("value: %w", err))
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
