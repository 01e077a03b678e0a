package main

import (
	"testing"

	"capas/experiments/internal/labtest"
)

// tiny is a run of all machines that takes a second or two.
func tiny(out string, more ...string) []string {
	return append([]string{"-preset", "smoke", "-images", "300", "-hidden", "8", "-exact-hidden", "4", "-levels", "3", "-rates", "0.1", "-exact-rates", "0.1",
		"-epochs", "1", "-exact-epochs", "2", "-curve-steps", "10", "-ais-steps", "60", "-check-steps", "60", "-held", "50", "-steps", "12",
		"-tutorial-images", "100", "-tutorial-epochs", "2", "-progress", "none", "-out", out}, more...)
}

func program() labtest.Program[Recipe] {
	return labtest.Program[Recipe]{Experiment: experiment(), Tiny: tiny}
}

func TestRunAndResume(t *testing.T) {
	program().RunAndResume(t, likelihoodFigure, checkFigure, swapsFigure, chainsFigure, particlesFigure, filtersFigure,
		"models/seed-1-large-pt-rate-0.1.safetensors", "models/seed-1-tutorial.safetensors")
}

// TestResume loads all machines of a finished run, with their chains.
func TestPresetsAreValid(t *testing.T) { program().Presets(t) }

func TestResult(t *testing.T) {
	doc := program().Result(t, "-seeds", "3", "-rates", "0.05,0.1")
	for _, name := range []string{"large.pt.test_log_likelihood", "exact.cd-1.ais_error", "large.pt.swap_rate_2", "tutorial.pseudo_likelihood", "independent.test_log_likelihood"} {
		if len(doc.Metrics[name].Values) != 3 {
			t.Errorf("%s: want 3 values, got %v", name, doc.Metrics[name].Values)
		}
	}
	if len(doc.Claims) != 9 {
		t.Errorf("want 9 claims of 3 seeds, without the one on the tutorials' recipe, got %d", len(doc.Claims))
	}
	for _, k := range kinds() {
		for _, x := range doc.Metrics[metricOf(exact, k, "ais_error")].Values {
			if !(x > -0.5 && x < 0.5) {
				t.Errorf("%s: annealed importance sampling is off by %g nats", k, x)
			}
		}
	}
	if doc := program().Result(t); len(doc.Claims) != 0 {
		t.Errorf("one seed: want no claims, got %d", len(doc.Claims))
	}
}

// A machine that diverges at some rates is judged at the others; the run goes on.
func TestDivergence(t *testing.T) {
	doc := program().Result(t, "-rates", "0.1,3e38")
	if rate := doc.Metrics["large.pcd.best_rate"].Values; len(rate) != 1 || rate[0] != 0.1 {
		t.Errorf("best rate %v, want 0.1", rate)
	}
}

func TestBadInput(t *testing.T) {
	program().BadInput(t,
		labtest.Bad{Name: "too many to enumerate", Status: 2, Says: "1 to 20 exact hidden units, got 21", Args: []string{"-exact-hidden", "21"}},
		labtest.Bad{Name: "width beyond the memory", Status: 2, Says: "1 to 10000 hidden units", Args: []string{"-hidden", "1000000000"}},
		labtest.Bad{Name: "one temperature", Status: 2, Says: "2 to 100 temperatures of parallel tempering, got 1", Args: []string{"-levels", "1"}},
		labtest.Bad{Name: "all at one temperature", Status: 2, Says: "lowest inverse temperature in [0, 0.99], got 1", Args: []string{"-hottest", "1"}},
		labtest.Bad{Name: "NaN temperature", Status: 2, Says: "unsupported value: NaN", Args: []string{"-hottest", "NaN"}},
		labtest.Bad{Name: "one chain", Status: 2, Says: "2 to 10000 chains of ais, got 1", Args: []string{"-ais-chains", "1"}},
		labtest.Bad{Name: "no temperatures", Status: 2, Says: "temperatures of ais after an epoch", Args: []string{"-curve-steps", "0"}},
		labtest.Bad{Name: "nothing held", Status: 2, Says: "images to measure on", Args: []string{"-held", "0"}},
		labtest.Bad{Name: "no Gibbs steps", Status: 2, Says: "Gibbs steps to show", Args: []string{"-steps", "0"}},
		labtest.Bad{Name: "negative images", Status: 2, Says: "images of at least 0", Args: []string{"-images", "-1"}},
		labtest.Bad{Name: "negative images of the tutorials", Status: 2, Says: "images of at least 0", Args: []string{"-tutorial-images", "-1"}},
		labtest.Bad{Name: "no epochs", Status: 2, Says: "large machines: want 1 to 5000 epochs, got 0", Args: []string{"-epochs", "0"}},
		labtest.Bad{Name: "huge batch", Status: 2, Says: "exact machines: want 1 to 1000 examples a batch", Args: []string{"-exact-batch", "5000"}},
		labtest.Bad{Name: "falling rates", Status: 2, Says: "rates in rising order", Args: []string{"-rates", "1,0.1"}},
		labtest.Bad{Name: "negative rate", Status: 2, Says: "learning rate", Args: []string{"-exact-rates", "-1"}},
		labtest.Bad{Name: "no number", Status: 2, Says: `want a number, got "x"`, Args: []string{"-rates", "0.1,x"}},
		labtest.Bad{Name: "more images than there are", Status: 1, Says: "at most 50000 images", Args: []string{"-images", "60000"}},
		labtest.Bad{Name: "every rate diverges", Status: 1, Says: "want a rate at which it does not diverge", Args: []string{"-rates", "3e38"}},
	)
}
