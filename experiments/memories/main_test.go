package main

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"capas/experiments/internal/labtest"
	"capas/models"
)

// program is the experiment with a run of less than a second.
func program() labtest.Program[Recipe] {
	return labtest.Program[Recipe]{Experiment: experiment(), Tiny: func(out string, more ...string) []string {
		return append([]string{"-preset", "smoke", "-seeds", "1", "-digits", "2,10", "-many", "20", "-stored", "10", "-followed", "1", "-overloaded", "16", "-starts", "20",
			"-units", "16,32", "-loads", "0.1,0.5", "-layers", "16,32", "-pair-loads", "0.1,1", "-dims", "4,6,8", "-real-dims", "4,6", "-wide-dims", "8,16,24",
			"-most-patterns", "256", "-probes", "10", "-code", "16", "-pairs", "2,10", "-progress", "none", "-out", out}, more...)
	}}
}

func TestRunAndResume(t *testing.T) {
	program().RunAndResume(t, "digits.svg", "energy.svg", "at_once.svg", "capacity.svg", "capacity_wrong.svg", "dense.svg", "dense_straight.svg", "pairs.svg", "pairs_digits.svg",
		"recall_hebbian.png", "recall_pseudo-inverse.png", "recall_softmax.png", "pairs_perceptron.png", "codes_centered.png", "models/seed-1-softmax.safetensors")
}

func TestPresets(t *testing.T) { program().Presets(t) }

func TestBadInput(t *testing.T) {
	empty := t.TempDir()
	program().BadInput(t, []labtest.Bad{
		{Name: "nothing turned", Status: 2, Says: "turned units in (0, 0.5), got 0", Args: []string{"-flipped", "0"}},
		{Name: "half turned", Status: 2, Says: "turned units in (0, 0.5), got 0.5", Args: []string{"-flipped", "0.5"}},
		{Name: "NaN turned", Status: 2, Says: "NaN", Args: []string{"-flipped", "NaN"}},
		{Name: "more digits than pixels", Status: 2, Says: "digits from 2 to 784", Args: []string{"-digits", "10,785"}},
		{Name: "falling digits", Status: 2, Says: "in rising order, got [20 10]", Args: []string{"-digits", "20,10"}},
		{Name: "more digits than images", Status: 2, Says: "many from 2 to 50000", Args: []string{"-many", "60000"}},
		{Name: "no digit of a class", Status: 2, Says: "want 10 to 784 stored digits, got 9", Args: []string{"-stored", "9"}},
		{Name: "no units", Status: 2, Says: "units from 16 to 8192", Args: []string{"-units", "0"}},
		{Name: "units beyond the memory", Status: 2, Says: "units from 16 to 8192", Args: []string{"-units", "1000000"}},
		{Name: "less than a pattern", Status: 2, Says: "loads from 0.0625 to 1", Args: []string{"-loads", "0.01"}},
		{Name: "load above 1", Status: 2, Says: "pair_loads from 0.0625 to 1", Args: []string{"-pair-loads", "0.5,2"}},
		{Name: "no number", Status: 2, Says: `want a number, got "x"`, Args: []string{"-loads", "0.1,x"}},
		{Name: "patterns beyond the memory", Status: 2, Says: "2^28 units of all patterns together", Args: []string{"-most-patterns", "4000000", "-dims", "4,1000"}},
		{Name: "cubes beyond the memory", Status: 2, Says: "got 4000000 patterns of 4000", Args: []string{"-most-patterns", "4000000", "-wide-dims", "8,4000"}},
		{Name: "real patterns beyond the memory", Status: 2, Says: "got 4000000 patterns of 100", Args: []string{"-most-patterns", "4000000", "-real-dims", "8,100"}},
		{Name: "starts beyond the memory", Status: 2, Says: "2^24 units of all starts together", Args: []string{"-starts", "10000", "-overloaded", "8000"}},
		{Name: "further digits that are no more", Status: 2, Says: "beyond 100, got [20]", Args: []string{"-digits", "10,100", "-many", "20"}},
		{Name: "no probes", Status: 2, Says: "want 1 to 10000 probes, got 0", Args: []string{"-probes", "0"}},
		{Name: "code", Status: 2, Says: "want 8 to 8192 units of a code, got 1", Args: []string{"-code", "1"}},
		{Name: "empty data directory", Status: 1, Says: empty, Args: []string{"-data-dir", empty}},
	}...)
}

