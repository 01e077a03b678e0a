package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/internal/labtest"
	"capas/experiments/lab"
	"capas/pretrain"
	"capas/random"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
	"gorgonia.org/tensor"
)

// deepProgram runs the second part alone.
func deepProgram() labtest.Program[Recipe] {
	return labtest.Program[Recipe]{Experiment: experiment(), Tiny: func(out string, more ...string) []string {
		return append([]string{"-preset", "smoke", "-part", "deep", "-deep-layers", "8", "-deep-images", "60", "-progress", "none", "-out", out}, more...)
	}}
}

func TestDeepRunAndResume(t *testing.T) {
	deepProgram().RunAndResume(t, deepCurveFigure, deepSheetFigure, deepMapFigure, deepPCAFigure,
		"checkpoints/seed-1-deep-5-random", "models/seed-1-deep-2-pretrained.safetensors")
}

func TestDeepResult(t *testing.T) {
	doc := deepProgram().Result(t, "-seeds", "3")
	for _, name := range []string{
		"deep.pretrained.test_squared_error", "deep.random.test_squared_error", "deep.pca.test_squared_error",
		"deep.plane.test_squared_error", "deep.plane_pca.test_squared_error", "deep.plane.neighbour_error", "deep.plane_pca.neighbour_error",
	} {
		if v := doc.Metrics[name].Values; len(v) != 3 || !(slices.Min(v) > 0) {
			t.Errorf("%s: want 3 positive values, got %v", name, v)
		}
	}
	pca, plane := doc.Metrics["deep.pca.test_squared_error"].Values, doc.Metrics["deep.plane_pca.test_squared_error"].Values
	if pca[0] >= plane[0] {
		t.Errorf("five components lose %g, two %g", pca[0], plane[0])
	}
	if n := len(doc.Claims); n != 3 {
		t.Errorf("want 3 claims of three seeds, got %d", n)
	}
}

// All images are the same for every seed, and so are their principal components: one set is
// kept, and decomposed, for all of them.
func TestDeepAllImages(t *testing.T) {
	x := &deepRunner{
		Run: &lab.Run[Recipe]{Settings: lab.Settings{Seeds: []uint64{1, 2, 3}}}, recipe: Deep{AllImages: true},
		data: &datasets.Split{Train: deepImages(t, 30, 1), Validation: deepImages(t, 20, 2)},
	}
	if err := x.choose(); err != nil {
		t.Fatal(err)
	}
	if len(x.images) != 1 || len(x.pca) != 1 || x.of(2).Len() != 50 {
		t.Errorf("want one set of 50 images, got %d, of %d images for the last seed", len(x.images), x.of(2).Len())
	}
	if len(x.components()) != 1 {
		t.Errorf("want one job for the principal components, got %d", len(x.components()))
	}
}

// A training that diverges leaves no numbers, and the rest of the run goes on: a claim
// about it does not hold.
func TestDeepDivergence(t *testing.T) {
	doc := deepProgram().Result(t, "-seeds", "3", "-deep-code-lr", "1e30", "-deep-pretrain-epochs", "3", "-plane-pretrain-epochs", "3")
	for metric, trained := range map[string]bool{
		"deep.pretrained.test_squared_error": false, "deep.plane.test_squared_error": false, "deep.plane.neighbour_error": false,
		"deep.random.test_squared_error": true, "deep.pca.test_squared_error": true,
	} {
		if v := doc.Metrics[metric].Values; len(v) != 3 || slices.Max(v) > 0 != trained { // null is no number
			t.Errorf("%s: got %v", metric, v)
		}
	}
	for _, c := range doc.Claims {
		if c.Holds || !strings.Contains(c.Rule, "(0 of 3)") {
			t.Errorf("holds where the training diverged: %+v", c)
		}
	}
	if len(doc.Claims) != 3 || slices.Contains(doc.Figures, deepMapFigure) || !slices.Contains(doc.Figures, deepPCAFigure) {
		t.Errorf("got claims %v, figures %v", doc.Claims, doc.Figures)
	}
}

func TestDeepBadInput(t *testing.T) {
	deepProgram().BadInput(t,
		labtest.Bad{Name: "no layer", Status: 2, Says: "1 to 6 layers of 1 to 5000 units, got [0]", Args: []string{"-deep-layers", "0"}},
		labtest.Bad{Name: "too many layers", Status: 2, Says: "1 to 6 layers", Args: []string{"-deep-layers", "8,8,8,8,8,8,8"}},
		labtest.Bad{Name: "units beyond the memory", Status: 2, Says: "1 to 5000 units", Args: []string{"-deep-layers", "100000"}},
		labtest.Bad{Name: "the map's code", Status: 2, Says: "a code of 3 to 784 units, got 2", Args: []string{"-deep-code", "2"}},
		labtest.Bad{Name: "negative images", Status: 2, Says: "images of 0 to", Args: []string{"-deep-images", "-1"}},
		labtest.Bad{Name: "all images and some", Status: 2, Says: "got all and 60", Args: []string{"-deep-all-images"}},
		labtest.Bad{Name: "no epochs", Status: 2, Says: "1 to 1000 epochs a stage, got 0", Args: []string{"-deep-epochs", "0"}},
		labtest.Bad{Name: "epochs beyond the record", Status: 2, Says: "1 to 1000 epochs", Args: []string{"-deep-pretrain-epochs", "100000"}},
		labtest.Bad{Name: "negative rate", Status: 2, Says: "learning rate", Args: []string{"-deep-random-lr", "-1"}},
		labtest.Bad{Name: "fewer images than components", Status: 1, Says: "want 1 to 19 of 20 images, got 50", Args: []string{"-deep-images", "20", "-deep-code", "50"}},
		labtest.Bad{Name: "more images than there are", Status: 1, Says: "deep autoencoder", Args: []string{"-deep-images", "1000000"}},
	)
}

