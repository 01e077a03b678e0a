package main

import (
	"context"
	"fmt"
	"runtime"

	"capas/autodiff"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/pretrain"
	"capas/reinforce"
)

// outcome is what a learner did.
type outcome struct {
	*learner
	*trial.Outcome
	test *reinforce.Played
}

// run trains all learners, tests their greedy policies, and reports.
func run(ctx context.Context, r *lab.Run[Recipe]) error {
	var all []*outcome
	var jobs []lab.Job
	for _, seed := range r.Seeds {
		for _, t := range tasks() {
			for _, m := range methods() {
				l, err := newLearner(&r.Recipe, spec{t, m, seed})
				if err != nil {
					return err
				}
				o := &outcome{learner: l}
				all = append(all, o)
				jobs = append(jobs, lab.Job{
					Name: fmt.Sprintf("seed %d %s", seed, l.run()), Units: int64(l.epochs(&r.Recipe)) * l.work(&r.Recipe),
					Run: func(ctx context.Context, t *lab.Task) error { return o.learn(ctx, r, t) },
				})
			}
		}
	}
	if err := r.Parallel(ctx, runtime.GOMAXPROCS(0), jobs); err != nil {
		return err
	}
	return report(r, all)
}

// learn trains a learner, from where an interrupted run stood, and plays its test episodes.
func (o *outcome) learn(ctx context.Context, r *lab.Run[Recipe], task *lab.Task) (err error) {
	o.Outcome, err = trial.Run(ctx, r, task, trial.Trial{
		Seed: o.seed, Name: o.learner.run(), Stages: []pretrain.Stage{o.stage},
		Epochs: map[string]int{o.stage.Name: o.epochs(&r.Recipe)}, Work: map[string]int64{o.stage.Name: o.work(&r.Recipe)},
	})
	if err != nil || o.Diverged {
		return err
	}
	if err := r.SaveModel(o.file(), o.net); err != nil {
		return err
	}
	o.test, err = o.play(&r.Recipe, r.Recipe.Test, nil)
	return err
}

// play plays test episodes by the greedy policy.
func (l *learner) play(r *Recipe, episodes int, watch func(reinforce.Moment)) (*reinforce.Played, error) {
	p, err := reinforce.NewPlayer(l.env, l.net, episodes, r.limit(l.task), autodiff.Compiler{})
	if err != nil {
		return nil, err
	}
	return p.Play(r.trainings(l.task).Q.Discount, l.root.Split("test"), watch)
}

// chance is the mean return of actions that are drawn uniformly, in the test episodes.
func (l *learner) chance(r *Recipe) (float64, error) {
	c, err := reinforce.NewCopies(l.env, r.Test, r.limit(l.task), l.root.Split("test"))
	if err != nil {
		return 0, err
	}
	draw, sum := l.root.Split("chance").Rand(), 0.0
	for i := range r.Test {
		for {
			t := c.Step(i, draw.IntN(l.env.Shape().Actions))
			if t.Over {
				sum += t.Return
				break
			}
		}
	}
	return sum / float64(r.Test), nil
}
