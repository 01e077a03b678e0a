package models_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"capas/internal/tensorfile"
	"capas/models"

	"github.com/nlpodyssey/safetensors"
)

// change reads a file, changes it and writes it again, with a sound checksum.
func change(t *testing.T, path string, change func(f *tensorfile.File)) {
	t.Helper()
	f := must[*tensorfile.File](t)(tensorfile.Read(path))
	change(f)
	if err := tensorfile.Write(path, f); err != nil {
		t.Fatal(err)
	}
}

// A description that is no model's, or not of the tensors beside it, is an error.
func TestLoadRefusesDescriptions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "net.safetensors")
	all := specimens(t, "saved")
	long := strings.Repeat("x", 1<<19)
	for _, c := range []struct{ name, from, to, want string }{
		{"mlp", `{"kind"`, ``, "capas.model"},
		{"mlp", `"kind":"mlp"`, `"kind":"cnn"`, `kind "cnn" is unknown`},
		{"mlp", `"kind":"mlp",`, ``, `kind "" is unknown`},
		{"mlp", `"kind":"mlp"`, `"kind":"` + long + `"`, "is unknown"},
		{"mlp", `"kind":"mlp"`, `"kind":"dbn"`, "want an output for"},
		{"mlp", `"kind":"mlp"`, `"kind":"deep autoencoder"`, "want a decoder"},
		{"mlp", `"kind":"mlp"`, `"kind":"mlp","dropout":0.5`, "dropout"},
		{"mlp", `"kind":"mlp"`, `"kind":"mlp","` + long + `":0`, "unknown field"},
		{"mlp", `"kind":"mlp"`, `"kind":"mlp","` + long + long + `":0`, "want at most"},
		{"mlp", `"kind":"mlp"`, `"kind":["mlp"]`, "capas.model"},
		{"mlp", `"output":"classes"`, `"output":"colours"`, "colours"},
		{"mlp", `"output":"classes",`, ``, "want an output"},
		{"mlp", `]}]}`, `]}]}{}`, "want one JSON object"},
		{"mlp", `"layers":[`, `"layers":[],"decoder":[`, "want layers"},
		{"mlp", `"activation":"tanh"`, `"activation":"swish"`, `"swish" is unknown`},
		{"mlp", `"activation":"tanh"`, `"activation":"leaky-relu(-1)"`, "α"},
		{"mlp", `"activation":"tanh"`, `"activation":1`, "capas.model"},
		{"mlp", `"inputs":5`, `"inputs":6`, "0.weight: want shape [4 6], got [4 5]"},
		{"mlp", `"inputs":5`, `"inputs":1000000000`, "want shape [4 1000000000]"},
		{"mlp", `"inputs":5`, `"inputs":9223372036854775807`, "want shape [4 9223372036854775807]"},
		{"mlp", `"inputs":5`, `"inputs":1e30`, "capas.model"},
		{"mlp", `"inputs":5`, `"inputs":-5`, "want at least one input"},
		{"mlp", `"inputs":5`, `"inputs":0`, "want at least one input"},
		{"mlp", `"inputs":5`, `"inputs":2.5`, "capas.model"},
		{"mlp", `"units":4`, `"units":5`, "want 5 inputs, the units below, got 4"},
		{"mlp", `"units":3`, `"units":2`, "2.weight: want shape [2 4], got [3 4]"},
		{"mlp", `"net.1.W","net.1.b"`, `"net.1.W"`, "want the names of 2 parameters, got 1"},
		{"mlp", `"net.1.W","net.1.b"`, `"net.1.W","net.1.b","net.1.c"`, "want the names of 2 parameters, got 3"},
		{"mlp", `"net.2.W"`, `"net.1.W"`, "different names"},
		{"mlp", `"net.2.W"`, `""`, "different names"},
		{"mlp", `"net.2.W"`, `null`, "different names"},
		{"mlp", `"activation":"tanh"`, `"activation":"tanh","tied":true`, "for an autoencoder alone"},
		{"mlp", `"activation":"tanh"`, `"activation":"tanh","output":"binary"`, "for an autoencoder alone"},
		{"mlp", `,{"inputs":4,"units":3,"activation":"linear","parameters":["net.2.W","net.2.b"]}`, ``, "want 2 tensors, got also"},
		{"mlp", `{"inputs":5,"units":4`, `null,{"inputs":5,"units":4`, "want at least one input"},
		{"mlp", `]}]}`, `]}` + strings.Repeat(`,{}`, 1000) + `]}`, "at most 1000 layers, got 1002"},
		{"mlp", `"layers":[`, `"layers":` + strings.Repeat("[", 100_000), "capas.model"},
		{"rbm", `"activation":"sigmoid"`, `"activation":"tanh"`, "want the activation sigmoid"},
		{"rbm", `"layers":[{`, `"layers":[{"inputs":1,"units":5,"activation":"sigmoid","parameters":["a","b","c"]},{`, "want layers, one for"},
		{"rbm", `"kind":"rbm"`, `"kind":"dbn"`, "want tensor layers.0.weight of shape [3 5], got a file without it"},
		{"rbm", `"kind":"rbm"`, `"kind":"rbm","output":"binary"`, "want an output for"},
		{"autoencoder, tied", `"tied":true,`, ``, "want the names of 4 parameters, got 3"},
		{"autoencoder, tied", `"output":"binary",`, ``, "want an output"},
		{"autoencoder, untied", `"output":"numeric",`, `"output":"numeric","tied":true,`, "want the names of 3 parameters, got 4"},
		{"deep autoencoder", `"output":"binary",`, ``, "want an output"},
		{"deep autoencoder", `"decoder":[`, `"layers":[`, "want a decoder"},
		{"deep autoencoder", `"decoder":[{`, `"decoder":[{"conv":{"image":[0,0,0],"maps":0,"kernel":[0,0],"norm":true},`, "without convolutions"},
		{"deep autoencoder", `"units":6`, `"units":7`, "want 6 outputs, as many as inputs, got 7"},
	} {
		if err := models.Save(path, all[c.name], nil); err != nil {
			t.Fatal(err)
		}
		change(t, path, func(f *tensorfile.File) {
			text := f.Metadata["capas.model"]
			if f.Metadata["capas.model"] = strings.Replace(text, c.from, c.to, 1); text == f.Metadata["capas.model"] {
				t.Errorf("%s: %.60s: not in %s", c.name, c.from, text)
			}
		})
		what := c.name + ": " + c.to[:min(60, len(c.to))]
		m, note, err := models.Load(path)
		refused(t, what, err, c.want, path)
		if m != nil || note != nil || err != nil && (len(err.Error()) > 1000 || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: want nothing but an error of one line, got %v, %v, %.2000v", what, m, note, err)
		}
	}
}

