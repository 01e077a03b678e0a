package main

import (
	"strings"
	"testing"

	"capas/blocks"
	"capas/models"
	"capas/random"
)

// Recurrent networks are listed by their cells; they draw no samples and tell no images.
func TestRecurrentKinds(t *testing.T) {
	dir := t.TempDir()
	network := func(o models.RecurrentOptions) *models.Recurrent {
		o.Inputs, o.Units, o.Outputs, o.Steps = 3, 4, 2, 5
		r, err := models.NewRecurrent("net", o, blocks.Uniform(), random.New(1))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	jordan, err := models.NewJordan("net", 3, 4, 2, 5, "tanh", blocks.Uniform(), random.New(1))
	if err != nil {
		t.Fatal(err)
	}
	for want, model := range map[string]any{
		"lstm 3-4-2, 5 steps, outputs classes":                              network(models.RecurrentOptions{Cell: blocks.LSTM()}),
		"gru 3-4-4-2, 5 steps, both directions, outputs classes after each": network(models.RecurrentOptions{Cell: blocks.GRU(), Layers: 2, Bidirectional: true, Each: true}),
		"rnn-relu 3-4-2, 5 steps, outputs classes after the last 2":         network(models.RecurrentOptions{Cell: blocks.BasicCell("relu"), Each: true, Last: 2}),
		"jordan network 3-4-2, tanh, 5 steps, outputs binary":               jordan,
	} {
		path := saved(t, dir, "model", model)
		if got := decoded[struct{ Model string }](t, "tensors", path).Model; got != want {
			t.Errorf("want %q, got %q", want, got)
		}
		for _, args := range [][]string{{"samples", "-o", dir + "/x.png", path}, {"predict", path, path}} {
			if status, _, stderr := call(args...); status == 0 || !strings.Contains(stderr, " network with outputs ") {
				t.Errorf("%s: %v: want a refusal of such a network, got status %d: %s", want, args[0], status, stderr)
			}
		}
	}
}
