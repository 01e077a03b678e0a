package main

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"capas/blocks"
	"capas/internal/tensorfile"
	"capas/models"
)

// deepMachine has numbers without a pattern.
func deepMachine(n, k, top int) *models.DBM {
	return &models.DBM{
		W: []*blocks.Param{param("1.W", spread(n*k, 1), n, k), param("2.W", spread(k*top, 2), k, top)},
		B: []*blocks.Param{zeros("c", n), param("1.b", spread(k, 3), k), param("2.b", spread(top, 4), top)},
	}
}

// meanField is q(h²|v) of a machine after so many updates, by the definition.
func meanField(d *models.DBM, v []float64, updates int) []float64 {
	n, k, top := d.Units(0), d.Units(1), d.Units(2)
	W, V := d.W[0].Value.Float32s(), d.W[1].Value.Float32s()
	h, g := make([]float64, k), make([]float64, top)
	for t := range updates + 1 {
		for j := range h {
			below, above := 0.0, 0.0
			for i := range n {
				below += v[i] * float64(W[i*k+j])
			}
			for l := range g {
				above += g[l] * float64(V[j*top+l])
			}
			if t == 0 {
				above = below
			}
			h[j] = logistic(below + above + float64(d.B[1].Value.Float32s()[j]))
		}
		for l := range g {
			z := float64(d.B[2].Value.Float32s()[l])
			for j := range h {
				z += h[j] * float64(V[j*top+l])
			}
			g[l] = logistic(z)
		}
	}
	return g
}

// TestPredictWithCode: the classifier of a deep Boltzmann machine gets the machine's code
// behind the image, of the machine beside it or that of -machine, after the updates of the
// flag, of the run, or 10.
func TestPredictWithCode(t *testing.T) {
	const n, k, top, classes = 4, 3, 2, 3
	dir := t.TempDir()
	d := deepMachine(n, k, top)
	net := &models.MLP{Layers: []*blocks.Dense{{W: param("net.W", spread((n+top)*classes, 8), n+top, classes), B: param("net.b", spread(classes, 9), classes), F: blocks.Linear()}}}
	machine, model := saved(t, dir, "seed-1-x", d), saved(t, dir, "seed-1-x-classifier", net)
	alone := saved(t, t.TempDir(), "other", net)
	pixels := []byte{0, 51, 255, 102, 255, 255, 0, 0}
	idx := images(t, 2, 2, pixels)

	// A directory of results whose recipe has another number of updates, and model.
	run := t.TempDir()
	write(t, filepath.Join(run, "config.json"), []byte(`{"experiment": "dbm", "preset": "smoke", "seeds": [1], "recipe": {"updates": 1}}`))
	if err := os.Mkdir(filepath.Join(run, "models"), 0o777); err != nil {
		t.Fatal(err)
	}
	saved(t, filepath.Join(run, "models"), "b", d)
	inRun := saved(t, filepath.Join(run, "models"), "b-classifier", net)

	type answer struct {
		guessed
		Machine string
		Updates int
	}
	for _, c := range []struct {
		args    []string
		updates int
		machine string
	}{
		{[]string{model}, 10, machine},
		{[]string{model, "-updates", "2"}, 2, machine},
		{[]string{alone, "-machine", machine, "-updates", "3"}, 3, machine},
		{[]string{run, "-model", "b-classifier"}, 1, filepath.Join(run, "models", "b.safetensors")},
		{[]string{run, "-model", "b-classifier", "-machine", "b", "-updates", "5"}, 5, filepath.Join(run, "models", "b.safetensors")},
		{[]string{inRun}, 1, filepath.Join(run, "models", "b.safetensors")},
	} {
		got := decoded[answer](t, append(append([]string{"predict"}, c.args...), idx)...)
		if got.Updates != c.updates || got.Machine != c.machine || len(got.Predictions) != 2 {
			t.Errorf("%q: want %d updates of %s, got %+v", c.args, c.updates, c.machine, got)
		}
		for i, p := range got.Predictions {
			var v []float64
			for _, x := range pixels[n*i : n*(i+1)] {
				v = append(v, float64(x)/255)
			}
			v = append(v, meanField(d, v, c.updates)...)
			var want []float64
			total := 0.0
			for y := range classes {
				z := float64(net.Layers[0].B.Value.Float32s()[y])
				for j, x := range v {
					z += x * float64(net.Layers[0].W.Value.Float32s()[j*classes+y])
				}
				want, total = append(want, math.Exp(z)), total+math.Exp(z)
			}
			for y := range want {
				if math.Abs(float64(p.Probabilities[y])-want[y]/total) > 1e-6 {
					t.Errorf("%q: image %d, class %d: want %g, got %g", c.args, i, y, want[y]/total, p.Probabilities[y])
				}
			}
		}
	}

	// A machine that does not fit, or none, or a damaged one.
	flat := saved(t, dir, "flat", &models.DBM{W: d.W[:1], B: d.B[:2]})
	for _, c := range []struct {
		status int
		says   string
		args   []string
	}{
		{2, "6 is no square: want -size HEIGHTxWIDTH, or -machine for the classifier of a dbm", []string{alone, idx}},
		{1, flat + ": want the dbm of two hidden layers or more whose classifier has 6 inputs, those of the image and of its code, got dbm 4-3", []string{alone, idx, "-machine", flat}},
		{1, "nowhere", []string{alone, idx, "-machine", filepath.Join(dir, "nowhere")}},
		{2, `has no model "c"`, []string{run, "-model", "b-classifier", "-machine", "c", idx}},
		{1, "got a dbm", []string{machine, idx}},
	} {
		if status, _, stderr := call(append([]string{"predict"}, c.args...)...); status != c.status || !strings.Contains(stderr, c.says) {
			t.Errorf("%q: status %d: %s", c.args, status, stderr)
		}
	}
	data := read(t, machine)
	data[len(data)-1] ^= 1
	write(t, machine, data)
	status, _, stderr := call("predict", model, idx)
	if status != 2 || !strings.Contains(stderr, "warning: load: read "+machine) || !strings.Contains(stderr, "6 is no square") {
		t.Errorf("damaged machine: status %d: %s", status, stderr)
	}
}

