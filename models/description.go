package models

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"capas/blocks"
)

// description says what model the tensors of a file make. It is what such a file holds
// besides the tensors, as JSON, and all that gives these their names.
type description struct {
	Kind string `json:"kind"`
	// Output is that of an MLP or a deep autoencoder.
	Output *blocks.Output `json:"output,omitempty"`
	// Layers from the input up; of a deep autoencoder those of the encoder.
	Layers  []layer `json:"layers,omitempty"`
	Decoder []layer `json:"decoder,omitempty"`
	// Sequence is that of a recurrent model, which has it in place of layers.
	Sequence *sequenceShape `json:"sequence,omitempty"`
	// Heads of a policy-value network: the policy's and the value's.
	Heads []layer `json:"heads,omitempty"`
}

// layer is a dense layer, an autoencoder or an RBM.
type layer struct {
	Inputs     int               `json:"inputs"`
	Units      int               `json:"units"`
	Activation blocks.Activation `json:"activation"`
	// Output and Tied are an autoencoder's.
	Output *blocks.Output `json:"output,omitempty"`
	Tied   bool           `json:"tied,omitempty"` // a directed layer of a label DBN's too
	// Classes of the labels of a machine that has them.
	Classes int `json:"classes,omitempty"`
	// Visible and Hidden are an RBM's units, which has the log-variances of its visible
	// units as a fourth parameter if Variances is set.
	Visible   Units `json:"visible,omitzero"`
	Hidden    Units `json:"hidden,omitzero"`
	Variances bool  `json:"variances,omitempty"`
	// Conv is that of a convolutional layer, whose Inputs and Units are those of all channels.
	Conv *convDescription `json:"conv,omitempty"`
	// Up is that of a conv generator's layer.
	Up *upDescription `json:"up,omitempty"`
	// Interaction is a dense Hopfield network's.
	Interaction *Interaction `json:"interaction,omitempty"`
	// Params are the names of the parameters, in the order of the layer's Params.
	Params []string `json:"parameters"`
}

// Kinds of models in a description.
const (
	kindMLP                = "mlp"
	kindAutoencoder        = "autoencoder"
	kindStackedAutoencoder = "stacked autoencoder"
	kindDeepAutoencoder    = "deep autoencoder"
	kindRBM                = "rbm"
	kindDBN                = "dbn"
	kindDBM                = "dbm"
	kindLabelRBM           = "label rbm"
	kindLabelDBN           = "label dbn"
	kindConvNet            = "convnet"
	kindConvGenerator      = "conv generator"
	kindPolicyValue        = "policy-value network"
)

// A description may not ask for more.
const (
	maxDescription = 1 << 20 // bytes
	maxLayers      = 1000
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

// text is the description in JSON.
func (d *description) text() (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(d)
	return strings.TrimSpace(b.String()), err
}

// parseDescription reads and checks the description in a file.
func parseDescription(text string) (*description, error) {
	if len(text) > maxDescription {
		return nil, fmt.Errorf("metadata %q: want at most %d bytes, got %d", descriptionKey, maxDescription, len(text))
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields() // what a later version says may matter
	d := &description{}
	if err := dec.Decode(d); err != nil {
		return nil, fmt.Errorf("metadata %q: %.200s", descriptionKey, err) // names what it found, however long
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("metadata %q: want one JSON object, got more", descriptionKey)
	}
	if err := d.check(); err != nil {
		return nil, fmt.Errorf("metadata %q: %.200s", descriptionKey, err)
	}
	return d, nil
}
