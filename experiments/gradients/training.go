package main

import (
	"context"
	"fmt"
	"math"
	"strings"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"
)

// training is one network to be trained.
type training struct {
	Pair
	depth int
	part  part
}

// part says what of a network is trained, and on what.
type part string

const (
	whole  part = "whole"
	frozen part = "frozen" // the first layers stay as they were drawn
	// standardised is a network of the last layers, trained on what the frozen ones make
	// of the image after each unit is brought to mean 0 and standard deviation 1.
	standardised part = "standardised"
)

// String is its name, such as "sigmoid/lecun, depth 5, whole".
func (t training) String() string {
	return fmt.Sprintf("%s, depth %d, %s", t.Pair, t.depth, t.part)
}

// metric is the head of its metrics' names.
func (t training) metric() string { return fmt.Sprintf("%s.depth%d.%s", t.Pair, t.depth, t.part) }

// file is the head of its files' names.
func (t training) file() string {
	name := strings.NewReplacer("/", "-", "(", "-", ")", "").Replace(t.Pair.String())
	return fmt.Sprintf("%s-depth%d-%s", name, t.depth, t.part)
}

func (r Recipe) trainings() []training {
	var out []training
	for _, p := range r.trained() {
		for _, depth := range r.TrainDepths {
			out = append(out, training{p, depth, whole}, training{p, depth, frozen}, training{p, depth, standardised})
		}
	}
	return out
}

// outcome is what one network did.
type outcome struct {
	before  []layer
	history *train.History
	test    train.Values
	// moved is |W − W⁰|/|W⁰| of each layer's weights, W being those after the last epoch.
	moved []float64
	// share is the part of Σ|W − W⁰|² that belongs to the layers which the frozen
	// network trains.
	share float64
}

// lastLayers are the layers after the last epoch.
func (o *outcome) lastLayers() []layer {
	return layersOf(o.history.Epochs[len(o.history.Epochs)-1].Validation)
}

// job trains one network.
type job struct {
	training
	run   *lab.Run[Recipe]
	data  *datasets.Split
	fixed *datasets.Set
	seed  uint64
}

func (j *job) epochWork() int64 {
	n := j.data.Train.Len()
	if j.run.Recipe.Images > 0 {
		n = j.run.Recipe.Images
	}
	return trainingWork(j.run.Recipe, j.depth, j.part, j.data.Train.Dim(), j.data.Train.Classes, n)
}

// train trains the network, from where an interrupted run stood, and evaluates it on
// the test set, once, with the parameters that had the smallest validation error.
func (j *job) train(ctx context.Context, t *lab.Task) (*outcome, error) {
	r := j.run.Recipe
	data := *j.data
	var err error
	if data.Train, err = trial.Images(data.Train, r.Images, j.seed); err != nil {
		return nil, err
	}
	w, err := newWeights(r, j.Init, j.seed, data.Train.Dim(), data.Train.Classes, j.depth)
	if err != nil {
		return nil, err
	}
	net := w.network(j.Activation, j.depth)
	fixed := j.fixed
	if j.part == standardised {
		below := net.Layers[:len(net.Layers)-r.TrainLast]
		net = &models.MLP{Layers: net.Layers[len(below):]}
		if err := standardise(below, &data); err != nil {
			return nil, err
		}
		if fixed, err = data.Validation.Take(fixed.Len()); err != nil {
			return nil, err
		}
	}
	first := clones(net)
	p, err := newProbe(net, fixed)
	if err != nil {
		return nil, err
	}
	o := &outcome{}
	if o.before, err = p.run(true); err != nil {
		return nil, err
	}
	what := trial.Trial{
		Seed: j.seed, Name: j.file(), Data: []*datasets.Set{j.data.Train, j.data.Validation},
		Stages: []pretrain.Stage{j.stage(net, first, p, &data)},
		Epochs: map[string]int{"training": r.Train.Epochs}, Work: map[string]int64{"training": j.epochWork()},
	}
	trained, err := trial.Run(ctx, j.run, t, what)
	if err != nil {
		return nil, err
	}
	if trained.Diverged {
		return nil, trained.Err
	}
	if err := j.run.SaveModel(what.File(), net); err != nil {
		return nil, err
	}
	if o.history = trained.Last(); o.history.Best < 1 || len(o.lastLayers()) != len(net.Layers) {
		return nil, fmt.Errorf("%s: want a training with measurements of %d layers, got a history without", what.File(), len(net.Layers))
	}
	o.movement(r.TrainLast)
	if o.test, err = train.NewEvaluatorWith(j.run.Compiler.Under("test"), net).Run(data.Test); err != nil {
		return nil, fmt.Errorf("test: %w", err)
	}
	return o, nil
}

// stage is the training as the stage of a pipeline. What the probe finds after each
// epoch is part of the stage's history, so that a resumed run has it too.
func (j *job) stage(net *models.MLP, first []*blocks.Param, p *probe, data *datasets.Split) pretrain.Stage {
	var model train.Model = net
	if j.part == frozen {
		model = train.Only{Model: net, Trained: last(net, j.run.Recipe.TrainLast)}
	}
	evaluator := train.NewEvaluator(net)
	return pretrain.Stage{
		Name: "training", Params: model.Params(),
		Train: func(ctx context.Context, hooks pretrain.Hooks) (*train.History, error) {
			evaluator.Compiler = hooks.Compiler
			t := hooks.Trainer(train.Trainer{
				Model: model, Recipe: j.run.Recipe.Train, Data: data.Train, Order: random.New(j.seed).Split("order"),
				Validate: func() (train.Values, error) {
					out, err := evaluator.Run(data.Validation)
					if err != nil {
						return nil, err
					}
					layers, err := p.run(true)
					if err != nil {
						return nil, err
					}
					out = append(append(out, values(layers)...), moved(net, first)...)
					for _, v := range out {
						if math.IsNaN(v.Value) || math.IsInf(v.Value, 0) {
							return nil, fmt.Errorf("%s is %v: %w", v.Name, v.Value, train.ErrDiverged)
						}
					}
					return out, nil
				},
			})
			return t.Run(ctx)
		},
	}
}
