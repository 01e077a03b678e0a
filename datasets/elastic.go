package datasets

import (
	"math"

	"capas/random"
)

// elastic makes smooth random fields over an image of height·width pixels. Not for concurrent use.
type elastic struct {
	height, width int
	weights       []float32 // the Gaussian at −radius, …, radius; their sum is 1
	x, y, rows    []float32 // the fields, and one that is smoothed along rows
}

func newElastic(height, width int, sigma float64) *elastic {
	radius := int(math.Ceil(3 * sigma))
	e := &elastic{height: height, width: width, weights: make([]float32, 2*radius+1)}
	e.x, e.y, e.rows = make([]float32, height*width), make([]float32, height*width), make([]float32, height*width)
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
	for i, u := range field {
		field[i] = 2*u - 1
	}
	radius, w := len(e.weights)/2, e.width
	clear(e.rows)
	for lo := 0; lo < len(field); lo += w {
		in, out := field[lo:lo+w], e.rows[lo:lo+w]
		for t := -min(radius, w-1); t <= min(radius, w-1); t++ {
			from, to := max(0, t), min(w, w+t) // of in; out is t to the left
			accumulate(out[from-t:to-t], in[from:to], e.weights[radius+t])
		}
	}
	clear(field)
	h := e.height
	for t := -min(radius, h-1); t <= min(radius, h-1); t++ {
		from, to := max(0, t)*w, min(h, h+t)*w // of rows; field is t rows above
		accumulate(field[from-t*w:to-t*w], e.rows[from:to], e.weights[radius+t])
	}
}

// accumulate adds a·x to y.
func accumulate(y, x []float32, a float32) {
	x = x[:len(y)]
	for i, v := range x {
		y[i] += a * v
	}
}
