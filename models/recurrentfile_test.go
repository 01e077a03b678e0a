package models_test

import (
	"testing"

	"capas/blocks"
	"capas/models"
)

// recurrentSpecimens are recurrent networks of all kinds that PyTorch has, and a Jordan network.
func recurrentSpecimens(t testing.TB) map[string]any {
	t.Helper()
	network := func(cell string, output blocks.Output, o models.RecurrentOptions) *models.Recurrent {
		o.Cell = must[blocks.Cell](t)(blocks.ParseCell(cell))
		o.Inputs, o.Units, o.Outputs, o.Steps, o.Forget = 3, 4, 2, 5, 1
		r := must[*models.Recurrent](t)(models.NewRecurrent("net", o, blocks.Uniform(), stream("init")))
		r.Output = output
		return r
	}
	jordan := must[*models.Jordan](t)(models.NewJordan("net", 3, 4, 2, 5, "tanh", blocks.Uniform(), stream("init")))
	return map[string]any{
		"rnn":                       network("rnn", blocks.Classes(), models.RecurrentOptions{}),
		"rnn with relu, two layers": network("rnn-relu", blocks.Numeric(), models.RecurrentOptions{Layers: 2}),
		"lstm, after each step":     network("lstm", blocks.Binary(), models.RecurrentOptions{Each: true}),
		"lstm, two directions":      network("lstm", blocks.Classes(), models.RecurrentOptions{Bidirectional: true, Layers: 2, Masked: true}),
		"gru":                       network("gru", blocks.Classes(), models.RecurrentOptions{}),
		"gru, two directions":       network("gru", blocks.Classes(), models.RecurrentOptions{Bidirectional: true, Each: true, Last: 3}),
		"jordan":                    jordan,
	}
}
