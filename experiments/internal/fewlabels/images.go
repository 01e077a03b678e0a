package fewlabels

import (
	"slices"

	"capas/datasets"
	"capas/experiments/internal/trial"

	"gorgonia.org/tensor"
)

// Sample is a set's first n images in the order that the seed draws, balanced over the
// classes: smaller samples are the beginnings of larger ones. A set of n images or fewer
// is its own sample.
func Sample(set *datasets.Set, n int, seed uint64) (*datasets.Set, error) {
	if n >= set.Len() {
		n = 0
	}
	return trial.Images(set, n, seed)
}

// Repeated is a set of which each example is there so many times.
func Repeated(set *datasets.Set, times int) (*datasets.Set, error) {
	if times == 1 {
		return set, nil
	}
	x := slices.Repeat(set.X.Float32s(), times)
	dense := tensor.New(tensor.WithShape(times*set.Len(), set.Dim()), tensor.WithBacking(x))
	return datasets.NewSet(set.Name, dense, slices.Repeat(set.Labels, times), set.Classes, set.Height, set.Width)
}

// Others are test errors in percent that others measured with so many labels: of networks
// whose first weights were random, and of those that were pretrained.
type Others struct {
	Labels                 int
	RandomOne, RBM         float64 // one hidden layer, pretrained as a restricted Boltzmann machine
	RandomTwo, DeepMachine float64 // two, pretrained as a deep one
}

// Published are the errors of "yell", which pretrains by Boltzmann machines in Python, from
// its documentation, on MNIST: a restricted one of 1024 hidden units, 120 epochs of CD-1
// in batches of 10, and a deep one of 512 and 1024, both fine-tuned with Adam and early
// stopping, at different rates with and without pretraining.
func Published() []Others {
	return []Others{
		{60_000, 1.80, 1.27, 1.72, 1.32},
		{10_000, 5.27, 2.73, 5.50, 2.89},
		{1000, 11.29, 6.35, 10.86, 6.46},
		{100, 23.98, 18.30, 23.76, 16.21},
	}
}
