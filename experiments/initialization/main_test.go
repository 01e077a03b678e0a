package main

import (
	"math"
	"strings"
	"testing"

	"capas/experiments/internal/labtest"
)

// program has a tiny run of a second or two.
func program() labtest.Program[Recipe] {
	return labtest.Program[Recipe]{
		Experiment: experiment(),
		Tiny: func(out string, more ...string) []string {
			return append([]string{"-preset", "smoke", "-activation", "tanh,relu", "-init", "gaussian,lecun", "-depth", "3", "-width", "20", "-examples", "30",
				"-train-activation", "lecun-tanh", "-train-depth", "2", "-train-width", "6", "-images", "300", "-epochs", "1", "-progress", "none", "-out", out}, more...)
		},
	}
}

func TestRunAndResume(t *testing.T) {
	program().RunAndResume(t, "activation_variance_relu.svg", "gradient_variance_tanh.svg", "saturation_gaussian.svg", "learning_lecun_tanh.svg", "test_error.svg", "symmetry.svg",
		"checkpoints/seed-1-lecun-tanh-gaussian-1-rate-0.1", "models/seed-1-symmetry-zero-rate-0.01.safetensors")
}

func TestResume(t *testing.T) { program().Resume(t, "-seeds", "2") }

func TestPresets(t *testing.T) { program().Presets(t) }

func TestBadInput(t *testing.T) {
	empty := t.TempDir()
	program().BadInput(t,
		labtest.Bad{Name: "unknown initialisation", Status: 2, Says: `"orthogonal" is unknown`, Args: []string{"-init", "orthogonal"}},
		labtest.Bad{Name: "unknown activation", Status: 2, Says: `"swish" is unknown`, Args: []string{"-activation", "swish"}},
		labtest.Bad{Name: "activation for outputs", Status: 2, Says: "softmax is for outputs", Args: []string{"-train-activation", "softmax"}},
		labtest.Bad{Name: "initialisation twice", Status: 2, Says: "initialisation he is given twice", Args: []string{"-init", "he,he"}},
		labtest.Bad{Name: "activation twice", Status: 2, Says: "activation tanh is given twice", Args: []string{"-activation", "tanh,tanh"}},
		labtest.Bad{Name: "too many initialisations", Status: 2, Says: "1 to 8 inits, got 9", Args: []string{"-init", "gaussian(1),gaussian(2),gaussian(3),gaussian(4),gaussian(5),gaussian(6),gaussian(7),gaussian(8),gaussian(9)"}},
		labtest.Bad{Name: "depth 1", Status: 2, Says: "2 to 20 hidden layers, got depth 1", Args: []string{"-depth", "1"}},
		labtest.Bad{Name: "depth 21", Status: 2, Says: "train_depth of 1 to 20", Args: []string{"-train-depth", "21"}},
		labtest.Bad{Name: "width beyond the memory", Status: 2, Says: "1 to 2000 units", Args: []string{"-width", "100000"}},
		labtest.Bad{Name: "no units", Status: 2, Says: "1 to 2000 units", Args: []string{"-width", "0"}},
		labtest.Bad{Name: "one unit to be equal", Status: 2, Says: "train_width of 2 to 2000", Args: []string{"-train-width", "1"}},
		labtest.Bad{Name: "no examples", Status: 2, Says: "2 to 2000 examples", Args: []string{"-examples", "0"}},
		labtest.Bad{Name: "negative images", Status: 2, Says: "images of at least 0", Args: []string{"-images", "-1"}},
		labtest.Bad{Name: "no epochs", Status: 2, Says: "1 to 5000 epochs", Args: []string{"-epochs", "0"}},
		labtest.Bad{Name: "endless training", Status: 2, Says: "1 to 5000 epochs", Args: []string{"-epochs", "5001"}},
		labtest.Bad{Name: "no batch", Status: 2, Says: "at least one example", Args: []string{"-batch", "0"}},
		labtest.Bad{Name: "falling rates", Status: 2, Says: "rising order", Args: []string{"-rates", "0.1,0.01"}},
		labtest.Bad{Name: "negative rate", Status: 2, Says: "rates: ", Args: []string{"-rates", "-1,0.01"}},
		labtest.Bad{Name: "no number", Status: 2, Says: `parsing "fast"`, Args: []string{"-rates", "fast"}},
		labtest.Bad{Name: "equal weights of 0", Status: 2, Says: "other than 0", Args: []string{"-equal", "0"}},
		labtest.Bad{Name: "equal weights beyond bounds", Status: 2, Says: "within ±1e+06", Args: []string{"-equal", "-2e6"}},
		labtest.Bad{Name: "more images than there are", Status: 1, Says: "50001", Args: []string{"-images", "50001"}},
		labtest.Bad{Name: "unknown data", Status: 2, Says: "cifar", Args: []string{"-data", "cifar"}},
		labtest.Bad{Name: "empty data directory", Status: 1, Says: empty, Args: []string{"-data-dir", empty}},
	)
}

