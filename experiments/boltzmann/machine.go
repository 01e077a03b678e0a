package main

import (
	"context"
	"fmt"
	"strconv"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"

	"gorgonia.org/tensor"
)

// kind is a way of training.
type kind string

const (
	cd1  kind = "CD-1"
	cd10 kind = "CD-10"
	pcd  kind = "PCD"
	pt   kind = "PT"
)

// kinds in the order of their colours.
func kinds() []kind { return []kind{cd1, cd10, pcd, pt} }

// key is the name in metrics and files.
func (k kind) key() string {
	return map[kind]string{cd1: "cd-1", cd10: "cd-10", pcd: "pcd", pt: "pt"}[k]
}

// size tells machines that are enumerated from those that are not.
type size string

const (
	exact size = "exact"
	large size = "large"
)

func sizes() []size { return []size{exact, large} }

func (r Recipe) machines(s size) Machines {
	if s == exact {
		return r.Exact
	}
	return r.Large
}

// final is the annealed importance sampling of trained machines.
func (r Recipe) final(s size) Sampling {
	if s == exact {
		return r.Check
	}
	return r.Final
}

// moved is the number of chain states that a training step of batch examples renews: its
// cost in Gibbs steps.
func (r Recipe) moved(k kind, batch int) int {
	switch k {
	case cd10:
		return 10 * batch
	case pt:
		return r.Levels * batch
	}
	return batch
}

// spec says which machine is trained.
type spec struct {
	size size
	kind kind
	rate float64
	seed uint64
}

// run is the name of its lines in the log; with the seed, that of its files.
func (s spec) run() string {
	return fmt.Sprintf("%s-%s-rate-%s", s.size, s.kind.key(), strconv.FormatFloat(s.rate, 'g', -1, 64))
}

func (s spec) file() string { return trial.Trial{Seed: s.seed, Name: s.run()}.File() }

// training is a model whose steps change its state besides its parameters.
type training interface {
	train.Model
	State() []*blocks.Param
}

// machine is one RBM and what trains it.
type machine struct {
	spec
	*models.RBM
	model training
	// chains are the persistent ones, of PCD and PT; nil for CD.
	chains *blocks.Param
	// tempering is that of PT.
	tempering *models.Tempering
	base      *tensor.Dense // base biases: the units' frequencies in the training images
}

// newMachine returns a machine with its first parameters, which all kinds of a seed share:
// weights from N(0, 0.01), hidden biases 0, and visible biases by which each unit is on as
// often as in the training images (Hinton 2010, §8). All chains, of as many as a batch has
// examples, end in binary states.
func newMachine(r Recipe, s spec, data *datasets.Set) (*machine, error) {
	root := random.New(s.seed).Split(string(s.size))
	rbm, err := models.NewRBM("rbm", data.Dim(), r.machines(s.size).Hidden, blocks.Gaussian(0.01), root.Split("weights"))
	if err != nil {
		return nil, err
	}
	m := &machine{spec: s, RBM: rbm}
	if m.base, err = models.BaseRates(data.X); err != nil {
		return nil, err
	}
	copy(rbm.C.Value.Float32s(), m.base.Float32s())
	noise, chains := root.Split("noise "+s.kind.key()), r.machines(s.size).Train.Batch
	switch s.kind {
	case cd1:
		m.model = &models.CD{Model: rbm, K: 1, Sampled: true, Noise: noise}
	case cd10:
		m.model = &models.CD{Model: rbm, K: 10, Sampled: true, Noise: noise}
	case pcd:
		c, err := models.NewPersistentCD(rbm, 1, chains, noise)
		if err != nil {
			return nil, err
		}
		m.model, m.chains = c, c.Chains
	case pt:
		if m.tempering, err = models.NewTempering(rbm, 1, chains, models.Ladder(r.Levels, r.Hottest), m.base, noise); err != nil {
			return nil, err
		}
		m.model, m.chains = m.tempering, m.tempering.Chains
	}
	return m, nil
}

// stageName is the one stage of a machine.
const stageName = "training"

// stage trains the machine and measures it after each epoch; it ends with the last
// parameters. The chains and the exchange rates of tempering are kept with them.
func (m *machine) stage(r Recipe, data *datasets.Set, measure func() (train.Values, error)) pretrain.Stage {
	return pretrain.Stage{
		Name: stageName, Params: append(m.Params(), m.model.State()...),
		Train: func(ctx context.Context, hooks pretrain.Hooks) (*train.History, error) {
			return hooks.Trainer(train.Trainer{
				Model: m.model, Recipe: r.machines(m.size).at(m.rate), Data: data, Order: random.New(m.seed).Split(string(m.size)).Split("order"),
				Validate: measure, Score: lossName, KeepLast: true,
			}).Run(ctx)
		},
	}
}

// work estimates the floating-point operations of an epoch of n examples, with its
// measurement.
func (m *machine) work(r Recipe, n int) int64 {
	weights := 2 * int64(m.Visible()) * int64(m.Hidden())
	batch := r.machines(m.size).Train.Batch
	steps := int64(n/batch + 1)
	w := weights * steps * int64(2*r.moved(m.kind, batch)+4*batch)
	if m.size == exact {
		return w + weights<<m.Hidden()
	}
	return w + 2*weights*int64(r.Curve.Steps*r.Curve.Chains)
}
