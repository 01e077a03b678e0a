package models_test

import (
	"fmt"
	"math"
	"testing"

	"capas/autodiff"
	"capas/blocks"
	"capas/models"
	"capas/random"
	"capas/train"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func newGAN(t testing.TB, generator, discriminator []int) *models.GAN {
	t.Helper()
	a := must[*models.GAN](t)(models.NewGAN("gan", generator, discriminator, blocks.Binary(), blocks.LeCun(), stream("init")))
	a.Noise = stream("noise")
	return a
}

// The gradients of both players, those of the gradient penalties among them, are what central
// differences say; hidden units are smooth, so that second derivatives take part.
func TestGANGradient(t *testing.T) {
	const m = 4
	x := matrix(tensor.Float64, uniform(stream("x"), m, 3))
	for _, loss := range models.GANLosses() {
		for _, penalty := range []models.GradientPenalty{{}, {R1: 0.7}, {Lipschitz: 2}, {R1: 0.5, Lipschitz: 3}} {
			a := newGAN(t, []int{2, 4, 3}, []int{3, 5, 4})
			a.Loss, a.Penalty = must[models.GANLoss](t)(models.ParseGANLoss(loss)), penalty
			for _, n := range []models.Network{a.Generator, a.Discriminator} {
				for _, d := range n.(*models.MLP).Layers[:len(n.(*models.MLP).Layers)-1] {
					d.F = blocks.Tanh()
				}
			}
			widen(0.7, a.Params()...)
			o := must[*models.Objective](t)(a.Objective(m))
			t.Run(fmt.Sprintf("%s %+v", loss, penalty), func(t *testing.T) {
				for _, p := range o.Players {
					params := p.Params
					if p.Name == models.DiscriminatorName && a.Loss == models.Wasserstein() {
						params = params[:len(params)-1] // the critic's last bias moves neither its loss nor its slope
					}
					checkGradient(t, params, &models.Objective{Inputs: o.Inputs, Cost: p.Cost}, a.Noise, x)
				}
			})
		}
	}
}

// For N(0, 1) against N(μ, 1) the best discriminator p/(p+q) is the logistic function of
// μ²/2 − μx, in which a discriminator without hidden layer ends. Its loss is then log 4 less twice
// the Jensen–Shannon divergence, and log 4 where nothing can be told apart.
func TestBestDiscriminator(t *testing.T) {
	const n, batch = 40_000, 2000
	for _, mu := range []float64{1.5, 0} {
		x := make([]float32, n)
		stream("examples").Normal(x)
		data := set(t, split(floats(x), 1), nil, 1)
		a := newGAN(t, []int{1, 1}, []int{1})
		a.Output = blocks.Numeric()
		g := a.Generator.(*models.MLP).Layers[0]
		g.W.Value.Float32s()[0], g.B.Value.Float32s()[0] = 1, float32(mu)
		// A falling rate averages the noise of the batches away.
		recipe := train.Recipe{Optimizer: train.Optimizer{Kind: "sgd", Rate: train.Schedule{Start: 1, Linear: true}}, Epochs: 60, Batch: batch}
		trainer := train.Trainer{Model: train.Only{Model: a, Trained: a.Discriminator.Params()}, Data: data, Recipe: recipe, Order: stream("order")}
		h := must[*train.History](t)(trainer.Run(t.Context()))
		d := a.Discriminator.(*models.MLP).Layers[0]
		got := []float64{float64(d.W.Value.Float32s()[0]), float64(d.B.Value.Float32s()[0])}
		near(t, fmt.Sprintf("weight and bias for μ = %g", mu), []float64{-mu, mu * mu / 2}, got, 0.03)
		loss := h.Epochs[len(h.Epochs)-1].Train
		near(t, "loss", []float64{bestLoss(mu)}, []float64{loss[0].Value}, 0.01)
		if g.W.Value.Float32s()[0] != 1 || g.B.Value.Float32s()[0] != float32(mu) {
			t.Error("the generator has moved")
		}
	}
	near(t, "loss for equal densities", []float64{math.Log(4)}, []float64{bestLoss(0)}, 1e-6)
}

// bestLoss integrates −p log D* − q log(1−D*).
func bestLoss(mu float64) (sum float64) {
	const step = 1e-3
	density := func(x float64) float64 { return math.Exp(-x*x/2) / math.Sqrt(2*math.Pi) }
	for x := -9.0; x < 11; x += step {
		p, q := density(x), density(x-mu)
		sum -= step * (p*math.Log(p/(p+q)) + q*math.Log(q/(p+q)))
	}
	return sum
}

func floats(x []float32) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}

