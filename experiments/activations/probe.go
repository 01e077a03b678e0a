package main

import (
	"fmt"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/models"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// layer is what a probe finds at one hidden layer.
type layer struct {
	// Flat is the share of units × examples whose derivative is below flatShare of the
	// greatest that the activation has.
	Flat float64
	// Dead is the share of units whose derivative is 0 on all examples, so that their
	// weights do not change any more: of ReLUs, those that are always off.
	Dead float64
	// Negative is the share of units whose value is not above 0 on any example: of ReLUs
	// the same as Dead, of LeakyReLUs those that would be dead as ReLUs.
	Negative float64
}

// probe looks at the hidden units of a network on fixed examples.
type probe struct {
	net   *models.MLP
	set   *datasets.Set
	limit float32
	f     *autodiff.Function
}

// newProbe compiles the values of all hidden units and, by the symbolic gradient of
// their sum with respect to the pre-activations, their derivatives. steepest is the
// greatest derivative of the activation.
func newProbe(net *models.MLP, set *datasets.Set, steepest float64) (*probe, error) {
	g := G.NewGraph()
	x := blocks.NewInput(g, tensor.Float32, "x", set.Len(), net.Inputs())
	var c ops.Chain
	var outputs G.Nodes
	value := x
	for _, d := range net.Layers[:len(net.Layers)-1] {
		z := c.Do(d.Logits(value))
		value = c.Do(d.F.Apply(z))
		total := c.Do(ops.Sum(value))
		if c.Err() != nil {
			return nil, fmt.Errorf("probe: %w", c.Err())
		}
		slope, err := autodiff.Grad(total, z)
		if err != nil {
			return nil, fmt.Errorf("probe: %w", err)
		}
		outputs = append(outputs, value, slope[0])
	}
	f, err := autodiff.Compile(G.Nodes{x}, outputs, nil)
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	return &probe{net, set, float32(flatShare * steepest), f}, nil
}

// run looks at all hidden layers with the network's present weights.
func (p *probe) run() ([]layer, error) {
	if err := p.f.Run(p.set.X); err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	var out []layer
	for l := range len(p.net.Layers) - 1 {
		h, err := ops.Elements[float32](p.f.Output(2 * l))
		if err != nil {
			return nil, fmt.Errorf("probe: %w", err)
		}
		slope, err := ops.Elements[float32](p.f.Output(2*l + 1))
		if err != nil {
			return nil, fmt.Errorf("probe: %w", err)
		}
		out = append(out, look(h, slope, p.set.Len(), p.limit))
	}
	return out, nil
}

// look counts in the values and derivatives of a layer, matrices of m rows.
func look(h, slope []float32, m int, limit float32) layer {
	k := len(h) / m
	alive, positive := make([]bool, k), make([]bool, k)
	flat := 0
	for i, s := range slope {
		if s < limit {
			flat++
		}
		alive[i%k] = alive[i%k] || s != 0
		positive[i%k] = positive[i%k] || h[i] > 0
	}
	return layer{Flat: float64(flat) / float64(len(slope)), Dead: shareOff(alive), Negative: shareOff(positive)}
}

func shareOff(on []bool) float64 {
	n := 0
	for _, v := range on {
		if !v {
			n++
		}
	}
	return float64(n) / float64(len(on))
}

// values are the layers as named numbers, such as "flat.2", for histories.
func values(layers []layer) train.Values {
	var out train.Values
	for l, s := range layers {
		for _, f := range s.fields() {
			out = append(out, train.Value{Name: fmt.Sprintf("%s.%d", f.name, l+1), Value: *f.at})
		}
	}
	return out
}

// layersOf reads what values wrote of the given number of layers; NaN where there is
// nothing.
func layersOf(v train.Values, depth int) []layer {
	out := make([]layer, depth)
	for l := range out {
		for _, f := range out[l].fields() {
			*f.at = trial.Value(v, fmt.Sprintf("%s.%d", f.name, l+1))
		}
	}
	return out
}

type field struct {
	name string
	at   *float64
}

func (s *layer) fields() []field {
	return []field{{"flat", &s.Flat}, {"dead", &s.Dead}, {"negative", &s.Negative}}
}

// mean is that of a number over layers, which are of equal width.
func mean(layers []layer, of func(layer) float64) float64 {
	sum := 0.0
	for _, s := range layers {
		sum += of(s)
	}
	return sum / float64(len(layers))
}

func flat(s layer) float64     { return s.Flat }
func dead(s layer) float64     { return s.Dead }
func negative(s layer) float64 { return s.Negative }
