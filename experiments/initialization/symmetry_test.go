package main

import (
	"context"
	"math"
	"testing"

	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/random"
	"capas/train"

	G "gorgonia.org/gorgonia"
)

// symmetryRecipe is of small networks on equal weights.
func symmetryRecipe() Recipe {
	return Recipe{TrainDepth: 3, TrainWidth: 7, Equal: 0.3, Epochs: 5, Batch: 8}
}

// kind is the network of that name.
func kind(t *testing.T, r Recipe, as string) network {
	t.Helper()
	for _, n := range r.symmetric() {
		if n.as == as {
			return n
		}
	}
	t.Fatalf("no network %s", as)
	return network{}
}

// learnt trains a network and returns its weights.
func learnt(t *testing.T, n network, r Recipe, set *datasets.Set) *models.MLP {
	t.Helper()
	net, err := n.build(r, 1, set)
	if err != nil {
		t.Fatal(err)
	}
	trainer := train.Trainer{Model: net, Recipe: r.training(0.05), Data: set, Order: random.New(1)}
	if _, err := trainer.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return net.network()
}

func logits(t *testing.T, net *models.MLP, set *datasets.Set) []float32 {
	t.Helper()
	y, err := train.Map(set.X, func(x *G.Node) (*G.Node, error) {
		layers, err := net.Forward(x)
		if err != nil {
			return nil, err
		}
		return layers[len(layers)-1], nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return y.Float32s()
}

// A network of equal weights, its collapse and the one unit a layer with matched rates are
// one function after the same training; a network of random weights is not.
func TestEqualWeightsAreOneUnit(t *testing.T) {
	r, set := symmetryRecipe(), noise(t, 60, 5, 3)
	net := learnt(t, kind(t, r, equal), r, set)
	if d := distance(net); d != 0 {
		t.Errorf("units are %g apart", d)
	}
	before, err := kind(t, r, equal).build(r, 1, set)
	if err != nil {
		t.Fatal(err)
	}
	want, start := logits(t, net, set), logits(t, before.network(), set)
	learned := 0.0
	for i := range want {
		learned = max(learned, math.Abs(float64(want[i]-start[i])))
	}
	if learned < 0.1 {
		t.Errorf("training changed no logit by more than %g, which tests nothing", learned)
	}
	for what, one := range map[string]*models.MLP{"collapse": collapse(net), "matched": learnt(t, kind(t, r, twin), r, set)} {
		for l, d := range one.Layers[:len(one.Layers)-1] {
			if k := d.W.Value.Shape()[1]; k != 1 {
				t.Errorf("%s: layer %d has %d units", what, l+1, k)
			}
		}
		for i, y := range logits(t, one, set) {
			if math.Abs(float64(y-want[i])) > 2e-5 {
				t.Fatalf("%s: logit %d is %g, want %g", what, i, y, want[i])
			}
		}
	}
	if a, err := agreement(net, collapse(net), set); err != nil || a != 1 {
		t.Errorf("agreement %g, %v, want 1", a, err)
	}
	random := learnt(t, kind(t, r, drawn), r, set)
	if d := distance(random); !(d > 0.1) {
		t.Errorf("random units are %g apart", d)
	}
	if a, err := agreement(random, collapse(random), set); err != nil || a == 1 {
		t.Errorf("random weights: agreement %g, %v", a, err)
	}
}

// From weights 0 and an activation that is 0 at 0 only the output biases learn.
func TestWeightsZeroStay(t *testing.T) {
	r, set := symmetryRecipe(), noise(t, 60, 5, 3)
	for i := range set.Labels { // a class that is more frequent, for the biases to learn
		if set.Labels[i] = 0; i%5 == 0 {
			set.Labels[i] = 1
		}
	}
	net := learnt(t, kind(t, r, zero), r, set)
	if largest(net) != 0 {
		t.Errorf("a weight became %g", largest(net))
	}
	if b := net.Layers[3].B.Value.Float32s(); !(b[0] > b[1] && b[1] > b[2]) {
		t.Errorf("output biases %v, want the order of the classes' frequencies", b)
	}
}

// The distance sees every kind of difference between two units.
func TestDistance(t *testing.T) {
	r, set := symmetryRecipe(), noise(t, 6, 5, 3)
	for _, c := range []struct {
		what     string
		layer, i int
		bias     bool
		want     float64
	}{
		{"an incoming weight of the first layer", 0, 3*7 + 4, false, 2},
		{"a bias", 1, 6, true, 2},
		{"a weight between hidden layers", 2, 5*7 + 1, false, 2},
		{"an outgoing weight", 3, 2*3 + 1, false, 2},
		{"an output bias, which is of no hidden unit", 3, 1, true, 0},
	} {
		n, err := kind(t, r, equal).build(r, 1, set)
		if err != nil {
			t.Fatal(err)
		}
		d := n.network().Layers[c.layer]
		if c.bias {
			d.B.Value.Float32s()[c.i] += 2
		} else {
			d.W.Value.Float32s()[c.i] += 2
		}
		if got := distance(n.network()); math.Abs(got-c.want) > 1e-6 {
			t.Errorf("%s: %g, want %g", c.what, got, c.want)
		}
	}
}

// A network with random weights stands in both sections, and is trained once.
func TestReferenceIsTrainedOnce(t *testing.T) {
	r := presets()["smoke"]
	count := func() (n int) {
		for _, net := range r.trained() {
			if net.pair == (pair{blocks.LeCunTanh(), blocks.LeCun()}) && net.width == r.TrainWidth {
				n++
			}
		}
		return n
	}
	if n := count(); n != 1 {
		t.Errorf("trained %d times", n)
	}
	r.Inits = []blocks.Initializer{blocks.He()}
	if n := count(); n != 1 {
		t.Errorf("without lecun in the list: trained %d times", n)
	}
}