// A batch of one is generated, and judged, as a row of a larger batch is; and no row of a batch
// changes what a penalty makes of the others.
func TestGANRows(t *testing.T) {
	const m = 6
	a := newGAN(t, []int{9, 33, 17}, []int{17, 20})
	for what, f := range map[string]func(*G.Node) (*G.Node, error){
		"generated": a.Generate, "judged": func(z *G.Node) (*G.Node, error) {
			x, err := a.Generate(z)
			if err != nil {
				return nil, err
			}
			return a.Discriminate(x)
		},
	} {
		codes := uniform(stream("z"), m, 9)
		all := forward(t, matrix(tensor.Float32, codes), f)
		k := len(all) / m
		for i := range codes {
			near(t, what, all[i*k:(i+1)*k], forward(t, matrix(tensor.Float32, codes[i:i+1]), f), roundoff)
		}
	}
	widen(0.4, a.Params()...)
	a.Penalty = models.GradientPenalty{R1: 2, Lipschitz: 3}
	rows, codes, mix := uniform(stream("x"), m, 17), uniform(stream("z"), m, 9), uniform(stream("mix"), m, 1)
	penalty := func(from, to int) float64 {
		g := G.NewGraph()
		in := G.Nodes{blocks.NewInput(g, tensor.Float64, "x", to-from, 17), blocks.NewInput(g, tensor.Float64, "z", to-from, 9), blocks.NewInput(g, tensor.Float64, "mix", to-from)}
		o := must[*models.Objective](t)(a.Game(in[0], in[1], in[2]))
		values := []G.Value{matrix(tensor.Float64, rows[from:to]), matrix(tensor.Float64, codes[from:to]), tensor.New(tensor.WithShape(to-from), tensor.WithBacking(join(mix[from:to])))}
		return compute(t, in, values, o.Monitors[4].Node)[0][0]
	}
	var mean float64
	for i := range m {
		mean += penalty(i, i+1) / m
	}
	near(t, "penalty", []float64{mean}, []float64{penalty(0, m)}, 1e-12)
}

// Where the discriminator is sure of what was generated, the minimax loss gives the generator no
// gradient; the factors by which the losses differ are D and 1−D.
func TestSaturation(t *testing.T) {
	slope := func(loss models.GANLoss, logit float64) float64 {
		a := newGAN(t, []int{1, 1}, []int{1})
		a.Loss, a.Output = loss, blocks.Numeric()
		widen(1, a.Params()...)
		g, d := a.Generator.(*models.MLP).Layers[0], a.Discriminator.(*models.MLP).Layers[0]
		g.W.Value.Float64s()[0], g.B.Value.Float64s()[0], d.W.Value.Float64s()[0], d.B.Value.Float64s()[0] = 0, 0, 1, logit
		o := must[*models.Objective](t)(a.Objective(3))
		by := must[G.Nodes](t)(autodiff.Grad(o.Players[1].Cost, must[G.Nodes](t)(blocks.Nodes(o.Inputs[0].Graph(), []*blocks.Param{g.B}))...))
		return compute(t, o.Inputs, []G.Value{matrix(tensor.Float64, [][]float64{{0}, {0}, {0}})}, by...)[0][0]
	}
	for _, l := range []float64{-40, -8, -1, 0, 2} {
		D := 1 / (1 + math.Exp(-l))
		near(t, "minimax", []float64{0}, []float64{slope(models.Minimax(), l)/D + 1}, 1e-9)
		near(t, "non-saturating", []float64{-1 / (1 + math.Exp(l))}, []float64{slope(models.NonSaturating(), l)}, 1e-12)
	}
}

func TestGANErrors(t *testing.T) {
	_, err := models.NewGAN("gan", []int{2, 3}, []int{4, 5}, blocks.Binary(), blocks.LeCun(), stream("init"))
	refused(t, "sizes that do not meet", err, "from a code to an example", "[2 3]", "[4 5]")
	_, err = models.NewGAN("gan", []int{2}, []int{2}, blocks.Binary(), blocks.LeCun(), stream("init"))
	refused(t, "no generator", err, "from a code to an example")
	_, err = models.ParseGANLoss("hinge")
	refused(t, "unknown loss", err, `"hinge" is unknown`, "non-saturating")
	for _, name := range models.GANLosses() {
		if l, err := models.ParseGANLoss(name); err != nil || l.String() != name {
			t.Errorf("%s: got %s, %v", name, l, err)
		}
	}
	for says, change := range map[string]func(a *models.GAN){
		"a stream of random numbers":       func(a *models.GAN) { a.Noise = nil },
		"a generator and a discriminator":  func(a *models.GAN) { a.Generator = nil },
		"the generator's 4 outputs":        func(a *models.GAN) { a.Discriminator = a.Generator },
		"factors of at least 0 and finite": func(a *models.GAN) { a.Penalty.R1 = math.NaN() },
		"with a hidden layer": func(a *models.GAN) {
			a.Loss, a.Discriminator = models.FeatureMatching(), newGAN(t, []int{3, 4}, []int{4}).Discriminator
		},
		"at most 4 columns": func(a *models.GAN) { a.Trace = must[*models.Trace](t)(models.NewTrace("gan", 8, 2, 5)) },
	} {
		a := newGAN(t, []int{3, 6, 4}, []int{4, 7, 5})
		change(a)
		_, err := a.Objective(5)
		refused(t, says, err, "gan: ", says)
	}
	_, err = newGAN(t, []int{3, 6, 4}, []int{4, 7}).Objective(0)
	refused(t, "an empty batch", err, "at least one example, got 0")
	_, err = models.NewTrace("gan", 0, 1, 1)
	refused(t, "no steps", err, "trace gan", "got 0, 1 and 1")
}

// Equal noise gives equal codes, whatever the loss is.
func TestGANNoise(t *testing.T) {
	a := newGAN(t, []int{3, 6, 4}, []int{4, 7, 5})
	x := matrix(tensor.Float32, uniform(stream("x"), 5, 4))
	losses := map[string][]float64{}
	for _, name := range models.GANLosses()[:3] {
		a.Loss, a.Noise = must[models.GANLoss](t)(models.ParseGANLoss(name)), random.New(3)
		o := must[*models.Objective](t)(a.Objective(5))
		losses[name] = compute(t, o.Inputs, []G.Value{x}, o.Monitors[0].Node)[0]
	}
	if !equal(losses["minimax"], losses["non-saturating"]) || !equal(losses["minimax"], losses["feature-matching"]) {
		t.Errorf("the discriminator's loss depends on the generator's: %v", losses)
	}
}
