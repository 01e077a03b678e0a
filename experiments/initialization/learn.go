package main

import (
	"context"
	"fmt"
	"math"

	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"
)

// learned is what became of a network.
type learned struct {
	network
	// scores are the smallest validation errors of the first seed, by rate; +Inf where the
	// training diverged.
	scores []float64
	// rate is the best of them, at which all seeds are trained.
	rate  float64
	seeds []result
}

// result is what a seed found at the best rate, with the parameters of the smallest
// validation error.
type result struct {
	*trial.Outcome
	// test is the test error; that of a guess if the training diverged.
	test float64
	// distance, largest and agreement are measured of networks on equal weights: how far
	// units of a layer are apart, the largest weight, and on how many of the test images a
	// network of one unit a layer agrees; NaN of others, and if the training diverged.
	distance, largest, agreement float64
}

// learner trains one network: the first seed at all rates, the others at its best one.
type learner struct {
	network
	run  *lab.Run[Recipe]
	data map[uint64]*datasets.Split // by seed, standardised
	done *learned
}

// epochWork is the work of an epoch: three products for an example to learn from, one for
// one to validate on.
func (l *learner) epochWork() int64 {
	r := l.run.Recipe
	d := l.data[l.run.Seeds[0]]
	of := func(products, examples int) int64 {
		return work(products, r.TrainDepth, l.width, d.Train.Dim(), d.Train.Classes, examples)
	}
	return of(3, d.Train.Len()) + of(1, d.Validation.Len())
}

func (l *learner) units() int64 {
	r := l.run.Recipe
	return int64(len(r.Rates)+len(l.run.Seeds)-1) * int64(r.Epochs) * l.epochWork()
}

// learn trains the network, from where an interrupted run stood.
func (l *learner) learn(ctx context.Context, t *lab.Task) error {
	out := &learned{network: l.network}
	var best classifier
	var first *trial.Outcome
	for i, rate := range l.run.Recipe.Rates {
		net, o, err := l.train(ctx, t, l.run.Seeds[0], rate)
		if err != nil {
			return err
		}
		out.scores = append(out.scores, o.Best("error"))
		if i == 0 || out.scores[i] < first.Best("error") {
			best, first, out.rate = net, o, rate
		}
	}
	for i, seed := range l.run.Seeds {
		net, o := best, first
		if i > 0 {
			var err error
			if net, o, err = l.train(ctx, t, seed, out.rate); err != nil {
				return err
			}
		}
		r, err := l.evaluate(net.network(), o, seed, out.rate)
		if err != nil {
			return err
		}
		out.seeds = append(out.seeds, r)
	}
	*l.done = *out
	return nil
}

// train trains from one seed's weights at a rate.
func (l *learner) train(ctx context.Context, t *lab.Task, seed uint64, rate float64) (classifier, *trial.Outcome, error) {
	d := l.data[seed]
	net, err := l.build(l.run.Recipe, seed, d.Train)
	if err != nil {
		return nil, nil, err
	}
	stage := pretrain.Supervised("error", net, l.run.Recipe.training(rate), d.Train, d.Validation, random.New(seed).Split("order"))
	o, err := trial.Run(ctx, l.run, t, trial.Trial{
		Seed: seed, Name: l.file(rate), Stages: []pretrain.Stage{stage}, Data: []*datasets.Set{d.Train, d.Validation},
		Epochs: map[string]int{stage.Name: l.run.Recipe.Epochs}, Work: map[string]int64{stage.Name: l.epochWork()},
	})
	return net, o, err
}

// evaluate reads the test set, with the parameters that were kept.
func (l *learner) evaluate(net *models.MLP, o *trial.Outcome, seed uint64, rate float64) (result, error) {
	test := l.data[seed].Test
	r := result{Outcome: o, test: 1 - 1/float64(test.Classes), distance: math.NaN(), largest: math.NaN(), agreement: math.NaN()}
	if o.Diverged {
		return r, nil
	}
	v, err := train.NewEvaluatorWith(l.run.Compiler.Under("test"), net).Run(test)
	if err != nil {
		return r, fmt.Errorf("test: %w", err)
	}
	r.test = trial.Value(v, "error")
	if l.width > 1 && (l.as != "" || l.isReference()) {
		r.distance, r.largest = distance(net), largest(net)
		if r.agreement, err = agreement(net, collapse(net), test); err != nil {
			return r, fmt.Errorf("test: %w", err)
		}
	}
	return r, l.run.SaveModel(fmt.Sprintf("seed-%d-%s", seed, l.file(rate)), net)
}

// isReference tells whether the network stands for the one with random weights in the
// section on equal ones.
func (l *learner) isReference() bool {
	n := l.run.Recipe.symmetric()[0]
	return l.network == network{pair: n.pair, width: n.width}
}
