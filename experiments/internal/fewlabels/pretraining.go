package fewlabels

import (
	"context"
	"fmt"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"
)

// Pretraining is that of restricted Boltzmann machines, layer by layer.
type Pretraining struct {
	Init blocks.Initializer `json:"init"`
	// CD is the number of Gibbs steps of contrastive divergence.
	CD    int          `json:"cd"`
	Train train.Recipe `json:"train"`
}

const maxCD = 100

// Check reports a pretraining that makes no sense.
func (p Pretraining) Check() error {
	if p.CD < 1 || p.CD > maxCD || p.Train.Epochs < 1 || p.Train.Epochs > maxEpochs {
		return fmt.Errorf("want cd of 1 to %d and 1 to %d pretraining epochs, got %d and %d", maxCD, maxEpochs, p.CD, p.Train.Epochs)
	}
	if err := p.Train.Check(); err != nil {
		return fmt.Errorf("pretraining: %w", err)
	}
	return nil
}

// plan is the pretraining of a stack on images, called name in its seed's files and log.
func (p Pretraining) plan(name string, dbn *models.DBN, images *datasets.Set, seed uint64) (trial.Trial, error) {
	s := random.New(seed)
	layers, err := pretrain.DBNLayers(dbn, p.CD, 0, func(int) train.Recipe { return p.Train }, s.Split("noise"))
	if err != nil {
		return trial.Trial{}, err
	}
	t := trial.Trial{
		Seed: seed, Name: name, Stages: pretrain.Greedy(layers, images, s.Split("pretraining order")),
		Data: []*datasets.Set{images}, Epochs: map[string]int{}, Work: map[string]int64{},
	}
	for l, r := range dbn.Layers {
		stage := fmt.Sprintf("layer %d", l+1)
		t.Epochs[stage] = p.Train.Epochs
		t.Work[stage] = 10 * int64(r.Visible()) * int64(r.Hidden()) * int64(images.Len())
	}
	return t, nil
}

// Job is the pretraining of a stack on a Sample of so many images of a set (0: all), called
// name in its seed's files and log. It leaves the stack as a model file. A training that
// diverges fails the run: there is nothing to fine-tune then.
func Job[R any](run *lab.Run[R], p Pretraining, name string, dbn *models.DBN, set *datasets.Set, images int, seed uint64) (lab.Job, error) {
	sample, err := Sample(set, images, seed)
	if err != nil {
		return lab.Job{}, err
	}
	t, err := p.plan(name, dbn, sample, seed)
	if err != nil {
		return lab.Job{}, err
	}
	return lab.Job{Name: fmt.Sprintf("seed %d %s", seed, name), Units: t.Units(), Run: func(ctx context.Context, task *lab.Task) error {
		o, err := trial.Run(ctx, run, task, t)
		if err != nil {
			return err
		}
		if o.Diverged {
			return o.Err // says where, and what to try
		}
		return run.SaveModel(t.File(), dbn)
	}}, nil
}

// Begin copies the up-pass of a pretrained stack into those hidden layers of a network,
// counted from 0.
func Begin(net *models.MLP, dbn *models.DBN, layers []int) error {
	if len(layers) > 0 && dbn == nil {
		return fmt.Errorf("first weights: there are no pretrained layers")
	}
	for _, l := range layers {
		from, to := dbn.Layers[l].Encoder(), net.Layers[l]
		copy(to.W.Value.Float32s(), from.W.Value.Float32s())
		copy(to.B.Value.Float32s(), from.B.Value.Float32s())
	}
	return nil
}

// Weights is the number of weights in the products of a network of these sizes, from the
// inputs to the outputs.
func Weights(sizes ...int) (total int64) {
	for l, n := range sizes[1:] {
		total += int64(sizes[l]) * int64(n)
	}
	return total
}
