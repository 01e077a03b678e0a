package main

import (
	"path/filepath"
	"testing"

	"capas/experiments/internal/labtest"
)

// tiny is a run of every task and pair that takes a second or two.
func tiny(out string, more ...string) []string {
	return append([]string{"-preset", "smoke", "-images", "500", "-width", "5", "-epochs", "1", "-rates", "0.1", "-binary-rates", "0.01,0.03",
		"-numeric-rates", "0.01", "-confidences", "0.99,0.999", "-progress", "none", "-out", out}, more...)
}

func program() labtest.Program[Recipe] {
	return labtest.Program[Recipe]{Experiment: experiment(), Tiny: tiny}
}

func TestRunAndResume(t *testing.T) {
	program().RunAndResume(t, "gradient_by_logit.svg", "recovery_by_rate.svg", "numeric.svg",
		"checkpoints/seed-1-classes-sigmoid-se-rate-0.1-wrong-0.99", "models/seed-1-numeric-linear-se-rate-0.01.safetensors")
}

// TestResume loads all networks of a finished run. TestInterruptedStage stops one.
func TestPresetsAreValid(t *testing.T) { program().Presets(t) }

func TestResult(t *testing.T) {
	doc := program().Result(t, "-seeds", "3")
	for _, name := range []string{"classes.softmax-ce.test_error", "classes.sigmoid-se.wrong_epochs", "binary.linear-se.test_error", "numeric.linear-se.test_r2"} {
		if len(doc.Metrics[name].Values) != 3 {
			t.Errorf("%s: want 3 values, got %v", name, doc.Metrics[name].Values)
		}
	}
	if len(doc.Claims) != 20 {
		t.Errorf("want 20 claims of 3 seeds, got %d", len(doc.Claims))
	}
	for _, c := range doc.Claims[:4] { // those of the example and the curves, which no recipe changes
		if !c.Holds {
			t.Errorf("%s: %s", c.Claim, c.Measured)
		}
	}
}

// A pair that diverges at some rates is judged at the others; the run goes on.
func TestDivergence(t *testing.T) {
	diverging := []string{"-numeric-rates", "0.01,1000"}
	doc := program().Result(t, diverging...)
	if rate := doc.Metrics["numeric.linear-se.best_rate"].Values; len(rate) != 1 || rate[0] != 0.01 {
		t.Errorf("best rate %v, want 0.01: a rate of 1000 makes the weights infinite", rate)
	}
	if len(doc.Claims) != 4 {
		t.Errorf("one seed: want no claims but the 4 of the example and the curves, got %d", len(doc.Claims))
	}
	program().Resume(t, diverging...)
}

func TestBadInput(t *testing.T) {
	empty := t.TempDir()
	program().BadInput(t,
		labtest.Bad{Name: "width 0", Status: 2, Says: "1 to 10000 hidden units, got 0", Args: []string{"-width", "0"}},
		labtest.Bad{Name: "width beyond the memory", Status: 2, Says: "1 to 10000 hidden units", Args: []string{"-width", "1000000000"}},
		labtest.Bad{Name: "softmax hidden units", Status: 2, Says: "softmax is for outputs", Args: []string{"-activation", "softmax"}},
		labtest.Bad{Name: "negative images", Status: 2, Says: "images of at least 0", Args: []string{"-images", "-1"}},
		labtest.Bad{Name: "no epochs", Status: 2, Says: "1 to 5000 epochs, got 0", Args: []string{"-epochs", "0"}},
		labtest.Bad{Name: "a rate outside of the grid", Status: 2, Says: "lr 0.2, among rates [0.1]", Args: []string{"-lr", "0.2"}},
		labtest.Bad{Name: "falling rates", Status: 2, Says: "rates in rising order, got [1 0.1]", Args: []string{"-rates", "1,0.1"}},
		labtest.Bad{Name: "negative rate", Status: 2, Says: "learning rate", Args: []string{"-numeric-rates", "-1"}},
		labtest.Bad{Name: "NaN rate", Status: 2, Says: "unsupported value: NaN", Args: []string{"-binary-rates", "NaN"}},
		labtest.Bad{Name: "no number", Status: 2, Says: `want a number, got "x"`, Args: []string{"-rates", "0.1,x"}},
		labtest.Bad{Name: "too many rates", Status: 2, Says: "1 to 10 rates, got 11", Args: []string{"-rates", "1,2,3,4,5,6,7,8,9,10,11"}},
		labtest.Bad{Name: "no confidence", Status: 2, Says: "0.99 to 0.999999", Args: []string{"-confidences", "0.5,0.999"}},
		labtest.Bad{Name: "NaN confidence", Status: 2, Says: "unsupported value: NaN", Args: []string{"-confidences", "NaN"}},
		labtest.Bad{Name: "another confidence", Status: 2, Says: "confidence 0.995 among", Args: []string{"-confidence", "0.995"}},
		labtest.Bad{Name: "recovered at chance", Status: 2, Says: "recovered in (0,0.9)", Args: []string{"-recovered", "0.9"}},
		labtest.Bad{Name: "divergence at every rate", Status: 1, Says: "no seed diverges, got [1000]", Args: []string{"-numeric-rates", "1000"}},
		labtest.Bad{Name: "empty data directory", Status: 1, Says: empty, Args: []string{"-data-dir", empty}},
		labtest.Bad{Name: "missing data directory", Status: 2, Says: "nowhere", Args: []string{"-data-dir", filepath.Join(empty, "nowhere")}},
	)
}
