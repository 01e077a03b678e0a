package datasets

import (
	"fmt"
	"slices"

	"capas/random"
)

// Sample copies a class-balanced subset of n examples: for smoke runs and for learning from few labels.
//
// The examples of each class are shuffled (Fisher–Yates, from stream) and dealt in rounds, one of each class that has
// any left, the classes of a round in a random order. Class counts therefore differ by at most 1 as long as no class
// runs out, in the subset and in each of its prefixes. A nil stream draws nothing: the first examples of each class,
// classes in ascending order. A set with numeric targets counts as one
// class. 1 ≤ n ≤ Len(), else an error.
func (s *Set) Sample(n int, stream *random.Stream) (*Set, error) {
	if n < 1 || n > s.Len() {
		return nil, fmt.Errorf("datasets: sample of %q: wanted 1 to %d examples, found %d", s.Name, s.Len(), n)
	}
	index := s.deal(n, stream)
	d := s.Dim()
	features := make([]float32, n*d)
	for i, from := range index {
		copy(features[i*d:(i+1)*d], s.features[from*d:(from+1)*d])
	}
	if s.Targets != nil {
		k := s.Outputs()
		targets := make([]float32, n*k)
		for i, from := range index {
			copy(targets[i*k:(i+1)*k], s.targets[from*k:(from+1)*k])
		}
		return NewNumericSet(s.Name, matrix(features, n, d), matrix(targets, n, k), s.Height, s.Width)
	}
	labels := make([]uint8, n)
	for i, from := range index {
		labels[i] = s.Labels[from]
	}
	return NewColorSet(s.Name, matrix(features, n, d), labels, s.Classes, s.Channels, s.Height, s.Width)
}

// deal returns the indices of Sample, in the order dealt.
func (s *Set) deal(n int, stream *random.Stream) []int {
	if s.Targets != nil {
		index := make([]int, s.Len())
		for i := range index {
			index[i] = i
		}
		shuffle(index, stream)
		return index[:n]
	}
	groups := newClassGroups(s)
	groups.reset(stream)
	classes := make([]int, s.Classes)
	for c := range classes {
		classes[c] = c
	}
	index := make([]int, 0, n)
	for len(index) < n {
		classes = slices.DeleteFunc(classes, groups.empty)
		shuffle(classes, stream)
		for _, c := range classes[:min(len(classes), n-len(index))] {
			index = append(index, groups.take(c))
		}
	}
	return index
}
