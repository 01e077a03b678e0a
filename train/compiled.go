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
	if o.Cost == nil || len(o.Inputs) < 1 || len(o.Inputs) > 2 {
		return nil, fmt.Errorf("want an objective with a cost and one or two inputs, got %d inputs", len(o.Inputs))
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
	f := &stepFunctions{inputs: len(o.Inputs)}
	var outputs G.Nodes
	for _, mon := range o.Monitors {
		outputs = append(outputs, mon.Node)
		f.monitors = append(f.monitors, mon)
	}
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
	if f.inputs == 1 {
		return f.plainOr(measured).Run(b.X)
	}
	return f.plainOr(measured).Run(b.X, b.T)
}
