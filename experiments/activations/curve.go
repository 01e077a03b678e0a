package main

import (
	"fmt"
	"math"
	"slices"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

const (
	// far is how far from 0 curves are measured.
	far = 10_000
	// gridStep is the distance of points up to |x| = 20.
	gridStep = 1. / 256
	// drawnTo is how far they are drawn, in steps of drawnStep.
	drawnTo, drawnStep = 6, 1. / 32
	// flatShare of the greatest derivative is the limit below which a unit is saturated.
	flatShare = 0.01
)

// curve is f and f′ of an activation on a grid.
type curve struct {
	f           blocks.Activation
	x, y, slope []float64
}

// properties are what is measured of a curve.
type properties struct {
	// steepest is the greatest f′, and steepestAt the x nearest to 0 where it is.
	steepest, steepestAt float64
	atZero               float64 // f′(0)
	least, most          float64 // of f
	// left and right are the |x| beyond which f′ is below flatShare of the greatest, on
	// the negative and the positive side; NaN if it is not so at the end of the grid.
	left, right float64
}

// grid is symmetric about 0, which is one of its points: in steps of gridStep up to 20, and
// by 1 % from there on.
func grid() []float64 {
	positive := []float64{}
	for i := 1; i <= 20/gridStep; i++ {
		positive = append(positive, float64(i)*gridStep)
	}
	for x := 20.0; x < far; {
		x = min(1.01*x, far)
		positive = append(positive, x)
	}
	out := []float64{0}
	for _, x := range positive {
		out = append(out, x, -x)
	}
	slices.Sort(out)
	return out
}

// newCurve computes f and, by its symbolic gradient, f′ in double precision.
func newCurve(f blocks.Activation) (*curve, error) {
	c := &curve{f: f, x: grid()}
	n := len(c.x)
	g := G.NewGraph()
	z := blocks.NewInput(g, tensor.Float64, "z", 1, n)
	y, err := f.Apply(z)
	if err != nil {
		return nil, fmt.Errorf("curve: %w", err)
	}
	total, err := ops.Sum(y)
	if err != nil {
		return nil, fmt.Errorf("curve: %w", err)
	}
	slope, err := autodiff.Grad(total, z) // an element of y depends on that of z alone
	if err != nil {
		return nil, fmt.Errorf("curve: %w", err)
	}
	compiled, err := autodiff.Compile(G.Nodes{z}, G.Nodes{y, slope[0]}, nil)
	if err != nil {
		return nil, fmt.Errorf("curve: %w", err)
	}
	defer compiled.Close()
	if err := compiled.Run(tensor.New(tensor.WithShape(1, n), tensor.WithBacking(slices.Clone(c.x)))); err != nil {
		return nil, fmt.Errorf("curve: %w", err)
	}
	for i, to := range []*[]float64{&c.y, &c.slope} {
		v, err := ops.Elements[float64](compiled.Output(i))
		if err != nil {
			return nil, fmt.Errorf("curve: %w", err)
		}
		*to = slices.Clone(v)
	}
	return c, nil
}

// properties reads them off the grid.
func (c *curve) properties() properties {
	zero := slices.Index(c.x, 0)
	p := properties{steepest: math.Inf(-1), atZero: c.slope[zero], least: slices.Min(c.y), most: slices.Max(c.y)}
	for i, s := range c.slope {
		if s > p.steepest || s == p.steepest && math.Abs(c.x[i]) < math.Abs(p.steepestAt) {
			p.steepest, p.steepestAt = s, c.x[i]
		}
	}
	p.left, p.right = c.flatFrom(0, 1, p.steepest), c.flatFrom(len(c.x)-1, -1, p.steepest)
	return p
}

// flatFrom goes from the given end of the grid towards 0 as long as f′ is below the limit,
// and returns the |x| where it came to.
func (c *curve) flatFrom(i, step int, steepest float64) float64 {
	at := math.NaN()
	for ; c.slope[i] < flatShare*steepest; i += step {
		at = math.Abs(c.x[i])
		if at == 0 {
			break
		}
	}
	return at
}

// bounded tells whether f stays below a hundredth of the largest |x|.
func (p properties) bounded() bool { return max(math.Abs(p.least), math.Abs(p.most)) < far/100 }

// drawn are the points that are drawn.
func (c *curve) drawn() (x, y, slope []float64) {
	for i, v := range c.x {
		if math.Abs(v) <= drawnTo && math.Mod(v, drawnStep) == 0 {
			x, y, slope = append(x, v), append(y, c.y[i]), append(slope, c.slope[i])
		}
	}
	return x, y, slope
}
