package main

import (
	"bytes"
	"context"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/internal/labtest"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/models"
	"capas/random"
	"capas/train"

	"gorgonia.org/tensor"
)

// program has a run of every variant that takes a second or two.
func program() labtest.Program[Recipe] {
	return labtest.Program[Recipe]{Experiment: experiment(), Tiny: func(out string, more ...string) []string {
		return append([]string{"-preset", "smoke", "-part", "variants", "-hidden", "8", "-images", "200", "-pretrain-epochs", "1", "-epochs", "1",
			"-rates", "0.1,0.3", "-progress", "none", "-out", out}, more...)
	}}
}

func TestRunAndResume(t *testing.T) {
	program().RunAndResume(t, errorFigure, contractionFigure, saturationFigure, sparsityFigure, restoredFigure, curveFigure, "restored_digits.png", "filters_cae.png",
		"checkpoints/seed-1-rbm", "checkpoints/seed-1-random", "models/seed-1-cae-pretrained.safetensors", "models/seed-1-supervised.safetensors")
}

func TestPresets(t *testing.T) { program().Presets(t) }

func TestResult(t *testing.T) {
	d := program().Result(t, "-seeds", "3")
	for _, v := range variants() {
		for _, what := range []string{"test_error", "validation_error", "contraction", "saturated", "activation", "sparseness"} {
			values := d.Metrics[string(v)+"."+what].Values
			if len(values) != 3 || slices.ContainsFunc(values, func(v float64) bool { return !(v >= 0 && v < 100) }) {
				t.Errorf("%s.%s: want 3 values, got %v", v, what, values)
			}
		}
		if got := len(d.Metrics[string(v)+".restored"].Values); (got == 3) != v.autoencoder() {
			t.Errorf("%s restored %d times", v, got)
		}
	}
	if len(d.Claims) < 20 {
		t.Errorf("want all claims, got %d", len(d.Claims))
	}
	for _, c := range d.Claims {
		if !slices.Contains(d.Figures, c.Figure) {
			t.Errorf("%s: no figure %q among %v", c.Claim, c.Figure, d.Figures)
		}
	}
	if d := program().Result(t, "-seeds", "2", "-variants", "random,ae"); len(d.Claims) != 0 {
		t.Errorf("verdicts from two seeds: %v", d.Claims)
	}
}

// Any choice of variants can be reported.
func TestChoices(t *testing.T) {
	for _, names := range []string{"random", "rbm,supervised", "cae"} {
		d := program().Result(t, "-variants", names, "-seeds", "3", "-rates", "0.1")
		if !slices.Contains(d.Figures, errorFigure) {
			t.Errorf("%s: no figure %s", names, errorFigure)
		}
	}
	// Levels of variants that are not trained do not count.
	if d := program().Result(t, "-part", "variants", "-variants", "cae", "-contraction", "0.1,0.2", "-rates", "0.1"); len(d.Metrics["cae.test_error"].Values) != 1 {
		t.Errorf("two levels of cae alone: got metrics %v", d.Metrics)
	}
	// The deep part alone; one seed gives no verdict.
	d := program().Result(t, "-part", "deep")
	if _, ran := d.Metrics["cae.test_error"]; ran || len(d.Metrics["deep.pca.test_squared_error"].Values) != 1 || len(d.Claims) != 0 {
		t.Errorf("got metrics %v, claims %v", d.Metrics, d.Claims)
	}
}

