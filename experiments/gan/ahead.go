package main

import (
	"fmt"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/models"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// slopes measures the norms of the generator's gradient by the minimax loss and by the one without
// saturation, at the same networks and codes.
type slopes struct {
	f *autodiff.Function
	x *tensor.Dense
}

// The names of what slopes measures.
const (
	saturating = "minimax gradient"
	steady     = "non-saturating gradient"
)

func newSlopes(a *models.GAN, x, z *tensor.Dense) (*slopes, error) {
	g := G.NewGraph()
	in := blocks.NewInput(g, tensor.Float32, "x", x.Shape()...)
	codes, err := (&blocks.Param{Name: "codes", Value: z}).Node(g)
	if err != nil {
		return nil, err
	}
	var outputs G.Nodes
	for _, loss := range []models.GANLoss{models.Minimax(), models.NonSaturating()} {
		b := *a
		b.Loss = loss
		o, err := b.Game(in, codes, nil)
		if err != nil {
			return nil, err
		}
		generator := o.Players[1]
		leaves, err := blocks.Nodes(g, generator.Params)
		if err != nil {
			return nil, err
		}
		grads, err := autodiff.Grad(generator.Cost, leaves...)
		if err != nil {
			return nil, err
		}
		var c ops.Chain
		total := c.Do(ops.SumSquares(grads[0]))
		for _, d := range grads[1:] {
			total = c.Do(ops.Add(total, c.Do(ops.SumSquares(d))))
		}
		if outputs = append(outputs, c.Do(ops.Sqrt(total))); c.Err() != nil {
			return nil, c.Err()
		}
	}
	f, err := autodiff.Compile(G.Nodes{in}, outputs, nil)
	return &slopes{f, x}, err
}

// measure gives both norms.
func (s *slopes) measure() (train.Values, error) {
	if err := s.f.Run(s.x); err != nil {
		return nil, fmt.Errorf("gradients of the generator: %w", err)
	}
	var out train.Values
	for i, name := range []string{saturating, steady} {
		v, err := s.f.Scalar(i)
		if err != nil {
			return nil, err
		}
		out = append(out, train.Value{Name: name, Value: v})
	}
	return out, nil
}
