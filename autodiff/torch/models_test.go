//go:build libtorch && cgo

package torch

import (
	"maps"
	"slices"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/models"
	"capas/reinforce"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Steps of every model, by every optimiser in turn, leave what Capas's own leave.
func TestModels(t *testing.T) {
	kinds := train.Optimizers()
	i := 0
	all := networks()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t.Run(name, func(t *testing.T) {
			s := newShapes(t)
			e := all[name](t, s)
			for range 2 {
				o := train.Optimizer{Kind: kinds[i%len(kinds)], Rate: train.Constant(0.05), L2: 0.01, Epsilon: 1e-2}
				i++
				stepWith(t, o, e)
			}
		})
	}
	t.Run("pseudo-likelihood", func(t *testing.T) {
		s := newShapes(t)
		r := must(models.NewRBM("rbm", 6, 4, small, s.s))(t)
		v := leaf(G.NewGraph(), "v", s.uniform(0, 1, 5, 6))
		monitor, next, err := models.NewCyclicPseudoLikelihood(r).Monitor(v)
		if err != nil {
			t.Fatal(err)
		}
		checkNodes(t, monitor.Node, next.Value)
	})
	s := newShapes(t)
	e := networks()["mlp classes"](t, s)
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			stepWith(t, train.Optimizer{Kind: kind, Rate: train.Constant(0.05), Epsilon: 1e-2, MaxNorm: 0.7, Clip: 0.3}, e)
		})
	}
}

// stepWith takes some steps under a referee.
func stepWith(t *testing.T, o train.Optimizer, e example) {
	t.Helper()
	if o.Kind != "momentum" && o.Kind != "nesterov" {
		o.Momentum = train.Schedule{}
	} else {
		o.Momentum = train.Constant(0.9)
	}
	state := must(o.NewState(tensor.Float32))(t)
	r := referee(t)
	step := must(train.NewStepperWith(autodiff.Compiler{Backend: r}, e.model, state, e.batch.X.Shape()[0]))(t)
	for range 3 {
		state.Advance(0, 1)
		if err := step.Step(e.batch); err != nil {
			t.Fatal(err)
		}
	}
	agree(t, r, len(e.model.Params()))
}

// libtorch's own differentiation gives the symbolic gradient of every model's cost.
func TestModelGradients(t *testing.T) {
	for name, build := range networks() {
		t.Run(name, func(t *testing.T) {
			s := newShapes(t)
			e := build(t, s)
			o := must(e.model.Objective(e.batch.X.Shape()[0]))(t)
			for i, v := range []*tensor.Dense{e.batch.X, e.batch.T}[:len(o.Inputs)] {
				if err := G.UnsafeLet(o.Inputs[i], v); err != nil {
					t.Fatal(err)
				}
			}
			if o.Cost == nil { // of several players
				for _, p := range o.Players {
					checkGradients(t, p.Cost, differentiable(t, p.Cost, p.Params)...)
				}
				return
			}
			checkGradients(t, o.Cost, differentiable(t, o.Cost, e.model.Params())...)
		})
	}
}

// differentiable are the leaves of parameters that a cost depends on: not running statistics.
func differentiable(t *testing.T, cost *G.Node, params []*blocks.Param) (wrt G.Nodes) {
	t.Helper()
	for _, n := range must(blocks.Nodes(cost.Graph(), params))(t) {
		if _, err := autodiff.Grad(cost, n); err == nil {
			wrt = append(wrt, n)
		}
	}
	return wrt
}

// The means of rectified units and their slope, also where these are 0 but for rounding.
func TestRectifiedMeans(t *testing.T) {
	s := newShapes(t)
	m, n, k := s.size(3, 9), s.size(3, 9), s.size(3, 9)
	r := must(models.NewRBM("rbm", n, k, blocks.Gaussian(4), s.s))(t)
	r.HiddenUnits = models.RectifiedUnits()
	g := G.NewGraph()
	v := leaf(g, "v", s.mask(m, n))
	var c ops.Chain
	checkOf(t, &c, s, c.Do(r.Up(v)), append(G.Nodes{v}, must(blocks.Nodes(g, r.Params()[:2]))(t)...)...)
}

// The costs of agents.
func TestReinforcement(t *testing.T) {
	s := newShapes(t)
	m, n, k := s.size(3, 6), s.size(2, 5), s.size(2, 4)
	net := func(name string, outputs int) *models.MLP {
		return must(models.NewMLP(name, []int{n, s.size(3, 6), outputs}, blocks.Tanh(), blocks.Glorot(), blocks.Glorot(), s.s))(t)
	}
	goesOn := s.mask(m, 1)
	must(0, goesOn.Reshape(m))(t)
	for name, e := range map[string]struct {
		model  train.Model
		inputs []*tensor.Dense
	}{
		"q-learning": {must(reinforce.NewQLearning(net("q", k), 0.9, true))(t), []*tensor.Dense{s.normal(1, m, n), s.oneHot(m, k), s.normal(1, m), s.normal(1, m, n), goesOn}},
		"policy":     {&reinforce.Policy{Net: net("pi", k), Baseline: net("b", 1), Scale: 3}, []*tensor.Dense{s.normal(1, m, n), s.oneHot(m, k), s.normal(1, m), s.uniform(0, 1, m)}},
	} {
		t.Run(name, func(t *testing.T) {
			o := must(e.model.Objective(m))(t)
			for i, v := range e.inputs {
				must(0, G.UnsafeLet(o.Inputs[i], v))(t)
			}
			for _, m := range o.Monitors {
				checkNodes(t, m.Node)
			}
			checkGradients(t, o.Cost, differentiable(t, o.Cost, e.model.Params())...)
		})
	}
}

// The operations of associative memories, which have no training.
func TestMemories(t *testing.T) {
	s := newShapes(t)
	m, n := s.size(2, 5), s.size(5, 9)
	h := must(models.NewHopfield("hopfield", n))(t)
	s.s.Normal(h.W.Value.Float32s())
	s.s.Normal(h.B.Value.Float32s())
	states := s.mask(m, n)
	for i, v := range states.Float32s() {
		states.Float32s()[i] = 2*v - 1
	}
	g := G.NewGraph()
	x, keys, chosen := leaf(g, "s", states), leaf(g, "keys", s.normal(1, n)), leaf(g, "chosen", s.mask(1, n))
	var c ops.Chain
	some := c.Do(ops.Reshape(chosen, n))
	nodes := G.Nodes{c.Do(h.Energy(x)), c.Do(h.Update(x, nil)), c.Do(h.Update(x, some)), c.Do(h.Sweep(x, nil)), c.Do(h.Sweep(x, keys))}
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	checkNodes(t, nodes...)
	for _, f := range []models.Interaction{models.PolynomialInteraction(3), models.ExponentialInteraction(1), models.SoftmaxInteraction(2)} {
		d := must(models.NewDenseHopfield("dense", states, f))(t)
		at := leaf(G.NewGraph(), "s", states)
		checkNodes(t, must(d.Energy(at))(t), must(d.Update(at, nil))(t))
	}
}
