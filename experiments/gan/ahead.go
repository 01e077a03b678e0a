package main

import (
	"context"
	"fmt"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// aheadJob is the training of a discriminator whose generator stands still.
func (x *runner) aheadJob(seed uint64, outcome **trial.Outcome) ([]lab.Job, error) {
	d := x.Recipe.Digits
	set, err := x.data.Train.Sample(x.Recipe.Ahead.Images, random.New(seed).Split("images ahead"))
	if err != nil {
		return nil, err
	}
	a, err := d.network(plain, seed, set)
	if err != nil {
		return nil, err
	}
	z := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(set.Len(), d.Code))
	random.New(seed).Split("codes").Normal(z.Float32s())
	probe, err := newSlopes(a, set.X, z)
	if err != nil {
		return nil, err
	}
	recipe := d.Train
	recipe.Epochs = x.Recipe.Ahead.Epochs
	trained := a.Discriminator.Params()
	ahead := pretrain.Stage{
		Name: training, Params: trained,
		Train: func(ctx context.Context, hooks pretrain.Hooks) (*train.History, error) {
			return hooks.Trainer(train.Trainer{
				Model: train.Only{Model: a, Trained: trained}, Recipe: recipe, Data: set, Order: random.New(seed).Split("order"),
				Validate: probe.measure, Score: saturating, KeepLast: true,
			}).Run(ctx)
		},
	}
	return []lab.Job{x.job(trial.Trial{
		Seed: seed, Name: "ahead", Data: []*datasets.Set{set}, Stages: []pretrain.Stage{ahead},
		Epochs: map[string]int{training: recipe.Epochs}, Work: map[string]int64{training: work(a, set)},
	}, func(o *trial.Outcome) error {
		*outcome = o
		return nil
	})}, nil
}

// slopes measures the norms of the generator's gradient by the minimax loss and by the one without
// saturation, at the same networks and codes.
type slopes struct {
	f *autodiff.Function
	x *tensor.Dense
}

// The names of what slopes measures.
const (
	saturating = "minimax gradient"
	steady     = "non-saturating gradient"
)

func newSlopes(a *models.GAN, x, z *tensor.Dense) (*slopes, error) {
	g := G.NewGraph()
	in := blocks.NewInput(g, tensor.Float32, "x", x.Shape()...)
	codes, err := (&blocks.Param{Name: "codes", Value: z}).Node(g)
	if err != nil {
		return nil, err
	}
	var outputs G.Nodes
	for _, loss := range []models.GANLoss{models.Minimax(), models.NonSaturating()} {
		b := *a
		b.Loss = loss
		o, err := b.Game(in, codes, nil)
		if err != nil {
			return nil, err
		}
		generator := o.Players[1]
		leaves, err := blocks.Nodes(g, generator.Params)
		if err != nil {
			return nil, err
		}
		grads, err := autodiff.Grad(generator.Cost, leaves...)
		if err != nil {
			return nil, err
		}
		var c ops.Chain
		total := c.Do(ops.SumSquares(grads[0]))
		for _, d := range grads[1:] {
			total = c.Do(ops.Add(total, c.Do(ops.SumSquares(d))))
		}
		if outputs = append(outputs, c.Do(ops.Sqrt(total))); c.Err() != nil {
			return nil, c.Err()
		}
	}
	f, err := autodiff.Compile(G.Nodes{in}, outputs, nil)
	return &slopes{f, x}, err
}

// measure gives both norms.
func (s *slopes) measure() (train.Values, error) {
	if err := s.f.Run(s.x); err != nil {
		return nil, fmt.Errorf("gradients of the generator: %w", err)
	}
	var out train.Values
	for i, name := range []string{saturating, steady} {
		v, err := s.f.Scalar(i)
		if err != nil {
			return nil, err
		}
		out = append(out, train.Value{Name: name, Value: v})
	}
	return out, nil
}
