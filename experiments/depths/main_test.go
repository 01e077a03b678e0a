package main

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"capas/experiments/internal/labtest"
	"capas/train"
)

// tiny is a run of every part that takes a second or less.
func tiny(out string, more ...string) []string {
	return append([]string{"-preset", "smoke", "-images", "300", "-validation", "200", "-width", "8", "-epochs", "2", "-widths", "3,8", "-points", "20",
		"-online-images", "200", "-progress", "none", "-out", out}, more...)
}

func program() labtest.Program[Recipe] {
	return labtest.Program[Recipe]{Experiment: experiment(), Tiny: tiny}
}

func TestRunAndResume(t *testing.T) {
	program().RunAndResume(t, "test_error.svg", "widths.svg", "train_and_test.svg", "train_and_validation.svg", "functions_pca.svg", "functions_tsne.svg", "online.svg",
		"checkpoints/seed-1-sdae-width8", "checkpoints/seed-1-random-depth2-width8-rate0.5", "models/seed-1-sdae-depth1-width8-rate1.safetensors")
}

// TestResume loads all networks of a finished run. TestResumed stops one.
func TestResume(t *testing.T) { program().Resume(t, "-init", "random,sdae,dbn") }

func TestPresetsAreValid(t *testing.T) { program().Presets(t) }

func TestResult(t *testing.T) {
	doc := program().Result(t, "-seeds", "3", "-init", "random,dbn,sdae", "-depth", "1,2,5", "-points-depth", "1")
	for _, name := range []string{"random.depth5.width8.test_error", "dbn.depth2.width3.train_loss", "sdae.depth1.width8.nearest_other", "sdae.depth2.width8.online_test_error"} {
		if len(doc.Metrics[name].Values) != 3 {
			t.Errorf("%s: want 3 values, got %v", name, doc.Metrics[name].Values)
		}
	}
	figures := strings.Join(doc.Figures, " ")
	count := map[string]int{}
	for _, c := range doc.Claims {
		count[c.Claim]++
		if !strings.Contains(figures, c.Figure) {
			t.Errorf("%s: figure %q is not among %s", c.Claim, c.Figure, figures)
		}
	}
	// For each pretraining: three depths, the deepest, two of widths, two of losses, regions,
	// its own divergence, online; once the divergence of random ones. The spread needs a depth
	// at which these tiny networks learn something, and the gain by depth two.
	want := 1
	for _, init := range []string{"dbn", "sdae"} {
		comparable := 0
		for _, depth := range []int{1, 2, 5} {
			worst := 0.0
			for _, name := range []string{"random", init} {
				worst = max(worst, slices.Max(doc.Metrics[config{name, depth, 8}.metric("test_error")].Values))
			}
			if worst <= 0.5 {
				comparable++
			}
		}
		want += 11 + min(comparable, 2)
	}
	if n := len(doc.Claims); n != want {
		t.Errorf("got %d claims, want %d: %v", n, want, count)
	}
	for claim, n := range count {
		if n != 1 {
			t.Errorf("%d claims %q", n, claim)
		}
	}
	if doc := program().Result(t); len(doc.Claims) != 0 {
		t.Errorf("one seed: want no claims, got %d", len(doc.Claims))
	}
}

// A configuration that diverges at some rates is judged at the others; the run goes on.
func TestDivergence(t *testing.T) {
	diverging := []string{"-activation", "leaky-relu(0.01)", "-rates", "0.1,1e30"}
	doc := program().Result(t, diverging...)
	for _, name := range []string{"random.depth2.width8.rate", "sdae.depth1.width8.rate"} {
		if rate := doc.Metrics[name].Values; len(rate) != 1 || rate[0] != 0.1 {
			t.Errorf("%s: got %v, want 0.1: a rate of 1e30 makes the weights infinite", name, rate)
		}
	}
}

