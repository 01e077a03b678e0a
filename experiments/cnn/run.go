package main

import (
	"context"
	"fmt"
	"math"
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

// learned is a network and what its training did.
type learned struct {
	net     network
	history *train.History
	err     error // of a training that diverged
}

// score is the validation error after the training, and where two are equal the loss; +Inf if
// it diverged.
func (l *learned) score() (failure, loss float64) {
	if l.err != nil || l.history.Best < 1 {
		return math.Inf(1), math.Inf(1)
	}
	v := l.history.Epochs[l.history.Best-1].Validation
	return trial.Value(v, "error"), trial.Value(v, "loss")
}

// runner trains the networks of a run.
type runner struct {
	*lab.Run[Recipe]
	data *datasets.Split
	// images are those that networks learn from, examples and validation the few labelled
	// ones, unlabelled those of pretraining, by seed.
	images, examples, validation, unlabelled map[uint64]*datasets.Set
	nets                                     map[string]map[uint64]*learned
	stacks                                   map[string]map[uint64]*stack
	few                                      map[spec]*learned
	chosen                                   map[string]map[uint64]spec
}

// run trains the networks on all images, and beside them pretrains the convolutional layers;
// trains the networks with few labels at all rates; measures; and reports.
func run(ctx context.Context, r *lab.Run[Recipe]) error {
	data, err := datasets.Load(ctx, r.Data, datasets.Options{Dir: r.DataDir, Download: r.Download})
	if err != nil {
		return err
	}
	if most := max(r.Recipe.Images, r.Recipe.Few.Images, r.Recipe.Few.Labels); most > data.Train.Len() {
		return fmt.Errorf("want at most %d images and labels, as many as %s has, got %d", data.Train.Len(), data.Train.Name, most)
	}
	x := &runner{
		Run: r, data: data, images: map[uint64]*datasets.Set{}, examples: map[uint64]*datasets.Set{}, validation: map[uint64]*datasets.Set{},
		unlabelled: map[uint64]*datasets.Set{}, nets: map[string]map[uint64]*learned{}, stacks: map[string]map[uint64]*stack{},
		few: map[spec]*learned{}, chosen: map[string]map[uint64]spec{},
	}
	few := r.Recipe.Few
	for _, seed := range r.Seeds {
		if x.images[seed], err = trial.Images(data.Train, r.Recipe.Images, seed); err != nil {
			return err
		}
		if x.unlabelled[seed], err = fewlabels.Sample(data.Train, few.Images, seed); err != nil {
			return err
		}
		if x.examples[seed], err = fewlabels.Sample(data.Train, few.Labels, seed); err != nil {
			return err
		}
		if x.validation[seed], err = fewlabels.Sample(data.Validation, few.Labels, seed); err != nil {
			return err
		}
	}
	x.Progress.Expect(x.expected())
	for _, part := range []func(context.Context) error{x.learn, x.learnFew, x.measure} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return report(x)
}

// expected is the work of the whole run.
func (x *runner) expected() (total int64) {
	for _, seed := range x.Seeds {
		for _, name := range x.Recipe.Nets {
			net, err := newNetwork(x.Recipe, name, seed, x.data.Train)
			if err != nil {
				return total
			}
			total += int64(x.Recipe.trainOf(name).Epochs)*x.netWork(net, seed) + x.testWork(net, 1+len(x.Recipe.Shifts))
		}
		net, err := newFew(x.Recipe, seed, x.data.Train, nil)
		if err != nil {
			return total
		}
		total += 2 * int64(len(net.Convs)*x.Recipe.Few.Pretrain.Epochs) * x.stackWork(net)
		for _, n := range []network{net, &models.MLP{Layers: net.Dense}} {
			runs := int64(len(firsts()))
			total += runs*int64(len(x.Recipe.Few.Rates)*x.Recipe.Few.Epochs(x.Recipe.Few.Labels))*x.fewWork(n) + runs*x.testWork(net, 1)
		}
	}
	return total
}

// netWork is the work of an epoch on all images.
func (x *runner) netWork(net network, seed uint64) int64 {
	return 2 * work(net) * int64(3*x.images[seed].Len()+x.data.Validation.Len())
}

// stackWork is that of an epoch of a layer's pretraining, as if both took half as long.
func (x *runner) stackWork(net *models.ConvNet) int64 {
	return 3 * work(net) * int64(x.Recipe.Few.Images)
}

// fewWork is that of an epoch with few labels.
func (x *runner) fewWork(net network) int64 {
	return x.Recipe.Few.Work(work(net), x.Recipe.Few.Labels, x.Recipe.Few.Labels)
}

// testWork is that of reading the test set so often.
func (x *runner) testWork(net network, times int) int64 {
	return 2 * work(net) * int64(times*x.data.Test.Len())
}

// learn trains the networks of all seeds on all images, and pretrains the stacks.
func (x *runner) learn(ctx context.Context) error {
	var jobs []lab.Job
	for _, name := range x.Recipe.Nets {
		x.nets[name] = map[uint64]*learned{}
		for _, seed := range x.Seeds {
			net, err := newNetwork(x.Recipe, name, seed, x.data.Train)
			if err != nil {
				return err
			}
			one, recipe := &learned{net: net}, x.Recipe.trainOf(name)
			x.nets[name][seed] = one
			stage := pretrain.Supervised("error", net, recipe, x.images[seed], x.data.Validation, random.New(seed).Split("order"))
			jobs = append(jobs, x.job(one, trial.Trial{
				Seed: seed, Name: name, Stages: []pretrain.Stage{stage}, Data: []*datasets.Set{x.images[seed], x.data.Validation},
				Epochs: map[string]int{stage.Name: recipe.Epochs}, Work: map[string]int64{stage.Name: x.netWork(net, seed)},
			}))
		}
	}
	for _, first := range []string{fromPlain, fromDenoising} {
		x.stacks[first] = map[uint64]*stack{}
		for _, seed := range x.Seeds {
			st, err := newStack(x.Recipe, first, seed, x.data.Train)
			if err != nil {
				return err
			}
			x.stacks[first][seed] = st
			t := trial.Trial{
				Seed: seed, Name: first + "-pretraining", Stages: st.stages(x.Recipe, x.unlabelled[seed], seed), Data: []*datasets.Set{x.unlabelled[seed]},
				Epochs: map[string]int{}, Work: map[string]int64{},
			}
			for _, s := range t.Stages {
				t.Epochs[s.Name], t.Work[s.Name] = x.Recipe.Few.Pretrain.Epochs, x.stackWork(st.net)
			}
			jobs = append(jobs, x.job(&learned{}, t))
		}
	}
	return x.Parallel(ctx, runtime.GOMAXPROCS(0), jobs)
}

// job is a training whose divergence fails the run.
func (x *runner) job(to *learned, t trial.Trial) lab.Job {
	return lab.Job{Name: fmt.Sprintf("seed %d %s", t.Seed, t.Name), Units: t.Units(), Run: func(ctx context.Context, task *lab.Task) error {
		o, err := trial.Run(ctx, x.Run, task, t)
		if err != nil {
			return err
		}
		if o.Diverged {
			return o.Err // says where, and what to try
		}
		to.history = o.Last()
		if to.net == nil {
			return nil
		}
		return x.SaveModel(t.File(), to.net)
	}}
}

// kinds are those of the networks that learn from few labels: all first weights, and once more
// with convolutional layers that stay as they are.
func kinds() (out []spec) {
	for _, fixed := range []bool{false, true} {
		for _, first := range firsts() {
			out = append(out, spec{first: first, fixed: fixed})
		}
	}
	return out
}

// learnFew trains the networks of all kinds and seeds with few labels, at all rates, and
// chooses for each the rate with the smallest validation error.
func (x *runner) learnFew(ctx context.Context) error {
	var jobs []lab.Job
	few := x.Recipe.Few
	for _, s := range kinds() {
		for _, s.seed = range x.Seeds {
			set, validation, err := x.fewSets(s)
			if err != nil {
				return err
			}
			for _, s.rate = range few.Rates {
				net, err := x.fewNetwork(s)
				if err != nil {
					return err
				}
				one, recipe := &learned{net: net}, few.At(s.rate, few.Labels)
				x.few[s] = one
				stage := pretrain.Supervised("error", net, recipe, set, validation, random.New(s.seed).Split("few order"))
				t := trial.Trial{
					Seed: s.seed, Name: s.String(), Stages: []pretrain.Stage{stage}, Data: []*datasets.Set{set, validation},
					Epochs: map[string]int{stage.Name: recipe.Epochs}, Work: map[string]int64{stage.Name: x.fewWork(net)},
				}
				jobs = append(jobs, lab.Job{Name: fmt.Sprintf("seed %d %s", s.seed, s), Units: t.Units(), Run: func(ctx context.Context, task *lab.Task) error {
					o, err := trial.Run(ctx, x.Run, task, t)
					if err == nil {
						one.history, one.err = o.Last(), o.Err
					}
					return err
				}})
			}
		}
	}
	if err := x.Parallel(ctx, runtime.GOMAXPROCS(0), jobs); err != nil {
		return err
	}
	return x.choose()
}

// fewNetwork is a network with its first weights. One with fixed convolutional layers is its dense
// layers, on the codes.
func (x *runner) fewNetwork(s spec) (network, error) {
	conv, err := newFew(x.Recipe, s.seed, x.data.Train, x.stacks[s.first][s.seed])
	if err != nil || !s.fixed {
		return conv, err
	}
	return &models.MLP{Layers: conv.Dense}, nil
}

// fewSets are what networks of a kind and a seed learn from, and what validates them.
func (x *runner) fewSets(s spec) (set, validation *datasets.Set, err error) {
	set, validation = x.examples[s.seed], x.validation[s.seed]
	if s.fixed {
		conv, err := newFew(x.Recipe, s.seed, x.data.Train, x.stacks[s.first][s.seed])
		if err != nil {
			return nil, nil, err
		}
		if set, err = codes(conv, set); err != nil {
			return nil, nil, err
		}
		if validation, err = codes(conv, validation); err != nil {
			return nil, nil, err
		}
	}
	set, err = fewlabels.Repeated(set, x.Recipe.Few.Repeats(x.Recipe.Few.Labels))
	return set, validation, err
}

func (x *runner) choose() error {
	for _, s := range kinds() {
		x.chosen[s.kind()] = map[uint64]spec{}
		for _, s.seed = range x.Seeds {
			failure, loss := math.Inf(1), math.Inf(1)
			for _, s.rate = range x.Recipe.Few.Rates {
				if f, l := x.few[s].score(); f < failure || f == failure && l < loss {
					failure, loss, x.chosen[s.kind()][s.seed] = f, l, s
				}
			}
			best, ok := x.chosen[s.kind()][s.seed]
			if !ok {
				return fmt.Errorf("%s, seed %d: want a rate at which training does not diverge, got %v", s.kind(), s.seed, x.Recipe.Few.Rates)
			}
			if err := x.SaveModel(fmt.Sprintf("seed-%d-few-%s", s.seed, s.kind()), x.few[best].net); err != nil {
				return err
			}
		}
	}
	return nil
}
