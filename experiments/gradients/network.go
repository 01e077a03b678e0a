package main

import (
	"fmt"

	"capas/blocks"
	"capas/models"
	"capas/random"

	"gonum.org/v1/gonum/mat"
)

// weights are the first weights of one seed and initialisation. A network of any
// depth and activation takes the first of its hidden layers, so that networks differ in
// nothing but what is compared.
type weights struct {
	hidden []*blocks.Dense
	output *blocks.Dense
}

// newWeights draws them for networks of up to depth hidden layers.
func newWeights(r Recipe, init blocks.Initializer, seed uint64, inputs, classes, depth int) (*weights, error) {
	s := random.New(seed).Split("weights " + init.String())
	w := &weights{}
	for l := 1; l <= depth; l++ {
		d, err := blocks.NewDense(fmt.Sprintf("hidden.%d", l), inputs, r.Width, blocks.Linear(), init, s.Split(fmt.Sprintf("layer %d", l)))
		if err != nil {
			return nil, err
		}
		w.hidden = append(w.hidden, d)
		inputs = r.Width
	}
	var err error
	w.output, err = blocks.NewDense("output", inputs, classes, blocks.Linear(), init, s.Split("output"))
	return w, err
}

// network is the one of the given depth, with the tensors of w.
func (w *weights) network(f blocks.Activation, depth int) *models.MLP {
	net := &models.MLP{}
	for _, d := range w.hidden[:depth] {
		net.Layers = append(net.Layers, &blocks.Dense{W: d.W, B: d.B, F: f})
	}
	net.Layers = append(net.Layers, w.output)
	return net
}

// last are the parameters of a network's last n layers.
func last(net *models.MLP, n int) []*blocks.Param {
	var out []*blocks.Param
	for _, d := range net.Layers[len(net.Layers)-n:] {
		out = append(out, d.Params()...)
	}
	return out
}

// spectralNorm is ‖W‖, the greatest factor by which W lengthens a vector.
func spectralNorm(W *blocks.Param) (float64, error) {
	n, k := W.Value.Shape()[0], W.Value.Shape()[1]
	m := mat.NewDense(n, k, nil)
	for i, v := range W.Value.Float32s() {
		m.Set(i/k, i%k, float64(v))
	}
	var svd mat.SVD
	if !svd.Factorize(m, mat.SVDNone) {
		return 0, fmt.Errorf("%s: the singular values do not converge", W.Name)
	}
	return svd.Values(nil)[0], nil
}

// trainingWork estimates the floating-point operations of an epoch: two for each
// weight, example and product, of which a layer that is not trained has one for the
// values, and one more for the gradient if there are layers to train below.
func trainingWork(r Recipe, depth int, part part, inputs, classes, examples int) int64 {
	var total int64
	for l := range depth + 1 {
		n, k := inputs, r.Width
		if l > 0 {
			n = r.Width
		}
		if l == depth {
			k = classes
		}
		products := int64(3)
		if part != whole && l <= depth-r.TrainLast {
			products = 1
		}
		total += products * 2 * int64(n) * int64(k) * int64(examples)
	}
	return total
}

// surveyWork is the same for the survey of one initialisation.
func surveyWork(r Recipe, inputs, classes int) (total int64) {
	for _, depth := range r.Depths {
		total += int64(len(r.Activations)) * trainingWork(r, depth, whole, inputs, classes, r.Examples)
	}
	return total
}
