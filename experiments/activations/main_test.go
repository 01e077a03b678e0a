package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/internal/labtest"
	"capas/models"
	"capas/train"
)

// program's tiny run takes a second or two.
func program() labtest.Program[Recipe] {
	return labtest.Program[Recipe]{Experiment: experiment(), Tiny: func(out string, more ...string) []string {
		return append([]string{"-preset", "smoke", "-images", "500", "-width", "8", "-epochs", "2", "-depth", "1,2", "-examples", "50",
			"-progress", "none", "-out", out}, more...)
	}}
}

func TestRunAndResume(t *testing.T) {
	program().RunAndResume(t, "f_bounded.svg", "slope_unbounded.svg", "curves_depth1.svg", "error_by_rate_depth2.svg", "test_error.svg", "test_error_near.svg",
		"flat_depth2.svg", "flat_by_rate_depth2.svg", "dead_by_rate_depth2.svg", "checkpoints/seed-1-leaky-relu0.01-depth2-rate1")
}

func TestPresets(t *testing.T) { program().Presets(t) }

func TestBadInput(t *testing.T) {
	program().BadInput(t,
		labtest.Bad{Name: "activation", Status: 2, Says: "gelu", Args: []string{"-activation", "relu,gelu"}},
		labtest.Bad{Name: "softmax", Status: 2, Says: "for outputs", Args: []string{"-activation", "softmax"}},
		labtest.Bad{Name: "activation twice", Status: 2, Says: "activation relu is given twice", Args: []string{"-activation", "relu,relu"}},
		labtest.Bad{Name: "too many activations", Status: 2, Says: "want 1 to 7 activations, got 8",
			Args: []string{"-activation", strings.Join(blocks.Activations()[:8], ",")}},
		labtest.Bad{Name: "α", Status: 2, Says: "at least 0", Args: []string{"-activation", "leaky-relu(-1)"}},
		labtest.Bad{Name: "no number", Status: 2, Says: "depth", Args: []string{"-depth", "3,x"}},
		labtest.Bad{Name: "depth", Status: 2, Says: "want depths of 1 to 12", Args: []string{"-depth", "3,13"}},
		labtest.Bad{Name: "depth twice", Status: 2, Says: "depth 3 is given twice", Args: []string{"-depth", "3,3"}},
		labtest.Bad{Name: "many depths", Status: 2, Says: "want 1 to 4 depths", Args: []string{"-depth", "1,2,3,4,5"}},
		labtest.Bad{Name: "width", Status: 2, Says: "want 1 to 2000 units", Args: []string{"-width", "0"}},
		labtest.Bad{Name: "init", Status: 2, Says: "want paired or", Args: []string{"-init", "zeros"}},
		labtest.Bad{Name: "images", Status: 2, Says: "images of at least 0", Args: []string{"-images", "-1"}},
		labtest.Bad{Name: "too many images", Status: 1, Says: "50000", Args: []string{"-images", "60000"}},
		labtest.Bad{Name: "epochs", Status: 2, Says: "want 1 to 1000 epochs", Args: []string{"-epochs", "1001"}},
		labtest.Bad{Name: "batch", Status: 2, Says: "batch", Args: []string{"-batch", "-1"}},
		labtest.Bad{Name: "target", Status: 2, Says: "target in (0,0.9)", Args: []string{"-target", "0"}},
		labtest.Bad{Name: "examples", Status: 2, Says: "1 to 10000 examples", Args: []string{"-examples", "0"}},
		labtest.Bad{Name: "lr", Status: 2, Says: "among rates", Args: []string{"-lr", "0.5"}},
		labtest.Bad{Name: "falling rates", Status: 2, Says: "rising order", Args: []string{"-rates", "1,0.1"}},
		labtest.Bad{Name: "NaN", Status: 2, Says: "NaN", Args: []string{"-rates", "NaN"}},
		labtest.Bad{Name: "negative rate", Status: 2, Says: "rate", Args: []string{"-rates", "-1,0.1"}},
		labtest.Bad{Name: "no rate that trains", Status: 1, Says: "no seed diverges", Args: []string{"-rates", "1e30", "-lr", "1e30"}},
	)
}

// Verdicts about networks take three seeds; those about curves need none.
func TestVerdicts(t *testing.T) {
	claims := func(seeds string) map[string]bool {
		holds := map[string]bool{}
		for _, c := range program().Result(t, "-seeds", seeds, "-rates", "0.1,1").Claims {
			holds[c.Claim] = c.Holds
		}
		return holds
	}
	two, three := claims("2"), claims("3")
	for claim, want := range map[string]bool{
		"The derivative of the sigmoid is at most 0.25.":            true,
		"relu does not saturate as x grows.":                        true,
		"relu does not saturate for negative x either.":             false,
		"leaky-relu(0.01) does not saturate for negative x either.": true,
		"tanh saturates, on both sides.":                            true,
	} {
		if holds, ok := two[claim]; !ok || holds != want {
			t.Errorf("%s: %v, want %v", claim, holds, want)
		}
	}
	for claim := range two {
		if strings.Contains(claim, "hidden layers") {
			t.Errorf("a verdict from two seeds: %s", claim)
		}
	}
	if holds, ok := three["No unit of leaky-relu(0.01) dies, at any rate, with 2 hidden layers."]; !ok || !holds {
		t.Errorf("want that no unit of leaky-relu dies, got %v", three)
	}
	for _, claim := range []string{"tanh is better than sigmoid, with 1 hidden layer.", "The order is leaky-relu(0.01) > relu > tanh > sigmoid, with 2 hidden layers."} {
		if _, ok := three[claim]; !ok {
			t.Errorf("there is no claim %q", claim)
		}
	}
}

// Odd but valid: fewer images than a batch has, epochs of fewer steps than lie between two
// gradient norms, all images at once, layers of one unit, weights 0.
func TestOddRecipes(t *testing.T) {
	for _, args := range [][]string{
		{"-images", "10"}, {"-images", "300", "-batch", "100"}, {"-batch", "0"}, {"-width", "1"}, {"-init", "gaussian(0)"},
	} {
		program().Run(t, t.TempDir(), append(args, "-activation", "relu,tanh", "-depth", "2", "-rates", "0.1", "-seeds", "3")...)
	}
}

// Parts of the lecture's list, and activations that no claim is about.
func TestOtherActivations(t *testing.T) {
	for _, list := range []string{"linear", "relu", "softsign,softplus,lecun-tanh", "leaky-relu(0.2),leaky-relu(0),tanh", "sigmoid,tanh"} {
		program().Run(t, t.TempDir(), "-activation", list, "-seeds", "3", "-rates", "0.1")
	}
}

// The test error is that of the saved model.
func TestSavedModel(t *testing.T) {
	out := t.TempDir()
	p := program()
	p.Run(t, out, "-activation", "tanh", "-depth", "2", "-rates", "0.1")
	d := p.Result(t, "-activation", "tanh", "-depth", "2", "-rates", "0.1")
	m, _, err := models.Load(filepath.Join(out, "models", "seed-1-tanh-depth2-rate0.1.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	data, err := datasets.Load(context.Background(), "mnist", datasets.Options{})
	if err != nil {
		t.Fatal(err)
	}
	v, err := train.NewEvaluator(m.(*models.MLP)).Run(data.Test)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := v.Get("error")
	if got := d.Metrics["tanh.depth2.test_error"].Values; len(got) != 1 || got[0] != want {
		t.Errorf("test error %v, that of the saved model %g", got, want)
	}
}
