package main

import (
	"context"
	"fmt"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/datasets"
	"capas/experiments/internal/likelihood"
	"capas/models"
	"capas/pretrain"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// baseImages is how many training images tell the base rates of annealed importance sampling,
// at most.
const baseImages = 10_000

// boundSamples is the number of samples of a belief network's bound.
const boundSamples = 10

// likelihoods of a network's machines by name.
func (n *network) likelihoods(ctx context.Context) (map[string]likelihood.Estimate, error) {
	out := map[string]likelihood.Estimate{}
	for name, d := range n.machines {
		l, err := n.deepLikelihood(ctx, name, d)
		if err != nil {
			return nil, fmt.Errorf("%s: likelihood: %w", name, err)
		}
		out[name] = l
	}
	if n.belief != nil {
		l, err := n.beliefLikelihood(ctx)
		if err != nil {
			return nil, fmt.Errorf("dbn: likelihood: %w", err)
		}
		out[methodDBN] = l
	}
	return out, nil
}

// anneal estimates log Z of an RBM, of whose visible units codes are examples.
func (n *network) anneal(ctx context.Context, name string, r *models.RBM, codes *tensor.Dense) (likelihood.Estimate, error) {
	base, err := models.BaseRates(codes)
	if err != nil {
		return likelihood.Estimate{}, err
	}
	e, err := r.AIS(models.AISOptions{
		Betas: models.Betas(n.recipe.Temperatures), Chains: n.recipe.Runs, Base: base,
		Noise: n.root.Split("ais " + name), Check: ctx.Err,
	})
	return likelihood.Estimate{LogZ: e.LogZ, Low: e.Low, High: e.High}, err
}

// base are the training images that tell the base rates.
func (n *network) base() (*datasets.Set, error) {
	return n.data.train.Take(min(n.data.train.Len(), baseImages))
}

// deepLikelihood is that of a deep machine, which is an RBM between its even layers and its odd
// ones, or of an RBM as a deep machine of one hidden layer, whose bound is exact.
func (n *network) deepLikelihood(ctx context.Context, name string, d *models.DBM) (likelihood.Estimate, error) {
	some, err := n.base()
	if err != nil {
		return likelihood.Estimate{}, err
	}
	codes, err := pretrain.DBMInputs(d, n.recipe.Updates, some, autodiff.Compiler{}) // v and q(h²|v)
	if err != nil {
		return likelihood.Estimate{}, err
	}
	l, err := n.anneal(ctx, name, d.Bipartite(), codes.X)
	if err != nil {
		return l, err
	}
	bound, err := n.bounds(d, n.data.judged.X)
	if err != nil {
		return l, err
	}
	l.PerImage = mean(bound.Float32s()) - l.LogZ
	return l, nil
}

func (n *network) beliefLikelihood(ctx context.Context) (likelihood.Estimate, error) {
	some, err := n.base()
	if err != nil {
		return likelihood.Estimate{}, err
	}
	codes, err := train.Map(some.X, n.belief.Layers[0].Up)
	if err != nil {
		return likelihood.Estimate{}, err
	}
	l, err := n.anneal(ctx, methodDBN, n.belief.Layers[1], codes)
	if err != nil {
		return l, err
	}
	bounds, err := n.belief.Bound(n.data.judged.X, l.LogZ, boundSamples, n.root.Split("bound"))
	if err != nil {
		return l, err
	}
	for _, b := range bounds {
		l.PerImage += b / float64(len(bounds))
	}
	return l, nil
}

func mean(v []float32) (m float64) {
	for _, x := range v {
		m += float64(x) / float64(len(v))
	}
	return m
}

// testErrors are the test errors of a network's classifiers by name.
func (n *network) testErrors(compiler autodiff.Compiler) (map[string]float64, error) {
	out := map[string]float64{}
	for name, net := range n.nets {
		set := n.data.test
		if d := n.machines[name]; d != nil {
			var err error
			if set, err = pretrain.DBMInputs(d, n.recipe.Updates, set, compiler); err != nil {
				return nil, err
			}
		}
		e := train.NewEvaluator(net)
		e.Compiler = compiler
		v, err := e.Run(set)
		if err != nil {
			return nil, fmt.Errorf("%s: test: %w", name, err)
		}
		out[name], _ = v.Get("error")
	}
	return out, nil
}

// convergence is how mean field goes on from update to update, from 1 to shownUpdates times
// the recipe's, on some of the judged images.
type convergence struct {
	// change is the mean absolute change of a probability in the update.
	change []float64
	// gap is by how much the bound is below that after the last update, in nats an image.
	gap []float64
}

// fieldImages is on how many images mean field is looked at, at most.
const fieldImages = 1000

// field follows the mean field of a machine.
func (n *network) field(d *models.DBM) (*convergence, error) {
	some, err := n.data.judged.Take(min(n.data.judged.Len(), fieldImages))
	if err != nil {
		return nil, err
	}
	updates := shownUpdates * n.recipe.Updates
	v := blocks.NewInput(G.NewGraph(), tensor.Float32, "v", some.Len(), some.Dim())
	var c ops.Chain
	var outputs G.Nodes
	var before G.Nodes
	units := 0
	for t := range updates + 1 {
		q, err := d.MeanField(v, t)
		if err != nil {
			return nil, err
		}
		if t > 0 {
			var sum *G.Node
			units = 0
			for l := 1; l < len(q); l++ {
				moved := c.Do(ops.Sum(c.Do(ops.Abs(c.Do(ops.Sub(q[l], before[l]))))))
				if sum != nil {
					moved = c.Do(ops.Add(sum, moved))
				}
				sum, units = moved, units+d.Units(l)
			}
			outputs = append(outputs, sum, c.Do(ops.Mean(c.Do(d.Bound(v, t)))))
		}
		before = q
	}
	if c.Err() != nil {
		return nil, c.Err()
	}
	f, err := autodiff.Compile(G.Nodes{v}, outputs, nil)
	if err != nil {
		return nil, err
	}
	if err := f.Run(some.X); err != nil {
		return nil, err
	}
	out := &convergence{}
	for t := range updates {
		moved, err := f.Scalar(2 * t)
		if err != nil {
			return nil, err
		}
		bound, err := f.Scalar(2*t + 1)
		if err != nil {
			return nil, err
		}
		out.change, out.gap = append(out.change, moved/float64(units*some.Len())), append(out.gap, bound)
	}
	last := out.gap[updates-1]
	for t := range out.gap {
		out.gap[t] = last - out.gap[t]
	}
	return out, nil
}
