package models

import (
	"fmt"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/random"

	G "gorgonia.org/gorgonia"
)

// Recurrent is a recurrent network (lecture 2.3): layers of cells that run over sequences of T
// steps, and a dense layer that reads the states of the last one, after the last step or after each.
//
//	h⁰_t = x_t,  hˡ_t = cell(hˡ⁻¹_t, hˡ_{t−1}),  z = hᴸ·W + b
//
// An example is a row of T·n numbers, the n inputs of the first step first. With Masked, T more
// numbers follow it, 1 for each step and 0 for those that only fill up a shorter sequence, and
// change nothing; with Carried, there is one number more, see Carry. Targets are k numbers or, with
// Each, so many for each step with outputs, the first one's first; those of steps left out do not
// count.
type Recurrent struct {
	Layers []RecurrentLayer
	Top    *blocks.Dense
	Output blocks.Output
	// Steps is T. The parameters suit any number: it may be changed.
	Steps int
	// Each asks for outputs after each step; otherwise they are made from the last state, that of
	// the last step that the mask leaves, and in layers of two directions from the last of either.
	Each bool
	// Last, with Each, is the number of last steps after which there are outputs; 0 for all steps.
	Last   int
	Masked bool

	carried []*blocks.Param // the states that Carry keeps
}

// RecurrentLayer is a layer that runs forwards and, if Backward is not nil, a second one of equal
// size that runs backwards; the layer's states are then those of both side by side.
type RecurrentLayer struct{ Forward, Backward *blocks.Recurrent }

// RecurrentOptions are the sizes of a network.
type RecurrentOptions struct {
	Cell                   blocks.Cell
	Inputs, Units, Outputs int
	// Layers is the number of recurrent layers; 0 stands for 1.
	Layers        int
	Bidirectional bool
	// Forget is the bias of the gates that keep an LSTM's or a GRU's state at first; see
	// blocks.NewRecurrent.
	Forget       float64
	Steps, Last  int
	Each, Masked bool
}

// NewRecurrent returns a network with weights drawn by init; its parameters are called name.1.W,
// name.1.U, name.1.b, name.1.c, those of the other direction name.1.reverse.W, …, and name.top.W,
// name.top.b.
func NewRecurrent(name string, o RecurrentOptions, init blocks.Initializer, s *random.Stream) (*Recurrent, error) {
	if o.Layers == 0 {
		o.Layers = 1
	}
	if o.Layers < 1 || o.Steps < 1 {
		return nil, fmt.Errorf("recurrent network %s: want at least one layer and one step, got %d and %d", name, o.Layers, o.Steps)
	}
	if o.Last < 0 || o.Last > o.Steps || o.Last > 0 && !o.Each {
		return nil, fmt.Errorf("recurrent network %s: want outputs after 0 to %d last steps, and each of them, got %d", name, o.Steps, o.Last)
	}
	r := &Recurrent{Steps: o.Steps, Each: o.Each, Last: o.Last, Masked: o.Masked}
	n := o.Inputs
	for l := 1; l <= o.Layers; l++ {
		var layer RecurrentLayer
		var err error
		if layer.Forward, err = blocks.NewRecurrent(fmt.Sprintf("%s.%d", name, l), o.Cell, n, o.Units, o.Forget, init, s); err == nil && o.Bidirectional {
			layer.Backward, err = blocks.NewRecurrent(fmt.Sprintf("%s.%d.reverse", name, l), o.Cell, n, o.Units, o.Forget, init, s)
		}
		if err != nil {
			return nil, fmt.Errorf("recurrent network %s: %w", name, err)
		}
		r.Layers, n = append(r.Layers, layer), layer.units()
	}
	var err error
	if r.Top, err = blocks.NewDense(name+".top", n, o.Outputs, blocks.Linear(), init, s); err != nil {
		return nil, fmt.Errorf("recurrent network %s: %w", name, err)
	}
	return r, nil
}

// units is the number of a layer's states.
func (l RecurrentLayer) units() int {
	if l.Backward != nil {
		return 2 * l.Forward.Units()
	}
	return l.Forward.Units()
}

// Params returns the parameters from the input up.
func (r *Recurrent) Params() []*blocks.Param {
	var ps []*blocks.Param
	for _, l := range r.Layers {
		ps = append(ps, l.Forward.Params()...)
		if l.Backward != nil {
			ps = append(ps, l.Backward.Params()...)
		}
	}
	return append(ps, r.Top.Params()...)
}

// Inputs is n, the number of inputs of a step.
func (r *Recurrent) Inputs() int { return r.Layers[0].Forward.Inputs() }

// Outputs is k, the number of outputs of a step.
func (r *Recurrent) Outputs() int { return outputs(r.Top.W) }

// Width is the length of an example's row.
func (r *Recurrent) Width() int {
	w := r.Steps * r.Inputs()
	if r.Masked {
		w += r.Steps
	}
	if r.carried != nil {
		w++
	}
	return w
}

// recurrentBatch is the graph's view of a batch of examples.
type recurrentBatch struct {
	x     *G.Node // (m·T,n)
	mask  *G.Node // (m,T); nil without
	going *G.Node // (m), 1 for sequences that go on; nil without
	m     int
}

