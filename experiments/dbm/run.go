package main

import (
	"context"
	"fmt"
	"runtime"

	"capas/datasets"
	"capas/experiments/internal/likelihood"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
)

// outcome is what one method did.
type outcome struct {
	*trial.Outcome
	net        *network
	test       map[string]float64             // by classifier
	likelihood map[string]likelihood.Estimate // by machine
	field      map[string]*convergence
	slack      map[string]float64 // of log p(v) above its bound, by deep machine
	pictures   *pictures          // of the first seed
}

// run trains all methods of every seed and reports.
func run(ctx context.Context, r *lab.Run[Recipe]) error {
	split, err := datasets.Load(ctx, r.Data, datasets.Options{Dir: r.DataDir, Download: r.Download})
	if err != nil {
		return err
	}
	common := data{train: split.Train, validation: split.Validation, test: split.Test}
	if r.Recipe.All {
		if common.train, err = split.All(); err != nil {
			return err
		}
		common.validation = nil
	}
	if common.judged, err = likelihood.Binary(split.Test, r.Recipe.Judged); err != nil {
		return err
	}
	outcomes := map[string]map[uint64]*outcome{}
	var jobs []lab.Job
	for _, seed := range r.Seeds {
		d := common
		if d.train, err = trial.Images(common.train, r.Recipe.Images, seed); err != nil {
			return err
		}
		for _, method := range r.Recipe.Methods {
			n, err := newNetwork(r.Recipe, method, &d, seed)
			if err != nil {
				return err
			}
			if outcomes[method] == nil {
				outcomes[method] = map[uint64]*outcome{}
			}
			o := &outcome{net: n}
			outcomes[method][seed] = o
			what := n.trial(seed)
			jobs = append(jobs, lab.Job{Name: fmt.Sprintf("seed %d %s", seed, method), Units: what.Units(), Run: func(ctx context.Context, t *lab.Task) error {
				return o.learn(ctx, r, t, what, seed == r.Seeds[0])
			}})
		}
	}
	if err := r.Parallel(ctx, runtime.GOMAXPROCS(0), jobs); err != nil {
		return err
	}
	return report(r, &common, outcomes)
}

// learn trains a network, from where an interrupted run stood, and measures it.
func (o *outcome) learn(ctx context.Context, r *lab.Run[Recipe], t *lab.Task, what trial.Trial, drawn bool) (err error) {
	if o.Outcome, err = trial.Run(ctx, r, t, what); err != nil {
		return err
	}
	if o.Diverged {
		return o.Err
	}
	n := o.net
	t.Say("annealed importance sampling")
	if o.likelihood, err = n.likelihoods(ctx); err != nil {
		return err
	}
	o.field, o.slack = map[string]*convergence{}, map[string]float64{}
	for name, d := range n.machines {
		if d.Hidden() > 1 {
			if o.field[name], err = n.field(d); err != nil {
				return fmt.Errorf("mean field: %w", err)
			}
			if o.slack[name], err = n.slack(ctx, name, d); err != nil {
				return fmt.Errorf("%s: looseness of the bound: %w", name, err)
			}
		}
		if err := r.SaveModel(what.File()+suffix(n.method, name), d); err != nil {
			return err
		}
	}
	if n.belief != nil {
		if err := r.SaveModel(what.File(), n.belief); err != nil {
			return err
		}
	}
	if o.test, err = n.testErrors(r.Compiler.Under(n.method + " test")); err != nil {
		return err
	}
	for name, net := range n.nets {
		if err := r.SaveModel(what.File()+suffix(n.method, name)+"-classifier", net); err != nil {
			return err
		}
	}
	if drawn {
		o.pictures, err = n.draw()
	}
	return err
}

// suffix tells a machine of a method from the method's own.
func suffix(method, name string) string {
	if name == greedy {
		return "-greedy"
	}
	return ""
}
