package train

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Optimizer is the recipe of an optimiser. W is a parameter, g the gradient of the
// cost with respect to it plus L2·W, η the learning rate, μ the momentum.
//
//	sgd       W ← W − ηg
//	momentum  v ← μv − ηg; W ← W + v
//	nesterov  v ← μv − ηg; W ← W + μv − ηg (Sutskever et al. 2013)
//	rmsprop   s ← ρs + (1−ρ)g²; W ← W − ηg/(√s + ε) (Tieleman & Hinton 2012)
//	adam      m ← β₁m + (1−β₁)g; s ← β₂s + (1−β₂)g²;
//	          W ← W − η·m/(1−β₁ᵗ) / (√(s/(1−β₂ᵗ)) + ε) (Kingma & Ba 2015)
//
// Every field's default is PyTorch's. Batch gradient descent is sgd with the whole
// set as one batch, the lecture's SGD a batch of 1.
type Optimizer struct {
	Kind string `json:"kind"`
	// Rate is η.
	Rate Schedule `json:"rate"`
	// Momentum is μ of momentum and nesterov.
	Momentum Schedule `json:"momentum,omitzero"`
	// L2 is λ of the penalty (λ/2) Σ W² (lecture 3.4), on weights but not on biases.
	L2 float64 `json:"l2,omitempty"`
	// MaxNorm bounds the Euclidean norm of every column of a matrix of weights, those that
	// lead to one unit: after the step, longer columns are scaled down to it (Hinton et al.
	// 2012; Srivastava et al. 2014 use 3 or 4). 0 stands for no bound.
	MaxNorm float64 `json:"max_norm,omitempty"`
	// Clip bounds the Euclidean norm of the gradient of all parameters together, before L2·W is
	// added: a longer one is scaled down to it, as recurrent networks need it, whose gradients may
	// explode (Pascanu, Mikolov & Bengio 2013). 0 stands for no bound.
	Clip float64 `json:"clip,omitempty"`
	// Rho is ρ of rmsprop, by default 0.99.
	Rho float64 `json:"rho,omitempty"`
	// Beta1 and Beta2 are those of adam, by default 0.9 and 0.999.
	Beta1 float64 `json:"beta1,omitempty"`
	Beta2 float64 `json:"beta2,omitempty"`
	// Epsilon is ε of rmsprop and adam, by default 1e-8.
	Epsilon float64 `json:"epsilon,omitempty"`
}

// Optimizers lists the kinds.
func Optimizers() []string { return []string{"sgd", "momentum", "nesterov", "rmsprop", "adam"} }

// SGD is stochastic gradient descent at a constant rate.
func SGD(rate float64) Optimizer { return Optimizer{Kind: "sgd", Rate: Constant(rate)} }

// Check reports a recipe that makes no sense.
func (o Optimizer) Check() error {
	if !slices.Contains(Optimizers(), o.Kind) {
		return fmt.Errorf("optimizer %q is unknown, want one of %s", o.Kind, strings.Join(Optimizers(), ", "))
	}
	if err := o.Rate.check(o.Kind+": learning rate", 0, math.MaxFloat32); err != nil {
		return err
	}
	if err := o.Momentum.check(o.Kind+": momentum", 0, 1); err != nil {
		return err
	}
	for _, v := range []Value{{"rho", o.Rho}, {"beta1", o.Beta1}, {"beta2", o.Beta2}} {
		if !(v.Value >= 0 && v.Value < 1) {
			return fmt.Errorf("%s: want %s in [0,1), got %g", o.Kind, v.Name, v.Value)
		}
	}
	for _, v := range []Value{{"L2", o.L2}, {"max_norm", o.MaxNorm}, {"clip", o.Clip}, {"epsilon", o.Epsilon}} {
		if !(v.Value >= 0 && v.Value <= math.MaxFloat32) {
			return fmt.Errorf("%s: want %s of at least 0 and finite, got %g", o.Kind, v.Name, v.Value)
		}
	}
	return nil
}

// State is what an optimiser remembers between steps.
type State struct {
	recipe Optimizer
	// Slots holds v, s or m and s of the parameters, named after them.
	Slots map[string]*blocks.Param
	// Steps counts the steps taken, t.
	Steps int
	// The values of one step as the graphs read them: η (for adam η/(1−β₁ᵗ)), μ, and
	// 1/√(1−β₂ᵗ).
	rate, momentum, correction G.Value
	watch                      *watch
	players                    *players // nil but in a state of Recipe.NewState
	player                     string   // whose state it is, in names of leaves; "" if it is nobody's own
}

// NewState returns the state before the first step on parameters of the given dtype.
func (o Optimizer) NewState(dt tensor.Dtype) (*State, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	o.Rho, o.Beta1, o.Beta2, o.Epsilon = or(o.Rho, 0.99), or(o.Beta1, 0.9), or(o.Beta2, 0.999), or(o.Epsilon, 1e-8)
	scalar := func() G.Value { return ops.NewValue(dt, nil) }
	return &State{recipe: o, Slots: map[string]*blocks.Param{}, rate: scalar(), momentum: scalar(), correction: scalar(), watch: &watch{}}, nil
}

func or(v, byDefault float64) float64 {
	if v == 0 {
		return byDefault
	}
	return v
}

// Advance sets the values of the next step, which is in the given epoch.
func (s *State) Advance(epoch, epochs int) {
	s.Steps++
	s.prepare(epoch, epochs)
	s.players.advance(s.Steps, epoch, epochs)
}

