package main

import (
	"context"
	"fmt"
	"strings"

	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"
)

// spec says which network is trained.
type spec struct {
	f     blocks.Activation
	depth int
	rate  float64
	seed  uint64
}

// name is its name among those of its seed, such as "tanh-depth3-rate0.1".
func (s spec) name() string {
	f := strings.NewReplacer("(", "", ")", "").Replace(s.f.String())
	return fmt.Sprintf("%s-depth%d-rate%g", f, s.depth, s.rate)
}

// newNetwork draws the network's first weights.
func newNetwork(r Recipe, s spec, data *datasets.Set) (*models.MLP, error) {
	init, top, err := r.initOf(s.f)
	if err != nil {
		return nil, err
	}
	sizes := []int{data.Dim()}
	for range s.depth {
		sizes = append(sizes, r.Width)
	}
	return models.NewMLP("activations", append(sizes, data.Classes), s.f, init, top, random.New(s.seed).Split("weights"))
}

// stage trains the network and ends with the parameters of the smallest validation
// error. What the probe finds after each epoch is part of the stage's history, so that a
// resumed run has it too.
func stage(r Recipe, s spec, net *models.MLP, p *probe, data, validation *datasets.Set) pretrain.Stage {
	recipe := r.Train
	recipe.Optimizer.Rate.Start = s.rate
	order := random.New(s.seed).Split("order")
	return pretrain.Stage{
		Name: stageName, Params: net.Params(),
		Train: func(ctx context.Context, h pretrain.Hooks) (*train.History, error) {
			evaluator := train.NewEvaluator(net)
			evaluator.Compiler = h.Compiler
			p.f.SetProfile(h.Compiler.Profile, "probe")
			return h.Trainer(train.Trainer{
				Model: net, Recipe: recipe, Data: data, Order: order,
				Validate: func() (train.Values, error) {
					out, err := evaluator.Run(validation)
					if err != nil {
						return nil, err
					}
					layers, err := p.run()
					return append(out, values(layers)...), err
				},
			}).Run(ctx)
		},
	}
}

const stageName = "training"

// work estimates the floating-point operations of an epoch: two for each weight and
// example in every product.
func work(r Recipe, depth int, data *datasets.Set, validation int) int64 {
	weights := int64(r.Width) * int64(data.Dim()+(depth-1)*r.Width+data.Classes)
	return 2 * weights * int64(3*data.Len()+validation+r.Examples)
}
