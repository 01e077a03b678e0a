package main

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"capas/models"
)

func logistic(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// spread are numbers between −2 and 2 without a pattern.
func spread(n, from int) (out []float32) {
	for i := range n {
		out = append(out, float32(4*math.Mod(float64((i+from)*(i+from+3))*0.6180339887, 1)-2))
	}
	return out
}

// posterior is p(t|v) of a machine, by the sum over all states of its hidden units.
func posterior(m *models.LabelRBM, v []float64) []float64 {
	n, classes, k := m.Visible(), m.Classes(), m.Hidden()
	W, b, U, d := m.W.Value.Float32s(), m.B.Value.Float32s(), m.U.Value.Float32s(), m.D.Value.Float32s()
	p, total := make([]float64, classes), 0.0
	for y := range p {
		for state := range 1 << k {
			z := float64(d[y])
			for j := range k {
				if state>>j&1 == 0 {
					continue
				}
				z += float64(b[j]) + float64(U[y*k+j])
				for i := range n {
					z += v[i] * float64(W[i*k+j])
				}
			}
			p[y] += math.Exp(z)
		}
		total += p[y]
	}
	for y := range p {
		p[y] /= total
	}
	return p
}

// labelMachine has numbers without a pattern.
func labelMachine(n, classes, k int) *models.LabelRBM {
	return &models.LabelRBM{W: param("top.W", spread(n*k, 1), n, k), B: param("top.b", spread(k, 2), k), C: param("top.c", spread(n, 3), n),
		U: param("top.U", spread(classes*k, 4), classes, k), D: param("top.d", spread(classes, 5), classes)}
}

// TestPredictPosterior: a machine with labels answers with the exact posterior, and a
// network that has one on top with that of the code.
func TestPredictPosterior(t *testing.T) {
	dir := t.TempDir()
	pixels := []byte{0, 51, 255, 102, 255, 255, 0, 0, 10, 20, 30, 40}
	idx := images(t, 2, 2, pixels)
	layer := &models.BeliefLayer{W: param("1.W", spread(12, 6), 4, 3), B: param("1.b", spread(3, 7), 3), C: zeros("1.c", 4)}
	layer.G = zeros("1.G", 4, 3) // the pass up has no use for it
	deep := &models.LabelDBN{Layers: []*models.BeliefLayer{layer}, Top: labelMachine(3, 3, 5)}
	flat := labelMachine(4, 3, 5)
	code := func(v []float64) (h []float64) {
		for j := range 3 {
			z := float64(layer.B.Value.Float32s()[j])
			for i := range v {
				z += v[i] * float64(layer.W.Value.Float32s()[i*3+j])
			}
			h = append(h, logistic(z))
		}
		return h
	}
	for name, c := range map[string]struct {
		model any
		want  func(v []float64) []float64
	}{
		"label rbm": {flat, func(v []float64) []float64 { return posterior(flat, v) }},
		"label dbn": {deep, func(v []float64) []float64 { return posterior(deep.Top, code(v)) }},
	} {
		got := decoded[guessed](t, "predict", saved(t, dir, name, c.model), idx, "-invert", "no").Predictions
		if len(got) != 3 {
			t.Fatalf("%s: got %v", name, got)
		}
		for i, p := range got {
			var v []float64
			for _, x := range pixels[4*i : 4*i+4] {
				v = append(v, float64(x)/255)
			}
			best := 0
			for y, want := range c.want(v) {
				if math.Abs(float64(p.Probabilities[y])-want) > 1e-6 {
					t.Errorf("%s: image %d, class %d: want %g, got %g", name, i, y, want, p.Probabilities[y])
				}
				if p.Probabilities[y] > p.Probabilities[best] {
					best = y
				}
			}
			if p.Class != best {
				t.Errorf("%s: image %d: want class %d, got %d", name, i, best, p.Class)
			}
		}
	}
}

// drawer draws row y of an image for class y: one hidden unit is on for each label, and makes
// the pixels of its row probable. With directed layers below, the row is in these.
func drawer(deep bool) any {
	const classes = 10
	W, U, c := make([]float32, 784*classes), make([]float32, classes*classes), make([]float32, 784)
	b := make([]float32, classes)
	for y := range classes {
		b[y], U[y*classes+y] = -1000, 2000
		for x := range 28 {
			W[(28*y+x)*classes+y] = 3
		}
	}
	for i := range c {
		c[i] = -2
	}
	top := &models.LabelRBM{W: param("top.W", W, 784, classes), B: param("top.b", b, classes), C: param("top.c", c, 784), U: param("top.U", U, classes, classes), D: zeros("top.d", classes)}
	if !deep {
		return top
	}
	layer := &models.BeliefLayer{W: zeros("1.W", 784, classes), B: zeros("1.b", classes), C: top.C, G: top.W}
	one, low := make([]float32, classes*classes), make([]float32, classes)
	for y := range classes {
		one[y*classes+y], low[y] = 200, -100
	}
	top = &models.LabelRBM{W: param("memory.W", one, classes, classes), B: top.B, C: param("memory.c", low, classes), U: top.U, D: top.D}
	return &models.LabelDBN{Layers: []*models.BeliefLayer{layer}, Top: top}
}

// TestSamplesOfLabels asks for classes whose images are known.
func TestSamplesOfLabels(t *testing.T) {
	grey := func(z float64) uint8 { return uint8(255*logistic(z) + 0.5) }
	dir := t.TempDir()
	out := filepath.Join(dir, "x.png")
	for _, deep := range []bool{false, true} {
		path := saved(t, dir, fmt.Sprint("drawer ", deep), drawer(deep))
		for _, c := range []struct {
			flags, says    string
			tiles, columns int
			class          func(tile int) int
		}{
			{"-steps 1", "100 samples of classes 0 to 9, a row each, after 1 Gibbs step from noise, seed 1", 100, 10, func(tile int) int { return tile / 10 }},
			{"-n 39 -steps 2", "30 samples of classes 0 to 9, a row each,", 30, 3, func(tile int) int { return tile / 3 }},
			{"-n 1", "10 samples of classes 0 to 9, a row each,", 10, 1, func(tile int) int { return tile }},
			{"-n 5 -label 7 -seed 2", "5 samples of class 7 after 200 Gibbs steps from noise, seed 2", 5, 3, func(int) int { return 7 }},
			{"-n 2 -label 0 -steps 1", "2 samples of class 0", 2, 2, func(int) int { return 0 }},
		} {
			if text := succeed(t, append([]string{"samples", path, "-o", out}, strings.Fields(c.flags)...)...); !strings.Contains(text, c.says) {
				t.Errorf("deep %t, %s: got %s", deep, c.flags, text)
			}
			img := decodePNG(t, out)
			scale := (img.Bounds().Dx() - 2 - 2*c.columns) / (c.columns * 28)
			for tile := range c.tiles {
				for j := range 784 {
					want := grey(-2)
					if j/28 == c.class(tile) {
						want = grey(1)
					}
					if got := rgb(img, c.columns, scale, tile, j)[0]; got != want {
						t.Fatalf("deep %t, %s: tile %d, pixel %d: want %d, got %d", deep, c.flags, tile, j, want, got)
					}
				}
			}
		}
		for _, c := range []struct{ flags, says string }{
			{"-label 10", "-label 10: want a class of " + path + ", 0 to 9"},
			{"-label -1", "-label -1: want a class"},
			{"-data mnist", "-data: with -start noise there is no data set"},
		} {
			if status, _, stderr := call(append([]string{"samples", path, "-o", out}, strings.Fields(c.flags)...)...); status != 2 || !strings.Contains(stderr, c.says) {
				t.Errorf("%s: status %d: %s", c.flags, status, stderr)
			}
		}
		if status, _, stderr := call("samples", path, "-o", out, "-reconstruct"); status != 1 || !strings.Contains(stderr, "-reconstruct: want an rbm, a dbn or an autoencoder, got a label ") {
			t.Errorf("-reconstruct: status %d: %s", status, stderr)
		}
	}
}

// TestSamplesOfLabelsStart has a machine that copies what it sees and is indifferent to
// labels: from data each class begins with its own images.
func TestSamplesOfLabelsStart(t *testing.T) {
	W, b, c := make([]float32, 784*784), make([]float32, 784), make([]float32, 784)
	for i := range 784 {
		W[785*i], b[i], c[i] = 200, -100, -100
	}
	machine := &models.LabelRBM{W: param("W", W, 784, 784), B: param("b", b, 784), C: param("c", c, 784), U: zeros("U", 10, 784), D: zeros("d", 10)}
	dir, data := t.TempDir(), smallData(t)
	path, out := saved(t, dir, "copy", machine), filepath.Join(dir, "x.png")
	for _, c := range []struct {
		flags string
		class func(tile int) int
		tiles int
	}{
		{"-n 10", func(tile int) int { return tile }, 10},
		{"-n 1 -label 4", func(int) int { return 4 }, 1},
	} {
		succeed(t, append([]string{"samples", path, "-o", out, "-start", "data", "-steps", "3", "-data-dir", data}, strings.Fields(c.flags)...)...)
		img := decodePNG(t, out)
		scale := (img.Bounds().Dx() - 4) / 28
		for tile := range c.tiles {
			n := c.class(tile)
			for j := range 784 {
				want := uint8(0)
				if y, x := j/28-2*n, j%28-n; y >= 0 && y < 6 && x >= 0 && x < 6 {
					want = 255
				}
				if got := rgb(img, 1, scale, tile, j)[0]; got != want {
					t.Fatalf("%s: tile %d, pixel %d: want %d, got %d", c.flags, tile, j, want, got)
				}
			}
		}
	}
	for _, flags := range []string{"-n 2 -label 4", "-n 20"} {
		args := append([]string{"samples", path, "-o", out, "-start", "data", "-data-dir", data}, strings.Fields(flags)...)
		if status, _, stderr := call(args...); status != 1 || !strings.Contains(stderr, "want more validation images of class") {
			t.Errorf("%s: status %d: %s", flags, status, stderr)
		}
	}
}
