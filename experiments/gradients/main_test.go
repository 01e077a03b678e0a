package main

import (
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
	"capas/experiments/internal/labtest"
	"capas/models"

	"gorgonia.org/tensor"
)

// tiny is a run that takes a second.
func tiny(out string, more ...string) []string {
	return append([]string{"-preset", "smoke", "-seeds", "3", "-images", "500", "-width", "12", "-activation", "sigmoid,tanh", "-init", "lecun,xavier",
		"-depth", "2,3", "-networks", "sigmoid/lecun,tanh/xavier", "-train-depth", "2", "-train-last", "1", "-epochs", "2", "-progress", "none", "-out", out}, more...)
}

func program() labtest.Program[Recipe] {
	return labtest.Program[Recipe]{Experiment: experiment(), Tiny: tiny}
}

func TestRunAndResume(t *testing.T) {
	program().RunAndResume(t, "sensitivity_by_depth.svg", "frozen_depth2.svg", "checkpoints/seed-1-tanh-xavier-depth2-frozen",
		"models/seed-3-sigmoid-lecun-depth2-standardised.safetensors")
}

func TestBadInput(t *testing.T) {
	empty := t.TempDir()
	program().BadInput(t,
		labtest.Bad{Name: "unknown initialisation", Status: 2, Says: `"orthogonal" is unknown`, Args: []string{"-init", "orthogonal"}},
		labtest.Bad{Name: "unknown activation", Status: 2, Says: `"swish" is unknown`, Args: []string{"-activation", "swish"}},
		labtest.Bad{Name: "activation for outputs", Status: 2, Says: "softmax is for outputs", Args: []string{"-activation", "softmax"}},
		labtest.Bad{Name: "twice", Status: 2, Says: "activation tanh is given twice", Args: []string{"-activation", "tanh,tanh"}},
		labtest.Bad{Name: "a network without initialisation", Status: 2, Says: `network "tanh": want an activation and an initialisation`, Args: []string{"-networks", "tanh"}},
		labtest.Bad{Name: "a network that is unknown", Status: 2, Says: `network "tanh/what"`, Args: []string{"-networks", "tanh/what"}},
		labtest.Bad{Name: "depth 1", Status: 2, Says: "2 to 20 hidden layers, got [1 2]", Args: []string{"-depth", "1,2"}},
		labtest.Bad{Name: "depth 21", Status: 2, Says: "2 to 20 hidden layers", Args: []string{"-train-depth", "21"}},
		labtest.Bad{Name: "no number", Status: 2, Says: `parsing "two"`, Args: []string{"-depth", "two"}},
		labtest.Bad{Name: "width 0", Status: 2, Says: "1 to 2000 units", Args: []string{"-width", "0"}},
		labtest.Bad{Name: "width beyond the memory", Status: 2, Says: "1 to 2000 units", Args: []string{"-width", "100000"}},
		labtest.Bad{Name: "no examples", Status: 2, Says: "measure on 1 to 10000", Args: []string{"-examples", "0"}},
		labtest.Bad{Name: "nothing to freeze", Status: 2, Says: "train_last of 1 to 2", Args: []string{"-train-last", "3"}},
		labtest.Bad{Name: "no epochs", Status: 2, Says: "1 to 1000 epochs", Args: []string{"-epochs", "0"}},
		labtest.Bad{Name: "endless training", Status: 2, Says: "1 to 1000 epochs", Args: []string{"-epochs", "1001"}},
		labtest.Bad{Name: "negative rate", Status: 2, Says: "learning rate", Args: []string{"-lr", "-1"}},
		labtest.Bad{Name: "unknown data", Status: 2, Says: "cifar", Args: []string{"-data", "cifar"}},
		labtest.Bad{Name: "empty data directory", Status: 1, Says: empty, Args: []string{"-data-dir", empty}},
		labtest.Bad{Name: "rate that makes the loss NaN", Status: 1, Says: "learning rate", Args: []string{"-lr", "1e38"}},
	)
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
	program().Run(t, t.TempDir(), "-activation", "softsign", "-init", "glorot") // a survey alone
}

// Weights of 0, from which nothing comes, and weights that overflow are no errors of the
// survey; training on them may diverge.
func TestNothingToDraw(t *testing.T) {
	for _, init := range []string{"gaussian(0)", "gaussian(1e-30)", "gaussian(1e30)"} {
		program().Run(t, t.TempDir(), "-init", init, "-activation", "sigmoid,relu", "-networks", "tanh/xavier")
	}
	program().Run(t, t.TempDir(), "-init", "gaussian(0)", "-networks", "tanh/gaussian(0)")
	status, _, stderr := program().Call(tiny(t.TempDir(), "-init", "gaussian(1e15)", "-activation", "relu", "-networks", "relu/gaussian(1e15)")...)
	if status != 1 || !strings.Contains(stderr, "diverged") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("trained on weights that overflow: want status 1 and one line that says that it diverged, got %d: %s", status, stderr)
	}
}

// Verdicts take three seeds.
func TestVerdicts(t *testing.T) {
	if d := program().Result(t, "-seeds", "2"); len(d.Claims) != 0 || len(d.Metrics["sigmoid/lecun.delta_ratio"].Values) != 2 {
		t.Errorf("two seeds: want no verdict, got %v", d)
	}
	d := program().Result(t)
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
	program().Run(t, out, "-seeds", "1")
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
	d := program().ResultIn(t, out, "-seeds", "1", "-epochs", "1")
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
