package datasets

import (
	"math"

	"capas/internal/kernels"
	"capas/random"
)

// elastic makes smooth random fields over an image of height·width pixels. Not for concurrent use.
type elastic struct {
	height, width int
	weights       []float32 // the Gaussian at −radius, …, radius; their sum is 1
	x, y          []float32 // the fields
	// One that is smoothed along rows. Its rows, and those of what it is made of, have gap zeros before them and behind the
	// last: so all rows are smoothed at once, and what a row takes from beyond its ends is 0.
	padded, rows []float32
	gap          int
}

func newElastic(height, width int, sigma float64) *elastic {
	radius := int(math.Ceil(3 * sigma))
	e := &elastic{height: height, width: width, weights: make([]float32, 2*radius+1)}
	e.x, e.y, e.gap = make([]float32, height*width), make([]float32, height*width), min(radius, width-1)
	e.padded = make([]float32, height*(width+e.gap)+e.gap)
	e.rows = make([]float32, len(e.padded))
	gaussian, sum := make([]float64, len(e.weights)), 0.0
	for i := range gaussian {
		t := float64(i-radius) / sigma
		gaussian[i] = math.Exp(-t * t / 2)
		sum += gaussian[i]
	}
	for i, v := range gaussian {
		e.weights[i] = float32(v / sum)
	}
	return e
}

// fields are two smooth fields, of two draws for each pixel; they hold until the next call.
func (e *elastic) fields(draw random.Draw) (x, y []float32) {
	n := e.height * e.width
	e.smooth(e.x, draw)
	e.smooth(e.y, draw.Skip(n))
	return e.x, e.y
}

// smooth fills field with uniform values in [−1, 1), convolved with the Gaussian.
func (e *elastic) smooth(field []float32, draw random.Draw) {
	draw.Uniform(field, 0)
	radius, h, w, stride := len(e.weights)/2, e.height, e.width, e.width+e.gap
	for y := range h {
		row := e.padded[e.gap+y*stride:]
		for x, u := range field[y*w : (y+1)*w] {
			row[x] = 2*u - 1
		}
	}
	clear(e.rows)
	inner := e.rows[e.gap : len(e.rows)-e.gap]
	for t := -e.gap; t <= e.gap; t++ {
		accumulate(inner, e.padded[e.gap+t:e.gap+t+len(inner)], e.weights[radius+t])
	}
	for y := range h {
		copy(e.padded[y*w:(y+1)*w], e.rows[e.gap+y*stride:]) // as an image, for the columns
	}
	clear(field)
	for t := -min(radius, h-1); t <= min(radius, h-1); t++ {
		from, to := max(0, t)*w, min(h, h+t)*w // of the image; field is t rows above
		accumulate(field[from-t*w:to-t*w], e.padded[from:to], e.weights[radius+t])
	}
	clear(e.padded)
}

// accumulate adds a·x to y, both rounded: the step of SGD, turned round.
func accumulate(y, x []float32, a float32) { kernels.SGD(y, y, x, -a, 0) }
