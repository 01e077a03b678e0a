package main

import (
	"context"
	"fmt"
	"math"

	"capas/experiments/internal/likelihood"
	"capas/models"
	"capas/random"
	"capas/train"

	"gorgonia.org/tensor"
)

// estimate is the bound of log p(v) of a network, in nats per image, and of its log Z.
type estimate struct {
	likelihood.Estimate
	layers int
	upDown bool
}

// rateImages is how many training images give the base rates of annealed importance sampling.
const rateImages = 10_000

// options of the estimate of a machine's log Z, whose visible units are the code of a network's
// input by encode.
func (j *job) options(ctx context.Context, name string, encode train.Mapper) (models.AISOptions, error) {
	set, err := j.data.Train.Take(min(rateImages, j.data.Train.Len()))
	if err != nil {
		return models.AISOptions{}, err
	}
	codes := set.X
	if encode.Forward != nil {
		if codes, err = encode.Run(codes); err != nil {
			return models.AISOptions{}, err
		}
	}
	base, err := models.BaseRates(codes)
	return models.AISOptions{
		Betas: models.Betas(j.Recipe.Bound.Temperatures), Chains: j.Recipe.Bound.Chains, Base: base,
		Noise: random.New(j.seed).Split("ais " + name), Check: ctx.Err,
	}, err
}

// boundMachines measures the first layers as a network of their own, whose top is the last of
// them.
func (j *job) boundMachines(ctx context.Context, layers int) error {
	name := fmt.Sprintf("%d layers", layers)
	d := &models.DBN{Layers: j.machines[:layers]}
	var encode train.Mapper
	if below := (&models.LabelDBN{Layers: j.dbn.Layers[:layers-1]}); layers > 1 {
		encode.Forward = below.Code
	}
	ais := func(o models.AISOptions) (models.AISEstimate, error) {
		o.Chains *= j.data.Train.Classes // as many as a machine with labels gets
		return d.Layers[layers-1].AIS(o)
	}
	return j.estimate(ctx, name, encode, estimate{layers: layers}, ais, d.Bound)
}

// boundNetwork measures the whole network.
func (j *job) boundNetwork(ctx context.Context, view string) error {
	var encode train.Mapper
	if len(j.machines) > 0 {
		encode.Forward = j.dbn.Code
	}
	e := estimate{layers: len(j.Recipe.Layers), upDown: view == upDown}
	return j.estimate(ctx, view, encode, e, j.dbn.Top.AIS, j.dbn.Bound)
}

func (j *job) estimate(ctx context.Context, name string, encode train.Mapper, e estimate,
	ais func(models.AISOptions) (models.AISEstimate, error), bound func(*tensor.Dense, float64, int, *random.Stream) ([]float64, error)) error {
	o, err := j.options(ctx, name, encode)
	if err != nil {
		return fmt.Errorf("bound of %s: %w", name, err)
	}
	z, err := ais(o)
	if err != nil {
		return fmt.Errorf("bound of %s: %w", name, err)
	}
	images, err := likelihood.Binary(j.data.Test, j.Recipe.Bound.Images) // the same for all seeds
	if err != nil {
		return fmt.Errorf("bound of %s: %w", name, err)
	}
	values, err := bound(images.X, z.LogZ, j.Recipe.Bound.Samples, random.New(j.seed).Split("bound "+name))
	if err != nil {
		return fmt.Errorf("bound of %s: %w", name, err)
	}
	for _, v := range values {
		e.PerImage += v / float64(len(values))
	}
	if math.IsNaN(e.PerImage) || math.IsInf(e.PerImage, 0) {
		return fmt.Errorf("bound of %s: want a finite number, got %g with log Z = %g", name, e.PerImage, z.LogZ)
	}
	e.LogZ, e.Low, e.High = z.LogZ, z.Low, z.High
	j.out.bounds = append(j.out.bounds, e)
	return nil
}
