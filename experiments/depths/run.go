package main

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"
)

// outcome is what one network did.
type outcome struct {
	spec
	*trial.Outcome
	net  *models.MLP // nil as soon as it has been measured
	path *trajectory // of some; else nil
	// train and test are what the parameters with the smallest validation error do on the
	// training images and on the test set; nil of a network whose rate was not chosen.
	train, test train.Values
}

// runner trains all networks.
type runner struct {
	*lab.Run[Recipe]
	data       *datasets.Split
	validation *datasets.Set
	points     *datasets.Set
	images     map[uint64]*datasets.Set // by seed
	changed    map[uint64]*datasets.Set // by seed: those that are changed anew in every epoch

	mu     sync.Mutex
	stacks map[stackSpec][]*blocks.Dense
	done   map[spec]*outcome
	rates  map[config]float64 // the chosen ones
}

// run pretrains the stacks, chooses each configuration's rate, trains the networks of all
// seeds at it, and reports.
func run(ctx context.Context, r *lab.Run[Recipe]) error {
	data, err := datasets.Load(ctx, r.Data, datasets.Options{Dir: r.DataDir, Download: r.Download})
	if err != nil {
		return err
	}
	e := &runner{Run: r, data: data, validation: data.Validation, images: map[uint64]*datasets.Set{}, changed: map[uint64]*datasets.Set{},
		stacks: map[stackSpec][]*blocks.Dense{}, done: map[spec]*outcome{}, rates: map[config]float64{}}
	if n := r.Recipe.Validation; n > 0 && n < data.Validation.Len() {
		if e.validation, err = data.Validation.Take(n); err != nil {
			return err
		}
	}
	if e.points, err = data.Test.Take(min(r.Recipe.Points, data.Test.Len())); err != nil {
		return err
	}
	for _, seed := range r.Seeds {
		if e.images[seed], err = trial.Images(data.Train, r.Recipe.Images, seed); err != nil {
			return err
		}
		if e.changed[seed], err = trial.Images(data.Train, r.Recipe.OnlineImages, seed); err != nil {
			return err
		}
	}
	r.Progress.Expect(e.expected())
	for _, part := range []func() []lab.Job{e.stackJobs, e.tuningJobs, e.otherJobs, e.measurements} {
		if err := r.Parallel(ctx, runtime.GOMAXPROCS(0), part()); err != nil {
			return err
		}
		if err := e.choose(); err != nil {
			return err
		}
	}
	return report(e)
}

// expected are the units of all jobs.
func (e *runner) expected() (total int64) {
	for _, job := range e.stackJobs() {
		total += job.Units
	}
	n := len(e.tuningSeeds())
	for _, c := range configs(e.Recipe) {
		total += int64(len(e.Recipe.Rates)*n+len(e.Seeds)-n) * e.units(spec{config: c})
	}
	if e.Recipe.OnlineEpochs > 0 {
		for _, init := range e.Recipe.Inits {
			total += int64(len(e.Seeds)) * e.units(spec{config: config{init, e.Recipe.OnlineDepth, e.Recipe.Width}, online: true})
		}
	}
	return total
}

// trainingImages are those that a network learns from.
func (e *runner) trainingImages(s spec) *datasets.Set {
	if s.online {
		return e.changed[s.seed]
	}
	return e.images[s.seed]
}

func (e *runner) epochs(s spec) int {
	if s.online {
		return e.Recipe.OnlineEpochs
	}
	return e.Recipe.FineTune.Epochs
}

func (e *runner) units(s spec) int64 {
	s.seed = e.Seeds[0] // all have as many images
	return int64(e.epochs(s)) * work(s, e.trainingImages(s), e.validation)
}

// stackJobs pretrain the stacks of all origins, widths and seeds.
func (e *runner) stackJobs() []lab.Job {
	depths := stackDepths(e.Recipe)
	var jobs []lab.Job
	for _, seed := range e.Seeds {
		for _, c := range configs(e.Recipe) {
			if c.init == initRandom || c.depth != depths[c.width] {
				continue
			}
			s := stackSpec{c.init, c.width, seed}
			jobs = append(jobs, lab.Job{
				Name: fmt.Sprintf("seed %d %s", seed, s.name()), Units: e.stackTrial(s, c.depth).Units(),
				Run: func(ctx context.Context, t *lab.Task) error { return e.pretrain(ctx, t, s, c.depth) },
			})
		}
	}
	return jobs
}

// stackTrial is a stack's training, without its stages.
func (e *runner) stackTrial(s stackSpec, depth int) trial.Trial {
	recipe, epochs := e.Recipe.SDAE, map[string]int{}
	if s.init == initDBN {
		recipe = e.Recipe.DBN
	}
	for l := range depth {
		epochs[fmt.Sprintf("layer %d", l+1)] = recipe.Train.Epochs
	}
	images := e.images[s.seed]
	return trial.Trial{Seed: s.seed, Name: s.name(), Data: []*datasets.Set{images}, Epochs: epochs, Work: stackWork(s, depth, images)}
}

