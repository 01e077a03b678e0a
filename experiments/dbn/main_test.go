package main

import (
	"math"
	"slices"
	"testing"

	"capas/experiments/internal/labtest"
)

// program has a run of every stage that takes a second or two.
func program() labtest.Program[Recipe] {
	return labtest.Program[Recipe]{Experiment: experiment(), Tiny: func(out string, more ...string) []string {
		return append([]string{"-preset", "smoke", "-layers", "12,10,15", "-images", "500", "-greedy-epochs", "1", "-memory-epochs", "1", "-epochs", "1", "-draw-steps", "1,3", "-draw-chains", "2",
			"-bound-images", "20", "-temperatures", "10", "-ais-chains", "3", "-progress", "none", "-out", out}, more...)
	}}
}

func TestRunAndResume(t *testing.T) {
	program().RunAndResume(t, errorFigure, curveFigure, boundFigure, mindFigure, agreeFigure, drawnFigure(greedy), drawnFigure(upDown),
		"checkpoints/seed-1-dbn", "models/seed-1-dbn-greedy.safetensors", "models/seed-1-dbn-fine-tuned.safetensors", "models/seed-1-dbn-up-down.safetensors")
}

func TestPresets(t *testing.T) { program().Presets(t) }

func TestResult(t *testing.T) {
	d := program().Result(t, "-seeds", "3")
	for _, name := range []string{"greedy.test_error", "fine-tuned.test_error", "up-down.test_error", "up-down.validation_error", "greedy.agreement", "up-down.agreement", "up-down.agreement_from_images",
		"1 layer.bound", "2 layers.bound", "3 layers.bound", "up-down.bound", "up-down.log_z"} {
		values := d.Metrics[name].Values
		if len(values) != 3 || slices.ContainsFunc(values, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }) {
			t.Errorf("%s: want 3 values, got %v", name, values)
		}
	}
	if len(d.Claims) != 6 {
		t.Errorf("want 6 claims, got %d", len(d.Claims))
	}
	for _, c := range d.Claims {
		if !slices.Contains(d.Figures, c.Figure) {
			t.Errorf("%s: no figure %q among %v", c.Claim, c.Figure, d.Figures)
		}
	}
	if d := program().Result(t, "-seeds", "2"); len(d.Claims) != 0 {
		t.Errorf("verdicts from two seeds: %v", d.Claims)
	}
}

// Networks of other depths can be trained and reported, that of the memory alone too.
func TestDepths(t *testing.T) {
	for layers, bounds := range map[string]int{"10": 2, "8,10": 3, "8,8,8,10": 5} {
		d, found := program().Result(t, "-layers", layers), 0
		for name := range d.Metrics {
			if len(name) > 6 && name[len(name)-6:] == ".bound" {
				found++
			}
		}
		if found != bounds {
			t.Errorf("layers %s: want %d bounds, got %d", layers, bounds, found)
		}
	}
}

// All images can be trained on; then nothing is validated.
func TestAllImages(t *testing.T) {
	d := program().Result(t, "-all")
	if _, ok := d.Metrics["up-down.validation_error"]; ok || slices.Contains(d.Figures, curveFigure) {
		t.Error("a validation error without validation images")
	}
	if v := d.Metrics["up-down.test_error"].Values; len(v) != 1 || !(v[0] > 0 && v[0] <= 1) {
		t.Errorf("want a test error, got %v", v)
	}
}

func TestBadInput(t *testing.T) {
	empty := t.TempDir()
	program().BadInput(t,
		labtest.Bad{Name: "no layers", Status: 2, Says: `parsing ""`, Args: []string{"-layers", ""}},
		labtest.Bad{Name: "many layers", Status: 2, Says: "layers of 1 to 6, got 7", Args: []string{"-layers", "1,1,1,1,1,1,1"}},
		labtest.Bad{Name: "a layer without units", Status: 2, Says: "units a layer of 1 to 5000, got 0", Args: []string{"-layers", "5,0"}},
		labtest.Bad{Name: "a layer beyond the memory", Status: 2, Says: "units a layer of 1 to 5000", Args: []string{"-layers", "1000000000"}},
		labtest.Bad{Name: "negative images", Status: 2, Says: "images of 0 to", Args: []string{"-images", "-1"}},
		labtest.Bad{Name: "more images than there are", Status: 1, Says: "at most 50000 images", Args: []string{"-images", "50001"}},
		labtest.Bad{Name: "more than all images", Status: 1, Says: "at most 60000 images", Args: []string{"-all", "-images", "60001"}},
		labtest.Bad{Name: "more test images than there are", Status: 1, Says: "10000 bound images", Args: []string{"-bound-images", "10001"}},
		labtest.Bad{Name: "no Gibbs step", Status: 2, Says: "cd of 1 to 100, got 0", Args: []string{"-cd", "0"}},
		labtest.Bad{Name: "no greedy epoch", Status: 2, Says: "greedy epochs of 1 to 1000", Args: []string{"-greedy-epochs", "0"}},
		labtest.Bad{Name: "no Gibbs step in the memory", Status: 2, Says: "memory cd of 1 to 100, got 0", Args: []string{"-memory-cd", "0"}},
		labtest.Bad{Name: "no epoch of the memory", Status: 2, Says: "memory epochs of 1 to 1000", Args: []string{"-memory-epochs", "0"}},
		labtest.Bad{Name: "negative rate of the memory", Status: 2, Says: "memory's greedy training", Args: []string{"-memory-lr", "-1"}},
		labtest.Bad{Name: "no epoch of a phase", Status: 2, Says: "phase 1: want epochs of a phase of 1 to 1000", Args: []string{"-up-down-epochs", "0"}},
		labtest.Bad{Name: "no fine-tuning", Status: 2, Says: "fine-tuning epochs of 1 to 1000", Args: []string{"-epochs", "0"}},
		labtest.Bad{Name: "negative rate", Status: 2, Says: "learning rate", Args: []string{"-greedy-lr", "-1"}},
		labtest.Bad{Name: "NaN rate", Status: 2, Says: "NaN", Args: []string{"-up-down-lr", "NaN"}},
		labtest.Bad{Name: "falling steps", Status: 2, Says: "in rising order, got [10 1]", Args: []string{"-draw-steps", "10,1"}},
		labtest.Bad{Name: "endless steps", Status: 2, Says: "steps of 1 to 1000000", Args: []string{"-draw-steps", "1,1000000000"}},
		labtest.Bad{Name: "no chains", Status: 2, Says: "chains to draw of 1 to 1000", Args: []string{"-draw-chains", "0"}},
		labtest.Bad{Name: "no temperatures", Status: 2, Says: "temperatures of 1 to 1000000", Args: []string{"-temperatures", "0"}},
		labtest.Bad{Name: "one chain has no spread", Status: 2, Says: "ais chains of 2 to 1000", Args: []string{"-ais-chains", "1"}},
		labtest.Bad{Name: "divergence", Status: 1, Says: "learning rate", Args: []string{"-greedy-lr", "1e30"}},
		labtest.Bad{Name: "empty data directory", Status: 1, Says: empty, Args: []string{"-data-dir", empty}},
	)
}
