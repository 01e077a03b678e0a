package models

import (
	"fmt"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Recall is the course of an associative memory from given states: many of them at once,
// one a row, in steps that a graph makes of them.
//
//	r, err := models.NewRecall(func(s G.Nodes) (G.Nodes, error) {
//		next, err := memory.Update(s[0], nil)
//		return G.Nodes{next}, err
//	}, probes)
//	steps, settled, err := r.Run(100, 0)
//	recalled := r.States[0]
type Recall struct {
	// States are those after the last step, (m,·) for each layer of the memory.
	States []*tensor.Dense
	f      *autodiff.Function
}

// NewRecall compiles a step: a function from the states of the memory's layers to their next
// states. The first ones are copied.
func NewRecall(step func(s G.Nodes) (next G.Nodes, err error), start ...*tensor.Dense) (*Recall, error) {
	return NewRecallWith(autodiff.Compiler{}, "recall", step, start...)
}

// NewRecallWith is NewRecall by the given compiler, for which the step has a name.
func NewRecallWith(compiler autodiff.Compiler, name string, step func(s G.Nodes) (next G.Nodes, err error), start ...*tensor.Dense) (*Recall, error) {
	r, g := &Recall{}, G.NewGraph()
	var leaves G.Nodes
	var c ops.Chain
	for l, s := range start {
		if s == nil || s.Dims() != 2 || s.Shape()[0] != start[0].Shape()[0] {
			return nil, fmt.Errorf("recall: want states with a row each for all layers")
		}
		p := (&blocks.Param{Value: s}).Clone(fmt.Sprintf("state.%d", l))
		r.States = append(r.States, p.Value)
		leaves = append(leaves, c.Do(p.Node(g)))
	}
	if len(start) == 0 {
		return nil, fmt.Errorf("recall: want the states of one layer at least to start at, got none")
	}
	if c.Err() != nil {
		return nil, fmt.Errorf("recall: %w", c.Err())
	}
	next, err := step(leaves)
	if err != nil {
		return nil, fmt.Errorf("recall: %w", err)
	}
	if len(next) != len(leaves) {
		return nil, fmt.Errorf("recall: want the next states of %d layers, got %d", len(leaves), len(next))
	}
	var updates []autodiff.Update
	var change *G.Node
	for l, s := range next {
		of := c.Do(ops.RowSum(c.Do(ops.Abs(c.Do(ops.Sub(s, leaves[l]))))))
		if change == nil {
			change = of
		} else {
			change = c.Do(ops.Add(change, of))
		}
		updates = append(updates, autodiff.Update{Target: leaves[l], Value: s})
	}
	if err := c.Err(); err != nil {
		return nil, fmt.Errorf("recall: %w", err)
	}
	if r.f, err = compiler.Compile(name, nil, G.Nodes{change}, updates); err != nil {
		return nil, fmt.Errorf("recall: %w", err)
	}
	return r, nil
}

// Step makes a step, and returns for each row how much it changed: the sum of the absolute
// changes of its units, which is 2 for a unit that turned.
func (r *Recall) Step() ([]float64, error) {
	if err := r.f.Run(); err != nil {
		return nil, fmt.Errorf("recall: %w", err)
	}
	return numbersOf(r.f.Output(0))
}

// Run makes steps until one changes no row by more than tol, which settles the memory, most
// at most. It returns how many it made.
func (r *Recall) Run(most int, tol float64) (steps int, settled bool, err error) {
	for steps < most && !settled {
		change, err := r.Step()
		if err != nil {
			return steps, false, err
		}
		steps++
		settled = true
		for _, v := range change {
			settled = settled && v <= tol
		}
	}
	return steps, settled, nil
}

// Close releases the buffers of the compiled step; the states remain.
func (r *Recall) Close() error { return r.f.Close() }
