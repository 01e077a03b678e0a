package main

import (
	"context"
	"fmt"
	"math"

	"capas/autodiff/ops"
	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/random"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// measure reads the test set with the classifiers of the chosen levels and rates, saves
// the models, and lets the autoencoders restore corrupted images.
func (x *experimenter) measure(ctx context.Context, all []*outcome) error {
	corrupted := map[uint64]*tensor.Dense{}
	for _, v := range x.Recipe.Variants {
		for _, seed := range x.Seeds {
			r, err := x.result(v, seed, all)
			if err != nil {
				return err
			}
			if err := x.read(ctx, &r); err != nil {
				return fmt.Errorf("%s: %w", v, err)
			}
			if r.auto != nil && !r.diverged() {
				if corrupted[seed] == nil {
					if corrupted[seed], err = x.corrupt(seed); err != nil {
						return err
					}
				}
				if r.restored, err = x.restore(r, corrupted[seed]); err != nil {
					return err
				}
			}
			x.chosen[v] = append(x.chosen[v], r)
		}
	}
	return nil
}

// result is the layer and classifier of a variant's choice.
func (x *experimenter) result(v variant, seed uint64, all []*outcome) (result, error) {
	for _, o := range all {
		if o.variant != v || o.seed != seed || o.level != x.choice[v].level {
			continue
		}
		for _, t := range o.tuned {
			if t.rate == x.choice[v].rate {
				return result{outcome: o, tuned: t, train: math.NaN(), test: math.NaN(), testLoss: math.NaN(), restored: math.NaN()}, nil
			}
		}
	}
	return result{}, fmt.Errorf("%s, seed %d: no training of the level and rate chosen", v, seed)
}

// read reads the training and the test set with a classifier, unless its training diverged.
func (x *experimenter) read(ctx context.Context, r *result) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	name := fmt.Sprintf("seed-%d-%s", r.seed, r.variant)
	if m := r.model(); m != nil {
		if err := x.SaveModel(name+"-pretrained", m); err != nil {
			return err
		}
	}
	if r.history == nil {
		return nil
	}
	e := train.NewEvaluator(r.net)
	e.Compiler = x.Compiler.Under("test")
	learned, err := e.Run(x.images[r.seed])
	if err != nil {
		return err
	}
	v, err := e.Run(x.data.Test)
	if err != nil {
		return err
	}
	r.train, r.test, r.testLoss = trial.Value(learned, "error"), trial.Value(v, "error"), trial.Value(v, "loss")
	return x.SaveModel(name, r.net)
}

// mostRestored are as many validation images as are corrupted and restored, at most.
const mostRestored = 2000

// intact are the images that are corrupted and restored.
func (x *experimenter) intact() (*datasets.Set, error) {
	return x.data.Validation.Take(min(mostRestored, x.data.Validation.Len()))
}

// corrupt draws images that are corrupted as those on which the denoising autoencoder with
// masking, at the level chosen, was trained; at the mildest level if it was not among the
// variants.
func (x *experimenter) corrupt(seed uint64) (*tensor.Dense, error) {
	images, err := x.intact()
	if err != nil {
		return nil, err
	}
	noise := random.New(seed).Split("images to restore")
	return train.Map(images.X, func(in *G.Node) (*G.Node, error) {
		return x.Recipe.corruption(masking, x.choice[masking].level).Apply(in, noise)
	})
}

// reconstruct passes images up and down an autoencoder.
func reconstruct(l *layer, images *tensor.Dense) (*tensor.Dense, error) {
	return train.Map(images, func(in *G.Node) (*G.Node, error) {
		var c ops.Chain
		z := c.Do(l.auto.Decode(c.Do(l.auto.Encode(in))))
		return c.Do(l.auto.Output.Activation().Apply(z)), c.Err()
	})
}

// restore is the squared error per image of what an autoencoder makes of corrupted images.
func (x *experimenter) restore(r result, corrupted *tensor.Dense) (float64, error) {
	images, err := x.intact()
	if err != nil {
		return 0, err
	}
	y, err := reconstruct(r.layer, corrupted)
	if err != nil {
		return 0, err
	}
	want, got, sum := images.X.Float32s(), y.Float32s(), 0.0
	for i, v := range want {
		d := float64(v - got[i])
		sum += d * d
	}
	return sum / float64(images.Len()), nil
}

// percent is mean and deviation over seeds.
func percent(v []float64) string { return lab.Summary(lab.Scaled(v, 100)) }