// prepare sets the values of step number s.Steps.
func (s *State) prepare(epoch, epochs int) {
	rate := s.recipe.Rate.At(epoch, epochs)
	if s.recipe.Kind == "adam" {
		t := float64(s.Steps)
		rate /= 1 - math.Pow(s.recipe.Beta1, t)
		set(s.correction, 1/math.Sqrt(1-math.Pow(s.recipe.Beta2, t)))
	}
	set(s.rate, rate)
	set(s.momentum, s.recipe.Momentum.At(epoch, epochs))
}

func set(v G.Value, x float64) {
	switch v := v.(type) {
	case *G.F32:
		*v = G.F32(x)
	case *G.F64:
		*v = G.F64(x)
	}
}

// Updates builds one step: the new values of the parameters, whose leaves are W, from
// the gradients g of the cost, and those of the optimiser's own tensors.
func (s *State) Updates(params []*blocks.Param, W, g G.Nodes) ([]autodiff.Update, error) {
	if len(params) != len(W) || len(W) != len(g) {
		return nil, fmt.Errorf("%s: want one gradient a parameter, got %d parameters and %d gradients", s.recipe.Kind, len(W), len(g))
	}
	var out []autodiff.Update
	if s.recipe.Clip > 0 {
		var err error
		if g, err = clipped(g, s.recipe.Clip); err != nil {
			return nil, fmt.Errorf("%s: clipping: %w", s.recipe.Kind, err)
		}
	}
	for i, p := range params {
		u, err := s.update(p, W[i], g[i])
		if err == nil && s.recipe.MaxNorm > 0 && p.Value.Dims() == 2 {
			last := &u[len(u)-1]
			last.Value, err = bounded(last.Value, s.recipe.MaxNorm)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: step of %s: %w", s.recipe.Kind, p.Name, err)
		}
		out = append(out, u...)
	}
	return out, nil
}

// update builds the step of a parameter. The last of its updates is that of W.
func (s *State) update(p *blocks.Param, W, g *G.Node) ([]autodiff.Update, error) {
	o := s.recipe
	if p.Value.Dims() < 2 {
		o.L2 = 0
	}
	graph, watched := W.Graph(), s.watch.of(p.Name)
	var c ops.Chain
	rate := c.Do(s.leaf(graph, "rate", s.rate))
	switch o.Kind {
	case "sgd":
		next := c.Do(step(sgd(o.L2), watched, W, g, rate))
		return []autodiff.Update{{Target: W, Value: next}}, c.Err()
	case "momentum", "nesterov":
		momentum := c.Do(s.leaf(graph, "momentum", s.momentum))
		v := c.Do(s.slot(graph, p, "velocity"))
		nextV := c.Do(step(velocity(o.L2), nil, v, W, g, rate, momentum))
		var next *G.Node
		if o.Kind == "nesterov" {
			next = c.Do(step(nesterov(o.L2), watched, W, nextV, g, rate, momentum))
		} else {
			next = c.Do(step(moved(), watched, W, nextV))
		}
		return []autodiff.Update{{Target: v, Value: nextV}, {Target: W, Value: next}}, c.Err()
	case "rmsprop":
		sq := c.Do(s.slot(graph, p, "square"))
		nextSq := c.Do(step(average("square", o.L2, o.Rho, true), nil, sq, W, g))
		next := c.Do(step(rmsprop(o.L2, o.Epsilon), watched, W, nextSq, g, rate))
		return []autodiff.Update{{Target: sq, Value: nextSq}, {Target: W, Value: next}}, c.Err()
	default: // adam
		correction := c.Do(s.leaf(graph, "correction", s.correction))
		m, sq := c.Do(s.slot(graph, p, "mean")), c.Do(s.slot(graph, p, "square"))
		nextM := c.Do(step(average("mean", o.L2, o.Beta1, false), nil, m, W, g))
		nextSq := c.Do(step(average("square", o.L2, o.Beta2, true), nil, sq, W, g))
		next := c.Do(step(adam(o.Epsilon), watched, W, nextM, nextSq, rate, correction))
		return []autodiff.Update{{Target: m, Value: nextM}, {Target: sq, Value: nextSq}, {Target: W, Value: next}}, c.Err()
	}
}

// leaf binds one of the step's values to a leaf of the graph.
func (s *State) leaf(g *G.ExprGraph, name string, v G.Value) (*G.Node, error) {
	name = "optimizer." + s.player + name
	if same := g.ByName(name); len(same) > 0 {
		if same[0].Op() != nil || same[0].Value() != v {
			return nil, fmt.Errorf("the graph has another node %s", name)
		}
		return same[0], nil
	}
	n := G.NewScalar(g, v.Dtype(), G.WithName(name))
	return n, G.UnsafeLet(n, v)
}

// slot returns the leaf of a tensor that the optimiser keeps for a parameter, 0 at
// first.
func (s *State) slot(g *G.ExprGraph, p *blocks.Param, what string) (*G.Node, error) {
	name := p.Name + "." + what
	t, ok := s.Slots[name]
	if !ok {
		t = &blocks.Param{Name: name, Value: tensor.New(tensor.Of(p.Value.Dtype()), tensor.WithShape(p.Value.Shape()...))}
		s.Slots[name] = t
	}
	if !t.Value.Shape().Eq(p.Value.Shape()) {
		return nil, fmt.Errorf("%s: want shape %v, got %v", name, p.Value.Shape(), t.Value.Shape())
	}
	return t.Node(g)
}
