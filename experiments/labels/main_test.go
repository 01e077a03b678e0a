package main

import (
	"math"
	"slices"
	"strings"
	"testing"

	"capas/experiments/internal/labtest"
)

// program has a run of both pairs that takes a second or two.
func program() labtest.Program[Recipe] {
	return labtest.Program[Recipe]{Experiment: experiment(), Tiny: func(out string, more ...string) []string {
		return append([]string{"-preset", "smoke", "-labels", "20,50", "-width", "6", "-layers", "5,4", "-images", "500", "-pretrain-epochs", "1",
			"-steps", "20", "-epochs", "1", "-rates", "0.01,0.02", "-progress", "none", "-out", out}, more...)
	}}
}

func TestRunAndResume(t *testing.T) {
	program().RunAndResume(t, errorFigure, gainFigure, fewFigure, mostFigure, movedFigure, "filters_rbm.png", "filters_dbn_random.png",
		"checkpoints/seed-1-rbm-pretraining", "checkpoints/seed-1-dbn-50-rate-0.01", "models/seed-1-dbn-50.safetensors", "models/seed-1-dbn-pretraining.safetensors")
}

func TestPresets(t *testing.T) { program().Presets(t) }

func TestResult(t *testing.T) {
	d := program().Result(t, "-seeds", "3", "-labels", "20,50,100")
	for _, name := range []string{"rbm-random.20.test_error", "dbn.50.validation_error", "dbn.100.layer_2_moved", "rbm.100.all_validation.rate", "dbn-random.20.all_validation.test_error"} {
		if len(d.Metrics[name].Values) != 3 {
			t.Errorf("%s: want 3 values, got %v", name, d.Metrics[name].Values)
		}
	}
	for _, at := range []string{".20.", ".100.", ".100.all_validation."} {
		gain, random, pretrained := d.Metrics["dbn"+at+"gain"].Values, d.Metrics["dbn-random"+at+"test_error"].Values, d.Metrics["dbn"+at+"test_error"].Values
		for s := range gain {
			if math.Abs(gain[s]-(random[s]-pretrained[s])) > 1e-12 {
				t.Errorf("dbn%s gain %g, want %g − %g", at, gain[s], random[s], pretrained[s])
			}
		}
	}
	if len(d.Claims) != 2*(3+2+1+1) {
		t.Errorf("want all claims, got %d", len(d.Claims))
	}
	for _, c := range d.Claims {
		if !slices.Contains(d.Figures, c.Figure) {
			t.Errorf("%s: no figure %q among %v", c.Claim, c.Figure, d.Figures)
		}
		if strings.Contains(c.Claim, "100 labels (6, RBM)") && strings.Contains(c.Claim, "lowers") && !strings.Contains(c.Measured, "with 100 labels: 23.98 %, 18.30 %, 5.68 points") {
			t.Errorf("the published errors are missing: %s", c.Measured)
		}
	}
	if d := program().Result(t, "-seeds", "2", "-pairs", "rbm", "-labels", "20", "-rates", "0.01"); len(d.Claims) != 0 {
		t.Errorf("verdicts from two seeds: %v", d.Claims)
	}
}

// Any choice of pairs and labels can be reported.
func TestChoices(t *testing.T) {
	for _, args := range [][]string{
		{"-pairs", "rbm", "-labels", "50"},
		{"-pairs", "dbn", "-layers", "5,4,3,2"},
		{"-pairs", "dbn,rbm", "-labels", "20"},
		{"-pairs", "rbm", "-optimizer", "sgd", "-rates", "1e-30"}, // no weight moves
	} {
		d := program().Result(t, append([]string{"-seeds", "3", "-rates", "0.01"}, args...)...)
		if !slices.Contains(d.Figures, movedFigure) || len(d.Claims) == 0 {
			t.Errorf("%v: figures %v, %d claims", args, d.Figures, len(d.Claims))
		}
	}
}

func TestBadInput(t *testing.T) {
	empty := t.TempDir()
	program().BadInput(t,
		labtest.Bad{Name: "unknown pair", Status: 2, Says: `pair "dbm" is unknown`, Args: []string{"-pairs", "rbm,dbm"}},
		labtest.Bad{Name: "no pair", Status: 2, Says: `pair "" is unknown`, Args: []string{"-pairs", ""}},
		labtest.Bad{Name: "a pair twice", Status: 2, Says: "pair dbn is given twice", Args: []string{"-pairs", "dbn,dbn"}},
		labtest.Bad{Name: "no number of labels", Status: 2, Says: `parsing "many"`, Args: []string{"-labels", "many"}},
		labtest.Bad{Name: "falling labels", Status: 2, Says: "labels in rising order, got [100 50]", Args: []string{"-labels", "100,50"}},
		labtest.Bad{Name: "a label less than classes", Status: 2, Says: "10 to 1048576 labels, got [9 50]", Args: []string{"-labels", "9,50"}},
		labtest.Bad{Name: "more labels than images", Status: 1, Says: "at most 50000 images and labels", Args: []string{"-labels", "50,60000"}},
		labtest.Bad{Name: "more images than there are", Status: 1, Says: "at most 50000 images and labels", Args: []string{"-images", "50001"}},
		labtest.Bad{Name: "width 0", Status: 2, Says: "width of 1 to 2000 units", Args: []string{"-width", "0"}},
		labtest.Bad{Name: "width beyond the memory", Status: 2, Says: "width of 1 to 2000 units", Args: []string{"-width", "1000000000"}},
		labtest.Bad{Name: "one layer", Status: 2, Says: "2 to 5 layers", Args: []string{"-layers", "5"}},
		labtest.Bad{Name: "a layer without units", Status: 2, Says: "2 to 5 layers of 1 to 2000 units, got [5 0]", Args: []string{"-layers", "5,0"}},
		labtest.Bad{Name: "layers beyond the memory", Status: 2, Says: "2 to 5 layers of 1 to 2000 units", Args: []string{"-layers", "5,1000000000"}},
		labtest.Bad{Name: "negative images", Status: 2, Says: "images of 0 to", Args: []string{"-images", "-1"}},
		labtest.Bad{Name: "no pretraining", Status: 2, Says: "1 to 1000 pretraining epochs, got 1 and 0", Args: []string{"-pretrain-epochs", "0"}},
		labtest.Bad{Name: "many Gibbs steps", Status: 2, Says: "cd of 1 to 100", Args: []string{"-cd", "1000000000"}},
		labtest.Bad{Name: "no epochs", Status: 2, Says: "1 to 1000 epochs", Args: []string{"-epochs", "0"}},
		labtest.Bad{Name: "steps without end", Status: 2, Says: "at most 1000 epochs, got", Args: []string{"-steps", "1000000"}},
		labtest.Bad{Name: "batch 0", Status: 2, Says: "batches of 1 to 1000, got 0", Args: []string{"-batch", "0"}},
		labtest.Bad{Name: "unknown optimiser", Status: 2, Says: `optimizer "magic" is unknown`, Args: []string{"-optimizer", "magic"}},
		labtest.Bad{Name: "falling rates", Status: 2, Says: "rates in rising order, got [1 0.1]", Args: []string{"-rates", "1,0.1"}},
		labtest.Bad{Name: "NaN rate", Status: 2, Says: "NaN", Args: []string{"-rates", "NaN"}},
		labtest.Bad{Name: "divergence at every rate", Status: 1, Says: "does not diverge, got [1e+38]", Args: []string{"-rates", "1e38"}},
		labtest.Bad{Name: "empty data directory", Status: 1, Says: empty, Args: []string{"-data-dir", empty}},
	)
}
