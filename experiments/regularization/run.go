package main

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"

	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/pretrain"
	"capas/random"
	"capas/train"
)

// outcome is what one network did. Errors are fractions; NaN if its training diverged.
type outcome struct {
	spec
	net     *network // nil once a network of another level was chosen
	history *train.History
	// validation is the error on all validation images, train that on the training images
	// as they are, test that on the test images, all after training and without dropout.
	validation, train, test float64
	testLoss                float64 // in nats
}

// sets are the images that the networks of one seed are trained on.
type sets struct {
	digits map[int]*datasets.Set // by number
	color  *datasets.Split
}

// experimenter runs the experiment.
type experimenter struct {
	*lab.Run[Recipe]
	data  *datasets.Split
	watch *datasets.Set // the validation images that are looked at after each epoch
	sets  map[uint64]sets
	by    map[spec]*outcome
	// chosen is the level of each method, and offsets on coloured digits.
	chosen map[method]int
}

// run tries all levels with the fewest images and on coloured digits, then those of all
// methods together, trains the chosen ones with more images, measures, and reports.
func run(ctx context.Context, r *lab.Run[Recipe]) error {
	x := &experimenter{Run: r, sets: map[uint64]sets{}, by: map[spec]*outcome{}, chosen: map[method]int{}}
	if err := x.load(ctx); err != nil {
		return err
	}
	singles, jointly := x.trials(append([]method{none}, alone()...)), x.trials([]method{together})
	var units int64
	for _, s := range slices.Concat(singles, x.colorTrials(), jointly, x.rest()) {
		units += int64(r.Recipe.epochs(s)) * x.work(s)
	}
	r.Progress.Expect(units)
	if err := x.train(ctx, slices.Concat(singles, x.colorTrials())); err != nil {
		return err
	}
	if err := x.choose(append(alone(), offsets)); err != nil {
		return err
	}
	if err := x.train(ctx, jointly); err != nil {
		return err
	}
	if err := x.choose([]method{together}); err != nil {
		return err
	}
	if err := x.train(ctx, x.rest()); err != nil { // by the levels chosen
		return err
	}
	m, err := x.measure(ctx)
	if err != nil {
		return err
	}
	return x.report(m)
}

// load loads the digits and makes each seed's training images and coloured digits.
func (x *experimenter) load(ctx context.Context) (err error) {
	options := datasets.Options{Dir: x.DataDir, Download: x.Download}
	if x.data, err = datasets.Load(ctx, x.Data, options); err != nil {
		return err
	}
	r := x.Recipe
	if x.watch, err = x.data.Validation.Sample(min(r.Validation, x.data.Validation.Len()), nil); err != nil {
		return err
	}
	colored := r.ColorTest
	if colored == 0 {
		colored = x.data.Test.Len()
	}
	for _, seed := range x.Seeds {
		s := sets{digits: map[int]*datasets.Set{}}
		for _, n := range r.Images {
			if n > x.data.Train.Len() {
				return fmt.Errorf("images: want at most the %d training images that there are, got %d", x.data.Train.Len(), n)
			}
			of := n
			if n == x.data.Train.Len() {
				of = 0 // all, without a copy
			}
			if s.digits[n], err = trial.Images(x.data.Train, of, seed); err != nil {
				return err
			}
		}
		sizes := datasets.GenerateOptions{Train: r.ColorImages, Validation: r.Validation, Test: colored, MNIST: options}
		if s.color, err = datasets.Generate(ctx, "mnist-color", random.New(seed).Split("colors"), sizes); err != nil {
			return err
		}
		x.sets[seed] = s
	}
	return nil
}

// of is the network of a method at its chosen level.
func (x *experimenter) of(m method, images int, seed uint64) *outcome {
	return x.by[spec{m, false, images, x.chosen[m], seed}]
}

// colored is that of a method on coloured digits.
func (x *experimenter) colored(m method, seed uint64) *outcome {
	return x.by[spec{m, true, x.Recipe.ColorImages, x.chosen[m], seed}]
}

