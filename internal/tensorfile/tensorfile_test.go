package tensorfile

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nlpodyssey/safetensors"
)

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// sample is a file with all kinds of float32, a scalar, an empty tensor, and texts that
// need escapes.
func sample() *File {
	return &File{
		Tensors: []Tensor{
			{Name: "z \"quoted\"", Shape: []int{2, 3}, Data: []float32{1.5, -2.25, float32(math.Copysign(0, -1)), math.SmallestNonzeroFloat32, math.MaxFloat32, float32(math.Inf(-1))}},
			{Name: "1.b", Shape: []int{3}, Data: []float32{math.Float32frombits(0x7fc12345), 1.0 / 3, -math.MaxFloat32}},
			{Name: "Größe", Data: []float32{7}},
			{Name: "empty", Shape: []int{3, 0}, Data: []float32{}},
		},
		Metadata: map[string]string{"history": "{\"epochs\": [1, \"ü\n<>&\\\u2028\"]}", "": "no name", "empty": ""},
	}
}

// bitsOf describes tensors so that equal descriptions mean equal bits.
func bitsOf(f *File) map[string][]uint32 {
	out := map[string][]uint32{}
	for _, t := range f.Tensors {
		bits := []uint32{uint32(len(t.Shape))}
		for _, d := range t.Shape {
			bits = append(bits, uint32(d))
		}
		for _, v := range t.Data {
			bits = append(bits, math.Float32bits(v))
		}
		out[t.Name] = bits
	}
	return out
}

// same reports files that differ.
func same(t testing.TB, what string, want, got *File) {
	t.Helper()
	if d := cmp.Diff(bitsOf(want), bitsOf(got)); d != "" {
		t.Errorf("%s: tensors (−want +got)\n%s", what, d)
	}
	if d := cmp.Diff(want.Metadata, got.Metadata); d != "" {
		t.Errorf("%s: metadata (−want +got)\n%s", what, d)
	}
}

func TestWriteAndRead(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.safetensors")
	for range 2 { // the second time over the first file
		if err := Write(path, sample()); err != nil {
			t.Fatal(err)
		}
	}
	got := must[*File](t)(Read(path))
	same(t, "Read", sample(), got)
	same(t, "ReadChecked", sample(), must[*File](t)(ReadChecked(path)))
	if !slices.IsSortedFunc(got.Tensors, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) }) {
		t.Errorf("tensors are not sorted by name: %v", got.Tensors)
	}
	if x, ok := got.Tensor("Größe"); !ok || len(x.Shape) != 0 || !slices.Equal(x.Data, []float32{7}) {
		t.Errorf("Tensor: want the scalar 7, got %v, %t", x, ok)
	}
	if _, ok := got.Tensor("none"); ok {
		t.Error("Tensor: found what is not there")
	}
	// Equal files give equal bytes, whatever the order of the tensors.
	other := sample()
	slices.Reverse(other.Tensors)
	data := must[[]byte](t)(os.ReadFile(path))
	if !bytes.Equal(data, must[[]byte](t)(Encode(other))) || !bytes.Equal(data, must[[]byte](t)(Encode(got))) {
		t.Error("equal files gave other bytes")
	}
	if left := must[[]os.DirEntry](t)(os.ReadDir(dir)); len(left) != 1 {
		t.Errorf("want one file, got %v", left)
	}
}

// An empty file is one, too.
func TestNothing(t *testing.T) {
	for _, f := range []*File{{}, {Metadata: map[string]string{"a": "b"}}, {Tensors: []Tensor{{Name: "x", Data: []float32{1}}}}} {
		same(t, "nothing", f, must[*File](t)(Decode(must[[]byte](t)(Encode(f)))))
	}
}

