// Package gradcheck serves the tests of every package that builds graphs: it compares
// symbolic gradients with central differences ([First], [Second], [Both]), and what a
// compiled function computes with what Gorgonia's TapeMachine computes ([Compiled],
// [OnTape], [Same]).
package gradcheck

import (
	"fmt"
	"math"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Case is an expression of float64 tensors whose gradient is checked.
type Case struct {
	// Inputs are bound to the leaves x0, x1, …; keep them off the kinks of the
	// expression. They are perturbed in place and restored.
	Inputs []*tensor.Dense
	// Build makes the expression, of any shape, from the leaves. An expression that
	// is no scalar is weighted with fixed normal numbers and summed.
	Build func(g *G.ExprGraph, x G.Nodes) (*G.Node, error)
	// Before is called before each evaluation, to reset the streams from which the
	// expression draws; nil if there are none.
	Before func()
	// Tol bounds |symbolic − numeric| / max(1, |numeric|); 0 means 1e-7. A step of
	// 1e-5 leaves an error of about 1e-10 where the third derivative is near 1.
	Tol float64
}

const step = 1e-5

// First checks the gradient with respect to every element of every input.
func First(t testing.TB, c Case) {
	t.Helper()
	g, x := c.leaves()
	cost, err := c.cost(g, x)
	if err != nil {
		t.Fatal(err)
	}
	c.compare(t, "gradient", cost, x)
}

// Second checks the gradient of s = Σ_i ⟨∂cost/∂x_i, r_i⟩ for fixed normal r_i: every
// row of the Hessian takes part. An input on which s does not depend must give
// numeric derivatives of 0.
func Second(t testing.TB, c Case) {
	t.Helper()
	g, x := c.leaves()
	cost, err := c.cost(g, x)
	if err != nil {
		t.Fatal(err)
	}
	grads, err := autodiff.Grad(cost, x...)
	if err != nil {
		t.Fatal(err)
	}
	var ch ops.Chain
	var s *G.Node
	for i, d := range grads {
		term := ch.Do(weighted(d, fmt.Sprintf("second %d", i)))
		if s == nil {
			s = term
		} else {
			s = ch.Do(ops.Add(s, term))
		}
	}
	if ch.Err() != nil {
		t.Fatal(ch.Err())
	}
	c.compare(t, "second derivative", s, x)
}

// Both is First and Second.
func Both(t testing.TB, c Case) {
	t.Helper()
	First(t, c)
	Second(t, c)
}

// Tensor returns a float64 tensor whose elements have absolute values in [0.1, 1.5)
// and either sign: away from kinks at 0.
func Tensor(s *random.Stream, shape ...int) *tensor.Dense {
	d := tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(shape...))
	r := s.Rand()
	for i := range d.Float64s() {
		v := 0.1 + 1.4*r.Float64()
		if r.IntN(2) == 0 {
			v = -v
		}
		d.Float64s()[i] = v
	}
	return d
}

// Leaf adds a leaf to which v is bound.
func Leaf(g *G.ExprGraph, name string, v *tensor.Dense) *G.Node {
	return G.NewTensor(g, v.Dtype(), v.Dims(), G.WithShape(v.Shape()...), G.WithName(name), G.WithValue(v))
}

func (c Case) leaves() (*G.ExprGraph, G.Nodes) {
	g := G.NewGraph()
	x := make(G.Nodes, len(c.Inputs))
	for i, v := range c.Inputs {
		x[i] = Leaf(g, fmt.Sprintf("x%d", i), v)
	}
	return g, x
}

func (c Case) cost(g *G.ExprGraph, x G.Nodes) (*G.Node, error) {
	y, err := c.Build(g, x)
	if err != nil {
		return nil, err
	}
	return weighted(y, "first")
}

// weighted is the sum of y times fixed normal numbers.
func weighted(y *G.Node, label string) (*G.Node, error) {
	if y.Shape().Dims() == 0 {
		return y, nil
	}
	w := tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(y.Shape()...))
	random.New(1).Split(label).Normal64(w.Float64s())
	var c ops.Chain
	return c.Do(ops.Sum(c.Do(ops.Mul(y, Leaf(y.Graph(), "weights "+label, w))))), c.Err()
}

func (c Case) compare(t testing.TB, what string, cost *G.Node, x G.Nodes) {
	t.Helper()
	value, err := autodiff.Compile(nil, G.Nodes{cost}, nil)
	if err != nil {
		t.Fatal(err)
	}
	tol := c.Tol
	if tol == 0 {
		tol = 1e-7
	}
	for i, in := range c.Inputs {
		symbolic := c.gradient(t, cost, x[i])
		e := in.Float64s()
		for j, old := range e {
			e[j] = old + step
			up := c.evaluate(t, value)
			e[j] = old - step
			down := c.evaluate(t, value)
			e[j] = old
			numeric := (up - down) / (2 * step)
			if d := math.Abs(symbolic[j] - numeric); !(d <= tol*math.Max(1, math.Abs(numeric))) {
				t.Errorf("%s by x%d[%d]: symbolic %.9g, central difference %.9g", what, i, j, symbolic[j], numeric)
			}
		}
	}
}

// gradient returns the symbolic gradient, or zeros where cost does not depend on x.
func (c Case) gradient(t testing.TB, cost, x *G.Node) []float64 {
	t.Helper()
	out := make([]float64, x.Shape().TotalSize())
	d, err := autodiff.Grad(cost, x)
	if err != nil {
		return out // a wrong refusal shows as a difference from the numeric derivative
	}
	if !d[0].Shape().Eq(x.Shape()) {
		t.Fatalf("gradient by %s: want shape %v, got %v", x.Name(), x.Shape(), d[0].Shape())
	}
	f, err := autodiff.Compile(nil, d, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.run(t, f)
	e, err := ops.Elements[float64](f.Output(0))
	if err != nil {
		t.Fatal(err)
	}
	copy(out, e)
	return out
}

func (c Case) evaluate(t testing.TB, f *autodiff.Function) float64 {
	t.Helper()
	c.run(t, f)
	v, err := f.Scalar(0)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (c Case) run(t testing.TB, f *autodiff.Function) {
	t.Helper()
	if c.Before != nil {
		c.Before()
	}
	if err := f.RunAll(); err != nil {
		t.Fatal(err)
	}
}