// pretrain trains a stack, from where an interrupted run stood.
func (e *runner) pretrain(ctx context.Context, t *lab.Task, s stackSpec, depth int) error {
	stages, layers, err := newStack(e.Recipe, s, depth, e.images[s.seed])
	if err != nil {
		return err
	}
	what := e.stackTrial(s, depth)
	what.Stages = stages
	o, err := trial.Run(ctx, e.Run, t, what)
	if err != nil {
		return err
	}
	if o.Diverged {
		return o.Err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stacks[s] = layers
	return nil
}

// otherJobs train the other seeds, and all on images that never repeat.
func (e *runner) otherJobs() []lab.Job {
	var specs []spec
	for i, seed := range e.Seeds {
		for _, c := range configs(e.Recipe) {
			s := spec{config: c, rate: e.rates[c], seed: seed}
			if i >= len(e.tuningSeeds()) {
				specs = append(specs, s)
			}
			if s.online = e.isOnline(c); s.online {
				specs = append(specs, s)
			}
		}
	}
	return e.jobs(specs)
}

// isOnline tells whether a configuration is also trained on images that never repeat.
func (e *runner) isOnline(c config) bool {
	return e.Recipe.OnlineEpochs > 0 && c.depth == e.Recipe.OnlineDepth && c.width == e.Recipe.Width
}

func (e *runner) jobs(specs []spec) []lab.Job {
	var jobs []lab.Job
	for _, s := range specs {
		jobs = append(jobs, lab.Job{
			Name: fmt.Sprintf("seed %d %s", s.seed, s.name()), Units: e.units(s),
			Run: func(ctx context.Context, t *lab.Task) error { return e.learn(ctx, t, s) },
		})
	}
	return jobs
}

// learn trains a network, from where an interrupted run stood.
func (e *runner) learn(ctx context.Context, t *lab.Task, s spec) (err error) {
	images := e.trainingImages(s)
	o := &outcome{spec: s}
	e.mu.Lock()
	stack := e.stacks[stackSpec{s.init, s.width, s.seed}]
	e.mu.Unlock()
	if o.net, err = newNetwork(e.Recipe, s, stack, images); err != nil {
		return err
	}
	recipe := e.Recipe.fineTune(s.rate)
	recipe.Epochs = e.epochs(s)
	if s.online {
		recipe.Augment = &e.Recipe.Augment
	}
	stage := pretrain.FineTune(o.net, recipe, images, e.validation, random.New(s.seed).Split("order"))
	if !s.online && s.depth == e.Recipe.PointsDepth && s.width == e.Recipe.Width {
		o.path = newTrajectory(o.net, e.points.X, recipe.Epochs)
		stage = o.path.follow(stage)
	}
	o.Outcome, err = trial.Run(ctx, e.Run, t, trial.Trial{
		Seed: s.seed, Name: s.name(), Data: []*datasets.Set{images, e.validation}, Stages: []pretrain.Stage{stage},
		Epochs: map[string]int{stage.Name: recipe.Epochs}, Work: map[string]int64{stage.Name: work(s, images, e.validation)},
	})
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.done[s] = o
	return nil
}

// measurements read the training images and the test set, once, with the networks of the
// chosen rates, and leave those of the first seed.
func (e *runner) measurements() []lab.Job {
	var jobs []lab.Job
	for _, seed := range e.Seeds {
		for _, c := range configs(e.Recipe) {
			all := []spec{{config: c, rate: e.rates[c], seed: seed}}
			if e.isOnline(c) {
				all = append(all, spec{c, e.rates[c], true, seed})
			}
			for _, s := range all {
				jobs = append(jobs, lab.Job{
					Name: fmt.Sprintf("seed %d %s", seed, s.name()),
					Run:  func(context.Context, *lab.Task) error { return e.measure(e.done[s]) },
				})
			}
		}
	}
	return jobs
}

// measure reads the sets with a network; one that diverged answers as a guess does.
func (e *runner) measure(o *outcome) (err error) {
	classes := float64(e.data.Test.Classes)
	o.train = train.Values{{Name: "loss", Value: math.Log(classes)}, {Name: "error", Value: 1 - 1/classes}}
	o.test = o.train
	if o.Diverged {
		return nil
	}
	evaluator := train.NewEvaluator(o.net)
	evaluator.Compiler = e.Compiler.Under(o.name() + " measurement")
	if o.train, err = evaluator.Run(e.trainingImages(o.spec)); err != nil {
		return fmt.Errorf("training images: %w", err)
	}
	if o.test, err = evaluator.Run(e.data.Test); err != nil {
		return fmt.Errorf("test: %w", err)
	}
	if o.seed == e.Seeds[0] {
		err = e.SaveModel(fmt.Sprintf("seed-%d-%s", o.seed, o.name()), o.net)
	}
	o.net = nil
	return err
}
