package models

import (
	"fmt"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Autoencoder has one hidden layer, the code h = f(x·W + b), from which it
// reconstructs its input, y = Output(h·W' + c). With tied weights W' = Wᵀ. Trained on
// corrupted inputs to reconstruct the clean ones it is a denoising autoencoder
// (Vincent et al. 2010, "Stacked denoising autoencoders"; lecture 2.3 and 3.2); with a
// penalty on its code it is a sparse or a contractive one.
type Autoencoder struct {
	W, B, C *blocks.Param
	// Wr is the decoder's W' of shape (k,n); nil for tied weights.
	Wr *blocks.Param
	F  blocks.Activation
	// Output is that of the reconstruction: Binary, cross-entropy, for inputs in
	// [0,1]; Numeric, the squared error, otherwise.
	Output blocks.Output
	// Corruption of the input in training, drawn from Noise; by default none.
	Corruption blocks.Corruption
	// Penalty on the code in training, that of the corrupted input; by default none.
	Penalty Penalty
	Noise   *random.Stream
}

// NewAutoencoder returns an autoencoder of n inputs and k hidden units with binary
// cross-entropy, its weights drawn by init, biases 0. Its parameters are called
// name.W, name.b, name.c and, if untied, name.Wr.
func NewAutoencoder(name string, n, k int, tied bool, f blocks.Activation, init blocks.Initializer, s *random.Stream) (*Autoencoder, error) {
	W, err := init.Weights(name+".W", n, k, s)
	if err != nil {
		return nil, fmt.Errorf("autoencoder: %w", err)
	}
	a := &Autoencoder{W: W, B: blocks.NewParam(name+".b", k), C: blocks.NewParam(name+".c", n), F: f, Output: blocks.Binary()}
	if !tied {
		if a.Wr, err = init.Weights(name+".Wr", k, n, s); err != nil {
			return nil, fmt.Errorf("autoencoder: %w", err)
		}
	}
	return a, nil
}

// Params returns W, b, c and, if untied, W'.
func (a *Autoencoder) Params() []*blocks.Param {
	ps := []*blocks.Param{a.W, a.B, a.C}
	if a.Wr != nil {
		ps = append(ps, a.Wr)
	}
	return ps
}

// Encoder is the layer that computes the code, with the autoencoder's tensors.
func (a *Autoencoder) Encoder() *blocks.Dense { return &blocks.Dense{W: a.W, B: a.B, F: a.F} }

// Decoder is the layer that computes the reconstruction, untied: with a transposed
// copy of W where the weights are tied.
func (a *Autoencoder) Decoder(name string) (*blocks.Dense, error) {
	if a.Wr != nil {
		return &blocks.Dense{W: a.Wr, B: a.C, F: a.Output.Activation()}, nil
	}
	return transposed(name, a.W, a.C, a.Output.Activation())
}

// Encode is the code h = f(x·W + b).
func (a *Autoencoder) Encode(x *G.Node) (*G.Node, error) { return a.Encoder().Forward(x) }

// Decode is the pre-activation h·W' + c of the reconstruction.
func (a *Autoencoder) Decode(h *G.Node) (*G.Node, error) {
	if a.Wr == nil {
		return blocks.Down(h, a.W, a.C)
	}
	return blocks.Up(h, a.Wr, a.C)
}

// Objective is the training graph for batches of m: input x (m,n); monitors "loss", that
// of the reconstruction of x from its corrupted copy, "reconstruction", its squared error,
// and of a code with a penalty "activation" or "contraction"; and the cost, the loss and
// the penalties.
func (a *Autoencoder) Objective(m int) (*Objective, error) {
	return a.objective(m, a.Corruption, true)
}

// Evaluation is the same graph without corruption and with the loss alone as its cost.
func (a *Autoencoder) Evaluation(m int) (*Objective, error) {
	return a.objective(m, blocks.Corruption{}, false)
}

func (a *Autoencoder) objective(m int, noise blocks.Corruption, training bool) (*Objective, error) {
	if m < 1 {
		return nil, fmt.Errorf("autoencoder: want batches of at least one example, got %d", m)
	}
	x := blocks.NewInput(G.NewGraph(), dtype(a.Params()), "x", m, inputs(a.W))
	var c ops.Chain
	in := c.Do(noise.Apply(x, a.Noise))
	h := c.Do(a.Encode(in))
	o, err := reconstruction(&c, x, c.Do(a.Decode(h)), a.Output)
	if err != nil {
		return nil, fmt.Errorf("autoencoder: %w", err)
	}
	if err := a.penalize(o, in, h, training); err != nil {
		return nil, fmt.Errorf("autoencoder: %w", err)
	}
	return o, nil
}

// reconstruction is the objective of reconstructing x from the pre-activations z.
func reconstruction(c *ops.Chain, x, z *G.Node, o blocks.Output) (*Objective, error) {
	loss := c.Do(o.Loss(z, x))
	y := c.Do(o.Activation().Apply(z))
	squared := c.Do(ops.SumSquares(c.Do(ops.Sub(y, x))))
	perExample := c.Do(ops.Scale(squared, 1/float64(x.Shape()[0])))
	return &Objective{Inputs: G.Nodes{x}, Cost: loss, Monitors: []Monitor{{Name: "loss", Node: loss}, {Name: "reconstruction", Node: perExample}}}, c.Err()
}

// transposed returns the layer with weights Wᵀ, copied, and bias c.
func transposed(name string, W, c *blocks.Param, f blocks.Activation) (*blocks.Dense, error) {
	t, err := tensor.Transpose(W.Value)
	if err != nil {
		return nil, fmt.Errorf("transpose of %s: %w", W.Name, err)
	}
	return &blocks.Dense{W: &blocks.Param{Name: name + ".W", Value: t.(*tensor.Dense)}, B: c.Clone(name + ".b"), F: f}, nil
}
