package main

import (
	"context"
	"fmt"
	"math"
	"runtime"

	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
)

// searchKey says which search it is, beside its seed.
type searchKey struct {
	kind     kind
	n, depth int // builtDepth: from disturbed weights
}

// results are what all networks did.
type results struct {
	sets    map[string]*datasets.Split
	images  map[string]map[uint64]*datasets.Set // training images by set and seed
	trained map[spec]*trained
	rates   map[string]float64 // the best, by key
	overfit map[spec]*trained  // at the best rate
	found   map[searchKey]map[uint64]found
}

// run trains the networks at all rates and looks for least widths, then trains those of
// the best rates to the end, and reports.
func run(ctx context.Context, r *lab.Run[Recipe]) error {
	res := &results{images: map[string]map[uint64]*datasets.Set{}, rates: map[string]float64{}}
	var err error
	if res.sets, err = loadSets(ctx, r); err != nil {
		return err
	}
	for _, name := range setNames(r.Data) {
		res.images[name] = map[uint64]*datasets.Set{}
		for _, seed := range r.Seeds {
			n := 0
			if name == r.Data {
				n = r.Recipe.Images
			}
			if res.images[name][seed], err = trial.Images(res.sets[name].Train, n, seed); err != nil {
				return err
			}
		}
	}
	if err := res.learn(ctx, r); err != nil {
		return err
	}
	if err := res.chooseRates(r); err != nil {
		return err
	}
	if err := res.learnToTheEnd(ctx, r); err != nil {
		return err
	}
	return report(ctx, r, res)
}

// learn trains the networks on images at all rates, and runs the searches.
func (res *results) learn(ctx context.Context, r *lab.Run[Recipe]) error {
	var specs []spec
	for _, c := range comparison(r.Recipe, r.Data) {
		for _, rate := range r.Recipe.Rates {
			for _, seed := range r.Seeds {
				specs = append(specs, c.at(rate, seed))
			}
		}
	}
	out := make([]*trained, len(specs))
	jobs, err := res.jobs(r, specs, false, out)
	if err != nil {
		return err
	}
	searches, err := searchesOf(r)
	if err != nil {
		return err
	}
	ends := make([]found, len(searches))
	for i, s := range searches {
		jobs = append(jobs, lab.Job{
			Name: fmt.Sprintf("seed %d %s", s.seed, s.name()), Units: s.units(),
			Run: func(ctx context.Context, t *lab.Task) (err error) {
				ends[i], err = runSearch(ctx, r, t, s)
				return err
			},
		})
	}
	if err := r.Parallel(ctx, runtime.GOMAXPROCS(0), jobs); err != nil {
		return err
	}
	res.trained = bySpec(specs, out)
	res.found = map[searchKey]map[uint64]found{}
	for i, s := range searches {
		key := searchKey{s.kind, s.n, s.depth}
		if res.found[key] == nil {
			res.found[key] = map[uint64]found{}
		}
		res.found[key][s.seed] = ends[i]
	}
	return nil
}

// searchesOf are those of all functions, depths and seeds.
func searchesOf(r *lab.Run[Recipe]) ([]*search, error) {
	var all []*search
	for _, k := range []kind{parity, tent} {
		for _, n := range k.sizes(r.Recipe.Functions) {
			s, err := newSearch(r.Recipe.Functions, k, n)
			if err != nil {
				return nil, err
			}
			for _, depth := range append([]int{builtDepth}, r.Recipe.Functions.Depths...) {
				for _, seed := range r.Seeds {
					all = append(all, s.of(depth, seed))
				}
			}
		}
	}
	return all, nil
}

// jobs are the trainings of networks on images, whose results go to out.
func (res *results) jobs(r *lab.Run[Recipe], specs []spec, overfit bool, out []*trained) ([]lab.Job, error) {
	var jobs []lab.Job
	for i, s := range specs {
		j := &imageJob{run: r, spec: s, overfit: overfit, train: res.images[s.set][s.seed], validation: res.sets[s.set].Validation, first: res.images[r.Data][s.seed]}
		job, err := j.job(&out[i])
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, job)
	}
	return jobs, nil
}

func bySpec(specs []spec, out []*trained) map[spec]*trained {
	m := map[spec]*trained{}
	for i, s := range specs {
		m[s] = out[i]
	}
	return m
}

// chooseRates finds the rate of the smallest mean validation error for each network.
func (res *results) chooseRates(r *lab.Run[Recipe]) error {
	for _, c := range comparison(r.Recipe, r.Data) {
		least := math.Inf(1)
		for _, rate := range r.Recipe.Rates {
			if e := res.score(r, c, rate); e < least {
				least, res.rates[c.key()] = e, rate
			}
		}
		if math.IsInf(least, 1) {
			return fmt.Errorf("%s: want a rate at which no seed diverges, got %v", c.key(), r.Recipe.Rates)
		}
	}
	return nil
}

// score is the mean over seeds of the smallest validation error; +Inf if one diverged.
func (res *results) score(r *lab.Run[Recipe], c spec, rate float64) float64 {
	var sum float64
	for _, seed := range r.Seeds {
		sum += res.trained[c.at(rate, seed)].best()
	}
	return sum / float64(len(r.Seeds))
}

// best is the network of a seed at its best rate.
func (res *results) best(c spec, seed uint64) spec { return c.at(res.rates[c.key()], seed) }

// learnToTheEnd trains the networks with activations once more, at their best rates and
// without validation, so that they end with the last parameters and not the best.
func (res *results) learnToTheEnd(ctx context.Context, r *lab.Run[Recipe]) error {
	var specs []spec
	for _, c := range comparison(r.Recipe, r.Data) {
		for _, seed := range r.Seeds {
			if !c.linear {
				specs = append(specs, res.best(c, seed))
			}
		}
	}
	out := make([]*trained, len(specs))
	jobs, err := res.jobs(r, specs, true, out)
	if err != nil {
		return err
	}
	if err := r.Parallel(ctx, runtime.GOMAXPROCS(0), jobs); err != nil {
		return err
	}
	res.overfit = bySpec(specs, out)
	return nil
}
