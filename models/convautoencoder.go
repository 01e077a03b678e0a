package models

import (
	"fmt"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/random"

	G "gorgonia.org/gorgonia"
)

// ConvAutoencoder pretrains a convolutional layer (Masci et al. 2011, "Stacked convolutional
// auto-encoders"): the code is what the layer makes of images x, and the reconstruction
// Output(convᵀ(u, W) + c), with the layer's own kernels W, of its maps u. Where the layer
// pools, u has each largest pixel at its place and 0 elsewhere: without that sparsity the code
// is larger than the image and copying it is all there is to learn. Trained on corrupted images to
// reconstruct the clean ones it is a denoising autoencoder.
type ConvAutoencoder struct {
	// Image is the shape (channels, height, width) of the images, rows of a matrix.
	Image [3]int
	// Layer is the encoder. It must not be normalised nor pool by means.
	Layer *ConvLayer
	// C is the bias of the reconstruction, an element a channel.
	C *blocks.Param
	// Output is that of the reconstruction: Binary for inputs in [0,1], otherwise Numeric.
	Output blocks.Output
	// Corruption of the images in training, drawn from Noise; by default none.
	Corruption blocks.Corruption
	Noise      *random.Stream
}

// NewConvAutoencoder returns an autoencoder around a layer for images of the given shape. Its
// bias is called name.c.
func NewConvAutoencoder(name string, image [3]int, layer *ConvLayer, o blocks.Output) (*ConvAutoencoder, error) {
	a := &ConvAutoencoder{Image: image, Layer: layer, C: blocks.NewParam(name+".c", max(1, image[0])), Output: o}
	if err := a.check(); err != nil {
		return nil, fmt.Errorf("convolutional autoencoder %s: %w", name, err)
	}
	return a, nil
}

func (a *ConvAutoencoder) check() error {
	if _, err := a.Layer.Out(a.Image); err != nil {
		return err
	}
	switch {
	case a.Layer.Norm != nil || a.Layer.Average && a.Layer.pooled():
		return fmt.Errorf("want a layer without normalisation that pools by the largest pixel, if at all")
	case a.Output == blocks.Classes():
		return fmt.Errorf("want an output for intensities or numbers, got %s", a.Output)
	}
	return nil
}

// Params returns W and b of the layer, and c.
func (a *ConvAutoencoder) Params() []*blocks.Param {
	return append(a.Layer.Params(), a.C)
}

// Forward is the code of images, rows of a matrix, as a matrix.
func (a *ConvAutoencoder) Forward(x *G.Node) (*G.Node, error) {
	var c ops.Chain
	return c.Do(asRows(c.Do(a.Layer.Forward(c.Do(asImages(x, a.Image)))))), c.Err()
}

// Reconstruct is the pre-activation of the reconstruction of images, rows of a matrix.
func (a *ConvAutoencoder) Reconstruct(x *G.Node) (*G.Node, error) {
	if err := a.check(); err != nil {
		return nil, fmt.Errorf("convolutional autoencoder: %w", err)
	}
	var c ops.Chain
	images := c.Do(asImages(x, a.Image))
	z := c.Do(a.Layer.Conv.Logits(images))
	var u *G.Node
	if a.Layer.pooled() {
		largest := c.Do(a.Layer.Conv.F.Apply(c.Do(ops.MaxPool2D(z, a.Layer.Pool))))
		u = c.Do(ops.MaxUnpool2D(largest, z, a.Layer.Pool))
	} else {
		u = c.Do(a.Layer.Conv.F.Apply(z))
	}
	if c.Err() != nil {
		return nil, c.Err()
	}
	W := c.Do(a.Layer.Conv.W.Node(x.Graph()))
	down := c.Do(ops.ConvTranspose2D(u, W, a.Layer.Conv.Conv, a.Image[1], a.Image[2]))
	if c.Err() != nil {
		return nil, c.Err()
	}
	bias := c.Do(ops.RepeatChannels(c.Do(a.C.Node(x.Graph())), down.Shape()))
	return c.Do(asRows(c.Do(ops.Add(down, bias)))), c.Err()
}

// Objective is the training graph for batches of m: input x (m,n); cost and monitor "loss",
// that of the reconstruction of x from its corrupted copy, and monitor "reconstruction", its
// squared error.
func (a *ConvAutoencoder) Objective(m int) (*Objective, error) { return a.objective(m, a.Corruption) }

// Evaluation is the same graph without corruption.
func (a *ConvAutoencoder) Evaluation(m int) (*Objective, error) {
	return a.objective(m, blocks.Corruption{})
}

func (a *ConvAutoencoder) objective(m int, noise blocks.Corruption) (*Objective, error) {
	if m < 1 {
		return nil, fmt.Errorf("convolutional autoencoder: want batches of at least one example, got %d", m)
	}
	x := blocks.NewInput(G.NewGraph(), dtype(a.Params()), "x", m, elements(a.Image))
	var c ops.Chain
	o, err := reconstruction(&c, x, c.Do(a.Reconstruct(c.Do(noise.Apply(x, a.Noise)))), a.Output)
	if err != nil {
		return nil, fmt.Errorf("convolutional autoencoder: %w", err)
	}
	return o, nil
}
