package models

import (
	"testing"

	"capas/blocks"
	"capas/internal/tensorfile"
	"capas/random"

	"github.com/google/go-cmp/cmp"
)

// Whatever the description of a file says, loading gives an error or a model that, saved,
// has the same tensors and description.
func FuzzDescription(f *testing.F) {
	s, init := random.New(1), blocks.LeCun()
	var files []*tensorfile.File
	add := func(model any, err error) {
		if err != nil {
			f.Fatal(err)
		}
		file, err := encode(model, nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(len(files)), file.Metadata[descriptionKey])
		files = append(files, file)
	}
	add(NewMLP("net", []int{2, 3, 1}, blocks.Tanh(), init, init, s))
	add(NewRBM("rbm", 2, 3, init, s))
	dbn, err := NewDBN("dbn", []int{2, 3, 1}, init, s)
	add(dbn, err)
	add(dbn.Unroll("deep"))
	for _, tied := range []bool{true, false} {
		add(NewAutoencoder("ae", 2, 1, tied, blocks.Tanh(), init, s))
		add(NewStackedAutoencoder("sae", []int{2, 3, 1}, tied, blocks.LeakyReLU(0.1), init, s))
	}
	// New ones come last: the corpus tells the files by their places.
	add(NewLabelRBM("label", 2, 2, 3, init, s))
	label, _, err := NewLabelDBN("label", []int{2, 3, 1}, 2, init, s)
	add(label, err)
	label.Layers[0].G = label.Layers[0].W.Clone("label.1.G")
	add(label, nil)
	add(NewDBM("dbm", []int{2, 3, 1}, init, s))
	units, err := NewDBN("units", []int{2, 3, 2}, init, s)
	if err != nil {
		f.Fatal(err)
	}
	if err := units.Layers[0].SetVariance(0.5); err != nil {
		f.Fatal(err)
	}
	units.Layers[0].HiddenUnits, units.Layers[1].HiddenUnits = RectifiedUnits(), SoftmaxUnits(2)
	add(units, nil)
	convs := []ConvSpec{{Maps: 2, Kernel: [2]int{2, 2}}}
	add(NewPolicyValue("game", [3]int{1, 3, 3}, convs, []int{3}, 2, blocks.ReLU(), init, s))
	convs[0].Norm = true
	add(NewConvNet("conv", [3]int{1, 3, 3}, convs, []int{3, 2}, blocks.ReLU(), init, init, s))
	add(NewHopfield("memory", 4))
	add(NewBAM("bam", 3, 2))
	add(NewConvGenerator("generator", 2, []int{2}, [3]int{1, 4, 4}, true, blocks.ReLU(), blocks.Binary(), init, s))
	f.Fuzz(func(t *testing.T, which uint8, text string) {
		file := *files[int(which)%len(files)]
		file.Metadata = map[string]string{descriptionKey: text}
		m, err := decode(&file)
		if err != nil {
			return
		}
		again, err := encode(m, nil)
		if err != nil {
			t.Fatalf("loaded, but not saved: %v", err)
		}
		if d := cmp.Diff(mustParse(t, text), mustParse(t, again.Metadata[descriptionKey]), cmp.AllowUnexported(blocks.Activation{}, blocks.Output{}, Units{})); d != "" {
			t.Errorf("description (−loaded +saved)\n%s", d)
		}
		want := map[string]tensorfile.Tensor{}
		for _, x := range file.Tensors {
			want[x.Name] = x
		}
		for _, x := range again.Tensors {
			if d := cmp.Diff(want[x.Name], x); d != "" {
				t.Errorf("tensor (−loaded +saved)\n%s", d)
			}
		}
		if len(want) != len(again.Tensors) {
			t.Errorf("want %d tensors, got %d", len(want), len(again.Tensors))
		}
	})
}

func mustParse(t *testing.T, text string) *description {
	t.Helper()
	d, err := parseDescription(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
