package main

import (
	"fmt"
	"math"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/random"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Values of an epoch, on Recipe.Held images of each set; log-likelihoods in nats an image.
const (
	lossName           = "nll"                  // minus the next one: the score
	likelihoodName     = "log_likelihood"       // of validation images
	trainName          = "train_log_likelihood" // of training images
	barName            = "ais_bar"              // three standard errors of log Z, upwards; 0 where it is exact
	pseudoName         = "pseudo_likelihood"    // of validation images
	gapName            = "free_energy_gap"      // validation less training
	reconstructionName = "reconstruction"       // squared error a validation image after one step
)

// partition is log Z, exact or by annealed importance sampling of the given size, with
// three standard errors of it upwards.
func (m *machine) partition(s Sampling) (logZ, bar float64, err error) {
	if m.size == exact {
		logZ, err = m.LogPartition()
		return logZ, 0, err
	}
	e, err := m.AIS(m.options(s, "epoch", nil))
	return e.LogZ, e.High - e.LogZ, err
}

// options are those of annealed importance sampling, with chains drawn from the seed's
// stream of the given name.
func (m *machine) options(s Sampling, stream string, check func() error) models.AISOptions {
	return models.AISOptions{
		Betas: models.Betas(s.Steps), Chains: s.Chains, Base: m.base, Check: check,
		Noise: random.New(m.seed).Split("ais " + m.kind.key()).Split(stream),
	}
}

// measure returns the values of an epoch. What is drawn in it is drawn anew from the same
// streams after each epoch, so that a resumed run need not know how often it measured.
func (m *machine) measure(s Sampling, training, validation *tensor.Dense) (train.Values, error) {
	logZ, bar, err := m.partition(s)
	if err != nil {
		return nil, err
	}
	ft, err := m.MeanFreeEnergy(training)
	if err != nil {
		return nil, err
	}
	fv, err := m.MeanFreeEnergy(validation)
	if err != nil {
		return nil, err
	}
	stream := random.New(m.seed).Split("measure")
	pseudo, err := m.PseudoLikelihood(validation, stream.Split("pseudo-likelihood"))
	if err != nil {
		return nil, err
	}
	squared, err := reconstruction(m.RBM, validation, stream.Split("reconstruction"))
	if err != nil {
		return nil, err
	}
	return train.Values{
		{Name: likelihoodName, Value: -fv - logZ}, {Name: trainName, Value: -ft - logZ}, {Name: barName, Value: bar},
		{Name: pseudoName, Value: pseudo}, {Name: gapName, Value: fv - ft}, {Name: reconstructionName, Value: squared},
		{Name: lossName, Value: fv + logZ},
	}, nil
}

// reconstruction is the squared error per image between x and the visible probabilities
// after one Gibbs step from it.
func reconstruction(r *models.RBM, x *tensor.Dense, s *random.Stream) (float64, error) {
	m := x.Shape()[0]
	v := blocks.NewInput(G.NewGraph(), tensor.Float32, "v", m, r.Visible())
	_, p, err := r.Gibbs(v, 1, s)
	if err != nil {
		return 0, fmt.Errorf("reconstruction: %w", err)
	}
	var c ops.Chain
	squared := c.Do(ops.Scale(c.Do(ops.SumSquares(c.Do(ops.Sub(p, v)))), 1/float64(m)))
	if c.Err() != nil {
		return 0, fmt.Errorf("reconstruction: %w", c.Err())
	}
	f, err := autodiff.Compile(G.Nodes{v}, G.Nodes{squared}, nil)
	if err != nil {
		return 0, fmt.Errorf("reconstruction: %w", err)
	}
	if err := f.Run(x); err != nil {
		return 0, fmt.Errorf("reconstruction: %w", err)
	}
	return f.Scalar(0)
}

// independent is the mean log-likelihood of images in the base-rate model, whose units are
// independent: what is known without any weights.
func independent(base *tensor.Dense, images *datasets.Set) float64 {
	biases, n := base.Float32s(), images.Dim()
	perUnit := 0.0 // log(1 + e^bias), summed
	for _, b := range biases {
		perUnit += math.Max(float64(b), 0) + math.Log1p(math.Exp(-math.Abs(float64(b))))
	}
	sum := 0.0
	for i, v := range images.X.Float32s() {
		sum += float64(v) * float64(biases[i%n])
	}
	return sum/float64(images.Len()) - perUnit
}

// binary is a set whose images are drawn pixel by pixel, on with the probability of their
// intensity, once and for all: the same images in every run and for every seed.
func binary(set *datasets.Set, name string) (*datasets.Set, error) {
	x := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(set.X.Shape()...))
	random.New(0).Split("binary images").Split(name).Bernoulli(x.Float32s(), set.X.Float32s())
	return set.WithX(x)
}

// chain runs Gibbs chains from the rows of start and returns their visible probabilities
// after each of the given numbers of steps, in rising order, and the last states.
func chain(r *models.RBM, start *tensor.Dense, at []int, s *random.Stream) (shown []*tensor.Dense, last *tensor.Dense, err error) {
	state := &blocks.Param{Name: "v", Value: start.Clone().(*tensor.Dense)}
	v, err := state.Node(G.NewGraph())
	if err != nil {
		return nil, nil, fmt.Errorf("chain: %w", err)
	}
	next, p, err := r.Gibbs(v, 1, s)
	if err != nil {
		return nil, nil, fmt.Errorf("chain: %w", err)
	}
	f, err := autodiff.Compile(nil, G.Nodes{p}, []autodiff.Update{{Target: v, Value: next}})
	if err != nil {
		return nil, nil, fmt.Errorf("chain: %w", err)
	}
	done := 0
	for _, n := range at {
		for ; done < n; done++ {
			if err := f.RunAll(); err != nil {
				return nil, nil, fmt.Errorf("chain: %w", err)
			}
		}
		if n == 0 {
			shown = append(shown, start.Clone().(*tensor.Dense))
			continue
		}
		shown = append(shown, f.Output(0).(*tensor.Dense).Clone().(*tensor.Dense))
	}
	return shown, state.Value, nil
}
