package main

import (
	"math"
	"slices"
	"testing"

	"capas/experiments/internal/labtest"
)

// program has a run of every method that takes a second or two.
func program() labtest.Program[Recipe] {
	return labtest.Program[Recipe]{Experiment: experiment(), Tiny: func(out string, more ...string) []string {
		return append([]string{"-preset", "smoke", "-hidden", "8,10", "-images", "300", "-greedy-epochs", "1,1", "-joint-epochs", "1", "-epochs", "1",
			"-updates", "3", "-temperatures", "20", "-runs", "10", "-shown", "1,5", "-progress", "none", "-out", out}, more...)
	}}
}

func TestRunAndResume(t *testing.T) {
	program().RunAndResume(t, "likelihood.svg", "mean_field_change.svg", "mean_field_gap.svg", "samples_dbn.png", "samples_dbm.png", "filters_dbm-greedy.png", "test_error.svg", "validation.svg",
		"checkpoints/seed-1-dbm", "models/seed-1-dbm.safetensors", "models/seed-1-dbm-greedy.safetensors", "models/seed-1-dbn.safetensors", "models/seed-1-rbm.safetensors", "models/seed-1-dbm-classifier.safetensors")
}

func TestPresets(t *testing.T) { program().Presets(t) }

func TestResult(t *testing.T) {
	d := program().Result(t, "-seeds", "3")
	for _, name := range []string{"rbm.bound", "dbn.log_z", "dbm-greedy.bound", "dbm.bound_gap", "dbm.above_bound", "dbm.mean_field_change", "random.test_error", "dbm.test_error"} {
		if len(d.Metrics[name].Values) != 3 {
			t.Errorf("%s: want 3 values, got %v", name, d.Metrics[name].Values)
		}
	}
	if len(d.Claims) != 8 {
		t.Errorf("want 8 claims, got %d", len(d.Claims))
	}
	for _, c := range d.Claims {
		if !slices.Contains(d.Figures, c.Figure) {
			t.Errorf("%s: no figure %q among %v", c.Claim, c.Figure, d.Figures)
		}
	}
}

// How loose the bound is, by chains and by enumeration of the hidden layers.
func TestSlack(t *testing.T) {
	r := presets()["smoke"]
	r.Hidden, r.Images, r.Judged, r.Temperatures = []int{6, 7}, 300, 50, 10_000
	n := fresh(t, r, methodDBM)
	d := n.dbm
	for i := range d.W[1].Value.Float32s() {
		d.W[1].Value.Float32s()[i] *= 200 // so that it is loose
	}
	got, err := n.slack(t.Context(), methodDBM, d)
	if err != nil {
		t.Fatal(err)
	}
	count := slackCount(n.data.judged.Len())
	some, err := n.data.judged.Take(count)
	if err != nil {
		t.Fatal(err)
	}
	bounds, err := n.bounds(d, some.X)
	if err != nil {
		t.Fatal(err)
	}
	want := 0.0
	for i, bound := range bounds.Float32s() {
		given, err := d.Given(rowOf(some.X, i))
		if err != nil {
			t.Fatal(err)
		}
		logZ, err := given.Bipartite().LogPartition()
		if err != nil {
			t.Fatal(err)
		}
		for j, x := range some.X.Float32s()[i*some.Dim() : (i+1)*some.Dim()] {
			logZ += float64(x) * float64(d.B[0].Value.Float32s()[j])
		}
		want += (logZ - float64(bound)) / float64(count)
	}
	t.Logf("%g nats, exactly %g", got, want)
	if !(want > 0.02) || math.Abs(got-want) > 0.1*want {
		t.Errorf("log p is %g nats above the bound, exactly %g", got, want)
	}
}

// Any choice of methods can be reported, and all images can be trained on.
func TestChoices(t *testing.T) {
	for _, args := range [][]string{
		{"-methods", "random"},
		{"-methods", "rbm", "-seeds", "3"},
		{"-methods", "dbn,random", "-all"},
		{"-methods", "dbm", "-all", "-drop-input", "0.2", "-drop-hidden", "0.5"},
	} {
		d := program().Result(t, args...)
		if len(d.Claims) != 0 {
			t.Errorf("%v: claims %v", args, d.Claims)
		}
		if slices.Contains(args, "-all") && slices.Contains(d.Figures, "validation.svg") {
			t.Errorf("%v: a figure of the validation error", args)
		}
	}
}

