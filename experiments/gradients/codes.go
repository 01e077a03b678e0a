package main

import (
	"fmt"
	"math"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/datasets"
	"capas/train"

	G "gorgonia.org/gorgonia"
)

// standardise replaces the images by what layers make of them, each unit brought to
// mean 0 and standard deviation 1 over the training set. A unit that is the same for
// all of that stays at 0.
func standardise(layers []*blocks.Dense, data *datasets.Split) error {
	code := train.Mapper{Forward: func(x *G.Node) (*G.Node, error) {
		var c ops.Chain
		for _, d := range layers {
			x = c.Do(d.Forward(x))
		}
		return x, c.Err()
	}}
	var mean, scale []float64
	for _, set := range []**datasets.Set{&data.Train, &data.Validation, &data.Test} { // the first gives the measure
		x, err := code.Run((*set).X)
		if err != nil {
			return fmt.Errorf("codes of %s: %w", (*set).Name, err)
		}
		if mean == nil {
			mean, scale = columns(x.Float32s(), x.Shape()[0])
		}
		for i, v := range x.Float32s() {
			x.Float32s()[i] = float32((float64(v) - mean[i%len(mean)]) * scale[i%len(mean)])
		}
		if *set, err = (*set).WithX(x); err != nil {
			return fmt.Errorf("codes of %s: %w", (*set).Name, err)
		}
	}
	return nil
}

// columns are the means of the columns of x, a matrix of m rows, and one over their
// standard deviations, 0 where a column is constant.
func columns(x []float32, m int) (mean, scale []float64) {
	k := len(x) / m
	mean, scale = make([]float64, k), make([]float64, k)
	for i, v := range x {
		mean[i%k] += float64(v) / float64(m)
	}
	for i, v := range x {
		scale[i%k] += (float64(v) - mean[i%k]) * (float64(v) - mean[i%k]) / float64(m)
	}
	for j, v := range scale {
		if scale[j] = 0; math.Sqrt(v) > 1e-9*math.Abs(mean[j]) { // not just the rounding of the mean
			scale[j] = 1 / math.Sqrt(v)
		}
	}
	return mean, scale
}
