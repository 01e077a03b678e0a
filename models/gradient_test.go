package models_test

import (
	"math"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/models"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// checkGradient compares the symbolic gradient of an objective's cost with central
// differences in float64. noise, if not nil, is the stream from which the objective
// draws: every evaluation sees the same draws. A step of 1e-5 leaves an error of the
// order of 1e-10 by the third derivative and of 1e-11 by rounding.
func checkGradient(t *testing.T, params []*blocks.Param, o *models.Objective, noise *random.Stream, values ...G.Value) {
	t.Helper()
	const step, tol = 1e-5, 1e-8
	var start random.Stream
	if noise != nil {
		start = *noise
	}
	symbolic := gradient(t, o, params, values...)
	cost := must[*autodiff.Function](t)(autodiff.Compile(o.Inputs, G.Nodes{o.Cost}, nil))
	evaluate := func() float64 {
		if noise != nil {
			*noise = start
		}
		if err := cost.Run(values...); err != nil {
			t.Fatal(err)
		}
		return must[float64](t)(cost.Scalar(0))
	}
	for i, p := range params {
		largest := 0.0
		for j, old := range p.Value.Float64s() {
			p.Value.Float64s()[j] = old + step
			up := evaluate()
			p.Value.Float64s()[j] = old - step
			down := evaluate()
			p.Value.Float64s()[j] = old
			numeric := (up - down) / (2 * step)
			largest = max(largest, math.Abs(numeric))
			if d := math.Abs(symbolic[i][j] - numeric); !(d <= tol*math.Max(1, math.Abs(numeric))) {
				t.Errorf("%s[%d]: symbolic %.9g, central difference %.9g", p.Name, j, symbolic[i][j], numeric)
			}
		}
		if largest < 1e-4 {
			t.Errorf("%s: the gradient is nearly 0 everywhere, the check shows nothing", p.Name)
		}
	}
}

func TestGradientMLP(t *testing.T) {
	const m = 4
	x := uniform(stream("x"), m, 5)
	targets := map[string][][]float64{
		"classes": {{0, 0, 1}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
		"binary":  uniform(stream("t"), m, 3),
		"numeric": uniform(stream("u"), m, 3),
	}
	for _, output := range []blocks.Output{blocks.Classes(), blocks.Binary(), blocks.Numeric()} {
		for _, drop := range []float64{0, 0.4} {
			net := must[*models.MLP](t)(models.NewMLP("net", []int{5, 4, 4, 3}, blocks.Tanh(), blocks.LeCun(), blocks.LeCun(), stream("init")))
			net.Output, net.DropInput, net.DropHidden, net.Noise = output, drop/2, drop, stream("dropout")
			widen(0.6, net.Params()...)
			o := must[*models.Objective](t)(net.Objective(m))
			t.Run(output.String(), func(t *testing.T) {
				checkGradient(t, net.Params(), o, net.Noise, matrix(tensor.Float64, x), matrix(tensor.Float64, targets[output.String()]))
			})
		}
	}
}

func TestGradientAutoencoder(t *testing.T) {
	const m = 3
	x := matrix(tensor.Float64, uniform(stream("x"), m, 5))
	for _, tied := range []bool{true, false} {
		for _, output := range []blocks.Output{blocks.Binary(), blocks.Numeric()} {
			for _, corruption := range []blocks.Corruption{{}, blocks.Masking(0.3), blocks.GaussianNoise(0.5)} {
				a := must[*models.Autoencoder](t)(models.NewAutoencoder("ae", 5, 3, tied, blocks.Sigmoid(), blocks.LeCun(), stream("init")))
				a.Output, a.Corruption, a.Noise = output, corruption, stream("corruption")
				widen(0.6, a.Params()...)
				o := must[*models.Objective](t)(a.Objective(m))
				t.Run(output.String()+" "+corruption.String(), func(t *testing.T) { checkGradient(t, a.Params(), o, a.Noise, x) })
			}
		}
	}
}

func TestGradientDeepAutoencoder(t *testing.T) {
	const m = 3
	x := matrix(tensor.Float64, uniform(stream("x"), m, 5))
	dbn := must[*models.DBN](t)(models.NewDBN("dbn", []int{5, 4, 2}, blocks.LeCun(), stream("init")))
	tied := must[*models.StackedAutoencoder](t)(models.NewStackedAutoencoder("tied", []int{5, 4, 2}, true, blocks.Tanh(), blocks.LeCun(), stream("init")))
	untied := must[*models.StackedAutoencoder](t)(models.NewStackedAutoencoder("untied", []int{5, 4, 2}, false, blocks.Softsign(), blocks.LeCun(), stream("init")))
	for name, unroll := range map[string]func(string) (*models.DeepAutoencoder, error){"dbn": dbn.Unroll, "tied": tied.Unroll, "untied": untied.Unroll} {
		a := must[*models.DeepAutoencoder](t)(unroll("deep"))
		if got := len(a.Params()); got != 8 {
			t.Errorf("%s: want weights and biases of four layers, got %d parameters", name, got)
		}
		widen(0.6, a.Params()...)
		o := must[*models.Objective](t)(a.Objective(m))
		t.Run(name, func(t *testing.T) { checkGradient(t, a.Params(), o, nil, x) })
	}
}

func TestGradientFreeEnergy(t *testing.T) {
	const m = 3
	r := must[*models.RBM](t)(models.NewRBM("rbm", 4, 3, blocks.LeCun(), stream("init")))
	widen(0.7, r.Params()...)
	for name, side := range map[string]struct {
		n      int
		energy func(*G.Node) (*G.Node, error)
	}{"visible": {4, r.FreeEnergy}, "hidden": {3, r.FreeEnergyHidden}} {
		x := blocks.NewInput(G.NewGraph(), tensor.Float64, "x", m, side.n)
		f := must[*G.Node](t)(side.energy(x))
		cost := must[*G.Node](t)(ops.SumSquares(f)) // weighs the examples differently
		o := &models.Objective{Inputs: G.Nodes{x}, Cost: cost}
		t.Run(name, func(t *testing.T) {
			checkGradient(t, r.Params(), o, nil, matrix(tensor.Float64, uniform(stream("v"), m, side.n)))
		})
	}
}
