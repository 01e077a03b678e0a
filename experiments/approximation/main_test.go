package main

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"capas/experiments/internal/labtest"
	"capas/experiments/lab"
	"capas/models"
)

// program is the experiment with a run of less than a second.
func program() labtest.Program[Recipe] {
	return labtest.Program[Recipe]{Experiment: experiment(), Tiny: func(out string, more ...string) []string {
		return append([]string{"-preset", "smoke", "-seeds", "1", "-functions", "sines,saddle", "-widths", "2,6", "-points", "17", "-side", "5",
			"-epochs", "3", "-passes", "10", "-lr", "0.01,0.03", "-noisy-points", "10", "-progress", "none", "-out", out}, more...)
	}}
}

func TestRunAndResume(t *testing.T) {
	program().RunAndResume(t, "fit.svg", "inside.svg", "surfaces.png", "constructed.svg", "learned_sines.svg", "outside.svg", "outside_sines.svg",
		"noise.svg", "noise_fit.svg", "checkpoints/seed-1-saddle-tanh-width-6-rate-0.01", "checkpoints/seed-1-noisy-sines-tanh-width-2-rate-0.03")
}

func TestPresets(t *testing.T) { program().Presets(t) }

func TestBadInput(t *testing.T) {
	program().BadInput(t, []labtest.Bad{
		{Name: "unknown function", Status: 2, Says: `"cosine" is unknown: want one of sines`, Args: []string{"-functions", "sines,cosine"}},
		{Name: "twice", Status: 2, Says: "function ring is given twice", Args: []string{"-functions", "ring,ring"}},
		{Name: "one width", Status: 2, Says: "want 2 to 12 widths, got [8]", Args: []string{"-widths", "8"}},
		{Name: "width 0", Status: 2, Says: "widths from 1 to 4096 in rising order, got [0 8]", Args: []string{"-widths", "0,8"}},
		{Name: "width beyond the memory", Status: 2, Says: "widths from 1 to 4096", Args: []string{"-widths", "8,1000000"}},
		{Name: "falling widths", Status: 2, Says: "in rising order, got [8 4]", Args: []string{"-widths", "8,4"}},
		{Name: "no number", Status: 2, Says: `parsing "x"`, Args: []string{"-widths", "8,x"}},
		{Name: "unknown activation", Status: 2, Says: `"swish" is unknown`, Args: []string{"-activation", "swish"}},
		{Name: "softmax", Status: 2, Says: "softmax is for outputs", Args: []string{"-activation", "softmax"}},
		{Name: "one point", Status: 2, Says: "want 2 to 1025 points, got 1", Args: []string{"-points", "1"}},
		{Name: "side", Status: 2, Says: "want 2 to 32 points along each axis (side), got 33", Args: []string{"-side", "33"}},
		{Name: "no epochs", Status: 2, Says: "want 1 to 5000 epochs, got 0", Args: []string{"-epochs", "0"}},
		{Name: "no passes", Status: 2, Says: "want 1 to 1000 passes an epoch, got 0", Args: []string{"-passes", "0"}},
		{Name: "negative rate", Status: 2, Says: "learning rate", Args: []string{"-lr", "-0.1"}},
		{Name: "NaN rate", Status: 2, Says: "NaN", Args: []string{"-lr", "NaN"}},
		{Name: "falling rates", Status: 2, Says: "rates in rising order, got [0.1 0.01]", Args: []string{"-lr", "0.1,0.01"}},
		{Name: "noise of two variables", Status: 2, Says: "noisy: want a function of one variable, got ring", Args: []string{"-noisy", "ring"}},
		{Name: "noise of what", Status: 2, Says: `noisy: function "" is unknown`, Args: []string{"-noisy", ""}},
		{Name: "one noisy point", Status: 2, Says: "want 2 to 1025 noisy points, got 1", Args: []string{"-noisy-points", "1"}},
		{Name: "no noise", Status: 2, Says: "want noise in (0,100], got 0", Args: []string{"-noise", "0"}},
		{Name: "no data set", Status: 2, Says: "data", Args: []string{"-data", "mnist"}},
		{Name: "divergence at every rate", Status: 1, Says: "no seed diverges, got [1e+30]", Args: []string{"-lr", "1e30"}},
	}...)
}

// A rate at which the training diverges is passed over.
func TestDivergence(t *testing.T) {
	d := program().Result(t, "-lr", "0.01,1e30")
	if rate := d.Metrics["sines.tanh.width6.rate"].Values; len(rate) != 1 || rate[0] != 0.01 {
		t.Errorf("rate %v, want 0.01", rate)
	}
}