// train trains networks, side by side.
func (x *experimenter) train(ctx context.Context, specs []spec) error {
	outcomes := make([]*outcome, len(specs))
	var jobs []lab.Job
	for i, s := range specs {
		jobs = append(jobs, lab.Job{
			Name: fmt.Sprintf("seed %d %s", s.seed, s.run()), Units: int64(x.Recipe.epochs(s)) * x.work(s),
			Run: func(ctx context.Context, t *lab.Task) (err error) {
				outcomes[i], err = x.learn(ctx, t, s)
				return err
			},
		})
	}
	if err := x.Parallel(ctx, runtime.GOMAXPROCS(0), jobs); err != nil {
		return err
	}
	for i, s := range specs {
		x.by[s] = outcomes[i]
	}
	return nil
}

// images are those that a network is trained on, watched on in training, and validated
// on in the end.
func (x *experimenter) images(s spec) (training, watch, validation *datasets.Set) {
	if s.color {
		c := x.sets[s.seed].color
		return c.Train, c.Validation, c.Validation
	}
	return x.sets[s.seed].digits[s.images], x.watch, x.data.Validation
}

// learn trains a network, from where an interrupted run stood, and measures it.
func (x *experimenter) learn(ctx context.Context, task *lab.Task, s spec) (*outcome, error) {
	data, watch, validation := x.images(s)
	recipe := x.Recipe.Train
	recipe.Epochs = x.Recipe.epochs(s)
	perEpoch := (data.Len() + recipe.Batch - 1) / recipe.Batch
	set := x.settings(s, recipe.Epochs*perEpoch)
	recipe.Patience, recipe.Augment = set.patience, set.augment
	net, err := newNetwork(x.Recipe, s, set, data.Dim(), data.Classes)
	if err != nil {
		return nil, err
	}
	done, err := trial.Run(ctx, x.Run, task, trial.Trial{
		Seed: s.seed, Name: s.run(), Stages: []pretrain.Stage{stage(net, recipe, data, watch, s.seed)}, Data: []*datasets.Set{data, watch},
		Epochs: map[string]int{"training": recipe.Epochs}, Work: map[string]int64{"training": x.work(s)},
	})
	if err != nil {
		return nil, err
	}
	o := &outcome{s, net, done.Last(), math.NaN(), math.NaN(), math.NaN(), math.NaN()}
	if done.Diverged {
		return o, nil
	}
	evaluator := train.NewEvaluator(net)
	evaluator.Compiler = x.Compiler.Under(s.run())
	for _, e := range []struct {
		to  *float64
		set *datasets.Set
	}{{&o.validation, validation}, {&o.train, data}} {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		v, err := evaluator.Run(e.set)
		if err != nil {
			return nil, err
		}
		*e.to = trial.Value(v, "error")
	}
	return o, nil
}

// stage trains a network. Without patience it ends with the parameters after the last
// epoch: to keep the best ones on validation is early stopping.
func stage(net *network, recipe train.Recipe, data, watch *datasets.Set, seed uint64) pretrain.Stage {
	order := random.New(seed).Split("order")
	return pretrain.Stage{
		Name: "training", Params: net.Params(),
		Train: func(ctx context.Context, h pretrain.Hooks) (*train.History, error) {
			evaluator := train.NewEvaluator(net)
			evaluator.Compiler = h.Compiler
			t := h.Trainer(train.Trainer{
				Model: net, Recipe: recipe, Data: data, Order: order, KeepLast: recipe.Patience == nil,
				Validate: func() (train.Values, error) { return evaluator.Run(watch) },
			})
			return t.Run(ctx)
		},
	}
}

// work estimates the operations of an epoch: two for each weight and example in every
// product, and for changing an image two hundred a pixel.
func (x *experimenter) work(s spec) int64 {
	data, watch, _ := x.images(s)
	weights, inputs := 0, data.Dim()
	for _, k := range append(x.Recipe.Hidden[:len(x.Recipe.Hidden):len(x.Recipe.Hidden)], data.Classes) {
		weights += inputs * k
		inputs = k
	}
	work := 2 * int64(weights) * int64(3*data.Len()+watch.Len())
	if s.method == augmentation || s.method == together {
		work += 200 * int64(data.Dim()) * int64(data.Len())
	}
	return work
}
