package models

import (
	"fmt"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/random"

	G "gorgonia.org/gorgonia"
)

// DBMTraining trains all layers of a deep Boltzmann machine together (Salakhutdinov &
// Hinton 2009). The gradient of the bound of log p(v) is a difference of statistics: those
// of mean field for the data, and those of the machine itself, from persistent chains. It is
// the gradient of the cost on a batch v,
//
//	mean E(v, q) − mean E(chains),
//
// with q, the mean field after a fixed number of updates, and the states of the chains held
// constant. The cost itself is no measure of learning.
type DBMTraining struct {
	Model *DBM
	// Updates is the number of mean-field updates, at least 0; theirs is 10.
	Updates int
	// Steps is the number of Gibbs steps of the chains for every batch, at least 1;
	// theirs is 5.
	Steps int
	// Chains holds the states of the even layers of the chains, (number of chains, units of
	// the layer), and nil in place of the odd ones, which are drawn anew.
	Chains []*blocks.Param
	// Noise[l] draws layer l of the chains.
	Noise []*random.Stream
	// Draws draws v: its values, between 0 and 1, are probabilities, from which binary states
	// are drawn anew whenever an example is trained on.
	Draws *random.Stream
}

// NewDBMTraining returns the training with the given number of chains, whose units begin at
// fair coin flips; its streams are split off s.
func NewDBMTraining(d *DBM, updates, steps, chains int, s *random.Stream) (*DBMTraining, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	if s == nil {
		return nil, fmt.Errorf("dbm training: no stream of random numbers")
	}
	t := &DBMTraining{Model: d, Updates: updates, Steps: steps, Noise: d.streams(s.Split("chains")), Draws: s.Split("draws")}
	if err := t.check(); err != nil {
		return nil, err
	}
	if chains < 1 {
		return nil, fmt.Errorf("dbm training: want at least one chain, got %d", chains)
	}
	t.Chains = d.chains(chains)
	for l := 0; l < len(t.Chains); l += 2 {
		apply(t.Chains[l].Value, func(v []float32) { t.Noise[l].Mask(v, 0.5, 1) }, func(v []float64) { t.Noise[l].Mask64(v, 0.5, 1) })
	}
	return t, nil
}

func (t *DBMTraining) check() error {
	if t.Updates < 0 || t.Steps < 1 {
		return fmt.Errorf("dbm training: want at least 0 mean-field updates and one Gibbs step, got %d and %d", t.Updates, t.Steps)
	}
	return nil
}

// Params returns the machine's parameters.
func (t *DBMTraining) Params() []*blocks.Param { return t.Model.Params() }

// State returns what steps change besides them: the chains.
func (t *DBMTraining) State() (ps []*blocks.Param) {
	for _, p := range t.Chains {
		if p != nil {
			ps = append(ps, p)
		}
	}
	return ps
}

// Objective is the training graph for batches of m: input v (m,n), the cost above, updates
// of the chains, and two monitors: "chain energy", mean E of the chains, and "mean-field
// change", the mean absolute change of a probability of a hidden unit in the last update,
// 0 where there is none: it tells whether the updates are enough. The odd layers' part in
// the statistics of the chains are their probabilities given the even ones' states.
func (t *DBMTraining) Objective(m int) (*Objective, error) {
	if m < 1 {
		return nil, fmt.Errorf("dbm training: want batches of at least one example, got %d", m)
	}
	if err := t.check(); err != nil {
		return nil, err
	}
	d := t.Model
	if err := d.check(); err != nil {
		return nil, err
	}
	if len(t.Chains) != d.Hidden()+1 {
		return nil, fmt.Errorf("dbm training: want chains of %d layers, got %d", d.Hidden()+1, len(t.Chains))
	}
	var c ops.Chain
	x := blocks.NewInput(G.NewGraph(), dtype(d.W), visibleName, m, d.Visible())
	v := c.Do(ops.Bernoulli(x, t.Draws))
	if c.Err() != nil {
		return nil, fmt.Errorf("dbm training: %w", c.Err())
	}
	q, err := d.MeanField(v, t.Updates)
	if err != nil {
		return nil, err
	}
	change, err := d.change(v, q, t.Updates)
	if err != nil {
		return nil, err
	}
	old, err := chainNodes(x.Graph(), t.Chains)
	if err != nil {
		return nil, err
	}
	now, _, err := d.Gibbs(old, t.Steps, t.Noise)
	if err != nil {
		return nil, err
	}
	updates := chainUpdates(old, now)
	for l := range now {
		q[l] = c.Do(ops.StopGradient(q[l]))
		if l%2 == 0 {
			now[l] = c.Do(ops.StopGradient(now[l]))
		}
	}
	for l := 1; l < len(now); l += 2 {
		now[l] = c.Do(ops.StopGradient(c.Do(blocks.Sigmoid().Apply(d.input(&c, now, l)))))
	}
	data := c.Do(ops.Mean(c.Do(d.Energy(q))))
	model := c.Do(ops.Mean(c.Do(d.Energy(now))))
	return &Objective{
		Inputs: G.Nodes{x}, Cost: c.Do(ops.Sub(data, model)), Updates: updates,
		Monitors: []Monitor{{Name: "chain energy", Node: model}, {Name: "mean-field change", Node: change}},
	}, c.Err()
}

// change is the mean absolute change by the last of the updates that led to q.
func (d *DBM) change(v *G.Node, q G.Nodes, updates int) (*G.Node, error) {
	before, err := d.MeanField(v, max(updates-1, 0))
	if err != nil {
		return nil, err
	}
	var c ops.Chain
	var sum *G.Node
	units := 0
	for l := 1; l < len(q); l++ {
		s := c.Do(ops.Sum(c.Do(ops.Abs(c.Do(ops.Sub(q[l], before[l]))))))
		if sum != nil {
			s = c.Do(ops.Add(sum, s))
		}
		sum = s
		units += d.Units(l)
	}
	return c.Do(ops.Scale(sum, 1/float64(units*v.Shape()[0]))), c.Err()
}
