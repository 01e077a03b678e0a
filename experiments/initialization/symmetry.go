package main

import (
	"math"

	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/train"

	G "gorgonia.org/gorgonia"
)

// distance is the greatest difference between two units of a hidden layer, in a bias or a
// weight, incoming or outgoing: 0 if all units of each layer are alike.
func distance(net *models.MLP) float64 {
	most := 0.0
	differ := func(a, b float32) { most = max(most, math.Abs(float64(a)-float64(b))) }
	for l, d := range net.Layers[:len(net.Layers)-1] {
		in, out := d.W.Value.Float32s(), net.Layers[l+1].W.Value.Float32s()
		b := d.B.Value.Float32s()
		units := len(b)
		for i, w := range in {
			differ(w, in[i-i%units])
		}
		for _, v := range b {
			differ(v, b[0])
		}
		for i, w := range out {
			differ(w, out[i%(len(out)/units)])
		}
	}
	return most
}

// largest is the greatest absolute value of a weight of any layer.
func largest(net *models.MLP) float64 {
	most := 0.0
	for _, d := range net.Layers {
		for _, w := range d.W.Value.Float32s() {
			most = max(most, math.Abs(float64(w)))
		}
	}
	return most
}

// collapse returns the network of one unit a hidden layer that does the same as net if all
// units of each of its layers are alike: the one unit is the first, and has the sum of the
// weights that lead out of all.
func collapse(net *models.MLP) *models.MLP {
	one := &models.MLP{Output: net.Output}
	for l, d := range net.Layers {
		n, k := d.W.Value.Shape()[0], d.W.Value.Shape()[1]
		inputs, units := n, 1
		if l > 0 {
			inputs = 1
		}
		if l == len(net.Layers)-1 {
			units = k
		}
		c := &blocks.Dense{W: blocks.NewParam(d.W.Name, inputs, units), B: blocks.NewParam(d.B.Name, units), F: d.F}
		copy(c.B.Value.Float32s(), d.B.Value.Float32s())
		w, to := d.W.Value.Float32s(), c.W.Value.Float32s()
		for j := range units {
			var sum float64
			for i := range n {
				if sum += float64(w[i*k+j]); l == 0 {
					to[i*units+j] = w[i*k+j]
				}
			}
			if l > 0 {
				to[j] = float32(sum)
			}
		}
		one.Layers = append(one.Layers, c)
	}
	return one
}

// agreement is the share of a set's examples to which both networks give the same class.
func agreement(a, b *models.MLP, set *datasets.Set) (float64, error) {
	x, err := answers(a, set)
	if err != nil {
		return 0, err
	}
	y, err := answers(b, set)
	if err != nil {
		return 0, err
	}
	same := 0
	for i := range x {
		if x[i] == y[i] {
			same++
		}
	}
	return float64(same) / float64(len(x)), nil
}

// answers are the classes with the largest logits.
func answers(net *models.MLP, set *datasets.Set) ([]int, error) {
	logits, err := train.Map(set.X, func(x *G.Node) (*G.Node, error) {
		layers, err := net.Forward(x)
		if err != nil {
			return nil, err
		}
		return layers[len(layers)-1], nil
	})
	if err != nil {
		return nil, err
	}
	k, z := net.Outputs(), logits.Float32s()
	out := make([]int, set.Len())
	for i := range out {
		row := z[i*k : (i+1)*k]
		for j, v := range row {
			if v > row[out[i]] {
				out[i] = j
			}
		}
	}
	return out, nil
}