// Annealed importance sampling of machines whose first hidden layer can be enumerated.
func TestLikelihood(t *testing.T) {
	r := presets()["smoke"]
	r.Hidden, r.Images, r.Temperatures, r.Runs, r.Judged = []int{6, 7}, 300, 2000, 100, 50
	for _, method := range []string{methodRBM, methodDBM} {
		n := trained(t, r, method)
		got, err := n.likelihoods(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for name, d := range n.machines {
			exact, err := d.Bipartite().LogPartition()
			if err != nil {
				t.Fatal(err)
			}
			if l := got[name]; !(math.Abs(l.LogZ-exact) < 0.5) || !(l.Low-0.2 <= exact && exact <= l.High+0.2) {
				t.Errorf("%s: log Z %g in [%g, %g], exact %g", name, l.LogZ, l.Low, l.High, exact)
			}
		}
	}
}

func TestBadInput(t *testing.T) {
	empty := t.TempDir()
	program().BadInput(t,
		labtest.Bad{Name: "no method", Status: 2, Says: `method "" is unknown`, Args: []string{"-methods", ""}},
		labtest.Bad{Name: "unknown method", Status: 2, Says: `method "vae" is unknown`, Args: []string{"-methods", "rbm,vae"}},
		labtest.Bad{Name: "a method twice", Status: 2, Says: "method rbm is given twice", Args: []string{"-methods", "rbm,rbm"}},
		labtest.Bad{Name: "one hidden layer", Status: 2, Says: "two hidden layers of 1 to 10000 units, got [8]", Args: []string{"-hidden", "8"}},
		labtest.Bad{Name: "hidden units beyond the memory", Status: 2, Says: "two hidden layers of 1 to 10000 units", Args: []string{"-hidden", "8,1000000"}},
		labtest.Bad{Name: "no number", Status: 2, Says: `invalid syntax`, Args: []string{"-hidden", "8,x"}},
		labtest.Bad{Name: "epochs of one layer", Status: 2, Says: "greedy_epochs of two layers, got [3]", Args: []string{"-greedy-epochs", "3"}},
		labtest.Bad{Name: "no epochs", Status: 2, Says: "1 to 5000 epochs of every stage", Args: []string{"-joint-epochs", "0"}},
		labtest.Bad{Name: "negative images", Status: 2, Says: "images and judged of at least 0", Args: []string{"-images", "-1"}},
		labtest.Bad{Name: "no updates", Status: 2, Says: "updates of 1 to 33, got 0", Args: []string{"-updates", "0"}},
		labtest.Bad{Name: "too many Gibbs steps", Status: 2, Says: "steps of 1 to 100, got 1000", Args: []string{"-steps", "1000"}},
		labtest.Bad{Name: "no chains", Status: 2, Says: "chains of 1 to 10000, got 0", Args: []string{"-chains", "0"}},
		labtest.Bad{Name: "too many temperatures", Status: 2, Says: "temperatures of 1 to 1000000", Args: []string{"-temperatures", "100000000"}},
		labtest.Bad{Name: "dropping all", Status: 2, Says: "drop_input and drop_hidden in [0,1), got 0 and 1", Args: []string{"-drop-hidden", "1"}},
		labtest.Bad{Name: "falling steps", Status: 2, Says: "in rising order", Args: []string{"-shown", "10,1"}},
		labtest.Bad{Name: "negative rate", Status: 2, Says: "joint: momentum: learning rate", Args: []string{"-joint-lr", "-1"}},
		labtest.Bad{Name: "NaN rate", Status: 2, Says: "unsupported value: NaN", Args: []string{"-lr", "NaN"}},
		labtest.Bad{Name: "divergence", Status: 1, Says: "diverged", Args: []string{"-methods", "rbm", "-joint-lr", "1e38"}},
		labtest.Bad{Name: "empty data directory", Status: 1, Says: empty, Args: []string{"-data-dir", empty}},
	)
}
