package main

import (
	"bytes"
	"image/png"
	"os"
	"slices"
	"testing"

	"capas/datasets"
	"capas/random"
)

// TestSheet: every family that can be generated is there with all its classes, and the
// tiles are its examples.
func TestSheet(t *testing.T) {
	var names []string
	for _, f := range families() {
		names = append(names, f.name)
	}
	if slices.Sort(names); !slices.Equal(names, datasets.GeneratedNames()) {
		t.Fatalf("families %v, want %v", names, datasets.GeneratedNames())
	}
	data, err := sheet(t.Context(), random.New(1))
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	top := 0
	for _, f := range families() {
		split, err := datasets.Generate(t.Context(), f.name, random.New(1), datasets.GenerateOptions{Train: 40 * columns, Validation: 1, Test: 1})
		if err != nil {
			t.Fatal(err)
		}
		s := split.Train
		if n := len(f.rows); n != s.Classes && f.rows[0].class >= 0 {
			t.Errorf("%s: %d rows for %d classes", f.name, n, s.Classes)
		}
		// The first tile of the last row is the first example of the last class, or of class 0.
		class := max(f.rows[len(f.rows)-1].class, 0)
		i := slices.Index(s.Labels, uint8(class))
		left, y := labels+(cell-2*s.Width)/2, top+(len(f.rows)-1)*cell+(cell-2*s.Height)/2
		for j, v := range s.X.Float32s()[i*s.Dim() : (i+1)*s.Dim()] {
			p := j % (s.Height * s.Width) // channel by channel
			r, g, b, _ := img.At(left+2*(p%s.Width)+1, y+2*(p/s.Width)+1).RGBA()
			if got := []uint32{r, g, b}[j/(s.Height*s.Width)]; got != 0x101*uint32(255*v+0.5) {
				t.Fatalf("%s, class %d, value %d: got %#x for %v", f.name, class, j, got, v)
			}
		}
		top += len(f.rows)*cell + familyGap
	}
	committed, err := os.ReadFile("../../docs/generated.png")
	if err != nil {
		t.Fatal(err)
	}
	size, err := png.DecodeConfig(bytes.NewReader(committed))
	if err != nil || size.Width != img.Bounds().Dx() || size.Height != img.Bounds().Dy() || len(committed) > 100_000 {
		t.Errorf("docs/generated.png: %d bytes, %d×%d, %v; want at most 100,000 and %v", len(committed), size.Width, size.Height, err, img.Bounds())
	}
}
