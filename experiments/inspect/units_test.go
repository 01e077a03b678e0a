package main

import (
	"math"
	"path/filepath"
	"testing"

	"capas/blocks"
	"capas/models"
	"capas/random"
)

// TestSamplesOfUnits draws from machines without weights whose visible units are not binary:
// their means are known whatever the chain does.
func TestSamplesOfUnits(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "x.png")
	ramp, rampGrey := make([]float32, 784), make([]uint8, 784)
	peak, peakGrey := make([]float32, 784), make([]uint8, 784)
	for i := range ramp {
		ramp[i] = 100 + 7*float32(i%28) // of no image's scale
		rampGrey[i] = uint8(255*float64(i%28)/27 + 0.5)
		if i%4 == 1 {
			peak[i] = float32(math.Log(3)) // p = 3/6 in its group, beside three of 1/6
		}
		peakGrey[i] = uint8(255.0/6 + 0.5)
		if i%4 == 1 {
			peakGrey[i] = uint8(255.0/2 + 0.5)
		}
	}
	level, levelGrey := levels()
	for _, c := range []struct {
		visible, hidden models.Units
		bias            []float32
		want            []uint8
	}{
		{models.GaussianUnits(), models.BernoulliUnits(), ramp, rampGrey},
		{models.GaussianUnits(), models.RectifiedUnits(), ramp, rampGrey},
		{models.SoftmaxUnits(4), models.BernoulliUnits(), peak, peakGrey},
		{models.BernoulliUnits(), models.GaussianUnits(), level, levelGrey},
		{models.BernoulliUnits(), models.SoftmaxUnits(3), level, levelGrey},
	} {
		r := blank("r", 784, 3)
		r.C, r.VisibleUnits, r.HiddenUnits = param("r.c", c.bias, 784), c.visible, c.hidden
		succeed(t, "samples", saved(t, dir, "m", r), "-o", out, "-n", "4", "-steps", "2", "-start", "noise")
		img := decodePNG(t, out)
		scale := (img.Bounds().Dx() - 2 - 2*2) / (2 * 28)
		for tile := range 4 {
			for j, want := range c.want {
				if got := rgb(img, 2, scale, tile, j)[0]; int(got)-int(want) > 1 || int(want)-int(got) > 1 {
					t.Fatalf("%s and %s: tile %d, pixel %d: want %d, got %d", c.visible, c.hidden, tile, j, want, got)
				}
			}
		}
	}
}

// Noise is what the visible units are when they have seen nothing.
func TestNoise(t *testing.T) {
	const m, n = 2000, 6
	r := blank("r", n, 2)
	if err := r.SetVariance(4); err != nil {
		t.Fatal(err)
	}
	r.C = param("c", []float32{0, 10, -10, 1, 2, 3}, n)
	x := (&generator{inputs: n, visible: r}).noise(m, random.New(1)).Float32s()
	for i, c := range r.C.Value.Float32s() {
		sum, squares := 0.0, 0.0
		for row := range m {
			d := float64(x[row*n+i] - c)
			sum, squares = sum+d, squares+d*d
		}
		// Six standard errors: 2/√m of the mean, 4√(2/m) of the variance.
		if mean, variance := sum/m, squares/m; math.Abs(mean) > 6*2/math.Sqrt(m) || math.Abs(variance-4) > 6*4*math.Sqrt(2./m) {
			t.Errorf("gaussian unit %d: want mean %g and variance 4, got %g more and %g", i, c, mean, variance)
		}
	}
	r = blank("r", n, 2)
	r.VisibleUnits = models.SoftmaxUnits(3)
	x = (&generator{inputs: n, visible: r}).noise(m, random.New(1)).Float32s()
	counts := make([]int, n)
	for at := 0; at < len(x); at += 3 {
		on := 0
		for i, v := range x[at : at+3] {
			if v == 1 {
				on++
				counts[(at+i)%n]++
			} else if v != 0 {
				t.Fatalf("softmax unit: got %g", v)
			}
		}
		if on != 1 {
			t.Fatalf("%d units of a softmax group are on", on)
		}
	}
	for i, got := range counts { // six standard deviations of m draws of probability 1/3
		if math.Abs(float64(got)-m/3.) > 6*math.Sqrt(m*2/9.) {
			t.Errorf("softmax unit %d: on %d times of %d", i, got, m)
		}
	}
}

// TestReconstructionByLinearCode has autoencoders that halve what they see by a linear code:
// of white squares on black there are grey ones. A code squashed between 0 and 1 would not.
func TestReconstructionByLinearCode(t *testing.T) {
	W, half := make([]float32, 784*784), make([]float32, 784*784)
	for i := range 784 {
		W[785*i], half[785*i] = 8, 1./16
	}
	layer := func(name string, w []float32) *blocks.Dense {
		return &blocks.Dense{W: param(name+".W", w, 784, 784), B: zeros(name+".b", 784), F: blocks.Linear()}
	}
	data, dir := smallData(t), t.TempDir()
	out := filepath.Join(dir, "x.png")
	for name, model := range map[string]any{
		"deep": &models.DeepAutoencoder{Encoder: []*blocks.Dense{layer("up", W)}, Decoder: []*blocks.Dense{layer("down", half)}, Output: blocks.Numeric()},
		"one": &models.Autoencoder{W: param("a.W", W, 784, 784), B: zeros("a.b", 784), C: zeros("a.c", 784), Wr: param("a.Wr", half, 784, 784),
			F: blocks.Linear(), Output: blocks.Numeric()},
	} {
		succeed(t, "samples", saved(t, dir, name, model), "-o", out, "-n", "3", "-data-dir", data)
		img := decodePNG(t, out)
		scale := (img.Bounds().Dx() - 2 - 3*2) / (3 * 28)
		for tile := range 3 {
			for j := range 784 {
				above, below := rgb(img, 3, scale, tile, j)[0], rgb(img, 3, scale, tile+3, j)[0]
				if want := (int(above) + 1) / 2; int(below) != want {
					t.Fatalf("%s: image %d, pixel %d: want %d, half of %d, got %d", name, tile, j, want, above, below)
				}
			}
		}
	}
}
