package models

import "capas/blocks"

// labelled tells whether a kind of model has a LabelRBM as its top layer.
func labelled(kind string) bool { return kind == kindLabelRBM || kind == kindLabelDBN }

// labelParams are how many parameters a layer of a kind has besides an RBM's: U and d, or the
// generative weights.
func (l layer) labelParams(kind string) int {
	switch {
	case !labelled(kind):
		return 0
	case l.Classes != 0:
		return 2
	case !l.Tied:
		return 1
	}
	return 0
}

// describeLabelled adds the layers of a network with labels.
func describeLabelled(d *LabelDBN, add func(l layer, ps ...*blocks.Param)) {
	if d == nil {
		return
	}
	for _, b := range d.Layers {
		if b == nil {
			b = &BeliefLayer{} // whose parameters are missing
		}
		add(layer{Activation: blocks.Sigmoid(), Tied: b.Tied()}, b.Params()...)
	}
	r := d.Top
	if r == nil {
		r = &LabelRBM{}
	}
	l := layer{Activation: blocks.Sigmoid()}
	if r.U != nil && r.U.Value != nil && r.U.Value.Dims() == 2 {
		l.Classes = r.Classes()
	}
	add(l, r.Params()...)
}

// labelled makes the network of a checked description from its parameters in order.
func (d *description) labelled(next func() *blocks.Param) *LabelDBN {
	out, last := &LabelDBN{}, len(d.Layers)-1
	for _, l := range d.Layers[:last] {
		b := &BeliefLayer{W: next(), B: next(), C: next()}
		if b.G = b.W; !l.Tied {
			b.G = next()
		}
		out.Layers = append(out.Layers, b)
	}
	out.Top = &LabelRBM{W: next(), B: next(), C: next(), U: next(), D: next()}
	return out
}

// labelSlots are the places of the parameters of a layer.
func (l layer) labelSlots(prefix string) (out []slot) {
	n, k := l.Inputs, l.Units
	names := []string{"weight", "hidden_bias", "visible_bias"}
	shapes := [][]int{{n, k}, {k}, {n}}
	switch {
	case l.Classes > 0:
		names, shapes = append(names, "label_weight", "label_bias"), append(shapes, []int{l.Classes, k}, []int{l.Classes})
	case !l.Tied:
		names, shapes = append(names, "generative_weight"), append(shapes, []int{n, k})
	}
	for i, name := range names {
		out = append(out, slot{tensor: prefix + name, param: l.Params[i], shape: shapes[i]})
	}
	return out
}
