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

// Views of the network, in the order of the report: after the greedy training, and after each
// of the two trainings that go on from there.
const (
	greedy    = "greedy"
	fineTuned = "fine-tuned"
	upDown    = "up-down"
)

func views() []string { return []string{greedy, fineTuned, upDown} }

// outcome is what the network of one seed came to.
type outcome struct {
	validation, test map[string]float64 // errors by view; validation is empty if no image validates
	histories        map[string]*train.History
	// bounds of the stack of 1, 2, … layers, the last with the labels, and last after the
	// up-down training.
	bounds []estimate
	drawn  map[string]*drawing // by view
	mind   *mind               // of the first seed
}

// run trains a network for every seed and reports.
func run(ctx context.Context, r *lab.Run[Recipe]) error {
	data, err := datasets.Load(ctx, r.Data, datasets.Options{Dir: r.DataDir, Download: r.Download})
	if err != nil {
		return err
	}
	if r.Recipe.All {
		if data.Train, err = data.All(); err != nil {
			return err
		}
		data.Validation = nil
	}
	if r.Recipe.Images > data.Train.Len() || r.Recipe.Bound.Images > data.Test.Len() {
		return fmt.Errorf("want at most %d images and %d bound images, as many as %s has, got %d and %d",
			data.Train.Len(), data.Test.Len(), r.Data, r.Recipe.Images, r.Recipe.Bound.Images)
	}
	outcomes := make([]*outcome, len(r.Seeds))
	var jobs []lab.Job
	for i, seed := range r.Seeds {
		mine := *data
		if mine.Train, err = trial.Images(data.Train, r.Recipe.Images, seed); err != nil {
			return err
		}
		net, err := newNetwork(r.Recipe, seed, &mine)
		if err != nil {
			return err
		}
		j := &job{Run: r, network: net, data: &mine, seed: seed, first: i == 0}
		t := net.trial(r.Recipe, seed, &mine)
		jobs = append(jobs, lab.Job{Name: fmt.Sprintf("seed %d", seed), Units: t.Units(), Run: func(ctx context.Context, task *lab.Task) (err error) {
			outcomes[i], err = j.train(ctx, task, t)
			return err
		}})
	}
	if err := r.Parallel(ctx, runtime.GOMAXPROCS(0), jobs); err != nil {
		return err
	}
	return report(r, data, outcomes)
}

// job trains and measures one network.
type job struct {
	*lab.Run[Recipe]
	*network
	data  *datasets.Split
	seed  uint64
	first bool
	out   outcome
}

func (j *job) train(ctx context.Context, task *lab.Task, t trial.Trial) (*outcome, error) {
	j.out = outcome{validation: map[string]float64{}, test: map[string]float64{}, histories: map[string]*train.History{}, drawn: map[string]*drawing{}}
	t.AfterStage = func(stage string, h *train.History) error {
		j.out.histories[stage] = h
		return j.measure(ctx, stage, t.File())
	}
	o, err := trial.Run(ctx, j.Run, task, t)
	if err != nil {
		return nil, err
	}
	if o.Diverged {
		return nil, o.Err // says where, and what to try
	}
	return &j.out, nil
}

// measure looks at the network after a stage.
func (j *job) measure(ctx context.Context, stage, file string) error {
	for l := range j.machines {
		if stage == fmt.Sprintf("layer %d", l+1) {
			return j.boundMachines(ctx, l+1)
		}
	}
	switch stage {
	case j.greedy:
		if err := j.dbn.Untie(); err != nil { // generates with the weights that it learned
			return err
		}
		return j.generative(ctx, greedy, file+"-greedy")
	case j.fineTuned:
		if err := j.evaluate(fineTuned, j.net); err != nil {
			return err
		}
		if err := j.judge(greedy); err != nil {
			return err
		}
		return j.SaveModel(file+"-fine-tuned", j.net)
	case j.upDown:
		if err := j.generative(ctx, upDown, file+"-up-down"); err != nil {
			return err
		}
		if err := j.judge(upDown); err != nil || !j.first {
			return err
		}
		return j.look()
	}
	return nil
}

// generative measures the deep belief network: its errors, the bound, and what it draws.
func (j *job) generative(ctx context.Context, view, file string) error {
	if err := j.evaluate(view, j.dbn); err != nil {
		return err
	}
	if err := j.boundNetwork(ctx, view); err != nil {
		return err
	}
	if err := j.drawImages(ctx, view); err != nil {
		return err
	}
	return j.SaveModel(file, j.dbn)
}

// evaluate reads the validation and the test set with a network.
func (j *job) evaluate(view string, net train.Evaluable) error {
	e := train.NewEvaluator(net)
	e.Compiler = j.Compiler.Under("dbn " + view)
	for set, to := range map[*datasets.Set]map[string]float64{j.data.Validation: j.out.validation, j.data.Test: j.out.test} {
		if set == nil {
			continue
		}
		values, err := e.Run(set)
		if err != nil {
			return fmt.Errorf("%s: %w", view, err)
		}
		to[view] = trial.Value(values, "error")
	}
	return nil
}
