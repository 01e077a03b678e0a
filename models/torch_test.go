package models_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"capas/internal/tensorfile"
	"capas/models"

	"gorgonia.org/tensor"
)

// torchScript runs scripts/torch_models.py with a Python that has PyTorch and the
// official safetensors package; the test is skipped where there is none.
func torchScript(t *testing.T) (run func(args ...string) ([]byte, error)) {
	t.Helper()
	path := filepath.Join("..", "scripts", "torch_models.py")
	must[[]byte](t)(os.ReadFile(path)) // so that go test knows on what the result depends
	os.Getenv("PYTHONPATH")
	for _, python := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(python, "-c", "import safetensors, torch, safetensors.torch").Run() == nil {
			return func(args ...string) ([]byte, error) {
				return exec.Command(python, append([]string{path}, args...)...).CombinedOutput()
			}
		}
	}
	t.Skip("needs a python3 with PyTorch and safetensors, see scripts/torch_models.py")
	return nil
}

// Models of every kind go to PyTorch and back through the official safetensors package:
// plain modules load what Save wrote, strictly, and compute the same to 1e-5; LoadInto
// reads what PyTorch saved from them with other weights, and the outputs are PyTorch's.
func TestPyTorchExchange(t *testing.T) {
	script, dir := torchScript(t), t.TempDir()
	all := specimens(t, "saved")
	all["mlp of the lecture"] = lectureMLP(t, "saved")
	file := func(name, kind string) string { return filepath.Join(dir, name+kind+".safetensors") }
	for name, model := range all {
		if err := models.Save(file(name, ""), model, map[string]string{"note": "ü"}); err != nil {
			t.Fatal(err)
		}
		x := matrix(tensor.Float32, uniform(stream("x"), 7, width(t, model)))
		values := outputs(t, model, x)
		values["x"] = x
		f := &tensorfile.File{}
		for k, v := range values {
			f.Tensors = append(f.Tensors, tensorfile.Tensor{Name: k, Shape: v.Shape(), Data: v.Float32s()})
		}
		if err := tensorfile.Write(file(name, ".values"), f); err != nil {
			t.Fatal(err)
		}
	}
	said, err := script("--exchange", dir)
	if err != nil {
		t.Fatalf("PyTorch: %v\n%s", err, said)
	}
	t.Logf("%s", said)
	if got := strings.Count(string(said), "as PyTorch gives it"); got < 2*len(all) {
		t.Errorf("want at least %d outputs compared, got %d", 2*len(all), got)
	}
	for name, model := range all {
		before := bitsOf(t, model)
		if err := models.LoadInto(file(name, ".torch"), model); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if same := equalBits(before, bitsOf(t, model)); same > len(before)/100 {
			t.Errorf("%s: PyTorch's file left %d of %d numbers as they were", name, same, len(before))
		}
		want := must[*tensorfile.File](t)(tensorfile.Read(file(name, ".torch.values")))
		x, ok := want.Tensor("x")
		if !ok {
			t.Fatalf("%s: PyTorch's values have no x", name)
		}
		got := outputs(t, model, tensor.New(tensor.WithShape(x.Shape...), tensor.WithBacking(x.Data)))
		if len(got) != len(want.Tensors)-1 {
			t.Errorf("%s: want %d outputs, got %d", name, len(want.Tensors)-1, len(got))
		}
		for k, y := range got {
			w, ok := want.Tensor(k)
			if !ok || !y.Shape().Eq(tensor.Shape(w.Shape)) {
				t.Errorf("%s: %s: PyTorch gives shape %v, Capas %v", name, k, w.Shape, y.Shape())
				continue
			}
			near(t, name+" from PyTorch: "+k, elements(tensor.New(tensor.WithShape(len(w.Data)), tensor.WithBacking(w.Data))), elements(y), 1e-5)
		}
		// PyTorch's file says nothing about the model.
		_, _, err := models.Load(file(name, ".torch"))
		refused(t, name, err, "capas.model")
	}
	// The script notices a number that is off by 1e-4.
	other := t.TempDir()
	for _, kind := range []string{"", ".values"} {
		if err := os.Rename(file("rbm", kind), filepath.Join(other, filepath.Base(file("rbm", kind)))); err != nil {
			t.Fatal(err)
		}
	}
	dir = other
	change(t, file("rbm", ".values"), func(f *tensorfile.File) { f.Tensors[1].Data[4] += 1e-4 })
	said, err = script("--exchange", dir)
	if what := "rbm.safetensors: hidden.0: differs by 0.0001"; err == nil || !strings.Contains(string(said), what) {
		t.Errorf("want %q and exit status 1, got %v\n%s", what, err, said)
	}
}

// equalBits counts the places where two lists agree.
func equalBits(a, b []uint32) (n int) {
	for i := range a {
		if a[i] == b[i] {
			n++
		}
	}
	return n
}
