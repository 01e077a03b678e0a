package models

import (
	"fmt"

	"capas/blocks"
)

// check tells whether a description is one of a model: that its parts are there, fit
// together, and are named so that a graph can tell them apart.
func (d *description) check() error {
	if recurrentKind(d.Kind) {
		return d.checkSequence()
	}
	if d.Sequence != nil {
		return fmt.Errorf("%.40s: want no sequence, which recurrent models have", d.Kind)
	}
	perLayer, single, output := 0, false, false // parameters a layer; one layer alone; an output of its own
	switch d.Kind {
	case kindMLP, kindDeepAutoencoder, kindConvNet, kindConvGenerator:
		perLayer, output = 2, true
	case kindPolicyValue:
		perLayer = 2
	case kindAutoencoder, kindRBM, kindLabelRBM:
		perLayer, single = 3, true
	case kindStackedAutoencoder, kindDBN, kindDBM, kindLabelDBN:
		perLayer = 3
	case kindHopfield, kindDenseHopfield, kindBAM:
		perLayer, single = memoryParams(d.Kind), true
	default:
		return fmt.Errorf("model of kind %.40q is unknown", d.Kind)
	}
	all := append(d.Layers[:len(d.Layers):len(d.Layers)], d.Decoder...)
	for _, l := range append(d.Decoder[:len(d.Decoder):len(d.Decoder)], d.Heads...) {
		if l.Conv != nil || l.Up != nil {
			return fmt.Errorf("%s: want decoders and heads without convolutions", d.Kind)
		}
	}
	if err := d.checkHeads(); err != nil {
		return err
	}
	switch {
	case len(all) > maxLayers:
		return fmt.Errorf("%s: want at most %d layers, got %d", d.Kind, maxLayers, len(all))
	case len(d.Layers) == 0 || single && len(d.Layers) > 1:
		return fmt.Errorf("%s: want layers, one for a single machine, got %d", d.Kind, len(d.Layers))
	case (len(d.Decoder) > 0) != (d.Kind == kindDeepAutoencoder):
		return fmt.Errorf("%s: want a decoder for a deep autoencoder alone, got %d layers", d.Kind, len(d.Decoder))
	case (d.Output != nil) != output:
		return fmt.Errorf("%s: want an output for an mlp, a deep autoencoder, a convnet and a conv generator alone, got it %t", d.Kind, d.Output != nil)
	}
	names := map[string]bool{}
	for i, l := range all {
		if d.Kind == kindDBM && i > 0 {
			perLayer = 2 // the biases below are those of the layer before
		}
		if err := l.check(d.Kind, perLayer); err != nil {
			return fmt.Errorf("%s, layer %d: %w", d.Kind, i+1, err)
		}
		if top := i == len(all)-1 && labelled(d.Kind); (l.Classes != 0) != top {
			return fmt.Errorf("%s, layer %d: want classes in the top layer of labelled machines alone, got %d", d.Kind, i+1, l.Classes)
		}
		if i > 0 && l.Inputs != all[i-1].Units {
			return fmt.Errorf("%s, layer %d: want %d inputs, the units below, got %d", d.Kind, i+1, all[i-1].Units, l.Inputs)
		}
		if err := different(names, l.Params); err != nil {
			return fmt.Errorf("%s, layer %d: %w", d.Kind, i+1, err)
		}
	}
	for _, l := range d.Heads {
		if err := different(names, l.Params); err != nil {
			return fmt.Errorf("%s, heads: %w", d.Kind, err)
		}
	}
	if err := d.checkConvs(); err != nil {
		return err
	}
	if err := d.checkUps(); err != nil {
		return err
	}
	if last := all[len(all)-1]; len(d.Decoder) > 0 && last.Units != all[0].Inputs {
		return fmt.Errorf("%s: want %d outputs, as many as inputs, got %d", d.Kind, all[0].Inputs, last.Units)
	}
	return nil
}

// different reports a parameter without a name, or with one that is among those before.
func different(before map[string]bool, params []string) error {
	for _, name := range params {
		if name == "" || before[name] {
			return fmt.Errorf("want parameters of different names, got %q", name)
		}
		before[name] = true
	}
	return nil
}

func (l layer) check(kind string, params int) error {
	autoencoder, rbm := kind == kindAutoencoder || kind == kindStackedAutoencoder, kind == kindRBM || kind == kindDBN
	if autoencoder && !l.Tied || rbm && l.Variances {
		params++
	}
	params += l.labelParams(kind)
	if l.Conv != nil && l.Conv.Norm || l.Up != nil && l.Up.Norm {
		params += 4
	}
	_, unknown := blocks.ParseActivation(l.Activation.String())
	switch {
	case l.Inputs < 1 || l.Units < 1:
		return fmt.Errorf("want at least one input and one unit, got %d and %d", l.Inputs, l.Units)
	case len(l.Params) != params:
		return fmt.Errorf("want the names of %d parameters, got %d", params, len(l.Params))
	case l.Classes < 0:
		return fmt.Errorf("want no negative number of classes, got %d", l.Classes)
	case (l.Output != nil) != autoencoder || l.Tied && !autoencoder && (!labelled(kind) || l.Classes > 0):
		return fmt.Errorf("want an output, and weights that may be tied, for an autoencoder alone, got output %t, tied %t", l.Output != nil, l.Tied)
	case (kind == kindDBM || labelled(kind)) && l.Activation != blocks.Sigmoid():
		return fmt.Errorf("want the activation sigmoid, got %s", l.Activation)
	case !rbm && (l.Visible != Units{} || l.Hidden != Units{} || l.Variances):
		return fmt.Errorf("want types of units for an rbm alone, got %s and %s", l.Visible, l.Hidden)
	case rbm && l.Activation != l.Hidden.Activation():
		return fmt.Errorf("want the activation %s of %s hidden units, got %s", l.Hidden.Activation(), l.Hidden, l.Activation)
	}
	if rbm {
		if err := checkUnits(l.Visible, l.Hidden, l.Inputs, l.Units, l.Variances); err != nil {
			return err
		}
	}
	if err := l.checkMemory(kind); err != nil {
		return err
	}
	return unknown
}
