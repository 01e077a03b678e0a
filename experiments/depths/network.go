package main

import (
	"fmt"

	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"
)

// config is what networks of several seeds have in common.
type config struct {
	init         string
	depth, width int
}

// metric is the name of a metric of the networks, such as "sdae.depth3.width100.test_error".
func (c config) metric(what string) string {
	return fmt.Sprintf("%s.depth%d.width%d.%s", c.init, c.depth, c.width, what)
}

// configs are all of a recipe, those of the depths first.
func configs(r Recipe) []config {
	var all []config
	seen := map[config]bool{}
	add := func(c config) {
		if !seen[c] {
			seen[c] = true
			all = append(all, c)
		}
	}
	for _, init := range r.Inits {
		for _, depth := range r.Depths {
			add(config{init, depth, r.Width})
		}
	}
	for _, init := range r.Inits {
		for _, width := range r.Widths {
			add(config{init, r.WidthDepth, width})
		}
	}
	return all
}

// spec says which network is trained.
type spec struct {
	config
	rate   float64
	online bool // on images that never repeat
	seed   uint64
}

// name is its name among those of its seed, such as "sdae-depth3-width100-rate0.1".
func (s spec) name() string {
	name := fmt.Sprintf("%s-depth%d-width%d-rate%g", s.init, s.depth, s.width, s.rate)
	if s.online {
		name += "-online"
	}
	return name
}

// stackSpec says which stack is pretrained. A stack of several layers serves networks of
// every smaller depth too: greedy training leaves the lower layers as they are.
type stackSpec struct {
	init  string
	width int
	seed  uint64
}

func (s stackSpec) name() string { return fmt.Sprintf("%s-width%d", s.init, s.width) }

// stackDepths are the layers that the stacks of each width have.
func stackDepths(r Recipe) map[int]int {
	depths := map[int]int{}
	for _, c := range configs(r) {
		depths[c.width] = max(depths[c.width], c.depth)
	}
	return depths
}

// sizes are those of the inputs and the hidden layers.
func sizes(inputs, width, depth int) []int {
	out := []int{inputs}
	for range depth {
		out = append(out, width)
	}
	return out
}

// newStack draws a stack's first weights and returns the stages of its training and the
// layers that they leave.
func newStack(r Recipe, s stackSpec, depth int, data *datasets.Set) ([]pretrain.Stage, []*blocks.Dense, error) {
	stream := random.New(s.seed)
	first, order, noise := stream.Split("init "+s.init), stream.Split("pretraining order"), stream.Split("noise "+s.init)
	layers := sizes(data.Dim(), s.width, depth)
	if s.init == initDBN {
		dbn, err := models.NewDBN(s.init, layers, r.DBN.Init, first)
		if err != nil {
			return nil, nil, err
		}
		greedy, err := pretrain.DBNLayers(dbn, r.DBN.CD, 0, func(int) train.Recipe { return r.DBN.Train }, noise)
		if err != nil {
			return nil, nil, err
		}
		return pretrain.Greedy(greedy, data, order), dbn.Encoder(), nil
	}
	sdae, err := models.NewStackedAutoencoder(s.init, layers, true, r.Activation, r.SDAE.Init, first)
	if err != nil {
		return nil, nil, err
	}
	sdae.Corrupt(r.SDAE.Corruption, noise)
	greedy := pretrain.AutoencoderLayers(sdae, func(int) train.Recipe { return r.SDAE.Train })
	return pretrain.Greedy(greedy, data, order), sdae.Encoder(), nil
}

// newNetwork returns the network with its first weights: copies of a stack's layers, or
// random ones. Networks of a seed share the output layer's first weights.
func newNetwork(r Recipe, s spec, stack []*blocks.Dense, data *datasets.Set) (*models.MLP, error) {
	stream := random.New(s.seed)
	layers, weights := sizes(data.Dim(), s.width, s.depth), stream.Split("init "+initRandom)
	var hidden []*blocks.Dense
	for l := range s.depth {
		name := fmt.Sprintf("%s.%d", s.init, l+1)
		if s.init != initRandom {
			from := stack[l]
			hidden = append(hidden, &blocks.Dense{W: from.W.Clone(name + ".W"), B: from.B.Clone(name + ".b"), F: from.F})
			continue
		}
		d, err := blocks.NewDense(name, layers[l], layers[l+1], r.Activation, r.Init, weights)
		if err != nil {
			return nil, err
		}
		hidden = append(hidden, d)
	}
	return models.Classifier(s.init, hidden, s.width, data.Classes, r.Init, stream.Split("top"))
}

// weights of the products from each layer to the next, hidden layers first.
func weights(inputs, classes, width, depth int) (layers []int64, all int64) {
	below := inputs
	for range depth {
		layers = append(layers, int64(below)*int64(width))
		below = width
	}
	layers = append(layers, int64(below)*int64(classes))
	for _, n := range layers {
		all += n
	}
	return layers, all
}

// stackWork estimates the floating-point operations of an epoch of each stage: two for
// each weight and example in each of the products of CD-1, or of a tied autoencoder.
func stackWork(s stackSpec, depth int, data *datasets.Set) map[string]int64 {
	layers, _ := weights(data.Dim(), data.Classes, s.width, depth)
	out := map[string]int64{}
	for l := range depth {
		out[fmt.Sprintf("layer %d", l+1)] = 5 * 2 * layers[l] * int64(data.Len())
	}
	return out
}

// work is that of an epoch of fine-tuning with its validation.
func work(s spec, data, validation *datasets.Set) int64 {
	_, all := weights(data.Dim(), data.Classes, s.width, s.depth)
	return 2 * all * int64(3*data.Len()+validation.Len())
}
