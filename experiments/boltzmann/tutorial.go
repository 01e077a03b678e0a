package main

import (
	"context"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"
)

// tutorial is the machine of the Deep Learning Tutorials, with their estimator as a
// monitor: the mean over the batches of an epoch, each before its step.
type tutorial struct {
	*models.CD
	estimate *models.CyclicPseudoLikelihood
}

// newTutorial returns it with first weights as theirs: Glorot's, four times as wide.
// Persistent chains begin at 0.
func newTutorial(t Tutorial, seed uint64, inputs int) (*tutorial, error) {
	root := random.New(seed).Split("tutorial")
	rbm, err := models.NewRBM("rbm", inputs, t.Hidden, blocks.Glorot4(), root.Split("weights"))
	if err != nil {
		return nil, err
	}
	c, err := models.NewPersistentCD(rbm, t.K, t.Train.Batch, root.Split("noise"))
	if err != nil {
		return nil, err
	}
	clear(c.Chains.Value.Float32s())
	return &tutorial{c, models.NewCyclicPseudoLikelihood(rbm)}, nil
}

// Objective is that of persistent CD, with the estimate.
func (t *tutorial) Objective(m int) (*models.Objective, error) {
	o, err := t.CD.Objective(m)
	if err != nil {
		return nil, err
	}
	estimate, next, err := t.estimate.Monitor(o.Inputs[0])
	if err != nil {
		return nil, err
	}
	o.Monitors = append([]models.Monitor{estimate}, o.Monitors...)
	o.Updates = append(o.Updates, next)
	return o, nil
}

// trial is its training on images, intensities, in their order.
func (t *tutorial) trial(r Tutorial, seed uint64, data *datasets.Set) trial.Trial {
	weights := 2 * int64(data.Dim()) * int64(r.Hidden)
	return trial.Trial{
		Seed: seed, Name: "tutorial", Data: []*datasets.Set{data},
		Epochs: map[string]int{stageName: r.Train.Epochs},
		Work:   map[string]int64{stageName: weights * int64(data.Len()) * int64(2*r.K+6)},
		Stages: []pretrain.Stage{{
			Name: stageName, Params: append(t.Params(), t.Chains),
			Train: func(ctx context.Context, hooks pretrain.Hooks) (*train.History, error) {
				return hooks.Trainer(train.Trainer{Model: t, Recipe: r.Train, Data: data}).Run(ctx)
			},
		}},
	}
}
