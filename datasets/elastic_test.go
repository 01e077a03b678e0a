package datasets

import (
	"math"
	"testing"
)

// A field is the convolution of the draw with a Gaussian in two dimensions, computed here at every place by its formula.
func TestElasticFieldIsAConvolution(t *testing.T) {
	const height, width, sigma = 9, 13, 1.5
	e := newElastic(height, width, sigma)
	draw := newStream(6).Reserve(0)
	x, y := e.fields(draw)
	u := make([]float32, 2*height*width)
	draw.Uniform(u, 0)
	const radius = 5 // ⌈3σ⌉
	sum := 0.0
	for dy := -radius; dy <= radius; dy++ {
		for dx := -radius; dx <= radius; dx++ {
			sum += math.Exp(-float64(dx*dx+dy*dy) / (2 * sigma * sigma))
		}
	}
	for f, field := range [][]float32{x, y} {
		for i, got := range field {
			want := 0.0
			for j, v := range u[f*height*width : (f+1)*height*width] {
				dx, dy := j%width-i%width, j/width-i/width
				if max(dx, -dx, dy, -dy) <= radius {
					want += (2*float64(v) - 1) * math.Exp(-float64(dx*dx+dy*dy)/(2*sigma*sigma)) / sum
				}
			}
			if math.Abs(float64(got)-want) > 1e-6 {
				t.Fatalf("field %d at %d: %g, want %g", f, i, got, want)
			}
		}
	}
}

// An elastic distortion moves pixels by about α/(σ√(12π)), the standard deviation of a smoothed field: 1.4 pixels for the
// values of Simard et al. Measured on a ramp, on which a displacement is seen as a difference of brightness.
func TestElasticDisplacement(t *testing.T) {
	const side, n, alpha, sigma = 61, 40, 34.0, 4.0
	ramp := make([]float32, n*side*side)
	for i := range ramp {
		ramp[i] = float32(i % side)
	}
	s, err := NewSet("ramp", matrix(ramp, n, side*side), make([]uint8, n), 1, side, side)
	if err != nil {
		t.Fatal(err)
	}
	b := mustBatches(t, s, n, BatchOptions{Order: newStream(8), Augment: &Augmentation{Elastic: alpha}})
	b.Epoch()
	batch, _ := b.Next()
	var squares, count float64
	for i, v := range values(batch.X) {
		if x, y := i%side, i/side%side; min(x, y) >= 15 && max(x, y) < side-15 {
			d := float64(v) - float64(x)
			squares += d * d
			count++
		}
	}
	if got, want := math.Sqrt(squares/count), alpha/(sigma*math.Sqrt(12*math.Pi)); math.Abs(got/want-1) > 0.05 {
		t.Errorf("pixels move by %.3f along an axis, want %.3f", got, want)
	}
}
