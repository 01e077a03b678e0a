package ops

import (
	"fmt"

	"capas/internal/kernels"
	"capas/random"

	G "gorgonia.org/gorgonia"
)

// Draw is the kernel of an operation that draws random numbers: an element from each
// word that it reserves of the stream. F32 and F64 compute the elements from number
// first on, so that they may be drawn in parts.
type Draw struct {
	Stream *random.Stream
	F32    func(y []float32, x [][]float32, d random.Draw, first int)
	F64    func(y []float64, x [][]float64, d random.Draw, first int)
}

func (d *Draw) all32(y []float32, x [][]float32) { d.F32(y, x, d.Stream.Reserve(len(y)), 0) }
func (d *Draw) all64(y []float64, x [][]float64) { d.F64(y, x, d.Stream.Reserve(len(y)), 0) }

// Bernoulli draws a 1 with probability p, otherwise a 0, for every element of p
// anew at each run, from the given stream. It is a constant to the gradient.
func Bernoulli(p *G.Node, s *random.Stream) (*G.Node, error) {
	return draw("bernoulli", p, Draw{
		Stream: s,
		F32:    func(y []float32, x [][]float32, d random.Draw, first int) { d.Bernoulli(y, x[0], first) },
		F64:    func(y []float64, x [][]float64, d random.Draw, first int) { d.Bernoulli64(y, x[0], first) },
	})
}

// Mask draws a tensor of the shape of like whose elements are value with
// probability keep, otherwise 0, anew at each run. It is a constant to the gradient.
func Mask(like *G.Node, keep, value float64, s *random.Stream) (*G.Node, error) {
	if !(keep >= 0 && keep <= 1) {
		return nil, fmt.Errorf("mask: want a probability of keeping in [0,1], got %g", keep)
	}
	return draw("mask", like, Draw{
		Stream: s,
		F32: func(y []float32, x [][]float32, d random.Draw, first int) {
			d.Mask(y, float32(keep), float32(value), first)
		},
		F64: func(y []float64, x [][]float64, d random.Draw, first int) { d.Mask64(y, keep, value, first) },
	})
}

// Normal draws a tensor of the shape of like with elements N(0, sd), anew at each
// run. It is a constant to the gradient.
func Normal(like *G.Node, sd float64, s *random.Stream) (*G.Node, error) {
	if !(sd >= 0) {
		return nil, fmt.Errorf("normal: want a standard deviation of at least 0, got %g", sd)
	}
	return draw("normal", like, Draw{
		Stream: s,
		F32: func(y []float32, x [][]float32, d random.Draw, first int) {
			d.Normal(y, first)
			kernels.Scale(y, y, float32(sd))
		},
		F64: func(y []float64, x [][]float64, d random.Draw, first int) {
			d.Normal64(y, first)
			scaleTo(y, y, sd)
		},
	})
}

func draw(name string, x *G.Node, d Draw) (*G.Node, error) {
	if d.Stream == nil {
		return nil, fmt.Errorf("%s: no stream of random numbers", name)
	}
	return Apply(Def{Name: name, Shape: shapeOf(x), Draw: &d, Elementwise: true}, x)
}

// Uniform draws a tensor of the shape of like with elements uniform in [0,1), anew at each
// run. It is a constant to the gradient.
func Uniform(like *G.Node, s *random.Stream) (*G.Node, error) {
	return draw("uniform", like, Draw{
		Stream: s,
		F32:    func(y []float32, x [][]float32, d random.Draw, first int) { d.Uniform(y, first) },
		F64:    func(y []float64, x [][]float64, d random.Draw, first int) { d.Uniform64(y, first) },
	})
}
