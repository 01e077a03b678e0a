package main

import (
	"context"
	"fmt"
	"runtime"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"
)

// trained is a network with what its training did.
type trained struct {
	spec
	net *models.MLP
	*trial.Outcome
}

// run descends on the surfaces, trains the networks of every method, rate and seed, and
// reports.
func run(ctx context.Context, r *lab.Run[Recipe]) error {
	data, err := datasets.Load(ctx, r.Data, datasets.Options{Dir: r.DataDir, Download: r.Download})
	if err != nil {
		return err
	}
	images := map[uint64]*datasets.Set{} // by seed, shared by its networks
	for _, seed := range r.Seeds {
		if images[seed], err = trial.Images(data.Train, r.Recipe.Images, seed); err != nil {
			return err
		}
	}
	jobs, races := raceJobs(r)
	specs := r.Recipe.specs(r.Seeds)
	networks := make([]*trained, len(specs))
	for i, s := range specs {
		jobs = append(jobs, networkJob(r, s, images[s.seed], data.Validation, &networks[i]))
	}
	if err := r.Parallel(ctx, runtime.GOMAXPROCS(0), jobs); err != nil {
		return err
	}
	return report(ctx, r, data, images, races, networks)
}

// unitsOfRate is the work of trying a rate on a surface, roughly, in floating-point
// operations of the networks.
func (r Recipe) unitsOfRate() int64 { return int64(r.Steps) * 100_000 }

// raceJobs are the descents of every method on every surface. They are no stages of a
// network and take seconds: a resumed run makes them again.
func raceJobs(r *lab.Run[Recipe]) (jobs []lab.Job, races []*race) {
	for _, s := range []surface{bowl(r.Recipe.Condition), rosenbrock()} {
		for _, m := range r.Recipe.onSurfaces() {
			i := len(races)
			races = append(races, nil)
			units := r.Recipe.unitsOfRate()
			jobs = append(jobs, lab.Job{
				Name: s.key + " " + m.key, Units: int64(len(surfaceRates(r.Recipe.RatesPerDecade))) * units,
				Run: func(ctx context.Context, t *lab.Task) (err error) {
					t.Say("rates for %s", s.name)
					races[i], err = r.Recipe.race(ctx, s, m, r.Seeds, func() { t.Add(units) })
					return err
				},
			})
		}
	}
	return jobs, races
}

// networkJob is the training of a network.
func networkJob(r *lab.Run[Recipe], s spec, images, validation *datasets.Set, to **trained) lab.Job {
	stage := "training"
	name := s.run()
	t := trial.Trial{
		Seed: s.seed, Name: name, Data: []*datasets.Set{images, validation},
		Epochs: map[string]int{stage: r.Recipe.Epochs}, Work: map[string]int64{stage: r.Recipe.work(s.method, images, validation)},
	}
	return lab.Job{Name: fmt.Sprintf("seed %d %s", s.seed, name), Units: t.Units(), Run: func(ctx context.Context, task *lab.Task) error {
		net, err := newNetwork(r.Recipe, s.seed, images)
		if err != nil {
			return err
		}
		t.Stages = []pretrain.Stage{pretrain.Supervised("loss", net, s.training(r.Recipe, s.rate), images, validation, random.New(s.seed).Split("order"))}
		o, err := trial.Run(ctx, r, task, t)
		*to = &trained{s, net, o}
		return err
	}}
}

// newNetwork returns the network with its first weights, the same for all methods of a
// seed.
func newNetwork(r Recipe, seed uint64, data *datasets.Set) (*models.MLP, error) {
	return models.NewMLP("mlp", []int{data.Dim(), r.Units, data.Classes}, r.Activation, blocks.He(), blocks.Glorot(), random.New(seed).Split("weights"))
}

// work estimates the floating-point operations of an epoch: two for each weight and
// example in every product. Steps on few examples are slow: they take as long as so many
// examples more.
func (r Recipe) work(m method, images, validation *datasets.Set) int64 {
	weights := int64(r.Units) * int64(images.Dim()+images.Classes)
	n := int64(images.Len())
	batch := int64(m.batch(r, images.Len()))
	return 2*weights*int64(3*n+int64(validation.Len())) + 2*weights*3*8*(n/batch)
}

// step counts of an epoch.
func (m method) stepsPerEpoch(r Recipe, n int) int {
	batch := m.batch(r, n)
	return (n + batch - 1) / batch
}

// timed trains a fresh network by a method for two epochs, with nothing beside it, and
// returns the seconds of the shorter one: the first has to fill the caches.
func timed(ctx context.Context, r Recipe, s spec, images *datasets.Set) (float64, error) {
	net, err := newNetwork(r, s.seed, images)
	if err != nil {
		return 0, err
	}
	recipe := s.training(r, s.rate)
	recipe.Epochs = 2
	h, err := (&train.Trainer{Model: net, Recipe: recipe, Data: images, Order: random.New(s.seed).Split("order")}).Run(ctx)
	if err != nil {
		return 0, fmt.Errorf("time of %s: %w", s.run(), err)
	}
	return min(h.Epochs[0].Seconds, h.Epochs[1].Seconds), nil
}
