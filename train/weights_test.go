package train_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"capas/blocks"
	"capas/train"

	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
)

// two returns two parameters whose numbers include all kinds of float32.
func two() []*blocks.Param {
	W, b := blocks.NewParam("1.W", 2, 3), blocks.NewParam("1.b", 3)
	copy(W.Value.Float32s(), []float32{1.5, -2.25, float32(math.Copysign(0, -1)), math.SmallestNonzeroFloat32, math.MaxFloat32, float32(math.Inf(-1))})
	copy(b.Value.Float32s(), []float32{math.Float32frombits(0x7fc12345), 1.0 / 3, -math.MaxFloat32})
	return []*blocks.Param{W, b}
}

// blank returns parameters of the same names and shapes with numbers of their own.
func blank() []*blocks.Param {
	ps := two()
	for _, p := range ps {
		for i := range p.Value.Float32s() {
			p.Value.Float32s()[i] = float32(100 + i)
		}
	}
	return ps
}

func TestSaveAndLoad(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "net.safetensors")
	meta := map[string]string{"history": `{"epochs": [1, "ü\n"]}`, "empty": ""}
	for range 2 { // the second time over the first file
		if err := train.SaveParams(path, two(), meta); err != nil {
			t.Fatal(err)
		}
	}
	got := blank()
	back := must(train.LoadParams(path, got))(t)
	if d := cmp.Diff(meta, back); d != "" {
		t.Errorf("metadata (−saved +loaded)\n%s", d)
	}
	if !slices.Equal(bits(two()), bits(got)) {
		t.Error("other bits after saving and loading")
	}
	// Parameters are found by name, in whatever order.
	got = blank()
	slices.Reverse(got)
	must(train.LoadParams(path, got))(t)
	slices.Reverse(got)
	if !slices.Equal(bits(two()), bits(got)) {
		t.Error("other bits in another order")
	}
	// Equal parameters make equal files, without traces of the writing.
	other := filepath.Join(dir, "other.safetensors")
	if err := train.SaveParams(other, two(), meta); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(must(os.ReadFile(path))(t), must(os.ReadFile(other))(t)) {
		t.Error("equal parameters made other files")
	}
	if names := fileNames(t, dir); !slices.Equal(names, []string{"net.safetensors", "other.safetensors"}) {
		t.Errorf("got files %v", names)
	}
}

// The layout is that of the safetensors format: the header's length in 8 bytes, a JSON
// header, little-endian numbers (github.com/huggingface/safetensors, "Format").
func TestSafetensorsLayout(t *testing.T) {
	path := filepath.Join(t.TempDir(), "net.safetensors")
	if err := train.SaveParams(path, two(), nil); err != nil {
		t.Fatal(err)
	}
	data := must(os.ReadFile(path))(t)
	n := binary.LittleEndian.Uint64(data)
	header := string(data[8 : 8+n])
	for _, want := range []string{`"1.W":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}`, `"1.b":{"dtype":"F32","shape":[3],"data_offsets":[24,36]}`} {
		if !strings.Contains(header, want) {
			t.Errorf("want %s in the header, got %s", want, header)
		}
	}
	var numbers []byte
	for _, b := range bits(two()) {
		numbers = binary.LittleEndian.AppendUint32(numbers, b)
	}
	if !bytes.Equal(data[8+n:], numbers) {
		t.Error("the numbers are not those of the format")
	}
}

func fileNames(t *testing.T, dir string) (names []string) {
	t.Helper()
	for _, e := range must(os.ReadDir(dir))(t) {
		names = append(names, e.Name())
	}
	return names
}

// A truncated file is an error at every length, and changes nothing.
func TestTruncatedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "net.safetensors")
	if err := train.SaveParams(path, two(), map[string]string{"k": "v"}); err != nil {
		t.Fatal(err)
	}
	data := must(os.ReadFile(path))(t)
	for n := range len(data) {
		refused(t, fmt.Sprintf("%d of %d bytes", n, len(data)), data[:n])
	}
	refused(t, "a byte too many", append(slices.Clone(data), 0))
	refused(t, "an enormous header", append([]byte{255, 255, 255, 255, 255, 255, 255, 255}, data[8:]...))
	refused(t, "no header", append([]byte{0, 0, 0, 0, 0, 0, 0, 0}, data[8:]...))
}

// refused checks that loading gives an error which names the file, and changes nothing.
func refused(t *testing.T, what string, data []byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "damaged.safetensors")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	ps := blank()
	_, err := train.LoadParams(path, ps)
	if err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("%s: want an error that names the file, got %v", what, err)
	}
	if !slices.Equal(bits(ps), bits(blank())) {
		t.Errorf("%s: parameters changed", what)
	}
}

