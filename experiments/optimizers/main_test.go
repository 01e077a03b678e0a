package main

import (
	"math"
	"slices"
	"strings"
	"testing"

	"capas/experiments/internal/labtest"
)

// program is the experiment with a run that takes a second or two.
func program() labtest.Program[Recipe] {
	return labtest.Program[Recipe]{Experiment: experiment(), Tiny: func(out string, more ...string) []string {
		return append([]string{"-preset", "smoke", "-images", "300", "-width", "5", "-epochs", "2", "-batch", "50", "-small-batch", "20", "-steps", "30", "-rates", "0.1",
			"-whole-rates", "0.3", "-small-rates", "0.1", "-single-rates", "0.01", "-momentum-rates", "0.03", "-adaptive-rates", "0.01", "-progress", "none", "-out", out}, more...)
	}}
}

func TestRunAndResume(t *testing.T) {
	program().RunAndResume(t, "bowl_momentum.svg", "rosenbrock_adaptive.svg", "size_epochs.svg", "size_seconds.svg", "optimizer_seconds.svg", "balance_gradient.svg", "balance_epochs.svg", "balance_seconds.svg",
		"checkpoints/seed-1-sgd-rate-0.01", "models/seed-1-adam-rate-0.01.safetensors")
}

// What a resumed run measures anew are times, and descents, which are the same.
func TestPresets(t *testing.T) { program().Presets(t) }

func TestResult(t *testing.T) {
	d := program().Result(t, "-seeds", "3", "-default-rate", "0.02")
	for _, name := range []string{"bowl.momentum.steps", "rosenbrock.adam.value", "batch-gd.epochs", "sgd.test_error", "gradient.trained.between_classes", "small-batch-balanced.best_loss",
		"adam.default_test_error", "gradient.start.minibatch-balanced", "momentum.epoch_seconds"} {
		if v := d.Metrics[name].Values; len(v) != 3 {
			t.Errorf("%s: want 3 values, got %v", name, v)
		}
	}
	for _, v := range d.Metrics["sgd.epoch_seconds"].Values {
		if !(v > 0) {
			t.Errorf("an epoch of %g s", v)
		}
	}
	for _, c := range d.Claims {
		if !slices.Contains(d.Figures, c.Figure) || strings.HasSuffix(c.Figure, "_seconds.svg") {
			t.Errorf("%s: figure %q is none of %v, or one of times", c.Claim, c.Figure, d.Figures)
		}
	}
	if len(d.Claims) != 8+3+6+6 {
		t.Errorf("%d claims", len(d.Claims))
	}
	if one := program().Result(t); len(one.Claims) != 0 {
		t.Errorf("verdicts from one seed: %v", one.Claims)
	}
}

// A rate at which a network diverges is none; if it is the one by default, its results
// are not numbers.
func TestDivergence(t *testing.T) {
	d := program().Result(t, "-rates", "0.1,1e30", "-whole-rates", "0.1,0.3", "-small-rates", "0.1,0.3", "-single-rates", "0.003,0.01", "-momentum-rates", "0.01,0.03",
		"-adaptive-rates", "0.001,0.01", "-default-rate", "1e30")
	if v := d.Metrics["minibatch.best_rate"].Values; len(v) != 1 || v[0] != 0.1 {
		t.Errorf("best rate %v, want 0.1", v)
	}
}

func TestEpochsTo(t *testing.T) {
	for _, c := range []struct {
		losses []float64
		want   float64
	}{
		{[]float64{0.9, 0.5}, 0}, {[]float64{4, 2, 1}, 2}, {[]float64{4, 2, 0.5}, 1.5}, {[]float64{4, 2}, math.NaN()},
		{[]float64{8, math.NaN(), 0.125}, math.NaN()}, {[]float64{4, 0.5, 3, 0.1}, 2.0 / 3},
	} {
		if got := epochsTo(1, c.losses); math.Abs(got-c.want) > 1e-12 || math.IsNaN(got) != math.IsNaN(c.want) {
			t.Errorf("%v: %g, want %g", c.losses, got, c.want)
		}
	}
}

