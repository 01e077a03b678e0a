package main

import (
	"context"
	"fmt"

	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
)

// deepRunner runs the second part of the experiment.
type deepRunner struct {
	*lab.Run[Recipe]
	recipe Deep
	data   *datasets.Split
	images []*datasets.Set // that train, by seed; one for all seeds if these do not choose
	pca    []*deepPCA      // of the images
	by     map[deepSpec]*deepOutcome
}

// deepOutcome is what one deep autoencoder did.
type deepOutcome struct {
	*trial.Outcome
	*deepNetwork
}

// deepJobs are the jobs of the deep autoencoders and of their principal components;
// report tells what they did when they are done.
func deepJobs(r *lab.Run[Recipe], data *datasets.Split) (jobs []lab.Job, report func() error, err error) {
	x := &deepRunner{Run: r, recipe: r.Recipe.Deep, data: data, by: map[deepSpec]*deepOutcome{}}
	if err := x.choose(); err != nil {
		return nil, nil, fmt.Errorf("deep autoencoder: %w", err)
	}
	watched := data.Validation
	if x.recipe.AllImages {
		watched = nil // none are left
	}
	for i, seed := range r.Seeds {
		for _, s := range deepKinds(x.recipe, seed) {
			n, err := newDeepNetwork(x.recipe, s, x.of(i), watched)
			if err != nil {
				return nil, nil, fmt.Errorf("%s: %w", s.name(), err)
			}
			x.by[s] = &deepOutcome{deepNetwork: n}
			jobs = append(jobs, x.job(x.by[s], x.of(i)))
		}
	}
	return append(jobs, x.components()...), x.report, nil
}

// choose takes the training images of each seed.
func (x *deepRunner) choose() error {
	train := x.data.Train
	if x.recipe.AllImages {
		var err error
		if train, err = x.data.All(); err != nil {
			return err
		}
	}
	for _, seed := range x.Seeds {
		set, err := trial.Images(train, x.recipe.Images, seed)
		if err != nil {
			return err
		}
		if len(x.images) == 0 || set != train {
			x.images = append(x.images, set)
		}
	}
	x.pca = make([]*deepPCA, len(x.images))
	return nil
}

// of is the training images of the seed with the given index.
func (x *deepRunner) of(i int) *datasets.Set { return x.images[min(i, len(x.images)-1)] }

// componentsOf are the principal components of that seed's images.
func (x *deepRunner) componentsOf(i int) *deepPCA { return x.pca[min(i, len(x.pca)-1)] }

// job trains one network, from where an interrupted run stood.
func (x *deepRunner) job(o *deepOutcome, images *datasets.Set) lab.Job {
	t := trial.Trial{
		Seed: o.seed, Name: o.name(), Stages: o.stages, Data: []*datasets.Set{images, x.data.Validation}, Epochs: o.epochs, Work: o.work,
	}
	return lab.Job{
		Name: fmt.Sprintf("seed %d %s", o.seed, o.name()), Units: t.Units(),
		Run: func(ctx context.Context, task *lab.Task) (err error) {
			if o.Outcome, err = trial.Run(ctx, x.Run, task, t); err != nil || o.Diverged {
				return err
			}
			return x.SaveModel(t.File(), o.auto)
		},
	}
}

// components are the jobs that find the principal components of the images.
func (x *deepRunner) components() (jobs []lab.Job) {
	for i, set := range x.images {
		n := int64(set.Dim())
		jobs = append(jobs, lab.Job{
			Name: fmt.Sprintf("seed %d principal components", x.Seeds[i]), Units: n * n * (10*n + 2*int64(set.Len())),
			Run: func(context.Context, *lab.Task) (err error) {
				x.pca[i], err = fitDeepPCA(set.X, x.recipe.Code)
				return err
			},
		})
	}
	return jobs
}

// kind are the networks of a kind, by seed, but for those whose training diverged.
func (x *deepRunner) kind(code int, pretrained bool) (all []*deepOutcome) {
	for _, seed := range x.Seeds {
		if o := x.by[deepSpec{code, pretrained, seed}]; !o.Diverged {
			all = append(all, o)
		}
	}
	return all
}
