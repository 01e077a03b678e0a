package main

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"capas/experiments/internal/labtest"
	"capas/models"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
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

// The saved memories are those that the pictures show: those that can recall the stored digits,
// which a dense network's file holds as they are.
func TestModelsRecall(t *testing.T) {
	out := t.TempDir()
	program().Result(t, "-out", out)
	dense := saved[*models.DenseHopfield](t, out, "softmax")
	if dense.Units() != 784 || dense.Patterns() != 10 {
		t.Fatalf("%d units, %d patterns", dense.Units(), dense.Patterns())
	}
	digits := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(10, 784))
	for i, v := range dense.X.Value.Float32s() { // (784, 10)
		digits.Float32s()[i%10*784+i/10] = v
	}
	for _, v := range digits.Float32s() {
		if math.Abs(float64(v)) != 1 {
			t.Fatalf("a pixel is %g", v)
		}
	}
	if soft := saved[*models.DenseHopfield](t, out, "softmax-soft"); !slices.Equal(soft.X.Value.Float32s(), dense.X.Value.Float32s()) {
		t.Error("two dense networks hold different digits")
	}
	for name, rest := range map[string]bool{"pseudo-inverse": true, "hebbian": false} { // Hebb's rule is none for patterns so much alike
		h := saved[*models.Hopfield](t, out, name)
		if moved := turned(t, h.Field, digits, digits); (moved == 0) != rest {
			t.Errorf("%s: %d units of the stored digits turn", name, moved)
		}
	}
	bam := saved[*models.BAM](t, out, "bam-perceptron")
	codes, err := train.Map(digits, bam.FieldHidden)
	if err != nil {
		t.Fatal(err)
	}
	if signs(codes); codes.Shape()[1] != 16 {
		t.Errorf("codes of shape %v", codes.Shape())
	}
	if moved := turned(t, bam.FieldVisible, codes, digits); moved != 0 {
		t.Errorf("the BAM turns %d units of the stored digits on their way back", moved)
	}
}

// turned is how many units of want their field would turn, given the states of the layer that
// acts on them.
func turned(t *testing.T, field func(*G.Node) (*G.Node, error), states, want *tensor.Dense) (n int) {
	t.Helper()
	f, err := train.Map(states, field)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range f.Float32s() {
		if v*want.Float32s()[i] <= 0 {
			n++
		}
	}
	return n
}

// saved is a model of the first seed.
func saved[M any](t *testing.T, out, name string) M {
	t.Helper()
	m, _, err := models.Load(filepath.Join(out, "models", "seed-1-"+name+".safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	got, ok := m.(M)
	if !ok {
		t.Fatalf("%s: got a %T", name, m)
	}
	return got
}
