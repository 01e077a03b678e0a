package main

import (
	"context"
	"fmt"

	"capas/autodiff/ops"
	"capas/models"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// On a tenth of the judged images, slackImages at most, it is estimated by how much a deep
// machine's log-likelihood is above its bound, by so many chains for each, with a tenth of the
// temperatures that the machine's log Z has: given an image the hidden layers are close to their
// mean field, at which the chains begin. Without temperatures between, the mean log weight of
// such chains is the bound already, but for the second layer, which is summed out.
const (
	slackImages = 50
	slackChains = 20
	slackShare  = 10
)

// slack is the mean of log p(v) less its bound, of a machine of two hidden layers, in nats an
// image. The machine's log Z is in both, and the estimate of it in neither.
func (n *network) slack(ctx context.Context, name string, d *models.DBM) (float64, error) {
	some, err := n.data.judged.Take(slackCount(n.data.judged.Len()))
	if err != nil {
		return 0, err
	}
	bounds, err := n.bounds(d, some.X)
	if err != nil {
		return 0, err
	}
	first, err := n.fields(d, some.X, 1)
	if err != nil {
		return 0, err
	}
	second, err := n.fields(d, some.X, 2)
	if err != nil {
		return 0, err
	}
	noise, betas, c := n.root.Split("slack "+name), evenly(max(n.recipe.Temperatures/slackShare, 1)), d.B[0].Value.Float32s()
	sum := 0.0
	for i, bound := range bounds.Float32s() {
		v := rowOf(some.X, i)
		given, err := d.Given(v)
		if err != nil {
			return 0, err
		}
		e, err := given.Bipartite().AIS(models.AISOptions{
			Betas: betas, Chains: slackChains, Base: rowOf(first, i), HiddenBase: rowOf(second, i),
			Noise: noise.Split(fmt.Sprint(i)), Check: ctx.Err,
		})
		if err != nil {
			return 0, err
		}
		above := e.LogZ - float64(bound)
		for j, x := range v.Float32s() {
			above += float64(x * c[j])
		}
		sum += above
	}
	return sum / float64(some.Len()), nil
}

// fields are the log odds that the mean field of the rows of v gives to the units of a layer.
func (n *network) fields(d *models.DBM, v *tensor.Dense, layer int) (*tensor.Dense, error) {
	return train.Map(v, func(v *G.Node) (*G.Node, error) {
		z, err := d.MeanFieldInputs(v, n.recipe.Updates)
		if err != nil {
			return nil, err
		}
		return z[layer], nil
	})
}

// evenly are n+1 evenly spaced inverse temperatures from 0 to 1. Those of models.Betas are made
// for chains that have far to go at the end; these are close to it from the beginning.
func evenly(n int) []float64 {
	betas := make([]float64, n+1)
	for i := range betas {
		betas[i] = float64(i) / float64(n)
	}
	return betas
}

// slackCount is on how many of the judged images the slack is estimated.
func slackCount(judged int) int { return min(max(judged/10, 1), slackImages) }

// bounds of log p(v), but for log Z, of the rows of v.
func (n *network) bounds(d *models.DBM, v *tensor.Dense) (*tensor.Dense, error) {
	return train.Map(v, func(v *G.Node) (*G.Node, error) {
		var c ops.Chain
		return c.Do(ops.Reshape(c.Do(d.Bound(v, n.recipe.Updates)), v.Shape()[0], 1)), c.Err()
	})
}

// rowOf is a vector of a row of a matrix.
func rowOf(x *tensor.Dense, i int) *tensor.Dense {
	k := x.Shape()[1]
	return tensor.New(tensor.WithShape(k), tensor.WithBacking(append([]float32(nil), x.Float32s()[i*k:(i+1)*k]...)))
}
