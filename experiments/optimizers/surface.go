package main

import (
	"fmt"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// surface is a function of two variables that has its minimum, 0, in one point.
type surface struct {
	key, name, formula string
	// curvature is a constant of the function, which makes it hard.
	curvature float64
	// value builds the values of points, all (n,1).
	value   func(x, y, curvature *G.Node) (*G.Node, error)
	minimum [2]float64
	// The map shows x from window[0] to window[1], y from window[2] to window[3].
	window [4]float64
	// Starts are uniform in x from starts[0] to starts[1], y from starts[2] to starts[3].
	starts [4]float64
}

// bowl is ½(x² + κy²), whose condition number is κ: the slope is κ times as steep along
// y as along x.
func bowl(condition float64) surface {
	return surface{
		key: "bowl", name: "the bowl", formula: "½(x² + κy²)", curvature: condition,
		value: func(x, y, curvature *G.Node) (*G.Node, error) {
			var c ops.Chain
			steep := c.Do(ops.Mul(curvature, c.Do(ops.Square(y))))
			return c.Do(ops.Scale(c.Do(ops.Add(c.Do(ops.Square(x)), steep)), 0.5)), c.Err()
		},
		window: [4]float64{-11, 4, -1.5, 1.5}, starts: [4]float64{-10, -7, 0.7, 1.2},
	}
}

// rosenbrock is (1−x)² + 100(y−x²)², a bent valley (Rosenbrock 1960), from the
// neighbourhood of the usual start (−1.2, 1).
func rosenbrock() surface {
	return surface{
		key: "rosenbrock", name: "Rosenbrock's valley", formula: "(1−x)² + 100(y−x²)²", curvature: 100,
		value: func(x, y, curvature *G.Node) (*G.Node, error) {
			var c ops.Chain
			floor := c.Do(ops.Square(c.Do(ops.Linear(x, -1, 1))))
			wall := c.Do(ops.Square(c.Do(ops.Sub(y, c.Do(ops.Square(x))))))
			return c.Do(ops.Add(floor, c.Do(ops.Mul(curvature, wall)))), c.Err()
		},
		minimum: [2]float64{1, 1}, window: [4]float64{-1.8, 1.8, -0.8, 2.4}, starts: [4]float64{-1.4, -1, 0.8, 1.2},
	}
}

// start is the seed's point of departure.
func (s surface) start(seed uint64) (x, y float64) {
	var u [2]float32
	random.New(seed).Split(s.key).Uniform(u[:])
	return s.starts[0] + float64(u[0])*(s.starts[1]-s.starts[0]), s.starts[2] + float64(u[1])*(s.starts[3]-s.starts[2])
}

// points are n points on a surface, as the parameters of a model whose cost is the sum
// of their values: the points do not depend on each other, and each optimiser moves all
// of them by the same rule. They are float64, so that rounding does not end a descent.
type points struct {
	surface
	x, y *blocks.Param // (n,1)
}

func newPoints(s surface, x, y []float64) *points {
	column := func(name string, v []float64) *blocks.Param {
		return &blocks.Param{Name: name, Value: tensor.New(tensor.WithShape(len(v), 1), tensor.WithBacking(append([]float64{}, v...)))}
	}
	return &points{s, column("x", x), column("y", y)}
}

// Params are the coordinates.
func (p *points) Params() []*blocks.Param { return []*blocks.Param{p.x, p.y} }

// Objective is the sum of the values; its input is the curvature, (m,1).
func (p *points) Objective(m int) (*models.Objective, error) {
	curvature, values, err := p.graph(m)
	if err != nil {
		return nil, err
	}
	var c ops.Chain
	return &models.Objective{Inputs: G.Nodes{curvature}, Cost: c.Do(ops.Sum(values))}, c.Err()
}

// graph builds the points' values, (m,1).
func (p *points) graph(m int) (curvature, values *G.Node, err error) {
	if n := p.x.Value.Shape()[0]; m != n {
		return nil, nil, fmt.Errorf("%s: want a batch of %d, the number of points, got %d", p.key, n, m)
	}
	g := G.NewGraph()
	curvature = blocks.NewInput(g, tensor.Float64, "curvature", m, 1)
	leaves, err := blocks.Nodes(g, p.Params())
	if err != nil {
		return nil, nil, err
	}
	values, err = p.value(leaves[0], leaves[1], curvature)
	return curvature, values, err
}

// batch is what the objective's input is bound to.
func (p *points) batch() datasets.Batch {
	v := make([]float64, p.x.Value.Shape()[0])
	for i := range v {
		v[i] = p.curvature
	}
	return datasets.Batch{X: tensor.New(tensor.WithShape(len(v), 1), tensor.WithBacking(v))}
}

// values compiles the function that returns the values of the points where they are when
// it is called; the result is overwritten by the next call.
func (p *points) values() (func() ([]float64, error), error) {
	b := p.batch()
	curvature, values, err := p.graph(b.X.Shape()[0])
	if err != nil {
		return nil, err
	}
	f, err := autodiff.Compile(G.Nodes{curvature}, G.Nodes{values}, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.key, err)
	}
	return func() ([]float64, error) {
		if err := f.Run(b.X); err != nil {
			return nil, err
		}
		return ops.Elements[float64](f.Output(0))
	}, nil
}
