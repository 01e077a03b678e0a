package main

import (
	"fmt"
	"math"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/models"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// matched is the network of one unit a layer that learns as one of n units a layer does
// whose weights are all equal at the start. Such a layer acts as one unit with n times the
// weights leading out, but learns at other rates: with δ the sensitivity of the one unit,
// each of the n has δ/n, so that a step of rate η changes
//
//   - the first layer's weights, and all hidden biases, by η/n of the one unit's gradient,
//   - the weights between hidden layers, n times the n units' own, by η of it,
//   - the output layer's by nη of it.
//
// A weight a·v with v trained at η learns at a²η. a is thus 1/√n, 1 and √n.
type matched struct {
	*models.MLP           // its parameters are v
	weights     []float64 // a by layer
	biases      []float64
}

// newMatched turns a network of one unit a layer into that of n units a layer with the
// given value for all their weights.
func newMatched(net *models.MLP, n int, value float64) matched {
	root, last := math.Sqrt(float64(n)), len(net.Layers)-1
	m := matched{MLP: net}
	for l, d := range net.Layers {
		a, b, sum := 1.0, 1/root, float64(n)*value
		if l == 0 {
			a, sum = 1/root, value
		}
		if l == last {
			a, b = root, 1
		}
		w := d.W.Value.Float32s()
		for i := range w {
			w[i] = float32(sum / a)
		}
		m.weights, m.biases = append(m.weights, a), append(m.biases, b)
	}
	return m
}

// Objective is that of MLP with scaled parameters.
func (n matched) Objective(m int) (*models.Objective, error) {
	g := G.NewGraph()
	x := blocks.NewInput(g, tensor.Float32, "x", m, n.Inputs())
	t := blocks.NewInput(g, tensor.Float32, "t", m, n.Outputs())
	var c ops.Chain
	z := x
	for l, d := range n.Layers {
		W := c.Do(ops.Linear(c.Do(d.W.Node(g)), n.weights[l], 0))
		b := c.Do(ops.Linear(c.Do(d.B.Node(g)), n.biases[l], 0))
		z = c.Do(d.F.Apply(c.Do(ops.Affine(z, W, b, false))))
	}
	loss := c.Do(n.Output.Loss(z, t))
	wrong := c.Do(blocks.Misclassified(z, t))
	if c.Err() != nil {
		return nil, fmt.Errorf("matched network: %w", c.Err())
	}
	return &models.Objective{Inputs: G.Nodes{x, t}, Cost: loss, Monitors: []models.Monitor{
		{Name: "loss", Node: loss}, {Name: "error", Node: wrong, Sum: true},
	}}, nil
}

// Evaluation is Objective: nothing is drawn in it.
func (n matched) Evaluation(m int) (*models.Objective, error) { return n.Objective(m) }

// network has the weights themselves.
func (n matched) network() *models.MLP {
	out := &models.MLP{Output: n.Output}
	for l, d := range n.Layers {
		c := &blocks.Dense{W: d.W.Clone(d.W.Name), B: d.B.Clone(d.B.Name), F: d.F}
		for i := range c.W.Value.Float32s() {
			c.W.Value.Float32s()[i] *= float32(n.weights[l])
		}
		for i := range c.B.Value.Float32s() {
			c.B.Value.Float32s()[i] *= float32(n.biases[l])
		}
		out.Layers = append(out.Layers, c)
	}
	return out
}
