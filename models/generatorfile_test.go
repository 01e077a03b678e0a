package models_test

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/internal/tensorfile"
	"capas/models"
)

// generatorSpecimens are conv generators with every kind of layer.
func generatorSpecimens(t testing.TB) map[string]any {
	t.Helper()
	g := func(maps []int, image [3]int, norm bool, f blocks.Activation, o blocks.Output) *models.ConvGenerator {
		return must[*models.ConvGenerator](t)(models.NewConvGenerator("gen", 5, maps, image, norm, f, o, blocks.LeCun(), stream("init")))
	}
	odd := g([]int{3, 2}, [3]int{2, 8, 12}, true, blocks.LeakyReLU(0.25), blocks.Numeric())
	odd.Ups[0].Norm = nil
	odd.Ups[1].Conv.Conv, odd.Ups[1].Conv.Extra = ops.Conv{Stride: [2]int{3, 2}, Pad: [2]int{0, 1}}, [2]int{2, 1}
	return map[string]any{
		"conv generator":                       g([]int{4, 3}, [3]int{1, 8, 8}, true, blocks.ReLU(), blocks.Binary()),
		"conv generator without normalisation": g([]int{2}, [3]int{3, 4, 6}, false, blocks.Tanh(), blocks.Numeric()),
		"conv generator of odd sizes":          odd,
	}
}

// positiveUps makes the running variances those of something.
func positiveUps(g *models.ConvGenerator) {
	norms := []*blocks.BatchNorm{g.Norm}
	for _, l := range g.Ups {
		norms = append(norms, l.Norm)
	}
	for _, n := range norms {
		if n == nil {
			continue
		}
		for i, v := range n.Variance.Value.Float32s() {
			n.Variance.Value.Float32s()[i] = 0.1 + float32(math.Abs(float64(v)))
		}
	}
}

// refusedDescription is a change of a saved model's description, and what the error of loading it says.
type refusedDescription struct{ name, from, to, says string }

// refusedDescriptions changes descriptions, the first place where they say from.
func refusedDescriptions(t *testing.T, all map[string]any, cases []refusedDescription) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "net.safetensors")
	for _, c := range cases {
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
		refused(t, c.name+": "+c.to, err, c.says, path)
	}
}

// A description of a generator whose layers do not fit together, or of another model with maps, is an
// error.
func TestLoadRefusesGenerators(t *testing.T) {
	all := specimens(t, "saved")
	refusedDescriptions(t, all, []refusedDescription{
		{"conv generator", `"made":[4,2,2]`, `"made":[4,2,3]`, "maps of 16 units, got [4 2 3]"},
		{"conv generator", `"made":[3,4,4]`, `"made":[4,4,3]`, "the width that"},
		{"conv generator", `"made":[3,4,4]`, `"made":[3,2,8]`, "the height that a kernel of 4 with stride 2, padding 1 and 0 more makes of 2, got 2"},
		{"conv generator", `"made":[4,2,2]`, `"made":[0,2,2]`, "maps of 16 units"},
		{"conv generator", `"made":[4,2,2]`, `"made":[-4,-2,2]`, "sizes from 0 to 65536, got -4"},
		{"conv generator", `"made":[4,2,2]`, `"made":[1000000000,1000000000,1000000000]`, "sizes from 0 to"},
		{"conv generator", `"made":[4,2,2]`, `"made":[4,50000,50000]`, "at most 67108864 elements"},
		{"conv generator", `"made":[4,2,2]`, `"made":[4,2,2],"kernel":[4,4]`, "transposed convolutions after the first layer"},
		{"conv generator", `"kernel":[4,4],"conv":{"stride":[2,2],"pad":[1,1]}`, `"norm":false`, "transposed convolutions after the first layer"},
		{"conv generator", `"kernel":[4,4]`, `"kernel":[4,0]`, "the width that"},
		{"conv generator", `"kernel":[4,4]`, `"kernel":[4,4],"extra":[2,0]`, "and 2 more"},
		{"conv generator", `"epsilon":0.00001`, `"epsilon":-1`, "an epsilon above 0"},
		{"conv generator", `"norm":true`, `"norm":false`, "want the names of 2 parameters, got 6"},
		{"conv generator", `"activation":"relu"`, `"activation":"softmax"`, "an activation of single elements"},
		{"conv generator", `"kind":"conv generator"`, `"kind":"mlp"`, "want"},
		{"mlp", `"activation":"tanh"`, `"activation":"tanh","up":{"made":[4,1,1]}`, "maps of a conv generator's layers alone"},
		{"mlp", `"kind":"mlp"`, `"kind":"conv generator"`, "maps of a conv generator's layers alone"},
		{"conv generator without normalisation", `"parameters":["gen.1.W","gen.1.b"]`, `"parameters":["gen.1.W"]`, "want the names of 2 parameters, got 1"},
	})
	path := filepath.Join(t.TempDir(), "net.safetensors")
	refused(t, "a generator without layers", models.Save(path, &models.ConvGenerator{}, nil), "a parameter is missing")
	refused(t, "no generator", models.Save(path, (*models.ConvGenerator)(nil), nil), "want layers")
	broken := all["conv generator"].(*models.ConvGenerator)
	broken.Ups[0] = nil
	refused(t, "a layer that is missing", models.Save(path, broken, nil), "layer 2: a parameter is missing")
}
