package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/lab"
	"capas/models"

	"gorgonia.org/tensor"
)

// tiny is a run that takes a second.
func tiny(out string, more ...string) []string {
	return append([]string{"-preset", "smoke", "-images", "500", "-width", "12", "-activation", "sigmoid,tanh", "-init", "lecun,xavier",
		"-depth", "2,3", "-networks", "sigmoid/lecun,tanh/xavier", "-train-depth", "2", "-train-last", "1", "-epochs", "2", "-progress", "none", "-out", out}, more...)
}

func call(args ...string) (status int, stdout, stderr string) {
	var out, err bytes.Buffer
	status = lab.Main(experiment(), args, &out, &err)
	return status, out.String(), err.String()
}

func TestBadInput(t *testing.T) {
	empty := t.TempDir()
	for _, c := range []struct {
		name   string
		status int
		says   string
		args   []string
	}{
		{"unknown initialisation", 2, `"orthogonal" is unknown`, []string{"-init", "orthogonal"}},
		{"unknown activation", 2, `"swish" is unknown`, []string{"-activation", "swish"}},
		{"activation for outputs", 2, "softmax is for outputs", []string{"-activation", "softmax"}},
		{"twice", 2, "activation tanh is given twice", []string{"-activation", "tanh,tanh"}},
		{"a network without initialisation", 2, `network "tanh": want an activation and an initialisation`, []string{"-networks", "tanh"}},
		{"a network that is unknown", 2, `network "tanh/what"`, []string{"-networks", "tanh/what"}},
		{"depth 1", 2, "2 to 20 hidden layers, got [1 2]", []string{"-depth", "1,2"}},
		{"depth 21", 2, "2 to 20 hidden layers", []string{"-train-depth", "21"}},
		{"no number", 2, `parsing "two"`, []string{"-depth", "two"}},
		{"width 0", 2, "1 to 2000 units", []string{"-width", "0"}},
		{"width beyond the memory", 2, "1 to 2000 units", []string{"-width", "100000"}},
		{"no examples", 2, "measure on 1 to 10000", []string{"-examples", "0"}},
		{"nothing to freeze", 2, "train_last of 1 to 2", []string{"-train-last", "3"}},
		{"no epochs", 2, "1 to 1000 epochs", []string{"-epochs", "0"}},
		{"endless training", 2, "1 to 1000 epochs", []string{"-epochs", "1001"}},
		{"negative rate", 2, "learning rate", []string{"-lr", "-1"}},
		{"unknown data", 2, "cifar", []string{"-data", "cifar"}},
		{"empty data directory", 1, empty, []string{"-data-dir", empty}},
		{"rate that makes the loss NaN", 1, "learning rate", []string{"-lr", "1e38"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, stdout, stderr := call(append(tiny(t.TempDir()), c.args...)...)
			if status != c.status || !strings.Contains(stderr, c.says) {
				t.Errorf("status %d, want %d and a message with %q: %s", status, c.status, c.says, stderr)
			}
			if strings.Count(stderr, "\n") != 1 || stdout != "" {
				t.Errorf("want one line on standard error and nothing else, got %q and %q", stderr, stdout)
			}
		})
	}
}