// All methods try equally many rates, and a step's examples make up the epoch.
func TestMethods(t *testing.T) {
	r := presets()["lecture"]
	for _, m := range r.methods() {
		if len(r.rates(m)) != len(r.Rates) {
			t.Errorf("%s tries %d rates, mini-batches %d", m.name, len(r.rates(m)), len(r.Rates))
		}
		want := map[size]int{whole: 1, mini: 101, small: 1001, single: 10_005}[m.size]
		if got := m.stepsPerEpoch(r, 10_005); got != want {
			t.Errorf("%s: %d steps for 10,005 examples, want %d", m.name, got, want)
		}
		if tr := m.training(r, 0.5); tr.Optimizer.Rate.Start != 0.5 || tr.Optimizer.Kind != m.kind || tr.Balanced != m.balanced || tr.Batch != map[size]int{mini: 100, small: 10, single: 1}[m.size] {
			t.Errorf("%s: %+v", m.name, tr)
		}
	}
	seen := map[string]bool{}
	for _, s := range r.specs([]uint64{1, 2}) {
		name := s.run() + string(rune('0'+s.seed))
		if seen[name] {
			t.Errorf("%s twice", name)
		}
		seen[name] = true
	}
	if want := 2 * (10*5 + 1); len(seen) != want {
		t.Errorf("%d networks, want %d: five rates of ten methods and plain mini-batches at the rate by default", len(seen), want)
	}
}

func TestBadInput(t *testing.T) {
	empty := t.TempDir()
	program().BadInput(t,
		labtest.Bad{Name: "condition below 1", Status: 2, Says: "condition of 1 to 1e+06", Args: []string{"-condition", "0.5"}},
		labtest.Bad{Name: "endless descent", Status: 2, Says: "steps of 10 to 100000", Args: []string{"-steps", "1000000"}},
		labtest.Bad{Name: "tolerance", Status: 2, Says: "tolerance", Args: []string{"-tolerance", "0"}},
		labtest.Bad{Name: "rates per decade", Status: 2, Says: "rates_per_decade of 1 to 20", Args: []string{"-rates-per-decade", "0"}},
		labtest.Bad{Name: "width", Status: 2, Says: "units of 1 to 10000", Args: []string{"-width", "0"}},
		labtest.Bad{Name: "softmax", Status: 2, Says: "softmax is for outputs", Args: []string{"-activation", "softmax"}},
		labtest.Bad{Name: "images", Status: 2, Says: "images of 0", Args: []string{"-images", "-1"}},
		labtest.Bad{Name: "no more images than a batch has", Status: 2, Says: "more than a small_batch of 20, got 20", Args: []string{"-images", "20"}},
		labtest.Bad{Name: "epochs", Status: 2, Says: "epochs of 1 to 5000", Args: []string{"-epochs", "0"}},
		labtest.Bad{Name: "batch of 1 twice", Status: 2, Says: "small_batch of 2 to 49", Args: []string{"-small-batch", "1"}},
		labtest.Bad{Name: "small batch too large", Status: 2, Says: "small_batch of 2 to 49", Args: []string{"-small-batch", "50"}},
		labtest.Bad{Name: "target", Status: 2, Says: "target of 0.001 to 2", Args: []string{"-target", "0"}},
		labtest.Bad{Name: "more rates for one method", Status: 2, Says: "equally many for all methods, got 2 adaptive-rates and 1 rates", Args: []string{"-adaptive-rates", "0.001,0.01"}},
		labtest.Bad{Name: "falling rates", Status: 2, Says: "rates in rising order", Args: []string{"-rates", "0.3,0.1"}},
		labtest.Bad{Name: "rate 0", Status: 2, Says: "rates above 0", Args: []string{"-single-rates", "0"}},
		labtest.Bad{Name: "infinite rate", Status: 2, Says: "learning rate", Args: []string{"-rates", "1e300"}},
		labtest.Bad{Name: "no rate", Status: 2, Says: `parsing "fast"`, Args: []string{"-rates", "fast"}},
		labtest.Bad{Name: "momentum 1", Status: 2, Says: "momentum of 0.01 to 0.999", Args: []string{"-momentum", "1"}},
		labtest.Bad{Name: "rho", Status: 2, Says: "rho of", Args: []string{"-rho", "1"}},
		labtest.Bad{Name: "beta2", Status: 2, Says: "beta2 of", Args: []string{"-beta2", "0"}},
		labtest.Bad{Name: "epsilon", Status: 2, Says: "epsilon of", Args: []string{"-epsilon", "0"}},
		labtest.Bad{Name: "unknown data", Status: 2, Says: "cifar", Args: []string{"-data", "cifar"}},
		labtest.Bad{Name: "empty data directory", Status: 1, Says: empty, Args: []string{"-data-dir", empty}},
		labtest.Bad{Name: "nothing but divergence", Status: 1, Says: "a rate at which no seed diverges", Args: []string{"-rates", "1e30"}},
	)
}
