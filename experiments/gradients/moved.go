package main

import (
	"fmt"
	"math"

	"capas/blocks"
	"capas/models"
	"capas/train"
)

// clones are copies of the weights of all layers.
func clones(net *models.MLP) []*blocks.Param {
	var out []*blocks.Param
	for _, d := range net.Layers {
		out = append(out, d.W.Clone(d.W.Name))
	}
	return out
}

// moved are the values "moved.1", …: |W − W⁰| of each layer.
func moved(net *models.MLP, first []*blocks.Param) train.Values {
	var out train.Values
	for l, d := range net.Layers {
		before, sum := first[l].Value.Float32s(), 0.0
		for i, w := range d.W.Value.Float32s() {
			by := float64(w) - float64(before[i])
			sum += by * by
		}
		out = append(out, train.Value{Name: fmt.Sprintf("moved.%d", l+1), Value: math.Sqrt(sum)})
	}
	return out
}

// movement reads from the history how far the weights went, and which share of the way
// the last layers of the given number went.
func (o *outcome) movement(last int) {
	v := o.history.Epochs[len(o.history.Epochs)-1].Validation
	var all, upper float64
	for l, s := range o.before {
		by, _ := v.Get(fmt.Sprintf("moved.%d", l+1))
		o.moved = append(o.moved, by/s.Weight)
		all += by * by
		if l >= len(o.before)-last {
			upper += by * by
		}
	}
	o.share = upper / all
}
