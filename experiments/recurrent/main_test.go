package main

import (
	"os"
	"path/filepath"
	"testing"

	"capas/experiments/internal/labtest"
)

// tiny is a run of every part that takes a second or two.
func tiny(out string, more ...string) []string {
	return append([]string{"-preset", "smoke", "-mnist-sequences", "300", "-text-sequences", "5000", "-adding-sequences", "100", "-copy-sequences", "100",
		"-progress", "none", "-out", out}, more...)
}

func program() labtest.Program[Recipe] {
	return labtest.Program[Recipe]{Experiment: experiment(), Tiny: tiny}
}

func TestRunAndResume(t *testing.T) {
	program().RunAndResume(t, "adding.svg", "adding_learning.svg", "copy.svg", "copy_learning.svg", "gradient.svg", "mnist.svg", "text.svg", "xor.svg", "reber.svg",
		"models/seed-1-adding-lstm-10-rate-0.01.safetensors", "models/seed-1-text-lstm.safetensors", "models/seed-1-xor-jordan.safetensors")
}

func TestPresetsAreValid(t *testing.T) { program().Presets(t) }

func TestResult(t *testing.T) {
	doc := program().Result(t, "-seeds", "3", "-mnist-cells", "rnn,gru")
	for _, name := range []string{"adding.gru.10.test_mse", "copy.rnn.10.test_error", "gradient.lstm-half.log10", "mnist.gru.test_error", "text.lstm.test_bits", "text.3-gram.test_bits",
		"xor.elman.other_error", "reber.jordan.test_error"} {
		if len(doc.Metrics[name].Values) != 3 {
			t.Errorf("%s: want 3 values, got %v", name, doc.Metrics[name].Values)
		}
	}
	if want := 3 + 3 + 2 + 2 + 1 + 2 + 1; len(doc.Claims) != want {
		t.Errorf("want %d claims of 3 seeds, got %d", want, len(doc.Claims))
	}
}

// A cell that diverges at one rate is judged at the other; one that diverges at all has no values.
func TestDivergence(t *testing.T) {
	doc := program().Result(t, "-parts", "copy", "-cells", "rnn-relu", "-lengths", "40", "-rates", "0.01,1", "-copy-epochs", "3")
	if v := doc.Metrics["copy.rnn-relu.40.test_error"].Values; len(v) != 1 {
		t.Errorf("want one value, got %v", v)
	}
}

// Parts that are left out need nothing.
func TestParts(t *testing.T) {
	doc := program().Result(t, "-parts", "gradient", "-data-dir", t.TempDir())
	if len(doc.Figures) != 2 || doc.Figures[0] != "gradient.svg" {
		t.Errorf("want the figures of one part, got %v", doc.Figures)
	}
}

// Gradients that vanish in float64, and trainings that all diverge, leave a report all the same.
func TestNothingToDraw(t *testing.T) {
	doc := program().Result(t, "-parts", "gradient", "-cells", "rnn-sigmoid", "-gradient-steps", "1000", "-adding-units", "1")
	if v := doc.Metrics["gradient.rnn-sigmoid.log10"].Values; len(v) != 1 || v[0] != least || len(doc.Figures) != 2 {
		t.Errorf("want %d orders lost in two figures, got %v in %v", -least, v, doc.Figures)
	}
	recipe := recipeFile(t, `{"mnist": {"train": {"optimizer": {"kind": "sgd", "rate": {"start": 1e38}}, "epochs": 1}}, "xor": {"train": {"optimizer": {"kind": "sgd", "rate": {"start": 1e38}}}}}`)
	doc = program().Result(t, "-recipe", recipe, "-seeds", "3", "-parts", "mnist,xor", "-mnist-cells", "rnn-relu")
	if len(doc.Claims) != 3 || doc.Claims[0].Holds {
		t.Errorf("want no verdict in favour of what diverged, got %v", doc.Claims)
	}
}

