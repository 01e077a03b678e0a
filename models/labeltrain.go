package models

import (
	"fmt"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/random"

	G "gorgonia.org/gorgonia"
)

// LabelCD trains a LabelRBM by contrastive divergence, as CD does an RBM: its cost on a
// batch of examples v⁰ and their one-hot labels t⁰ is
//
//	mean F(v⁰,t⁰) − mean F(vᵏ,tᵏ)
//
// with the chain's end held constant.
type LabelCD struct {
	Model *LabelRBM
	// K is the number of Gibbs steps, at least 1.
	K int
	// Sampled makes the chain end in samples of the visible units and the labels instead
	// of their probabilities, which have less noise; persistent chains are always sampled.
	Sampled bool
	// Noise draws the chain.
	Noise *random.Stream
	// Chains and ChainLabels hold the states of persistent chains, a row each; nil for
	// plain CD. See NewPersistentLabelCD.
	Chains, ChainLabels *blocks.Param
}

// NewPersistentLabelCD returns persistent CD with the given number of chains, which begin
// at fair coin flips, their labels at each class by turns.
func NewPersistentLabelCD(r *LabelRBM, k, chains int, s *random.Stream) (*LabelCD, error) {
	p, err := NewPersistentCD(r.unlabelled(), k, chains, s)
	if err != nil {
		return nil, err
	}
	labels := &blocks.Param{Name: p.Chains.Name + ".labels", Value: r.unlabelled().zeros(chains, r.Classes())}
	turns := make([]int, chains)
	for i := range turns {
		turns[i] = i % r.Classes()
	}
	apply(labels.Value, oneHot[float32](r.Classes(), turns), oneHot[float64](r.Classes(), turns))
	return &LabelCD{Model: r, K: k, Sampled: true, Noise: s, Chains: p.Chains, ChainLabels: labels}, nil
}

// oneHot sets row i of n elements to class classes[i].
func oneHot[T ops.Float](n int, classes []int) func([]T) {
	return func(e []T) {
		for i, y := range classes {
			e[i*n+y] = 1
		}
	}
}

// Params returns the machine's parameters.
func (t *LabelCD) Params() []*blocks.Param { return t.Model.Params() }

// State returns what steps change besides the parameters: chains and their labels, if there
// are any.
func (t *LabelCD) State() []*blocks.Param {
	if t.Chains == nil {
		return nil
	}
	return []*blocks.Param{t.Chains, t.ChainLabels}
}

// Objective is the training graph for batches of m: inputs v⁰ (m,n) and t⁰ (m,classes), the
// cost above, and the monitor "reconstruction", the squared error per example of the first
// reconstruction of v⁰; for persistent chains "chain energy", mean F(vᵏ,tᵏ).
func (t *LabelCD) Objective(m int) (*Objective, error) {
	if m < 1 {
		return nil, fmt.Errorf("contrastive divergence: want batches of at least one example, got %d", m)
	}
	if t.K < 1 {
		return nil, fmt.Errorf("contrastive divergence: want at least one Gibbs step, got k = %d", t.K)
	}
	var c ops.Chain
	data := t.Model.leaves(m)
	g, start := data.V.Graph(), data
	persistent := t.Chains != nil
	if persistent {
		start = LabelState{c.Do(t.Chains.Node(g)), c.Do(t.ChainLabels.Node(g))}
	}
	if c.Err() != nil {
		return nil, c.Err()
	}
	// The first step apart: its reconstruction is the monitor.
	end, first, err := t.Model.Gibbs(start, 1, false, t.Noise)
	if err != nil {
		return nil, err
	}
	probabilities := first
	if t.K > 1 {
		if end, probabilities, err = t.Model.Gibbs(end, t.K-1, false, t.Noise); err != nil {
			return nil, err
		}
	}
	if !t.Sampled && !persistent {
		end = probabilities
	}
	end = LabelState{c.Do(ops.StopGradient(end.V)), c.Do(ops.StopGradient(end.T))}
	difference, negative := t.Model.divergence(&c, data, end)
	o := &Objective{Inputs: G.Nodes{data.V, data.T}, Cost: difference}
	if persistent {
		o.Updates = []autodiff.Update{{Target: start.V, Value: end.V}, {Target: start.T, Value: end.T}}
		o.Monitors = []Monitor{{Name: "chain energy", Node: negative}}
		return o, c.Err()
	}
	squared := c.Do(ops.SumSquares(c.Do(ops.Sub(first.V, data.V))))
	o.Monitors = []Monitor{{Name: "reconstruction", Node: c.Do(ops.Scale(squared, 1/float64(m)))}}
	return o, c.Err()
}

// divergence is mean F(data) − mean F(end), and the latter.
func (r *LabelRBM) divergence(c *ops.Chain, data, end LabelState) (difference, negative *G.Node) {
	positive := c.Do(ops.Mean(c.Do(r.FreeEnergy(data.V, data.T))))
	negative = c.Do(ops.Mean(c.Do(r.FreeEnergy(end.V, end.T))))
	return c.Do(ops.Sub(positive, negative)), negative
}

// Evaluation is the graph of how well the machine tells the class of m examples by their
// exact posterior: inputs v (m,n) and t (m,classes), monitors "loss", the mean of
// −log p(t|v), and "error".
func (r *LabelRBM) Evaluation(m int) (*Objective, error) {
	if m < 1 {
		return nil, fmt.Errorf("label rbm: want batches of at least one example, got %d", m)
	}
	in := r.leaves(m)
	return classification(in, in.V, r)
}

// classification is the graph of the posterior of a code of the inputs against labels.
func classification(in LabelState, code *G.Node, r *LabelRBM) (*Objective, error) {
	var c ops.Chain
	z := c.Do(r.Scores(code))
	o := &Objective{Inputs: G.Nodes{in.V, in.T}, Cost: c.Do(blocks.CategoricalCrossEntropy(z, in.T))}
	wrong := c.Do(blocks.Misclassified(z, in.T))
	o.Monitors = []Monitor{{Name: "loss", Node: o.Cost}, {Name: "error", Node: wrong, Sum: true}}
	return o, c.Err()
}

// Discriminative trains a LabelRBM as a classifier, by the gradient of the mean of
// −log p(t|v) (Larochelle & Bengio 2008). c, which it does not depend on, stays as it is.
type Discriminative struct{ *LabelRBM }

// Params returns W, b, U and d.
func (t Discriminative) Params() []*blocks.Param { return []*blocks.Param{t.W, t.B, t.U, t.D} }

// Objective is Evaluation: its cost is the loss.
func (t Discriminative) Objective(m int) (*Objective, error) { return t.Evaluation(m) }
