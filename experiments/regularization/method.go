package main

import (
	"fmt"
	"math"
	"slices"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/datasets"
	"capas/experiments/lab/figure"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"

	G "gorgonia.org/gorgonia"
)

// method is a way of regularising, by the name that metrics have.
type method string

const (
	none         method = "none"
	dropout      method = "dropout"
	l1           method = "l1"
	l2           method = "l2"
	early        method = "early-stopping"
	augmentation method = "augmentation"
	together     method = "together" // dropout, L2, early stopping and augmentation
	offsets      method = "rgb-offsets"
)

// alone are the methods that are compared with none and with all of them together.
func alone() []method { return []method{dropout, l1, l2, early, augmentation} }

// methods are all that are tried on digits, none first.
func methods() []method { return append(append([]method{none}, alone()...), together) }

// label is the method's name in figures.
func (m method) label() string {
	switch m {
	case l1:
		return "L1"
	case l2:
		return "L2"
	case early:
		return "early stop"
	case augmentation:
		return "augment"
	case offsets:
		return "RGB offsets"
	}
	return string(m)
}

// title is its name in sentences.
func (m method) title() string {
	switch m {
	case dropout:
		return "Dropout"
	case l1:
		return "L1"
	case l2:
		return "L2"
	case early:
		return "Early stopping"
	case augmentation:
		return "Data augmentation"
	case together:
		return "All together (dropout, L2, early stopping and augmentation)"
	}
	return string(m)
}

// colors are the methods', the same in all figures.
func colors() figure.Colors {
	var names []string
	for _, m := range methods() {
		names = append(names, m.label())
	}
	return figure.NewColors(names...)
}

// spec says which network is trained.
type spec struct {
	method method
	// color tells that the images are coloured digits.
	color  bool
	images int
	level  int // counted from 0; 0 of none
	seed   uint64
}

// run is the name of its lines in the log; with the seed, that of its files.
func (s spec) run() string {
	name := fmt.Sprintf("%s-%d", s.method, s.images)
	if s.color {
		name = fmt.Sprintf("color-%s-%d", s.method, s.images)
	}
	if s.method != none {
		name += fmt.Sprintf("-level-%d", s.level+1)
	}
	return name
}

// settings are what a method changes.
type settings struct {
	inputDrop, hiddenDrop float64
	l1, l2                float64
	patience              *train.Patience // nil for the last parameters
	augment               *datasets.Augmentation
}

// settings of a network whose training takes so many steps. Those of all methods together
// are at the levels chosen for each, dropout alone at its own.
func (x *experimenter) settings(s spec, steps int) (out settings) {
	r := x.Recipe
	times := float64(s.images) / float64(r.Images[0])
	level := func(m method) (int, bool) {
		if s.method == together && m != dropout {
			return x.chosen[m], m != l1
		}
		return s.level, s.method == m || s.method == together
	}
	if k, ok := level(dropout); ok {
		out.inputDrop, out.hiddenDrop = r.InputDrops[k], r.HiddenDrops[k]
	}
	if k, ok := level(l1); ok {
		out.l1 = r.L1[k] / times
	}
	if k, ok := level(l2); ok {
		out.l2 = r.L2[k] / times
	}
	if k, ok := level(early); ok {
		out.patience = &train.Patience{Steps: int(math.Ceil(r.Patience[k] * float64(steps)))}
	}
	if k, ok := level(augmentation); ok {
		a := r.Augment[k]
		out.augment = &a
	}
	if s.method == offsets {
		out.augment = &datasets.Augmentation{Color: r.Colors[s.level]}
	}
	return out
}

// epochs of a network's training.
func (r Recipe) epochs(s spec) int {
	if s.color {
		return r.ColorEpochs
	}
	return r.Epochs[slices.Index(r.Images, s.images)]
}

// network is a multilayer perceptron whose training may have penalties on the weights.
type network struct {
	*models.MLP
	settings
}

var _ pretrain.Classifier = (*network)(nil)

// newNetwork returns a network with its first weights, which all methods share.
func newNetwork(r Recipe, s spec, set settings, inputs, classes int) (*network, error) {
	root := random.New(s.seed)
	sizes := append(append([]int{inputs}, r.Hidden...), classes)
	net, err := models.NewMLP("mlp", sizes, r.Activation, blocks.He(), blocks.Glorot(), root.Split("weights"))
	if err != nil {
		return nil, err
	}
	net.DropInput, net.DropHidden, net.Noise = set.inputDrop, set.hiddenDrop, root.Split("dropout")
	return &network{net, set}, nil
}

// Objective is the training graph: the loss, with dropout, plus λ₁ Σ|w| and (λ₂/2) Σw²
// over the weights of all layers. The monitors are without penalties.
func (n *network) Objective(m int) (*models.Objective, error) {
	o, err := n.MLP.Objective(m)
	if err != nil {
		return nil, err
	}
	var c ops.Chain
	var weights G.Nodes
	for _, d := range n.Layers {
		weights = append(weights, c.Do(d.W.Node(o.Cost.Graph())))
	}
	if n.l1 > 0 {
		o.Cost = c.Do(ops.Add(o.Cost, c.Do(blocks.L1(n.l1, weights...))))
	}
	if n.l2 > 0 {
		o.Cost = c.Do(ops.Add(o.Cost, c.Do(blocks.L2(n.l2, weights...))))
	}
	return o, c.Err()
}
