package main

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"

	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
)

// experimenter trains the networks of the variants.
type experimenter struct {
	*lab.Run[Recipe]
	data *datasets.Split
	// images are the training images by seed.
	images map[uint64]*datasets.Set
	// tried are the layers of the first seed, by variant and level, and chosen those of all
	// seeds at the level and rate that were chosen.
	tried  map[variant][]*outcome
	choice map[variant]choice
	chosen map[variant][]result
	// drawn are the files of the bar charts: those that have something to show.
	drawn map[string]bool
}

// choice is a level, counted from 0, and a rate.
type choice struct {
	level int
	rate  float64
}

// result is a layer at the level and rate that were chosen, with its classifier.
type result struct {
	*outcome
	tuned
	// train and test are the classifier's errors, in fractions.
	train, test, testLoss float64
	// restored is the squared error per image of the reconstruction of corrupted images;
	// NaN for what reconstructs nothing.
	restored float64
}

// run runs the parts, their networks side by side. All levels and rates are tried with the
// first seed; the deep autoencoder trains meanwhile.
func run(ctx context.Context, r *lab.Run[Recipe]) error {
	data, err := datasets.Load(ctx, r.Data, datasets.Options{Dir: r.DataDir, Download: r.Download})
	if err != nil {
		return err
	}
	if r.Recipe.Images > data.Train.Len() {
		return fmt.Errorf("images: want at most the %d training images that there are, got %d", data.Train.Len(), r.Recipe.Images)
	}
	var jobs []lab.Job
	report := func() error { return nil }
	if r.Recipe.has(deepPart) {
		if jobs, report, err = deepJobs(r, data); err != nil {
			return err
		}
	}
	if !r.Recipe.has(variantsPart) {
		if err := r.Parallel(ctx, runtime.GOMAXPROCS(0), jobs); err != nil {
			return err
		}
		return report()
	}
	x := &experimenter{Run: r, data: data, images: map[uint64]*datasets.Set{}, tried: map[variant][]*outcome{},
		choice: map[variant]choice{}, chosen: map[variant][]result{}, drawn: map[string]bool{}}
	if err := x.variants(ctx, jobs); err != nil {
		return err
	}
	if err := x.report(); err != nil {
		return err
	}
	return report()
}

// variants tries all levels and rates with the first seed, beside the jobs of the other
// part, trains the chosen ones with the other seeds, and reads the test set.
func (x *experimenter) variants(ctx context.Context, others []lab.Job) (err error) {
	for _, seed := range x.Seeds {
		if x.images[seed], err = trial.Images(x.data.Train, x.Recipe.Images, seed); err != nil {
			return err
		}
	}
	var first, rest []spec
	for _, v := range x.Recipe.Variants {
		for level := range max(1, len(x.Recipe.levels(v))) {
			first = append(first, spec{v, level, x.Seeds[0]})
		}
		for _, seed := range x.Seeds[1:] {
			rest = append(rest, spec{variant: v, seed: seed}) // the level comes later
		}
	}
	rates := func(spec) []float64 { return x.Recipe.Rates }
	x.expect(first, rest, others)
	done, err := x.train(ctx, first, rates, others)
	if err != nil {
		return err
	}
	for _, o := range done {
		x.tried[o.variant] = append(x.tried[o.variant], o)
	}
	if err := x.choose(); err != nil {
		return err
	}
	for i := range rest {
		rest[i].level = x.choice[rest[i].variant].level
	}
	more, err := x.train(ctx, rest, func(s spec) []float64 { return []float64{x.choice[s.variant].rate} }, nil)
	if err != nil {
		return err
	}
	return x.measure(ctx, slices.Concat(done, more))
}

// expect announces the work of both phases.
func (x *experimenter) expect(first, rest []spec, others []lab.Job) {
	var units int64
	for _, j := range others {
		units += j.Units
	}
	for _, s := range first {
		units += x.units(s, x.Recipe.Rates)
	}
	for _, s := range rest {
		units += x.units(s, x.Recipe.Rates[:1])
	}
	x.Progress.Expect(units)
}

func (x *experimenter) units(s spec, rates []float64) int64 {
	epochs, work := x.work(s, rates)
	return trial.Trial{Epochs: epochs, Work: work}.Units()
}

// train trains layers, side by side with other jobs.
func (x *experimenter) train(ctx context.Context, specs []spec, rates func(spec) []float64, others []lab.Job) ([]*outcome, error) {
	outcomes, jobs := make([]*outcome, len(specs)), others
	for i, s := range specs {
		jobs = append(jobs, lab.Job{Name: fmt.Sprintf("seed %d %s", s.seed, x.Recipe.run(s)), Units: x.units(s, rates(s)), Run: func(ctx context.Context, t *lab.Task) (err error) {
			outcomes[i], err = x.learn(ctx, t, s, rates(s))
			return err
		}})
	}
	return outcomes, x.Parallel(ctx, runtime.GOMAXPROCS(0), jobs)
}

// choose finds the level and the rate with the smallest validation error of each variant:
// the mildest level and then the lowest rate of equal ones.
func (x *experimenter) choose() error {
	for _, v := range x.Recipe.Variants {
		least := math.Inf(1)
		for level, o := range x.tried[v] {
			for _, t := range o.tuned {
				if e := t.validation(); e < least {
					least, x.choice[v] = e, choice{level, t.rate}
				}
			}
		}
		if math.IsInf(least, 1) {
			return fmt.Errorf("%s: want a level and a rate at which no training diverges, try smaller ones than -rates %v", v, x.Recipe.Rates)
		}
	}
	return nil
}
