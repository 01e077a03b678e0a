package main

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"capas/experiments/internal/labtest"
)

// program has a run of two sets and all methods that takes a second or two.
func program() labtest.Program[Recipe] {
	return labtest.Program[Recipe]{Experiment: experiment(), Tiny: func(out string, more ...string) []string {
		return append([]string{"-preset", "smoke", "-sets", "rectangles,convex", "-train", "60", "-validation", "40", "-test", "50", "-widths", "6,9",
			"-pretrain-epochs", "1,2", "-epochs", "2", "-progress", "none", "-out", out}, more...)
	}}
}

func TestRunAndResume(t *testing.T) {
	program().RunAndResume(t, searchFigure, errorFigure("convex"), "examples_rectangles.png", "filters_dbn.png",
		"checkpoints/seed-1-convex-sdae-draw-1-short", "checkpoints/seed-1-rectangles-mlp-draw-3-short")
}

func TestResume(t *testing.T) { program().Resume(t, "-seeds", "2") }

func TestPresets(t *testing.T) { program().Presets(t) }

func TestResult(t *testing.T) {
	d := program().Result(t, "-seeds", "3")
	for _, name := range []string{"rectangles.mlp.test_error", "convex.dbn.validation_error", "convex.sdae.test_error"} {
		if len(d.Metrics[name].Values) != 3 {
			t.Errorf("%s: want 3 values, got %v", name, d.Metrics[name].Values)
		}
	}
	// 50 test images: an error is a multiple of 1/50.
	for _, v := range d.Metrics["rectangles.sae.test_error"].Values {
		if x := 50 * v; math.Abs(x-math.Round(x)) > 1e-9 || x < 0 || x > 50 {
			t.Errorf("error %g of 50 images", v)
		}
	}
	var claims []string
	for _, c := range d.Claims {
		claims = append(claims, c.Claim)
		if overall := strings.Contains(c.Claim, "on at least 2 of 2 sets"); overall != (c.Figure == "") || !overall && !slices.Contains(d.Figures, c.Figure) {
			t.Errorf("%s: no figure %q among %v", c.Claim, c.Figure, d.Figures)
		}
	}
	if len(claims) != 2+2+1 {
		t.Errorf("want pretraining and order on two sets and the order on all, got %q", claims)
	}
	if d := program().Result(t, "-seeds", "2"); len(d.Claims) != 0 {
		t.Errorf("verdicts from two seeds: %v", d.Claims)
	}
}

// Sets that digits are made of; the claim about basic wants all training images.
func TestDigits(t *testing.T) {
	d := program().Result(t, "-sets", "mnist-basic", "-methods", "dbn,sae", "-seeds", "3", "-draws", "1")
	if len(d.Claims) != 1 || !strings.Contains(d.Claims[0].Claim, "On basic") {
		t.Errorf("want the order alone, got %v", d.Claims)
	}
}

// Any choice of methods can be reported.
func TestChoices(t *testing.T) {
	for _, methods := range []string{"mlp", "sdae", "mlp,dbn"} {
		d := program().Result(t, "-methods", methods, "-sets", "rectangles", "-seeds", "3", "-draws", "2", "-keep", "2")
		if !slices.Contains(d.Figures, searchFigure) {
			t.Errorf("%s: no figure %s", methods, searchFigure)
		}
	}
}

// Of a draw that was only tried, nothing but its histories is left.
func TestSearchIsSmall(t *testing.T) {
	out := t.TempDir()
	program().Run(t, out, "-sets", "rectangles", "-widths", "300")
	most := map[bool]int64{}
	files, err := filepath.Glob(filepath.Join(out, "checkpoints", "*.safetensors"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		long := strings.Contains(f, "-long.")
		most[long] = max(most[long], info.Size())
	}
	if most[false] > 20_000 || most[true] < 300*784*4 {
		t.Errorf("%d bytes of a first try, %d of a whole training", most[false], most[true])
	}
}

func TestBadInput(t *testing.T) {
	empty := t.TempDir()
	program().BadInput(t,
		labtest.Bad{Name: "unknown set", Status: 2, Says: `set "mnist" is unknown`, Args: []string{"-sets", "convex,mnist"}},
		labtest.Bad{Name: "a set twice", Status: 2, Says: "set convex is given twice", Args: []string{"-sets", "convex,convex"}},
		labtest.Bad{Name: "no set", Status: 2, Says: `set "" is unknown`, Args: []string{"-sets", ""}},
		labtest.Bad{Name: "unknown method", Status: 2, Says: `method "svm" is unknown`, Args: []string{"-methods", "svm"}},
		labtest.Bad{Name: "few images", Status: 2, Says: "want train of 0 or 20 to 50000 images, got 5", Args: []string{"-train", "5"}},
		labtest.Bad{Name: "many images", Status: 2, Says: "want test of 0 or 20", Args: []string{"-test", "60000"}},
		labtest.Bad{Name: "no draw", Status: 2, Says: "want 1 to 100 draws", Args: []string{"-draws", "0"}},
		labtest.Bad{Name: "more kept than drawn", Status: 2, Says: "keep of 1 to draws", Args: []string{"-keep", "4"}},
		labtest.Bad{Name: "no divisor", Status: 2, Says: "short of 1", Args: []string{"-short", "0"}},
		labtest.Bad{Name: "deep", Status: 2, Says: "depths of 1 to 10 values in rising order, from 1 to 5", Args: []string{"-depths", "1,6"}},
		labtest.Bad{Name: "wide", Status: 2, Says: "widths of 1 to 10 values", Args: []string{"-widths", "1000000000"}},
		labtest.Bad{Name: "falling widths", Status: 2, Says: "rising order", Args: []string{"-widths", "9,6"}},
		labtest.Bad{Name: "no pretraining", Status: 2, Says: "pretrain_epochs of 1", Args: []string{"-pretrain-epochs", "0"}},
		labtest.Bad{Name: "three rates", Status: 2, Says: "want rates of one rate or the least and the greatest", Args: []string{"-rates", "0.1,0.2,0.3"}},
		labtest.Bad{Name: "no rate", Status: 2, Says: "want pretrain_rates", Args: []string{"-pretrain-rates", "0"}},
		labtest.Bad{Name: "everything masked", Status: 2, Says: "corruptions of 1 to 10 shares", Args: []string{"-corruptions", "0.5,1"}},
		labtest.Bad{Name: "no epoch", Status: 2, Says: "1 to 500 epochs", Args: []string{"-epochs", "0"}},
		labtest.Bad{Name: "a large batch", Status: 2, Says: "batches of 1 to 1000", Args: []string{"-batch", "1001"}},
		labtest.Bad{Name: "no digits", Status: 1, Says: empty, Args: []string{"-sets", "mnist-rot", "-data-dir", empty}},
		labtest.Bad{Name: "diverged", Status: 1, Says: "the training diverged with each of the 1 best draws", Args: []string{"-methods", "mlp", "-draws", "1", "-rates", "1e38", "-train", "50"}},
	)
}
