package models

import (
	"fmt"

	"capas/autodiff/ops"
	"capas/blocks"

	G "gorgonia.org/gorgonia"
)

// DeepAutoencoder is a stack of pretrained layers unrolled into one network: encoder
// layers up to the code, decoder layers back down to the reconstruction (Hinton &
// Salakhutdinov 2006, Fig. 1). The encoder has the stack's tensors. The decoder begins
// with transposed copies of them, which are then trained on their own; where the
// stack's autoencoders are untied, it has their decoders' tensors.
type DeepAutoencoder struct {
	Encoder, Decoder []*blocks.Dense
	Output           blocks.Output // of the reconstruction: Binary or Numeric
}

// Params returns the parameters from the input to the reconstruction.
func (a *DeepAutoencoder) Params() []*blocks.Param {
	var ps []*blocks.Param
	for _, d := range append(a.Encoder[:len(a.Encoder):len(a.Encoder)], a.Decoder...) {
		ps = append(ps, d.Params()...)
	}
	return ps
}

// Encode is the code of x.
func (a *DeepAutoencoder) Encode(x *G.Node) (*G.Node, error) { return through(x, a.Encoder) }

// Decode is the pre-activation of the reconstruction from a code.
func (a *DeepAutoencoder) Decode(h *G.Node) (*G.Node, error) {
	if len(a.Decoder) == 0 {
		return nil, fmt.Errorf("deep autoencoder: has no decoder")
	}
	last := len(a.Decoder) - 1
	h, err := through(h, a.Decoder[:last])
	if err != nil {
		return nil, err
	}
	return a.Decoder[last].Logits(h)
}

// Reconstruct is the reconstruction of x.
func (a *DeepAutoencoder) Reconstruct(x *G.Node) (*G.Node, error) {
	var c ops.Chain
	return c.Do(a.Output.Activation().Apply(c.Do(a.Decode(c.Do(a.Encode(x)))))), c.Err()
}

// Objective is the graph for batches of m: input x (m,n), cost and monitor "loss" and
// the monitor "reconstruction", the squared error per example.
func (a *DeepAutoencoder) Objective(m int) (*Objective, error) {
	if m < 1 {
		return nil, fmt.Errorf("deep autoencoder: want batches of at least one example, got %d", m)
	}
	if len(a.Encoder) == 0 {
		return nil, fmt.Errorf("deep autoencoder: has no encoder")
	}
	x := blocks.NewInput(G.NewGraph(), dtype(a.Params()), "x", m, inputs(a.Encoder[0].W))
	var c ops.Chain
	z := c.Do(a.Decode(c.Do(a.Encode(x))))
	return reconstruction(&c, x, z, a.Output)
}

// Evaluation is Objective: nothing is drawn at random.
func (a *DeepAutoencoder) Evaluation(m int) (*Objective, error) { return a.Objective(m) }

// through passes x up through layers.
func through(x *G.Node, layers []*blocks.Dense) (h *G.Node, err error) {
	h = x
	for l, d := range layers {
		if h, err = d.Forward(h); err != nil {
			return nil, fmt.Errorf("layer %d: %w", l+1, err)
		}
	}
	return h, nil
}
