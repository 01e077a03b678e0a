package models

import (
	"fmt"

	"capas/blocks"
)

// Kinds of associative memories in a description.
const (
	kindHopfield      = "hopfield"
	kindDenseHopfield = "dense hopfield"
	kindBAM           = "bam"
)

// memoryKind tells whether a kind of model is an associative memory.
func memoryKind(kind string) bool {
	return kind == kindHopfield || kind == kindDenseHopfield || kind == kindBAM
}

// describeMemory adds the one layer of an associative memory.
func (d *description) describeMemory(model any, add func(l layer, ps ...*blocks.Param)) {
	switch m := model.(type) {
	case *Hopfield:
		if d.Kind = kindHopfield; m != nil {
			add(layer{}, m.Params()...)
		}
	case *DenseHopfield:
		if d.Kind = kindDenseHopfield; m != nil {
			add(layer{Interaction: &m.F}, m.Params()...)
		}
	case *BAM:
		if d.Kind = kindBAM; m != nil {
			add(layer{}, m.Params()...)
		}
	}
}

// memory makes the associative memory of a checked description.
func (d *description) memory(next func() *blocks.Param) any {
	switch d.Kind {
	case kindHopfield:
		return &Hopfield{W: next(), B: next()}
	case kindBAM:
		return &BAM{W: next(), B: next(), C: next()}
	}
	return &DenseHopfield{X: next(), F: *d.Layers[0].Interaction}
}

// memoryParams is how many parameters a kind of associative memory has.
func memoryParams(kind string) int {
	return map[string]int{kindHopfield: 2, kindDenseHopfield: 1, kindBAM: 3}[kind]
}

// memoryNames are the names of their tensors: Hopfield's are those of nn.Linear(n, n).
func memoryNames(kind string) []string {
	switch kind {
	case kindHopfield:
		return []string{"weight", "bias"}
	case kindBAM:
		return []string{"weight", "hidden_bias", "visible_bias"}
	}
	return []string{"patterns"}
}

// checkMemory reports what is wrong with the layer of an associative memory, and an
// interaction of what is none.
func (l layer) checkMemory(kind string) error {
	switch {
	case (l.Interaction != nil) != (kind == kindDenseHopfield):
		return fmt.Errorf("want an interaction for a dense hopfield network alone, got it %t", l.Interaction != nil)
	case kind == kindDenseHopfield:
		return l.Interaction.check()
	case kind == kindHopfield && l.Inputs != l.Units:
		return fmt.Errorf("want as many inputs as units, %d, got %d", l.Units, l.Inputs)
	case memoryKind(kind) && l.Activation != blocks.Linear():
		return fmt.Errorf("want the activation linear, got %s", l.Activation)
	}
	return nil
}
