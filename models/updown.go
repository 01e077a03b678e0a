package models

import (
	"fmt"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/random"

	G "gorgonia.org/gorgonia"
)

// UpDown trains all layers of a LabelDBN together by the up-down algorithm, a contrastive
// form of wake-sleep (Hinton, Osindero & Teh 2006, section 5 and appendix B). A step on a
// batch of images and labels is
//
//   - wake: a pass up, sampled by the recognition weights. The generative weights learn to
//     give each layer's state from that of the layer above;
//   - top: K steps of Gibbs sampling of the associative memory, from the highest code and
//     the label. Its weights learn by contrastive divergence;
//   - sleep: a pass down from the chain's end, sampled by the generative weights, the image
//     by its probabilities. The recognition weights learn to give each layer's state from
//     that of the layer below.
//
// All of it is the gradient of one cost, in which every sample is a constant: the
// cross-entropies of the generative weights' predictions of the wake states, those of the
// recognition weights' predictions of the sleep states, and the difference of the
// memory's free energies, as in LabelCD. Where the paper takes samples of the memory's
// hidden units for its statistics, the gradient has their probabilities: the same
// mean, with less noise.
type UpDown struct {
	// Model has untied layers.
	Model *LabelDBN
	// K is the number of Gibbs steps, at least 1.
	K int
	// Noise draws the samples.
	Noise *random.Stream
}

// Params returns the network's parameters.
func (t *UpDown) Params() []*blocks.Param { return t.Model.Params() }

// Objective is the training graph for batches of m: inputs v (m,n) and t (m,classes), the
// cost above, and the monitors "wake", "top" and "sleep", its three parts.
func (t *UpDown) Objective(m int) (*Objective, error) {
	d := t.Model
	if m < 1 {
		return nil, fmt.Errorf("up-down: want batches of at least one example, got %d", m)
	}
	for i, l := range d.Layers {
		if l.Tied() {
			return nil, fmt.Errorf("up-down: want untied layers, got layer %d tied", i+1)
		}
	}
	in := d.leaves(m)
	var c ops.Chain
	// The pass up: states[l] is that below layer l, the image first.
	states := G.Nodes{in.V}
	for l, layer := range d.Layers {
		states = append(states, c.Do(ops.Bernoulli(c.Do(layer.Up(states[l])), t.Noise)))
	}
	if c.Err() != nil {
		return nil, fmt.Errorf("up-down: %w", c.Err())
	}
	memory := LabelState{states[len(d.Layers)], in.T}
	end, _, err := d.Top.Gibbs(memory, t.K, false, t.Noise)
	if err != nil {
		return nil, fmt.Errorf("up-down: %w", err)
	}
	top, _ := d.Top.divergence(&c, memory, end)
	o := &Objective{Inputs: G.Nodes{in.V, in.T}, Cost: top}
	o.Monitors = []Monitor{{Name: "top", Node: top}}
	if len(d.Layers) == 0 {
		return o, c.Err()
	}
	var wake, sleep *G.Node
	dream := end.V // the pass down
	for l := len(d.Layers) - 1; l >= 0; l-- {
		layer := d.Layers[l]
		wake = sum(&c, wake, c.Do(blocks.BinaryCrossEntropy(c.Do(layer.generate(states[l+1])), states[l])))
		below := c.Do(layer.Down(dream))
		if l > 0 {
			below = c.Do(ops.Bernoulli(below, t.Noise))
		} else {
			below = c.Do(ops.StopGradient(below))
		}
		sleep = sum(&c, sleep, c.Do(blocks.BinaryCrossEntropy(c.Do(layer.recognise(below)), dream)))
		dream = below
	}
	o.Cost = c.Do(ops.Add(o.Cost, c.Do(ops.Add(wake, sleep))))
	o.Monitors = []Monitor{{Name: "wake", Node: wake}, {Name: "top", Node: top}, {Name: "sleep", Node: sleep}}
	return o, c.Err()
}

// sum is a + b, or b where a is nil.
func sum(c *ops.Chain, a, b *G.Node) *G.Node {
	if a == nil {
		return b
	}
	return c.Do(ops.Add(a, b))
}