func TestBadInput(t *testing.T) {
	empty := t.TempDir()
	program().BadInput(t,
		labtest.Bad{Name: "unknown part", Status: 2, Says: `part "shallow" is unknown`, Args: []string{"-part", "shallow"}},
		labtest.Bad{Name: "a part twice", Status: 2, Says: "part deep is given twice", Args: []string{"-part", "deep,deep"}},
		labtest.Bad{Name: "unknown variant", Status: 2, Says: `variant "vae" is unknown`, Args: []string{"-variants", "ae,vae"}},
		labtest.Bad{Name: "a variant twice", Status: 2, Says: "variant ae is given twice", Args: []string{"-variants", "ae,ae"}},
		labtest.Bad{Name: "no units", Status: 2, Says: "1 to 5000 hidden units", Args: []string{"-hidden", "0"}},
		labtest.Bad{Name: "units beyond the memory", Status: 2, Says: "1 to 5000 hidden units", Args: []string{"-hidden", "1000000000"}},
		labtest.Bad{Name: "negative images", Status: 2, Says: "0 to 1048576 images", Args: []string{"-images", "-1"}},
		labtest.Bad{Name: "more images than there are", Status: 1, Says: "at most the 50000 training images", Args: []string{"-images", "50001"}},
		labtest.Bad{Name: "no pretraining", Status: 2, Says: "1 to 1000 epochs, got 0", Args: []string{"-pretrain-epochs", "0"}},
		labtest.Bad{Name: "epochs without end", Status: 2, Says: "fine-tuning: want 1 to 1000 epochs", Args: []string{"-epochs", "1000000"}},
		labtest.Bad{Name: "a level more", Status: 2, Says: "as many levels of every variant that is trained, got decay [0.01] and contraction [0.1 0.2]", Args: []string{"-contraction", "0.1,0.2"}},
		labtest.Bad{Name: "level 0", Status: 2, Says: "want decay above 0", Args: []string{"-decay", "0"}},
		labtest.Bad{Name: "all pixels masked", Status: 2, Says: "want masking above 0, fractions below 1, got [1]", Args: []string{"-masking", "1"}},
		labtest.Bad{Name: "infinite noise", Status: 2, Says: "+Inf", Args: []string{"-gaussian", "Inf"}},
		labtest.Bad{Name: "penalty that is no number", Status: 2, Says: "NaN", Args: []string{"-kl", "NaN"}},
		labtest.Bad{Name: "target 1", Status: 2, Says: "target activation in (0,1), got 1", Args: []string{"-target", "1"}},
		labtest.Bad{Name: "no noise", Status: 2, Says: "noise above 0, got 1 and 0", Args: []string{"-change-noise", "0"}},
		labtest.Bad{Name: "negative contraction", Status: 2, Says: "want a contraction of 0 to", Args: []string{"-higher-contraction", "-1"}},
		labtest.Bad{Name: "many Gibbs steps", Status: 2, Says: "cd of 1 to 100", Args: []string{"-cd", "1000000000"}},
		labtest.Bad{Name: "falling rates", Status: 2, Says: "rates in rising order, got [1 0.1]", Args: []string{"-rates", "1,0.1"}},
		labtest.Bad{Name: "negative rate", Status: 2, Says: "learning rate", Args: []string{"-rates", "-1"}},
		labtest.Bad{Name: "negative batch", Status: 2, Says: "batch", Args: []string{"-batch", "-1"}},
		labtest.Bad{Name: "dropping all inputs", Status: 2, Says: "drop_input and drop_hidden in [0,1), got 1 and 0", Args: []string{"-drop-input", "1"}},
		labtest.Bad{Name: "negative dropout", Status: 2, Says: "drop_input and drop_hidden in [0,1), got 0 and -0.1", Args: []string{"-drop-hidden", "-0.1"}},
		labtest.Bad{Name: "divergence at every rate", Status: 1, Says: "at which no training diverges", Args: []string{"-variants", "random", "-epochs", "3", "-rates", "3e38"}},
		labtest.Bad{Name: "empty data directory", Status: 1, Says: empty, Args: []string{"-data-dir", empty}},
	)
}

// What is said of a variant that is no better than random weights is what the seeds show.
func TestReading(t *testing.T) {
	for want, c := range map[string][3]int{ // won, fitted, worse of 3 seeds
		"fits the training images less well":                                                            {0, 0, 3},
		"fits the training images at least as well, and test images no better":                          {0, 3, 0},
		"fits the training images at least as well; which is better on test images, the seeds disagree": {2, 3, 0},
		"the seeds do not agree about the training images":                                              {1, 2, 1},
	} {
		if got := reading(3, c[0], c[1], c[2]); got != want {
			t.Errorf("%v: got %q, want %q", c, got, want)
		}
	}
	if got := reading(3, 0, 0, 2); got != "the seeds do not agree about the training images" { // one diverged
		t.Errorf("got %q", got)
	}
}

// A code of one unit has no sparseness: there is no chart of it, and no claim holds by it.
func TestOneUnit(t *testing.T) {
	d := program().Result(t, "-hidden", "1", "-seeds", "3", "-variants", "ae,sae-kl")
	if slices.Contains(d.Figures, sparsityFigure) || !slices.Contains(d.Figures, contractionFigure) {
		t.Errorf("got figures %v", d.Figures)
	}
	if !slices.ContainsFunc(d.Claims, func(c lab.Claim) bool {
		return strings.Contains(c.Measured, "sparseness") && !c.Holds && c.Figure == ""
	}) {
		t.Errorf("got claims %+v", d.Claims)
	}
}

// A layer whose pretraining diverged has no code and no reconstructions, and so the smallest of neither.
func TestPretrainingDiverges(t *testing.T) {
	e := experiment()
	e.Run = func(ctx context.Context, r *lab.Run[Recipe]) error {
		data := images(t, 20, 6)
		x := &experimenter{Run: r, data: &datasets.Split{Train: data, Validation: data, Test: data}, images: map[uint64]*datasets.Set{1: data}}
		return r.Parallel(ctx, 1, []lab.Job{{Name: "layer", Run: func(ctx context.Context, task *lab.Task) error {
			o, err := x.learn(ctx, task, spec{variant: plain, seed: 1}, []float64{0.1})
			if err == nil && (!o.diverged() || o.tuned[0].history != nil || !math.IsNaN(o.code.Contraction) || !math.IsNaN(o.code.Saturated)) {
				t.Errorf("got %+v", o)
			}
			return err
		}}})
	}
	var stderr bytes.Buffer
	if status := lab.Main(e, []string{"-preset", "smoke", "-pretrain-lr", "1e38", "-pretrain-epochs", "9", "-pretrain-batch", "4", "-out", t.TempDir(), "-progress", "none"}, io.Discard, &stderr); status != 0 {
		t.Errorf("status %d: %s", status, stderr.String())
	}
}