// Verdicts take three seeds. Those about the constructed network depend on no training.
func TestVerdicts(t *testing.T) {
	if d := program().Result(t, "-seeds", "2"); len(d.Claims) != 0 || len(d.Metrics["saddle.tanh.width6.fit"].Values) != 2 {
		t.Errorf("two seeds: want no verdict, got %v", d.Claims)
	}
	d := program().Result(t, "-seeds", "3", "-functions", "chirp,step", "-widths", "128,256", "-lr", "0.01", "-epochs", "1", "-passes", "1")
	found := map[string]lab.Claim{}
	for _, c := range d.Claims {
		for _, word := range []string{"1/n²", "set by hand are closer to chirp", "fits chirp", "the fit of step"} {
			if strings.Contains(c.Claim, word) {
				found[word] = c
			}
		}
	}
	for word, holds := range map[string]bool{"1/n²": true, "set by hand are closer to chirp": true, "fits chirp": false} {
		if c, ok := found[word]; !ok || c.Holds != holds {
			t.Errorf("%q: found %v, holds %v, want %v after a single step: %s", word, ok, c.Holds, holds, c.Measured)
		}
	}
	if c := found["the fit of step"]; !strings.Contains(c.Measured, "as a constant 0 %") {
		t.Errorf("step goes on as a constant, got %s", c.Measured)
	}
}

// A run without functions of one variable has the sections that are left, and one whose
// networks are of ReLU has each network once.
func TestSelections(t *testing.T) {
	d := program().Result(t, "-functions", "ring", "-seeds", "3")
	if len(d.Claims) != 1+2 || len(d.Figures) != 5 {
		t.Errorf("want 3 claims and 5 figures, got %v and %v", d.Claims, d.Figures)
	}
	d = program().Result(t, "-functions", "abs", "-activation", "relu")
	if len(d.Metrics["abs.relu.width2.fit"].Values) != 1 || len(d.Metrics["abs.tanh.width2.fit"].Values) != 0 {
		t.Errorf("want networks of ReLU alone, got %v", d.Metrics)
	}
	if v := d.Metrics["abs.constructed.width2.inside"].Values[0]; v > 1e-6 {
		t.Errorf("two units of ReLU are |x|, got an error of %g", v)
	}
}

// What is said of a network is what the saved one computes.
func TestMetricsAreTheModels(t *testing.T) {
	out := t.TempDir()
	d := program().Result(t, "-out", out)
	rate := d.Metrics["sines.tanh.width6.rate"].Values[0]
	m, _, err := models.Load(filepath.Join(out, "models", fmt.Sprintf("seed-1-sines-tanh-width-6-rate-%g.safetensors", rate)))
	if err != nil {
		t.Fatal(err)
	}
	layers := m.(*models.MLP).Layers
	w, b := layers[0].W.Value.Float32s(), layers[0].B.Value.Float32s()
	v, c := layers[1].W.Value.Float32s(), layers[1].B.Value.Float32s()
	deviation := math.Sqrt(0.5 + 0.125) // of sin πx + ½ sin 4πx over whole periods
	for what, places := range map[string][]float64{"fit": steps(-1, 1, 17, 0), "inside": steps(-1, 1, 2000, 0.5), "outside": append(steps(-2, -1, 1000, 0.5), steps(1, 2, 1000, 0.5)...)} {
		var sum float64
		for _, x := range places {
			y := float64(c[0])
			for j := range w {
				y += float64(v[j]) * math.Tanh(float64(w[j])*x+float64(b[j]))
			}
			sum += math.Pow(y-math.Sin(math.Pi*x)-math.Sin(4*math.Pi*x)/2, 2)
		}
		want := math.Sqrt(sum/float64(len(places))) / deviation
		if got := d.Metrics["sines.tanh.width6."+what].Values[0]; !(math.Abs(got-want) < 1e-5) {
			t.Errorf("%s %g, want %g", what, got, want)
		}
	}
}

// steps are n places from lo to hi, both among them, or the middles of n parts.
func steps(lo, hi float64, n int, shift float64) (x []float64) {
	parts := float64(n)
	if shift == 0 {
		parts--
	}
	for i := range n {
		x = append(x, lo+(hi-lo)*(float64(i)+shift)/parts)
	}
	return x
}
