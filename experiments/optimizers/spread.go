package main

import (
	"context"
	"math"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/datasets"
	"capas/random"
	"capas/train"

	G "gorgonia.org/gorgonia"
)

// maxBatches that gradients are measured of.
const maxBatches = 200

// gradients computes the gradient of a model's cost on batches of m examples, all
// parameters in one vector that the next call overwrites.
func gradients(model train.Model, m int) (func(b datasets.Batch) ([]float64, error), error) {
	o, err := model.Objective(m)
	if err != nil {
		return nil, err
	}
	leaves, err := blocks.Nodes(o.Cost.Graph(), model.Params())
	if err != nil {
		return nil, err
	}
	grads, err := autodiff.Grad(o.Cost, leaves...)
	if err != nil {
		return nil, err
	}
	f, err := autodiff.Compile(o.Inputs, grads, nil)
	if err != nil {
		return nil, err
	}
	var all []float64
	return func(b datasets.Batch) ([]float64, error) {
		if err := f.Run([]G.Value{b.X, b.T}[:len(o.Inputs)]...); err != nil {
			return nil, err
		}
		all = all[:0]
		for i := range grads {
			v, err := ops.Elements[float32](f.Output(i))
			if err != nil {
				return nil, err
			}
			for _, x := range v {
				all = append(all, float64(x))
			}
		}
		return all, nil
	}, nil
}

// betweenClasses is the share of the variance of single examples' gradients, summed over
// coordinates, that lies between the means of the classes: what balanced batches take away
// of the mean squared deviation, whatever their size (Cochran 1977, theorem 5.3). It is
// computed from all examples of the set, so that no draw of batches enters.
func betweenClasses(ctx context.Context, model train.Model, set *datasets.Set) (float64, error) {
	gradient, err := gradients(model, 1)
	if err != nil {
		return 0, err
	}
	batches, err := datasets.NewBatches(set, 1, datasets.BatchOptions{})
	if err != nil {
		return 0, err
	}
	sums, counts := make([][]float64, set.Classes), make([]float64, set.Classes)
	squares := 0.0 // of all examples' gradients
	batches.Epoch()
	for i, label := range set.Labels {
		if i%1000 == 0 && ctx.Err() != nil {
			return 0, ctx.Err()
		}
		b, _ := batches.Next()
		g, err := gradient(b)
		if err != nil {
			return 0, err
		}
		if sums[label] == nil {
			sums[label] = make([]float64, len(g))
		}
		counts[label]++
		for k, v := range g {
			sums[label][k] += v
			squares += v * v
		}
	}
	var mean []float64
	classes, n := 0.0, float64(set.Len()) // Σ n_c ‖g_c‖²
	for c, sum := range sums {
		for k, v := range sum {
			if mean == nil {
				mean = make([]float64, len(sum))
			}
			mean[k] += v / n
			classes += v * v / counts[c]
		}
	}
	norm := 0.0
	for _, v := range mean {
		norm += v * v
	}
	return (classes - n*norm) / (squares - n*norm), nil
}

// deviation is how far the gradients of batches are from that of the whole set, as a
// share of its norm: √(mean ‖g_batch − g‖²)/‖g‖, over the batches of an epoch, at most
// 200 of them.
func deviation(model train.Model, set *datasets.Set, batch int, balanced bool, order *random.Stream) (float64, error) {
	whole, err := datasets.NewBatches(set, set.Len(), datasets.BatchOptions{})
	if err != nil {
		return 0, err
	}
	whole.Epoch()
	all, _ := whole.Next()
	gradient, err := gradients(model, set.Len())
	if err != nil {
		return 0, err
	}
	full, err := gradient(all)
	if err != nil {
		return 0, err
	}
	if gradient, err = gradients(model, batch); err != nil {
		return 0, err
	}
	batches, err := datasets.NewBatches(set, batch, datasets.BatchOptions{Order: order, Balanced: balanced})
	if err != nil {
		return 0, err
	}
	batches.Epoch()
	var sum float64
	n := min(maxBatches, set.Len()/batch) // full ones
	for range n {
		b, _ := batches.Next()
		g, err := gradient(b)
		if err != nil {
			return 0, err
		}
		for i, v := range g {
			sum += (v - full[i]) * (v - full[i])
		}
	}
	var norm float64
	for _, v := range full {
		norm += v * v
	}
	return math.Sqrt(sum / float64(n) / norm), nil
}
