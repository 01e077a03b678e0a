package main

import (
	"math"
	"slices"
	"testing"

	"capas/datasets"
	"capas/experiments/internal/labtest"
	"capas/models"

	"gorgonia.org/tensor"
)

// program has a run of all networks that takes a second or two.
func program() labtest.Program[Recipe] {
	return labtest.Program[Recipe]{Experiment: experiment(), Tiny: func(out string, more ...string) []string {
		return append([]string{"-preset", "smoke", "-nets", "lenet,mlp", "-maps", "2,3", "-units", "6", "-images", "200", "-shifts", "2",
			"-labels", "20", "-pretrain-images", "50", "-steps", "4", "-rates", "0.001,0.003", "-progress", "none", "-out", out}, more...)
	}}
}

func TestRunAndResume(t *testing.T) {
	program().RunAndResume(t, curvesFigure, shiftFigure, fewFigure, "filters.png", "maps_1.png", "maps_2.png", "shifted.png",
		"checkpoints/seed-1-lenet", "checkpoints/seed-1-denoising-pretraining", "models/seed-1-lenet.safetensors", "models/seed-1-few-denoising.safetensors")
}

func TestPresets(t *testing.T) { program().Presets(t) }

func TestResult(t *testing.T) {
	d := program().Result(t, "-seeds", "3", "-nets", "lenet,lenet-5,mlp")
	for _, name := range []string{"lenet.test_error", "lenet-5.validation_error", "mlp.shift_2_error", "few.random.test_error", "few.denoising.rate", "few.random-fixed.test_error"} {
		if len(d.Metrics[name].Values) != 3 {
			t.Errorf("%s: want 3 values, got %v", name, d.Metrics[name].Values)
		}
	}
	for _, first := range []string{fromPlain, fromDenoising} {
		gain, random, pretrained := d.Metrics[fewMetric(first, "gain")].Values, d.Metrics[fewMetric(fromRandom, "test_error")].Values, d.Metrics[fewMetric(first, "test_error")].Values
		for s := range gain {
			if math.Abs(gain[s]-(random[s]-pretrained[s])) > 1e-12 {
				t.Errorf("%s: gain %g, want %g − %g", first, gain[s], random[s], pretrained[s])
			}
		}
	}
	if len(d.Claims) != 1+4+4 {
		t.Errorf("want all claims, got %d", len(d.Claims))
	}
	for _, c := range d.Claims {
		if !slices.Contains(d.Figures, c.Figure) {
			t.Errorf("%s: no figure %q among %v", c.Claim, c.Figure, d.Figures)
		}
	}
	if d := program().Result(t, "-seeds", "2", "-nets", "mlp"); len(d.Claims) != 0 || slices.Contains(d.Figures, "maps_1.png") {
		t.Errorf("of two seeds and the perceptron alone: claims %v, figures %v", d.Claims, d.Figures)
	}
}

func TestBadInput(t *testing.T) {
	empty := t.TempDir()
	program().BadInput(t,
		labtest.Bad{Name: "unknown network", Status: 2, Says: `network "alexnet" is unknown`, Args: []string{"-nets", "lenet,alexnet"}},
		labtest.Bad{Name: "no network", Status: 2, Says: `network "" is unknown`, Args: []string{"-nets", ""}},
		labtest.Bad{Name: "a network twice", Status: 2, Says: "network mlp is given twice", Args: []string{"-nets", "mlp,mlp"}},
		labtest.Bad{Name: "one layer", Status: 2, Says: "maps in each of two layers, got [5]", Args: []string{"-maps", "5"}},
		labtest.Bad{Name: "maps beyond the memory", Status: 2, Says: "1 to 500 maps", Args: []string{"-maps", "5,1000000000"}},
		labtest.Bad{Name: "no units", Status: 2, Says: "1 to 5000 hidden units", Args: []string{"-units", "0"}},
		labtest.Bad{Name: "softmax", Status: 2, Says: "softmax is for outputs", Args: []string{"-activation", "softmax"}},
		labtest.Bad{Name: "negative images", Status: 2, Says: "images of 0 to", Args: []string{"-images", "-1"}},
		labtest.Bad{Name: "more images than there are", Status: 1, Says: "at most 50000 images and labels", Args: []string{"-images", "50001"}},
		labtest.Bad{Name: "no epochs", Status: 2, Says: "1 to 1000 epochs", Args: []string{"-epochs", "0"}},
		labtest.Bad{Name: "no epochs of the perceptron", Status: 2, Says: "1 to 1000 epochs", Args: []string{"-mlp-epochs", "0"}},
		labtest.Bad{Name: "batch 0", Status: 2, Says: "batches of 1 to 1000, got 1 and 0", Args: []string{"-batch", "0"}},
		labtest.Bad{Name: "NaN rate", Status: 2, Says: "NaN", Args: []string{"-lr", "NaN"}},
		labtest.Bad{Name: "limit", Status: 2, Says: "limit of the test error in (0,1), got 1.2", Args: []string{"-limit", "1.2"}},
		labtest.Bad{Name: "falling shifts", Status: 2, Says: "shifts of 1 to 20 pixels in rising order, got [3 2]", Args: []string{"-shifts", "3,2"}},
		labtest.Bad{Name: "a shift out of the image", Status: 2, Says: "1 to 20 pixels", Args: []string{"-shifts", "21"}},
		labtest.Bad{Name: "few images for pretraining", Status: 2, Says: "pretraining on 10 to 50000 images", Args: []string{"-pretrain-images", "5"}},
		labtest.Bad{Name: "codes beyond the memory", Status: 2, Says: "at most 2000000 maps in all, got 50000 of 41 each", Args: []string{"-pretrain-images", "50000", "-maps", "41,3"}},
		labtest.Bad{Name: "labels", Status: 2, Says: "10 to 1048576 labels, got [9]", Args: []string{"-labels", "9"}},
		labtest.Bad{Name: "unknown corruption", Status: 2, Says: "fog", Args: []string{"-corruption", "fog"}},
		labtest.Bad{Name: "falling rates", Status: 2, Says: "rates in rising order, got [1 0.1]", Args: []string{"-rates", "1,0.1"}},
		labtest.Bad{Name: "empty data directory", Status: 1, Says: empty, Args: []string{"-data-dir", empty}},
	)
}

