package models

import (
	"fmt"

	"capas/autodiff/ops"
	"capas/blocks"
)

// upDescription is what the description of a model says of a layer of a ConvGenerator.
type upDescription struct {
	Made [3]int `json:"made"` // channels, height, width of its maps
	// Kernel, Conv and Extra are those of a transposed convolution; the first layer has none.
	Kernel [2]int   `json:"kernel,omitzero"`
	Conv   ops.Conv `json:"conv,omitzero"`
	Extra  [2]int   `json:"extra,omitzero"`
	// Norm says that it is normalised, Momentum and Epsilon how.
	Norm     bool    `json:"norm,omitempty"`
	Momentum float64 `json:"momentum,omitempty"`
	Epsilon  float64 `json:"epsilon,omitempty"`
}

// describe adds the layers of a generator.
func (g *ConvGenerator) describe(add func(l layer, ps ...*blocks.Param)) {
	each := func(u upDescription, from [3]int, f blocks.Activation, norm *blocks.BatchNorm, ps ...*blocks.Param) {
		if norm != nil {
			u.Norm, u.Momentum, u.Epsilon = true, norm.Momentum, norm.Epsilon
			ps = append(ps, norm.Params()...)
		}
		l := layer{Activation: f, Up: &u, Inputs: elements(from)}
		if w := ps[0]; elements(from) == 0 && w != nil && w.Value != nil && w.Value.Dims() == 2 {
			l.Inputs = inputs(w)
		}
		add(l, ps...)
	}
	if g.Code == nil {
		g = &ConvGenerator{Code: &blocks.Dense{}} // whose parameters are missing
	}
	each(upDescription{Made: g.First}, [3]int{}, g.F, g.Norm, g.Code.W, g.Code.B)
	at := g.First
	for _, l := range g.Ups {
		u, from := upDescription{}, at
		if l == nil || l.Conv == nil || l.Conv.W == nil || l.Conv.W.Value == nil || l.Conv.W.Value.Dims() != 4 {
			add(layer{}, nil)
			return
		}
		k := l.Conv.W.Value.Shape()
		at[0] = k[1]
		at[1], at[2] = l.Conv.Size(at[1], at[2])
		u.Made, u.Kernel, u.Conv, u.Extra = at, [2]int{k[2], k[3]}, l.Conv.Conv, l.Conv.Extra
		each(u, from, l.Conv.F, l.Norm, l.Conv.Params()...)
	}
}

// checkUps tells whether the layers of a conv generator fit together, and other models have none.
func (d *description) checkUps() error {
	for i, l := range d.Layers {
		fail := func(err error) error { return fmt.Errorf("%s, layer %d: %w", d.Kind, i+1, err) }
		if (l.Up != nil) != (d.Kind == kindConvGenerator) {
			return fail(fmt.Errorf("want maps of a conv generator's layers alone"))
		}
		if l.Up == nil {
			continue
		}
		u := *l.Up
		for _, n := range []int{u.Made[0], u.Made[1], u.Made[2], u.Kernel[0], u.Kernel[1], u.Conv.Stride[0], u.Conv.Stride[1], u.Conv.Pad[0], u.Conv.Pad[1], u.Extra[0], u.Extra[1]} {
			if n < 0 || n > maxConv {
				return fail(fmt.Errorf("want sizes from 0 to %d, got %d", maxConv, n))
			}
		}
		transposed := upDescription{Made: u.Made, Norm: u.Norm, Momentum: u.Momentum, Epsilon: u.Epsilon} != u
		switch {
		case padded(u.Made, u.Conv) > maxImage:
			return fail(fmt.Errorf("want padded maps of at most %d elements, got %d", maxImage, padded(u.Made, u.Conv)))
		case elements(u.Made) < 1 || elements(u.Made) != l.Units:
			return fail(fmt.Errorf("want maps of %d units, got %v", l.Units, u.Made))
		case u.Norm && !(u.Momentum > 0 && u.Momentum <= 1 && u.Epsilon > 0) || !u.Norm && (u.Momentum != 0 || u.Epsilon != 0):
			return fail(fmt.Errorf("want a momentum in (0,1] and an epsilon above 0 of a normalisation alone, got %g and %g", u.Momentum, u.Epsilon))
		case transposed != (i > 0):
			return fail(fmt.Errorf("want transposed convolutions after the first layer"))
		case l.Activation == blocks.Softmax():
			return fail(fmt.Errorf("want an activation of single elements, got %s", blocks.Softmax()))
		case i == 0:
			continue
		}
		below := d.Layers[i-1].Up.Made
		for j, what := range []string{"height", "width"} {
			stride := max(1, u.Conv.Stride[j])
			if side := (below[j+1]-1)*stride - 2*u.Conv.Pad[j] + u.Kernel[j] + u.Extra[j]; u.Kernel[j] < 1 || u.Extra[j] >= stride || side != u.Made[j+1] {
				return fail(fmt.Errorf("want the %s that a kernel of %d with stride %d, padding %d and %d more makes of %d, got %d", what, u.Kernel[j], stride, u.Conv.Pad[j], u.Extra[j], below[j+1], u.Made[j+1]))
			}
		}
	}
	return nil
}

// convGenerator makes the generator of a checked description.
func (d *description) convGenerator(next func() *blocks.Param) *ConvGenerator {
	norm := func(u *upDescription) *blocks.BatchNorm {
		if !u.Norm {
			return nil
		}
		return &blocks.BatchNorm{Gamma: next(), Beta: next(), Mean: next(), Variance: next(), Momentum: u.Momentum, Epsilon: u.Epsilon}
	}
	first := d.Layers[0]
	g := &ConvGenerator{Code: &blocks.Dense{W: next(), B: next()}, First: first.Up.Made, F: first.Activation, Output: *d.Output}
	g.Norm = norm(first.Up)
	for _, l := range d.Layers[1:] {
		up := &UpLayer{Conv: &blocks.ConvTranspose2D{W: next(), B: next(), Conv: l.Up.Conv, Extra: l.Up.Extra, F: l.Activation}}
		up.Norm = norm(l.Up)
		g.Ups = append(g.Ups, up)
	}
	return g
}

// upSlots are the places of a conv generator's parameters: those of the modules of
// nn.Sequential(Linear, Unflatten, BatchNorm2d, activation, ConvTranspose2d, …).
func (d *description) upSlots() (out []slot) {
	at := 0 // the module
	for i, l := range d.Layers {
		c := []int{l.Up.Made[0]}
		names, shapes := []string{"weight", "bias"}, [][]int{{l.Inputs, l.Units}, {l.Units}}
		if i > 0 {
			shapes = [][]int{{d.Layers[i-1].Up.Made[0], c[0], l.Up.Kernel[0], l.Up.Kernel[1]}, c}
		}
		add := func(params []string) {
			for j, name := range names {
				out = append(out, slot{tensor: fmt.Sprintf("%d.%s", at, name), param: params[j], shape: shapes[j]})
			}
			at++
		}
		add(l.Params)
		if i == 0 {
			at++ // Unflatten
		}
		if l.Up.Norm {
			names, shapes = []string{"weight", "bias", "running_mean", "running_var"}, [][]int{c, c, c, c}
			add(l.Params[2:])
		}
		at++ // the activation
	}
	return out
}
