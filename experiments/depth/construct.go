package main

import (
	"fmt"
	"math/bits"

	"capas/blocks"
	"capas/models"
	"capas/random"
)

// built returns a network of ReLU layers and one linear output with weights set by hand:
// weights[l] holds the rows of layer l's matrix, one for each of its inputs, and biases[l]
// its biases, of which the output has one too.
func built(weights [][][]float32, biases [][]float32) *models.MLP {
	net := &models.MLP{Output: blocks.Numeric()}
	for l, rows := range weights {
		f := blocks.ReLU()
		if l == len(weights)-1 {
			f = blocks.Linear()
		}
		name := fmt.Sprintf("built.%d", l+1)
		d := &blocks.Dense{W: blocks.NewParam(name+".W", len(rows), len(rows[0])), B: blocks.NewParam(name+".b", len(biases[l])), F: f}
		for i, row := range rows {
			copy(d.W.Value.Float32s()[i*len(row):], row)
		}
		copy(d.B.Value.Float32s(), biases[l])
		net.Layers = append(net.Layers, d)
	}
	return net
}

// folds returns the network of hidden layers of two units that folds the sum s of its
// inputs again and again: a layer's units are relu(s) and relu(s − c), of which
// scale·(relu(s) − 2·relu(s − c)) rises to scale·c at s = c and falls again: the next s,
// or the output.
func folds(inputs int, scale float32, centres []float32) *models.MLP {
	var weights [][][]float32
	var biases [][]float32
	rows := make([][]float32, inputs)
	for i := range rows {
		rows[i] = []float32{1, 1}
	}
	for _, c := range centres {
		weights, biases = append(weights, rows), append(biases, []float32{0, -c})
		rows = [][]float32{{scale, scale}, {-2 * scale, -2 * scale}}
	}
	return built(append(weights, [][]float32{{scale}, {-2 * scale}}), append(biases, []float32{0}))
}

// deepTent is the tent map iterated k times on [0,1], by k hidden layers of two units.
func deepTent(k int) *models.MLP {
	centres := make([]float32, k)
	for i := range centres {
		centres[i] = 0.5
	}
	return folds(1, 2, centres)
}

// deepParity is the parity of n bits, 0 or 1, by ⌈log₂ n⌉ hidden layers of two units: the
// sum of the bits, at most 2ᵐ, is folded in the middle, which changes it by an even
// number or not at all, until it is 0 or 1.
func deepParity(n int) *models.MLP {
	var centres []float32
	for m := bits.Len(uint(n - 1)); m > 0; m-- {
		centres = append(centres, float32(int(1)<<(m-1)))
	}
	return folds(n, 1, centres)
}

// treeParity is the parity of n bits by a tree of exclusive ors, ⌈log₂ n⌉ hidden layers of
// n units and fewer: each takes two values of 0 or 1 from the layer below to relu(a + b)
// and relu(a + b − 1), of which a xor b is the first less twice the second.
func treeParity(n int) *models.MLP {
	// values[v] says how value v follows from the units of the layer below.
	values := make([][]float32, n)
	for i := range values {
		values[i] = make([]float32, n)
		values[i][i] = 1
	}
	var weights [][][]float32
	var biases [][]float32
	for len(values) > 1 {
		below := len(values[0])
		rows := make([][]float32, below)
		var bias []float32
		var next [][]float32
		unit := func(b float32, from ...[]float32) { // relu(Σ from + b)
			for i := range rows {
				var w float32
				for _, v := range from {
					w += v[i]
				}
				rows[i] = append(rows[i], w)
			}
			bias = append(bias, b)
		}
		for v := 0; v < len(values); v += 2 {
			if v+1 == len(values) { // handed on
				unit(0, values[v])
				next = append(next, []float32{1})
				continue
			}
			unit(0, values[v], values[v+1])
			unit(-1, values[v], values[v+1])
			next = append(next, []float32{1, -2})
		}
		// Spread the units' factors over the layer.
		at := 0
		for i, factors := range next {
			spread := make([]float32, len(bias))
			copy(spread[at:], factors)
			next[i], at = spread, at+len(factors)
		}
		weights, biases, values = append(weights, rows), append(biases, bias), next
	}
	rows := make([][]float32, len(values[0]))
	for i, w := range values[0] {
		rows[i] = []float32{w}
	}
	return built(append(weights, rows), append(biases, []float32{0}))
}