// Verdicts take three seeds; the energies and the smallest numbers of patterns have no choice.
func TestVerdicts(t *testing.T) {
	if d := program().Result(t, "-seeds", "2"); len(d.Claims) != 0 || len(d.Metrics["digits.hebbian.2.recalled"].Values) != 2 {
		t.Errorf("two seeds: want no verdict, got %v", d.Claims)
	}
	d := program().Result(t, "-seeds", "3")
	if len(d.Claims) != 19 {
		t.Errorf("want 19 claims, got %d", len(d.Claims))
	}
	for _, name := range []string{"capacity.32.limit", "pairs.32.limit"} {
		for _, v := range d.Metrics[name].Values {
			if !(v > 0.1 && v < 1) {
				t.Errorf("%s: %g, want between the two loads", name, v)
			}
		}
	}
	must := map[string]bool{"one unit updated after the other": true, "energy of a BAM never rises": true, "all units updated at once": true, "A dense network recalls more digits": false}
	for _, c := range d.Claims {
		for words, holds := range must {
			if strings.Contains(c.Claim, words) {
				if delete(must, words); c.Holds != holds {
					t.Errorf("%s: holds %t: %s", c.Claim, c.Holds, c.Measured)
				}
			}
		}
	}
	if len(must) > 0 {
		t.Errorf("claims about %v are missing", must)
	}
}

// Where more patterns are recalled than are tried, there is no number, of any seed.
func TestMorePatternsThanTried(t *testing.T) {
	d := program().Result(t, "-seeds", "3", "-most-patterns", "2", "-dims", "12,16", "-real-dims", "12,16", "-wide-dims", "32,64")
	if len(d.Claims) != 19 || len(d.Metrics["dense.exponential.16"].Values) != 3 {
		t.Errorf("%d claims, patterns %v", len(d.Claims), d.Metrics["dense.exponential.16"])
	}
	for _, c := range d.Claims {
		if strings.Contains(c.Claim, "grows exponentially") && c.Holds {
			t.Errorf("%s: holds without a number: %s", c.Claim, c.Measured)
		}
	}
}

// The saved memories are those that the pictures show: each recalls its stored digits.
func TestModelsRecall(t *testing.T) {
	out := t.TempDir()
	program().Result(t, "-out", out)
	for name, want := range map[string]any{"hebbian": &models.Hopfield{}, "pseudo-inverse": &models.Hopfield{}, "softmax": &models.DenseHopfield{}, "softmax-soft": &models.DenseHopfield{}, "bam-perceptron": &models.BAM{}} {
		m, _, err := models.Load(filepath.Join(out, "models", "seed-1-"+name+".safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		switch m := m.(type) {
		case *models.Hopfield:
			if _, ok := want.(*models.Hopfield); !ok || m.Units() != 784 {
				t.Errorf("%s: %d units", name, m.Units())
			}
		case *models.DenseHopfield:
			if _, ok := want.(*models.DenseHopfield); !ok || m.Units() != 784 || m.Patterns() != 10 {
				t.Errorf("%s: %d units, %d patterns", name, m.Units(), m.Patterns())
			}
			for _, v := range m.X.Value.Float32s() {
				if math.Abs(float64(v)) != 1 {
					t.Fatalf("%s: a pixel is %g", name, v)
				}
			}
		case *models.BAM:
			if _, ok := want.(*models.BAM); !ok || m.Visible() != 784 || m.Hidden() != 16 {
				t.Errorf("%s: layers of %d and %d", name, m.Visible(), m.Hidden())
			}
		}
	}
}
