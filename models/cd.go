package models

import (
	"fmt"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/random"

	G "gorgonia.org/gorgonia"
)

// CD trains an RBM by contrastive divergence (Hinton 2002): its cost on a batch v⁰ is
//
//	mean F(v⁰) − mean F(vᵏ)
//
// with vᵏ, the end of a chain of k Gibbs steps, held constant. Its gradient is the
// difference of the statistics that the lecture derives by hand, for W
// −(v⁰ᵀ·p(h|v⁰) − vᵏᵀ·p(h|vᵏ))/m. The cost itself is no measure of learning. Rectified
// hidden units have no free energy in closed form; the cost is then another one, whose
// gradient is the difference of these statistics with the units' means.
//
// Plain CD-k starts its chains at the data. Persistent CD (Tieleman 2008) goes on
// from where the last step left them.
type CD struct {
	Model *RBM
	// K is the number of Gibbs steps, at least 1.
	K int
	// Sampled makes the chain end in a sample of the visible units instead of their
	// means, of binary ones their probabilities. These have less noise and are the
	// recipe of Hinton & Salakhutdinov 2006; persistent chains are always sampled, and so
	// are units whose variance is learned, for which means would have none.
	Sampled bool
	// Noise draws the chain.
	Noise *random.Stream
	// Chains holds the visible states of persistent chains, (number of chains, n); nil
	// for plain CD. See NewPersistentCD.
	Chains *blocks.Param
	// Sparsity and Centring are further parts of the training; nil for none.
	Sparsity *Sparsity
	Centring *Centring
}

// NewPersistentCD returns persistent CD with the given number of chains, which begin
// at fair coin flips, at N(0, 1) for Gaussian visible units, or with one of each group of
// softmax units.
func NewPersistentCD(r *RBM, k, chains int, s *random.Stream) (*CD, error) {
	if k < 1 || chains < 1 {
		return nil, fmt.Errorf("persistent CD: want at least one Gibbs step and one chain, got k = %d and %d chains", k, chains)
	}
	if s == nil {
		return nil, fmt.Errorf("persistent CD: no stream of random numbers")
	}
	if err := r.checkUnits(); err != nil {
		return nil, fmt.Errorf("persistent CD: %w", err)
	}
	p := &blocks.Param{Name: r.W.Name + ".chains", Value: r.zeros(chains, r.Visible())}
	switch u := r.VisibleUnits; u.kind {
	case gaussian:
		apply(p.Value, s.Normal, s.Normal64)
	case oneOf:
		apply(p.Value, anyOf[float32](u.group, s), anyOf[float64](u.group, s))
	default:
		apply(p.Value, func(e []float32) { s.Mask(e, 0.5, 1) }, func(e []float64) { s.Mask64(e, 0.5, 1) })
	}
	return &CD{Model: r, K: k, Sampled: true, Noise: s, Chains: p}, nil
}

// anyOf sets one of each n elements to 1.
func anyOf[T ops.Float](n int, s *random.Stream) func([]T) {
	return func(e []T) {
		rng := s.Rand()
		for i := 0; i < len(e); i += n {
			e[i+rng.IntN(n)] = 1
		}
	}
}

// Params returns the machine's parameters.
func (t *CD) Params() []*blocks.Param { return t.Model.Params() }

// State returns what steps change besides the parameters: chains, the running mean of
// activities and offsets, as far as there are any.
func (t *CD) State() []*blocks.Param {
	var ps []*blocks.Param
	add := func(p *blocks.Param) {
		if p != nil {
			ps = append(ps, p)
		}
	}
	add(t.Chains)
	if t.Sparsity != nil {
		add(t.Sparsity.Activity)
	}
	if t.Centring != nil {
		add(t.Centring.Visible)
		add(t.Centring.Hidden)
	}
	return ps
}

// With returns the same training, of the same machine, stream and state, with k Gibbs
// steps: to go on with more of them than the training began with.
func (t *CD) With(k int) *CD {
	next := *t
	next.K = k
	return &next
}

// Objective is the training graph for batches of m: input v⁰ (m,n), the cost above,
// and the monitor "reconstruction": the squared error per example of the first
// reconstruction, which shows that something is learned but not how well. For
// persistent chains it is not available, and the monitor is "chain energy", mean F(vᵏ).
func (t *CD) Objective(m int) (*Objective, error) {
	if m < 1 {
		return nil, fmt.Errorf("contrastive divergence: want batches of at least one example, got %d", m)
	}
	if t.K < 1 {
		return nil, fmt.Errorf("contrastive divergence: want at least one Gibbs step, got k = %d", t.K)
	}
	var c ops.Chain
	v0 := t.Model.leaf(visibleName, m, t.Model.Visible())
	start := v0
	if t.Chains != nil {
		start = c.Do(t.Chains.Node(v0.Graph()))
	}
	// The first step apart: its reconstruction is the monitor.
	states, first, err := t.Model.Gibbs(start, 1, t.Noise)
	c.Do(states, err)
	end, probabilities := states, first
	if t.K > 1 && c.Err() == nil {
		end, probabilities, err = t.Model.Gibbs(states, t.K-1, t.Noise)
		c.Do(end, err)
	}
	if !t.Sampled && t.Chains == nil && !t.Model.learnsVariance() {
		end = probabilities
	}
	vk := c.Do(ops.StopGradient(end))
	positive := c.Do(ops.Mean(c.Do(t.Model.statistics(v0))))
	negative := c.Do(ops.Mean(c.Do(t.Model.statistics(vk))))
	o := &Objective{Inputs: G.Nodes{v0}, Cost: c.Do(ops.Sub(positive, negative))}
	if t.Sparsity != nil {
		if err := t.Sparsity.check(t.Model); err != nil {
			return nil, fmt.Errorf("contrastive divergence: %w", err)
		}
		t.Sparsity.add(&c, o, t.Model, v0)
	}
	if t.Centring != nil {
		if err := t.Centring.check(t.Model); err != nil {
			return nil, fmt.Errorf("contrastive divergence: %w", err)
		}
		t.Centring.apply(&c, o, t.Model, v0)
	}
	if t.Chains != nil {
		o.Updates = append(o.Updates, autodiff.Update{Target: start, Value: vk})
		o.Monitors = []Monitor{{Name: "chain energy", Node: negative}}
		return o, c.Err()
	}
	squared := c.Do(ops.SumSquares(c.Do(ops.Sub(first, v0))))
	o.Monitors = []Monitor{{Name: "reconstruction", Node: c.Do(ops.Scale(squared, 1/float64(m)))}}
	return o, c.Err()
}
