package models

import (
	"fmt"

	"capas/blocks"
)

// describe returns the description of a model and its parameters in the order of the
// slots.
func describe(model any) (d *description, params []*blocks.Param, err error) {
	d = &description{}
	add := func(to *[]layer, l layer, ps ...*blocks.Param) {
		for _, p := range ps {
			if err == nil && (p == nil || p.Value == nil) {
				err = fmt.Errorf("layer %d: a parameter is missing", len(*to)+1)
			}
			if err != nil {
				return
			}
			l.Params = append(l.Params, p.Name)
			params = append(params, p)
		}
		shape := ps[0].Value.Shape()
		if l.Conv != nil {
			shape = l.Conv.widths()
		}
		if l.Up != nil {
			shape = []int{l.Inputs, elements(l.Up.Made)}
		}
		if len(shape) != 2 {
			err = fmt.Errorf("parameter %s: want a matrix, got shape %v", ps[0].Name, shape)
			return
		}
		l.Inputs, l.Units = shape[0], shape[1]
		*to = append(*to, l)
	}
	dense := func(to *[]layer, layers []*blocks.Dense) {
		for _, x := range layers {
			if x == nil {
				x = &blocks.Dense{} // whose parameters are missing
			}
			add(to, layer{Activation: x.F}, x.W, x.B)
		}
	}
	autoencoder := func(a *Autoencoder) {
		if a == nil {
			a = &Autoencoder{}
		}
		ps := []*blocks.Param{a.W, a.B, a.C}
		if a.Wr != nil {
			ps = append(ps, a.Wr)
		}
		add(&d.Layers, layer{Activation: a.F, Output: &a.Output, Tied: a.Wr == nil}, ps...)
	}
	rbm := func(r *RBM) {
		if r == nil {
			r = &RBM{}
		}
		ps := []*blocks.Param{r.W, r.B, r.C}
		if r.Z != nil {
			ps = append(ps, r.Z)
		}
		l := layer{Activation: r.HiddenUnits.Activation(), Visible: r.VisibleUnits, Hidden: r.HiddenUnits, Variances: r.Z != nil}
		add(&d.Layers, l, ps...)
	}
	switch m := model.(type) {
	case *MLP:
		if d.Kind = kindMLP; m != nil {
			d.Output = &m.Output
			dense(&d.Layers, m.Layers)
		}
	case *Autoencoder:
		d.Kind = kindAutoencoder
		autoencoder(m)
	case *StackedAutoencoder:
		if d.Kind = kindStackedAutoencoder; m != nil {
			for _, a := range m.Layers {
				autoencoder(a)
			}
		}
	case *DeepAutoencoder:
		if d.Kind = kindDeepAutoencoder; m != nil {
			d.Output = &m.Output
			dense(&d.Layers, m.Encoder)
			dense(&d.Decoder, m.Decoder)
		}
	case *RBM:
		d.Kind = kindRBM
		rbm(m)
	case *DBN:
		if d.Kind = kindDBN; m != nil {
			for _, r := range m.Layers {
				rbm(r)
			}
		}
	case *DBM:
		if d.Kind = kindDBM; m != nil {
			m.describe(func(ps ...*blocks.Param) { add(&d.Layers, layer{Activation: blocks.Sigmoid()}, ps...) })
		}
	case *LabelRBM:
		d.Kind = kindLabelRBM
		describeLabelled(&LabelDBN{Top: m}, func(l layer, ps ...*blocks.Param) { add(&d.Layers, l, ps...) })
	case *LabelDBN:
		d.Kind = kindLabelDBN
		describeLabelled(m, func(l layer, ps ...*blocks.Param) { add(&d.Layers, l, ps...) })
	case *ConvNet:
		if d.Kind = kindConvNet; m != nil {
			d.Output = &m.Output
			if err = m.describe(func(l layer, ps ...*blocks.Param) { add(&d.Layers, l, ps...) }); err == nil {
				dense(&d.Layers, m.Dense)
			}
		}
	case *ConvGenerator:
		if d.Kind = kindConvGenerator; m != nil {
			d.Output = &m.Output
			m.describe(func(l layer, ps ...*blocks.Param) { add(&d.Layers, l, ps...) })
		}
	case *Hopfield, *DenseHopfield, *BAM:
		d.describeMemory(m, func(l layer, ps ...*blocks.Param) { add(&d.Layers, l, ps...) })
	case *Recurrent, *Jordan:
		params, err = d.describeSequence(m)
	case *PolicyValue:
		if d.Kind = kindPolicyValue; m != nil {
			trunk := ConvNet{Image: m.Image, Convs: m.Convs}
			if err = trunk.describe(func(l layer, ps ...*blocks.Param) { add(&d.Layers, l, ps...) }); err == nil {
				dense(&d.Layers, m.Trunk)
				dense(&d.Heads, []*blocks.Dense{m.Policy, m.Value})
			}
		}
	default:
		err = fmt.Errorf("want a pointer to an MLP, Autoencoder, StackedAutoencoder, DeepAutoencoder, RBM, DBN, DBM, LabelRBM, LabelDBN, ConvNet, ConvGenerator, PolicyValue, Hopfield, DenseHopfield, BAM, Recurrent or Jordan, got %T", model)
	}
	if err == nil {
		err = d.check()
	}
	return d, params, err
}
