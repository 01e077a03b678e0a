package main

import (
	"context"
	"fmt"
	"runtime"

	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/pretrain"
)

// outcome is what one network did.
type outcome struct {
	*trial.Outcome
	net *network
	// confidence is the smallest probability of class 0 over the validation images at a
	// confidently wrong start.
	confidence float64
}

// best is the smallest validation score, +Inf of a training that diverged.
func (o *outcome) best() float64 { return o.Best(o.net.task.score()) }

// run trains the networks of every task, pair, rate, start and seed, and reports.
func run(ctx context.Context, r *lab.Run[Recipe]) error {
	data, err := datasets.Load(ctx, r.Data, datasets.Options{Dir: r.DataDir, Download: r.Download})
	if err != nil {
		return err
	}
	specs := allSpecs(r.Recipe, r.Seeds)
	outcomes := make([]*outcome, len(specs))
	examples := map[uint64]*datasets.Set{} // by seed, shared by its networks
	for _, seed := range r.Seeds {
		if examples[seed], err = trial.Images(data.Train, r.Recipe.Images, seed); err != nil {
			return err
		}
	}
	var jobs []lab.Job
	for i, s := range specs {
		j := &job{run: r, spec: s, train: examples[s.seed], validation: data.Validation}
		jobs = append(jobs, lab.Job{
			Name: fmt.Sprintf("seed %d %s", s.seed, s.run()), Units: int64(r.Recipe.Train.Epochs) * j.work(),
			Run: func(ctx context.Context, t *lab.Task) (err error) {
				outcomes[i], err = j.learn(ctx, t)
				return err
			},
		})
	}
	if err := r.Parallel(ctx, runtime.GOMAXPROCS(0), jobs); err != nil {
		return err
	}
	return report(ctx, r, data, outcomes)
}

// allSpecs are the networks of an experiment. Only classes have a wrong one to be sure
// of at the start.
func allSpecs(r Recipe, seeds []uint64) []spec {
	var all []spec
	for _, seed := range seeds {
		for _, t := range []task{classes, binary, numeric} {
			for _, p := range t.pairs() {
				for _, rate := range r.rates(t) {
					all = append(all, spec{t, p, rate, 0, seed})
				}
			}
		}
		for _, p := range classes.pairs() {
			for _, rate := range r.Rates {
				for _, c := range r.Confidences {
					if c == r.Confidence || rate == r.Train.Optimizer.Rate.Start {
						all = append(all, spec{classes, p, rate, c, seed})
					}
				}
			}
		}
	}
	return all
}

// job trains one network.
type job struct {
	run *lab.Run[Recipe]
	spec
	train, validation *datasets.Set
}

// work of an epoch.
func (j *job) work() int64 {
	return work(j.run.Recipe, j.task, j.train.Dim(), j.train.Classes, j.train.Len(), j.validation.Len())
}

// learn trains the network, from where an interrupted run stood. A training that
// diverges is an outcome, not a failure: some pairs bear smaller rates than others.
func (j *job) learn(ctx context.Context, t *lab.Task) (*outcome, error) {
	net, err := newNetwork(j.run.Recipe, j.spec, j.train)
	if err != nil {
		return nil, err
	}
	o := &outcome{net: net}
	if j.wrong > 0 {
		if o.confidence, err = net.confidence(j.validation); err != nil {
			return nil, err
		}
	}
	o.Outcome, err = trial.Run(ctx, j.run, t, trial.Trial{
		Seed: j.seed, Name: j.spec.run(), Data: []*datasets.Set{j.train, j.validation},
		Stages: []pretrain.Stage{net.stage(j.run.Recipe, j.train, j.validation)},
		Epochs: map[string]int{"training": j.run.Recipe.Train.Epochs}, Work: map[string]int64{"training": j.work()},
	})
	return o, err
}
