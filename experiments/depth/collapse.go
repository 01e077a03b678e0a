package main

import (
	"math"

	"capas/blocks"
	"capas/datasets"
	"capas/models"

	"gonum.org/v1/gonum/mat"
)

// collapse multiplies the layers of a network, as if they were linear, into one: with
// W = W¹·W²⋯Wᴸ and b = (b¹·W² + b²)·W³ + …, computed in float64.
func collapse(net *models.MLP) *models.MLP {
	W, b := layerOf(net.Layers[0])
	for _, d := range net.Layers[1:] {
		nextW, nextB := layerOf(d)
		var product, shifted mat.Dense
		product.Mul(W, nextW)
		shifted.Mul(b, nextW)
		shifted.Add(&shifted, nextB)
		W, b = &product, &shifted
	}
	n, k := W.Dims()
	one := &blocks.Dense{W: blocks.NewParam("collapsed.1.W", n, k), B: blocks.NewParam("collapsed.1.b", k), F: blocks.Linear()}
	for i := range n {
		for j := range k {
			one.W.Value.Float32s()[i*k+j] = float32(W.At(i, j))
		}
	}
	for j := range k {
		one.B.Value.Float32s()[j] = float32(b.At(0, j))
	}
	return &models.MLP{Layers: []*blocks.Dense{one}, Output: net.Output}
}

// layerOf is a layer's matrix, and its biases as a row.
func layerOf(d *blocks.Dense) (W, b *mat.Dense) {
	s := d.W.Value.Shape()
	return mat.NewDense(s[0], s[1], float64s(d.W.Value.Float32s())), mat.NewDense(1, s[1], float64s(d.B.Value.Float32s()))
}

func float64s(v []float32) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(x)
	}
	return out
}

// collapseError is how far a network is from the product of its layers on a set: the
// largest difference of an output over the largest output.
func collapseError(net *models.MLP, set *datasets.Set) (float64, error) {
	a, err := outputs(net, set.X.Float32s())
	if err != nil {
		return 0, err
	}
	b, err := outputs(collapse(net), set.X.Float32s())
	if err != nil {
		return 0, err
	}
	var difference, largest float64
	for i, v := range a {
		difference = math.Max(difference, math.Abs(float64(v)-float64(b[i])))
		largest = math.Max(largest, math.Abs(float64(v)))
	}
	return difference / largest, nil
}
