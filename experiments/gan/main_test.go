package main

import (
	"math"
	"slices"
	"testing"

	"capas/experiments/internal/labtest"
)

// program has a run of everything that takes a second.
func program() labtest.Program[Recipe] {
	return labtest.Program[Recipe]{Experiment: experiment(), Tiny: func(out string, more ...string) []string {
		return append([]string{"-preset", "smoke", "-points", "256", "-ring-width", "4", "-ring-epochs", "1", "-images", "130", "-layers", "5", "-maps", "2",
			"-epochs", "1", "-ahead-epochs", "2", "-progress", "none", "-out", out}, more...)
	}}
}

func TestRunAndResume(t *testing.T) {
	program().RunAndResume(t, aheadFigure, modesFigure, ringFigure, ringLossFigure, coverFigure, sharesFigure, "samples_dcgan.png", "losses_mlp-plain.svg",
		"checkpoints/seed-1-ring-r1", "checkpoints/seed-1-ahead", "checkpoints/seed-1-dcgan", "models/seed-1-classifier.safetensors",
		"models/seed-1-ring-wasserstein-discriminator.safetensors", "models/seed-1-dcgan-generator.safetensors")
}

func TestPresets(t *testing.T) { program().Presets(t) }

func TestResult(t *testing.T) {
	d := program().Result(t, "-seeds", "3")
	for _, name := range []string{"ring.minimax.modes", "ring.wasserstein.good", "ahead.minimax_gradient", "classifier.test_error", "mlp.classes", "mlp-plain.sure", "dcgan.score"} {
		if len(d.Metrics[name].Values) != 3 {
			t.Errorf("%s: want 3 values, got %v", name, d.Metrics[name].Values)
		}
	}
	// One of the discriminator ahead, four of the ring, two for each of two networks, and two comparisons of networks.
	if len(d.Claims) != 1+4+2*2+2 {
		t.Errorf("want all claims, got %d", len(d.Claims))
	}
	for _, c := range d.Claims {
		if c.Figure != "" && !slices.Contains(d.Figures, c.Figure) {
			t.Errorf("%s: no figure %q among %v", c.Claim, c.Figure, d.Figures)
		}
	}
	if d := program().Result(t, "-seeds", "2", "-variants", "wasserstein", "-networks", "mlp"); len(d.Claims) != 0 || slices.Contains(d.Figures, ringLossFigure) {
		t.Errorf("verdicts from two seeds: %v; figures %v", d.Claims, d.Figures)
	}
}

// Networks that learn something: a perceptron of the ring finds Gaussians, and minimax leaves less
// gradient, so that the numbers are of what they say.
func TestLearning(t *testing.T) {
	d := program().Result(t, "-variants", "r1", "-networks", "mlp", "-points", "6400", "-ring-width", "32", "-ring-epochs", "20", "-ring-lr", "0.005", "-ahead-epochs", "40")
	if good := d.Metrics["ring.r1.good"].Values[0]; good < 0.12 { // 0.06 lie there by chance, untrained
		t.Errorf("good samples: %g", good)
	}
	if m, s := d.Metrics["ahead.minimax_gradient"].Values[0], d.Metrics["ahead.steady_gradient"].Values[0]; !(m < 0.5*s) || math.IsNaN(s) {
		t.Errorf("gradients %g and %g", m, s)
	}
}

// Trainings that diverge are reported all the same, without values: no claim holds, those that networks find or cover little
// among them.
func TestDivergence(t *testing.T) {
	d := program().Result(t, "-seeds", "3", "-lr", "1e38", "-ring-lr", "1e38")
	for _, name := range []string{"ring.non-saturating.modes", "ring.r1.good", "ahead.minimax_gradient", "mlp.classes", "mlp-plain.sure", "dcgan.least"} {
		if v := d.Metrics[name].Values; len(v) != 3 || !math.IsNaN(float64(v[0])) {
			t.Errorf("%s: %v after divergence", name, v)
		}
	}
	if len(d.Claims) != 11 {
		t.Errorf("want all claims, got %d", len(d.Claims))
	}
	for _, c := range d.Claims {
		if c.Holds {
			t.Errorf("holds after divergence: %s (%s)", c.Claim, c.Measured)
		}
	}
}

func TestBadInput(t *testing.T) {
	empty := t.TempDir()
	program().BadInput(t,
		labtest.Bad{Name: "unknown variant", Status: 2, Says: `variant "hinge" is unknown`, Args: []string{"-variants", "r1,hinge"}},
		labtest.Bad{Name: "no variant", Status: 2, Says: `variant "" is unknown`, Args: []string{"-variants", ""}},
		labtest.Bad{Name: "a variant twice", Status: 2, Says: "variant r1 is given twice", Args: []string{"-variants", "r1,r1"}},
		labtest.Bad{Name: "unknown network", Status: 2, Says: `network "vae" is unknown`, Args: []string{"-networks", "vae"}},
		labtest.Bad{Name: "fewer points than a batch", Status: 2, Says: "examples a step on the ring from 2 to 100, got 128", Args: []string{"-points", "100"}},
		labtest.Bad{Name: "points beyond the memory", Status: 2, Says: "points on the ring from 8 to", Args: []string{"-points", "1000000000"}},
		labtest.Bad{Name: "width 0", Status: 2, Says: "ring_width from 1 to 4096, got 0", Args: []string{"-ring-width", "0"}},
		labtest.Bad{Name: "no epochs", Status: 2, Says: "ring_epochs from 1 to 1000, got 0", Args: []string{"-ring-epochs", "0"}},
		labtest.Bad{Name: "no epochs of images", Status: 2, Says: "conv_epochs from 1 to 1000, got 0", Args: []string{"-conv-epochs", "0"}},
		labtest.Bad{Name: "negative images", Status: 2, Says: "images (0 for all) from 0", Args: []string{"-images", "-1"}},
		labtest.Bad{Name: "more images than there are", Status: 1, Says: "at most 50000 images", Args: []string{"-images", "50001"}},
		labtest.Bad{Name: "no code", Status: 2, Says: "elements of a code from 1 to 4096, got 0", Args: []string{"-code", "0"}},
		labtest.Bad{Name: "no hidden layer", Status: 2, Says: `parsing ""`, Args: []string{"-layers", ""}},
		labtest.Bad{Name: "a layer without units", Status: 2, Says: "layers of 1 to 4096 units, got [5 0]", Args: []string{"-layers", "5,0"}},
		labtest.Bad{Name: "maps beyond the memory", Status: 2, Says: "layers of 1 to 512 maps, got [1000000]", Args: []string{"-maps", "1000000"}},
		labtest.Bad{Name: "maps of too many halvings", Status: 2, Says: "numbers of maps from 1 to 2, got 3", Args: []string{"-maps", "4,3,2"}},
		labtest.Bad{Name: "batch of one", Status: 2, Says: "images a step from 2 to 10000, got 1", Args: []string{"-batch", "1"}},
		labtest.Bad{Name: "negative penalty", Status: 2, Says: "factors of at least 0", Args: []string{"-r1", "-1"}},
		labtest.Bad{Name: "infinite penalty", Status: 2, Says: "Inf", Args: []string{"-ring-r1", "Inf"}},
		labtest.Bad{Name: "negative rate", Status: 2, Says: "learning rate", Args: []string{"-lr", "-1"}},
		labtest.Bad{Name: "no samples", Status: 2, Says: "samples from 2 to", Args: []string{"-samples", "0"}},
		labtest.Bad{Name: "empty data directory", Status: 1, Says: empty, Args: []string{"-data-dir", empty}},
	)
}
