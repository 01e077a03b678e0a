package models

import (
	"fmt"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"

	G "gorgonia.org/gorgonia"
)

// ConvLayer is a convolutional layer with what follows it: images x (m,c,h,w) give maps
//
//	z = conv(x, W) + b,   normalised if there is a Norm,
//	y = F(pool(z))  with max pooling,  pool(F(z))  with average pooling,  F(z) without
//
// F never falls, so that the largest pixel is the same before it and after.
type ConvLayer struct {
	// Conv has W, b, stride, padding and the activation F.
	Conv *blocks.Conv2D
	// Norm normalises z; nil for none.
	Norm *blocks.BatchNorm
	// Pool is the pooling, the zero value for none: of largest pixels or, with Average, of
	// means.
	Pool    ops.Pool
	Average bool
}

// ConvSpec says what a ConvLayer is to be: the arguments of [NewConvNet].
type ConvSpec struct {
	// Maps is the number of kernels, Kernel their height and width.
	Maps   int      `json:"maps"`
	Kernel [2]int   `json:"kernel"`
	Conv   ops.Conv `json:"conv,omitzero"`
	// Pool, Average and Norm: see ConvLayer.
	Pool    ops.Pool `json:"pool,omitzero"`
	Average bool     `json:"average,omitempty"`
	Norm    bool     `json:"norm,omitempty"`
}

// pooled tells whether there is a pooling.
func (l *ConvLayer) pooled() bool { return l.Pool != ops.Pool{} }

// Params returns W, b and those of the normalisation.
func (l *ConvLayer) Params() []*blocks.Param {
	ps := l.Conv.Params()
	if l.Norm != nil {
		ps = append(ps, l.Norm.Params()...)
	}
	return ps
}

// Forward is y as after training.
func (l *ConvLayer) Forward(x *G.Node) (*G.Node, error) {
	y, _, err := l.forward(x, false)
	return y, err
}

// Maps is F(z), y before a pooling of largest pixels: the feature maps, as after training.
func (l *ConvLayer) Maps(x *G.Node) (*G.Node, error) {
	whole := ConvLayer{Conv: l.Conv, Norm: l.Norm}
	return whole.Forward(x)
}

// forward is y, in training by the statistics of the batch, with the updates of the running
// ones.
func (l *ConvLayer) forward(x *G.Node, training bool) (y *G.Node, updates []autodiff.Update, err error) {
	if l.Norm == nil && l.pooled() && !l.Average {
		y, err := l.Conv.Pooled(x, l.Pool)
		return y, nil, err
	}
	z, err := l.Conv.Logits(x)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case l.Norm != nil && training:
		z, updates, err = l.Norm.Train(z)
	case l.Norm != nil:
		z, err = l.Norm.Evaluate(z)
	}
	var c ops.Chain
	z = c.Do(z, err)
	switch {
	case !l.pooled():
		z = c.Do(l.Conv.F.Apply(z))
	case l.Average:
		z = c.Do(ops.AveragePool2D(c.Do(l.Conv.F.Apply(z)), l.Pool))
	default:
		z = c.Do(l.Conv.F.Apply(c.Do(ops.MaxPool2D(z, l.Pool))))
	}
	return z, updates, c.Err()
}

// Out is the shape (channels, height, width) of what the layer makes of images of the given
// shape.
func (l *ConvLayer) Out(image [3]int) (out [3]int, err error) {
	if l == nil || l.Conv == nil || l.Conv.W == nil || l.Conv.B == nil || l.Conv.W.Value == nil || l.Conv.W.Value.Dims() != 4 {
		return out, fmt.Errorf("want kernels of shape (f,c,kh,kw) and a bias")
	}
	k := l.Conv.W.Value.Shape()
	if k[1] != image[0] {
		return out, fmt.Errorf("want kernels of %d channels, got shape %v", image[0], k)
	}
	return convOut(image, k[0], [2]int{k[2], k[3]}, l.Conv.Conv, l.Pool)
}

// convOut is the shape that a layer of f kernels makes of images of the given shape.
func convOut(image [3]int, f int, kernel [2]int, o ops.Conv, pool ops.Pool) (out [3]int, err error) {
	h, w, err := o.Out(image[1], image[2], kernel[0], kernel[1])
	if err != nil {
		return out, err
	}
	if (pool != ops.Pool{}) {
		if h, w, err = pool.Out(h, w); err != nil {
			return out, fmt.Errorf("pooling: %w", err)
		}
	}
	return [3]int{f, h, w}, nil
}

// elements is the number of elements of an image of shape (c,h,w).
func elements(image [3]int) int { return image[0] * image[1] * image[2] }

// asImages is a matrix with an image a row as images of the given shape.
func asImages(x *G.Node, image [3]int) (*G.Node, error) {
	if x == nil || x.Shape().Dims() != 2 || x.Shape()[1] != elements(image) {
		return nil, fmt.Errorf("want a matrix with an image of %d×%d×%d = %d elements a row, got %v", image[0], image[1], image[2], elements(image), shapeOf(x))
	}
	return ops.Reshape(x, x.Shape()[0], image[0], image[1], image[2])
}

// asRows is images as a matrix with one a row.
func asRows(x *G.Node) (*G.Node, error) {
	if x == nil || x.Shape().Dims() != 4 {
		return nil, fmt.Errorf("want images (m,c,h,w), got %v", shapeOf(x))
	}
	m := x.Shape()[0]
	return ops.Reshape(x, m, x.Shape().TotalSize()/m)
}

func shapeOf(x *G.Node) any {
	if x == nil {
		return "no node"
	}
	return x.Shape()
}
