package main

import (
	"context"
	"fmt"
	"math"
	"runtime"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/models"
	"capas/pretrain"
	"capas/train"
)

// outcome is what one network did.
type outcome struct {
	spec
	*trial.Outcome
	net *models.MLP
	// before are the layers with the first weights, after those with the parameters that
	// the training ended with.
	before, after []layer
}

// lastError is the validation error after the last epoch that the training completed;
// NaN if there is none.
func (o *outcome) lastError() float64 {
	epochs := o.Last().Epochs
	if len(epochs) == 0 {
		return math.NaN()
	}
	return trial.Value(epochs[len(epochs)-1].Validation, "error")
}

// last are the layers after the last epoch that the training completed.
func (o *outcome) last() []layer {
	var v train.Values
	if epochs := o.Last().Epochs; len(epochs) > 0 {
		v = epochs[len(epochs)-1].Validation
	}
	return layersOf(v, o.depth)
}

// run trains the networks of every activation, depth, rate and seed, and reports.
func run(ctx context.Context, r *lab.Run[Recipe]) error {
	data, err := datasets.Load(ctx, r.Data, datasets.Options{Dir: r.DataDir, Download: r.Download})
	if err != nil {
		return err
	}
	fixed, err := data.Validation.Take(min(r.Recipe.Examples, data.Validation.Len()))
	if err != nil {
		return err
	}
	curves := map[blocks.Activation]*curve{}
	for _, f := range r.Recipe.Activations {
		if curves[f], err = newCurve(f); err != nil {
			return err
		}
	}
	var outcomes []*outcome
	var jobs []lab.Job
	for _, seed := range r.Seeds {
		images, err := trial.Images(data.Train, r.Recipe.Images, seed)
		if err != nil {
			return err
		}
		for _, s := range specs(r.Recipe, seed) {
			o := &outcome{spec: s}
			outcomes = append(outcomes, o)
			j := &job{run: r, outcome: o, steepest: curves[s.f].properties().steepest, train: images, validation: data.Validation, fixed: fixed}
			jobs = append(jobs, lab.Job{
				Name: fmt.Sprintf("seed %d %s", seed, s.name()), Units: j.trial().Units(), Run: j.learn,
			})
		}
	}
	if err := r.Parallel(ctx, runtime.GOMAXPROCS(0), jobs); err != nil {
		return err
	}
	return report(ctx, r, data, curves, outcomes)
}

// specs are the networks of a seed.
func specs(r Recipe, seed uint64) []spec {
	var all []spec
	for _, depth := range r.Depths {
		for _, f := range r.Activations {
			for _, rate := range r.Rates {
				all = append(all, spec{f, depth, rate, seed})
			}
		}
	}
	return all
}

// job trains one network.
type job struct {
	run *lab.Run[Recipe]
	*outcome
	steepest                 float64
	train, validation, fixed *datasets.Set
}

// trial is the training, without its stages.
func (j *job) trial() trial.Trial {
	return trial.Trial{
		Seed: j.seed, Name: j.name(), Data: []*datasets.Set{j.train, j.validation},
		Epochs: map[string]int{stageName: j.run.Recipe.Train.Epochs},
		Work:   map[string]int64{stageName: work(j.run.Recipe, j.depth, j.train, j.validation.Len())},
	}
}

// learn trains the network, from where an interrupted run stood, and looks at its units
// before and after. Some activations bear smaller rates than others: a training that
// diverges is an outcome, not a failure.
func (j *job) learn(ctx context.Context, t *lab.Task) (err error) {
	if j.net, err = newNetwork(j.run.Recipe, j.spec, j.train); err != nil {
		return err
	}
	p, err := newProbe(j.net, j.fixed, j.steepest)
	if err != nil {
		return err
	}
	defer p.f.Close()
	if j.before, err = p.run(); err != nil {
		return err
	}
	what := j.trial()
	what.Stages = []pretrain.Stage{stage(j.run.Recipe, j.spec, j.net, p, j.train, j.validation)}
	if j.Outcome, err = trial.Run(ctx, j.run, t, what); err != nil {
		return err
	}
	if j.after = layersOf(nil, j.depth); !j.Diverged {
		j.after, err = p.run()
	}
	return err
}