// The layout is that of the format: the header's length in 8 bytes, a JSON header,
// little-endian numbers that begin at a multiple of 8. Another program's reader finds
// the same in it.
func TestLayout(t *testing.T) {
	f := sample()
	data := must[[]byte](t)(Encode(f))
	n := int(binary.LittleEndian.Uint64(data))
	head := string(data[8 : 8+n])
	for _, want := range []string{`"1.b":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}`, `"Größe":{"dtype":"F32","shape":[],"data_offsets":[12,16]}`,
		`"z \"quoted\"":{"dtype":"F32","shape":[2,3],"data_offsets":[16,40]}`} {
		if !strings.Contains(head, want) {
			t.Errorf("want %s in the header, got %s", want, head)
		}
	}
	if n%8 != 0 || data[8] != '{' {
		t.Errorf("want a header of a multiple of 8 bytes from {, got %d bytes: %s", n, head)
	}
	theirs := must[safetensors.SafeTensors](t)(safetensors.Deserialize(data))
	if theirs.Len() != len(f.Tensors) {
		t.Errorf("want %d tensors, the other reader finds %d", len(f.Tensors), theirs.Len())
	}
	for _, x := range f.Tensors {
		v, ok := theirs.Tensor(x.Name)
		var shape []uint64
		for _, d := range x.Shape {
			shape = append(shape, uint64(d))
		}
		var numbers []byte
		for _, e := range x.Data {
			numbers = binary.LittleEndian.AppendUint32(numbers, math.Float32bits(e))
		}
		if !ok || v.DType() != safetensors.F32 || !slices.Equal(v.Shape(), shape) || !bytes.Equal(v.Data(), numbers) {
			t.Errorf("%s: the other reader finds %v of shape %v: %x", x.Name, v.DType(), v.Shape(), v.Data())
		}
	}
	_, meta, err := safetensors.ReadMetadata(data)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range f.Metadata {
		if meta.Metadata()[k] != v {
			t.Errorf("metadata %q: want %q, the other reader finds %q", k, v, meta.Metadata()[k])
		}
	}
}

// Files of another writer, without checksum, and every type of floating-point numbers.
// The halves and their values are those of IEEE 754 (Wikipedia, "Half-precision
// floating-point format", examples), the bfloat16 ones the upper halves of float32.
func TestOtherWriter(t *testing.T) {
	views := map[string]safetensors.TensorView{}
	add := func(name string, d safetensors.DType, n int, data ...byte) {
		views[name] = must[safetensors.TensorView](t)(safetensors.NewTensorView(d, []uint64{uint64(n)}, data))
	}
	var doubles []byte
	for _, v := range []float64{1.0 / 3, 1e-300, math.Inf(1)} {
		doubles = binary.LittleEndian.AppendUint64(doubles, math.Float64bits(v))
	}
	var halves []byte
	for _, b := range []uint16{0x0001, 0x03ff, 0x0400, 0x3555, 0x3bff, 0x3c00, 0x3c01, 0x7bff, 0x7c00, 0x8000, 0xc000, 0xfc00, 0x8001} {
		halves = binary.LittleEndian.AppendUint16(halves, b)
	}
	add("f32", safetensors.F32, 1, 0, 0, 0xc0, 0x3f)
	add("f64", safetensors.F64, 3, doubles...)
	add("f16", safetensors.F16, 13, halves...)
	add("bf16", safetensors.BF16, 3, 0x80, 0x3f, 0x49, 0x40, 0x80, 0xff)
	data := must[[]byte](t)(safetensors.Serialize(views, map[string]string{"format": "pt"}))
	got := must[*File](t)(Decode(data))
	inf, zero := float32(math.Inf(1)), float32(math.Copysign(0, -1))
	same(t, "Decode", &File{Metadata: map[string]string{"format": "pt"}, Tensors: []Tensor{
		{Name: "f32", Shape: []int{1}, Data: []float32{1.5}},
		{Name: "f64", Shape: []int{3}, Data: []float32{0.33333334, 0, inf}},
		{Name: "f16", Shape: []int{13}, Data: []float32{5.9604645e-8, 6.0975552e-5, 6.1035156e-5, 0.33325195, 0.99951172, 1, 1.00097656, 65504, inf, zero, -2, -inf, -5.9604645e-8}},
		{Name: "bf16", Shape: []int{3}, Data: []float32{1, 3.140625, -inf}},
	}}, got)

	path := filepath.Join(t.TempDir(), "theirs.safetensors")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	must[*File](t)(Read(path))
	if _, err := ReadChecked(path); err == nil || !strings.Contains(err.Error(), "checksum") || !strings.Contains(err.Error(), path) {
		t.Errorf("ReadChecked without checksum: want an error about it that names the file, got %v", err)
	}
	if v := half(0x7e00); v == v {
		t.Errorf("half 0x7e00: want no number, got %v", v)
	}
}