// recipeFile is a file of a recipe.
func recipeFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "recipe.json")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestBadInput(t *testing.T) {
	empty := t.TempDir()
	recipe := func(text string) []string { return []string{"-recipe", recipeFile(t, text)} }
	program().BadInput(t,
		labtest.Bad{Name: "a part", Status: 2, Says: `part "ading" is unknown`, Args: []string{"-parts", "ading"}},
		labtest.Bad{Name: "a part twice", Status: 2, Says: "xor", Args: []string{"-parts", "xor,xor"}},
		labtest.Bad{Name: "a cell", Status: 2, Says: `cell "lstn" is unknown`, Args: []string{"-cells", "lstn"}},
		labtest.Bad{Name: "length 0", Status: 2, Says: "lengths of 2 to 2000", Args: []string{"-lengths", "0"}},
		labtest.Bad{Name: "falling lengths", Status: 2, Says: "in rising order, got [20 10]", Args: []string{"-lengths", "20,10"}},
		labtest.Bad{Name: "a length beyond the memory", Status: 2, Says: "lengths of 2 to 2000", Args: []string{"-lengths", "1000000"}},
		labtest.Bad{Name: "rate 0", Status: 2, Says: "rates in (0,1]", Args: []string{"-rates", "0"}},
		labtest.Bad{Name: "no number", Status: 2, Says: "x", Args: []string{"-lengths", "x"}},
		labtest.Bad{Name: "one gradient step", Status: 2, Says: "gradient_steps of 2 to 2000", Args: []string{"-gradient-steps", "1"}},
		labtest.Bad{Name: "no units", Status: 2, Says: "adding: want 1 to 2000 units, got 0", Args: []string{"-adding-units", "0"}},
		labtest.Bad{Name: "too many sequences", Status: 2, Says: "copy: want 10 to 200000 sequences", Args: []string{"-copy-sequences", "1000000000"}},
		labtest.Bad{Name: "negative images", Status: 2, Says: "mnist: want 0 to 200000 sequences, got -1", Args: []string{"-mnist-sequences", "-1"}},
		labtest.Bad{Name: "no text", Status: 2, Says: "text: want sequences, its characters, of at least 5000", Args: []string{"-text-sequences", "5"}},
		labtest.Bad{Name: "no epochs", Status: 2, Says: "xor: want 1 to 2000 epochs, got 0", Args: []string{"-xor-epochs", "0"}},
		labtest.Bad{Name: "reber without units", Status: 2, Says: "reber: want 1 to 2000 units", Args: []string{"-reber-units", "-3"}},
		labtest.Bad{Name: "no cells", Status: 2, Says: "want 1 to 8 cells, got 0", Args: recipe(`{"cells": null}`)},
		labtest.Bad{Name: "steps that lengths say", Status: 2, Says: "adding: want no steps", Args: recipe(`{"adding": {"steps": 5}}`)},
		labtest.Bad{Name: "a batch beyond the memory", Status: 2, Says: "text: want at most 268435456 numbers as states of a batch", Args: recipe(`{"text": {"train": {"batch": 1000000000}}}`)},
		labtest.Bad{Name: "a batch of more sequences than the text has", Status: 1, Says: "at least one part of 20 steps for each of 5000 sequences", Args: recipe(`{"text": {"train": {"batch": 5000}}}`)},
		labtest.Bad{Name: "sequences beyond the memory", Status: 2, Says: "copy: want at most 268435456 numbers as inputs of all sequences", Args: []string{"-lengths", "2000", "-copy-sequences", "200000"}},
		labtest.Bad{Name: "states beyond the memory", Status: 2, Says: "adding: want at most 268435456 numbers as states of a batch", Args: []string{"-lengths", "2000", "-adding-units", "2000"}},
		labtest.Bad{Name: "empty data directory", Status: 1, Says: empty, Args: []string{"-data-dir", empty}},
		labtest.Bad{Name: "missing data directory", Status: 2, Says: "nowhere", Args: []string{"-data-dir", filepath.Join(empty, "nowhere")}},
	)
}
