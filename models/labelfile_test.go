package models_test

import (
	"fmt"
	"testing"

	"capas/blocks"
	"capas/models"

	G "gorgonia.org/gorgonia"
)

// labelSpecimens are the models with labels.
func labelSpecimens(t testing.TB) map[string]any {
	net := func(untie bool) *models.LabelDBN {
		d, _, err := models.NewLabelDBN("dbn", []int{6, 4, 5}, 2, blocks.LeCun(), stream("init"))
		if err == nil && untie {
			err = d.Untie()
		}
		return must[*models.LabelDBN](t)(d, err)
	}
	return map[string]any{
		"label rbm":         must[*models.LabelRBM](t)(models.NewLabelRBM("rbm", 5, 3, 4, blocks.LeCun(), stream("init"))),
		"label dbn, tied":   net(false),
		"label dbn, untied": net(true),
	}
}

// labelOutputs adds what a network says about its input, in which every parameter has a part.
func labelOutputs(t testing.TB, v *G.Node, d *models.LabelDBN, add func(name string, n *G.Node, err error) *G.Node) {
	t.Helper()
	for l, b := range d.Layers {
		h, err := b.Up(v)
		v = add(fmt.Sprintf("hidden.%d", l), h, err)
		x, err := b.Down(v)
		add(fmt.Sprintf("visible.%d", l), x, err)
	}
	y, err := d.Top.Posterior(v)
	add("posterior", y, err)
	encoder := d.Encoder()
	h, err := encoder[len(encoder)-1].Forward(v)
	memory := add("memory", h, err)
	y, err = d.Top.Labels(memory)
	add("labels", y, err)
	y, err = d.Top.Down(memory)
	add("visible", y, err)
}
