package main

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"
)

// spec says which layer is pretrained and fine-tuned.
type spec struct {
	variant variant
	level   int // counted from 0; 0 where there are none
	seed    uint64
}

// run is the name of its lines in the log; with the seed, that of its files.
func (r Recipe) run(s spec) string {
	levels := r.levels(s.variant)
	if levels == nil {
		return string(s.variant)
	}
	return fmt.Sprintf("%s-%s", s.variant, strconv.FormatFloat(levels[s.level], 'g', -1, 64))
}

// outcome is a layer after its pretraining, and what fine-tuning made of it at each rate.
type outcome struct {
	spec
	*layer
	// code is what its pretraining left; no numbers if that diverged.
	code  train.CodeStatistics
	tuned []tuned // by rate, in their order
}

// newOutcome is a layer before its training.
func newOutcome(s spec, l *layer) *outcome {
	none := math.NaN()
	return &outcome{spec: s, layer: l, code: train.CodeStatistics{Contraction: none, Saturated: none, Mean: none, Sparseness: none}}
}

// diverged tells whether the pretraining diverged: of codes that are numbers there is a mean.
func (o *outcome) diverged() bool { return math.IsNaN(o.code.Mean) }

// tuned is a classifier that began with the pretrained weights.
type tuned struct {
	rate float64
	net  *models.MLP
	// history is nil where the training diverged, or one before it.
	history *train.History
}

// validation is the smallest validation error, whose parameters were kept; +Inf if the
// training diverged.
func (t tuned) validation() float64 {
	if t.history == nil {
		return math.Inf(1)
	}
	return trial.Value(t.history.Epochs[t.history.Best-1].Validation, "error")
}

// Names of the stages.
const pretraining = "layer 1" // as pretrain.Greedy calls it

func tuning(rate float64) string {
	return "fine-tuning " + strconv.FormatFloat(rate, 'g', -1, 64)
}

// learn pretrains a layer and fine-tunes it at each rate, from where an interrupted run
// stood.
func (x *experimenter) learn(ctx context.Context, task *lab.Task, s spec, rates []float64) (*outcome, error) {
	data := x.images[s.seed]
	l, err := newLayer(x.Recipe, s.variant, s.level, s.seed, data)
	if err != nil {
		return nil, err
	}
	o := newOutcome(s, l)
	t := trial.Trial{Seed: s.seed, Name: x.Recipe.run(s), Data: []*datasets.Set{data, x.data.Validation}}
	t.Epochs, t.Work = x.work(s, rates)
	order := random.New(s.seed).Split("order")
	if l.pretraining != nil {
		t.Stages = pretrain.Greedy([]pretrain.Layer{*l.pretraining}, data, order)
	}
	for i, rate := range rates {
		stage, net, err := x.fineTune(o, rate, order)
		if err != nil {
			return nil, err
		}
		o.tuned = append(o.tuned, tuned{rate: rates[i], net: net})
		t.Stages = append(t.Stages, stage)
	}
	t.AfterStage = func(stage string, h *train.History) error {
		if stage == pretraining {
			return o.measure(x.data.Validation)
		}
		for i := range o.tuned {
			if stage == tuning(o.tuned[i].rate) {
				o.tuned[i].history = h
			}
		}
		return nil
	}
	if l.pretraining == nil {
		if err := o.measure(x.data.Validation); err != nil {
			return nil, err
		}
	}
	_, err = trial.Run(ctx, x.Run, task, t) // a divergence leaves no history
	return o, err
}

// measure measures the code of the layer as pretraining left it.
func (o *outcome) measure(images *datasets.Set) (err error) {
	o.code, err = train.MeasureCode(o.encoder, images.X)
	return err
}

// fineTune returns the stage that trains a classifier over a copy of the pretrained layer.
// Output layers of one seed have the same first weights.
func (x *experimenter) fineTune(o *outcome, rate float64, order *random.Stream) (pretrain.Stage, *models.MLP, error) {
	data := x.images[o.seed]
	hidden := &blocks.Dense{W: o.encoder.W.Clone("mlp.1.W"), B: o.encoder.B.Clone("mlp.1.b"), F: o.encoder.F}
	net, err := models.Classifier("mlp", []*blocks.Dense{hidden}, x.Recipe.Hidden, data.Classes, blocks.Glorot(), random.New(o.seed).Split("top"))
	if err != nil {
		return pretrain.Stage{}, nil, err
	}
	// Masks of its own for each rate: it does not matter which other rates are tried before.
	net.DropInput, net.DropHidden, net.Noise = x.Recipe.DropInput, x.Recipe.DropHidden, random.New(o.seed).Split("dropout "+tuning(rate))
	stage := pretrain.FineTune(net, x.Recipe.at(rate), data, x.data.Validation, order)
	stage.Name = tuning(rate)
	tune := stage.Train
	stage.Train = func(ctx context.Context, h pretrain.Hooks) (*train.History, error) {
		copy(hidden.W.Value.Float32s(), o.encoder.W.Value.Float32s())
		copy(hidden.B.Value.Float32s(), o.encoder.B.Value.Float32s())
		return tune(ctx, h)
	}
	return stage, net, nil
}

// work estimates the floating-point operations of an epoch of each stage: two for each
// weight and example in every product.
func (x *experimenter) work(s spec, rates []float64) (epochs map[string]int, work map[string]int64) {
	data, r := x.images[s.seed], &x.Recipe
	epochs, work = map[string]int{}, map[string]int64{}
	product := 2 * int64(data.Dim()) * int64(r.Hidden)
	switch s.variant {
	case randomWeights:
	case supervised:
		epochs[pretraining], work[pretraining] = r.Supervised.Epochs, 2*product*int64(data.Len())
	case machine:
		epochs[pretraining], work[pretraining] = r.RBM.Train.Epochs, int64(3+2*r.RBM.CD)*product*int64(data.Len())
	default:
		products := int64(5)
		if s.variant == higherOrder {
			products = 7 // a second code, and its part of the gradient
		}
		epochs[pretraining], work[pretraining] = r.Autoencoder.Train.Epochs, products*product*int64(data.Len())
	}
	for _, rate := range rates {
		epochs[tuning(rate)] = r.FineTune.Epochs
		work[tuning(rate)] = product * int64(2*data.Len()+x.data.Validation.Len())
	}
	return epochs, work
}
