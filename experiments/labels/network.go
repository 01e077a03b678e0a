package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/internal/fewlabels"
	"capas/models"
	"capas/random"
)

// Names of the pairs, and of the network of each that begins with pretrained weights.
const (
	rbm = "rbm" // one hidden layer, a restricted Boltzmann machine
	dbn = "dbn" // several, a deep belief network
)

func pairNames() []string { return []string{rbm, dbn} }

// arm is one network of a pair.
type arm struct {
	pair       string
	pretrained bool
}

// String is the arm's name in files and metrics.
func (a arm) String() string {
	if a.pretrained {
		return a.pair
	}
	return a.pair + "-random"
}

// arms are the networks of all pairs, those from random weights first.
func (r Recipe) arms() []arm {
	var out []arm
	for _, p := range r.Pairs {
		out = append(out, arm{p, false}, arm{p, true})
	}
	return out
}

// units of the hidden layers of a pair.
func (r Recipe) units(pair string) []int {
	if pair == rbm {
		return []int{r.Width}
	}
	return r.Layers
}

// title is the arm's name for people, such as "512-1024, DBN".
func (r Recipe) title(a arm) string {
	var units []string
	for _, n := range r.units(a.pair) {
		units = append(units, strconv.Itoa(n))
	}
	first := "random"
	if a.pretrained {
		first = strings.ToUpper(a.pair)
	}
	return strings.Join(units, "-") + ", " + first
}

// pairTitle is "512-1024, DBN" too: that of the pretrained arm.
func (r Recipe) pairTitle(pair string) string { return r.title(arm{pair, true}) }

// cell is an arm with a number of labels.
type cell struct {
	arm
	labels int
}

// String is the cell's name in files.
func (c cell) String() string { return fmt.Sprintf("%s-%d", c.arm, c.labels) }

// random is the cell of the same pair from random weights.
func (c cell) random() cell {
	c.pretrained = false
	return c
}

// pretrained is the pretrained cell of a pair.
func pretrained(pair string, labels int) cell { return cell{arm{pair, true}, labels} }

// metric is the name of what was measured of the cell at the rate that as many validation
// images chose as there are labels.
func (c cell) metric(what string) string { return fmt.Sprintf("%s.%d.%s", c.arm, c.labels, what) }

// allMetric is that at the rate that all validation images chose.
func (c cell) allMetric(what string) string { return c.metric("all_validation." + what) }

// spec names one network.
type spec struct {
	cell
	rate float64
	seed uint64
}

// String is the network's name within its seed.
func (s spec) String() string {
	return fmt.Sprintf("%s-rate-%s", s.cell, strconv.FormatFloat(s.rate, 'g', -1, 64))
}

// cells are all arms with all numbers of labels.
func (r Recipe) cells() []cell {
	var out []cell
	for _, n := range r.Labels {
		for _, a := range r.arms() {
			out = append(out, cell{a, n})
		}
	}
	return out
}

// newStack is the stack of a pair, with the weights that pretraining begins with.
func newStack(r Recipe, pair string, seed uint64, inputs int) (*models.DBN, error) {
	sizes := append([]int{inputs}, r.units(pair)...)
	return models.NewDBN(pair, sizes, r.Pretrain.Init, random.New(seed).Split(pair))
}

// newNetwork is a network with the weights from which it learns labels. Both arms of a pair
// and seed share those of the output layer; the hidden layers of the pretrained one are
// copies of the stack's.
func newNetwork(r Recipe, a arm, seed uint64, data *datasets.Set, stack *models.DBN) (*models.MLP, error) {
	units := r.units(a.pair)
	sizes := slices.Concat([]int{data.Dim()}, units, []int{data.Classes})
	// Sigmoid units, as those of the machines, and for the random arm the first weights
	// that suit them (Glorot & Bengio 2010).
	net, err := models.NewMLP("labels", sizes, blocks.Sigmoid(), blocks.Glorot4(), blocks.Glorot(), random.New(seed).Split("network "+a.pair))
	if err != nil || !a.pretrained {
		return net, err
	}
	all := make([]int, len(units))
	for l := range all {
		all[l] = l
	}
	if err := fewlabels.Begin(net, stack, all); err != nil {
		return nil, fmt.Errorf("%s: %w", a, err)
	}
	return net, nil
}

// weights of a pair's networks in products.
func (r Recipe) weights(pair string, inputs, classes int) int64 {
	return fewlabels.Weights(slices.Concat([]int{inputs}, r.units(pair), []int{classes})...)
}
