package main

import (
	"fmt"
	"slices"
	"strings"

	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/pretrain"
)

// network is one that is trained, at several rates and from several seeds.
type network struct {
	pair
	// equal, if it is not 0, is the value of all weights instead of what init draws.
	equal float64
	// width of the hidden layers.
	width int
	// as is its name in the section on equal weights; "" elsewhere.
	as string
}

// String is its name, such as "relu/he" or "symmetry/equal": the head of its metrics.
func (n network) String() string {
	if n.as != "" {
		return "symmetry/" + n.as
	}
	return n.pair.String()
}

// file is the name of its files at a rate.
func (n network) file(rate float64) string {
	return strings.NewReplacer("/", "-", "(", "-", ")", "").Replace(n.String()) + fmt.Sprintf("-rate-%g", rate)
}

// The networks of the section on equal weights: all weights 0; all weights equal; random
// ones in hidden layers of one unit, and of all units; and the network of one unit a layer
// that trains as the one with equal weights does (see matched).
const (
	zero    = "zero"
	equal   = "equal"
	oneUnit = "one-unit"
	drawn   = "random"
	twin    = "one-unit-matched"
)

// symmetric are the networks of the section on equal weights, of LeCun's activation.
func (r Recipe) symmetric() []network {
	f, w := blocks.LeCunTanh(), r.TrainWidth
	return []network{
		{pair: pair{f, blocks.LeCun()}, width: w, as: drawn},
		{pair: pair{f, blocks.LeCun()}, width: 1, as: oneUnit},
		{pair: pair{f, blocks.Gaussian(0)}, equal: r.Equal, width: w, as: equal},
		{pair: pair{f, blocks.Gaussian(0)}, equal: r.Equal, width: 1, as: twin},
		{pair: pair{f, blocks.Gaussian(0)}, width: w, as: zero},
	}
}

// learners are the networks of the learning curves.
func (r Recipe) learners() []network {
	var out []network
	for _, f := range r.TrainActivations {
		for _, i := range r.Inits {
			out = append(out, network{pair: pair{f, i}, width: r.TrainWidth})
		}
	}
	return out
}

// trained are all of them; the one with random weights may stand in both sections, and is
// then trained for the first alone.
func (r Recipe) trained() []network {
	out := r.learners()
	for _, n := range r.symmetric() {
		if same := (network{pair: n.pair, width: n.width}); n.as != drawn || !slices.Contains(out, same) {
			out = append(out, n)
		}
	}
	return out
}

// build returns the network with its first weights.
func (n network) build(r Recipe, seed uint64, data *datasets.Set) (classifier, error) {
	net, err := mlp(r.TrainDepth, n.width, n.f, n.init, seed, data)
	if err != nil {
		return nil, err
	}
	if n.as == twin {
		return newMatched(net, r.TrainWidth, n.equal), nil
	}
	if n.equal != 0 {
		for _, d := range net.Layers {
			w := d.W.Value.Float32s()
			for i := range w {
				w[i] = float32(n.equal)
			}
		}
	}
	return plain{net}, nil
}

// classifier is what is trained.
type classifier interface {
	pretrain.Classifier
	// network has the present weights, for whatever is done with it after training.
	network() *models.MLP
}

type plain struct{ *models.MLP }

func (p plain) network() *models.MLP { return p.MLP }