// TestEqualLoss: the first course reaches 0.1, the second 0.2 only; at 0.2 the first is half
// way between its second and third epoch, on a logarithmic scale. The validation losses half
// way through these are 2 and 1; the second course's is 2.5 in the epoch of 0.2.
func TestEqualLoss(t *testing.T) {
	history := func(points ...[2]float64) *train.History {
		h := &train.History{}
		for i, p := range points {
			h.Epochs = append(h.Epochs, train.Epoch{Epoch: i + 1, Train: train.Values{{Name: "loss", Value: p[0]}}, Validation: train.Values{{Name: "loss", Value: p[1]}}})
		}
		return h
	}
	a, b := history([2]float64{1, 2.5}, [2]float64{0.4, 1.5}, [2]float64{0.1, 0.5}), history([2]float64{0.5, 4}, [2]float64{0.2, 1}, [2]float64{0.3, 2.6})
	loss, va, vb := equalLoss(a, b)
	if loss != 0.2 || math.Abs(va-1.5) > 1e-12 || vb != 2.5 {
		t.Errorf("got %v, %v and %v, want 0.2, 1.5 and 2.5", loss, va, vb)
	}
	if loss, va, vb = equalLoss(b, history([2]float64{0.9, 7})); loss != 0.9 || !math.IsNaN(va) || vb != 7 {
		t.Errorf("got %v, %v and %v, want 0.9, which the first is below from the start, and the 7 of the only epoch", loss, va, vb)
	}
	if loss, _, _ = equalLoss(a, history()); !math.IsNaN(loss) {
		t.Errorf("no epoch: got %v, want NaN", loss)
	}
}

func TestBadInput(t *testing.T) {
	empty, same := t.TempDir(), filepath.Join(t.TempDir(), "same.json")
	if err := os.WriteFile(same, []byte(`{"augment": {"shift": 0, "rotation": 0}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	program().BadInput(t,
		labtest.Bad{Name: "unknown origin", Status: 2, Says: `init "glorot" is unknown`, Args: []string{"-init", "random,glorot"}},
		labtest.Bad{Name: "nothing to compare with", Status: 2, Says: "random and one or two", Args: []string{"-init", "sdae,dbn"}},
		labtest.Bad{Name: "one origin", Status: 2, Says: "random and one or two", Args: []string{"-init", "random"}},
		labtest.Bad{Name: "twice", Status: 2, Says: "twice", Args: []string{"-init", "random,sdae,sdae"}},
		labtest.Bad{Name: "tanh machines", Status: 2, Says: "dbn has sigmoid units", Args: []string{"-init", "random,dbn", "-activation", "tanh"}},
		labtest.Bad{Name: "softmax hidden units", Status: 2, Says: "softmax is for outputs", Args: []string{"-activation", "softmax"}},
		labtest.Bad{Name: "too deep", Status: 2, Says: "depths of 1 to 7", Args: []string{"-depth", "1,2,8"}},
		labtest.Bad{Name: "falling depths", Status: 2, Says: "in rising order", Args: []string{"-depth", "2,1"}},
		labtest.Bad{Name: "falling widths", Status: 2, Says: "in rising order", Args: []string{"-widths", "8,8"}},
		labtest.Bad{Name: "width beyond the memory", Status: 2, Says: "width of 1 to 2000", Args: []string{"-width", "1000000000"}},
		labtest.Bad{Name: "no epochs", Status: 2, Says: "epochs of fine-tuning of 1 to 1000", Args: []string{"-epochs", "0"}},
		labtest.Bad{Name: "no pretraining", Status: 2, Says: "epochs of", Args: []string{"-pretrain-epochs", "0"}},
		labtest.Bad{Name: "negative images", Status: 2, Says: "images of 0 to", Args: []string{"-images", "-1"}},
		labtest.Bad{Name: "falling rates", Status: 2, Says: "rates in rising order", Args: []string{"-rates", "1,0.1"}},
		labtest.Bad{Name: "negative rate", Status: 2, Says: "learning rate", Args: []string{"-rates", "-1"}},
		labtest.Bad{Name: "too many points", Status: 2, Says: "points of 1 to 10000", Args: []string{"-points", "20000"}},
		labtest.Bad{Name: "too large a trajectory", Status: 2, Says: "points × epochs", Args: []string{"-points", "10000", "-epochs", "1000"}},
		labtest.Bad{Name: "points of no depth", Status: 2, Says: "points_depth and online_depth among depths [1 2]", Args: []string{"-points-depth", "3"}},
		labtest.Bad{Name: "images that repeat", Status: 2, Says: "want augment to change images", Args: []string{"-recipe", same}},
		labtest.Bad{Name: "no seeds decide", Status: 2, Says: "tune_seeds of 1 to 100", Args: []string{"-tune-seeds", "0"}},
		labtest.Bad{Name: "bad corruption", Status: 2, Says: "corruption", Args: []string{"-corruption", "masking(2)"}},
		labtest.Bad{Name: "divergence at every rate", Status: 1, Says: "no seed diverges, got [1e+30]", Args: []string{"-activation", "leaky-relu(0.01)", "-rates", "1e30"}},
		labtest.Bad{Name: "empty data directory", Status: 1, Says: empty, Args: []string{"-data-dir", empty}},
		labtest.Bad{Name: "missing data directory", Status: 2, Says: "nowhere", Args: []string{"-data-dir", filepath.Join(empty, "nowhere")}},
	)
}
