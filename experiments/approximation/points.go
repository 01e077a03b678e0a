package main

import (
	"fmt"
	"math"

	"capas/datasets"
	"capas/random"

	"gorgonia.org/tensor"
)

// points are places, a row of the variables each.
type points [][]float64

// line returns n places from lo to hi, both among them.
func line(lo, hi float64, n int) points {
	p := make(points, n)
	for i := range p {
		p[i] = []float64{lo + (hi-lo)*float64(i)/float64(n-1)}
	}
	return p
}

// between returns the middles of n equal parts of [lo,hi].
func between(lo, hi float64, n int) points {
	p := make(points, n)
	for i := range p {
		p[i] = []float64{lo + (hi-lo)*(float64(i)+0.5)/float64(n)}
	}
	return p
}

// square returns all pairs of places: y falls from row to row and x rises in each, so
// that its values are an image.
func square(axis points) points {
	var p points
	for i := range axis {
		for _, x := range axis {
			p = append(p, []float64{x[0], axis[len(axis)-1-i][0]})
		}
	}
	return p
}

// Sizes of the grids on which networks are measured. None has a point of the training
// grids, or few: they are chosen so that the error of a grid's mean is small beside that
// of the network.
const (
	denseLine = 2000 // places on [−1,1], and on both sides of it together
	denseSide = 64   // along each of two axes
)

// grids are the places of a function: where it is learned, where it is measured within
// the range of the data, and, of one variable, outside on [−2,−1] and [1,2].
func grids(f target, r Recipe) (learned, inside, outside points) {
	if f.variables == 2 {
		return square(line(-1, 1, r.Side)), square(between(-1, 1, denseSide)), nil
	}
	return line(-1, 1, r.Points), between(-1, 1, denseLine), append(between(-2, -1, denseLine/2), between(1, 2, denseLine/2)...)
}

// values of a function.
func (p points) values(f target) []float64 {
	out := make([]float64, len(p))
	for i, x := range p {
		out[i] = f.of(x)
	}
	return out
}

// tensor of the places (n,d), repeated.
func (p points) tensor(times int) *tensor.Dense {
	var flat []float32
	for range times {
		for _, x := range p {
			for _, v := range x {
				flat = append(flat, float32(v))
			}
		}
	}
	return tensor.New(tensor.WithShape(times*len(p), len(p[0])), tensor.WithBacking(flat))
}

// set makes a data set of places and the values there, each given so many times in turn.
func set(name string, p points, values []float64, times int) (*datasets.Set, error) {
	y := make(points, len(values))
	for i, v := range values {
		y[i] = []float64{v}
	}
	return datasets.NewNumericSet(name, p.tensor(times), y.tensor(times), 0, 0)
}

// sample is what is known of a noisy function: places at random and noisy values. kind
// tells the sample that is learned from the one that validates.
func sample(f target, r Recipe, kind string, seed uint64) (points, []float64) {
	n := r.NoisyPoints
	s := random.New(seed).Split("noisy " + kind)
	u, noise := make([]float32, n), make([]float32, n)
	s.Split("places").Uniform(u)
	s.Split("noise").Normal(noise)
	p, y := make(points, n), make([]float64, n)
	for i := range p {
		p[i] = []float64{2*float64(u[i]) - 1}
		y[i] = f.of(p[i]) + r.Noise*float64(noise[i])
	}
	return p, y
}

// rmse is the root of the mean squared difference.
func rmse(y, t []float64) float64 {
	if len(y) != len(t) {
		panic(fmt.Sprintf("approximation: %d values for %d places", len(y), len(t)))
	}
	var sum float64
	for i := range y {
		sum += (y[i] - t[i]) * (y[i] - t[i])
	}
	return math.Sqrt(sum / float64(len(y)))
}

// farthest is the greatest difference.
func farthest(y, t []float64) (most float64) {
	for i := range y {
		most = max(most, math.Abs(y[i]-t[i]))
	}
	return most
}