func TestEncodeErrors(t *testing.T) {
	one := func(name string, shape ...int) *File {
		return &File{Tensors: []Tensor{{Name: name, Shape: shape, Data: []float32{1}}}}
	}
	for want, f := range map[string]*File{
		"two tensors have this name":     {Tensors: append(one("a").Tensors, one("a").Tensors...)},
		`tensor ""`:                      one(""),
		"no tensor can have":             one("__metadata__"),
		"a name in UTF-8":                one("\xff"),
		"a name of at most":              one(strings.Repeat("x", maxName)),
		"want 2 elements":                one("a", 2),
		"want 0 elements":                one("a", 0),
		"want a shape of":                one("a", -1),
		"got [1000000000 1000000000]":    one("a", 1e9, 1e9),
		"at most 16 dimensions":          one("a", make([]int, 17)...),
		`"capas": the name is taken`:     {Metadata: map[string]string{"capas": "1"}},
		`"capas.sha256": the name is`:    {Metadata: map[string]string{"capas.sha256": ""}},
		`metadata "k": want UTF-8`:       {Metadata: map[string]string{"k": "\xff"}},
		"metadata: want names of":        {Metadata: map[string]string{strings.Repeat("x", maxName): ""}},
		"shapes and metadata of at most": {Metadata: map[string]string{"k": strings.Repeat("x", maxHeader)}},
		"at most 16384 tensors":          {Tensors: make([]Tensor, maxTensors+1)},
	} {
		if data, err := Encode(f); err == nil || !strings.Contains(err.Error(), want) || data != nil {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	path := filepath.Join(t.TempDir(), "none", "a.safetensors")
	for _, f := range []*File{one(""), one("a")} { // nothing to write; no directory
		if err := Write(path, f); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("want an error that names the file, got %v", err)
		}
	}
}

// 25 MB in a moment: an upper bound that no machine misses, and the time in the log.
func TestLargeFile(t *testing.T) {
	f := &File{Tensors: []Tensor{{Name: "W", Shape: []int{2500, 2500}, Data: make([]float32, 2500*2500)}}}
	for i := range f.Tensors[0].Data {
		f.Tensors[0].Data[i] = float32(i)
	}
	start := time.Now()
	data := must[[]byte](t)(Encode(f))
	encoded := time.Since(start)
	got := must[*File](t)(Decode(data))
	t.Logf("%d bytes encoded in %v, decoded in %v", len(data), encoded, time.Since(start)-encoded)
	if !slices.Equal(got.Tensors[0].Data, f.Tensors[0].Data) {
		t.Error("other numbers")
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("want a moment, took %v", d)
	}
}

// Writing takes no memory for the numbers: a checkpoint costs what it says about them.
func TestWriteTakesNoCopy(t *testing.T) {
	f := &File{Tensors: []Tensor{{Name: "W", Shape: []int{2500, 1000}, Data: make([]float32, 2500*1000)}}}
	path := filepath.Join(t.TempDir(), "large.safetensors")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := Write(path, f); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	const size, limit = 4 * 2500 * 1000, 1 << 20
	if n := after.TotalAlloc - before.TotalAlloc; n > limit {
		t.Errorf("a file of %d bytes: want at most %d bytes allocated, got %d", size, limit, n)
	}
}
