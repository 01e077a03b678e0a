package main

import (
	"math"
	"slices"
	"testing"

	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/random"

	"gorgonia.org/tensor"
)

// small is a network of 5 inputs, hidden layers of 4 and 3 classes, with 3 examples.
func small(t *testing.T, f blocks.Activation, depth int) (*models.MLP, *datasets.Set) {
	t.Helper()
	w, err := newWeights(Recipe{Width: 4}, blocks.Gaussian(0.8), 7, 5, 3, depth)
	if err != nil {
		t.Fatal(err)
	}
	net := w.network(f, depth)
	s := random.New(8)
	for _, d := range net.Layers {
		s.Normal(d.B.Value.Float32s())
	}
	x := make([]float32, 15)
	s.Normal(x)
	set, err := datasets.NewSet("small", tensor.New(tensor.WithShape(3, 5), tensor.WithBacking(x)), []uint8{2, 0, 1}, 3, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	return net, set
}

// function is an activation in plain Go.
func function(f blocks.Activation) func(float64) float64 {
	switch f {
	case blocks.Sigmoid():
		return func(z float64) float64 { return 1 / (1 + math.Exp(-z)) }
	case blocks.Tanh():
		return math.Tanh
	case blocks.LeCunTanh():
		return func(z float64) float64 { return 1.7159 * math.Tanh(2*z/3) }
	case blocks.Softsign():
		return func(z float64) float64 { return z / (1 + math.Abs(z)) }
	case blocks.Softplus():
		return func(z float64) float64 { return math.Log(1 + math.Exp(z)) }
	case blocks.ReLU():
		return func(z float64) float64 { return max(0, z) }
	case blocks.LeakyReLU(0.01):
		return func(z float64) float64 { return max(0.01*z, z) }
	}
	return func(z float64) float64 { return z }
}

// plainLoss is the loss of example i in plain Go, with off added to the pre-activation
// of unit at layer l.
func plainLoss(net *models.MLP, set *datasets.Set, i, l, unit int, off float64) float64 {
	v := make([]float64, set.Dim())
	for j := range v {
		v[j] = float64(set.X.Float32s()[i*set.Dim()+j])
	}
	for k, d := range net.Layers {
		f := function(d.F)
		next := make([]float64, len(d.B.Value.Float32s()))
		for j := range next {
			next[j] = float64(d.B.Value.Float32s()[j])
			for a, x := range v {
				next[j] += x * float64(d.W.Value.Float32s()[a*len(next)+j])
			}
			if k == l && j == unit {
				next[j] += off
			}
			next[j] = f(next[j])
		}
		v = next
	}
	sum := 0.0
	for _, z := range v {
		sum += math.Exp(z)
	}
	return math.Log(sum) - v[set.Labels[i]]
}

// The sensitivity of every unit, layer and example is the central difference of the
// loss under a shift of the pre-activation.
func TestDeltaByCentralDifferences(t *testing.T) {
	for _, name := range blocks.Activations() {
		f, err := blocks.ParseActivation(name)
		if err != nil {
			t.Fatal(err)
		}
		if f == blocks.Softmax() {
			continue // for outputs
		}
		t.Run(name, func(t *testing.T) {
			net, set := small(t, f, 3)
			p, err := newProbe(net, set)
			if err != nil {
				t.Fatal(err)
			}
			layers, err := p.run(true)
			if err != nil {
				t.Fatal(err)
			}
			const h = 1e-5
			for l, d := range net.Layers {
				units := len(d.B.Value.Float32s())
				delta, err := p.deltas(l)
				if err != nil {
					t.Fatal(err)
				}
				norm := 0.0
				for i := range set.Len() {
					for j := range units {
						want := (plainLoss(net, set, i, l, j, h) - plainLoss(net, set, i, l, j, -h)) / (2 * h)
						norm += want * want
						if got := 3 * float64(delta[i*units+j]); !(math.Abs(got-want) < 3e-6) {
							t.Errorf("layer %d, example %d, unit %d: symbolic %.8g, central difference %.8g", l+1, i, j, got, want)
						}
					}
				}
				if norm = math.Sqrt(norm); !(math.Abs(layers[l].Delta-norm) < 1e-5*norm) {
					t.Errorf("layer %d: norm %g, want %g", l+1, layers[l].Delta, norm)
				}
				if norm == 0 {
					t.Errorf("layer %d: all of the sensitivity is 0, which tests nothing", l+1)
				}
			}
		})
	}
}

// The weight gradient's norm is that of central differences of the mean loss.
func TestWeightGradientByCentralDifferences(t *testing.T) {
	net, set := small(t, blocks.Tanh(), 2)
	p, err := newProbe(net, set)
	if err != nil {
		t.Fatal(err)
	}
	layers, err := p.run(false)
	if err != nil {
		t.Fatal(err)
	}
	mean := func() (sum float64) {
		for i := range set.Len() {
			sum += plainLoss(net, set, i, -1, 0, 0) / 3
		}
		return sum
	}
	const h = 1.0 / 256
	for l, d := range net.Layers {
		norm := 0.0
		w := d.W.Value.Float32s()
		for j, old := range w {
			w[j] = old + h
			up, plus := mean(), float64(w[j])
			w[j] = old - h
			down, minus := mean(), float64(w[j])
			w[j] = old
			g := (up - down) / (plus - minus)
			norm += g * g
		}
		if norm = math.Sqrt(norm); !(math.Abs(layers[l].Grad-norm) < 1e-4*norm) {
			t.Errorf("layer %d: norm of the weight gradient %g, by central differences %g", l+1, layers[l].Grad, norm)
		}
	}
}

// Activations, and the shares of those that are flat, beside plain Go.
func TestActivationStatistics(t *testing.T) {
	for _, f := range []blocks.Activation{blocks.Sigmoid(), blocks.Tanh(), blocks.LeCunTanh(), blocks.Softsign(), blocks.ReLU()} {
		net, set := small(t, f, 1)
		for i := range net.Layers[0].W.Value.Float32s() {
			net.Layers[0].W.Value.Float32s()[i] *= 4 // some saturate
		}
		p, err := newProbe(net, set)
		if err != nil {
			t.Fatal(err)
		}
		layers, err := p.run(true)
		if err != nil {
			t.Fatal(err)
		}
		g := function(f)
		var h []float64
		sum, flat, greatest, slopes := 0.0, 0.0, 0.0, 0.0
		for z := -1.0; z <= 1; z += 1e-3 {
			greatest = max(greatest, (g(z+1e-5)-g(z-1e-5))/2e-5)
		}
		d := net.Layers[0]
		for i := range set.Len() {
			for j, z := range d.B.Value.Float32s() {
				z := float64(z)
				for a := range set.Dim() {
					z += float64(set.X.Float32s()[i*set.Dim()+a]) * float64(d.W.Value.Float32s()[a*4+j])
				}
				h = append(h, g(z))
				sum += g(z)
				slope := (g(z+1e-5) - g(z-1e-5)) / 2e-5
				if slopes += slope * slope / 12; slope < greatest/10 {
					flat++
				}
			}
		}
		spread := 0.0 // of each unit over the three examples
		for j := range 4 {
			about := (h[j] + h[4+j] + h[8+j]) / 3
			for i := range 3 {
				spread += (h[4*i+j] - about) * (h[4*i+j] - about) / 12
			}
		}
		mean, sd := sum/12, 0.0
		for _, v := range h {
			sd += (v - mean) * (v - mean) / 12
		}
		sd = math.Sqrt(sd)
		got := layers[0]
		if math.Abs(got.Mean-mean) > 1e-5 || math.Abs(got.SD-sd) > 1e-5 || math.Abs(got.P98-slices.Max(h)) > 1e-5 || got.Flat != flat/12 || math.Abs(got.Signal-math.Sqrt(spread)) > 1e-5 || math.Abs(got.Slope-math.Sqrt(slopes)) > 1e-5 {
			t.Errorf("%s: got mean %g, sd %g, percentile %g, flat %g, signal %g, slope %g, want %g, %g, %g, %g, %g, %g", f,
				got.Mean, got.SD, got.P98, got.Flat, got.Signal, got.Slope, mean, sd, slices.Max(h), flat/12, math.Sqrt(spread), math.Sqrt(slopes))
		}
	}
}

func TestSpectralNorm(t *testing.T) {
	W := blocks.NewParam("W", 2, 3)
	copy(W.Value.Float32s(), []float32{3, 0, 4, 0, 2, 0}) // rows at right angles, of lengths 5 and 2
	if got, err := spectralNorm(W); err != nil || math.Abs(got-5) > 1e-12 {
		t.Errorf("got %v, %v, want 5", got, err)
	}
}

func TestValuesAndBack(t *testing.T) {
	in := []layer{{Mean: 1, SD: 2, P98: 3, Flat: 4, Signal: 14, Slope: 15, Delta: 5, DeltaMean: 6, DeltaSD: 7, DeltaP98: 8, Grad: 9, GradSD: 10, Weight: 11}, {Mean: 12, Weight: 13}}
	if got := layersOf(values(in)); !slices.Equal(got, in) {
		t.Errorf("got %v, want %v", got, in)
	}
}
