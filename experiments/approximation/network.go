package main

import (
	"fmt"
	"math"
	"slices"

	"capas/blocks"
	"capas/models"
	"capas/random"
	"capas/train"

	G "gorgonia.org/gorgonia"
)

// newNetwork returns a network of one hidden layer with its first weights. Inputs are in
// [−1,1]. The units' weights have random directions and their biases are such that the
// middles of the units lie spread over the range of the data: with biases of 0, all of
// them would lie at 0. A unit that saturates gets weights of length 0.7·ⁿ√width, n the
// number of inputs (Nguyen & Widrow 1990), so that all units together just cover the
// range; the length of others does not matter to their shape, and is 1.
func newNetwork(f blocks.Activation, inputs, width int, seed uint64) (*models.MLP, error) {
	s := random.New(seed).Split(fmt.Sprintf("width %d", width))
	net, err := models.NewMLP("approximation", []int{inputs, width, 1}, f, blocks.Xavier(), blocks.Xavier(), s.Split("top"))
	if err != nil {
		return nil, err
	}
	net.Output = blocks.Numeric()
	length := 1.0
	if saturates(f) {
		length = 0.7 * math.Pow(float64(width), 1/float64(inputs))
	}
	directions, middles := make([]float32, inputs*width), make([]float32, width)
	s.Split("directions").Normal(directions)
	s.Split("middles").Uniform(middles)
	w, b := net.Layers[0].W.Value.Float32s(), net.Layers[0].B.Value.Float32s()
	for j := range width {
		var norm float64
		for i := range inputs {
			norm = math.Hypot(norm, float64(directions[i*width+j]))
		}
		for i := range inputs {
			w[i*width+j] = float32(length * float64(directions[i*width+j]) / max(norm, math.SmallestNonzeroFloat32))
		}
		b[j] = float32(length * (2*float64(middles[j]) - 1))
	}
	return net, nil
}

// saturates tells whether an activation levels off on both sides.
func saturates(f blocks.Activation) bool {
	return slices.Contains([]blocks.Activation{blocks.Sigmoid(), blocks.Tanh(), blocks.LeCunTanh(), blocks.Softsign()}, f)
}

// construct returns the polygon with so many units and corners at even distances
// h = 2/width. Where |f″| ≤ M, it is nowhere farther from f than Mh²/8.
func construct(f target, width int) *models.MLP {
	corners := make([]float64, width+1)
	for i := range corners {
		corners[i] = -1 + 2*float64(i)/float64(width)
	}
	return polygon(f, corners)
}

// exact returns the polygon that a function with kinks is.
func exact(f target) *models.MLP {
	return polygon(f, append(append([]float64{-1}, f.kinks...), 1))
}

// polygon returns a network of ReLU units with weights set by hand, nothing of it learned:
// the polygon through the function's values at the corners, the first of which is −1 and
// the last 1. There is a unit for each corner but the last: its kink is there, and its
// output weight is the change of the polygon's slope. The output's bias is f(−1).
func polygon(f target, corners []float64) *models.MLP {
	n := len(corners) - 1
	hidden := &blocks.Dense{W: blocks.NewParam("constructed.1.W", 1, n), B: blocks.NewParam("constructed.1.b", n), F: blocks.ReLU()}
	top := &blocks.Dense{W: blocks.NewParam("constructed.2.W", n, 1), B: blocks.NewParam("constructed.2.b", 1), F: blocks.Linear()}
	at := func(i int) float64 { return f.of([]float64{corners[i]}) }
	before := 0.0
	for i := range n {
		hidden.W.Value.Float32s()[i] = 1
		hidden.B.Value.Float32s()[i] = float32(-corners[i])
		slope := (at(i+1) - at(i)) / (corners[i+1] - corners[i])
		top.W.Value.Float32s()[i] = float32(slope - before)
		before = slope
	}
	top.B.Value.Float32s()[0] = float32(at(0))
	return &models.MLP{Layers: []*blocks.Dense{hidden, top}, Output: blocks.Numeric()}
}

// predict computes a network's outputs at the places of each group.
func predict(net *models.MLP, groups ...points) ([][]float64, error) {
	var all points
	for _, g := range groups {
		all = append(all, g...)
	}
	y, err := train.Map(all.tensor(1), func(x *G.Node) (*G.Node, error) {
		layers, err := net.Forward(x)
		if err != nil {
			return nil, err
		}
		return layers[len(layers)-1], nil
	})
	if err != nil {
		return nil, fmt.Errorf("outputs at %d places: %w", len(all), err)
	}
	out, flat := make([][]float64, len(groups)), y.Float32s()
	for i, g := range groups {
		for range g {
			out[i], flat = append(out[i], float64(flat[0])), flat[1:]
		}
	}
	return out, nil
}
