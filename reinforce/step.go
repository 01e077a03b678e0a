package reinforce

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"capas/autodiff"
	"capas/blocks"
	"capas/models"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// step is one learning step on m rows, compiled: the gradient of a model's cost and the
// optimiser's update.
type step struct {
	run      *autodiff.Function
	state    *train.State
	params   []*blocks.Param
	monitors []models.Monitor
	values   []G.Value // those bound to the objective's inputs
	inputs   []*tensor.Dense
}

// newStep compiles the step, with tensors for the inputs. Steps of other sizes may share the
// optimiser's state.
func newStep(model train.Model, state *train.State, m int, compiler autodiff.Compiler) (*step, error) {
	s, err := buildStep(model, state, m, compiler)
	if err != nil {
		return nil, fmt.Errorf("learning step on %d rows: %w", m, err)
	}
	return s, nil
}

func buildStep(model train.Model, state *train.State, m int, compiler autodiff.Compiler) (*step, error) {
	o, err := model.Objective(m)
	if err != nil {
		return nil, err
	}
	params := model.Params()
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
	var outputs G.Nodes
	for _, mon := range o.Monitors {
		outputs = append(outputs, mon.Node)
	}
	s := &step{state: state, params: params, monitors: o.Monitors}
	s.inputs, s.values = bound(o.Inputs)
	s.run, err = compiler.Compile("step", o.Inputs, outputs, updates)
	return s, err
}

// bound are tensors for inputs.
func bound(inputs G.Nodes) (tensors []*tensor.Dense, values []G.Value) {
	for _, n := range inputs {
		t := tensor.New(tensor.WithShape(n.Shape()...), tensor.WithBacking(make([]float32, n.Shape().TotalSize())))
		tensors, values = append(tensors, t), append(values, t)
	}
	return tensors, values
}

// take takes the step on what is in the inputs and adds its monitors to the sums. A monitor or
// a parameter that is not finite then is an error that names it.
func (s *step) take(sums *tally) error {
	if err := s.run.Run(s.values...); err != nil {
		return err
	}
	for i, m := range s.monitors {
		v, err := s.run.Scalar(i)
		if err != nil {
			return err
		}
		if v-v != 0 {
			what := fmt.Sprintf("%s is %g", m.Name, v)
			return cmp.Or(finite(what+"; ", s.params), fmt.Errorf("%s: %w", what, train.ErrDiverged))
		}
		sums.monitors[i] += v
	}
	sums.steps++
	if err := s.state.Diverged(); err != nil {
		return cmp.Or(finite("", s.params), err)
	}
	return nil
}

// finite reports a parameter that is not, behind what is known already.
func finite(known string, params []*blocks.Param) error {
	for _, p := range params {
		for i, v := range p.Value.Float32s() {
			if v-v != 0 {
				return fmt.Errorf("%s%s[%d] is %g: %w", known, p.Name, i, v, train.ErrDiverged)
			}
		}
	}
	return nil
}

// slots are the optimiser's tensors, sorted by name.
func slots(state *train.State) []*blocks.Param {
	var out []*blocks.Param
	for _, p := range state.Slots {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *blocks.Param) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// actor computes a function of m observations.
type actor struct {
	run *autodiff.Function
	x   *tensor.Dense // (m,n)
}

// newActor compiles what build makes of the observations, a matrix (m,k).
func newActor(m, inputs int, build func(x *G.Node) (*G.Node, error), compiler autodiff.Compiler, name string) (*actor, error) {
	x := blocks.NewInput(G.NewGraph(), tensor.Float32, "x", m, inputs)
	y, err := build(x)
	if err != nil {
		return nil, err
	}
	a := &actor{x: matrix(m, inputs)}
	if a.run, err = compiler.Compile(name, G.Nodes{x}, G.Nodes{y}, nil); err != nil {
		return nil, err
	}
	return a, nil
}

// of lets the copies observe and returns what the function gives, row by row, until the next
// call.
func (a *actor) of(c *Copies) ([]float32, error) {
	c.Observe(a.x.Float32s())
	if err := a.run.Run(a.x); err != nil {
		return nil, err
	}
	return a.run.Output(0).Data().([]float32), nil
}
