package main

import (
	"context"
	"math"

	"capas/experiments/lab/figure"
	"capas/random"

	"gorgonia.org/tensor"
)

// pictures are the images of a machine that the report shows.
type pictures struct {
	filters   [][]float32
	particles [][]float32   // of the persistent chains at β = 1; none for CD
	noise     [][][]float32 // by number of steps: chains from coin flips
	digits    [][]float32   // after all steps from validation images
}

// shownImages is the number of tiles in a row, and of the chains that are run.
const shownImages = 20

// snapshots are the numbers of Gibbs steps after which chains are shown: 0, 1, 10, 100, …
// and the last one.
func snapshots(steps int) []int {
	at := []int{0}
	for n := 1; n < steps; n *= 10 {
		at = append(at, n)
	}
	return append(at, steps)
}

// measure fills in what is known of a trained machine. Reversed chains begin at exact
// samples of the machine where there are such, which bounds log Z from above, and at test
// images where not, which bounds the likelihood of the annealed model from below.
func (x *runner) measure(ctx context.Context, m *machine, f *final) (err error) {
	s := random.New(m.seed).Split("final " + string(m.size) + " " + m.kind.key())
	start := x.binary.Test.X
	size, logZ := x.Recipe.final(m.size), 0.0
	f.logZ = math.NaN()
	if m.size == exact {
		if f.logZ, err = m.LogPartition(); err != nil {
			return err
		}
		if start, err = m.ExactSample(size.Chains, s.Split("exact samples")); err != nil {
			return err
		}
	} else {
		t, err := x.binary.Test.Take(min(size.Chains, x.binary.Test.Len()))
		if err != nil {
			return err
		}
		start = t.X
	}
	if f.forward, err = m.AIS(m.options(size, "forward", ctx.Err)); err != nil {
		return err
	}
	if f.reverse, err = m.ReverseAIS(start, m.options(size, "reverse", ctx.Err)); err != nil {
		return err
	}
	if logZ = f.logZ; m.size == large {
		logZ = f.forward.LogZ
	}
	for _, set := range []struct {
		images *tensor.Dense
		to     *float64
	}{{x.examples[m.seed].X, &f.training}, {x.binary.Validation.X, &f.validation}, {x.binary.Test.X, &f.test}} {
		energy, err := m.MeanFreeEnergy(set.images)
		if err != nil {
			return err
		}
		*set.to = -energy - logZ
	}
	f.data = -f.validation - logZ
	if f.pseudo, err = m.PseudoLikelihood(x.binary.Validation.X, s.Split("pseudo-likelihood")); err != nil {
		return err
	}
	if f.reconstruction, err = reconstruction(m.RBM, x.binary.Validation.X, s.Split("reconstruction")); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return x.generate(m, f, s)
}

// generate runs the chains that are shown.
func (x *runner) generate(m *machine, f *final, s *random.Stream) error {
	coins := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(shownImages, m.Visible()))
	s.Split("coins").Mask(coins.Float32s(), 0.5, 1)
	shown, last, err := chain(m.RBM, coins, snapshots(x.Recipe.Steps), s.Split("chains from noise"))
	if err != nil {
		return err
	}
	for _, images := range shown {
		f.shown.noise = append(f.shown.noise, rows(images, shownImages))
	}
	if f.noise, err = m.MeanFreeEnergy(last); err != nil {
		return err
	}
	digits, err := x.binary.Validation.Take(shownImages)
	if err != nil {
		return err
	}
	if shown, last, err = chain(m.RBM, digits.X, []int{x.Recipe.Steps}, s.Split("chains from digits")); err != nil {
		return err
	}
	f.shown.digits = rows(shown[0], shownImages)
	if f.digits, err = m.MeanFreeEnergy(last); err != nil {
		return err
	}
	if m.chains != nil {
		f.shown.particles = rows(m.chains.Value, shownImages)
	}
	f.shown.filters = figure.Columns(m.W.Value.Float32s(), m.Hidden(), shownImages)
	return nil
}

// rows copies the first rows of a matrix, at most so many.
func rows(x *tensor.Dense, most int) [][]float32 {
	n := x.Shape()[1]
	var out [][]float32
	for i := range min(most, x.Shape()[0]) {
		out = append(out, append([]float32(nil), x.Float32s()[i*n:(i+1)*n]...))
	}
	return out
}
