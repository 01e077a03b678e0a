package models

import (
	"fmt"
	"math"
	"slices"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"

	G "gorgonia.org/gorgonia"
)

// Objective is the training graph for batches of m: inputs x (m,Width) and t (m,k) or, with Each,
// k numbers for each step that has outputs; cost and monitor "loss", the mean over the steps of the
// batch that count; and for classes the monitor "error". With states that are carried on, its updates
// keep them.
func (r *Recurrent) Objective(m int) (*Objective, error) { return r.objective(m, false) }

// Evaluation is the same graph for evaluation alone: it keeps less, and every sequence begins with
// states of 0.
func (r *Recurrent) Evaluation(m int) (*Objective, error) { return r.objective(m, true) }

func (r *Recurrent) objective(m int, frozen bool) (*Objective, error) {
	switch {
	case m < 1:
		return nil, fmt.Errorf("recurrent network: want batches of at least one sequence, got %d", m)
	case len(r.Layers) == 0 || r.Top == nil || slices.ContainsFunc(r.Layers, func(l RecurrentLayer) bool { return l.Forward == nil }):
		return nil, fmt.Errorf("recurrent network: has no layers, or one is missing")
	case r.Steps < 1 || r.last() > r.Steps:
		return nil, fmt.Errorf("recurrent network: want sequences of at least one step, and outputs after no more, got %d and %d", r.Steps, r.Last)
	}
	g, dt := G.NewGraph(), dtype(r.Params())
	x := blocks.NewInput(g, dt, "x", m, r.Width())
	t := blocks.NewInput(g, dt, "t", m, r.targets())
	b, err := r.split(x)
	if err != nil {
		return nil, err
	}
	var all []States
	var updates []autodiff.Update
	if r.carried != nil && !frozen {
		all, updates, err = r.carry(b)
	} else {
		all, err = r.hidden(b, frozen, !r.Each, nil)
	}
	if err != nil {
		return nil, err
	}
	z, err := r.logits(all[len(all)-1], m)
	if err != nil {
		return nil, err
	}
	o := &Objective{Inputs: G.Nodes{x, t}, Updates: updates}
	var mask *G.Node
	if r.Each && b.mask != nil {
		if mask, err = ops.Columns(b.mask, r.Steps-r.last(), r.Steps); err != nil {
			return nil, err
		}
	}
	return o, o.sequenceLoss(r.Output, z, t, mask)
}

// targets is the number of targets of an example.
func (r *Recurrent) targets() int { return r.last() * r.Outputs() }

// sequenceLoss makes cost and monitors from logits z (m·T,k), targets t (m,T·k) and a mask (m,T) of
// the steps that count, nil for all.
func (o *Objective) sequenceLoss(output blocks.Output, z, t, mask *G.Node) error {
	var c ops.Chain
	t = c.Do(ops.Reshape(t, z.Shape()...))
	scale := func(x *G.Node) *G.Node { return x }
	missing := 0.0 // what an output that does not count adds to the loss, per step
	if mask != nil {
		rows := z.Shape()[0]
		on := c.Do(ops.RepeatCols(c.Do(ops.Reshape(mask, rows)), z.Shape()[1]))
		z, t = c.Do(ops.Mul(z, on)), c.Do(ops.Mul(t, on)) // outputs that do not count are right
		share := c.Do(ops.Scale(c.Do(ops.Sum(mask)), 1/float64(rows)))
		if output == blocks.Binary() {
			missing = float64(z.Shape()[1]) * math.Ln2
		}
		scale = func(x *G.Node) *G.Node {
			if missing > 0 {
				x = c.Do(ops.Sub(x, c.Do(ops.Linear(share, -missing, missing))))
			}
			return c.Do(ops.Mul(x, c.Do(ops.Reciprocal(share))))
		}
	}
	if c.Err() != nil {
		return c.Err()
	}
	o.Cost = scale(c.Do(output.Loss(z, t)))
	o.Monitors = []Monitor{{Name: "loss", Node: o.Cost}}
	if output == blocks.Classes() {
		wrong := c.Do(ops.Scale(c.Do(blocks.Misclassified(z, t)), 1/float64(z.Shape()[0])))
		o.Monitors = append(o.Monitors, Monitor{Name: "error", Node: scale(wrong)})
	}
	return c.Err()
}

// Carry makes the network keep its states from one batch to the next, for truncated backpropagation
// through time (Williams & Peng 1990): a long sequence is cut into parts of T steps, of which row i
// of each batch has the next one of the i-th of m sequences, and gradients reach back to the
// beginning of a part. The last number of each example's row, see Width, says whether its
// sequence goes on, 1, or begins, 0, from a state of 0. Only for one direction, and for batches of m.
func (r *Recurrent) Carry(m int) error {
	if m < 1 {
		return fmt.Errorf("carried states: want those of at least one sequence, got %d", m)
	}
	var states []*blocks.Param
	for l, layer := range r.Layers {
		if layer.Backward != nil {
			return fmt.Errorf("carried states: layer %d runs backwards, from a future that is not there yet", l+1)
		}
		name, k := layer.Forward.W.Name, layer.Forward.Units()
		states = append(states, blocks.NewParam(name+".states", m, k))
		if layer.Forward.Cell == blocks.LSTM() {
			states = append(states, blocks.NewParam(name+".cells", m, k))
		}
	}
	r.carried = states
	return nil
}

// State returns the states that are carried on, which steps change besides the parameters.
func (r *Recurrent) State() []*blocks.Param { return r.carried }

// carry builds the states of all layers from those that are carried on, and the updates of these.
func (r *Recurrent) carry(b recurrentBatch) ([]States, []autodiff.Update, error) {
	leaves, err := blocks.Nodes(b.x.Graph(), r.carried)
	if err != nil {
		return nil, nil, err
	}
	if have := leaves[0].Shape()[0]; have != b.m {
		return nil, nil, fmt.Errorf("recurrent network: carries the states of %d sequences, got a batch of %d", have, b.m)
	}
	next := leaves
	take := func() *G.Node {
		n := next[0]
		next = next[1:]
		return n
	}
	var targets G.Nodes
	all, err := r.hidden(b, false, !r.Each, func(l int) (h, c *G.Node, err error) {
		var chain ops.Chain
		from := func() *G.Node {
			leaf := take()
			targets = append(targets, leaf)
			return chain.Do(ops.Mul(leaf, chain.Do(ops.RepeatCols(b.going, leaf.Shape()[1]))))
		}
		h = from()
		if r.Layers[l].Forward.Cell == blocks.LSTM() {
			c = from()
		}
		return h, c, chain.Err()
	})
	if err != nil {
		return nil, nil, err
	}
	var updates []autodiff.Update
	var c ops.Chain
	for _, s := range all {
		for _, h := range []*G.Node{s.Forward, s.Cells} {
			if h != nil {
				updates = append(updates, autodiff.Update{Target: targets[len(updates)], Value: c.Do(r.at(h, b.m))})
			}
		}
	}
	return all, updates, c.Err()
}
