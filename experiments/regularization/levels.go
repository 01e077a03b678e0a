package main

import (
	"fmt"
	"math"
)

// trials are the networks of all levels of methods with the fewest images.
func (x *experimenter) trials(methods []method) (all []spec) {
	for _, seed := range x.Seeds {
		for _, m := range methods {
			all = append(all, x.levels(spec{method: m, images: x.Recipe.Images[0], seed: seed})...)
		}
	}
	return all
}

// colorTrials are those for coloured digits.
func (x *experimenter) colorTrials() (all []spec) {
	for _, seed := range x.Seeds {
		for _, m := range []method{none, offsets} {
			all = append(all, x.levels(spec{method: m, color: true, images: x.Recipe.ColorImages, seed: seed})...)
		}
	}
	return all
}

// levels are a network at all levels of its method.
func (x *experimenter) levels(s spec) []spec {
	if s.method == none {
		return []spec{s}
	}
	var all []spec
	for s.level = range x.Recipe.levels() {
		all = append(all, s)
	}
	return all
}

// rest are the networks with more images, at the levels chosen.
func (x *experimenter) rest() (all []spec) {
	for _, n := range x.Recipe.Images[1:] {
		for _, seed := range x.Seeds {
			for _, m := range methods() {
				all = append(all, spec{m, false, n, x.chosen[m], seed})
			}
		}
	}
	return all
}

// choose finds the level with the smallest mean validation error of each method: the
// mildest of equal ones. Networks of other levels are forgotten.
func (x *experimenter) choose(methods []method) error {
	for _, m := range methods {
		least := math.Inf(1)
		for level := range x.Recipe.levels() {
			if e := x.tried(m, level); e < least {
				least, x.chosen[m] = e, level
			}
		}
		if math.IsInf(least, 1) {
			return fmt.Errorf("%s: want a level at which no training diverges, try a smaller -lr than %g", m, x.Recipe.Train.Optimizer.Rate.Start)
		}
		for s, o := range x.by {
			if s.method == m && s.level != x.chosen[m] {
				o.net = nil
			}
		}
	}
	return nil
}

// tried is the mean validation error over seeds of a level, NaN if a training diverged.
func (x *experimenter) tried(m method, level int) float64 {
	sum, images := 0.0, x.Recipe.Images[0]
	if m == offsets {
		images = x.Recipe.ColorImages
	}
	for _, seed := range x.Seeds {
		sum += x.by[spec{m, m == offsets, images, level, seed}].validation
	}
	return sum / float64(len(x.Seeds))
}
