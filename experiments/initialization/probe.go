package main

import (
	"fmt"
	"math"
	"slices"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/models"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// layer is what a probe finds at a hidden layer. Variances are over all its units and all
// examples.
type layer struct {
	// Z is the variance of the pre-activations, H that of the activations.
	Z, H float64
	// Delta is the variance of δ, the gradient of an example's loss with respect to the
	// pre-activations: the lecture's sensitivity.
	Delta float64
	// Saturated is the share of activations whose derivative is below a hundredth of the
	// greatest that the activation has.
	Saturated float64
}

// probe measures the hidden layers of a network on m examples.
type probe struct {
	depth, m int
	flat     float32 // the derivative below which a unit is saturated
	f        *autodiff.Function
}

// newProbe compiles the measurement: the symbolic gradient of the loss with respect to
// the pre-activations of all hidden layers, and that of the sum of a layer's activations,
// which is f′. steepest is the greatest f′ of the activation.
func newProbe(net *models.MLP, m int, steepest float64) (*probe, error) {
	g := G.NewGraph()
	x := blocks.NewInput(g, tensor.Float32, "x", m, net.Inputs())
	t := blocks.NewInput(g, tensor.Float32, "t", m, net.Outputs())
	var c ops.Chain
	var z, h G.Nodes
	value := x
	depth := len(net.Layers) - 1
	for _, d := range net.Layers[:depth] {
		z = append(z, c.Do(d.Logits(value)))
		value = c.Do(d.F.Apply(z[len(z)-1]))
		h = append(h, value)
	}
	logits := c.Do(net.Layers[depth].Forward(value))
	loss := c.Do(net.Output.Loss(logits, t))
	outputs := G.Nodes{c.Do(blocks.Softmax().Apply(logits))}
	if c.Err() != nil {
		return nil, fmt.Errorf("probe: %w", c.Err())
	}
	outputs = append(append(outputs, z...), h...)
	delta, err := autodiff.Grad(loss, slices.Clone(z)...)
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	outputs = append(outputs, delta...)
	for l := range depth {
		slope, err := slopeOf(h[l], z[l])
		if err != nil {
			return nil, fmt.Errorf("probe: %w", err)
		}
		outputs = append(outputs, slope)
	}
	f, err := autodiff.Compile(G.Nodes{x, t}, outputs, nil)
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	return &probe{depth, m, float32(steepest * saturatedBelow), f}, nil
}

// slopeOf builds f′(z) of h = f(z).
func slopeOf(h, z *G.Node) (*G.Node, error) {
	var c ops.Chain
	sum := c.Do(ops.Sum(h))
	if c.Err() != nil {
		return nil, c.Err()
	}
	slope, err := autodiff.Grad(sum, z)
	if err != nil {
		return nil, err
	}
	return slope[0], nil
}

// saturatedBelow is the share of the greatest derivative below which a unit counts as
// saturated. For tanh it is where |f| is within half a percent of its bound.
const saturatedBelow = 0.01

// sureAbove is the probability of a class above which the output is sure.
const sureAbove = 0.99

// run measures on examples x (m,n) with targets t, and tells for which share of them the
// output is sure of a class.
func (p *probe) run(x, t *tensor.Dense) (layers []layer, sure float64, err error) {
	if err := p.f.Run(x, t); err != nil {
		return nil, 0, fmt.Errorf("probe: %w", err)
	}
	y, err := p.output(0)
	if err != nil {
		return nil, 0, err
	}
	for i := range p.m {
		if slices.Max(y[i*len(y)/p.m:(i+1)*len(y)/p.m]) > sureAbove {
			sure += 1 / float64(p.m)
		}
	}
	layers = make([]layer, p.depth)
	for l := range layers {
		s := &layers[l]
		for i, f := range []func([]float32){
			func(z []float32) { s.Z = variance(z) },
			func(h []float32) { s.H = variance(h) },
			// The loss is a mean over the examples, δ is of one.
			func(d []float32) { s.Delta = variance(d) * float64(p.m) * float64(p.m) },
			func(slope []float32) { s.Saturated = below(slope, p.flat) },
		} {
			v, err := p.output(1 + i*p.depth + l)
			if err != nil {
				return nil, 0, err
			}
			f(v)
		}
	}
	return layers, sure, nil
}

func (p *probe) output(i int) ([]float32, error) {
	v, err := ops.Elements[float32](p.f.Output(i))
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	return v, nil
}

// variance of the values about their mean; NaN if one is not finite.
func variance(x []float32) float64 {
	var mean, about float64
	for _, v := range x {
		mean += float64(v) / float64(len(x))
	}
	for _, v := range x {
		about += (float64(v) - mean) * (float64(v) - mean) / float64(len(x))
	}
	if math.IsInf(about, 0) {
		return math.NaN()
	}
	return about
}

// below is the share of the values of x that are less than limit.
func below(x []float32, limit float32) float64 {
	n := 0
	for _, v := range x {
		if v < limit {
			n++
		}
	}
	return float64(n) / float64(len(x))
}
