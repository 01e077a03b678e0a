package models

import (
	"fmt"
	"strings"

	"capas/autodiff/ops"
	"capas/blocks"
)

// convDescription is what the description of a model says of a convolutional layer.
type convDescription struct {
	Image [3]int `json:"image"` // channels, height, width
	ConvSpec
	// Momentum and Epsilon of the normalisation, if there is one.
	Momentum float64 `json:"momentum,omitempty"`
	Epsilon  float64 `json:"epsilon,omitempty"`
}

// Bounds of what a description may ask for: of every size of a convolutional layer, and of the
// elements of an image with its padding and of its maps, for which no weights in the file vouch.
const (
	maxConv  = 1 << 16
	maxImage = 1 << 26
)

// padded is the number of elements of an image with its padding.
func padded(image [3]int, o ops.Conv) int {
	return image[0] * (image[1] + 2*o.Pad[0]) * (image[2] + 2*o.Pad[1])
}

// widths are the numbers of inputs and of units; nil if they do not fit together.
func (c *convDescription) widths() []int {
	out, err := c.out()
	if err != nil {
		return nil
	}
	return []int{elements(c.Image), elements(out)}
}

func (c *convDescription) out() ([3]int, error) {
	return convOut(c.Image, c.Maps, c.Kernel, c.Conv, c.Pool)
}

// describe adds the convolutional layers.
func (n *ConvNet) describe(add func(l layer, ps ...*blocks.Param)) error {
	at := n.Image
	for i, l := range n.Convs {
		out, err := l.Out(at)
		if err != nil {
			return fmt.Errorf("layer %d: %w", i+1, err)
		}
		k := l.Conv.W.Value.Shape()
		c := &convDescription{Image: at, ConvSpec: ConvSpec{Maps: k[0], Kernel: [2]int{k[2], k[3]}, Conv: l.Conv.Conv, Pool: l.Pool, Average: l.Average, Norm: l.Norm != nil}}
		if l.Norm != nil {
			c.Momentum, c.Epsilon = l.Norm.Momentum, l.Norm.Epsilon
		}
		add(layer{Activation: l.Conv.F, Conv: c}, l.Params()...)
		at = out
	}
	return nil
}

// checkConvs tells whether the convolutional layers of a convnet come first and fit together,
// and other models have none.
func (d *description) checkConvs() error {
	for i := range d.Layers {
		c := d.Layers[i].Conv
		if c == nil {
			continue
		}
		fail := func(err error) error { return fmt.Errorf("%s, layer %d: %w", d.Kind, i+1, err) }
		if d.Kind != kindConvNet && d.Kind != kindPolicyValue || i > 0 && d.Layers[i-1].Conv == nil || i == len(d.Layers)-1 {
			return fail(fmt.Errorf("want convolutional layers in a convnet and a policy-value network alone, before the dense ones"))
		}
		if c.Norm && d.Kind == kindPolicyValue {
			return fail(fmt.Errorf("want convolutional layers without normalisation"))
		}
		for _, n := range []int{c.Image[0], c.Image[1], c.Image[2], c.Maps, c.Kernel[0], c.Kernel[1], c.Conv.Stride[0], c.Conv.Stride[1], c.Conv.Pad[0], c.Conv.Pad[1],
			c.Pool.Window[0], c.Pool.Window[1], c.Pool.Stride[0], c.Pool.Stride[1], c.Pool.Pad[0], c.Pool.Pad[1]} {
			if n < 0 || n > maxConv {
				return fail(fmt.Errorf("want sizes from 0 to %d, got %d", maxConv, n))
			}
		}
		out, err := c.out()
		if err != nil {
			return fail(err)
		}
		whole, err := convOut(c.Image, c.Maps, c.Kernel, c.Conv, ops.Pool{})
		switch {
		case err != nil:
			return fail(err)
		case max(padded(c.Image, c.Conv), elements(whole)) > maxImage:
			return fail(fmt.Errorf("want padded images and maps of at most %d elements, got %d and %d", maxImage, padded(c.Image, c.Conv), elements(whole)))
		case c.Image[0] < 1 || c.Maps < 1:
			return fail(fmt.Errorf("want at least one channel and one kernel, got %d and %d", c.Image[0], c.Maps))
		case c.Norm && !(c.Momentum > 0 && c.Momentum <= 1 && c.Epsilon > 0) || !c.Norm && (c.Momentum != 0 || c.Epsilon != 0):
			return fail(fmt.Errorf("want a momentum in (0,1] and an epsilon above 0 of a normalisation alone, got %g and %g", c.Momentum, c.Epsilon))
		case d.Layers[i].Inputs != elements(c.Image) || d.Layers[i].Units != elements(out):
			return fail(fmt.Errorf("want %d inputs and %d units, got %d and %d", elements(c.Image), elements(out), d.Layers[i].Inputs, d.Layers[i].Units))
		case d.Layers[i+1].Conv != nil && d.Layers[i+1].Conv.Image != out:
			return fail(fmt.Errorf("want images of %v for the next layer, got %v", out, d.Layers[i+1].Conv.Image))
		case d.Layers[i].Activation == blocks.Softmax():
			return fail(fmt.Errorf("want an activation of single elements, got %s", blocks.Softmax()))
		}
	}
	return nil
}

// convNet makes the network of a checked description, without its dense layers.
func (d *description) convNet(next func() *blocks.Param) *ConvNet {
	n := &ConvNet{Image: [3]int{d.Layers[0].Inputs, 1, 1}}
	if d.Output != nil {
		n.Output = *d.Output
	}
	for i, l := range d.Layers {
		c := l.Conv
		if c == nil {
			break
		}
		if i == 0 {
			n.Image = c.Image
		}
		one := &ConvLayer{Conv: &blocks.Conv2D{W: next(), B: next(), Conv: c.Conv, F: l.Activation}, Pool: c.Pool, Average: c.Average}
		if c.Norm {
			one.Norm = &blocks.BatchNorm{Gamma: next(), Beta: next(), Mean: next(), Variance: next(), Momentum: c.Momentum, Epsilon: c.Epsilon}
		}
		n.Convs = append(n.Convs, one)
	}
	return n
}

// convSlots are the places of a convnet's parameters: those of the modules of an
// nn.Sequential, behind a prefix.
func (d *description) convSlots(prefix string) (out []slot) {
	at := 0 // the module
	add := func(params []string, names []string, shapes ...[]int) {
		for i, name := range names {
			out = append(out, slot{tensor: fmt.Sprintf("%s%d.%s", prefix, at, name), param: params[i], shape: shapes[i]})
		}
	}
	flat := false
	for _, l := range d.Layers {
		if c := l.Conv; c != nil {
			f := []int{c.Maps}
			add(l.Params, []string{"weight", "bias"}, []int{c.Maps, c.Image[0], c.Kernel[0], c.Kernel[1]}, f)
			if c.Norm {
				at++
				add(l.Params[2:], []string{"weight", "bias", "running_mean", "running_var"}, f, f, f, f)
			}
			if (c.Pool != ops.Pool{}) {
				at++
			}
			at += 2 // the activation
			continue
		}
		if !flat {
			flat = true
			at++ // Flatten
		}
		add(l.Params, []string{"weight", "bias"}, []int{l.Inputs, l.Units}, []int{l.Units})
		at += 2
	}
	return out
}

// counts tells whether a tensor counts the batches of PyTorch's batch normalisation, which
// nothing depends on.
func (d *description) counts(tensor string) bool {
	return (d.Kind == kindConvNet || d.Kind == kindConvGenerator) && strings.HasSuffix(tensor, ".num_batches_tracked")
}
