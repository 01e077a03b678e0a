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
	// answers are the moves of the players after the first, where they take turns.
	answers []answer
	state   *State
}

// answer is a player's move.
type answer struct {
	player string
	every  int // steps
	move   *autodiff.Function
}

// NewStepper compiles the steps on batches of m examples by an optimiser in the given
// state, the same that [Trainer] takes. Steppers of other batch sizes may share the
// state.
func NewStepper(model Model, state *State, m int) (*Stepper, error) {
	return NewStepperWith(autodiff.Compiler{}, model, state, m)
}

// NewStepperWith is NewStepper by the given compiler, which calls the functions "step", or
// "measured step" with gradient norms, and the moves of players that answer "step of" each.
func NewStepperWith(c autodiff.Compiler, model Model, state *State, m int) (*Stepper, error) {
	return compile(c, model, model.Params(), state, m, false)
}

// Step trains on one batch. State.Advance comes before it.
func (s *Stepper) Step(b datasets.Batch) error { return s.step(b, false) }

func (s *Stepper) step(b datasets.Batch, measured bool) error {
	if err := runBatch(s.plainOr(measured), s.inputs, b); err != nil {
		return err
	}
	for _, a := range s.answers {
		if s.state.Steps%a.every != 0 {
			continue
		}
		if err := runBatch(a.move, s.inputs, b); err != nil {
			return fmt.Errorf("player %s: %w", a.player, err)
		}
	}
	return nil
}

// functions are what a step runs, without gradient norms.
func (s *Stepper) functions() []*autodiff.Function {
	out := []*autodiff.Function{s.plain}
	for _, a := range s.answers {
		out = append(out, a.move)
	}
	return out
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
	s, err := compile(l.trainer.Compiler, l.trainer.Model, l.params, l.state, m, l.trainer.Recipe.NormEvery > 0)
	if err != nil {
		return nil, err
	}
	l.compiled[m] = s
	return s, nil
}

// compile makes a stepper, with measured if norms are wanted.
func compile(c autodiff.Compiler, model Model, params []*blocks.Param, state *State, m int, norms bool) (*Stepper, error) {
	s, err := build(c, model, params, state, m, norms)
	if err != nil {
		return nil, fmt.Errorf("training step for batches of %d: %w", m, err)
	}
	return s, nil
}

func build(c autodiff.Compiler, model Model, params []*blocks.Param, state *State, m int, norms bool) (*Stepper, error) {
	o, err := model.Objective(m)
	if err != nil {
		return nil, err
	}
	moves, err := turns(o, optimised(params, o), state)
	if err != nil {
		return nil, err
	}
	outputs, err := monitored(o)
	if err != nil {
		return nil, err
	}
	if norms && len(moves) > 1 {
		return nil, fmt.Errorf("gradient norms: want players that move at once, got %d that take turns", len(moves))
	}
	first := moves[0]
	updates := append(first.updates, o.Updates...)
	s := &Stepper{monitors: o.Monitors, inputs: len(o.Inputs), state: state}
	if s.plain, err = c.Compile("step", o.Inputs, outputs, updates); err != nil {
		return nil, err
	}
	for _, t := range moves[1:] {
		f, err := c.Compile("step of "+t.player, o.Inputs, nil, t.updates)
		if err != nil {
			return nil, fmt.Errorf("player %s: %w", t.player, err)
		}
		s.answers = append(s.answers, answer{t.player, t.every, f})
	}
	if !norms {
		return s, nil
	}
	for i, g := range first.grads {
		n, err := ops.SumSquares(g)
		if err != nil {
			return nil, err
		}
		outputs = append(outputs, n)
		s.norms = append(s.norms, models.Monitor{Name: first.params[i].Name})
	}
	s.measured, err = c.Compile("measured step", o.Inputs, outputs, updates)
	return s, err
}

// optimised are the parameters that the optimiser changes: not those that the objective's own
// updates do, such as the running statistics of batch normalisation.
func optimised(params []*blocks.Param, o *models.Objective) (out []*blocks.Param) {
	for _, p := range params {
		if !slices.ContainsFunc(o.Updates, func(u autodiff.Update) bool { return updated(u, []*blocks.Param{p}) != nil }) {
			out = append(out, p)
		}
	}
	return out
}

// updated is that of the parameters whose tensor an update changes; nil for none.
func updated(u autodiff.Update, params []*blocks.Param) *blocks.Param {
	for _, p := range params {
		if u.Target != nil && u.Target.Value() == G.Value(p.Value) {
			return p
		}
	}
	return nil
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
