package main

import (
	"math"
	"slices"
	"testing"

	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/random"
	"capas/train"

	"gorgonia.org/tensor"
)

// smallRecipe has layers whose values can be computed by loops.
func smallRecipe() Recipe {
	r := presets()["smoke"]
	r.Width, r.Small = 4, 3
	return r
}

// images are n made-up images of six pixels, in three classes by turns.
func images(t *testing.T, n int) *datasets.Set {
	t.Helper()
	x := make([]float32, 6*n)
	random.New(5).Uniform(x)
	labels := make([]uint8, n)
	for i := range labels {
		labels[i] = uint8(i % 3)
	}
	set, err := datasets.NewSet("made-up", tensor.New(tensor.WithShape(n, 6), tensor.WithBacking(x)), labels, 3, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// pretrainedDBN stands for one that was trained: its biases are not 0.
func pretrainedDBN(t *testing.T, r Recipe) *models.DBN {
	t.Helper()
	dbn, err := newDBN(r, 1, 6)
	if err != nil {
		t.Fatal(err)
	}
	s := random.New(8)
	for _, l := range dbn.Layers {
		for _, p := range l.Params() {
			s.Normal(p.Value.Float32s())
		}
	}
	return dbn
}

func network(t *testing.T, r Recipe, name string, dbn *models.DBN) *models.MLP {
	t.Helper()
	net, err := newNetwork(r, spec{cell: cell{name, 50}, rate: 0.1, seed: 1}, images(t, 9), dbn)
	if err != nil {
		t.Fatal(err)
	}
	return net
}

// Each layer of a network has the weights of pretraining or the random ones of the network
// without, as its name says, and in memory of its own.
func TestFirstWeights(t *testing.T) {
	r := smallRecipe()
	dbn := pretrainedDBN(t, r)
	for _, test := range []struct {
		name, random string
		pretrained   []bool
	}{
		{deep, deep, []bool{false, false, false}},
		{deepPretrained, deep, []bool{true, true, true}},
		{first, deep, []bool{true, false, false}},
		{firstTwo, deep, []bool{true, true, false}},
		{lastTwo, deep, []bool{false, true, true}},
		{last, deep, []bool{false, false, true}},
		{wide, wide, []bool{false}},
		{widePretrained, wide, []bool{true}},
	} {
		net, random := network(t, r, test.name, dbn), network(t, r, test.random, nil)
		if len(net.Layers) != len(test.pretrained)+1 {
			t.Fatalf("%s: %d layers", test.name, len(net.Layers))
		}
		for l, layer := range net.Layers {
			from := random.Layers[l].Params()
			if l < len(test.pretrained) && test.pretrained[l] {
				rbm := dbn.Layers[l]
				from = []*blocks.Param{rbm.W, rbm.Encoder().B}
			}
			for i, p := range layer.Params() {
				if !slices.Equal(p.Value.Float32s(), from[i].Value.Float32s()) {
					t.Errorf("%s: %s is not what it should begin with", test.name, p.Name)
				}
				if &p.Value.Float32s()[0] == &from[i].Value.Float32s()[0] {
					t.Errorf("%s: %s shares its memory", test.name, p.Name)
				}
			}
		}
	}
	if _, err := newNetwork(r, spec{cell: cell{first, 50}, seed: 1}, images(t, 9), nil); err == nil {
		t.Error("pretrained layers out of nothing: want an error")
	}
}

// The models are what their names say: their logits are those of loops over the formulas.
func TestForward(t *testing.T) {
	r := smallRecipe()
	dbn := pretrainedDBN(t, r)
	sigmoid := func(z float64) float64 { return 1 / (1 + math.Exp(-z)) }
	rectify := func(z float64) float64 { return max(z, 0) }
	for _, test := range []struct {
		name  string
		units []int
		f     func(float64) float64
	}{
		{softmax, nil, nil}, {small, []int{3}, sigmoid}, {wide, []int{4}, sigmoid}, {deep, []int{4, 4, 4}, sigmoid},
		{relu, []int{4, 4, 4}, rectify}, {widePretrained, []int{4}, sigmoid}, {deepPretrained, []int{4, 4, 4}, sigmoid},
	} {
		net, set := network(t, r, test.name, dbn), images(t, 9)
		got, err := train.NewEvaluator(net).Run(set)
		if err != nil {
			t.Fatal(err)
		}
		var loss float64
		weights := 0
		for i := range set.Len() {
			var h []float64
			for _, x := range set.X.Float32s()[6*i : 6*i+6] {
				h = append(h, float64(x))
			}
			for l, units := range append(slices.Clone(test.units), 3) {
				W, b := net.Layers[l].W.Value.Float32s(), net.Layers[l].B.Value.Float32s()
				weights += len(W)
				z := make([]float64, units)
				for k := range z {
					z[k] = float64(b[k])
					for j := range h {
						z[k] += h[j] * float64(W[j*units+k])
					}
					if l < len(test.units) {
						z[k] = test.f(z[k])
					}
				}
				h = z
			}
			var sum float64
			for _, z := range h {
				sum += math.Exp(z)
			}
			loss += math.Log(sum) - h[set.Labels[i]]
		}
		if v, _ := got.Get("loss"); math.Abs(v-loss/9) > 1e-5 {
			t.Errorf("%s: cross-entropy %g, want %g", test.name, v, loss/9)
		}
		if w := r.model(test.name).weights(6, 3); w != int64(weights/9) {
			t.Errorf("%s: %d weights, want %d", test.name, w, weights/9)
		}
	}
}
