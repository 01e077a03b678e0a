package main

import (
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"capas/models"
)

// Memories of one pattern recall it, or its negative, from noise: 3×3 units, of which the
// middle is 1. With a bias for it, all do.
func TestSamplesOfMemories(t *testing.T) {
	pattern := []float32{-1, -1, -1, -1, 1, -1, -1, -1, -1}
	x, err := models.Patterns(pattern)
	if err != nil {
		t.Fatal(err)
	}
	hopfield, err := models.NewHopfield("h", 9)
	if err == nil {
		err = hopfield.StoreHebbian(x)
	}
	if err != nil {
		t.Fatal(err)
	}
	copy(hopfield.B.Value.Float32s(), pattern)
	dense, err := models.NewDenseHopfield("d", x, models.ExponentialInteraction(1))
	if err != nil {
		t.Fatal(err)
	}
	code, err := models.Patterns([]float32{1, -1, 1, 1})
	if err != nil {
		t.Fatal(err)
	}
	bam, err := models.NewBAM("b", 9, 4)
	if err == nil {
		err = bam.StoreHebbian(x, code)
	}
	if err != nil {
		t.Fatal(err)
	}
	for i := range pattern {
		bam.C.Value.Float32s()[i] = 10 * pattern[i]
	}
	dir := t.TempDir()
	out := filepath.Join(dir, "x.png")
	for name, model := range map[string]any{"hopfield": hopfield, "dense": dense, "bam": bam} {
		path := saved(t, dir, name, model)
		text := succeed(t, "samples", path, "-o", out, "-start", "noise", "-n", "1", "-steps", "9")
		if !strings.Contains(text, "1 sample after 9 steps from noise, seed 1") {
			t.Errorf("%s: %s", name, text)
		}
		f, err := os.Open(out)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		b := img.Bounds()
		for i, v := range pattern {
			r, _, _, _ := img.At(b.Min.X+(2*(i%3)+1)*b.Dx()/6, b.Min.Y+(2*(i/3)+1)*b.Dy()/6).RGBA()
			if bright := r > 0x8000; bright != (v > 0) {
				t.Errorf("%s: pixel %d: bright %t", name, i, bright)
			}
		}
	}
}