// A file that does not have the model's tensors, and no others, changes nothing.
func TestLoadIntoIsAllOrNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "net.safetensors")
	last := func(f *tensorfile.File) *tensorfile.Tensor { return &f.Tensors[len(f.Tensors)-1] }
	for _, c := range []struct {
		want   string
		change func(f *tensorfile.File)
	}{
		{"want tensor 2.weight of shape [3 4], got a file without it", func(f *tensorfile.File) { f.Tensors = f.Tensors[:len(f.Tensors)-1] }},
		{"want tensor 2.weight of shape [3 4], got a file without it", func(f *tensorfile.File) { last(f).Name = "net.2.W" }},
		{`want 4 tensors, got also "x" of shape [1]`, func(f *tensorfile.File) {
			f.Tensors = append(f.Tensors, tensorfile.Tensor{Name: "x", Shape: []int{1}, Data: []float32{1}})
		}},
		{"tensor 2.weight: want shape [3 4], got [4 3]", func(f *tensorfile.File) { last(f).Shape = []int{4, 3} }},
		{"tensor 2.weight: want shape [3 4], got [12]", func(f *tensorfile.File) { last(f).Shape = []int{12} }},
		{"tensor 2.weight: want shape [3 4], got []", func(f *tensorfile.File) { last(f).Shape, last(f).Data = nil, []float32{1} }},
		{"tensor 0.bias: want shape [4], got [4 1]", func(f *tensorfile.File) { f.Tensors[0].Shape = []int{4, 1} }},
		{"tensor 0.bias: want shape [4], got [0]", func(f *tensorfile.File) { f.Tensors[0].Shape, f.Tensors[0].Data = []int{0}, nil }},
		{"want tensor 0.weight of shape [4 5], got a file without it", func(f *tensorfile.File) { f.Tensors = nil }},
	} {
		if err := models.Save(path, specimens(t, "saved")["mlp"], nil); err != nil {
			t.Fatal(err)
		}
		change(t, path, c.change)
		net := specimens(t, "other")["mlp"]
		refused(t, c.want, models.LoadInto(path, net), c.want, path)
		if !slices.Equal(bitsOf(t, net), bitsOf(t, specimens(t, "other")["mlp"])) {
			t.Errorf("%s: the model changed", c.want)
		}
	}
}

