package models_test

import (
	"testing"

	"capas/models"
	"capas/train"

	"github.com/google/go-cmp/cmp"
)

// A trace has the means of the monitors by step; steps beyond its end change nothing.
func TestTrace(t *testing.T) {
	const examples, batch, epochs = 60, 10, 3
	build := func(every, steps int) (*models.GAN, *train.History) {
		a := newGAN(t, []int{2, 5, 3}, []int{3, 5})
		if every > 0 {
			a.Trace = must[*models.Trace](t)(models.NewTrace("gan", steps, every, 2))
		}
		tr := train.Trainer{Model: a, Data: set(t, uniform(stream("x"), examples, 3), nil, 1), Recipe: train.Recipe{Optimizer: train.SGD(0.1), Epochs: epochs, Batch: batch}}
		return a, must[*train.History](t)(tr.Run(t.Context()))
	}
	plain, _ := build(0, 0)
	traced, h := build(3, 18)
	rows := traced.Trace.Rows()
	if len(rows) != 6 || len(traced.State()) != 2 {
		t.Fatalf("want 6 rows of 3 of 18 steps, got %d", len(rows))
	}
	for e, record := range h.Epochs {
		for j := range 2 {
			near(t, record.Train[j].Name, []float64{record.Train[j].Value}, []float64{(rows[2*e][j] + rows[2*e+1][j]) / 2}, 1e-6)
		}
	}
	for i, p := range plain.Params() {
		if d := cmp.Diff(p.Value.Float32s(), traced.Params()[i].Value.Float32s()); d != "" {
			t.Errorf("%s: the trace changes the training: %s", p.Name, d)
		}
	}
	short, _ := build(3, 8)
	if d := cmp.Diff(rows[:3], short.Trace.Rows()); d != "" {
		t.Errorf("a trace that ends early: %s", d)
	}
}

// The pages of an album are what the generator makes at their steps, before the first one and after
// training up to there; the album changes nothing.
func TestAlbum(t *testing.T) {
	build := func(epochs int, album bool) *models.GAN {
		a := newGAN(t, []int{2, 5, 3}, []int{3, 5})
		if album {
			a.Album = must[*models.Album](t)(models.NewAlbum("gan", 4, 2, 3, []int{0, 6, 7, 100}, stream("codes")))
		}
		if epochs > 0 {
			recipe := train.Recipe{Optimizer: train.SGD(0.1), Epochs: epochs, Batch: 10}
			must[*train.History](t)((&train.Trainer{Model: a, Data: set(t, uniform(stream("x"), 60, 3), nil, 1), Recipe: recipe}).Run(t.Context()))
		}
		return a
	}
	whole := build(2, true)
	for page, epochs := range []int{0, 1} {
		near(t, "page", forward(t, whole.Album.Codes.Value, build(epochs, false).Generate), numbers(t, whole.Album.Page(page)), 1e-6)
	}
	if equal(numbers(t, whole.Album.Page(1)), numbers(t, whole.Album.Page(2))) {
		t.Error("pages of two steps are equal")
	}
	near(t, "a page to come", make([]float64, 12), numbers(t, whole.Album.Page(3)), 0)
	for i, p := range build(2, false).Params() {
		if d := cmp.Diff(p.Value.Float32s(), whole.Params()[i].Value.Float32s()); d != "" {
			t.Errorf("%s: the album changes the training: %s", p.Name, d)
		}
	}
	_, err := models.NewAlbum("gan", 4, 2, 3, []int{6, 0}, stream("codes"))
	refused(t, "falling steps", err, "album gan", "in rising order", "[6 0]")
	_, err = models.NewAlbum("gan", 4, 2, 3, []int{6}, nil)
	refused(t, "no stream", err, "a stream of random numbers")
	a := build(0, false)
	a.Album = must[*models.Album](t)(models.NewAlbum("gan", 4, 2, 5, []int{0}, stream("codes")))
	_, err = a.Objective(10)
	refused(t, "examples of another size", err, "pages of 12 elements, got 20")
}
