package main

import (
	"fmt"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/lab/figure"
	"capas/random"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

const (
	// shownChains are the chains of a sheet.
	shownChains = 12
	// shownFilters are the units of a layer on a sheet.
	shownFilters = 48
)

// pictures are those of one network's machines, by name.
type pictures struct {
	// samples of chain after chain, at each of the shown numbers of steps.
	samples map[string][][]float32
	// first are the weights of units of the first hidden layer over the image, second what
	// units of the second see through the first: their weights times its.
	first, second map[string][][]float32
}

// draw makes the pictures.
func (n *network) draw() (*pictures, error) {
	p := &pictures{samples: map[string][][]float32{}, first: map[string][][]float32{}, second: map[string][][]float32{}}
	for name, d := range n.machines {
		noise := n.root.Split("samples " + name)
		chains, err := d.Sampler(coins(n.data.train, noise), noise)
		if err != nil {
			return nil, err
		}
		at := 0
		if p.samples[name], err = n.sample(func(steps int) (*tensor.Dense, error) {
			x, err := chains.Run(steps - at)
			at = steps
			return x, err
		}); err != nil {
			return nil, err
		}
		p.first[name] = columns(d.W[0].Value)
		if d.Hidden() > 1 {
			if p.second[name], err = through(d.W[0], d.W[1]); err != nil {
				return nil, err
			}
		}
	}
	if n.belief != nil {
		noise := n.root.Split("samples dbn")
		start, err := coins(n.data.train, noise), error(nil)
		if p.samples[methodDBN], err = n.sample(func(steps int) (*tensor.Dense, error) {
			again := *noise // the same chain, from its start
			return n.belief.Sample(start, steps, &again)
		}); err != nil {
			return nil, err
		}
		p.first[methodDBN] = columns(n.belief.Layers[0].W.Value)
		if p.second[methodDBN], err = through(n.belief.Layers[0].W, n.belief.Layers[1].W); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// sample collects the tiles of a sheet, a chain a row, from the states of all chains after each
// number of steps.
func (n *network) sample(at func(steps int) (*tensor.Dense, error)) ([][]float32, error) {
	shown := n.recipe.Shown
	tiles := make([][]float32, shownChains*len(shown))
	for i, steps := range shown {
		x, err := at(steps)
		if err != nil {
			return nil, fmt.Errorf("samples: %w", err)
		}
		size := n.data.train.Dim()
		for chain := range shownChains {
			tiles[chain+i*shownChains] = x.Float32s()[chain*size : (chain+1)*size]
		}
	}
	return tiles, nil
}

// coins are the starts of chains: fair coin flips.
func coins(like *datasets.Set, s *random.Stream) *tensor.Dense {
	x := make([]float32, shownChains*like.Dim())
	s.Mask(x, 0.5, 1)
	return tensor.New(tensor.WithShape(shownChains, like.Dim()), tensor.WithBacking(x))
}

// columns are the first columns of a matrix, those of shownFilters units at most.
func columns(W *tensor.Dense) [][]float32 {
	return figure.Columns(W.Float32s(), W.Shape()[1], shownFilters)
}

// through are columns of the product of two layers' weights.
func through(first, second *blocks.Param) ([][]float32, error) {
	product, err := train.Map(first.Value, func(x *G.Node) (*G.Node, error) {
		return (&blocks.Dense{W: second, B: blocks.NewParam("zero", second.Value.Shape()[1])}).Forward(x)
	})
	if err != nil {
		return nil, fmt.Errorf("filters: %w", err)
	}
	return columns(product), nil
}

// generators are the names of what is looked at, in the order in which it is reported.
func generators() []string { return []string{methodRBM, methodDBN, greedy, methodDBM} }

// classifiers are the names of what is fine-tuned.
func classifiers() []string { return []string{methodRandom, methodRBM, methodDBN, greedy, methodDBM} }
