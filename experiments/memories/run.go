package main

import (
	"context"
	"fmt"
	"runtime"

	"capas/datasets"
	"capas/experiments/lab"
	"capas/random"

	"gorgonia.org/tensor"
)

// results are what all jobs found, by seed in the run's order.
type results struct {
	digits   []*digitsResult
	energy   []*energyResult
	capacity map[int][]*capacityResult
	layers   map[int][]*curve
	dense    map[rule][]*denseResult
	pairs    []*pairsResult
}

// job measures for one seed.
type job struct {
	run  *lab.Run[Recipe]
	data *datasets.Split
	// sets are the digits that are stored, by seed: fewer are the first of more.
	sets map[uint64]*datasets.Set
	seed uint64
}

// images are the first k of the seed's digits, as units −1 or 1.
func (j *job) images(k int) (*tensor.Dense, error) {
	set, err := j.sets[j.seed].Take(k)
	if err != nil {
		return nil, err
	}
	return binarised(set.X), nil
}

// run measures everything for every seed, as much at a time as there are processors, and
// reports. Nothing is trained, and nothing is kept for a run that is resumed: it takes
// minutes.
func run(ctx context.Context, r *lab.Run[Recipe]) error {
	data, err := datasets.Load(ctx, r.Data, datasets.Options{Dir: r.DataDir, Download: r.Download})
	if err != nil {
		return err
	}
	c := r.Recipe
	count := len(r.Seeds)
	out := &results{
		digits: make([]*digitsResult, count), energy: make([]*energyResult, count), pairs: make([]*pairsResult, count),
		capacity: map[int][]*capacityResult{}, layers: map[int][]*curve{}, dense: map[rule][]*denseResult{},
	}
	sets := map[uint64]*datasets.Set{}
	for _, seed := range r.Seeds {
		// An equal number of all classes in any first of them.
		if sets[seed], err = data.Train.Sample(max(last(c.Digits), last(c.Many), c.Stored, last(c.Pairs)), random.New(seed).Split("stored")); err != nil {
			return err
		}
	}
	var jobs []lab.Job
	for i, seed := range r.Seeds {
		j := &job{run: r, data: data, sets: sets, seed: seed}
		add := func(name string, units int64, run func(ctx context.Context, t *lab.Task) error) {
			jobs = append(jobs, lab.Job{Name: fmt.Sprintf("seed %d %s", seed, name), Units: units, Run: run})
		}
		add("digits", int64(len(digitRules())), func(ctx context.Context, t *lab.Task) (err error) {
			out.digits[i], err = j.digits(ctx, t)
			return err
		})
		add("energies", 3, func(ctx context.Context, t *lab.Task) (err error) {
			out.energy[i], err = j.energies(ctx, t)
			return err
		})
		add("pairs of digits and codes", int64(len(pairRules())), func(ctx context.Context, t *lab.Task) (err error) {
			out.pairs[i], err = j.pairs(ctx, t)
			return err
		})
		for _, n := range c.Units {
			all := slot(out.capacity, n, count)
			add(fmt.Sprintf("capacity of %d units", n), int64(len(c.Loads))*int64(n)*int64(n)/1000, func(ctx context.Context, t *lab.Task) (err error) {
				all[i], err = j.capacity(ctx, t, n)
				return err
			})
		}
		for _, n := range c.Layers {
			all := slot(out.layers, n, count)
			add(fmt.Sprintf("capacity of layers of %d units", n), int64(len(c.PairLoads))*int64(n)*int64(n)/1000, func(ctx context.Context, t *lab.Task) (err error) {
				all[i], err = j.pairCapacity(ctx, t, n)
				return err
			})
		}
		for _, of := range denseRules() {
			all := slot(out.dense, of, count)
			add(of.words(), int64(len(c.dims(of))), func(ctx context.Context, t *lab.Task) (err error) {
				all[i], err = j.dense(ctx, t, of)
				return err
			})
		}
	}
	if err := r.Parallel(ctx, runtime.GOMAXPROCS(0), jobs); err != nil {
		return err
	}
	return report(r, data, out)
}

// slot is the place for a result of each seed.
func slot[K comparable, V any](of map[K][]V, key K, seeds int) []V {
	if of[key] == nil {
		of[key] = make([]V, seeds)
	}
	return of[key]
}