// TestFiltersWithCode draws the weights over the image alone.
func TestFiltersWithCode(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "x.png")
	const n, k, top = 784, 2, 3
	W := make([]float32, (n+top)*k)
	W[5*k], W[700*k+1] = 1, -1
	for i := n * k; i < len(W); i++ {
		W[i] = 9 // would set the scale of a tile
	}
	net := &models.MLP{Layers: []*blocks.Dense{{W: param("net.W", W, n+top, k), B: zeros("net.b", k), F: blocks.Linear()}}}
	saved(t, dir, "x", deepMachine(n, k, top))
	path := saved(t, dir, "x-classifier", net)
	if text := succeed(t, "filters", path, "-o", out); !strings.Contains(text, "2 of 2 units of 0.weight, 28×28") {
		t.Errorf("got %s", text)
	}
	img := decodePNG(t, out)
	scale := (img.Bounds().Dx() - 2 - 2*2) / (2 * 28)
	for _, c := range []struct {
		tile, pixel int
		want        [3]uint8
	}{{0, 5, [3]uint8{213, 94, 0}}, {1, 700, [3]uint8{0, 114, 178}}, {0, 700, [3]uint8{255, 255, 255}}, {1, 783, [3]uint8{255, 255, 255}}} {
		if got := rgb(img, 2, scale, c.tile, c.pixel); got != c.want {
			t.Errorf("unit %d, weight %d: want %v, got %v", c.tile, c.pixel, c.want, got)
		}
	}
	if status, _, stderr := call("filters", saved(t, dir, "other", net), "-o", out); status != 2 || !strings.Contains(stderr, "787 is no square") {
		t.Errorf("without the machine: status %d: %s", status, stderr)
	}
}