func TestLoadErrors(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "net.safetensors")
	all := specimens(t, "saved")
	if err := models.Save(path, all["mlp"], nil); err != nil {
		t.Fatal(err)
	}
	load := func(path string) error { _, _, err := models.Load(path); return err }
	refused(t, "no file", load(filepath.Join(dir, "none")), filepath.Join(dir, "none"))
	refused(t, "a directory", load(dir), dir)
	refused(t, "no file to load into", models.LoadInto(filepath.Join(dir, "none"), all["mlp"]), filepath.Join(dir, "none"))
	refused(t, "another model", models.LoadInto(path, all["rbm"]), path, "want tensor weight")
	refused(t, "no model", models.LoadInto(path, nil), path, "<nil>")
	refused(t, "a model without layers", models.LoadInto(path, &models.DBN{}), path, "want layers")
	wide := specimens(t, "saved")["mlp"].(*models.MLP)
	widen(1, wide.Layers[1].B)
	before := slices.Clone(wide.Layers[0].W.Value.Float32s())
	refused(t, "a model of float64", models.LoadInto(path, wide), path, "net.2.b", "float64")
	if !slices.Equal(before, wide.Layers[0].W.Value.Float32s()) {
		t.Error("a model that is refused changed")
	}
	// Damage and truncation anywhere.
	data := must[[]byte](t)(os.ReadFile(path))
	bad := filepath.Join(dir, "bad.safetensors")
	for at := 0; at < len(data); at += 5 {
		flipped := slices.Clone(data)
		flipped[at] ^= 1
		for _, b := range [][]byte{flipped, data[:at]} {
			if err := os.WriteFile(bad, b, 0o600); err != nil {
				t.Fatal(err)
			}
			refused(t, "a damaged file", load(bad), bad)
			refused(t, "a damaged file to load into", models.LoadInto(bad, all["mlp"]), bad)
		}
	}
	// Another program's file has no description, but its tensors can be loaded.
	views := map[string]safetensors.TensorView{}
	theirs := must[safetensors.SafeTensors](t)(safetensors.Deserialize(data))
	for _, x := range theirs.Tensors() {
		views[x.Name] = x.TensorView
	}
	if err := os.WriteFile(bad, must[[]byte](t)(safetensors.Serialize(views, nil)), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, "no description", load(bad), bad, "capas.model")
	net := specimens(t, "other")["mlp"]
	if err := models.LoadInto(bad, net); err != nil {
		t.Error(err)
	}
	if !slices.Equal(bitsOf(t, net), bitsOf(t, all["mlp"])) {
		t.Error("other numbers from another program's file")
	}
}