// Whichever byte of a file is damaged, loading does not panic, and either gives an
// error and changes nothing or gives the same tensors; a byte among the numbers, which
// the format does not protect, changes the one number that it is part of.
func TestCorruptedFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "net.safetensors")
	if err := train.SaveParams(path, two(), map[string]string{"history": `{"epochs":[]}`}); err != nil {
		t.Fatal(err)
	}
	data := must(os.ReadFile(path))(t)
	numbers := len(data) - 4*len(bits(two()))
	errors := 0
	for at := range data {
		for _, flip := range []byte{0x01, 0x02, 0x08, 0x20, 0x80, 0xff} {
			bad := slices.Clone(data)
			bad[at] ^= flip
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			ps := blank()
			_, err := train.LoadParams(path, ps)
			want := two()
			if err != nil {
				want = blank()
				errors++
			}
			got, expected := bits(ps), bits(want)
			if hit := (at - numbers) / 4; err == nil && at >= numbers {
				if got[hit] == expected[hit] {
					t.Errorf("byte %d: the damaged number was not read", at)
				}
				got[hit] = expected[hit]
			}
			if !slices.Equal(got, expected) {
				t.Errorf("byte %d flipped by %#x (error %v): other parameters", at, flip, err)
			}
		}
	}
	if errors < numbers { // of 6·numbers; a letter of the metadata may change unnoticed
		t.Errorf("only %d damaged headers of %d bytes were refused", errors, numbers)
	}
}

func TestLoadErrors(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "net.safetensors")
	if err := train.SaveParams(path, two(), nil); err != nil {
		t.Fatal(err)
	}
	wide := &blocks.Param{Name: "1.b", Value: tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(3))}
	for name, c := range map[string]struct {
		path   string
		params []*blocks.Param
		want   string
	}{
		"missing file":    {filepath.Join(dir, "none"), blank(), "none"},
		"a directory":     {dir, blank(), dir},
		"too few":         {path, blank()[:1], "want 1 tensors, got 2"},
		"too many":        {path, append(blank(), blocks.NewParam("2.W", 1, 1)), "want 3 tensors, got 2"},
		"none":            {path, nil, "want 0 tensors, got 2"},
		"other name":      {path, []*blocks.Param{blank()[0], blocks.NewParam("2.b", 3)}, "has no tensor 2.b"},
		"other shape":     {path, []*blocks.Param{blank()[0], blocks.NewParam("1.b", 4)}, "1.b: want float32 of shape (4), got F32 of shape [3]"},
		"transposed":      {path, []*blocks.Param{blocks.NewParam("1.W", 3, 2), blank()[1]}, "1.W: want float32 of shape (3, 2), got F32 of shape [2 3]"},
		"other dimension": {path, []*blocks.Param{blank()[0], blocks.NewParam("1.b", 3, 1)}, "1.b: want float32 of shape (3, 1), got F32 of shape [3]"},
		"other dtype":     {path, []*blocks.Param{blank()[0], wide}, "1.b: want float64 of shape (3), got F32"},
	} {
		var before []uint32
		if name != "other dtype" {
			before = bits(c.params)
		}
		_, err := train.LoadParams(c.path, c.params)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.path) {
			t.Errorf("%s: want an error with %q and the path, got %v", name, c.want, err)
		}
		if name != "other dtype" && !slices.Equal(before, bits(c.params)) {
			t.Errorf("%s: parameters changed", name)
		}
	}
}

// A file that cannot be written is an error that names it; an earlier file stays, and
// nothing is left beside it.
func TestSaveErrors(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "net.safetensors")
	if err := train.SaveParams(file, two(), nil); err != nil {
		t.Fatal(err)
	}
	before := must(os.ReadFile(file))(t)
	full := filepath.Join(dir, "full")
	if err := os.MkdirAll(filepath.Join(full, "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	wide := &blocks.Param{Name: "1.b", Value: tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(3))}
	for name, c := range map[string]struct {
		path   string
		params []*blocks.Param
		want   string
	}{
		"no directory":         {filepath.Join(dir, "none", "net"), two(), "none"},
		"a file as directory":  {filepath.Join(file, "net"), two(), "net.safetensors"},
		"a directory in place": {full, two(), "full"},
		"two of one name":      {file, append(two(), two()[0]), "two parameters are called 1.W"},
		"float64":              {file, []*blocks.Param{two()[0], wide}, "1.b: want float32, got float64"},
	} {
		if err := train.SaveParams(c.path, c.params, nil); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.path) {
			t.Errorf("%s: want an error with %q and the path, got %v", name, c.want, err)
		}
	}
	if !bytes.Equal(before, must(os.ReadFile(file))(t)) {
		t.Error("the earlier file changed")
	}
	if names := fileNames(t, dir); !slices.Equal(names, []string{"full", "net.safetensors"}) {
		t.Errorf("got files %v", names)
	}
}
