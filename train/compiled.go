package train

import (
	"fmt"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/datasets"
	"capas/models"

	G "gorgonia.org/gorgonia"
)

// stepFunctions are the compiled steps for one batch size: the outputs of plain are
// the monitors, those of measured the monitors and the gradient norms.
type stepFunctions struct {
	plain, measured *autodiff.Function
	monitors, norms []models.Monitor
	inputs          int
}

// functions compiles the step for batches of m, once.
func (l *loop) functions(m int) (*stepFunctions, error) {
	if f, ok := l.compiled[m]; ok {
		return f, nil
	}
	f, err := l.compile(m)
	if err != nil {
		return nil, fmt.Errorf("training step for batches of %d: %w", m, err)
	}
	l.compiled[m] = f
	return f, nil
}

func (l *loop) compile(m int) (*stepFunctions, error) {
	o, err := l.trainer.Model.Objective(m)
	if err != nil {
		return nil, err
	}
	if o.Cost == nil {
		return nil, fmt.Errorf("want an objective with a cost")
	}
	outputs, err := monitored(o)
	if err != nil {
		return nil, err
	}
	leaves, err := blocks.Nodes(o.Cost.Graph(), l.params)
	if err != nil {
		return nil, err
	}
	grads, err := autodiff.Grad(o.Cost, leaves...)
	if err != nil {
		return nil, err
	}
	updates, err := l.state.Updates(l.params, leaves, grads)
	if err != nil {
		return nil, err
	}
	updates = append(updates, o.Updates...)
	f := &stepFunctions{monitors: o.Monitors, inputs: len(o.Inputs)}
	if f.plain, err = autodiff.Compile(o.Inputs, outputs, updates); err != nil {
		return nil, err
	}
	if l.trainer.Recipe.NormEvery == 0 {
		return f, nil
	}
	for i, g := range grads {
		n, err := ops.SumSquares(g)
		if err != nil {
			return nil, err
		}
		outputs = append(outputs, n)
		f.norms = append(f.norms, models.Monitor{Name: l.params[i].Name})
	}
	f.measured, err = autodiff.Compile(o.Inputs, outputs, updates)
	return f, err
}

func (f *stepFunctions) plainOr(measured bool) *autodiff.Function {
	if measured {
		return f.measured
	}
	return f.plain
}

func (f *stepFunctions) run(b datasets.Batch, measured bool) error {
	return runBatch(f.plainOr(measured), f.inputs, b)
}

// monitored returns the nodes of an objective's monitors, and an error if its inputs
// are not those of a batch.
func monitored(o *models.Objective) (G.Nodes, error) {
	if len(o.Inputs) < 1 || len(o.Inputs) > 2 {
		return nil, fmt.Errorf("want an objective with one or two inputs, examples and targets, got %d", len(o.Inputs))
	}
	var nodes G.Nodes
	for _, mon := range o.Monitors {
		nodes = append(nodes, mon.Node)
	}
	return nodes, nil
}

// runBatch runs a function of the examples, and of the targets if it has two inputs.
func runBatch(f *autodiff.Function, inputs int, b datasets.Batch) error {
	if inputs == 1 {
		return f.Run(b.X)
	}
	return f.Run(b.X, b.T)
}