// images are a few small pictures.
func images(t *testing.T, n, d int) *datasets.Set {
	t.Helper()
	x, labels := make([]float32, n*d), make([]uint8, n)
	random.New(1).Uniform(x)
	for i := range labels {
		labels[i] = uint8(i % 2)
	}
	set, err := datasets.NewSet("images", tensor.New(tensor.WithShape(n, d), tensor.WithBacking(x)), labels, 2, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// Each variant is what its name says: the penalty, corruption or weight decay of its
// level and no other; autoencoders begin with the same weights, and so do the random and
// the supervised layer.
func TestVariants(t *testing.T) {
	r := presets()["lecture"]
	r.Hidden = 5
	data := images(t, 4, 6)
	first := map[bool]*layer{} // by whether it is an autoencoder
	const level = 1
	want := map[variant]struct {
		penalty    models.Penalty
		corruption blocks.Corruption
		l2         float64
	}{
		plain:    {},
		decay:    {l2: r.Levels.Decay[level]},
		masking:  {corruption: blocks.Masking(r.Levels.Masking[level])},
		gaussian: {corruption: blocks.GaussianNoise(r.Levels.Gaussian[level])},
		sparseKL: {penalty: models.Penalty{KL: r.Levels.KL[level], Target: r.Target}},
		sparseL1: {penalty: models.Penalty{L1: r.Levels.L1[level]}}, contractive: {penalty: models.Penalty{Contraction: r.Levels.Contraction[level]}},
		higherOrder: {penalty: models.Penalty{Contraction: r.Higher.Contraction, Change: r.Levels.Change[level], ChangeNoise: r.Higher.Noise}},
	}
	for _, v := range variants() {
		l, err := newLayer(r, v, level, 1, data)
		if err != nil {
			t.Fatal(err)
		}
		if of := first[v.autoencoder()]; of == nil {
			first[v.autoencoder()] = l
		} else if same := slices.Equal(l.encoder.W.Value.Float32s(), of.encoder.W.Value.Float32s()); same != (v != machine) {
			t.Errorf("%s: the same first weights: %t", v, same)
		}
		if (l.pretraining == nil) != (v == randomWeights) || (l.auto != nil) != v.autoencoder() || (l.rbm != nil) != (v == machine) {
			t.Errorf("%s: got %+v", v, l)
		}
		if l.auto == nil {
			continue
		}
		w, decayed := want[v], l.pretraining.Recipe.Optimizer.L2
		if l.auto.Penalty != w.penalty || l.auto.Corruption != w.corruption || decayed != w.l2 || l.auto.Wr != nil || l.auto.Output != blocks.Binary() {
			t.Errorf("%s: got penalty %+v, corruption %s, L2 %g", v, l.auto.Penalty, l.auto.Corruption, decayed)
		}
	}
}

// The level and rate of the smallest validation error are chosen; a training that
// diverged never is.
func TestChoose(t *testing.T) {
	at := func(rate float64, errors ...float64) tuned {
		h := &train.History{Best: 1}
		for i, e := range errors {
			h.Epochs = append(h.Epochs, train.Epoch{Validation: train.Values{{Name: "error", Value: e}}})
			if e < errors[h.Best-1] {
				h.Best = i + 1
			}
		}
		return tuned{rate: rate, history: h}
	}
	x := &experimenter{Run: &lab.Run[Recipe]{Recipe: Recipe{Variants: []variant{contractive, randomWeights}, Rates: []float64{0.1, 0.3}}}, choice: map[variant]choice{}}
	x.tried = map[variant][]*outcome{
		contractive: {
			{tuned: []tuned{at(0.1, 0.5, 0.3, 0.4), {rate: 0.3}}},
			{tuned: []tuned{at(0.1, 0.4, 0.35), at(0.3, 0.6, 0.2, 0.9)}},
			{tuned: []tuned{at(0.1, 0.2), {rate: 0.3}}},
		},
		randomWeights: {{tuned: []tuned{at(0.1, 0.1), at(0.3, 0.1)}}},
	}
	if err := x.choose(); err != nil || x.choice[contractive] != (choice{1, 0.3}) || x.choice[randomWeights] != (choice{0, 0.1}) {
		t.Errorf("got %v, %v", x.choice, err)
	}
	x.tried[randomWeights] = []*outcome{{tuned: []tuned{{rate: 0.1}}}}
	if err := x.choose(); err == nil {
		t.Error("no training that did not diverge: no error")
	}
	if v := (tuned{}).validation(); !math.IsInf(v, 1) {
		t.Errorf("diverged: validation error %g", v)
	}
	if got := trial.Value(at(0.1, 0.5).history.Epochs[0].Validation, "error"); got != 0.5 {
		t.Errorf("error %g", got)
	}
}