// deepImages are n images of 3×3 pixels that vary more in some directions than in others.
func deepImages(t *testing.T, n int, seed uint64) *datasets.Set {
	t.Helper()
	const pixels = 9
	e, labels := make([]float32, n*pixels), make([]uint8, n)
	random.New(seed).Normal(e)
	for i := 0; i < len(e); i += pixels {
		for j := range pixels {
			e[i+j] *= float32(j + 1)
			if j > 0 {
				e[i+j] += e[i+j-1] / 2
			}
		}
	}
	set, err := datasets.NewSet("images", tensor.New(tensor.WithShape(n, pixels), tensor.WithBacking(e)), labels, 1, 3, 3)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// The components are those of gonum's stat.PC, by the covariance and, of fewer images than
// pixels, by the images' products; with all of them nothing is lost.
func TestDeepPCA(t *testing.T) {
	for _, m := range []int{2500, 40, 7} {
		set := deepImages(t, m, 3)
		var pc stat.PC
		x := mat.NewDense(m, 9, nil)
		for i, v := range set.X.Float32s() {
			x.Set(i/9, i%9, float64(v))
		}
		if !pc.PrincipalComponents(x, nil) {
			t.Fatal("stat.PC failed")
		}
		var all mat.Dense
		pc.VectorsTo(&all)
		variances := pc.VarsTo(nil)
		for _, k := range []int{1, 3, 6} {
			p, err := fitDeepPCA(set.X, k)
			if err != nil {
				t.Fatal(err)
			}
			var want, got, diff mat.Dense // projections, which do not depend on signs
			v := all.Slice(0, 9, 0, k)
			want.Mul(v, v.T())
			got.Mul(p.axes, p.axes.T())
			diff.Sub(&want, &got)
			if d := mat.Norm(&diff, math.Inf(1)); d > 1e-6 {
				t.Errorf("%d images, %d components: projections differ by %g", m, k, d)
			}
			lost := 0.0 // the variance in the other directions
			for _, s := range variances[k:] {
				lost += s * float64(m-1) / float64(m)
			}
			if e := p.squaredError(set, k); math.Abs(e-lost) > 1e-5*(1+lost) {
				t.Errorf("%d images, %d components: squared error %g, want %g", m, k, e, lost)
			}
		}
		if full, err := fitDeepPCA(set.X, min(m-1, 9)); err != nil || full.squaredError(set, min(m-1, 9)) > 1e-6 {
			t.Errorf("%d images, all components: %v", m, err)
		}
		if _, err := fitDeepPCA(set.X, min(m-1, 9)+1); err == nil {
			t.Errorf("%d images: want an error for too many components", m)
		}
	}
	same := tensor.New(tensor.WithShape(20, 9), tensor.WithBacking(make([]float32, 180)))
	if _, err := fitDeepPCA(same, 2); err == nil || !strings.Contains(err.Error(), "vary in 0 directions") {
		t.Errorf("equal images: got error %v", err)
	}
}

func TestDeepNeighbours(t *testing.T) {
	// The last point's nearest neighbour is of another class; it is no one's nearest.
	points := [][]float32{{0, 0}, {0, 1}, {5, 5}, {5, 6}, {0, -1.5}}
	if got := deepNeighbours(points, []uint8{1, 1, 2, 2, 3}); got != 0.2 {
		t.Errorf("got %g", got)
	}
}

// The networks of a seed have the activations of the paper, and differ in their first
// weights and stages.
func TestDeepNetworks(t *testing.T) {
	d := deepPresets()["smoke"]
	set := deepImages(t, 40, 1)
	for _, s := range deepKinds(d, 1) {
		n, err := newDeepNetwork(d, s, set, set)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, l := range append(n.auto.Encoder[:3:3], n.auto.Decoder...) {
			got = append(got, fmt.Sprintf("%d %s", l.W.Value.Shape()[1], l.F))
		}
		want := []string{"16 sigmoid", "8 sigmoid", fmt.Sprintf("%d linear", s.code), "8 sigmoid", "16 sigmoid", "9 sigmoid"}
		if !slices.Equal(got, want) || n.auto.Output != blocks.Binary() {
			t.Errorf("%s: got layers %v, output %v", s.name(), got, n.auto.Output)
		}
		var names []string
		for _, stage := range n.stages {
			names = append(names, stage.Name)
			if n.epochs[stage.Name] < 1 || n.work[stage.Name] < 1 {
				t.Errorf("%s: stage %s: %d epochs of %d units", s.name(), stage.Name, n.epochs[stage.Name], n.work[stage.Name])
			}
		}
		if want := map[bool][]string{true: {"layer 1", "layer 2", "layer 3", "fine-tuning"}, false: {"fine-tuning"}}[s.pretrained]; !slices.Equal(names, want) {
			t.Errorf("%s: got stages %v", s.name(), names)
		}
		histories, err := (&pretrain.Pipeline{Stages: n.stages}).Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if last := histories[len(histories)-1]; last.Best != d.FineTune.Epochs || len(last.Epochs[0].Validation) == 0 {
			t.Errorf("%s: want the last of the measured epochs kept, got %+v", s.name(), last)
		}
	}
}
