package main

import (
	"fmt"
	"math"
	"slices"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// layer is what a probe finds at one layer. δ is the gradient of an example's loss with
// respect to the layer's pre-activations, the lecture's sensitivity.
type layer struct {
	// Mean, SD and P98, the 98th percentile, are those of the activations, over units
	// and examples.
	Mean, SD, P98 float64
	// Signal is how far the activations tell examples apart: the standard deviation over
	// examples, root mean square of all units.
	Signal float64
	// Flat is the share of activations with a derivative below a tenth of the greatest
	// that the activation has: saturated units, and ReLUs that are off.
	Flat float64
	// Slope is the root mean square of the derivatives of the activations.
	Slope float64
	// Delta is the Euclidean norm of δ over all units and examples; DeltaMean, DeltaSD
	// and DeltaP98 are as for the activations.
	Delta, DeltaMean, DeltaSD, DeltaP98 float64
	// Grad is the norm of the gradient of the mean loss with respect to the weights,
	// GradSD the standard deviation of its elements.
	Grad, GradSD float64
	// Weight is the norm of the weights.
	Weight float64
}

// probe measures the layers of a network on a fixed set of examples.
type probe struct {
	net *models.MLP
	set *datasets.Set
	f   *autodiff.Function
}

// newProbe compiles the measurement: the symbolic gradient of the loss with respect to
// pre-activations and weights of all layers, and of the sum of a hidden layer's
// activations with respect to its pre-activations, which is f′.
func newProbe(net *models.MLP, set *datasets.Set) (*probe, error) {
	g := G.NewGraph()
	x := blocks.NewInput(g, tensor.Float32, "x", set.Len(), net.Inputs())
	t := blocks.NewInput(g, tensor.Float32, "t", set.Len(), net.Outputs())
	var c ops.Chain
	var z, h, W G.Nodes
	value := x
	for _, d := range net.Layers {
		z = append(z, c.Do(d.Logits(value)))
		value = c.Do(d.F.Apply(z[len(z)-1]))
		h = append(h, value)
		W = append(W, c.Do(d.W.Node(g)))
	}
	loss := c.Do(net.Output.Loss(value, t))
	if c.Err() != nil {
		return nil, fmt.Errorf("probe: %w", c.Err())
	}
	outputs := slices.Clone(h)
	grads, err := autodiff.Grad(loss, append(slices.Clone(z), W...)...)
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	outputs = append(outputs, grads...)
	for l := range len(h) - 1 {
		slope, err := autodiff.Grad(c.Do(ops.Sum(h[l])), z[l])
		if err != nil {
			return nil, fmt.Errorf("probe: %w", err)
		}
		outputs = append(outputs, slope...)
	}
	f, err := autodiff.Compile(G.Nodes{x, t}, outputs, nil)
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	return &probe{net, set, f}, nil
}

// What follows reads outputs of the last run, of layer l counted from 0.
func (p *probe) activations(l int) ([]float32, error) { return p.output(l) }
func (p *probe) deltas(l int) ([]float32, error)      { return p.output(len(p.net.Layers) + l) }
func (p *probe) gradient(l int) ([]float32, error)    { return p.output(2*len(p.net.Layers) + l) }
func (p *probe) slopes(l int) ([]float32, error)      { return p.output(3*len(p.net.Layers) + l) }

func (p *probe) output(i int) ([]float32, error) { return ops.Elements[float32](p.f.Output(i)) }

// compute runs the measurement with the network's present weights.
func (p *probe) compute() error { return p.f.Run(p.set.X, p.set.OneHot()) }

// run measures all layers, the last of which is the output layer, whose activations
// are the logits. Percentiles cost more than all the rest and are there if wanted.
func (p *probe) run(percentiles bool) ([]layer, error) {
	if err := p.compute(); err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	out := make([]layer, len(p.net.Layers))
	for l, d := range p.net.Layers {
		h, err := p.activations(l)
		if err != nil {
			return nil, fmt.Errorf("probe: %w", err)
		}
		delta, err := p.deltas(l)
		if err != nil {
			return nil, fmt.Errorf("probe: %w", err)
		}
		grad, err := p.gradient(l)
		if err != nil {
			return nil, fmt.Errorf("probe: %w", err)
		}
		s := &out[l]
		m := float64(p.set.Len()) // the loss is a mean over the examples
		s.Mean, s.SD, _ = moments(h)
		s.DeltaMean, s.DeltaSD, s.Delta = moments(delta)
		s.DeltaMean, s.DeltaSD, s.Delta = m*s.DeltaMean, m*s.DeltaSD, m*s.Delta
		s.Signal = signal(h, p.set.Len())
		if percentiles {
			s.P98, s.DeltaP98 = percentile(h, 0.98), m*percentile(delta, 0.98)
		}
		_, s.GradSD, s.Grad = moments(grad)
		_, _, s.Weight = moments(d.W.Value.Float32s())
		if l == len(p.net.Layers)-1 {
			break
		}
		slope, err := p.slopes(l)
		if err != nil {
			return nil, fmt.Errorf("probe: %w", err)
		}
		s.Flat = below(slope, float32(steepest(d.F)/10))
		_, _, norm := moments(slope)
		s.Slope = norm / math.Sqrt(float64(len(slope)))
	}
	return out, nil
}

// steepest is the greatest derivative of an activation: 0.25 of the sigmoid, and 1 of
// those that are not named, unless the α of a leaky ReLU is above it.
func steepest(f blocks.Activation) float64 {
	switch f {
	case blocks.Sigmoid():
		return 0.25
	case blocks.LeCunTanh():
		return 1.7159 * 2 / 3
	}
	return 1
}

// moments are the mean, the standard deviation and the Euclidean norm of x.
func moments(x []float32) (mean, sd, norm float64) {
	var sum, squares float64
	for _, v := range x {
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	mean = sum / float64(len(x))
	var about float64
	for _, v := range x {
		about += (float64(v) - mean) * (float64(v) - mean)
	}
	return mean, math.Sqrt(about / float64(len(x))), math.Sqrt(squares)
}

// signal is the root mean square of the standard deviations of the columns of x, a
// matrix of m rows.
func signal(x []float32, m int) float64 {
	k, sum := len(x)/m, 0.0
	for j := range k {
		var mean, about float64
		for i := range m {
			mean += float64(x[i*k+j]) / float64(m)
		}
		for i := range m {
			about += (float64(x[i*k+j]) - mean) * (float64(x[i*k+j]) - mean)
		}
		sum += about / float64(m)
	}
	return math.Sqrt(sum / float64(k))
}

// percentile is the smallest value of x that a share q of the values does not exceed.
func percentile(x []float32, q float64) float64 {
	sorted := slices.Sorted(slices.Values(x))
	return float64(sorted[max(int(math.Ceil(q*float64(len(x))))-1, 0)])
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

// values are the layers as named numbers, such as "delta.2", for histories.
func values(layers []layer) train.Values {
	var out train.Values
	for l, s := range layers {
		for _, f := range s.fields() {
			out = append(out, train.Value{Name: fmt.Sprintf("%s.%d", f.name, l+1), Value: *f.at})
		}
	}
	return out
}

// layersOf reads what values wrote.
func layersOf(v train.Values) []layer {
	var out []layer
	for {
		var s layer
		for _, f := range s.fields() {
			x, ok := v.Get(fmt.Sprintf("%s.%d", f.name, len(out)+1))
			if !ok {
				return out
			}
			*f.at = x
		}
		out = append(out, s)
	}
}

type field struct {
	name string
	at   *float64
}

func (s *layer) fields() []field {
	return []field{
		{"mean", &s.Mean}, {"sd", &s.SD}, {"p98", &s.P98}, {"signal", &s.Signal}, {"flat", &s.Flat}, {"slope", &s.Slope},
		{"delta", &s.Delta}, {"delta_mean", &s.DeltaMean}, {"delta_sd", &s.DeltaSD}, {"delta_p98", &s.DeltaP98},
		{"grad", &s.Grad}, {"grad_sd", &s.GradSD}, {"weight", &s.Weight},
	}
}
