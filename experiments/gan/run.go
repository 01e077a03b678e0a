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
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"

	"gorgonia.org/tensor"
)

// runner trains the networks of a run and holds what they came to.
type runner struct {
	*lab.Run[Recipe]
	data *datasets.Split
	// images are the training images, by seed.
	images      map[uint64]*datasets.Set
	rings       []*ringed
	ahead       []*trial.Outcome // by seed, in their order
	classifiers map[uint64]*judged
	digits      []*drawn
}

// game is a GAN that was trained, or diverged.
type game struct {
	name string
	seed uint64
	*models.GAN
	outcome *trial.Outcome
}

// ifTrained is a value about the network; NaN if there is none, since its training diverged.
func (g game) ifTrained(v float64) float64 {
	if g.outcome.Diverged {
		return math.NaN()
	}
	return v
}

// ringed is a GAN of the ring.
type ringed struct {
	game
	spread
	// samples (n,2) are what is judged.
	samples *tensor.Dense
}

// judged is a classifier with its test error and what it says of the validation images.
type judged struct {
	*models.MLP
	test float64
	real judgement
}

// drawn is a GAN of images.
type drawn struct {
	game
	judgement
	// final (n,d) is what it makes of the album's codes at the end.
	final   *tensor.Dense
	between *between
}

// run trains all networks, lets the classifiers judge the samples, and reports.
func run(ctx context.Context, r *lab.Run[Recipe]) error {
	data, err := datasets.Load(ctx, r.Data, datasets.Options{Dir: r.DataDir, Download: r.Download})
	if err != nil {
		return err
	}
	if r.Recipe.Digits.Images > data.Train.Len() {
		return fmt.Errorf("want at most %d images, as many as %s has, got %d", data.Train.Len(), data.Train.Name, r.Recipe.Digits.Images)
	}
	x := &runner{Run: r, data: data, images: map[uint64]*datasets.Set{}, classifiers: map[uint64]*judged{}, ahead: make([]*trial.Outcome, len(r.Seeds))}
	var jobs []lab.Job
	for i, seed := range r.Seeds {
		if x.images[seed], err = trial.Images(data.Train, r.Recipe.Digits.Images, seed); err != nil {
			return err
		}
		x.classifiers[seed] = &judged{}
		for _, part := range []func() ([]lab.Job, error){
			func() ([]lab.Job, error) { return x.ringJobs(seed) },
			func() ([]lab.Job, error) { return x.aheadJob(seed, &x.ahead[i]) },
			func() ([]lab.Job, error) { return x.classifierJob(seed) },
			func() ([]lab.Job, error) { return x.digitJobs(seed) },
		} {
			more, err := part()
			if err != nil {
				return err
			}
			jobs = append(jobs, more...)
		}
	}
	if err := r.Parallel(ctx, runtime.GOMAXPROCS(0), jobs); err != nil {
		return err
	}
	for _, d := range x.digits {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := x.measure(d); err != nil {
			return fmt.Errorf("seed %d %s: %w", d.seed, d.name, err)
		}
	}
	return report(x)
}

// job trains in one stage, and does then what is to be done with the parameters at its end.
func (x *runner) job(t trial.Trial, then func(*trial.Outcome) error) lab.Job {
	return lab.Job{Name: fmt.Sprintf("seed %d %s", t.Seed, t.Name), Units: t.Units(), Run: func(ctx context.Context, task *lab.Task) error {
		o, err := trial.Run(ctx, x.Run, task, t)
		if err != nil {
			return err
		}
		return then(o)
	}}
}

const (
	training = "training" // the stage's name
	traced   = 100        // rows of a trace, about
	shown    = 12         // codes in an album of images
	onRing   = 200        // codes in an album of the ring
)

// record gives a GAN a trace of its losses and an album, of pages at a few steps of a training.
func record(a *models.GAN, steps, codes int, s *random.Stream) (err error) {
	if a.Trace, err = models.NewTrace("gan", steps, max(1, steps/traced), 2); err != nil {
		return err
	}
	pages := slices.Compact([]int{0, steps / 100, steps / 30, steps / 10, steps / 3})
	a.Album, err = models.NewAlbum("gan", codes, a.Generator.Inputs(), a.Generator.Outputs(), pages, s.Split("album"))
	return err
}

// stage trains a GAN; it ends with the last parameters.
func stage(a *models.GAN, recipe train.Recipe, set *datasets.Set, order *random.Stream) pretrain.Stage {
	return pretrain.Stage{
		Name: training, Params: append(a.Params(), a.State()...),
		Train: func(ctx context.Context, hooks pretrain.Hooks) (*train.History, error) {
			return hooks.Trainer(train.Trainer{Model: a, Recipe: recipe, Data: set, Order: order}).Run(ctx)
		},
	}
}

// steps of a training.
func steps(recipe train.Recipe, set *datasets.Set) int {
	return recipe.Epochs * ((set.Len() + recipe.Batch - 1) / recipe.Batch)
}

// ringJobs are the trainings of all variants.
func (x *runner) ringJobs(seed uint64) (jobs []lab.Job, err error) {
	ring := x.Recipe.Ring
	set, err := ring.data(seed)
	if err != nil {
		return nil, err
	}
	for _, v := range ring.Variants {
		a, err := ring.network(v, seed)
		if err != nil {
			return nil, err
		}
		if err := record(a, steps(ring.Train, set), onRing, random.New(seed)); err != nil {
			return nil, err
		}
		one := &ringed{game: game{name: v, seed: seed, GAN: a}}
		x.rings = append(x.rings, one)
		jobs = append(jobs, x.job(trial.Trial{
			Seed: seed, Name: "ring-" + v, Data: []*datasets.Set{set}, Stages: []pretrain.Stage{stage(a, ring.Train, set, random.New(seed).Split("order"))},
			Epochs: map[string]int{training: ring.Train.Epochs}, Work: map[string]int64{training: work(a, set)},
		}, func(o *trial.Outcome) error {
			one.outcome = o
			if one.samples, err = samples(a, ring.Samples, random.New(seed).Split("samples")); err != nil {
				return err
			}
			one.spread = ring.judge(one.samples)
			return x.save("ring-"+v, one.game)
		}))
	}
	return jobs, nil
}

// work estimates an epoch's floating-point operations.
func work(a *models.GAN, set *datasets.Set) (n int64) {
	for _, p := range a.Params() {
		size := int64(p.Value.Shape().TotalSize())
		if p.Value.Dims() == 4 {
			size *= int64(set.Height * set.Width / 8)
		}
		n += size
	}
	return 12 * n * int64(set.Len())
}

// save writes both networks to the run's models.
func (x *runner) save(name string, g game) error {
	for player, net := range map[string]models.Network{models.GeneratorName: g.Generator, models.DiscriminatorName: g.Discriminator} {
		if err := x.SaveModel(fmt.Sprintf("seed-%d-%s-%s", g.seed, name, player), net); err != nil {
			return err
		}
	}
	return nil
}
