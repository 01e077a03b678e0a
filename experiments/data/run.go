package main

import (
	"context"
	"fmt"
	"runtime"

	"capas/datasets"
	"capas/experiments/internal/fewlabels"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/models"
	"capas/pretrain"
	"capas/random"
)

// runner trains the networks of a run.
type runner struct {
	*lab.Run[Recipe]
	data *datasets.Split
	// dbns are the pretrained stacks by seed; no network changes them.
	dbns map[uint64]*models.DBN
	// examples and validation are the labelled images, by seed and number of labels.
	examples, validation map[uint64]map[int]*datasets.Set
	outcomes             map[spec]*trial.Outcome
}

// run pretrains a stack for every seed, trains the networks of the first seed at all rates
// and those of the others at the best one, reads the test set, and reports.
func run(ctx context.Context, r *lab.Run[Recipe]) error {
	data, err := datasets.Load(ctx, r.Data, datasets.Options{Dir: r.DataDir, Download: r.Download})
	if err != nil {
		return err
	}
	if most := max(r.Recipe.most(), r.Recipe.Images); most > data.Train.Len() {
		return fmt.Errorf("want at most %d images and labels, as many as %s has, got %d", data.Train.Len(), data.Train.Name, most)
	}
	x := &runner{Run: r, data: data, dbns: map[uint64]*models.DBN{}, outcomes: map[spec]*trial.Outcome{},
		examples: map[uint64]map[int]*datasets.Set{}, validation: map[uint64]map[int]*datasets.Set{}}
	for _, seed := range r.Seeds {
		x.examples[seed], x.validation[seed] = map[int]*datasets.Set{}, map[int]*datasets.Set{}
		for _, n := range r.Recipe.Labels {
			if x.examples[seed][n], err = fewlabels.Sample(data.Train, n, seed); err != nil {
				return err
			}
			if x.validation[seed][n], err = fewlabels.Sample(data.Validation, n, seed); err != nil {
				return err
			}
		}
	}
	if r.Recipe.pretrains() {
		if err := x.pretrain(ctx); err != nil {
			return err
		}
	}
	chosen, err := x.train(ctx)
	if err != nil {
		return err
	}
	if err := x.measure(ctx, chosen); err != nil {
		return err
	}
	return report(r, chosen)
}

// pretrain trains the stacks of all seeds, without labels.
func (x *runner) pretrain(ctx context.Context) error {
	var jobs []lab.Job
	for _, seed := range x.Seeds {
		dbn, err := newDBN(x.Recipe, seed, x.data.Train.Dim())
		if err != nil {
			return err
		}
		x.dbns[seed] = dbn
		job, err := fewlabels.Job(x.Run, x.Recipe.Pretrain, "pretraining", dbn, x.data.Train, x.Recipe.Images, seed)
		if err != nil {
			return err
		}
		jobs = append(jobs, job)
	}
	return x.Parallel(ctx, runtime.GOMAXPROCS(0), jobs)
}

// network is a network before its training, and the training.
func (x *runner) network(s spec) (*models.MLP, trial.Trial, error) {
	data, validation := x.examples[s.seed][s.labels], x.validation[s.seed][s.labels]
	net, err := newNetwork(x.Recipe, s, data, x.dbns[s.seed])
	if err != nil {
		return nil, trial.Trial{}, err
	}
	set, err := fewlabels.Repeated(data, x.Recipe.Repeats(data.Len()))
	if err != nil {
		return nil, trial.Trial{}, err
	}
	recipe := x.Recipe.At(s.rate, s.labels)
	// The cross-entropy chooses among epochs: on few images it tells apart what the
	// number of mistakes does not.
	stage := pretrain.Supervised("loss", net, recipe, set, validation, random.New(s.seed).Split("order"))
	return net, trial.Trial{
		Seed: s.seed, Name: s.String(), Stages: []pretrain.Stage{stage}, Data: []*datasets.Set{set, validation},
		Epochs: map[string]int{stage.Name: recipe.Epochs}, Work: map[string]int64{stage.Name: x.work(s)},
	}, nil
}

// work is that of an epoch.
func (x *runner) work(s spec) int64 {
	weights := x.Recipe.model(s.model).weights(x.data.Train.Dim(), x.data.Train.Classes)
	return x.Recipe.Work(weights, s.labels, x.validation[s.seed][s.labels].Len())
}

// train trains the networks of the first seed at all rates, chooses one for each model and
// number of labels, trains those of the other seeds at it, and returns the chosen ones.
func (x *runner) train(ctx context.Context) (results, error) {
	var tried, others []spec
	for _, c := range x.Recipe.cells() {
		for _, rate := range x.Recipe.Rates {
			tried = append(tried, spec{c, rate, x.Seeds[0]})
		}
	}
	if err := x.learn(ctx, tried); err != nil {
		return nil, err
	}
	best, err := x.choose()
	if err != nil {
		return nil, err
	}
	for _, seed := range x.Seeds[1:] {
		for _, c := range x.Recipe.cells() {
			others = append(others, spec{c, best[c], seed})
		}
	}
	if err := x.learn(ctx, others); err != nil {
		return nil, err
	}
	return x.chosen(best)
}

// learn trains networks, each in a job.
func (x *runner) learn(ctx context.Context, all []spec) error {
	outcomes := make([]*trial.Outcome, len(all))
	var jobs []lab.Job
	for i, s := range all {
		jobs = append(jobs, lab.Job{
			Name: fmt.Sprintf("seed %d %s", s.seed, s), Units: x.work(s) * int64(x.Recipe.Epochs(s.labels)),
			Run: func(ctx context.Context, task *lab.Task) error {
				_, t, err := x.network(s)
				if err != nil {
					return err
				}
				outcomes[i], err = trial.Run(ctx, x.Run, task, t)
				return err
			},
		})
	}
	if err := x.Parallel(ctx, runtime.GOMAXPROCS(0), jobs); err != nil {
		return err
	}
	for i, s := range all {
		x.outcomes[s] = outcomes[i]
	}
	return nil
}
