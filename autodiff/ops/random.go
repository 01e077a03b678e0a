package ops

import (
	"fmt"

	"capas/random"

	G "gorgonia.org/gorgonia"
)

// Bernoulli draws a 1 with probability p, otherwise a 0, for every element of p
// anew at each run, from the given stream. It is a constant to the gradient.
func Bernoulli(p *G.Node, s *random.Stream) (*G.Node, error) {
	return draw("bernoulli", p, s,
		func(y []float32, x [][]float32) { s.Bernoulli(y, x[0]) },
		func(y []float64, x [][]float64) { s.Bernoulli64(y, x[0]) })
}

// Mask draws a tensor of the shape of like whose elements are value with
// probability keep, otherwise 0, anew at each run. It is a constant to the gradient.
func Mask(like *G.Node, keep, value float64, s *random.Stream) (*G.Node, error) {
	if !(keep >= 0 && keep <= 1) {
		return nil, fmt.Errorf("mask: want a probability of keeping in [0,1], got %g", keep)
	}
	return draw("mask", like, s,
		func(y []float32, x [][]float32) { s.Mask(y, float32(keep), float32(value)) },
		func(y []float64, x [][]float64) { s.Mask64(y, keep, value) })
}

// Normal draws a tensor of the shape of like with elements N(0, sd), anew at each
// run. It is a constant to the gradient.
func Normal(like *G.Node, sd float64, s *random.Stream) (*G.Node, error) {
	if !(sd >= 0) {
		return nil, fmt.Errorf("normal: want a standard deviation of at least 0, got %g", sd)
	}
	return draw("normal", like, s,
		func(y []float32, x [][]float32) { s.Normal(y); scaleTo(y, y, float32(sd)) },
		func(y []float64, x [][]float64) { s.Normal64(y); scaleTo(y, y, sd) })
}

func draw(name string, x *G.Node, s *random.Stream, f32 func([]float32, [][]float32), f64 func([]float64, [][]float64)) (*G.Node, error) {
	if s == nil {
		return nil, fmt.Errorf("%s: no stream of random numbers", name)
	}
	return Apply(Def{Name: name, Shape: shapeOf(x), F32: f32, F64: f64, Impure: true}, x)
}