// Units that begin alike stay alike to the bit, and verdicts take three seeds.
func TestResult(t *testing.T) {
	if d := program().Result(t, "-seeds", "2"); len(d.Claims) != 0 {
		t.Errorf("two seeds: want no verdict, got %v", d.Claims)
	}
	d := program().Result(t, "-seeds", "3", "-epochs", "2")
	for _, m := range []string{"symmetry/equal.distance", "symmetry/zero.distance"} {
		v := d.Metrics[m].Values
		if len(v) != 3 || v[0] != 0 || v[1] != 0 || v[2] != 0 {
			t.Errorf("%s: want three times 0, got %v", m, v)
		}
	}
	for i, v := range d.Metrics["symmetry/random.distance"].Values {
		if !(v > 0.1) {
			t.Errorf("seed %d: random units are %g apart", i+1, v)
		}
	}
	verdicts := map[string]bool{}
	for _, c := range d.Claims {
		verdicts[c.Claim] = c.Holds
	}
	for claim, want := range map[string]bool{
		"Equal first weights do not become different: all units of a layer stay alike.":                                true,
		"A network whose weights began equal is a network of one unit a layer.":                                        true,
		"Equal weights lead to the test error of a network of one unit a layer whose layers learn at the same speeds.": true,
		"With weights N(0, 1) the variance grows from layer to layer (relu).":                                          true,
		"With weights N(0, 1) the variance grows from layer to layer (tanh).":                                          false, // it starts at 700, and units are bounded
	} {
		if got, ok := verdicts[claim]; !ok || got != want {
			t.Errorf("%s: want %v, got %v (stated: %v)", claim, want, got, ok)
		}
	}
}

// A training that diverges at every rate is a guess among ten classes, not an error.
func TestDivergence(t *testing.T) {
	d := program().Result(t, "-train-activation", "linear", "-rates", "1e38")
	if v := d.Metrics["linear/lecun.test_error"].Values; len(v) != 1 || math.Abs(v[0]-0.9) > 1e-12 {
		t.Errorf("test error %v, want 0.9", v)
	}
}

// Weights of 0, from which nothing comes, and weights that overflow are no errors. A factor
// of which nothing is known is not as expected, and one of weights 0 is no factor.
func TestNothingToDraw(t *testing.T) {
	const factor = "A layer of linear units multiplies the variance of the activations, and of the gradients on the way down, by n·sd²."
	for init, stated := range map[string]bool{"gaussian(0)": false, "gaussian(1e-30)": true, "gaussian(1e30),gaussian(1)": true} {
		d := program().Result(t, "-init", init, "-activation", "sigmoid,relu,linear", "-width", "800", "-train-activation", "relu", "-rates", "0.1", "-seeds", "3")
		if len(d.Claims) == 0 {
			t.Errorf("%s: want claims on equal weights, got none", init)
		}
		found := false
		for _, c := range d.Claims {
			if c.Claim == factor {
				if found = true; c.Holds {
					t.Errorf("%s: %q holds, measured %s", init, c.Claim, c.Measured)
				}
			}
		}
		if found != stated {
			t.Errorf("%s: claim on the factor stated: %v, want %v", init, found, stated)
		}
	}
}

// Of networks that diverge nothing is known about their units: no distance, no verdict.
func TestEqualWeightsDiverge(t *testing.T) {
	d := program().Result(t, "-equal", "1e6", "-rates", "1e38", "-seeds", "3")
	if v := d.Metrics["symmetry/equal.test_error"].Values; len(v) != 3 || math.Abs(v[0]-0.9) > 1e-12 {
		t.Fatalf("test error %v, want three guesses", v)
	}
	for _, c := range d.Claims {
		if strings.Contains(c.Claim, "qual weights") || strings.Contains(c.Claim, "began equal") {
			t.Errorf("a verdict on networks that diverged: %s (%s)", c.Claim, c.Measured)
		}
	}
}