// split takes the rows of a batch apart.
func (r *Recurrent) split(x *G.Node) (recurrentBatch, error) {
	return splitSequences("recurrent network", x, r.Width(), r.Steps, r.Inputs(), r.Masked, r.carried != nil)
}

func splitSequences(what string, x *G.Node, width, steps, n int, masked, carried bool) (recurrentBatch, error) {
	if x == nil || x.Shape().Dims() != 2 || x.Shape()[1] != width {
		return recurrentBatch{}, fmt.Errorf("%s: want examples (m,%d), got %v", what, width, shapeOf(x))
	}
	b := recurrentBatch{m: x.Shape()[0]}
	var c ops.Chain
	b.x = c.Do(ops.Reshape(c.Do(ops.Columns(x, 0, steps*n)), b.m*steps, n))
	at := steps * n
	if masked {
		b.mask = c.Do(ops.Columns(x, at, at+steps))
		at += steps
	}
	if carried {
		b.going = c.Do(ops.Reshape(c.Do(ops.Columns(x, at, at+1)), b.m))
	}
	return b, c.Err()
}

// States are the states of a layer, (m·T,k) for each direction: those of the other one and the
// cells of an LSTM are nil where there are none.
type States struct{ Forward, Cells, Backward *G.Node }

// Hidden builds the states of all layers for examples x, from states of 0 on. Frozen graphs
// evaluate only; see ops.Sequence.
func (r *Recurrent) Hidden(x *G.Node, frozen bool) ([]States, error) {
	b, err := r.split(x)
	if err != nil {
		return nil, err
	}
	return r.hidden(b, frozen, false, nil)
}

// hidden builds the states of all layers, of the top one those after the last step alone if final is
// true; begin, if not nil, gives those before the first step.
func (r *Recurrent) hidden(b recurrentBatch, frozen, final bool, begin func(l int) (h, c *G.Node, err error)) ([]States, error) {
	var all []States
	x := b.x
	for l, layer := range r.Layers {
		s := ops.Sequence{Steps: r.Steps, Mask: b.mask, Frozen: frozen, Final: final && l == len(r.Layers)-1}
		if begin != nil {
			var err error
			if s.H0, s.C0, err = begin(l); err != nil {
				return nil, fmt.Errorf("recurrent layer %d: %w", l+1, err)
			}
		}
		h, c, err := layer.Forward.Forward(x, s)
		states := States{Forward: h, Cells: c}
		if err == nil && layer.Backward != nil {
			s.Reverse = true
			if states.Backward, _, err = layer.Backward.Forward(x, s); err == nil {
				h, err = ops.Beside(h, states.Backward)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("recurrent layer %d: %w", l+1, err)
		}
		all, x = append(all, states), h
	}
	return all, nil
}

// at are the states of m sequences after the last step, from those after all steps or the last.
func (r *Recurrent) at(h *G.Node, m int) (*G.Node, error) {
	k := h.Shape()[1]
	if h.Shape()[0] == m {
		return h, nil
	}
	var c ops.Chain
	return c.Do(ops.Columns(c.Do(ops.Reshape(h, m, r.Steps*k)), (r.Steps-1)*k, r.Steps*k)), c.Err()
}

// last is how many last steps have outputs.
func (r *Recurrent) last() int {
	switch {
	case !r.Each:
		return 1
	case r.Last > 0:
		return r.Last
	}
	return r.Steps
}

// ends are the states after the last steps that have outputs.
func (r *Recurrent) ends(h *G.Node, m int) (*G.Node, error) {
	k, n := h.Shape()[1], r.last()
	if n == r.Steps {
		return h, nil
	}
	var c ops.Chain
	h = c.Do(ops.Columns(c.Do(ops.Reshape(h, m, r.Steps*k)), (r.Steps-n)*k, r.Steps*k))
	return c.Do(ops.Reshape(h, m*n, k)), c.Err()
}

// logits builds z from the top layer's states, the final ones without Each: (m,k), or with Each a row
// for each step that has outputs.
func (r *Recurrent) logits(last States, m int) (*G.Node, error) {
	var c ops.Chain
	h := last.Forward
	switch {
	case r.Each && last.Backward != nil:
		h = c.Do(r.ends(c.Do(ops.Beside(h, last.Backward)), m))
	case r.Each:
		h = c.Do(r.ends(h, m))
	case last.Backward != nil:
		h = c.Do(ops.Beside(h, last.Backward))
	}
	if c.Err() != nil {
		return nil, c.Err()
	}
	return r.Top.Logits(h)
}

// Logits builds the outputs before their function for examples x: (m,k), or with Each (m·T,k), T the
// number of steps with outputs.
func (r *Recurrent) Logits(x *G.Node, frozen bool) (*G.Node, error) {
	b, err := r.split(x)
	if err != nil {
		return nil, err
	}
	all, err := r.hidden(b, frozen, !r.Each, nil)
	if err != nil {
		return nil, err
	}
	return r.logits(all[len(all)-1], b.m)
}

// Over returns the network, with the same parameters, for sequences of another length, whose states
// begin at 0.
func (r *Recurrent) Over(steps int) *Recurrent {
	o := *r
	o.Steps, o.carried = steps, nil
	return &o
}
