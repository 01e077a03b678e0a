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

// Gibbs runs block Gibbs sampling for the given number of steps from the states of the
// even layers, h[0] = v, h[2], … (m, units of the layer); what stands for the odd layers is
// not looked at. A step draws all odd layers given the even ones and then all even layers
// given the odd ones, those of layer l from noise[l]; layers have streams of their own since
// nothing orders the draws of one step. It returns the last states of all layers, the odd ones
// being those from which the even ones were drawn, and the probabilities with which v was
// drawn. States are constants to the gradient.
func (d *DBM) Gibbs(h G.Nodes, steps int, noise []*random.Stream) (states G.Nodes, visible *G.Node, err error) {
	if err := d.check(); err != nil {
		return nil, nil, err
	}
	if steps < 1 {
		return nil, nil, fmt.Errorf("gibbs: want at least one step, got %d", steps)
	}
	if err := d.checkStates(h, 2); err != nil {
		return nil, nil, fmt.Errorf("gibbs: %w", err)
	}
	if len(noise) != len(h) {
		return nil, nil, fmt.Errorf("gibbs: want a stream for each of %d layers, got %d", len(h), len(noise))
	}
	var c ops.Chain
	states = append(G.Nodes(nil), h...)
	for range steps {
		for _, first := range []int{1, 0} {
			for l := first; l < len(states); l += 2 {
				p := c.Do(blocks.Sigmoid().Apply(d.input(&c, states, l)))
				if l == 0 {
					visible = p
				}
				states[l] = c.Do(ops.Bernoulli(p, noise[l]))
			}
		}
	}
	return states, visible, c.Err()
}

// streams splits a stream for every layer off s.
func (d *DBM) streams(s *random.Stream) (out []*random.Stream) {
	for l := range d.B {
		out = append(out, s.Split(fmt.Sprintf("layer %d", l)))
	}
	return out
}

// chains are parameters for the states of the even layers of m chains, nil for the odd
// layers.
func (d *DBM) chains(m int) []*blocks.Param {
	out := make([]*blocks.Param, d.Hidden()+1)
	for l := 0; l < len(out); l += 2 {
		out[l] = &blocks.Param{Name: d.B[l].Name + ".chains", Value: tensor.New(tensor.Of(dtype(d.W)), tensor.WithShape(m, d.Units(l)))}
	}
	return out
}

// chainNodes are the leaves of chains in a graph.
func chainNodes(g *G.ExprGraph, chains []*blocks.Param) (G.Nodes, error) {
	out := make(G.Nodes, len(chains))
	for l := 0; l < len(chains); l += 2 {
		n, err := chains[l].Node(g)
		if err != nil {
			return nil, err
		}
		out[l] = n
	}
	return out, nil
}

// DBMSampler runs chains of Gibbs sampling and goes on where they stand.
type DBMSampler struct {
	step *autodiff.Function // a step, whose output are the probabilities of the visible units
}

// Sampler returns chains that start at images: the visible units at draws from start (m,n),
// values in [0,1] taken as probabilities, the hidden ones at draws from the pass upwards of
// [DBM.MeanField]. It draws from streams whose seed it draws from s, and follows the machine's
// parameters as they change.
func (d *DBM) Sampler(start *tensor.Dense, s *random.Stream) (*DBMSampler, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	if start == nil || start.Dims() != 2 || start.Shape()[1] != d.Visible() {
		return nil, fmt.Errorf("sampler: want rows of %d visible units to start from, got %v", d.Visible(), start)
	}
	if s == nil {
		return nil, fmt.Errorf("sampler: no stream of random numbers")
	}
	chains, noise := d.chains(start.Shape()[0]), d.streams(random.New(s.Uint64()))
	if err := d.begin(chains, start, noise); err != nil {
		return nil, fmt.Errorf("sampler: %w", err)
	}
	h, err := chainNodes(G.NewGraph(), chains)
	if err != nil {
		return nil, fmt.Errorf("sampler: %w", err)
	}
	next, visible, err := d.Gibbs(h, 1, noise)
	if err != nil {
		return nil, fmt.Errorf("sampler: %w", err)
	}
	step, err := autodiff.Compile(nil, G.Nodes{visible}, chainUpdates(h, next))
	if err != nil {
		return nil, fmt.Errorf("sampler: %w", err)
	}
	return &DBMSampler{step}, nil
}

// begin draws the first states of chains.
func (d *DBM) begin(chains []*blocks.Param, start *tensor.Dense, noise []*random.Stream) error {
	var c ops.Chain
	x := blocks.NewInput(G.NewGraph(), dtype(d.W), "start", start.Shape()...)
	h, err := chainNodes(x.Graph(), chains)
	if err != nil {
		return err
	}
	first, err := d.MeanField(c.Do(ops.Bernoulli(x, noise[0])), 0)
	if err != nil {
		return err
	}
	for l := 2; l < len(first); l += 2 {
		first[l] = c.Do(ops.Bernoulli(first[l], noise[l]))
	}
	if c.Err() != nil {
		return c.Err()
	}
	f, err := autodiff.Compile(G.Nodes{x}, nil, chainUpdates(h, first))
	if err != nil {
		return err
	}
	return f.Run(start)
}

// chainUpdates give chains the states of their next step.
func chainUpdates(h, next G.Nodes) (out []autodiff.Update) {
	for l := 0; l < len(h); l += 2 {
		out = append(out, autodiff.Update{Target: h[l], Value: next[l]})
	}
	return out
}

// Run goes on for the given number of steps and returns the probabilities with which the
// visible units of the last one were drawn, (m,n).
func (s *DBMSampler) Run(steps int) (*tensor.Dense, error) {
	if steps < 1 {
		return nil, fmt.Errorf("sample: want at least one step, got %d", steps)
	}
	for range steps {
		if err := s.step.RunAll(); err != nil {
			return nil, fmt.Errorf("sample: %w", err)
		}
	}
	return s.step.Output(0).(*tensor.Dense).Clone().(*tensor.Dense), nil
}

// Sample generates m images: chains that start at start (m,n) and run for the given number
// of steps; see [DBM.Sampler] and [DBMSampler.Run].
func (d *DBM) Sample(start *tensor.Dense, steps int, s *random.Stream) (*tensor.Dense, error) {
	chains, err := d.Sampler(start, s)
	if err != nil {
		return nil, err
	}
	return chains.Run(steps)
}
