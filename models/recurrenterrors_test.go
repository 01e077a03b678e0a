package models_test

import (
	"testing"

	"capas/blocks"
	"capas/models"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func TestRecurrentErrors(t *testing.T) {
	build := func(change func(o *models.RecurrentOptions)) error {
		o := small(blocks.LSTM())
		change(&o)
		_, err := models.NewRecurrent("net", o, blocks.Uniform(), stream("init"))
		return err
	}
	refused(t, "no steps", build(func(o *models.RecurrentOptions) { o.Steps = 0 }), "at least one layer and one step, got 1 and 0")
	refused(t, "no units", build(func(o *models.RecurrentOptions) { o.Units = 0 }), "at least one input and one unit")
	refused(t, "no inputs", build(func(o *models.RecurrentOptions) { o.Inputs = 0 }), "at least one input and one unit")
	refused(t, "no outputs", build(func(o *models.RecurrentOptions) { o.Outputs = 0 }), "at least one input and one unit")
	refused(t, "more outputs than steps", build(func(o *models.RecurrentOptions) { o.Each, o.Last = true, 5 }), "after 0 to 4 last steps")
	refused(t, "outputs of steps that are not asked for", build(func(o *models.RecurrentOptions) { o.Last = 1 }), "each of them")
	refused(t, "negative layers", build(func(o *models.RecurrentOptions) { o.Layers = -1 }), "at least one layer")
	o := small(blocks.LSTM())
	r := must[*models.Recurrent](t)(models.NewRecurrent("net", o, blocks.Uniform(), stream("init")))
	_, err := r.Objective(0)
	refused(t, "no sequences", err, "at least one sequence, got 0")
	_, err = r.Logits(blocks.NewInput(G.NewGraph(), tensor.Float32, "x", 2, 9), true)
	refused(t, "a row too long", err, "want examples (m,8), got (2, 9)")
	refused(t, "no carried sequences", r.Carry(0), "at least one sequence")
	walk := must[*models.Walk](t)(r.Walk(2))
	_, err = walk.Next([]float32{1})
	refused(t, "a short step", err, "want 2 inputs for each of 2 sequences, got 1")
	if err := r.Carry(3); err != nil {
		t.Fatal(err)
	}
	_, err = r.Objective(2)
	refused(t, "another batch", err, "the states of 3 sequences, got a batch of 2")
	r.Steps = 0
	_, err = r.Objective(3)
	refused(t, "sequences of length 0", err, "at least one step")
	o.Bidirectional = true
	both := must[*models.Recurrent](t)(models.NewRecurrent("net", o, blocks.Uniform(), stream("init")))
	refused(t, "both directions", both.Carry(1), "layer 1 runs backwards")
	_, err = both.Walk(1)
	refused(t, "a walk both ways", err, "runs backwards")
	_, err = (&models.Recurrent{Layers: make([]models.RecurrentLayer, 1), Top: r.Top, Steps: 1}).Objective(1)
	refused(t, "a layer that is not there", err, "has no layers, or one is missing")
	_, err = (&models.Jordan{Steps: 1}).Objective(1)
	refused(t, "jordan without parameters", err, "a parameter is missing")
	_, err = models.NewJordan("j", 2, 3, 2, 0, "tanh", blocks.Uniform(), stream("init"))
	refused(t, "jordan of no steps", err, "at least one step")
	_, err = models.NewJordan("j", 2, 0, 2, 3, "tanh", blocks.Uniform(), stream("init"))
	refused(t, "jordan of no units", err, "at least one input and one unit")
	j := must[*models.Jordan](t)(models.NewJordan("j", 2, 3, 2, 3, "cosine", blocks.Uniform(), stream("init")))
	_, err = j.Objective(2)
	refused(t, "jordan's function", err, `got "cosine"`)
	_, err = blocks.ParseCell("lstn")
	refused(t, "a cell", err, `cell "lstn" is unknown, want one of rnn, `)
	refused(t, "a model to save", models.Save(t.TempDir()+"/x", &models.Recurrent{}, nil), "want layers and a top layer")
	refused(t, "a model to save", models.Save(t.TempDir()+"/x", &models.Jordan{}, nil), "a parameter is missing")
}
