package nb

import (
	"errors"
	"slices"
	"testing"

	"capas/blocks"
	"capas/models"
	"capas/random"
)

func TestMarkdown(t *testing.T) {
	got := markdown([]string{"name", "error", "n"}, [][]any{{"a", 1.23456, 7}, {blocks.Tanh(), errors.New("none"), 8}})
	want := "| name | error | n |\n| :-- | --: | --: |\n| a | 1.235 | 7 |\n| tanh | none | 8 |\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	defer func() {
		if recover() == nil {
			t.Error("want a panic for a row that is too short")
		}
	}()
	markdown([]string{"a", "b"}, [][]any{{1}})
}

func TestMNIST(t *testing.T) {
	data := MNIST(100, 50)
	for _, c := range []struct{ got, want []int }{
		{data.Train.ClassCounts(), slices.Repeat([]int{10}, 10)},
		{data.Validation.ClassCounts(), slices.Repeat([]int{5}, 10)},
		{data.Test.ClassCounts(), slices.Repeat([]int{5}, 10)},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("got %v of each class, want %v", c.got, c.want)
		}
	}
}

// TestKeep: a model comes back with its numbers, and a panic tells of one that was not kept.
func TestKeep(t *testing.T) {
	t.Setenv("GONB_TMP_DIR", t.TempDir())
	r := Must(models.NewRBM("rbm", 6, 4, blocks.Gaussian(1), random.New(1)))
	Keep("one", r)
	if got := Kept[*models.RBM]("one"); !slices.Equal(got.W.Value.Float32s(), r.W.Value.Float32s()) {
		t.Errorf("got %v, want %v", got.W.Value, r.W.Value)
	}
	defer func() {
		if recover() == nil {
			t.Error("want a panic for a model that was not kept")
		}
	}()
	Kept[*models.RBM]("two")
}