func TestPresetsAreValid(t *testing.T) {
	for name, r := range presets() {
		if err := validate(&r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(r.trained()) != len(r.Networks) {
			t.Errorf("%s: the survey leaves out networks of %v", name, r.Networks)
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var back Recipe
		if err := json.Unmarshal(text, &back); err != nil || !slices.Equal(back.Networks, r.Networks) {
			t.Errorf("%s: %s, read again: %v, %v", name, text, back.Networks, err)
		}
	}
}

// The survey's choice leaves out networks, also all of them.
func TestNetworksOfTheSurvey(t *testing.T) {
	r := presets()["lecture"]
	fs := flag.NewFlagSet("", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	flags(fs, &r)
	if err := fs.Parse([]string{"-activation", "relu,tanh", "-init", "xavier"}); err != nil {
		t.Fatal(err)
	}
	if want := []Pair{{blocks.Tanh(), blocks.Xavier()}}; !slices.Equal(r.trained(), want) {
		t.Errorf("trained %v, want %v", r.trained(), want)
	}
	status, _, stderr := call(tiny(t.TempDir(), "-activation", "softsign", "-init", "glorot")...)
	if status != 0 {
		t.Errorf("a survey alone: status %d: %s", status, stderr)
	}
}

// Weights of 0, from which nothing comes, and weights that overflow are no errors of the
// survey; training on them may diverge.
func TestNothingToDraw(t *testing.T) {
	for _, init := range []string{"gaussian(0)", "gaussian(1e-30)", "gaussian(1e30)"} {
		status, _, stderr := call(tiny(t.TempDir(), "-init", init, "-activation", "sigmoid,relu", "-networks", "tanh/xavier")...)
		if status != 0 {
			t.Errorf("%s: status %d: %s", init, status, stderr)
		}
	}
	if status, _, stderr := call(tiny(t.TempDir(), "-init", "gaussian(0)", "-networks", "tanh/gaussian(0)")...); status != 0 {
		t.Errorf("trained: status %d: %s", status, stderr)
	}
	status, _, stderr := call(tiny(t.TempDir(), "-init", "gaussian(1e15)", "-activation", "relu", "-networks", "relu/gaussian(1e15)")...)
	if status != 1 || !strings.Contains(stderr, "diverged") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("trained on weights that overflow: want status 1 and one line that says that it diverged, got %d: %s", status, stderr)
	}
}

// document is the part of result.json that tests look at.
type document struct {
	Metrics map[string]struct{ Values []float64 }
	Claims  []lab.Claim
	Figures []string
}

func result(t *testing.T, args ...string) (d document) {
	t.Helper()
	status, stdout, stderr := call(append(args, "-json")...)
	if status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	if err := json.Unmarshal([]byte(stdout), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// Verdicts take three seeds.
func TestVerdicts(t *testing.T) {
	if d := result(t, tiny(t.TempDir(), "-seeds", "2")...); len(d.Claims) != 0 || len(d.Metrics["sigmoid/lecun.delta_ratio"].Values) != 2 {
		t.Errorf("two seeds: want no verdict, got %v", d)
	}
	d := result(t, tiny(t.TempDir())...)
	holds := map[string]bool{}
	for _, c := range d.Claims {
		holds[c.Claim] = c.Holds
	}
	if !holds["Each layer of sigmoid units multiplies the sensitivity by at most 0.25·‖W‖ on its way down."] {
		t.Errorf("the bound is a theorem, got %v", d.Claims)
	}
	if v, ok := holds["The error is diluted exponentially on its way to the input (sigmoid/lecun)."]; !ok || !v {
		t.Errorf("want the error of sigmoid units with N(0, 1/√n) diluted, got %v", d.Claims)
	}
}

// A frozen network's first layers are its first weights, to the bit; the others are not,
// nor is any layer of the whole network.
func TestFrozenLayersStay(t *testing.T) {
	out := t.TempDir()
	if status, _, stderr := call(tiny(out, "-seeds", "1")...); status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	w, err := newWeights(Recipe{Width: 12}, blocks.Xavier(), 1, 784, 10, 2)
	if err != nil {
		t.Fatal(err)
	}
	first := w.network(blocks.Tanh(), 2)
	for part, stays := range map[string][]bool{"whole": {false, false, false}, "frozen": {true, true, false}} {
		m, _, err := models.Load(filepath.Join(out, "models", "seed-1-tanh-xavier-depth2-"+part+".safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		for l, d := range m.(*models.MLP).Layers {
			if same := slices.Equal(d.W.Value.Float32s(), first.Layers[l].W.Value.Float32s()); same != stays[l] {
				t.Errorf("%s: layer %d: weights are the first ones: %v, want %v", part, l+1, same, stays[l])
			}
		}
	}
}

// What is said of the training is what the saved model has: how far its layers moved.
func TestMoved(t *testing.T) {
	out := t.TempDir()
	// One epoch, so that the last parameters are those with the smallest error.
	d := result(t, tiny(out, "-seeds", "1", "-epochs", "1")...)
	m, _, err := models.Load(filepath.Join(out, "models", "seed-1-tanh-xavier-depth2-whole.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	w, err := newWeights(Recipe{Width: 12}, blocks.Xavier(), 1, 784, 10, 2)
	if err != nil {
		t.Fatal(err)
	}
	var by, relative []float64
	for l, p := range w.network(blocks.Tanh(), 2).Layers {
		after, sum, norm := m.(*models.MLP).Layers[l].W.Value.Float32s(), 0.0, 0.0
		for i, v := range p.W.Value.Float32s() {
			sum += math.Pow(float64(after[i])-float64(v), 2)
			norm += math.Pow(float64(v), 2)
		}
		by, relative = append(by, sum), append(relative, math.Sqrt(sum/norm))
	}
	for name, want := range map[string]float64{"moved_ratio": relative[0] / relative[1], "last_share": by[2] / (by[0] + by[1] + by[2])} {
		got := d.Metrics["tanh/xavier.depth2.whole."+name].Values[0]
		if !(math.Abs(got-want) < 1e-9*want) {
			t.Errorf("%s %g, want %g", name, got, want)
		}
	}
}

// A layer of sigmoid units that are all the same has weights with one singular value,
// and reaches the bound where the derivative is 0.25.
func TestBoundIsReached(t *testing.T) {
	const k = 4
	layer := func(name string, n, k int) *blocks.Dense {
		return &blocks.Dense{W: blocks.NewParam(name+".W", n, k), B: blocks.NewParam(name+".b", k), F: blocks.Sigmoid()}
	}
	net := &models.MLP{Layers: []*blocks.Dense{layer("1", 2, k), layer("2", k, k), layer("output", k, 2)}}
	net.Layers[2].F = blocks.Linear()
	for i := range k * k {
		net.Layers[1].W.Value.Float32s()[i] = 1
	}
	for i := range k {
		net.Layers[1].B.Value.Float32s()[i] = -2 // the first layer's units are at ½: z = 0
		net.Layers[2].W.Value.Float32s()[2*i] = 1
	}
	set, err := datasets.NewSet("dark", tensor.New(tensor.WithShape(1, 2), tensor.WithBacking([]float32{0, 0})), []uint8{1}, 2, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	p, err := newProbe(net, set)
	if err != nil {
		t.Fatal(err)
	}
	layers, err := p.run(false)
	if err != nil {
		t.Fatal(err)
	}
	norm, err := spectralNorm(net.Layers[1].W)
	if err != nil {
		t.Fatal(err)
	}
	m := measured{layers, []float64{norm}, k}
	bound := m.bound(Pair{Activation: blocks.Sigmoid()})
	if ratio := m.ratio(); fmt.Sprintf("%.5f %.5f", ratio, bound) != "1.00000 1.00000" { // 0.25·4
		t.Errorf("ratio %g and bound %g, want 1", ratio, bound)
	}
}
