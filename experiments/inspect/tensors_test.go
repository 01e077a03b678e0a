package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"capas/internal/tensorfile"

	"github.com/google/go-cmp/cmp"
)

// odd is a file of shapes and numbers that are not in models.
func odd(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "odd.safetensors")
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	cube := make([]float32, 24)
	for i := range cube {
		cube[i] = float32(i) / 7
	}
	err := tensorfile.Write(path, &tensorfile.File{Tensors: []tensorfile.Tensor{
		{Name: "scalar", Data: []float32{1.0 / 3}},
		{Name: "layer 1/cube", Shape: []int{2, 3, 4}, Data: cube},
		{Name: "../up", Shape: []int{1}, Data: []float32{math.SmallestNonzeroFloat32}},
		{Name: ".é", Shape: []int{2, 2}, Data: []float32{math.MaxFloat32, -math.MaxFloat32, 0, 1e-20}},
		{Name: "bad", Shape: []int{2, 3}, Data: []float32{1, inf, nan, -inf, -2, float32(math.Copysign(0, -1))}},
		{Name: "none", Shape: []int{0, 3}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestTensorsAgainstNumPy compares the list with what NumPy computes.
func TestTensorsAgainstNumPy(t *testing.T) {
	dir := finished(t)
	for _, path := range []string{filepath.Join(dir, "models", "seed-2-sdae-pretrained.safetensors"),
		filepath.Join(dir, "checkpoints", "seed-1-dbn.a.safetensors"), odd(t)} {
		type row struct {
			Shape                []int
			Min, Mean, Max, Norm *float64
			NotFinite            int `json:"not_finite"`
		}
		want := numpy[map[string]row](t, safetensors+`
out = {}
for name, t in tensors(sys.argv[1]).items():
    x = t[np.isfinite(t)].astype(float)
    s = [float(f(x)) for f in (np.min, np.mean, np.max, np.linalg.norm)] if x.size else [None] * 4
    out[name] = dict(shape=t.shape, min=s[0], mean=s[1], max=s[2], norm=s[3], not_finite=int(t.size - x.size))
print(json.dumps(out))`, path)
		var names []string
		got := map[string]row{}
		type listed struct {
			Name string
			row
		}
		for _, l := range decoded[struct{ Tensors []listed }](t, "tensors", path).Tensors {
			names = append(names, l.Name)
			got[l.Name] = l.row
		}
		if !slices.Equal(names, slices.Sorted(maps.Keys(want))) {
			t.Errorf("%s: want %v, got %v", path, slices.Sorted(maps.Keys(want)), names)
		}
		close := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= 1e-12*(math.Abs(a)+math.Abs(b))+1e-15 })
		if d := cmp.Diff(want, got, close); d != "" {
			t.Errorf("%s (−NumPy +inspect)\n%s", path, d)
		}
	}
	text := succeed(t, "tensors", odd(t))
	for _, want := range []string{"6 tensors, 36 numbers", "layer 1/cube  2×3×4", "scalar        scalar", "3 not finite", "none          0×3     –"} {
		if !strings.Contains(text, want) {
			t.Errorf("want %q in\n%s", want, text)
		}
	}
}

// TestExportAgainstNumPy has NumPy read what is exported and compare it with the file.
func TestExportAgainstNumPy(t *testing.T) {
	path := odd(t)
	out := filepath.Join(t.TempDir(), "new", "all")
	for _, format := range []string{"npy", "csv", "json"} {
		succeed(t, "export", path, "-format", format, "-o", out)
	}
	var names []string
	entries, err := os.ReadDir(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), filepath.Ext(e.Name())))
	}
	want := []string{"%2E%C3%A9", "%2E.%2Fup", "bad", "layer%201%2Fcube", "none", "scalar"}
	if names = slices.Compact(names); !slices.Equal(names, want) {
		t.Errorf("want files %q, got %q", want, names)
	}
	wrong := numpy[[]string](t, safetensors+`
from urllib.parse import quote
out = []
for name, t in tensors(sys.argv[1]).items():
    file = quote(name, safe='')
    if file[0] == '.':
        file = '%2E' + file[1:]
    base = os.path.join(sys.argv[2], file)
    a = np.load(base + '.npy')
    if a.dtype != np.float32 or a.shape != t.shape or a.tobytes() != t.tobytes() or not a.flags['C_CONTIGUOUS']:
        out.append(name + ' npy')
    if t.size:
        rows = t.reshape(-1, t.shape[-1] if t.ndim else 1)
        c = np.loadtxt(base + '.csv', delimiter=',', dtype=np.float32, ndmin=2)
        if not np.array_equal(c, rows, equal_nan=True):
            out.append(name + ' csv')
    elif os.path.getsize(base + '.csv'):
        out.append(name + ' csv')
    j = np.array(json.load(open(base + '.json')), dtype=np.float32).reshape(t.shape)
    if not np.array_equal(j, np.where(np.isfinite(t), t, np.float32('nan')), equal_nan=True):
        out.append(name + ' json')
print(json.dumps(out))`, path, out)
	if len(wrong) > 0 {
		t.Errorf("NumPy reads other numbers from %v", wrong)
	}
}

// TestExportOne exports one tensor, to files and to standard output.
func TestExportOne(t *testing.T) {
	path, dir := odd(t), t.TempDir()
	for format, want := range map[string]string{
		"csv":  "1,+Inf,NaN\n-Inf,-2,-0\n",
		"json": "[[1,null,null],[null,-2,-0]]\n",
	} {
		if got := succeed(t, "export", path, "-tensor", "bad", "-format", format); got != want {
			t.Errorf("%s: want %q, got %q", format, want, got)
		}
		file := filepath.Join(dir, "x."+format) // which says the format
		succeed(t, "export", path, "-tensor", "bad", "-o", file)
		if got := string(read(t, file)); got != want {
			t.Errorf("%s by its extension: want %q, got %q", format, want, got)
		}
	}
	npy := succeed(t, "export", path, "-tensor", "bad")
	if !strings.HasPrefix(npy, "\x93NUMPY\x01\x00") || len(npy) != 128+6*4 {
		t.Errorf("npy: got %q", npy)
	}
	var cube [][][]float32
	if err := json.Unmarshal([]byte(succeed(t, "export", path, "-tensor", "layer 1/cube", "-format", "json")), &cube); err != nil || len(cube) != 2 || cube[1][2][3] != float32(23)/7 {
		t.Errorf("got %v, %v", cube, err)
	}
}

// Names that would be the same file on some systems are refused, whatever the order.
func TestExportNamesClash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "clash.safetensors")
	err := tensorfile.Write(path, &tensorfile.File{Tensors: []tensorfile.Tensor{{Name: "a.W", Shape: []int{0}}, {Name: "a.w", Shape: []int{0}}}})
	if err != nil {
		t.Fatal(err)
	}
	if status, _, stderr := call("export", path, "-o", t.TempDir()); status != 1 || !strings.Contains(stderr, "a.W and a.w would be files of one name") {
		t.Errorf("status %d: %s", status, stderr)
	}
}

// An empty tensor may not claim endless places.
func TestExportEmptyPlaces(t *testing.T) {
	var b bytes.Buffer
	if err := writeJSON(&b, tensorfile.Tensor{Shape: []int{1 << 14, 1 << 14, 0}}); err == nil || b.Len() > 0 {
		t.Errorf("want an error, got %d bytes", b.Len())
	}
	if err := writeJSON(&b, tensorfile.Tensor{Shape: []int{2, 0}}); err != nil || b.String() != "[[],[]]\n" {
		t.Errorf("got %q, %v", b.String(), err)
	}
}
