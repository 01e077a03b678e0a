package datasets

import (
	"slices"
	"strings"
	"testing"

	"gorgonia.org/tensor"
)

// numeric is a set of n examples of 2 features whose two targets tell the example: 10·i and 10·i + 1.
func numeric(t testing.TB, n int) *Set {
	t.Helper()
	x, y := make([]float32, 2*n), make([]float32, 2*n)
	for i := range x {
		x[i], y[i] = float32(i), float32(10*(i/2)+i%2)
	}
	s, err := NewNumericSet("numbers", matrix(x, n, 2), matrix(y, n, 2), 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// checkNumeric tells whether targets are those of the examples with the given features.
func checkNumeric(t *testing.T, what string, x, y *tensor.Dense) {
	t.Helper()
	for i, v := range values(x) {
		if want := float32(10*(int(v)/2) + int(v)%2); values(y)[i] != want {
			t.Fatalf("%s: target %d is %g, want %g for the feature %g", what, i, values(y)[i], want, v)
		}
	}
}

func TestNumericSet(t *testing.T) {
	s := numeric(t, 7)
	if s.Len() != 7 || s.Dim() != 2 || s.Outputs() != 2 || s.Classes != 0 || s.Labels != nil || s.OneHot() != nil || s.T() != s.Targets || len(s.ClassCounts()) != 0 {
		t.Errorf("%d examples of %d, %d outputs, %d classes, counts %v", s.Len(), s.Dim(), s.Outputs(), s.Classes, s.ClassCounts())
	}
	view, err := s.View(2, 5)
	if err != nil || view.Len() != 3 || view.Width != 2 || &values(view.Targets)[0] != &values(s.Targets)[4] {
		t.Fatalf("view: %+v, %v", view, err)
	}
	checkNumeric(t, "view", view.X, view.Targets)
	for _, stream := range []int{0, 1} {
		sample, err := s.Sample(5, nil)
		if stream == 1 {
			sample, err = s.Sample(5, newStream(3))
		}
		if err != nil || sample.Len() != 5 {
			t.Fatalf("sample: %v, %v", sample, err)
		}
		checkNumeric(t, "sample", sample.X, sample.Targets)
		first := values(sample.X)
		for i := range 5 {
			for j := range i {
				if first[2*i] == first[2*j] {
					t.Errorf("example %g is twice in a sample", first[2*i])
				}
			}
		}
	}
	codes, err := s.WithX(matrix(make([]float32, 21), 7, 3))
	if err != nil || codes.Targets != s.Targets || codes.Dim() != 3 || codes.Height != 0 {
		t.Errorf("other features: %+v, %v", codes, err)
	}
	other := numeric(t, 7)
	if s.Checksum() != other.Checksum() {
		t.Error("equal sets have other checksums")
	}
	changed := slices.Clone(values(s.Targets))
	changed[13]++
	if c, err := NewNumericSet("numbers", s.X, matrix(changed, 7, 2), 1, 2); err != nil || c.Checksum() == s.Checksum() {
		t.Errorf("a target is another, the checksum is not; %v", err)
	}
}

func TestNumericBatches(t *testing.T) {
	s := numeric(t, 7)
	for _, opts := range []BatchOptions{{}, {Order: newStream(5)}} {
		b := mustBatches(t, s, 3, opts)
		for range 2 {
			seen := 0
			b.Epoch()
			for batch, ok := b.Next(); ok; batch, ok = b.Next() {
				if m := batch.Len(); batch.Labels != nil || !slices.Equal(batch.T.Shape(), []int{m, 2}) || len(batch.Index) != m {
					t.Fatalf("batch of %d: T %v, labels %v", m, batch.T.Shape(), batch.Labels)
				}
				checkNumeric(t, "batch", batch.X, batch.T)
				seen += batch.Len()
			}
			if seen != 7 {
				t.Errorf("%d examples in an epoch", seen)
			}
		}
	}
	if _, err := NewBatches(s, 3, BatchOptions{Balanced: true}); err == nil || !strings.Contains(err.Error(), "wanted classes to balance, found numeric targets") {
		t.Errorf("balanced: error %v", err)
	}
}

func TestNewNumericSetErrors(t *testing.T) {
	x := func() *tensor.Dense { return matrix(make([]float32, 6), 3, 2) }
	for _, test := range []struct {
		name          string
		x, targets    *tensor.Dense
		height, width int
		want          string
	}{
		{"no features", nil, x(), 0, 0, "wanted features, found none"},
		{"no targets", x(), nil, 0, 0, "wanted targets, found none"},
		{"three dimensions", tensor.New(tensor.WithShape(3, 2, 1), tensor.WithBacking(make([]float32, 6))), x(), 0, 0, "found (3, 2, 1)"},
		{"fewer targets", x(), matrix(make([]float32, 4), 2, 2), 0, 0, "wanted targets of shape (3, d) for 3 examples, at least one of each, found (2, 2)"},
		{"float64", x(), tensor.New(tensor.WithShape(3, 2), tensor.WithBacking(make([]float64, 6))), 0, 0, "wanted float32 targets"},
		{"image size", x(), x(), 2, 2, "wanted height·width = 2, found 2·2"},
		{"an image size that overflows", x(), x(), 1 << 62, 1 << 62, "wanted height·width = 2"},
	} {
		if _, err := NewNumericSet("x", test.x, test.targets, test.height, test.width); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
}
