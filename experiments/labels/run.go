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
	"capas/train"
)

// runner trains the networks of a run.
type runner struct {
	*lab.Run[Recipe]
	data *datasets.Split
	// stacks are the pretrained ones by pair and seed; no network changes them.
	stacks map[string]map[uint64]*models.DBN
	// examples and validation are labelled images, by seed and number of labels.
	examples, validation map[uint64]map[int]*datasets.Set
	// networks are those that were trained.
	networks map[spec]*learned
}

// run pretrains the stacks of every seed, once for all numbers of labels; trains the
// networks at the rates of the grid; reads the test set with those that were chosen; and
// reports.
func run(ctx context.Context, r *lab.Run[Recipe]) error {
	data, err := datasets.Load(ctx, r.Data, datasets.Options{Dir: r.DataDir, Download: r.Download})
	if err != nil {
		return err
	}
	if most := max(r.Recipe.most(), r.Recipe.Images); most > data.Train.Len() {
		return fmt.Errorf("want at most %d images and labels, as many as %s has, got %d", data.Train.Len(), data.Train.Name, most)
	}
	x := &runner{Run: r, data: data, stacks: map[string]map[uint64]*models.DBN{}, networks: map[spec]*learned{},
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
	x.Progress.Expect(x.expected())
	if err := x.pretrain(ctx); err != nil {
		return err
	}
	chosen, err := x.train(ctx)
	if err != nil {
		return err
	}
	if err := x.measure(ctx, chosen); err != nil {
		return err
	}
	return report(r, x.data, chosen)
}

// expected is the work of the whole run.
func (x *runner) expected() (total int64) {
	inputs, seeds := x.data.Train.Dim(), len(x.Seeds)
	for _, pair := range x.Recipe.Pairs {
		stack := fewlabels.Weights(append([]int{inputs}, x.Recipe.units(pair)...)...)
		total += int64(seeds) * int64(x.Recipe.Pretrain.Train.Epochs) * 10 * stack * int64(x.images())
	}
	for _, c := range x.Recipe.cells() {
		networks := len(x.Recipe.Rates) + seeds - 1
		if x.own(c.labels) {
			networks = len(x.Recipe.Rates) * seeds
		}
		total += int64(networks) * int64(x.Recipe.Epochs(c.labels)) * x.work(spec{cell: c})
		total += int64(seeds) * 2 * x.Recipe.weights(c.pair, inputs, x.data.Train.Classes) * int64(x.data.Test.Len())
	}
	return total
}

// pretrain trains the stacks of all pairs and seeds, without labels.
func (x *runner) pretrain(ctx context.Context) error {
	var jobs []lab.Job
	for _, pair := range x.Recipe.Pairs {
		x.stacks[pair] = map[uint64]*models.DBN{}
		for _, seed := range x.Seeds {
			stack, err := newStack(x.Recipe, pair, seed, x.data.Train.Dim())
			if err != nil {
				return err
			}
			x.stacks[pair][seed] = stack
			job, err := fewlabels.Job(x.Run, x.Recipe.Pretrain, pair+"-pretraining", stack, x.data.Train, x.images(), seed)
			if err != nil {
				return err
			}
			jobs = append(jobs, job)
		}
	}
	return x.Parallel(ctx, runtime.GOMAXPROCS(0), jobs)
}

// images is how many pretraining sees.
func (x *runner) images() int {
	if x.Recipe.Images == 0 {
		return x.data.Train.Len()
	}
	return x.Recipe.Images
}

// network is a network before its training, and the training.
func (x *runner) network(s spec) (*models.MLP, trial.Trial, error) {
	data := x.examples[s.seed][s.labels]
	net, err := newNetwork(x.Recipe, s.arm, s.seed, data, x.stacks[s.pair][s.seed])
	if err != nil {
		return nil, trial.Trial{}, err
	}
	set, err := fewlabels.Repeated(data, x.Recipe.Repeats(data.Len()))
	if err != nil {
		return nil, trial.Trial{}, err
	}
	recipe := x.Recipe.At(s.rate, s.labels)
	stage := supervised(net, recipe, set, x.data.Validation, random.New(s.seed).Split("order"))
	return net, trial.Trial{
		Seed: s.seed, Name: s.String(), Stages: []pretrain.Stage{stage}, Data: []*datasets.Set{set, x.data.Validation},
		Epochs: map[string]int{stage.Name: recipe.Epochs}, Work: map[string]int64{stage.Name: x.work(s)},
	}, nil
}

// supervised is a training that ends with its last parameters, when the rate has come down
// to 0. The validation error after each epoch is there to be looked at, and chooses none:
// few validation images would choose by chance.
func supervised(net *models.MLP, recipe train.Recipe, data, validation *datasets.Set, order *random.Stream) pretrain.Stage {
	return pretrain.Stage{
		Name: "training", Params: net.Params(),
		Train: func(ctx context.Context, hooks pretrain.Hooks) (*train.History, error) {
			evaluator := train.NewEvaluator(net)
			evaluator.Compiler = hooks.Compiler
			return hooks.Trainer(train.Trainer{
				Model: net, Recipe: recipe, Data: data, Order: order, KeepLast: true,
				Validate: func() (train.Values, error) { return evaluator.Run(validation) },
			}).Run(ctx)
		},
	}
}

// work is that of an epoch.
func (x *runner) work(s spec) int64 {
	weights := x.Recipe.weights(s.pair, x.data.Train.Dim(), x.data.Train.Classes)
	return x.Recipe.Work(weights, s.labels, x.data.Validation.Len())
}

// own tells whether each seed chooses the cell's rate itself, by its own images. Where all
// validation images choose, they are the same for all seeds, and the first one's choice
// stands for all, which saves their trainings at other rates.
func (x *runner) own(labels int) bool { return labels < x.data.Validation.Len() }

// train trains the networks at all rates, of the first seed alone where its choice stands
// for all, then those of the other seeds at the chosen rate, and returns the chosen ones.
func (x *runner) train(ctx context.Context) (results, error) {
	var tried, others []spec
	for _, c := range x.Recipe.cells() {
		for i, seed := range x.Seeds {
			for _, rate := range x.Recipe.Rates {
				if i == 0 || x.own(c.labels) {
					tried = append(tried, spec{c, rate, seed})
				}
			}
		}
	}
	if err := x.learn(ctx, tried); err != nil {
		return nil, err
	}
	chosen, err := x.choose()
	if err != nil {
		return nil, err
	}
	for _, r := range chosen {
		if x.networks[r.spec] == nil {
			others = append(others, r.spec)
		}
	}
	if err := x.learn(ctx, others); err != nil {
		return nil, err
	}
	return chosen, nil
}

// learn trains networks, each in a job.
func (x *runner) learn(ctx context.Context, all []spec) error {
	networks := make([]*learned, len(all))
	var jobs []lab.Job
	for i, s := range all {
		jobs = append(jobs, lab.Job{
			Name: fmt.Sprintf("seed %d %s", s.seed, s), Units: x.work(s) * int64(x.Recipe.Epochs(s.labels)),
			Run: func(ctx context.Context, task *lab.Task) (err error) {
				networks[i], err = x.one(ctx, task, s)
				return err
			},
		})
	}
	if err := x.Parallel(ctx, runtime.GOMAXPROCS(0), jobs); err != nil {
		return err
	}
	for i, s := range all {
		x.networks[s] = networks[i]
	}
	return nil
}

// one trains a network, and measures it on as many validation images as it had labels.
func (x *runner) one(ctx context.Context, task *lab.Task, s spec) (*learned, error) {
	net, t, err := x.network(s)
	if err != nil {
		return nil, err
	}
	o, err := trial.Run(ctx, x.Run, task, t)
	if err != nil {
		return nil, err
	}
	l := &learned{Outcome: o}
	if o.Diverged {
		return l, nil
	}
	l.all = o.Last().Epochs[len(o.Last().Epochs)-1].Validation
	if l.few, err = train.NewEvaluatorWith(x.Compiler.Under("test"), net).Run(x.validation[s.seed][s.labels]); err != nil {
		return nil, fmt.Errorf("validation: %w", err)
	}
	return l, nil
}
