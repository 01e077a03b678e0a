package main

import (
	"slices"
	"testing"

	"capas/experiments/internal/labtest"
)

// program has a run of every model that takes a second or two.
func program() labtest.Program[Recipe] {
	return labtest.Program[Recipe]{Experiment: experiment(), Tiny: func(out string, more ...string) []string {
		return append([]string{"-preset", "smoke", "-labels", "20,50", "-few", "50", "-width", "5", "-small", "3", "-images", "500", "-pretrain-epochs", "1",
			"-steps", "20", "-epochs", "1", "-rates", "0.01,0.02", "-progress", "none", "-out", out}, more...)
	}}
}

func TestRunAndResume(t *testing.T) {
	program().RunAndResume(t, errorFigure, gainFigure, ratioFigure, layersFigure, gapFigure,
		"checkpoints/seed-1-pretraining", "checkpoints/seed-1-deep-50-rate-0.01", "models/seed-1-deep-pretrained.safetensors")
}

func TestPresets(t *testing.T) { program().Presets(t) }

func TestResult(t *testing.T) {
	d := program().Result(t, "-seeds", "3")
	for _, name := range []string{"softmax.20.test_error", "deep-pretrained.50.train_error", "deep-first.50.rate", "wide.20.gain"} {
		if len(d.Metrics[name].Values) != 3 {
			t.Errorf("%s: want 3 values, got %v", name, d.Metrics[name].Values)
		}
	}
	gain, random, pretrained := d.Metrics["deep.20.gain"].Values, d.Metrics["deep.20.test_error"].Values, d.Metrics["deep-pretrained.20.test_error"].Values
	for s := range gain {
		if gain[s] != random[s]-pretrained[s] {
			t.Errorf("gain %g, want %g − %g", gain[s], random[s], pretrained[s])
		}
	}
	if len(d.Claims) < 12 {
		t.Errorf("want all claims, got %d", len(d.Claims))
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

// Any choice of models and labels can be reported.
func TestChoices(t *testing.T) {
	for _, args := range [][]string{
		{"-models", "softmax"},
		{"-models", "deep-pretrained"},
		{"-models", "wide,wide-pretrained", "-labels", "50"},
		{"-models", "deep,deep-pretrained", "-labels", "20,50", "-few", "20"},
		{"-models", "relu,small", "-few", "20"},
	} {
		d := program().Result(t, append(args, "-seeds", "3")...)
		if !slices.Contains(d.Figures, errorFigure) {
			t.Errorf("%v: no figure %s", args, errorFigure)
		}
	}
}

func TestBadInput(t *testing.T) {
	empty := t.TempDir()
	program().BadInput(t,
		labtest.Bad{Name: "unknown model", Status: 2, Says: `model "svm" is unknown`, Args: []string{"-models", "softmax,svm"}},
		labtest.Bad{Name: "no model", Status: 2, Says: `model "" is unknown`, Args: []string{"-models", ""}},
		labtest.Bad{Name: "a model twice", Status: 2, Says: "model deep is given twice", Args: []string{"-models", "deep,deep"}},
		labtest.Bad{Name: "a layer is no model", Status: 2, Says: `"deep-first" is unknown`, Args: []string{"-models", "deep-first"}},
		labtest.Bad{Name: "no number of labels", Status: 2, Says: `parsing "many"`, Args: []string{"-labels", "many"}},
		labtest.Bad{Name: "falling labels", Status: 2, Says: "labels in rising order, got [100 50]", Args: []string{"-labels", "100,50"}},
		labtest.Bad{Name: "the same labels", Status: 2, Says: "labels in rising order", Args: []string{"-labels", "50,50"}},
		labtest.Bad{Name: "a label less than classes", Status: 2, Says: "10 to 1048576 labels, got [9 50]", Args: []string{"-labels", "9,50"}},
		labtest.Bad{Name: "labels beyond the memory", Status: 2, Says: "10 to 1048576 labels", Args: []string{"-labels", "50,9223372036854775807"}},
		labtest.Bad{Name: "more labels than images", Status: 1, Says: "at most 50000 images and labels", Args: []string{"-labels", "50,60000"}},
		labtest.Bad{Name: "more images than there are", Status: 1, Says: "at most 50000 images and labels", Args: []string{"-images", "50001"}},
		labtest.Bad{Name: "many numbers of labels", Status: 2, Says: "1 to 10 numbers of labels", Args: []string{"-labels", "50,51,52,53,54,55,56,57,58,59,60"}},
		labtest.Bad{Name: "few of none", Status: 2, Says: "few, 30, among the labels [20 50]", Args: []string{"-few", "30"}},
		labtest.Bad{Name: "width 0", Status: 2, Says: "1 to 2000 units", Args: []string{"-width", "0"}},
		labtest.Bad{Name: "width beyond the memory", Status: 2, Says: "1 to 2000 units", Args: []string{"-width", "1000000000"}},
		labtest.Bad{Name: "small 0", Status: 2, Says: "1 to 2000 units", Args: []string{"-small", "0"}},
		labtest.Bad{Name: "small as large as the others", Status: 2, Says: "fewer units than the others, got 5 and 5", Args: []string{"-small", "5"}},
		labtest.Bad{Name: "negative images", Status: 2, Says: "images of 0 to", Args: []string{"-images", "-1"}},
		labtest.Bad{Name: "no pretraining", Status: 2, Says: "1 to 1000 pretraining epochs, got 1 and 0", Args: []string{"-pretrain-epochs", "0"}},
		labtest.Bad{Name: "many Gibbs steps", Status: 2, Says: "cd of 1 to 100", Args: []string{"-cd", "1000000000"}},
		labtest.Bad{Name: "no epochs", Status: 2, Says: "1 to 1000 epochs", Args: []string{"-epochs", "0"}},
		labtest.Bad{Name: "no steps", Status: 2, Says: "steps, got 1 and 0", Args: []string{"-steps", "0"}},
		labtest.Bad{Name: "steps without end", Status: 2, Says: "at most 1000 epochs, got", Args: []string{"-steps", "1000000"}},
		labtest.Bad{Name: "steps beyond 64 bits of images", Status: 2, Says: "1 to 16777216 steps", Args: []string{"-steps", "9223372036854775807"}},
		labtest.Bad{Name: "batch of an epoch and more", Status: 2, Says: "batches of 1 to 1000, got 1001", Args: []string{"-batch", "1001"}},
		labtest.Bad{Name: "batch 0", Status: 2, Says: "batches of 1 to 1000, got 0", Args: []string{"-batch", "0"}},
		labtest.Bad{Name: "unknown optimiser", Status: 2, Says: `optimizer "magic" is unknown`, Args: []string{"-optimizer", "magic"}},
		labtest.Bad{Name: "falling rates", Status: 2, Says: "rates in rising order, got [1 0.1]", Args: []string{"-rates", "1,0.1"}},
		labtest.Bad{Name: "negative rate", Status: 2, Says: "learning rate", Args: []string{"-rates", "-1"}},
		labtest.Bad{Name: "NaN rate", Status: 2, Says: "NaN", Args: []string{"-rates", "NaN"}},
		labtest.Bad{Name: "divergence at every rate", Status: 1, Says: "does not diverge, got [1e+38]", Args: []string{"-rates", "1e38"}},
		labtest.Bad{Name: "empty data directory", Status: 1, Says: empty, Args: []string{"-data-dir", empty}},
	)
}
