package main

import (
	"capas/autodiff/ops"
	"capas/models"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// memoryGenerator draws what an associative memory recalls from images: units −1 or 1, which
// stand for black and white, updated in steps. Nil of any other model.
func memoryGenerator(model any) *generator {
	g := &generator{start: "data", step: "step"}
	var step func(s *random.Stream) func(G.Nodes) (G.Nodes, error)
	switch m := model.(type) {
	case *models.Hopfield:
		g.inputs = m.Units()
		step = func(s *random.Stream) func(G.Nodes) (G.Nodes, error) {
			return func(states G.Nodes) (G.Nodes, error) {
				var c ops.Chain
				order := c.Do(ops.Normal(c.Do(m.B.Node(states[0].Graph())), 1, s))
				return G.Nodes{c.Do(m.Sweep(states[0], order))}, c.Err()
			}
		}
	case *models.DenseHopfield:
		g.inputs = m.Units()
		step = func(*random.Stream) func(G.Nodes) (G.Nodes, error) {
			return func(states G.Nodes) (G.Nodes, error) {
				next, err := m.Update(states[0], nil)
				return G.Nodes{next}, err
			}
		}
	case *models.BAM:
		g.inputs = m.Visible()
	default:
		return nil
	}
	g.sample = func(start *tensor.Dense, _ []int, steps int, s *random.Stream) (*tensor.Dense, error) {
		x := make([]float32, start.DataSize())
		for i, v := range start.Float32s() {
			if x[i] = -1; v >= 0.5 {
				x[i] = 1
			}
		}
		states := tensor.New(tensor.WithShape(start.Shape()...), tensor.WithBacking(x))
		var run *models.Recall
		var err error
		if b, ok := model.(*models.BAM); ok {
			run, err = b.RecallUp(states)
		} else {
			run, err = models.NewRecall(step(s), states)
		}
		if err != nil {
			return nil, err
		}
		defer run.Close()
		if _, _, err := run.Run(steps, 0); err != nil {
			return nil, err
		}
		out := run.States[0]
		for i, v := range out.Float32s() {
			out.Float32s()[i] = (v + 1) / 2
		}
		return out, nil
	}
	return g
}
