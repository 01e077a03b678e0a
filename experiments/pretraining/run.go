package main

import (
	"context"
	"fmt"
	"runtime"

	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/train"
)

// outcome is what one network of one initialisation and seed did.
type outcome struct {
	fineTune *train.History
	test     train.Values
	pictures *pictures // of the first seed's networks
}

// run trains every initialisation with every seed, as many networks at a time as there
// are cores, and reports.
func run(ctx context.Context, r *lab.Run[Recipe]) error {
	data, err := datasets.Load(ctx, r.Data, datasets.Options{Dir: r.DataDir, Download: r.Download})
	if err != nil {
		return err
	}
	if r.Recipe.AllImages {
		if data.Train, err = data.All(); err != nil {
			return err
		}
	}
	outcomes := make([][]*outcome, len(r.Recipe.Inits)) // by initialisation and seed
	var jobs []lab.Job
	for i := range r.Recipe.Inits {
		outcomes[i] = make([]*outcome, len(r.Seeds))
	}
	for s, seed := range r.Seeds {
		for i, init := range r.Recipe.Inits {
			j := &job{run: r, data: data, init: init, seed: seed, draw: s == 0}
			jobs = append(jobs, lab.Job{
				Name: fmt.Sprintf("seed %d %s", seed, init), Units: j.units(),
				Run: func(ctx context.Context, t *lab.Task) (err error) {
					outcomes[i][s], err = j.train(ctx, t)
					return err
				},
			})
		}
	}
	if err := r.Parallel(ctx, runtime.GOMAXPROCS(0), jobs); err != nil {
		return err
	}
	return report(r, data, outcomes)
}

// job trains one network.
type job struct {
	run  *lab.Run[Recipe]
	data *datasets.Split
	init string
	seed uint64
	draw bool // keep what the figures show
}

// epochs of each stage of the recipe.
func (j *job) epochs() map[string]int {
	r := j.run.Recipe
	out := map[string]int{"top layer": r.TopEpochs, "fine-tuning": r.FineTune.Epochs}
	for l := range r.Layers {
		switch j.init {
		case initDBN:
			out[fmt.Sprintf("layer %d", l+1)] = r.DBN.Train.Epochs
			out[unrolledStage] = r.JointEpochs
		case initSDAE:
			out[fmt.Sprintf("layer %d", l+1)] = r.SDAE.Train.Epochs
			out[unrolledStage] = r.JointEpochs
		}
	}
	return out
}

// work of an epoch of each stage.
func (j *job) work() map[string]int64 {
	n := j.data.Train.Len()
	if j.run.Recipe.Images > 0 {
		n = j.run.Recipe.Images
	}
	return work(j.run.Recipe, j.init, j.data.Train.Dim(), j.data.Train.Classes, n)
}

func (j *job) units() int64 {
	return trial.Trial{Epochs: j.epochs(), Work: j.work()}.Units()
}

// train runs the network's stages, from where an interrupted run stood, and evaluates
// it on the test set, once.
func (j *job) train(ctx context.Context, t *lab.Task) (*outcome, error) {
	data := *j.data
	var err error
	if data.Train, err = trial.Images(data.Train, j.run.Recipe.Images, j.seed); err != nil {
		return nil, err
	}
	net, err := newNetwork(j.run.Recipe, j.init, j.seed, &data)
	if err != nil {
		return nil, err
	}
	o := &outcome{}
	if j.draw {
		o.pictures = &pictures{}
	}
	if net.pretraining == 0 && o.pictures != nil {
		if err := o.pictures.before(net, &data, j.run.Recipe, j.seed); err != nil {
			return nil, err
		}
	}
	done := 0
	what := trial.Trial{
		Seed: j.seed, Name: j.init, Data: []*datasets.Set{j.data.Train, j.data.Validation},
		Stages: net.stages, Epochs: j.epochs(), Work: j.work(),
	}
	what.AfterStage = func(string, *train.History) error {
		done++
		if done != net.pretraining {
			return nil
		}
		if err := j.run.SaveModel(what.File()+"-pretrained", net.pretrained()); err != nil {
			return err
		}
		if o.pictures == nil {
			return nil
		}
		return o.pictures.before(net, &data, j.run.Recipe, j.seed)
	}
	trained, err := trial.Run(ctx, j.run, t, what)
	if err != nil {
		return nil, err
	}
	if trained.Diverged {
		return nil, trained.Err
	}
	if o.fineTune = trained.Last(); o.fineTune.Best < 1 && !j.run.Recipe.AllImages {
		return nil, fmt.Errorf("%s: want fine-tuning with a best epoch, got a history of %d epochs without", what.File(), len(o.fineTune.Epochs))
	}
	if err := j.run.SaveModel(what.File(), net.net); err != nil {
		return nil, err
	}
	if o.pictures != nil {
		o.pictures.after = filters(net.net.Layers[0].W, data.Train)
	}
	test := train.NewEvaluator(net.net)
	test.Compiler = j.run.Compiler.Under(j.init + " test")
	if o.test, err = test.Run(data.Test); err != nil {
		return nil, fmt.Errorf("test: %w", err)
	}
	return o, nil
}
