package models

import (
	"fmt"

	"capas/blocks"
)

// build makes the model of a checked description from parameters in the order of the
// slots.
func (d *description) build(params []*blocks.Param) any {
	next := func() *blocks.Param {
		p := params[0]
		params = params[1:]
		return p
	}
	dense := func(layers []layer) (out []*blocks.Dense) {
		for _, l := range layers {
			out = append(out, &blocks.Dense{W: next(), B: next(), F: l.Activation})
		}
		return out
	}
	autoencoder := func(l layer) *Autoencoder {
		a := &Autoencoder{W: next(), B: next(), C: next(), F: l.Activation, Output: *l.Output}
		if !l.Tied {
			a.Wr = next()
		}
		return a
	}
	rbm := func(l layer) *RBM {
		r := &RBM{W: next(), B: next(), C: next(), VisibleUnits: l.Visible, HiddenUnits: l.Hidden}
		if l.Variances {
			r.Z = next()
		}
		return r
	}
	switch d.Kind {
	case kindConvNet:
		n := d.convNet(next)
		n.Dense = dense(d.Layers[len(n.Convs):])
		return n
	case kindConvGenerator:
		return d.convGenerator(next)
	case kindMLP:
		return &MLP{Layers: dense(d.Layers), Output: *d.Output}
	case kindAutoencoder:
		return autoencoder(d.Layers[0])
	case kindStackedAutoencoder:
		st := &StackedAutoencoder{}
		for _, l := range d.Layers {
			st.Layers = append(st.Layers, autoencoder(l))
		}
		return st
	case kindDeepAutoencoder:
		return &DeepAutoencoder{Encoder: dense(d.Layers), Decoder: dense(d.Decoder), Output: *d.Output}
	case kindRBM:
		return rbm(d.Layers[0])
	case kindDBM:
		return buildDBM(len(d.Layers), next)
	case kindLabelRBM:
		return d.labelled(next).Top
	case kindLabelDBN:
		return d.labelled(next)
	case kindHopfield, kindDenseHopfield, kindBAM:
		return d.memory(next)
	case kindRecurrent, kindJordan:
		return d.buildSequence(next)
	case kindPolicyValue:
		n := d.convNet(next)
		trunk, heads := dense(d.Layers[len(n.Convs):]), dense(d.Heads)
		return &PolicyValue{Image: n.Image, Convs: n.Convs, Trunk: trunk, Policy: heads[0], Value: heads[1]}
	default: // a DBN: check knows no other
		s := &DBN{}
		for _, l := range d.Layers {
			s.Layers = append(s.Layers, rbm(l))
		}
		return s
	}
}

// slots are the places of the parameters, layer by layer.
func (d *description) slots() (out []slot) {
	add := func(prefix string, l layer, names ...string) {
		n, k := l.Inputs, l.Units
		shapes := [][]int{{n, k}, {k}, {n}, {k, n}} // W, b, c, W'
		if l.Variances {
			shapes[3] = []int{n}
		}
		for i, name := range names[:len(l.Params)] {
			out = append(out, slot{tensor: prefix + name, param: l.Params[i], shape: shapes[i]})
		}
	}
	sequential := func(prefix string, layers []layer) {
		for i, l := range layers {
			add(fmt.Sprintf("%s%d.", prefix, 2*i), l, "weight", "bias") // an activation between two layers
		}
	}
	each := func(names ...string) {
		for i, l := range d.Layers {
			add(fmt.Sprintf("layers.%d.", i), l, names...)
		}
	}
	autoencoder := []string{"encoder.weight", "encoder.bias", "decoder.bias", "decoder.weight"}
	rbm := []string{"weight", "hidden_bias", "visible_bias", "visible_log_variance"}
	switch d.Kind {
	case kindMLP:
		sequential("", d.Layers)
	case kindConvNet:
		out = d.convSlots("")
	case kindConvGenerator:
		out = d.upSlots()
	case kindDeepAutoencoder:
		sequential("encoder.", d.Layers)
		sequential("decoder.", d.Decoder)
	case kindAutoencoder:
		add("", d.Layers[0], autoencoder...)
	case kindStackedAutoencoder:
		each(autoencoder...)
	case kindRBM:
		add("", d.Layers[0], rbm...)
	case kindDBN, kindDBM:
		each(rbm...)
	case kindLabelRBM:
		out = d.Layers[0].labelSlots("")
	case kindRecurrent, kindJordan:
		out = d.sequenceSlots()
	case kindLabelDBN:
		for i := range d.Layers {
			out = append(out, d.Layers[i].labelSlots(fmt.Sprintf("layers.%d.", i))...)
		}
	case kindHopfield, kindDenseHopfield, kindBAM:
		add("", d.Layers[0], memoryNames(d.Kind)...)
	case kindPolicyValue:
		out = d.convSlots("trunk.")
		add("policy.", d.Heads[0], "weight", "bias")
		add("value.", d.Heads[1], "weight", "bias")
	}
	return out
}
