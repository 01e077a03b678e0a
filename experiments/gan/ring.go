package main

import (
	"math"
	"slices"

	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/random"
	"capas/train"

	"gorgonia.org/tensor"
)

// centre of a mode.
func (r Ring) centre(mode int) (x, y float64) {
	angle := 2 * math.Pi * float64(mode) / float64(r.Modes)
	return radius * math.Cos(angle), radius * math.Sin(angle)
}

// data are points of the ring, of its modes by turns.
func (r Ring) data(seed uint64) (*datasets.Set, error) {
	x, labels := make([]float32, 2*r.Points), make([]uint8, r.Points)
	random.New(seed).Split("ring").Normal(x)
	for i := range labels {
		labels[i] = uint8(i % r.Modes)
		cx, cy := r.centre(i % r.Modes)
		x[2*i], x[2*i+1] = float32(cx+r.SD*float64(x[2*i])), float32(cy+r.SD*float64(x[2*i+1]))
	}
	return datasets.NewSet("ring", tensor.New(tensor.WithShape(r.Points, 2), tensor.WithBacking(x)), labels, r.Modes, 0, 0)
}

// network returns the GAN of a variant with its first weights, which those of a seed share.
func (r Ring) network(variant string, seed uint64) (*models.GAN, error) {
	root := random.New(seed)
	a, err := models.NewGAN("ring", []int{r.Code, r.Units, r.Units, 2}, []int{2, r.Units, r.Units}, blocks.Numeric(), blocks.He(), root.Split("weights"))
	if err != nil {
		return nil, err
	}
	a.Noise = root.Split("noise")
	a.Loss, a.Penalty = r.loss(variant)
	return a, nil
}

// spread is how samples lie on the ring.
type spread struct {
	good  float64 // fraction of them
	modes int     // that are found
}

// nearest is the mode that is nearest to a point, and how far it is.
func (r Ring) nearest(x, y float64) (mode int, distance float64) {
	distance = math.Inf(1)
	for m := range r.Modes {
		if cx, cy := r.centre(m); math.Hypot(x-cx, y-cy) < distance {
			mode, distance = m, math.Hypot(x-cx, y-cy)
		}
	}
	return mode, distance
}

// judge says how points (n,2) lie on the ring.
func (r Ring) judge(points *tensor.Dense) spread {
	v := points.Float32s()
	n, counts, good := len(v)/2, make([]int, r.Modes), 0
	for i := range n {
		if m, d := r.nearest(float64(v[2*i]), float64(v[2*i+1])); d < goodWithin*r.SD {
			counts[m]++
			good++
		}
	}
	s := spread{good: float64(good) / float64(n)}
	for _, c := range counts {
		if float64(c) >= foundShare*float64(n)/float64(r.Modes) {
			s.modes++
		}
	}
	return s
}

// tile is a map of where points are, side×side cells of the square that holds the ring: the root of
// their number, so that few points can be seen beside many.
func tile(points []float32, side int) []float32 {
	const reach = 1.6 * radius
	out := make([]float32, side*side)
	for i := 0; i < len(points); i += 2 {
		x, y := int((float64(points[i])+reach)/(2*reach)*float64(side)), int((reach-float64(points[i+1]))/(2*reach)*float64(side))
		if x >= 0 && x < side && y >= 0 && y < side {
			out[y*side+x]++
		}
	}
	most := max(1, slices.Max(out))
	for i, v := range out {
		out[i] = float32(math.Sqrt(float64(v / most)))
	}
	return out
}

// samples are what a GAN makes of n codes of the given stream.
func samples(a *models.GAN, n int, s *random.Stream) (*tensor.Dense, error) {
	z := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(n, a.Generator.Inputs()))
	s.Normal(z.Float32s())
	return train.Map(z, a.Generate)
}
