package models_test

import (
	"math"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/models"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// penalties with every term.
func everyPenalty() models.Penalty {
	return models.Penalty{KL: 0.3, Target: 0.2, L1: 0.1, Contraction: 0.5, Change: 0.4, ChangeNoise: 0.3}
}

func TestGradientPenalties(t *testing.T) {
	const m = 3
	x := matrix(tensor.Float64, uniform(stream("x"), m, 5))
	for name, p := range map[string]models.Penalty{
		"kl": {KL: 2, Target: 0.1}, "l1": {L1: 0.5}, "contraction": {Contraction: 0.7},
		"higher order": {Contraction: 0.2, Change: 3, ChangeNoise: 0.5}, "all": everyPenalty(),
	} {
		for _, tied := range []bool{true, false} {
			for _, f := range []blocks.Activation{blocks.Sigmoid(), blocks.Tanh()} {
				if p.Check(f) != nil {
					continue // a tanh code has no KL
				}
				for _, corruption := range []blocks.Corruption{{}, blocks.GaussianNoise(0.5)} {
					a := must[*models.Autoencoder](t)(models.NewAutoencoder("ae", 5, 3, tied, f, blocks.LeCun(), stream("init")))
					a.Penalty, a.Corruption, a.Noise = p, corruption, stream("corruption")
					widen(0.6, a.Params()...)
					o := must[*models.Objective](t)(a.Objective(m))
					t.Run(name+" "+f.String(), func(t *testing.T) { checkGradient(t, a.Params(), o, a.Noise, x) })
				}
			}
		}
	}
}

// Cost and monitors by their formulas: the contraction of each example is that of the
// Jacobian that differentiating the encoder's graph gives, unit by unit.
func TestPenaltyValues(t *testing.T) {
	const m, n, k = 4, 5, 3
	rows := uniform(stream("x"), m, n)
	x := matrix(tensor.Float64, rows)
	a := must[*models.Autoencoder](t)(models.NewAutoencoder("ae", n, k, true, blocks.Sigmoid(), blocks.LeCun(), stream("init")))
	widen(1, a.Params()...)
	h := plain(rows, a.W, a.B, sigmoid)
	kl, l1, contraction := 0.0, 0.0, jacobianSquares(t, a, x)/m
	for j := range k {
		mean := 0.0
		for i := range m {
			mean += h[i][j] / m
			l1 += h[i][j] / m
		}
		kl += 0.2*math.Log(0.2/mean) + 0.8*math.Log(0.8/(1-mean))
	}
	base := values(t, a, m, x)
	for name, c := range map[string]struct {
		p    models.Penalty
		want float64
		mons []string
	}{
		"none":        {models.Penalty{}, 0, nil},
		"kl":          {models.Penalty{KL: 3, Target: 0.2}, 3 * kl, []string{"activation"}},
		"l1":          {models.Penalty{L1: 0.7}, 0.7 * l1, []string{"activation"}},
		"contraction": {models.Penalty{Contraction: 0.2}, 0.2 * contraction, []string{"contraction"}},
		"sum":         {models.Penalty{KL: 3, Target: 0.2, L1: 0.7, Contraction: 0.2}, 3*kl + 0.7*l1 + 0.2*contraction, []string{"activation", "contraction"}},
	} {
		a.Penalty = c.p
		got := values(t, a, m, x)
		near(t, name, []float64{base["loss"] + c.want, base["loss"]}, []float64{got["cost"], got["loss"]}, 1e-5) // KL is squeezed by 1e-6
		if len(got) != 3+len(c.mons) {
			t.Errorf("%s: got %v, want monitors %v besides", name, got, c.mons)
		}
		for _, mon := range c.mons {
			near(t, name+" "+mon, []float64{map[string]float64{"activation": l1 / k, "contraction": contraction}[mon]}, []float64{got[mon]}, 1e-12)
		}
		o := must[*models.Objective](t)(a.Evaluation(m))
		near(t, name+": cost of the evaluation", []float64{base["loss"]}, compute(t, o.Inputs, []G.Value{x}, o.Cost)[0], 1e-12)
	}
	if contraction < 0.1 || kl < 0.1 {
		t.Errorf("contraction %g, kl %g: too small to tell anything", contraction, kl)
	}
}

// values of an autoencoder's objective by name, its "cost" too.
func values(t *testing.T, a *models.Autoencoder, m int, x *tensor.Dense) map[string]float64 {
	t.Helper()
	o := must[*models.Objective](t)(a.Objective(m))
	nodes := G.Nodes{o.Cost}
	for _, mon := range o.Monitors {
		nodes = append(nodes, mon.Node)
	}
	all := compute(t, o.Inputs, []G.Value{x}, nodes...)
	out := map[string]float64{"cost": all[0][0]}
	for i, mon := range o.Monitors {
		out[mon.Name] = all[i+1][0]
	}
	return out
}

// jacobianSquares is Σ ‖∂h/∂x‖² over the examples x, by differentiating each unit of each.
func jacobianSquares(t *testing.T, a *models.Autoencoder, x *tensor.Dense) (sum float64) {
	t.Helper()
	m, k := x.Shape()[0], a.W.Value.Shape()[1]
	g := G.NewGraph()
	in, pick := blocks.NewInput(g, tensor.Float64, "x", x.Shape()...), blocks.NewInput(g, tensor.Float64, "pick", m, k)
	var c ops.Chain
	one := c.Do(ops.Sum(c.Do(ops.Mul(c.Do(a.Encode(in)), pick))))
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	grads := must[G.Nodes](t)(autodiff.Grad(one, in))
	for i := range m * k {
		mask := make([]float64, m*k)
		mask[i] = 1
		for _, v := range compute(t, G.Nodes{in, pick}, []G.Value{x, matrix(tensor.Float64, split(mask, k))}, grads...)[0] {
			sum += v * v
		}
	}
	return sum
}

// The penalty of the change is that of the Jacobians at x and at x with the noise that is
// drawn. With small noise it is the curvature, which tells a bent code from a straight one.
func TestPenaltyOfChange(t *testing.T) {
	const m, n = 2000, 2
	a := must[*models.Autoencoder](t)(models.NewAutoencoder("ae", n, 1, true, blocks.Sigmoid(), blocks.LeCun(), stream("init")))
	widen(1, a.Params()...)
	a.Noise = stream("noise")
	const sd = 1e-3
	a.Penalty = models.Penalty{Change: 1, ChangeNoise: sd}
	row := []float64{0.3, 0.8}
	x := matrix(tensor.Float64, repeat([][]float64{row}, m))
	got := values(t, a, m, x)
	// f''(z)²·‖W‖⁴·sd² to first order: the noise moves z by N(0, ‖W‖·sd).
	W := elements(a.W.Value)
	h := plain([][]float64{row}, a.W, a.B, sigmoid)[0][0]
	norm := W[0]*W[0] + W[1]*W[1]
	bend := h * (1 - h) * (1 - 2*h)
	want := bend * bend * norm * norm * sd * sd
	// The mean of 2000 squares of normal numbers has a relative deviation of √(2/2000).
	if r := (got["cost"] - got["loss"]) / want; math.Abs(r-1) > 4*math.Sqrt(2.0/m) {
		t.Errorf("want %g, got %g", want, got["cost"]-got["loss"])
	}
}

func TestPenaltyErrors(t *testing.T) {
	a := must[*models.Autoencoder](t)(models.NewAutoencoder("ae", 3, 2, true, blocks.Tanh(), blocks.LeCun(), stream("init")))
	for says, p := range map[string]models.Penalty{
		"sigmoid code for kl, got tanh":        {KL: 1, Target: 0.1},
		"kl of at least 0 and finite, got -1":  {KL: -1},
		"l1 of at least 0 and finite, got NaN": {L1: math.NaN()},
		"contraction of at least 0":            {Contraction: math.Inf(1)},
		"change noise above 0":                 {Change: 1},
		"no stream of random numbers":          {Change: 1, ChangeNoise: 0.1},
	} {
		a.Penalty = p
		_, err := a.Objective(2)
		refused(t, says, err, "autoencoder", says)
	}
	a.F, a.Penalty = blocks.Sigmoid(), models.Penalty{KL: 1, Target: 1}
	_, err := a.Objective(2)
	refused(t, "target", err, "target activation in (0,1), got 1")
	a.F, a.Penalty = blocks.Softplus(), models.Penalty{Contraction: 1}
	_, err = a.Objective(2)
	refused(t, "softplus", err, "softplus")
}
