package main

import (
	"fmt"
	"slices"
	"strconv"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/internal/fewlabels"
	"capas/models"
	"capas/random"
)

// Names of the models, from weak to strong.
const (
	softmax        = "softmax"         // no hidden layer
	small          = "small"           // one hidden layer of few units
	wide           = "wide"            // one hidden layer
	deep           = "deep"            // three hidden layers
	relu           = "relu"            // three hidden layers of rectified linear units
	widePretrained = "wide-pretrained" // wide, whose hidden layer was pretrained
	deepPretrained = "deep-pretrained" // deep, whose hidden layers were pretrained
)

func modelNames() []string {
	return []string{softmax, small, wide, deep, relu, widePretrained, deepPretrained}
}

// Names of deep networks of which only some layers were pretrained.
const (
	first    = "deep-first"
	firstTwo = "deep-first-two"
	lastTwo  = "deep-last-two"
	last     = "deep-last"
)

func partNames() []string { return []string{first, firstTwo, lastTwo, last} }

// depth is the number of hidden layers of the deep models, and of layers pretrained.
const depth = 3

// model is what a name stands for.
type model struct {
	name  string
	units []int // of the hidden layers
	f     blocks.Activation
	init  blocks.Initializer
	// pretrained are the hidden layers, counted from 0, that begin with the weights of
	// pretraining; the others, and always the output layer, begin with random ones.
	pretrained []int
}

func (r Recipe) model(name string) model {
	layers := []int{r.Width, r.Width, r.Width}
	// The initialisation that suits the activation: Glorot & Bengio 2010, He et al. 2015.
	m := model{name: name, units: layers, f: blocks.Sigmoid(), init: blocks.Glorot4()}
	switch name {
	case softmax:
		m.units = nil
	case small:
		m.units = []int{r.Small}
	case wide:
		m.units = layers[:1]
	case relu:
		m.f, m.init = blocks.ReLU(), blocks.He()
	case widePretrained:
		m.units, m.pretrained = layers[:1], []int{0}
	case deepPretrained:
		m.pretrained = []int{0, 1, 2}
	case first:
		m.pretrained = []int{0}
	case firstTwo:
		m.pretrained = []int{0, 1}
	case lastTwo:
		m.pretrained = []int{1, 2}
	case last:
		m.pretrained = []int{2}
	}
	return m
}

// title is the model's name for people.
func (m model) title() string {
	if len(m.units) == 0 {
		return "no hidden layer"
	}
	f := m.f.String()
	if m.f == blocks.ReLU() {
		f = "ReLU"
	}
	text := fmt.Sprintf("%d %s", m.units[0], f)
	if len(m.units) > 1 {
		text = fmt.Sprintf("%d×%s", len(m.units), text)
	}
	if len(m.pretrained) == len(m.units) {
		text += ", pretrained"
	}
	return text
}

// cell is a model with a number of labels.
type cell struct {
	model  string
	labels int
}

// spec names one network.
type spec struct {
	cell
	rate float64
	seed uint64
}

// String is the network's name within its seed.
func (s spec) String() string {
	return fmt.Sprintf("%s-%d-rate-%s", s.model, s.labels, strconv.FormatFloat(s.rate, 'g', -1, 64))
}

// cells are all models with all numbers of labels, and with few the deep networks of which
// only some layers were pretrained.
func (r Recipe) cells() []cell {
	var all []cell
	for _, n := range r.Labels {
		for _, name := range r.Models {
			all = append(all, cell{name, n})
		}
	}
	if r.parts() {
		for _, name := range partNames() {
			all = append(all, cell{name, r.Few})
		}
	}
	return all
}

// parts tells whether single pretrained layers are tried.
func (r Recipe) parts() bool {
	return slices.Contains(r.Models, deep) && slices.Contains(r.Models, deepPretrained)
}

// pretrains tells whether a model needs pretraining.
func (r Recipe) pretrains() bool {
	return slices.Contains(r.Models, widePretrained) || slices.Contains(r.Models, deepPretrained)
}

// newDBN is the stack that is pretrained, with its first weights.
func newDBN(r Recipe, seed uint64, inputs int) (*models.DBN, error) {
	sizes := append([]int{inputs}, r.model(deepPretrained).units...)
	return models.NewDBN("dbn", sizes, r.Pretrain.Init, random.New(seed).Split("dbn"))
}

// newNetwork is a network with the weights from which it learns labels: those of
// pretraining in the layers that have them, copied out of dbn. Networks of one seed and
// shape share the random ones.
func newNetwork(r Recipe, s spec, data *datasets.Set, dbn *models.DBN) (*models.MLP, error) {
	m := r.model(s.model)
	sizes := slices.Concat([]int{data.Dim()}, m.units, []int{data.Classes})
	stream := random.New(s.seed).Split(fmt.Sprintf("network %v %s", m.units, m.f))
	net, err := models.NewMLP("data", sizes, m.f, m.init, blocks.Glorot(), stream)
	if err != nil {
		return nil, err
	}
	if err := fewlabels.Begin(net, dbn, m.pretrained); err != nil {
		return nil, fmt.Errorf("%s: %w", s, err)
	}
	return net, nil
}

// weights is the number of weights in products.
func (m model) weights(inputs, classes int) int64 {
	return fewlabels.Weights(slices.Concat([]int{inputs}, m.units, []int{classes})...)
}
