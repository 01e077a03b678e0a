package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"

	"capas/datasets"
	"capas/experiments/lab"
	"capas/pretrain"
	"capas/random"
	"capas/train"
)

// outcome is what one network did.
type outcome struct {
	net      *network
	history  *train.History
	diverged bool
	// confidence is the smallest probability of class 0 over the validation images at a
	// confidently wrong start.
	confidence float64
}

// best is the smallest validation score, +Inf of a training that diverged.
func (o *outcome) best() float64 {
	if o.diverged {
		return math.Inf(1)
	}
	return value(o.history.Epochs[o.history.Best-1].Validation, o.net.task.score())
}

// recovery is the first epoch after which the validation error was below the given one;
// one more than all epochs if there was none.
func (o *outcome) recovery(below float64, epochs int) float64 {
	for _, e := range o.history.Epochs {
		if value(e.Validation, "error") < below {
			return float64(e.Epoch)
		}
	}
	return float64(epochs + 1)
}

func value(v train.Values, name string) float64 {
	x, ok := v.Get(name)
	if !ok {
		return math.NaN()
	}
	return x
}

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
		examples[seed] = data.Train
		if n := r.Recipe.Images; n > 0 {
			if examples[seed], err = data.Train.Sample(n, random.New(seed).Split("images")); err != nil {
				return err
			}
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
	store, err := j.run.Checkpoints(j.file(), j.train, j.validation)
	if err != nil {
		return nil, err
	}
	history := &train.History{}
	work, epochs := j.work(), j.run.Recipe.Train.Epochs
	p := pretrain.Pipeline{
		Stages: []pretrain.Stage{net.stage(j.run.Recipe, j.train, j.validation)},
		Store:  store, SaveEvery: j.run.CheckpointEvery, Profile: j.run.Profile.Under(string(j.task) + " " + j.pair.key()),
		AfterEpoch: func(_ string, e train.Epoch, loaded bool) error {
			if loaded {
				t.Skip(work)
			} else {
				t.Say("epoch %d/%d, validation %s %.4g", e.Epoch, epochs, j.task.score(), value(e.Validation, j.task.score()))
				t.Add(work)
			}
			history.Epochs = append(history.Epochs, e)
			j.run.Log(j.seed, j.spec.run(), newLine(e))
			return nil
		},
	}
	histories, err := p.Run(ctx)
	switch {
	case errors.Is(err, train.ErrDiverged):
		o.diverged, o.history = true, history
		return o, nil
	case err != nil:
		return nil, err
	}
	if o.history = histories[0]; o.history.Best < 1 {
		return nil, fmt.Errorf("%s: want a training with a best epoch, got a history of %d epochs without", store.Last(), len(o.history.Epochs))
	}
	return o, nil
}

// line is a line of metrics.jsonl.
type line struct {
	Epoch      int                `json:"epoch"`
	Train      map[string]float64 `json:"train"`
	Validation map[string]float64 `json:"validation"`
	GradNorms  map[string]float64 `json:"grad_norms,omitempty"`
	Seconds    float64            `json:"seconds,omitempty"`
}

func newLine(e train.Epoch) line {
	return line{e.Epoch, byName(e.Train), byName(e.Validation), byName(e.GradNorms), e.Seconds}
}

func byName(v train.Values) map[string]float64 {
	out := map[string]float64{}
	for _, x := range v {
		out[x.Name] = x.Value
	}
	return out
}
