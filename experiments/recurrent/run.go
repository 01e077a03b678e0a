package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"

	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/pretrain"
)

// outcome is what one network did.
type outcome struct {
	*trial.Outcome
	measured
}

// has tells whether a part is run.
func (r Recipe) has(part string) bool { return slices.Contains(r.Parts, part) }

// run trains the networks of every part, kind, length, rate and seed, and reports.
func run(ctx context.Context, r *lab.Run[Recipe]) error {
	src := sources{}
	var err error
	if r.Recipe.has("mnist") {
		if src.images, err = datasets.Load(ctx, r.Data, datasets.Options{Dir: r.DataDir, Download: r.Download}); err != nil {
			return err
		}
	}
	if r.Recipe.has("text") {
		if src.text, err = newCorpus(r.Recipe.Text.Sequences); err != nil {
			return err
		}
	}
	specs := allSpecs(r.Recipe, r.Seeds)
	outcomes := make([]*outcome, len(specs))
	var jobs []lab.Job
	for i, s := range specs {
		units, err := work(r.Recipe, s, src)
		if err != nil {
			return err
		}
		jobs = append(jobs, lab.Job{
			Name: fmt.Sprintf("seed %d %s", s.seed, s.run()), Units: units,
			Run: func(ctx context.Context, t *lab.Task) (err error) {
				outcomes[i], err = learn(ctx, r, t, s, src)
				return err
			},
		})
	}
	if err := r.Parallel(ctx, runtime.GOMAXPROCS(0), jobs); err != nil {
		return err
	}
	return report(ctx, r, src, specs, outcomes)
}

// allSpecs are the networks of an experiment.
func allSpecs(r Recipe, seeds []uint64) (all []spec) {
	for _, seed := range seeds {
		for _, part := range []string{"adding", "copy"} {
			for _, c := range r.Cells {
				for _, length := range r.Lengths {
					for _, rate := range r.Rates {
						all = append(all, spec{part, c.String(), length, rate, seed})
					}
				}
			}
		}
		for _, c := range r.MNISTCells {
			all = append(all, spec{part: "mnist", kind: c.String(), seed: seed})
		}
		for _, c := range r.TextCells {
			all = append(all, spec{part: "text", kind: c.String(), seed: seed})
		}
		for _, part := range []string{"xor", "reber"} {
			for _, kind := range []string{"elman", "jordan"} {
				all = append(all, spec{part: part, kind: kind, seed: seed})
			}
		}
	}
	return slices.DeleteFunc(all, func(s spec) bool { return !r.has(s.part) })
}

// work is that of all epochs of a network, as newProblem will find it.
func work(r Recipe, s spec, src sources) (int64, error) {
	small := r
	for _, t := range []*Task{&small.Adding, &small.Copy, &small.XOR, &small.Reber} {
		t.Sequences = min(t.Sequences, 1) // nothing large is drawn
	}
	p, err := newProblem(small, s, src)
	if err != nil {
		return 0, err
	}
	per := p.work / int64(max(1, small.task(s.part).Sequences))
	if n := r.task(s.part).Sequences; s.part != "mnist" && s.part != "text" {
		return int64(n) * per * int64(r.task(s.part).Train.Epochs), nil
	}
	return p.work * int64(r.task(s.part).Train.Epochs), nil
}

// task is that of a part.
func (r Recipe) task(part string) Task {
	return map[string]Task{"adding": r.Adding, "copy": r.Copy, "mnist": r.MNIST, "text": r.Text, "xor": r.XOR, "reber": r.Reber}[part]
}

// learn trains a network, from where an interrupted run stood, and measures it.
func learn(ctx context.Context, r *lab.Run[Recipe], t *lab.Task, s spec, src sources) (*outcome, error) {
	p, err := newProblem(r.Recipe, s, src)
	if err != nil {
		return nil, err
	}
	o := &outcome{}
	o.Outcome, err = trial.Run(ctx, r, t, trial.Trial{
		Seed: s.seed, Name: s.run(), Data: []*datasets.Set{p.train, p.validation},
		Stages: []pretrain.Stage{p.stage()},
		Epochs: map[string]int{"training": p.recipe.Epochs}, Work: map[string]int64{"training": p.work},
	})
	if err != nil || o.Diverged {
		return o, err
	}
	if err := r.SaveModel(s.file(), p.net); err != nil {
		return nil, err
	}
	o.measured, err = p.measure(r.Compiler, src.text)
	return o, err
}

// best is the rate at which a kind of network does best on a problem of a length, by the mean over
// seeds of the smallest validation loss; a training that diverged counts as infinitely bad.
func best(r Recipe, specs []spec, outcomes []*outcome, part, kind string, length int) float64 {
	least, rate := 0.0, 0.0
	for _, x := range r.Rates {
		sum := 0.0
		for i, s := range specs {
			if s.part == part && s.kind == kind && s.length == length && s.rate == x {
				sum += outcomes[i].Best("loss")
			}
		}
		if rate == 0 || sum < least {
			least, rate = sum, x
		}
	}
	return rate
}
