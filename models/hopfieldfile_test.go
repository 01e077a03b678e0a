package models_test

import (
	"path/filepath"
	"strings"
	"testing"

	"capas/internal/tensorfile"
	"capas/models"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// memorySpecimens are the associative memories.
func memorySpecimens(t testing.TB) map[string]any {
	t.Helper()
	dense := func(f models.Interaction) *models.DenseHopfield {
		return must[*models.DenseHopfield](t)(models.NewDenseHopfield("dense", matrix(tensor.Float32, coinSpins(stream("patterns"), 4, 5)), f))
	}
	return map[string]any{
		"hopfield":                    must[*models.Hopfield](t)(models.NewHopfield("hopfield", 5)),
		"dense hopfield, polynomial":  dense(models.PolynomialInteraction(3)),
		"dense hopfield, exponential": dense(models.ExponentialInteraction(0.5)),
		"dense hopfield, softmax":     dense(models.SoftmaxInteraction(2)),
		"bam":                         must[*models.BAM](t)(models.NewBAM("bam", 5, 3)),
	}
}

// memoryOutputs adds what a memory says about states.
func memoryOutputs(t testing.TB, s *G.Node, model any, add func(name string, n *G.Node, err error) *G.Node) {
	t.Helper()
	switch m := model.(type) {
	case *models.Hopfield:
		e, err := m.Energy(s)
		add("energy", e, err)
		h, err := m.Field(s)
		add("field", h, err)
	case *models.DenseHopfield:
		e, err := m.Energy(s)
		add("energy", e, err)
		w, err := m.Attention(s)
		add("attention", w, err)
	case *models.BAM:
		h, err := m.FieldHidden(s)
		add("field_hidden", h, err)
		v, err := m.FieldVisible(h)
		add("field_visible", v, err)
		e, err := m.Energy(s, h)
		add("energy", e, err)
	}
}

// Descriptions that are no memory's.
func TestLoadRefusesMemories(t *testing.T) {
	path := filepath.Join(t.TempDir(), "memory.safetensors")
	all := memorySpecimens(t)
	for _, c := range []struct{ name, from, to, want string }{
		{"hopfield", `"units":5`, `"units":4`, "as many inputs as units, 4, got 5"},
		{"hopfield", `"activation":"linear"`, `"activation":"tanh"`, "want the activation linear"},
		{"hopfield", `"activation":"linear"`, `"activation":"linear","interaction":"polynomial(3)"`, "for a dense hopfield network alone"},
		{"hopfield", `"hopfield.W",`, ``, "want the names of 2 parameters, got 1"},
		{"hopfield", `"kind":"hopfield"`, `"kind":"rbm"`, "want the names of 3 parameters"},
		{"bam", `"activation":"linear"`, `"activation":"linear","tied":true`, "for an autoencoder alone"},
		{"bam", `"kind":"bam"`, `"kind":"rbm"`, "want the activation sigmoid"},
		{"dense hopfield, softmax", `"interaction":"softmax(2)",`, ``, "want an interaction"},
		{"dense hopfield, softmax", `"softmax(2)"`, `"softmax(0)"`, "is unknown"},
		{"dense hopfield, softmax", `"softmax(2)"`, `null`, "want an interaction"},
		{"dense hopfield, polynomial", `"units":4`, `"units":3`, "want shape [3 5], got [4 5]"},
	} {
		if err := models.Save(path, all[c.name], nil); err != nil {
			t.Fatal(err)
		}
		change(t, path, func(f *tensorfile.File) {
			text := f.Metadata["capas.model"]
			if f.Metadata["capas.model"] = strings.Replace(text, c.from, c.to, 1); text == f.Metadata["capas.model"] {
				t.Errorf("%s: %s: not in %s", c.name, c.from, text)
			}
		})
		_, _, err := models.Load(path)
		refused(t, c.name+": "+c.to, err, c.want, path)
	}
	for _, m := range []any{(*models.Hopfield)(nil), (*models.DenseHopfield)(nil), (*models.BAM)(nil), &models.Hopfield{}, &models.DenseHopfield{}, &models.BAM{}} {
		if err := models.Save(path, m, nil); err == nil {
			t.Errorf("%T: want an error", m)
		}
	}
}