// Of a model's matrices the one by which units see the image is drawn, though others come
// before it by name.
func TestFiltersOfLabelMachines(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "x.png")
	for name, deep := range map[string]bool{"weight": false, "layers.0.weight": true} {
		model := drawer(deep)
		if deep {
			if err := model.(*models.LabelDBN).Untie(); err != nil {
				t.Fatal(err)
			}
		}
		path := saved(t, dir, "m", model)
		if text := succeed(t, "filters", path, "-o", out); !strings.Contains(text, "10 of 10 units of "+name+", 28×28") {
			t.Errorf("got %s", text)
		}
		f, err := tensorfile.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if f.Tensors[0].Name == name {
			t.Errorf("%s: the test shows nothing: it is the first tensor", name)
		}
	}
	path := saved(t, dir, "m", drawer(true))
	if text := succeed(t, "filters", path, "-o", out, "-tensor", "layers.0.generative_weight"); !strings.Contains(text, "10 of 10 units of layers.0.generative_weight, 28×28") {
		t.Errorf("got %s", text)
	}
}

// TestSamplesOfDeepMachine: the image hangs on the highest layer through the one between,
// whose units are on or off by it alone.
func TestSamplesOfDeepMachine(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "x.png")
	W, c := make([]float32, 784*2), make([]float32, 784)
	for i := range 784 {
		W[2*i+i/28%2], c[i] = 3, -2 // unit 0 draws the even rows, unit 1 the odd ones
	}
	for on := range 2 {
		through := []float32{-20000, 20000}
		if on == 0 {
			through = []float32{20000, -20000}
		}
		d := &models.DBM{
			W: []*blocks.Param{param("1.W", W, 784, 2), param("2.W", through, 2, 1)},
			B: []*blocks.Param{param("c", c, 784), zeros("1.b", 2), param("2.b", []float32{50000}, 1)},
		}
		path := saved(t, dir, "deep", d)
		if text := succeed(t, "samples", path, "-o", out, "-n", "4", "-steps", "3"); !strings.Contains(text, "4 samples after 3 Gibbs steps from noise, seed 1") {
			t.Errorf("got %s", text)
		}
		img := decodePNG(t, out)
		scale := (img.Bounds().Dx() - 2 - 2*2) / (2 * 28)
		for tile := range 4 {
			for j := range 784 {
				z := -2.0
				if j/28%2 == on {
					z = 1
				}
				if want, got := uint8(255*logistic(z)+0.5), rgb(img, 2, scale, tile, j)[0]; got != want {
					t.Fatalf("unit %d: tile %d, pixel %d: want %d, got %d", on, tile, j, want, got)
				}
			}
		}
	}
}

// TestErrorRatesOfExperiments evaluates what experiments/dbn and experiments/dbm save:
// their results have the same errors.
func TestErrorRatesOfExperiments(t *testing.T) {
	data := mnist(t)
	for name, models := range map[string]map[string]string{
		"dbn": {"dbn-greedy": "greedy", "dbn-up-down": "up-down", "dbn-fine-tuned": "fine-tuned"},
		"dbm": {"dbm-classifier": "dbm", "dbm-greedy-classifier": "dbm-greedy", "dbn-classifier": "dbn", "rbm-classifier": "rbm"},
	} {
		binary, dir := filepath.Join(t.TempDir(), name+".exe"), filepath.Join(t.TempDir(), "run")
		if out, err := exec.Command("go", "build", "-ldflags=-s", "-o", binary, "capas/experiments/"+name).CombinedOutput(); err != nil {
			t.Fatalf("go build: %v: %s", err, out)
		}
		if out, err := exec.Command(binary, "-preset", "smoke", "-progress", "none", "-out", dir).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
		metrics := readResult(t, dir).Metrics
		for model, metric := range models {
			e := decoded[guessed](t, "predict", dir, "-model", "seed-1-"+model, filepath.Join(data, "t10k-images-idx3-ubyte.gz"), "-labels", filepath.Join(data, "t10k-labels-idx1-ubyte.gz")).Evaluation
			if want := metrics[metric+".test_error"].Values; len(want) != 1 || e.Error != want[0] || e.Examples != 10000 {
				t.Errorf("%s: want error %v, got %g of %d", model, want, e.Error, e.Examples)
			}
		}
	}
}