// Images are shifted in the eight directions by turns, what leaves them is gone, and 0 comes in.
func TestShiftedBy(t *testing.T) {
	const side, n = 4, 9
	x := make([]float32, n*side*side)
	for i := range x {
		x[i] = float32(i%(side*side) + 1)
	}
	set, err := datasets.NewSet("numbers", tensor.New(tensor.WithShape(n, side*side), tensor.WithBacking(x)), make([]uint8, n), 1, side, side)
	if err != nil {
		t.Fatal(err)
	}
	for _, by := range []int{0, 1, 3, 5} {
		shifted, err := shiftedBy(set, by)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[[2]int]bool{}
		for k := range n {
			d := [][2]int{{0, 1}, {1, 1}, {1, 0}, {1, -1}, {0, -1}, {-1, -1}, {-1, 0}, {-1, 1}}[k%8]
			seen[d] = true
			for i := range side {
				for j := range side {
					want := float32(0)
					if a, b := i-by*d[0], j-by*d[1]; a >= 0 && a < side && b >= 0 && b < side {
						want = float32(a*side + b + 1)
					}
					if got := shifted.X.Float32s()[(k*side+i)*side+j]; got != want {
						t.Fatalf("image %d by %d pixels: pixel (%d,%d) is %g, want %g", k, by, i, j, got, want)
					}
				}
			}
		}
		if len(seen) != 8 {
			t.Errorf("%d directions, want 8", len(seen))
		}
	}
}

// The perceptron has about as many parameters as LeNet; networks of a seed that learn from few
// labels differ in their convolutional layers alone, which are copies.
func TestNetworks(t *testing.T) {
	r := presets()["lecture"]
	set, err := datasets.NewSet("blank", tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(2, 784)), []uint8{0, 1}, 10, 28, 28)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, name := range netNames() {
		n, err := newNetwork(r, name, 1, set)
		if err != nil {
			t.Fatal(err)
		}
		counts[name] = count(n)
	}
	if counts[lenet] != 431_080 || counts[lenet5] != 61_706 || math.Abs(float64(counts[perceptron])/431_080-1) > 0.002 {
		t.Errorf("parameters: %v", counts)
	}
	st, err := newStack(r, fromDenoising, 1, set)
	if err != nil {
		t.Fatal(err)
	}
	first, err := newFew(r, 1, set, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(first.Convs[0].Conv.W.Value.Float32s(), st.net.Convs[0].Conv.W.Value.Float32s()) {
		t.Error("pretraining starts from other weights than those of the network that learns from random ones")
	}
	for _, p := range st.autos[1].Params() {
		for i := range p.Value.Float32s() {
			p.Value.Float32s()[i] += 1
		}
	}
	from, err := newFew(r, 1, set, st)
	if err != nil {
		t.Fatal(err)
	}
	same := func(a, b *models.ConvNet) (out []bool) {
		for i, p := range a.Params() {
			out = append(out, slices.Equal(p.Value.Float32s(), b.Params()[i].Value.Float32s()))
		}
		return out
	}
	if got, want := same(first, from), []bool{true, true, false, false, true, true, true, true}; !slices.Equal(got, want) {
		t.Errorf("equal parameters after pretraining of the second layer: %v, want %v", got, want)
	}
	if &from.Convs[1].Conv.W.Value.Float32s()[0] == &st.net.Convs[1].Conv.W.Value.Float32s()[0] {
		t.Error("the network shares the stack's memory")
	}
}
