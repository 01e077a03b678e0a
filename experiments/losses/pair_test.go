package main

import (
	"math"
	"testing"

	"capas/autodiff"
	"capas/blocks"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// lossByHand is the loss of an example as the lecture writes it, from the outputs.
func lossByHand(p pair, z, t []float64) float64 {
	y := make([]float64, len(z))
	var sum float64
	for j := range z {
		y[j] = math.Exp(z[j])
		sum += y[j]
	}
	var loss float64
	for j := range z {
		switch p.f {
		case blocks.Softmax():
			y[j] /= sum
		case blocks.Sigmoid():
			y[j] = 1 / (1 + math.Exp(-z[j]))
		default:
			y[j] = z[j]
		}
		switch p {
		case softmaxCE():
			loss -= t[j] * math.Log(y[j])
		case sigmoidCE():
			loss -= t[j]*math.Log(y[j]) + (1-t[j])*math.Log(1-y[j])
		default:
			loss += (y[j] - t[j]) * (y[j] - t[j])
		}
	}
	return loss
}

// Losses and symbolic gradients against the formulas and their central differences.
func TestLossesAndGradients(t *testing.T) {
	z, target := []float64{0.3, -1.2, 2.1, 0.8}, []float64{0, 1, 0, 0}
	for _, p := range allPairs() {
		g, err := gradientOf(p, len(z))
		if err != nil {
			t.Fatal(err)
		}
		loss, dz, err := g.at(z, target)
		if err != nil {
			t.Fatal(err)
		}
		if want := lossByHand(p, z, target); math.Abs(loss-want) > 1e-12 {
			t.Errorf("%s: loss %.15g, want %.15g", p, loss, want)
		}
		for j := range z {
			const h = 1e-5 // error of the differences: h² and 1e-16/h
			up, down := append([]float64{}, z...), append([]float64{}, z...)
			up[j] += h
			down[j] -= h
			if want := (lossByHand(p, up, target) - lossByHand(p, down, target)) / (2 * h); math.Abs(dz[j]-want) > 1e-9 {
				t.Errorf("%s: ∂L/∂z of output %d is %.12g, want %.12g", p, j+1, dz[j], want)
			}
		}
	}
}

// A loss is a mean over the batch of sums over the outputs.
func TestLossOfABatch(t *testing.T) {
	z, target := [][]float64{{0.3, -1.2, 2.1}, {-0.4, 0.9, 0.2}}, [][]float64{{0, 1, 0}, {1, 0, 0}}
	for _, p := range allPairs() {
		g := G.NewGraph()
		zn, tn := blocks.NewInput(g, tensor.Float64, "z", 2, 3), blocks.NewInput(g, tensor.Float64, "t", 2, 3)
		loss, err := p.loss(zn, tn)
		if err != nil {
			t.Fatal(err)
		}
		f, err := autodiff.Compile(G.Nodes{zn, tn}, G.Nodes{loss}, nil)
		if err != nil {
			t.Fatal(err)
		}
		rows := func(v [][]float64) G.Value {
			return tensor.New(tensor.WithShape(2, 3), tensor.WithBacking(append(append([]float64{}, v[0]...), v[1]...)))
		}
		if err := f.Run(rows(z), rows(target)); err != nil {
			t.Fatal(err)
		}
		got, err := f.Scalar(0)
		if err != nil {
			t.Fatal(err)
		}
		if want := (lossByHand(p, z[0], target[0]) + lossByHand(p, z[1], target[1])) / 2; math.Abs(got-want) > 1e-12 {
			t.Errorf("%s: %.15g, want %.15g", p, got, want)
		}
	}
}

func TestMismatchIsRefused(t *testing.T) {
	if _, err := gradientOf(pair{blocks.Linear(), true}, 2); err == nil {
		t.Error("cross-entropy of linear outputs: want an error")
	}
	g, err := gradientOf(softmaxCE(), 2)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := g.at([]float64{1}, []float64{1, 0}); err == nil {
		t.Error("1 pre-activation for 2 outputs: want an error")
	}
}

// The lecture gives 0.56; the gradient of cross-entropy is y − d, and the squared
// error's is 2y_i((y_i − d_i) − Σ_j y_j(y_j − d_j)).
func TestWorkedExample(t *testing.T) {
	e, err := workedExample()
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(e.loss-0.5621189181535413) > 1e-12 { // −ln 0.57, bc -l
		t.Errorf("loss %.16g", e.loss)
	}
	var inner float64
	for j := range e.y {
		inner += e.y[j] * (e.y[j] - e.d[j])
	}
	for j := range e.y {
		if want := e.y[j] - e.d[j]; math.Abs(e.byCE[j]-want) > 1e-12 {
			t.Errorf("cross-entropy, class %d: %.12g, want %.12g", j+1, e.byCE[j], want)
		}
		if want := 2 * e.y[j] * (e.y[j] - e.d[j] - inner); math.Abs(e.bySE[j]-want) > 1e-12 {
			t.Errorf("squared error, class %d: %.12g, want %.12g", j+1, e.bySE[j], want)
		}
	}
}

// The curves against closed forms in y, over the whole range of leads.
func TestCurves(t *testing.T) {
	for _, p := range classes.pairs() {
		c, err := newCurve(p)
		if err != nil {
			t.Fatal(err)
		}
		if c.lead[0] != leadFrom || c.lead[len(c.lead)-1] != leadTo {
			t.Fatalf("leads from %g to %g", c.lead[0], c.lead[len(c.lead)-1])
		}
		for i, lead := range c.lead {
			e := math.Exp(lead)
			doubt := 1 / (1 + e) // 1 − y of the sigmoid
			y, wrong, others := e*doubt, 0.0, 0.0
			if p.f == blocks.Softmax() {
				if lead >= 0 {
					y = 1 / (1 + 9/e)
					wrong, others = y/e, y/e
				} else {
					wrong = 1 / (1 + 9*e)
					y, others = wrong*e, wrong*e
				}
				doubt = wrong + 8*others
			}
			var want float64
			switch p {
			case softmaxCE(), sigmoidCE():
				want = doubt
			case sigmoidSE():
				want = 2 * doubt * doubt * y
			case softmaxSE():
				want = 2 * y * (doubt + y*(y-1) + wrong*wrong + 8*others*others)
			}
			if math.Abs(c.size[i]/want-1) > 1e-9 {
				t.Errorf("%s: gradient at lead %g is %g, want %g", p, lead, c.size[i], want)
			}
		}
	}
}
