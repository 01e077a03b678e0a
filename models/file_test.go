package models_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"capas/blocks"
	"capas/internal/tensorfile"
	"capas/models"

	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
)

// bitsOf are the bits of parameters, so that equal ones are equal numbers.
func bitsOf(t testing.TB, model any) (out []uint32) {
	for _, p := range params(t, model) {
		for _, v := range p.Value.Float32s() {
			out = append(out, math.Float32bits(v))
		}
	}
	return out
}

func namesOf(t testing.TB, model any) (out []string) {
	for _, p := range params(t, model) {
		out = append(out, fmt.Sprint(p.Name, p.Value.Shape()))
	}
	return out
}

// A model that was saved and loaded is the same: type, names, numbers, and what it
// computes, for which it needs its activations and outputs.
func TestSaveAndLoad(t *testing.T) {
	dir := t.TempDir()
	note := map[string]string{"run": "a \"b\" ü\n", "empty": ""}
	all, others := specimens(t, "saved"), specimens(t, "other")
	all["mlp of the lecture"], others["mlp of the lecture"] = lectureMLP(t, "saved"), lectureMLP(t, "other")
	for name, model := range all {
		path := filepath.Join(dir, name)
		start := time.Now()
		if err := models.Save(path, model, note); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		saved := time.Since(start)
		got, back, err := models.Load(path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if loaded := time.Since(start) - saved; saved+loaded > 5*time.Second {
			t.Errorf("%s: want a moment, took %v to save and %v to load", name, saved, loaded)
		} else if name == "mlp of the lecture" {
			t.Logf("%s: saved in %v, loaded in %v", name, saved, loaded)
		}
		if d := cmp.Diff(note, back); d != "" {
			t.Errorf("%s: note (−saved +loaded)\n%s", name, d)
		}
		if reflect.TypeOf(got) != reflect.TypeOf(model) {
			t.Fatalf("%s: want a %T, got %T", name, model, got)
		}
		if d := cmp.Diff(namesOf(t, model), namesOf(t, got)); d != "" {
			t.Errorf("%s: parameters (−saved +loaded)\n%s", name, d)
		}
		if !slices.Equal(bitsOf(t, model), bitsOf(t, got)) {
			t.Errorf("%s: other numbers", name)
		}
		x := matrix(tensor.Float32, uniform(stream("x"), 3, width(t, model)))
		want := outputs(t, model, x)
		for k, y := range outputs(t, got, x) {
			near(t, name+": "+k, elements(want[k]), elements(y), 0)
		}
		// Into a model that exists; whose numbers are others at first.
		other := others[name]
		if slices.Equal(bitsOf(t, model), bitsOf(t, other)) {
			t.Fatalf("%s: the other model has the same numbers", name)
		}
		if err := models.LoadInto(path, other); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !slices.Equal(bitsOf(t, model), bitsOf(t, other)) {
			t.Errorf("%s: other numbers after LoadInto", name)
		}
		// Equal models make equal files.
		again := filepath.Join(dir, "again")
		if err := models.Save(again, got, note); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(must[[]byte](t)(os.ReadFile(path)), must[[]byte](t)(os.ReadFile(again))) {
			t.Errorf("%s: saved again, the file is another", name)
		}
	}
}

// The tensors of a file by their names and shapes, which are those of PyTorch's
// torch.nn.Linear (weight (out_features, in_features)) and nn.Sequential; and the place
// of single numbers. That PyTorch agrees is tested against it where it is installed.
func TestNamesInFiles(t *testing.T) {
	want := map[string]string{
		"mlp":                      "0.bias[4] 0.weight[4 5] 2.bias[3] 2.weight[3 4]",
		"mlp without hidden units": "0.bias[2] 0.weight[2 4]",
		"mlp of the lecture":       "0.bias[500] 0.weight[500 784] 2.bias[500] 2.weight[500 500] 4.bias[2000] 4.weight[2000 500] 6.bias[10] 6.weight[10 2000]",
		"autoencoder, tied":        "decoder.bias[5] encoder.bias[3] encoder.weight[3 5]",
		"autoencoder, untied":      "decoder.bias[5] decoder.weight[5 3] encoder.bias[3] encoder.weight[3 5]",
		"stack, tied":              "layers.0.decoder.bias[6] layers.0.encoder.bias[5] layers.0.encoder.weight[5 6] layers.1.decoder.bias[5] layers.1.encoder.bias[3] layers.1.encoder.weight[3 5]",
		"deep autoencoder":         "decoder.0.bias[5] decoder.0.weight[5 3] decoder.2.bias[6] decoder.2.weight[6 5] encoder.0.bias[5] encoder.0.weight[5 6] encoder.2.bias[3] encoder.2.weight[3 5]",
		"rbm":                      "hidden_bias[3] visible_bias[5] weight[3 5]",
		"dbn":                      "layers.0.hidden_bias[5] layers.0.visible_bias[6] layers.0.weight[5 6] layers.1.hidden_bias[4] layers.1.visible_bias[5] layers.1.weight[4 5] layers.2.hidden_bias[3] layers.2.visible_bias[4] layers.2.weight[3 4]",
		"dbm":                      "layers.0.hidden_bias[5] layers.0.visible_bias[6] layers.0.weight[5 6] layers.1.hidden_bias[4] layers.1.weight[4 5] layers.2.hidden_bias[3] layers.2.weight[3 4]",
		"lstm, two directions":     "fc.bias[2] fc.weight[2 8]" + rnnNames(16, 3, 8),
		"gru":                      "fc.bias[2] fc.weight[2 4] rnn.bias_hh_l0[12] rnn.bias_ih_l0[12] rnn.weight_hh_l0[12 4] rnn.weight_ih_l0[12 3]",
		"jordan":                   "feedback.weight[4 2] input.bias[4] input.weight[4 3] output.bias[2] output.weight[2 4]",
		"label rbm":                "hidden_bias[4] label_bias[3] label_weight[4 3] visible_bias[5] weight[4 5]",
		"label dbn, untied":        "layers.0.generative_weight[4 6] layers.0.hidden_bias[4] layers.0.visible_bias[6] layers.0.weight[4 6] layers.1.hidden_bias[5] layers.1.label_bias[2] layers.1.label_weight[5 2] layers.1.visible_bias[4] layers.1.weight[5 4]",
	}
	path := filepath.Join(t.TempDir(), "a")
	all := specimens(t, "saved")
	all["mlp of the lecture"] = lectureMLP(t, "saved")
	for name, names := range want {
		if err := models.Save(path, all[name], nil); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, x := range must[*tensorfile.File](t)(tensorfile.ReadChecked(path)).Tensors {
			got = append(got, fmt.Sprint(x.Name, x.Shape))
		}
		if s := strings.Join(got, " "); s != names {
			t.Errorf("%s:\nwant %s\ngot  %s", name, names, s)
		}
	}
	if err := models.Save(path, all["mlp"], nil); err != nil {
		t.Fatal(err)
	}
	weight, _ := must[*tensorfile.File](t)(tensorfile.ReadChecked(path)).Tensor("0.weight")
	W := all["mlp"].(*models.MLP).Layers[0].W.Value
	for i := range 5 {
		for j := range 4 {
			if w := must[any](t)(W.At(i, j)).(float32); w != weight.Data[5*j+i] {
				t.Errorf("weight from input %d to unit %d: want %v, got %v", i, j, w, weight.Data[5*j+i])
			}
		}
	}
}

// What the description of a model says.
func TestDescription(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	for name, want := range map[string]string{
		"mlp": `{"kind":"mlp","output":"classes","layers":[{"inputs":5,"units":4,"activation":"tanh","parameters":["net.1.W","net.1.b"]},` +
			`{"inputs":4,"units":3,"activation":"linear","parameters":["net.2.W","net.2.b"]}]}`,
		"autoencoder, untied": `{"kind":"autoencoder","layers":[{"inputs":5,"units":3,"activation":"leaky-relu(0.25)","output":"numeric","parameters":["ae.W","ae.b","ae.c","ae.Wr"]}]}`,
		"autoencoder, tied":   `{"kind":"autoencoder","layers":[{"inputs":5,"units":3,"activation":"sigmoid","output":"binary","tied":true,"parameters":["ae.W","ae.b","ae.c"]}]}`,
		"rbm":                 `{"kind":"rbm","layers":[{"inputs":5,"units":3,"activation":"sigmoid","parameters":["rbm.W","rbm.b","rbm.c"]}]}`,
		"label dbn, tied": `{"kind":"label dbn","layers":[{"inputs":6,"units":4,"activation":"sigmoid","tied":true,"parameters":["dbn.1.W","dbn.1.b","dbn.1.c"]},` +
			`{"inputs":4,"units":5,"activation":"sigmoid","classes":2,"parameters":["dbn.2.W","dbn.2.b","dbn.2.c","dbn.2.U","dbn.2.d"]}]}`,
	} {
		if err := models.Save(path, specimens(t, "saved")[name], nil); err != nil {
			t.Fatal(err)
		}
		got := must[*tensorfile.File](t)(tensorfile.Read(path)).Metadata["capas.model"]
		if got != want || !json.Valid([]byte(got)) {
			t.Errorf("%s:\nwant %s\ngot  %s", name, want, got)
		}
	}
}

// What cannot be saved is an error that names the file; an earlier file stays, and
// nothing is left beside it.
func TestSaveErrors(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "net.safetensors")
	if err := models.Save(path, specimens(t, "saved")["mlp"], nil); err != nil {
		t.Fatal(err)
	}
	before := must[[]byte](t)(os.ReadFile(path))
	mlp := func(change func(n *models.MLP)) any {
		n := specimens(t, "saved")["mlp"].(*models.MLP)
		change(n)
		return n
	}
	rbm := specimens(t, "saved")["rbm"].(*models.RBM)
	for name, c := range map[string]struct {
		model any
		want  string
	}{
		"nothing":              {nil, "got <nil>"},
		"no pointer":           {*rbm, "got models.RBM"},
		"training":             {&models.CD{Model: rbm}, "got *models.CD"},
		"no mlp":               {(*models.MLP)(nil), "mlp: want layers"},
		"no autoencoder":       {(*models.Autoencoder)(nil), "layer 1: a parameter is missing"},
		"no stack":             {(*models.StackedAutoencoder)(nil), "want layers"},
		"no deep autoencoder":  {(*models.DeepAutoencoder)(nil), "want layers"},
		"no rbm":               {(*models.RBM)(nil), "a parameter is missing"},
		"no dbn":               {(*models.DBN)(nil), "want layers"},
		"no label rbm":         {(*models.LabelRBM)(nil), "a parameter is missing"},
		"no label dbn":         {(*models.LabelDBN)(nil), "want layers"},
		"no top":               {&models.LabelDBN{}, "layer 1: a parameter is missing"},
		"no belief layer":      {&models.LabelDBN{Layers: []*models.BeliefLayer{nil}}, "layer 1: a parameter is missing"},
		"no layer":             {&models.MLP{Layers: []*blocks.Dense{nil}}, "layer 1: a parameter is missing"},
		"no machine":           {&models.DBN{Layers: []*models.RBM{rbm, nil}}, "layer 2: a parameter is missing"},
		"no stacked layer":     {&models.StackedAutoencoder{Layers: []*models.Autoencoder{nil}}, "layer 1: a parameter is missing"},
		"no decoder":           {&models.DeepAutoencoder{Encoder: []*blocks.Dense{rbm.Encoder()}}, "want a decoder"},
		"no value":             {&models.RBM{W: &blocks.Param{Name: "W"}, B: rbm.B, C: rbm.C}, "a parameter is missing"},
		"no bias":              {mlp(func(n *models.MLP) { n.Layers[1].B = nil }), "layer 2: a parameter is missing"},
		"a vector of weights":  {mlp(func(n *models.MLP) { n.Layers[0].W = n.Layers[0].B }), "parameter net.1.b: want a matrix, got shape (4)"},
		"a bias too long":      {mlp(func(n *models.MLP) { n.Layers[0].B = blocks.NewParam("net.1.b", 5) }), "parameter net.1.b: want shape (4), got (5)"},
		"layers that do not":   {mlp(func(n *models.MLP) { n.Layers = append(n.Layers[:1:1], n.Layers[0]) }), "layer 2: want 4 inputs, the units below, got 5"},
		"two of one name":      {mlp(func(n *models.MLP) { n.Layers[1].W.Name = "net.1.W" }), `want parameters of different names, got "net.1.W"`},
		"a parameter unnamed":  {mlp(func(n *models.MLP) { n.Layers[1].W.Name = "" }), `want parameters of different names, got ""`},
		"float64":              {mlp(func(n *models.MLP) { widen(1, n.Layers[1].W) }), "parameter net.2.W: want elements of float32, got float64"},
		"a negative slope":     {mlp(func(n *models.MLP) { n.Layers[0].F = blocks.LeakyReLU(-1) }), "want α of at least 0"},
		"a slope of no number": {mlp(func(n *models.MLP) { n.Layers[0].F = blocks.LeakyReLU(math.NaN()) }), "want a number"},
	} {
		refused(t, name, models.Save(path, c.model, nil), c.want, path)
	}
	net := specimens(t, "saved")["mlp"]
	refused(t, "a note of a name that is taken", models.Save(path, net, map[string]string{"capas.model": ""}), "capas.model", path)
	refused(t, "a note of another such name", models.Save(path, net, map[string]string{"capas.sha256": ""}), "capas.sha256", path)
	refused(t, "no directory", models.Save(filepath.Join(dir, "none", "a"), net, nil), filepath.Join(dir, "none"))
	refused(t, "a directory in place", models.Save(dir, net, nil), dir)
	if !bytes.Equal(before, must[[]byte](t)(os.ReadFile(path))) {
		t.Error("the earlier file changed")
	}
	if left := must[[]os.DirEntry](t)(os.ReadDir(dir)); len(left) != 1 {
		t.Errorf("want one file, got %v", left)
	}
}
