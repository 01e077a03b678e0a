package models

import (
	"fmt"

	"capas/autodiff"
	"capas/blocks"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Walk runs a recurrent network a step at a time, on m sequences side by side, such as the ones that
// it draws itself: what it gives at one step decides what it reads at the next. Not for concurrent
// use.
type Walk struct {
	run   *autodiff.Function
	x     *tensor.Dense
	first bool
	n     int
}

// Walk returns a walk of the network with its current and later parameters. The network must run in
// one direction; its mask and the length of its sequences are of no matter.
func (r *Recurrent) Walk(m int) (*Walk, error) {
	step := *r
	step.Steps, step.Each, step.Last, step.Masked = 1, true, 0, false
	if err := step.Carry(m); err != nil {
		return nil, fmt.Errorf("walk: %w", err)
	}
	if dtype(r.Params()) != tensor.Float32 {
		return nil, fmt.Errorf("walk: want float32 parameters")
	}
	g := G.NewGraph()
	x := blocks.NewInput(g, tensor.Float32, "x", m, step.Width())
	b, err := step.split(x)
	if err != nil {
		return nil, fmt.Errorf("walk: %w", err)
	}
	all, updates, err := step.carry(b)
	if err != nil {
		return nil, fmt.Errorf("walk: %w", err)
	}
	z, err := step.logits(all[len(all)-1], m)
	if err != nil {
		return nil, fmt.Errorf("walk: %w", err)
	}
	y, err := r.Output.Activation().Apply(z)
	if err != nil {
		return nil, fmt.Errorf("walk: %w", err)
	}
	w := &Walk{x: tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(m, step.Width())), first: true, n: r.Inputs()}
	if w.run, err = autodiff.Compile(G.Nodes{x}, G.Nodes{y}, updates); err != nil {
		return nil, fmt.Errorf("walk: %w", err)
	}
	return w, nil
}

// Begin lets the next step start from states of 0, as the first one does.
func (w *Walk) Begin() { w.first = true }

// Next takes a step with inputs x, m rows of n numbers, and returns the outputs, m rows of k,
// which the next step overwrites.
func (w *Walk) Next(x []float32) ([]float32, error) {
	rows, width := w.x.Shape()[0], w.n+1
	if len(x) != rows*w.n {
		return nil, fmt.Errorf("walk: want %d inputs for each of %d sequences, got %d numbers", w.n, rows, len(x))
	}
	going := float32(1)
	if w.first {
		going = 0
	}
	for i := range rows {
		row := w.x.Float32s()[i*width:][:width]
		copy(row, x[i*w.n:][:w.n])
		row[w.n] = going
	}
	w.first = false
	if err := w.run.Run(w.x); err != nil {
		return nil, fmt.Errorf("walk: %w", err)
	}
	return w.run.Output(0).(*tensor.Dense).Float32s(), nil
}
