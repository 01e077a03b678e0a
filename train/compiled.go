package train

import (
	"fmt"
	"slices"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/datasets"
	"capas/models"

	G "gorgonia.org/gorgonia"
)

// Stepper trains a model on batches of one size, a step a batch: the gradient of its
// cost and the optimiser's update, compiled into one function.
type Stepper struct {
	// The outputs of plain are the monitors, those of measured the monitors and the
	// gradient norms.
	plain, measured *autodiff.Function
	monitors, norms []models.Monitor
	inputs          int
}

// NewStepper compiles the steps on batches of m examples by an optimiser in the given
// state, the same that [Trainer] takes. Steppers of other batch sizes may share the
// state.
func NewStepper(model Model, state *State, m int) (*Stepper, error) {
	return compile(model, model.Params(), state, m, false)
}

// Step trains on one batch. State.Advance comes before it.
func (s *Stepper) Step(b datasets.Batch) error { return s.step(b, false) }

// SetProfile makes later steps record what their operations cost in p, as the function
// "step", or "measured step" with gradient norms; nil ends that.
func (s *Stepper) SetProfile(p *autodiff.Profile) {
	s.plain.SetProfile(p, "step")
	if s.measured != nil {
		s.measured.SetProfile(p, "measured step")
	}
}

func (s *Stepper) step(b datasets.Batch, measured bool) error {
	return runBatch(s.plainOr(measured), s.inputs, b)
}

func (s *Stepper) plainOr(measured bool) *autodiff.Function {
	if measured {
		return s.measured
	}
	return s.plain
}

// stepper compiles the steps on batches of m, once.
func (l *loop) stepper(m int) (*Stepper, error) {
	if s, ok := l.compiled[m]; ok {
		return s, nil
	}
	s, err := compile(l.trainer.Model, l.params, l.state, m, l.trainer.Recipe.NormEvery > 0)
	if err != nil {
		return nil, err
	}
	s.SetProfile(l.trainer.Profile)
	l.compiled[m] = s
	return s, nil
}

// compile makes a stepper, with measured if norms are wanted.
func compile(model Model, params []*blocks.Param, state *State, m int, norms bool) (*Stepper, error) {
	s, err := build(model, params, state, m, norms)
	if err != nil {
		return nil, fmt.Errorf("training step for batches of %d: %w", m, err)
	}
	return s, nil
}

func build(model Model, params []*blocks.Param, state *State, m int, norms bool) (*Stepper, error) {
	o, err := model.Objective(m)
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
	params = optimised(params, o)
	leaves, err := blocks.Nodes(o.Cost.Graph(), params)
	if err != nil {
		return nil, err
	}
	grads, err := autodiff.Grad(o.Cost, leaves...)
	if err != nil {
		return nil, err
	}
	updates, err := state.Updates(params, leaves, grads)
	if err != nil {
		return nil, err
	}
	updates = append(updates, o.Updates...)
	s := &Stepper{monitors: o.Monitors, inputs: len(o.Inputs)}
	if s.plain, err = autodiff.Compile(o.Inputs, outputs, updates); err != nil || !norms {
		return s, err
	}
	for i, g := range grads {
		n, err := ops.SumSquares(g)
		if err != nil {
			return nil, err
		}
		outputs = append(outputs, n)
		s.norms = append(s.norms, models.Monitor{Name: params[i].Name})
	}
	s.measured, err = autodiff.Compile(o.Inputs, outputs, updates)
	return s, err
}

// optimised are the parameters that the optimiser changes: not those that the objective's own
// updates do, such as the running statistics of batch normalisation.
func optimised(params []*blocks.Param, o *models.Objective) (out []*blocks.Param) {
	for _, p := range params {
		if !slices.ContainsFunc(o.Updates, func(u autodiff.Update) bool { return u.Target != nil && u.Target.Value() == G.Value(p.Value) }) {
			out = append(out, p)
		}
	}
	return out
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
