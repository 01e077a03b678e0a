package datasets

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/tensor"
)

// tiny is a set of n examples with the given labels and d features; feature j of example i is 100·i + j.
func tiny(t testing.TB, labels []uint8, classes, d int) *Set {
	t.Helper()
	features := make([]float32, len(labels)*d)
	for i := range features {
		features[i] = float32(100*(i/d) + i%d)
	}
	s, err := NewSet("tiny", matrix(features, len(labels), d), labels, classes, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func values(x *tensor.Dense) []float32 { return x.Data().([]float32) }

// sameMemory tells whether both tensors begin at the same address.
func sameMemory(a, b *tensor.Dense) bool { return &values(a)[0] == &values(b)[0] }

func TestViewSharesMemory(t *testing.T) {
	s := tiny(t, []uint8{0, 1, 2, 0, 1}, 3, 4)
	v, err := s.View(1, 4)
	if err != nil {
		t.Fatal(err)
	}
	if v.Len() != 3 || v.Dim() != 4 || !slices.Equal(v.X.Shape(), []int{3, 4}) || !slices.Equal(v.Labels, []uint8{1, 2, 0}) {
		t.Errorf("view: %d examples, shape %v, labels %v", v.Len(), v.X.Shape(), v.Labels)
	}
	if &values(v.X)[0] != &values(s.X)[4] || &v.Labels[0] != &s.Labels[1] {
		t.Error("the view is a copy")
	}
	first, err := s.Take(2)
	if err != nil || first.Len() != 2 || !sameMemory(first.X, s.X) {
		t.Errorf("Take(2) = %v examples, %v; want 2 over the same memory", first, err)
	}
	for _, r := range [][2]int{{-1, 2}, {2, 2}, {3, 2}, {0, 6}} {
		if _, err := s.View(r[0], r[1]); err == nil {
			t.Errorf("View(%d, %d) of 5: no error", r[0], r[1])
		}
	}
}

func TestOneHot(t *testing.T) {
	s := tiny(t, []uint8{2, 0, 2}, 3, 1)
	want := []float32{0, 0, 1, 1, 0, 0, 0, 0, 1}
	if got := s.OneHot(); !slices.Equal(values(got), want) || !slices.Equal(got.Shape(), []int{3, 3}) {
		t.Errorf("targets %v of shape %v, want %v", values(got), got.Shape(), want)
	}
	if s.OneHot() != s.OneHot() {
		t.Error("computed twice")
	}
	if got := s.ClassCounts(); !slices.Equal(got, []int{1, 0, 2}) {
		t.Errorf("class counts %v, want [1 0 2]", got)
	}
}

func TestWithX(t *testing.T) {
	s := tiny(t, []uint8{2, 0, 2}, 3, 4)
	codes := matrix([]float32{1, 2, 3}, 3, 1)
	c, err := s.WithX(codes)
	if err != nil || c.X != codes || c.Dim() != 1 || &c.Labels[0] != &s.Labels[0] {
		t.Fatalf("WithX: %+v, %v", c, err)
	}
	if _, err := s.WithX(matrix([]float32{1, 2}, 2, 1)); err == nil {
		t.Error("two codes for three labels: no error")
	}
}

func TestNewSetErrors(t *testing.T) {
	ok := func() *tensor.Dense { return matrix(make([]float32, 6), 3, 2) }
	transposed := matrix(make([]float32, 6), 2, 3)
	if err := transposed.T(); err != nil {
		t.Fatal(err)
	}
	columns, err := matrix(make([]float32, 12), 3, 4).Slice(nil, tensor.S(0, 2))
	if err != nil {
		t.Fatal(err)
	}
	double := tensor.New(tensor.WithShape(3, 2), tensor.WithBacking(make([]float64, 6)))
	cube := tensor.New(tensor.WithShape(3, 2, 1), tensor.WithBacking(make([]float32, 6)))
	labels := []uint8{0, 1, 0}
	for _, test := range []struct {
		name                   string
		x                      *tensor.Dense
		labels                 []uint8
		classes, height, width int
		want                   string
	}{
		{"no features", nil, labels, 2, 0, 0, "wanted features"},
		{"no examples", ok(), nil, 2, 0, 0, "for 0 labels"},
		{"fewer labels", ok(), labels[:2], 2, 0, 0, "(2, d) for 2 labels, at least one of each, found (3, 2)"},
		{"three dimensions", cube, labels, 2, 0, 0, "found (3, 2, 1)"},
		{"float64", double, labels, 2, 0, 0, "wanted float32 features, found float64"},
		{"transposed", transposed, labels, 2, 0, 0, "contiguous"},
		{"columns of a wider matrix", columns.(*tensor.Dense), labels, 2, 0, 0, "contiguous"},
		{"label beyond the classes", ok(), []uint8{0, 2, 0}, 2, 0, 0, "label 1: wanted less than 2, found 2"},
		{"no classes", ok(), labels, 0, 0, 0, "wanted 1 to 256 classes, found 0"},
		{"image size", ok(), labels, 2, 2, 2, "wanted height·width = 2, found 2·2"},
		{"negative image size", ok(), labels, 2, -1, -2, "found -1·-2"},
	} {
		_, err := NewSet("x", test.x, test.labels, test.classes, test.height, test.width)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
}

// spread is the largest difference between class counts.
func spread(counts []int) int { return slices.Max(counts) - slices.Min(counts) }

func TestSample(t *testing.T) {
	// Class sizes 2, 7, 11: class 0 runs out after two rounds.
	labels := slices.Concat(slices.Repeat([]uint8{0}, 2), slices.Repeat([]uint8{1}, 7), slices.Repeat([]uint8{2}, 11))
	s := tiny(t, labels, 3, 2)
	for _, test := range []struct {
		n    int
		want []int // ascending
	}{
		{1, []int{0, 0, 1}}, {5, []int{1, 2, 2}}, {6, []int{2, 2, 2}}, {10, []int{2, 4, 4}}, {20, []int{2, 7, 11}},
	} {
		sample, err := s.Sample(test.n, newStream(3))
		if err != nil {
			t.Fatal(err)
		}
		counts := sample.ClassCounts()
		slices.Sort(counts)
		if !slices.Equal(counts, test.want) {
			t.Errorf("Sample(%d): class counts %v, want %v in some order", test.n, counts, test.want)
		}
		seen := map[float32]bool{}
		for i := range sample.Len() {
			row := values(sample.X)[2*i : 2*i+2]
			from := int(row[0]) / 100
			if row[1] != row[0]+1 || sample.Labels[i] != labels[from] {
				t.Errorf("row %v with label %d is no example of the set", row, sample.Labels[i])
			}
			seen[row[0]] = true
		}
		if len(seen) != test.n {
			t.Errorf("Sample(%d): %d different examples", test.n, len(seen))
		}
	}
	text := func(seed uint64) string {
		sample, err := s.Sample(9, newStream(seed))
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(values(sample.X))
	}
	if text(1) != text(1) || text(1) == text(2) {
		t.Error("a sample must be a function of the seed")
	}
	first, err := s.Sample(4, nil)
	if err != nil || !slices.Equal(values(first.X), []float32{0, 1, 200, 201, 900, 901, 100, 101}) {
		t.Errorf("without generator: %v, %v; want examples 0, 2, 9, 1", values(first.X), err)
	}
	for _, n := range []int{-1, 0, 21} {
		if _, err := s.Sample(n, nil); err == nil {
			t.Errorf("Sample(%d) of 20: no error", n)
		}
	}
}

// The checksum is that of the format's definition, and every part of a set counts.
func TestChecksum(t *testing.T) {
	set := func(x []float32, labels []uint8, classes, height, width int) *Set {
		s, err := NewSet("s", matrix(x, len(labels), len(x)/len(labels)), labels, classes, height, width)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	// A bit-by-bit CRC-32C in Python of b"2 2 3 1 2;" + bytes([0, 2]) + struct.pack("<4f", 0, 1, 0.5, -2).
	base := set([]float32{0, 1, 0.5, -2}, []uint8{0, 2}, 3, 1, 2)
	if got, want := base.Checksum(), uint32(0xde37bda6); got != want {
		t.Errorf("got %#08x, want %#08x", got, want)
	}
	for name, other := range map[string]*Set{
		"feature": set([]float32{0, 1, 0.5, 2}, []uint8{0, 2}, 3, 1, 2),
		"label":   set([]float32{0, 1, 0.5, -2}, []uint8{0, 1}, 3, 1, 2),
		"classes": set([]float32{0, 1, 0.5, -2}, []uint8{0, 2}, 4, 1, 2),
		"shape":   set([]float32{0, 1, 0.5, -2}, []uint8{0, 2}, 3, 2, 1),
	} {
		if other.Checksum() == base.Checksum() {
			t.Errorf("%s: equal checksums", name)
		}
	}
}
