package models

import (
	"fmt"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Tempering trains an RBM as persistent CD does, but with chains that are better mixed
// (Desjardins et al. 2010, "Tempered Markov chain Monte Carlo for training of restricted
// Boltzmann machines"; Cho, Raiko & Ilin 2010): beside each chain of the machine run
// others at lower inverse temperatures β, of the distributions
//
//	p_β(v,h) ∝ exp(−β·E(v,h) + (1−β)·a·v),
//
// which have lower barriers between their modes the lower β is. a are base biases; at
// β = 0 the visible units are independent. After k Gibbs steps at every temperature,
// chains of neighbouring temperatures exchange their states with the probability
//
//	min(1, exp((β_i−β_j)(D_i−D_j))),  D = E(v,h) + a·v,
//
// first those of the pairs (0,1), (2,3), …, then those of (1,2), (3,4), …. The cost is
// that of CD with the states of the chains at β = 1.
type Tempering struct {
	Model *RBM
	// K is the number of Gibbs steps before the exchange, at least 1.
	K int
	// Betas are the inverse temperatures, falling from 1; see Ladder.
	Betas []float64
	// Noise draws the chains and the exchanges.
	Noise *random.Stream
	// Chains holds the visible states, (len(Betas)·m, n) for m chains of the machine:
	// first m rows at β = 1, then m at the next temperature, and so on; row i of each
	// exchanges with row i of the next.
	Chains *blocks.Param
	// Swaps are the rates at which neighbours exchange, (len(Betas)−1), averaged over about
	// the last hundred steps; they begin at 0.
	Swaps *blocks.Param

	base *blocks.Param // (n); nil for 0
}

// Ladder are n inverse temperatures that fall evenly from 1 to last, for Tempering.
func Ladder(n int, last float64) []float64 {
	betas := make([]float64, n)
	for i := range betas {
		betas[i] = 1
		if n > 1 {
			betas[i] = 1 - (1-last)*float64(i)/float64(n-1)
		}
	}
	return betas
}

// NewTempering returns tempering with m chains at each of the inverse temperatures, which
// begin at fair coin flips. base holds the base biases (n), such as those of BaseRates;
// nil for 0.
func NewTempering(r *RBM, k, m int, betas []float64, base *tensor.Dense, s *random.Stream) (*Tempering, error) {
	const op = "tempering"
	if err := r.checkBernoulli(); err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	if k < 1 || m < 1 {
		return nil, fmt.Errorf("%s: want at least one Gibbs step and one chain, got k = %d and %d chains", op, k, m)
	}
	if len(betas) < 2 || betas[0] != 1 {
		return nil, fmt.Errorf("%s: want two inverse temperatures or more that fall from 1, got %s", op, ends(betas))
	}
	for i, b := range betas {
		if !(b >= 0) || i > 0 && !(b < betas[i-1]) {
			return nil, fmt.Errorf("%s: want inverse temperatures that fall and are not negative, got %v", op, betas)
		}
	}
	if base != nil && (base.Dims() != 1 || base.Shape()[0] != r.Visible() || base.Dtype() != dtype(r.Params())) {
		return nil, fmt.Errorf("%s: want %d base biases of %v, got shape %v of %v", op, r.Visible(), dtype(r.Params()), base.Shape(), base.Dtype())
	}
	plain, err := NewPersistentCD(r, k, m*len(betas), s)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	t := &Tempering{Model: r, K: k, Betas: betas, Noise: s, Chains: plain.Chains, Swaps: &blocks.Param{Name: r.W.Name + ".swaps", Value: r.zeros(len(betas) - 1)}}
	if base != nil {
		t.base = &blocks.Param{Name: r.W.Name + ".base", Value: base.Clone().(*tensor.Dense)}
	}
	return t, nil
}

// Params returns the machine's parameters.
func (t *Tempering) Params() []*blocks.Param { return t.Model.Params() }

// State returns what steps change besides the parameters: chains and exchange rates.
func (t *Tempering) State() []*blocks.Param { return []*blocks.Param{t.Chains, t.Swaps} }

// Rates are the exchange rates of the neighbours, from those of β = 1 on; see Swaps.
func (t *Tempering) Rates() ([]float64, error) { return numbersOf(t.Swaps.Value) }

// Objective is the training graph for batches of m: input v⁰ (m,n), the cost of CD, and
// the monitors "chain energy", mean F of the machine's chains, and "swap rate", the share
// of the exchanges that were made.
func (t *Tempering) Objective(m int) (*Objective, error) {
	if m < 1 {
		return nil, fmt.Errorf("tempering: want batches of at least one example, got %d", m)
	}
	v0 := t.Model.leaf(visibleName, m, t.Model.Visible())
	e, err := t.exchange(v0.Graph())
	if err != nil {
		return nil, fmt.Errorf("tempering: %w", err)
	}
	chains, swaps, rate, err := e.step()
	if err != nil {
		return nil, fmt.Errorf("tempering: %w", err)
	}
	var c ops.Chain
	vk := c.Do(ops.StopGradient(c.Do(e.coldest(chains))))
	positive := c.Do(ops.Mean(c.Do(t.Model.FreeEnergy(v0))))
	negative := c.Do(ops.Mean(c.Do(t.Model.FreeEnergy(vk))))
	return &Objective{
		Inputs: G.Nodes{v0}, Cost: c.Do(ops.Sub(positive, negative)),
		Monitors: []Monitor{{Name: "chain energy", Node: negative}, {Name: "swap rate", Node: rate}},
		Updates: []autodiff.Update{
			{Target: c.Do(t.Chains.Node(v0.Graph())), Value: c.Do(ops.StopGradient(chains))},
			{Target: c.Do(t.Swaps.Node(v0.Graph())), Value: swaps},
		},
	}, c.Err()
}
