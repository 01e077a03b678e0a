package main

import (
	"path/filepath"
	"slices"
	"testing"

	"capas/experiments/internal/labtest"
)

// program is a run of all methods that takes a second or two.
func program() labtest.Program[Recipe] {
	return labtest.Program[Recipe]{Experiment: experiment(), Tiny: func(out string, more ...string) []string {
		return append([]string{"-preset", "smoke", "-layers", "5", "-images", "20,40", "-epochs", "2,1", "-validation", "20", "-batch", "10",
			"-color-images", "20", "-color-epochs", "1", "-color-test", "30", "-masks", "1,2", "-mask-images", "50", "-progress", "none", "-out", out}, more...)
	}}
}

func TestRunAndResume(t *testing.T) {
	program().RunAndResume(t, "errors_20.svg", "gap_by_images.svg", "validation_error.svg", "filters_dropout.png", "masks_error.svg", "color_digits.png")
}

// TestResume loads all networks of a finished run.
func TestPresets(t *testing.T) { program().Presets(t) }

// Fewer than three seeds give no verdict; with three, every claim has a rule and a figure of
// the run.
func TestVerdicts(t *testing.T) {
	if d := program().Result(t); len(d.Claims) != 0 {
		t.Errorf("one seed: %d claims", len(d.Claims))
	}
	d := program().Result(t, "-seeds", "3")
	if len(d.Claims) != 19 { // 20 with three sizes
		t.Errorf("want 19 claims, got %d", len(d.Claims))
	}
	for _, c := range d.Claims {
		if c.Section != "3.4" || c.Measured == "" || c.Rule == "" || !slices.Contains(d.Figures, c.Figure) {
			t.Errorf("%+v", c)
		}
	}
	for _, m := range methods() {
		for _, name := range []string{".20.test_error", ".40.train_error", ".40.gap", ".20.test_loss", ".20.progress"} {
			if len(d.Metrics[string(m)+name].Values) != 3 {
				t.Errorf("%s%s: want 3 values, got %v", m, name, d.Metrics[string(m)+name].Values)
			}
		}
		test, train, gap := d.Metrics[string(m)+".40.test_error"].Values, d.Metrics[string(m)+".40.train_error"].Values, d.Metrics[string(m)+".40.gap"].Values
		for i := range gap {
			if gap[i] != test[i]-train[i] {
				t.Errorf("%s: gap %g of test error %g and training error %g", m, gap[i], test[i], train[i])
			}
		}
	}
}

// Of a layer of one unit there is no correlation, and no figure of it.
func TestOneUnit(t *testing.T) {
	d := program().Result(t, "-layers", "1", "-seeds", "3")
	if slices.Contains(d.Figures, "correlation.svg") {
		t.Errorf("a figure of correlations of one unit")
	}
	for _, c := range d.Claims {
		if c.Figure != "" && !slices.Contains(d.Figures, c.Figure) {
			t.Errorf("%s: figure %s is not there", c.Claim, c.Figure)
		}
	}
}

// With one number of images there is nothing to compare sizes by.
func TestOneSize(t *testing.T) {
	if d := program().Result(t, "-images", "20", "-epochs", "1", "-seeds", "3"); len(d.Claims) != 11 {
		t.Errorf("want 11 claims, got %d", len(d.Claims))
	}
}

func TestBadInput(t *testing.T) {
	empty := t.TempDir()
	program().BadInput(t,
		labtest.Bad{Name: "no layer", Status: 2, Says: "1 to 4000 units a layer, got 0", Args: []string{"-layers", "0"}},
		labtest.Bad{Name: "units beyond the memory", Status: 2, Says: "1 to 4000 units", Args: []string{"-layers", "10,1000000000"}},
		labtest.Bad{Name: "too many layers", Status: 2, Says: "1 to 10 hidden layers, got 11", Args: []string{"-layers", "1,1,1,1,1,1,1,1,1,1,1"}},
		labtest.Bad{Name: "softmax hidden units", Status: 2, Says: "softmax is for outputs", Args: []string{"-activation", "softmax"}},
		labtest.Bad{Name: "falling images", Status: 2, Says: "images of 1 to 1000000 in rising order, got [40 20]", Args: []string{"-images", "40,20"}},
		labtest.Bad{Name: "no number", Status: 2, Says: "invalid syntax", Args: []string{"-images", "many"}},
		labtest.Bad{Name: "epochs of one size", Status: 2, Says: "as many of epochs, got 2 and 1", Args: []string{"-epochs", "3"}},
		labtest.Bad{Name: "no epochs", Status: 2, Says: "1 to 2000 epochs, got 0", Args: []string{"-color-epochs", "0"}},
		labtest.Bad{Name: "epochs beyond a record", Status: 2, Says: "1 to 2000 epochs", Args: []string{"-epochs", "1,9000"}},
		labtest.Bad{Name: "more images than there are", Status: 1, Says: "at most the 50000 training images", Args: []string{"-images", "20,60000"}},
		labtest.Bad{Name: "no validation", Status: 2, Says: "validation of 1 to", Args: []string{"-validation", "0"}},
		labtest.Bad{Name: "no batch", Status: 2, Says: "batches of 1 to", Args: []string{"-batch", "0"}},
		labtest.Bad{Name: "unknown optimiser", Status: 2, Says: "optimizer", Args: []string{"-optimizer", "magic"}},
		labtest.Bad{Name: "negative rate", Status: 2, Says: "learning rate", Args: []string{"-lr", "-1"}},
		labtest.Bad{Name: "everything dropped", Status: 2, Says: "hidden_drops of 0 to 0.95, got 1", Args: []string{"-dropout", "0.5,1"}},
		labtest.Bad{Name: "NaN", Status: 2, Says: "NaN", Args: []string{"-l2", "NaN,1"}},
		labtest.Bad{Name: "a method tried more often", Status: 2, Says: "want as many l1 as hidden_drops, 2, got 3", Args: []string{"-l1", "1,2,3"}},
		labtest.Bad{Name: "too many levels", Status: 2, Says: "1 to 5 levels, got 6", Args: []string{"-dropout", "0,0,0,0,0,0"}},
		labtest.Bad{Name: "patience above all steps", Status: 2, Says: "patience of 0 to 1, got 2", Args: []string{"-patience", "0.5,2"}},
		labtest.Bad{Name: "no augmentation", Status: 2, Says: "shift:rotation:elastic such as 2:15:34", Args: []string{"-augment", "2,3"}},
		labtest.Bad{Name: "rotation", Status: 2, Says: "rotation of 0 to 180 degrees, got 500", Args: []string{"-augment", "1:2:3,1:500:0"}},
		labtest.Bad{Name: "colours", Status: 2, Says: "colors of 0 to 1, got 3", Args: []string{"-color", "0.1,3"}},
		labtest.Bad{Name: "negative colour test", Status: 2, Says: "color_test of 0 to", Args: []string{"-color-test", "-1"}},
		labtest.Bad{Name: "too many colours", Status: 1, Says: "mnist-color: wanted at most 70000 examples", Args: []string{"-color-images", "70000"}},
		labtest.Bad{Name: "masks", Status: 2, Says: "masks of 1 to 1000 in rising order, got [2 1]", Args: []string{"-masks", "2,1"}},
		labtest.Bad{Name: "empty data directory", Status: 1, Says: empty, Args: []string{"-data-dir", empty}},
		labtest.Bad{Name: "missing data directory", Status: 2, Says: "nowhere", Args: []string{"-data-dir", filepath.Join(empty, "nowhere")}},
	)
}