// disturbance is the standard deviation of the factors, around 1, by which weights and
// biases of a network built by hand are multiplied before it is trained.
const disturbance = 0.1

// disturbed is the network of two units a layer that computes a function, made into one
// that tells the function's classes from the inputs of newLearner: its weights are there
// to be found, and a little off.
func disturbed(k kind, n int, s *random.Stream) (*models.MLP, error) {
	net, err := builtClassifier(k, n)
	if err != nil {
		return nil, err
	}
	for _, p := range net.Params() {
		v := p.Value.Float32s()
		factors := make([]float32, len(v))
		s.Normal(factors)
		for i, f := range factors {
			v[i] *= 1 + disturbance*f
		}
	}
	return net, nil
}

// builtClassifier is disturbed without the disturbance.
func builtClassifier(k kind, n int) (*models.MLP, error) {
	net := deepTent(n)
	if k == parity {
		net = deepParity(n)
	}
	// From inputs of [−1,1] to those of [0,1].
	first := net.Layers[0]
	W, b := first.W.Value.Float32s(), first.B.Value.Float32s()
	for i := range W {
		W[i] /= 2
		b[i%len(b)] += W[i]
	}
	// From the function's value y to the logits 0 and y − ½.
	top := net.Layers[len(net.Layers)-1]
	hidden := net.Layers[:len(net.Layers)-1]
	out, err := models.Classifier("built", hidden, 2, 2, blocks.Gaussian(0), random.New(0))
	if err != nil {
		return nil, err
	}
	last := out.Layers[len(hidden)]
	for i, w := range top.W.Value.Float32s() {
		last.W.Value.Float32s()[2*i+1] = w
	}
	last.B.Value.Float32s()[1] = -0.5
	return out, nil
}

// zigzag is one hidden layer of as many units as the function of the sum of the inputs
// has pieces, which rise and fall by turns, as steeply as slope says and each width long.
func zigzag(inputs, pieces int, slope, width float32) *models.MLP {
	rows := make([][]float32, inputs)
	out := make([][]float32, pieces)
	bias := make([]float32, pieces)
	for j := range pieces {
		for i := range rows {
			rows[i] = append(rows[i], 1)
		}
		bias[j] = -float32(j) * width
		switch {
		case j == 0:
			out[j] = []float32{slope}
		case j%2 == 1:
			out[j] = []float32{-2 * slope}
		default:
			out[j] = []float32{2 * slope}
		}
	}
	return built([][][]float32{rows, out}, [][]float32{bias, {0}})
}

// shallowTent is the tent map iterated k times on [0,1], by one hidden layer of 2ᵏ units.
// Fewer cannot do it: the function bends at 2ᵏ − 1 points, for each of which there is to
// be a unit, and changes its slope by ±2ᵏ⁺¹ at each. Were there no other unit, the slope
// at the left would be a sum of those changes, of the units that are active there, and so
// an even multiple of 2ᵏ; it is 2ᵏ.
func shallowTent(k int) *models.MLP {
	return zigzag(1, 1<<k, float32(int(1)<<k), 1/float32(int(1)<<k))
}

// shallowParity is the parity of n bits by one hidden layer of n units: the sum of the
// bits goes up and down.
func shallowParity(n int) *models.MLP { return zigzag(n, n, 1, 1) }

// hiddenUnits of a network, in all its layers.
func hiddenUnits(net *models.MLP) (units int) {
	for _, d := range net.Layers[:len(net.Layers)-1] {
		units += d.B.Value.Shape().TotalSize()
	}
	return units
}

// widest is the number of units of a network's widest hidden layer.
func widest(net *models.MLP) (units int) {
	for _, d := range net.Layers[:len(net.Layers)-1] {
		units = max(units, d.B.Value.Shape().TotalSize())
	}
	return units
}
