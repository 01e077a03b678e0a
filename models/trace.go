package models

import (
	"fmt"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Trace keeps what an objective's monitors show in the course of a training, step by step, where
// the means over epochs are too coarse. It is a state that the steps change, as persistent chains
// are, so that a training that is resumed has all of it.
type Trace struct {
	// Values (rows, columns) are the means over Every steps each, of as many of the objective's
	// first monitors as there are columns. Steps beyond the last row are not kept.
	Values *blocks.Param
	// Step is the number of steps so far, a vector of one element.
	Step  *blocks.Param
	Every int
}

// NewTrace returns a trace of so many steps, of the first columns monitors. Its tensors are called
// name.trace and name.step.
func NewTrace(name string, steps, every, columns int) (*Trace, error) {
	if steps < 1 || every < 1 || columns < 1 || steps >= 1<<24 {
		return nil, fmt.Errorf("trace %s: want 1 to 2^24 steps, at least one of them and one monitor a row, got %d, %d and %d", name, steps, every, columns)
	}
	rows := (steps + every - 1) / every
	return &Trace{Values: blocks.NewParam(name+".trace", rows, columns), Step: blocks.NewParam(name+".step", 1), Every: every}, nil
}

// Rows are those that are complete: column j of row i is the mean of monitor j over steps
// i·Every+1, …, (i+1)·Every.
func (t *Trace) Rows() [][]float64 {
	steps, columns := int(t.Step.Value.Float32s()[0]), t.Values.Value.Shape()[1]
	out := make([][]float64, min(steps/t.Every, t.Values.Value.Shape()[0]))
	for i := range out {
		for _, v := range t.Values.Value.Float32s()[i*columns : (i+1)*columns] {
			out[i] = append(out[i], float64(v))
		}
	}
	return out
}

// add adds the trace to an objective's updates.
func (t *Trace) add(o *Objective) error {
	columns := t.Values.Value.Shape()[1]
	if columns > len(o.Monitors) {
		return fmt.Errorf("trace: want at most %d columns, a monitor each, got %d", len(o.Monitors), columns)
	}
	g := o.Monitors[0].Node.Graph()
	var c ops.Chain
	values, step := c.Do(t.Values.Node(g)), c.Do(t.Step.Node(g))
	if c.Err() != nil {
		return c.Err()
	}
	operands := G.Nodes{values, step}
	for _, m := range o.Monitors[:columns] {
		operands = append(operands, m.Node)
	}
	next := c.Do(ops.Apply(ops.Def{
		Name: fmt.Sprintf("trace(%d)", t.Every), Shape: tensor.Shape(values.Shape()),
		F32: traced[float32](t.Every, columns), F64: traced[float64](t.Every, columns),
	}, operands...))
	o.Updates = append(o.Updates, autodiff.Update{Target: values, Value: next}, autodiff.Update{Target: step, Value: c.Do(ops.Linear(step, 1, 1))})
	return c.Err()
}

// traced copies the trace and adds a step's share to its row.
func traced[T ops.Float](every, columns int) func(y []T, x [][]T) {
	return func(y []T, x [][]T) {
		copy(y, x[0])
		at := int(x[1][0]) / every * columns
		if at >= len(y) {
			return
		}
		for j := range columns {
			y[at+j] += x[2+j][0] / T(every)
		}
	}
}
