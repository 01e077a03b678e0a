package train_test

import (
	"math"
	"testing"

	"capas/blocks"
	"capas/random"
	"capas/train"

	"gorgonia.org/tensor"
)

// A layer of two inputs and two units whose code and Jacobian are worked out by hand.
func TestMeasureCode(t *testing.T) {
	x := tensor.New(tensor.WithShape(3, 2), tensor.WithBacking([]float32{0, 0, 1, 0, 0, 1}))
	layer := &blocks.Dense{W: blocks.NewParam("W", 2, 2), B: blocks.NewParam("b", 2), F: blocks.Sigmoid()}
	copy(layer.W.Value.Float32s(), []float32{4, 1, 0, -3})
	sigmoid := func(z float64) float64 { return 1 / (1 + math.Exp(-z)) }
	slopes := map[blocks.Activation]func(float64) (h, d float64){
		blocks.Sigmoid(): func(z float64) (float64, float64) { return sigmoid(z), sigmoid(z) * (1 - sigmoid(z)) },
		blocks.Tanh():    func(z float64) (float64, float64) { return math.Tanh(z), 1 - math.Tanh(z)*math.Tanh(z) },
	}
	for f, at := range slopes {
		layer.F = f
		var want train.CodeStatistics
		for _, z := range [][]float64{{0, 0}, {4, 1}, {0, -3}} {
			square, one, two := 0.0, 0.0, 0.0
			for j, norm := range []float64{16, 10} { // Σ_i W_ij²
				h, d := at(z[j])
				square += d * d * norm
				one, two = one+math.Abs(h), two+h*h
				want.Mean += h / 6
				if v := h; f == blocks.Tanh() && math.Abs(v) > 0.9 || f == blocks.Sigmoid() && (v < 0.05 || v > 0.95) {
					want.Saturated += 1.0 / 6
				}
			}
			want.Contraction += math.Sqrt(square) / 3
			if two > 0 {
				codes := map[blocks.Activation]float64{blocks.Sigmoid(): 3, blocks.Tanh(): 2}[f] // tanh 0 is left out
				want.Sparseness += (math.Sqrt2 - one/math.Sqrt(two)) / (math.Sqrt2 - 1) / codes
			}
		}
		got, err := train.MeasureCode(layer, x)
		if err != nil {
			t.Fatal(err)
		}
		same(t, f.String(), want, got)
	}
	// A code of one active unit is as sparse as can be; ReLU has no second end.
	layer.F = blocks.ReLU()
	copy(layer.W.Value.Float32s(), []float32{1, 0, 0, 1})
	got, err := train.MeasureCode(layer, x)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "relu", train.CodeStatistics{Contraction: 2.0 / 3, Saturated: math.NaN(), Mean: 1.0 / 3, Sparseness: 1}, got)
	layer.F = blocks.Softplus()
	if got, err := train.MeasureCode(layer, x); err != nil || !math.IsNaN(got.Contraction) || got.Mean == 0 {
		t.Errorf("softplus: got %+v, %v", got, err)
	}
	one, err := blocks.NewDense("one", 2, 1, blocks.Sigmoid(), blocks.Glorot(), random.New(1))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := train.MeasureCode(one, x); err != nil || !math.IsNaN(got.Sparseness) {
		t.Errorf("one unit: got %+v, %v", got, err)
	}
	if _, err := train.MeasureCode(one, tensor.New(tensor.WithShape(1, 3), tensor.Of(tensor.Float32))); err == nil {
		t.Error("examples of another width: no error")
	}
}

func same(t *testing.T, what string, want, got train.CodeStatistics) {
	t.Helper()
	for name, v := range map[string][2]float64{
		"contraction": {want.Contraction, got.Contraction}, "saturated": {want.Saturated, got.Saturated},
		"mean": {want.Mean, got.Mean}, "sparseness": {want.Sparseness, got.Sparseness},
	} {
		if math.Abs(v[0]-v[1]) > 1e-6 || math.IsNaN(v[0]) != math.IsNaN(v[1]) {
			t.Errorf("%s: %s: want %g, got %g", what, name, v[0], v[1])
		}
	}
}
