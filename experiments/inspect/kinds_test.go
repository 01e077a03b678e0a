package main

import (
	"path/filepath"
	"strings"
	"testing"

	"capas/blocks"
	"capas/models"
)

// zeros is a parameter of zeros.
func zeros(name string, shape ...int) *blocks.Param {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return param(name, make([]float32, n), shape...)
}

// blank is an RBM of zeros.
func blank(name string, n, k int) *models.RBM {
	return &models.RBM{W: zeros(name+".W", n, k), B: zeros(name+".b", k), C: zeros(name+".c", n)}
}

// blankLabels is a machine of zeros.
func blankLabels(n, classes, k int) *models.LabelRBM {
	return &models.LabelRBM{W: zeros("top.W", n, k), B: zeros("top.b", k), C: zeros("top.c", n), U: zeros("top.U", classes, k), D: zeros("top.d", classes)}
}

// saved is the file of a model in a directory.
func saved(t *testing.T, dir, name string, model any) string {
	t.Helper()
	path := filepath.Join(dir, name+".safetensors")
	if err := models.Save(path, model, nil); err != nil {
		t.Fatal(err)
	}
	return path
}

// specimens are models of every kind with the summaries that they should have.
func specimens(t *testing.T) map[string]any {
	t.Helper()
	dense := func(name string, n, k int, f blocks.Activation) *blocks.Dense {
		return &blocks.Dense{W: zeros(name+".W", n, k), B: zeros(name+".b", k), F: f}
	}
	auto := func(name string, n, k int, f blocks.Activation) *models.Autoencoder {
		return &models.Autoencoder{W: zeros(name+".W", n, k), B: zeros(name+".b", k), C: zeros(name+".c", n), F: f, Output: blocks.Binary()}
	}
	untied := auto("u", 9, 4, blocks.Linear())
	untied.Wr, untied.Output = zeros("u.Wr", 4, 9), blocks.Numeric()
	units := func(r *models.RBM, visible, hidden string) *models.RBM {
		var err error
		if r.VisibleUnits, err = models.ParseUnits(visible); err == nil {
			r.HiddenUnits, err = models.ParseUnits(hidden)
		}
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	variances := units(blank("v", 9, 4), "gaussian", "rectified")
	if err := variances.SetVariance(2); err != nil {
		t.Fatal(err)
	}
	belief := func(untie bool) *models.LabelDBN {
		d := &models.LabelDBN{Layers: []*models.BeliefLayer{models.NewBeliefLayer(blank("l", 9, 4))}, Top: blankLabels(4, 3, 5)}
		if untie {
			if err := d.Untie(); err != nil {
				t.Fatal(err)
			}
		}
		return d
	}
	deep := &models.DBM{W: []*blocks.Param{zeros("1.W", 9, 4), zeros("2.W", 4, 5)}, B: []*blocks.Param{zeros("c", 9), zeros("1.b", 4), zeros("2.b", 5)}}
	conv := &models.ConvNet{Image: [3]int{1, 3, 3}, Dense: []*blocks.Dense{dense("2", 4, 3, blocks.Linear())}, Convs: []*models.ConvLayer{
		{Conv: &blocks.Conv2D{W: zeros("1.W", 4, 1, 3, 3), B: zeros("1.b", 4), F: blocks.Tanh()}},
	}}
	return map[string]any{
		"mlp 9-4-3, tanh, outputs classes":                                       &models.MLP{Layers: []*blocks.Dense{dense("1", 9, 4, blocks.Tanh()), dense("2", 4, 3, blocks.Linear())}},
		"mlp 9-3, outputs binary":                                                &models.MLP{Layers: []*blocks.Dense{dense("1", 9, 3, blocks.Linear())}, Output: blocks.Binary()},
		"convnet 1×3×3, 4 maps of 3×3, 4-3, tanh, outputs classes":               conv,
		"autoencoder 9-4, sigmoid, outputs binary":                               auto("a", 9, 4, blocks.Sigmoid()),
		"autoencoder 9-4, linear, outputs numeric, decoder weights of their own": untied,
		"stacked autoencoder 9-4-2, sigmoid and linear, outputs binary":          &models.StackedAutoencoder{Layers: []*models.Autoencoder{auto("a", 9, 4, blocks.Sigmoid()), auto("b", 4, 2, blocks.Linear())}},
		"deep autoencoder 9-4-2-4-9, sigmoid, linear code of 2, outputs binary": &models.DeepAutoencoder{
			Encoder: []*blocks.Dense{dense("1", 9, 4, blocks.Sigmoid()), dense("2", 4, 2, blocks.Linear())},
			Decoder: []*blocks.Dense{dense("3", 2, 4, blocks.Sigmoid()), dense("4", 4, 9, blocks.Sigmoid())}, Output: blocks.Binary()},
		"rbm 9-4": blank("r", 9, 4),
		"rbm 9-4, gaussian visible units with variances, rectified hidden units":           variances,
		"dbn 9-4-5, softmax(3) visible units in layer 1, gaussian hidden units in layer 2": &models.DBN{Layers: []*models.RBM{units(blank("1", 9, 4), "softmax(3)", "bernoulli"), units(blank("2", 4, 5), "bernoulli", "gaussian")}},
		"dbm 9-4-5":                  deep,
		"label rbm 9-4, 3 classes":   blankLabels(9, 3, 4),
		"label dbn 9-4-5, 3 classes": belief(false),
		"label dbn 9-4-5, 3 classes, generative weights of their own": belief(true),
		"hopfield network, 9 units":                                   &models.Hopfield{W: zeros("h.W", 9, 9), B: zeros("h.b", 9)},
		"dense hopfield network, 9 units, 4 patterns, exponential(1)": &models.DenseHopfield{X: zeros("d.X", 9, 4), F: models.ExponentialInteraction(1)},
		"bam 9-4": &models.BAM{W: zeros("m.W", 9, 4), B: zeros("m.b", 4), C: zeros("m.c", 9)},
	}
}

// Models of every kind are listed in the field's words, and the units drawn are those that
// see the image. Samples are drawn of all that generate, and classes told by all that tell
// them; the others are refused.
func TestKinds(t *testing.T) {
	dir := t.TempDir()
	out, idx := filepath.Join(dir, "x.png"), images(t, 3, 3, make([]byte, 9))
	for want, model := range specimens(t) {
		path := saved(t, dir, "model", model)
		if got := decoded[struct{ Model string }](t, "tensors", path).Model; got != want {
			t.Errorf("want %q, got %q", want, got)
		}
		if text := succeed(t, "tensors", path); !strings.HasPrefix(text, path+": "+want+"; ") {
			t.Errorf("want %q, got %s", want, text)
		}
		units, name := "4 of 4", "weight"
		memory := strings.Contains(want, "hopfield") || strings.HasPrefix(want, "bam")
		switch {
		case strings.HasPrefix(want, "mlp 9-3"):
			units, name = "3 of 3", "0.weight"
		case strings.HasPrefix(want, "mlp"), strings.HasPrefix(want, "convnet"):
			name = "0.weight"
		case strings.HasPrefix(want, "autoencoder"):
			name = "encoder.weight"
		case strings.HasPrefix(want, "stacked"):
			name = "layers.0.encoder.weight"
		case strings.HasPrefix(want, "deep"):
			name = "encoder.0.weight"
		case strings.HasPrefix(want, "hopfield"):
			units = "9 of 9"
		case strings.HasPrefix(want, "dense"):
			name = "patterns"
		case !strings.Contains(want, "rbm") && !strings.Contains(want, "bam"):
			name = "layers.0.weight"
		}
		if text := succeed(t, "filters", path, "-o", out); !strings.Contains(text, units+" units of "+name+", 3×3") {
			t.Errorf("%s: filters: got %s", want, text)
		}
		chains := memory || strings.Contains(want, "rbm") || strings.Contains(want, "dbn") || strings.Contains(want, "dbm")
		status, text, stderr := call("samples", path, "-o", out, "-start", "noise", "-steps", "2", "-n", "9")
		switch {
		case chains && (status != 0 || !strings.Contains(text, "9 samples")):
			t.Errorf("%s: samples: status %d: %s%s", want, status, stderr, text)
		case strings.HasPrefix(want, "mlp") && (status != 1 || !strings.Contains(stderr, "want a Boltzmann machine, a dbn, an associative memory or an autoencoder, got an mlp")):
			t.Errorf("%s: samples: status %d: %s", want, status, stderr)
		case strings.Contains(want, "autoencoder") && (status != 2 || !strings.Contains(stderr, "there are no chains")):
			t.Errorf("%s: samples: status %d: %s", want, status, stderr)
		}
		status, text, stderr = call("predict", path, idx)
		switch classes := strings.Contains(want, "classes"); {
		case classes && (status != 0 || !strings.HasSuffix(text, "0 (33.33 %), 1 (33.33 %), 2 (33.33 %)\n")):
			t.Errorf("%s: predict: status %d: %s%s", want, status, stderr, text)
		case !classes && (status != 1 || !strings.Contains(stderr, "want a network that tells classes, got a")):
			t.Errorf("%s: predict: status %d: %s", want, status, stderr)
		}
	}
}

// images is an IDX file of images, row by row.
func images(t *testing.T, height, width byte, pixels []byte) string {
	t.Helper()
	n := byte(len(pixels) / int(height) / int(width))
	data := append([]byte{0, 0, 8, 3, 0, 0, 0, n, 0, 0, 0, height, 0, 0, 0, width}, pixels...)
	return write(t, filepath.Join(t.TempDir(), "images"), data)
}
