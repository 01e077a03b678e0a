package models_test

import (
	"fmt"
	"math"
	"testing"

	"capas/blocks"
	"capas/models"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// plain is a layer in plain Go: f(x·W + b).
func plain(rows [][]float64, W, b *blocks.Param, f func(float64) float64) [][]float64 {
	w, bias := split(elements(W.Value), W.Value.Shape()[1]), elements(b.Value)
	var out [][]float64
	for _, x := range rows {
		y := append([]float64(nil), bias...)
		for j := range y {
			for i, v := range x {
				y[j] += v * w[i][j]
			}
			y[j] = f(y[j])
		}
		out = append(out, y)
	}
	return out
}

func sigmoid(z float64) float64  { return 1 / (1 + math.Exp(-z)) }
func identity(z float64) float64 { return z }

// Values of a network's layers by the formulas of its documentation.
func TestMLPForward(t *testing.T) {
	net := must[*models.MLP](t)(models.NewMLP("net", []int{5, 4, 3, 2}, blocks.Tanh(), blocks.LeCun(), blocks.LeCun(), stream("init")))
	widen(1, net.Params()...)
	rows := uniform(stream("x"), 6, 5)
	x := blocks.NewInput(G.NewGraph(), tensor.Float64, "x", 6, 5)
	layers := must[G.Nodes](t)(net.Forward(x))
	got := compute(t, G.Nodes{x}, []G.Value{matrix(tensor.Float64, rows)}, layers...)
	h1 := plain(rows, net.Layers[0].W, net.Layers[0].B, math.Tanh)
	h2 := plain(h1, net.Layers[1].W, net.Layers[1].B, math.Tanh)
	z := plain(h2, net.Layers[2].W, net.Layers[2].B, identity)
	for l, want := range [][][]float64{h1, h2, z} {
		near(t, fmt.Sprintf("layer %d", l+1), join(want), got[l], 1e-13)
	}
	for i, want := range []string{"net.1.W", "net.1.b", "net.2.W", "net.2.b", "net.3.W", "net.3.b"} {
		if got := net.Params()[i].Name; got != want {
			t.Errorf("parameter %d: want %s, got %s", i, want, got)
		}
	}
}

// squaredError is Σ_j (y_j − x_j)² and crossEntropy −Σ_j x_j log y_j + (1−x_j) log(1−y_j),
// both means over the rows.
func squaredError(y, x [][]float64) float64 {
	s := 0.0
	for i, v := range join(y) {
		s += math.Pow(v-join(x)[i], 2)
	}
	return s / float64(len(x))
}

func crossEntropy(y, x [][]float64) float64 {
	s := 0.0
	for i, p := range join(y) {
		v := join(x)[i]
		s -= v*math.Log(p) + (1-v)*math.Log(1-p)
	}
	return s / float64(len(x))
}

// Loss and reconstruction error of autoencoders, flat and deep, by their formulas.
func TestAutoencoderLoss(t *testing.T) {
	const m, n = 4, 5
	rows := uniform(stream("x"), m, n)
	x := matrix(tensor.Float64, rows)
	for _, tied := range []bool{true, false} {
		for _, output := range []blocks.Output{blocks.Binary(), blocks.Numeric()} {
			a := must[*models.Autoencoder](t)(models.NewAutoencoder("ae", n, 3, tied, blocks.Tanh(), blocks.LeCun(), stream("init")))
			a.Output = output
			widen(1, a.Params()...)
			Wr := a.Wr
			if tied {
				Wr = &blocks.Param{Value: matrix(tensor.Float64, split(transpose(elements(a.W.Value), n, 3), n))}
			}
			f := map[blocks.Output]func(float64) float64{blocks.Binary(): sigmoid, blocks.Numeric(): identity}[output]
			y := plain(plain(rows, a.W, a.B, math.Tanh), Wr, a.C, f)
			loss := squaredError(y, rows) / n // the loss of numeric outputs is a mean over outputs too
			if output == blocks.Binary() {
				loss = crossEntropy(y, rows)
			}
			deep := &models.DeepAutoencoder{Encoder: []*blocks.Dense{a.Encoder()}, Decoder: []*blocks.Dense{must[*blocks.Dense](t)(a.Decoder("down"))}, Output: output}
			for name, build := range map[string]func(int) (*models.Objective, error){
				"objective": a.Objective, "evaluation": a.Evaluation, "deep objective": deep.Objective, "deep evaluation": deep.Evaluation,
			} {
				o := must[*models.Objective](t)(build(m))
				if len(o.Monitors) != 2 || o.Monitors[0].Name != "loss" || o.Monitors[1].Name != "reconstruction" {
					t.Fatalf("%s: want loss and reconstruction, got %v", name, o.Monitors)
				}
				got := compute(t, o.Inputs, []G.Value{x}, o.Cost, o.Monitors[0].Node, o.Monitors[1].Node)
				near(t, fmt.Sprintf("%s, tied %t, %v", name, tied, output), []float64{loss, loss, squaredError(y, rows)}, join(got), 1e-13)
			}
		}
	}
}
