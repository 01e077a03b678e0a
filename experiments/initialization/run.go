package main

import (
	"context"
	"fmt"
	"runtime"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
)

// found is what all jobs found.
type found struct {
	images    *images
	responses map[blocks.Activation]*response
	survey    []surveyed // by seed
	learned   map[string]*learned
}

// run surveys every initialisation and trains the networks, as many at a time as there
// are cores, and reports. The survey takes seconds; a run that is resumed makes it again.
func run(ctx context.Context, r *lab.Run[Recipe]) error {
	data, err := datasets.Load(ctx, r.Data, datasets.Options{Dir: r.DataDir, Download: r.Download})
	if err != nil {
		return err
	}
	measure := newStandard(data.Train)
	out := &found{responses: map[blocks.Activation]*response{}, learned: map[string]*learned{}}
	if out.images, err = newImages(data.Validation, r.Recipe.Examples, measure); err != nil {
		return err
	}
	steepest := map[blocks.Activation]float64{}
	for _, f := range r.Recipe.Activations {
		if out.responses[f], err = newResponse(f); err != nil {
			return err
		}
		steepest[f] = out.responses[f].steepest
	}
	splits, err := standardisedSplits(r, data, measure)
	if err != nil {
		return err
	}
	parts := make([][]surveyed, len(r.Seeds)) // by seed and initialisation
	var jobs []lab.Job
	for s, seed := range r.Seeds {
		parts[s] = make([]surveyed, len(r.Recipe.Inits))
		for i, init := range r.Recipe.Inits {
			passes := 4 * len(r.Recipe.Activations) // up and down, with both kinds of inputs
			jobs = append(jobs, lab.Job{
				Name:  fmt.Sprintf("seed %d survey %s", seed, init),
				Units: work(passes, r.Recipe.Depth, r.Recipe.Width, data.Train.Dim(), data.Train.Classes, out.images.set.Len()),
				Run: func(ctx context.Context, _ *lab.Task) (err error) {
					parts[s][i], err = survey(ctx, r, init, seed, out.images, steepest)
					return err
				},
			})
		}
	}
	for _, n := range r.Recipe.trained() {
		l := &learner{network: n, run: r, data: splits, done: &learned{}}
		out.learned[n.String()] = l.done
		jobs = append(jobs, lab.Job{Name: n.String(), Units: l.units(), Run: l.learn})
	}
	if err := r.Parallel(ctx, runtime.GOMAXPROCS(0), jobs); err != nil {
		return err
	}
	for _, part := range parts {
		all := surveyed{standardised: {}, raw: {}}
		for _, byInputs := range part {
			for inputs, byPair := range byInputs {
				for p, m := range byPair {
					all[inputs][p] = m
				}
			}
		}
		out.survey = append(out.survey, all)
	}
	return report(r, out)
}

// standardisedSplits are the data of every seed, standardised; what is the same for all
// of them is held once.
func standardisedSplits(r *lab.Run[Recipe], data *datasets.Split, measure standard) (map[uint64]*datasets.Split, error) {
	var all datasets.Split
	var err error
	if all.Validation, err = measure.apply(data.Validation); err != nil {
		return nil, err
	}
	if all.Test, err = measure.apply(data.Test); err != nil {
		return nil, err
	}
	if r.Recipe.Images == 0 {
		if all.Train, err = measure.apply(data.Train); err != nil {
			return nil, err
		}
	}
	out := map[uint64]*datasets.Split{}
	for _, seed := range r.Seeds {
		split := all
		if r.Recipe.Images > 0 {
			sample, err := trial.Images(data.Train, r.Recipe.Images, seed)
			if err != nil {
				return nil, err
			}
			if split.Train, err = measure.apply(sample); err != nil {
				return nil, err
			}
		}
		out[seed] = &split
	}
	return out, nil
}
