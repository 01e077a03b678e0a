package models_test

import (
	"context"
	"encoding/json"
	"math"
	"runtime"
	"testing"

	"capas/autodiff"
	"capas/blocks"
	"capas/models"
	"capas/train"

	"gorgonia.org/tensor"
)

// tempered is the machine whose energy is that of r at inverse temperature beta, with base
// biases a: a reference for the chains of that temperature.
func tempered(m machine, beta float64, a []float64) machine {
	out := machine{b: scaled(m.b, beta)}
	for i, row := range m.W {
		out.W = append(out.W, scaled(row, beta))
		out.c = append(out.c, beta*m.c[i]+(1-beta)*a[i])
	}
	return out
}

func scaled(x []float64, by float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = by * v
	}
	return out
}

// exactSwapRate is the mean of min(1, exp((β−γ)(D(s)−D(t)))) over independent states s and
// t of the two temperatures, by enumeration of all pairs of joint states.
func exactSwapRate(m machine, beta, gamma float64, a []float64) float64 {
	type state struct{ p, d float64 }
	joint := func(beta float64) (all []state) {
		hot, z := tempered(m, beta, a), 0.0
		for _, v := range states(len(m.c)) {
			for _, h := range states(len(m.b)) {
				d := m.energy(v, h)
				for i, x := range v {
					d += a[i] * x
				}
				p := math.Exp(-hot.energy(v, h))
				z += p
				all = append(all, state{p, d})
			}
		}
		for i := range all {
			all[i].p /= z
		}
		return all
	}
	rate := 0.0
	others := joint(gamma)
	for _, s := range joint(beta) {
		for _, t := range others {
			rate += s.p * t.p * math.Min(1, math.Exp((beta-gamma)*(s.d-t.d)))
		}
	}
	return rate
}

// Chains of a machine that does not change: after some steps, their states have the exact
// probabilities at every temperature, with two levels, where the second round of
// exchanges has no pair, and with more of them, and the exchanges are made at the exact
// rates. The m chains of a temperature are independent of each other.
func TestTemperedChains(t *testing.T) {
	const m, steps = 8000, 30
	for name, c := range map[string]struct {
		betas, base []float64
		dt          tensor.Dtype
		k           int
	}{
		"two levels":             {[]float64{1, 0.3}, nil, tensor.Float32, 1},
		"three levels":           {[]float64{1, 0.5, 0}, []float64{0.5, -1, 0.3}, tensor.Float32, 1},
		"four levels in float64": {[]float64{1, 0.8, 0.4, 0.1}, []float64{-0.5, 1, 0}, tensor.Float64, 2},
	} {
		r := newRBM(t, 3, 2, 2)
		redraw(0.7, stream("biases"), r.B, r.C)
		if c.dt == tensor.Float64 {
			widen(1.5, r.Params()...)
		}
		a := []float64{0, 0, 0}
		var base *tensor.Dense
		if c.base != nil {
			a, base = c.base, vector(c.dt, c.base...)
		}
		p := must[*models.Tempering](t)(models.NewTempering(r, c.k, m, c.betas, base, stream("chains")))
		o := must[*models.Objective](t)(p.Objective(1))
		f := must[*autodiff.Function](t)(autodiff.Compile(nil, nil, o.Updates))
		for range steps {
			if err := f.RunAll(); err != nil {
				t.Fatal(err)
			}
		}
		before := must[[]float64](t)(p.Rates())
		if err := f.RunAll(); err != nil {
			t.Fatal(err)
		}
		rates := must[[]float64](t)(p.Rates())
		rows := split(elements(p.Chains.Value), 3)
		for l, beta := range c.betas {
			counts := make([]float64, 8)
			for _, v := range rows[l*m : (l+1)*m] {
				counts[int(v[0]+2*v[1]+4*v[2])] += 1.0 / m
			}
			meansAgree(t, name+": state", tempered(reference(r), beta, a).visible(), counts, m)
			if l+1 < len(c.betas) {
				now := 100 * (rates[l] - 0.99*before[l]) // of the last step alone
				meansAgree(t, name+": swaps of pair", []float64{exactSwapRate(reference(r), beta, c.betas[l+1], a)}, []float64{now}, m)
			}
		}
	}
}

// An exchange loses no state: where every hidden unit is tied to a visible one, so that chains
// do nothing else, and all states have the same energy, so that neighbours always exchange,
// states of their own at every temperature go the way of the pairs, those of (0,1) and (2,3)
// first.
func TestExchangesPermute(t *testing.T) {
	const m, steps = 2, 5
	r := newRBM(t, 3, 3, 0)
	for i := range 3 {
		r.W.Value.Float32s()[4*i], r.B.Value.Float32s()[i], r.C.Value.Float32s()[i] = 120, -60, -60
	}
	betas := []float64{1, 0.9, 0.8, 0.7, 0.6}
	p := must[*models.Tempering](t)(models.NewTempering(r, 1, m, betas, nil, stream("chains")))
	code := func(level, chain int) []float64 { // no two levels of a chain have the same
		return states(3)[(level+5*chain)%8]
	}
	at := []int{0, 1, 2, 3, 4} // the level at which the states of each level began
	for i := range m * len(betas) {
		for j, x := range code(i/m, i%m) {
			p.Chains.Value.Float32s()[3*i+j] = float32(x)
		}
	}
	o := must[*models.Objective](t)(p.Objective(1))
	f := must[*autodiff.Function](t)(autodiff.Compile(nil, nil, o.Updates))
	for range steps {
		if err := f.RunAll(); err != nil {
			t.Fatal(err)
		}
		at = []int{at[1], at[3], at[0], at[4], at[2]}
		for i, v := range split(elements(p.Chains.Value), 3) {
			near(t, "state", code(at[i/m], i%m), v, 0)
		}
	}
	rate := 1 - math.Pow(0.99, steps)
	near(t, "swap rates", []float64{rate, rate, rate, rate}, must[[]float64](t)(p.Rates()), 1e-6)
}

func TestLadder(t *testing.T) {
	near(t, "ladder", []float64{1, 0.8, 0.6, 0.4, 0.2}, models.Ladder(5, 0.2), 1e-15)
	near(t, "one level", []float64{1}, models.Ladder(1, 0.2), 0)
}

// The gradient is that of CD with the chains at β = 1: difference of statistics at the
// data and at the first m of the new states, derived by hand.
func TestTemperingGradient(t *testing.T) {
	const m = 3
	r := double(t, 4, 3, 1)
	p := must[*models.Tempering](t)(models.NewTempering(r, 1, m, []float64{1, 0.5, 0}, nil, stream("chains")))
	o := must[*models.Objective](t)(p.Objective(2))
	data := coins(stream("data"), 2, 4)
	grads := gradient(t, o, r.Params(), matrix(tensor.Float64, data))

	again := must[*models.Tempering](t)(models.NewTempering(r, 1, m, []float64{1, 0.5, 0}, nil, stream("chains")))
	f := must[*autodiff.Function](t)(autodiff.Compile(nil, nil, must[*models.Objective](t)(again.Objective(2)).Updates))
	if err := f.RunAll(); err != nil {
		t.Fatal(err)
	}
	ends := split(elements(again.Chains.Value), 4)[:m]
	want := difference(reference(r).statistics(data), reference(r).statistics(ends))
	for i, q := range r.Params() {
		near(t, q.Name, want[i], grads[i], 1e-12)
	}
}

// Training on bars and stripes brings the machine near to the best there is, and the same
// bytes for any number of processors and with a break, whose snapshot goes through JSON.
func TestTemperingLearnsAndResumes(t *testing.T) {
	data := set(t, repeat(barsAndStripes(), 20), nil, 1)
	newTraining := func() (*models.Tempering, *train.Trainer) {
		r := must[*models.RBM](t)(models.NewRBM("rbm", 4, 6, blocks.Gaussian(0.1), stream("init")))
		p := must[*models.Tempering](t)(models.NewTempering(r, 1, 20, models.Ladder(4, 0), nil, stream("chains")))
		return p, &train.Trainer{Model: p, Recipe: train.Recipe{Optimizer: train.SGD(0.2), Epochs: 1000, Batch: 20}, Data: data, Order: stream("order")}
	}
	run := func(procs int) []float64 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		p, trainer := newTraining()
		must[*train.History](t)(trainer.Run(context.Background()))
		l := must[float64](t)(p.Model.LogLikelihood(matrix(tensor.Float32, barsAndStripes())))
		if best := -math.Log(6); l < best-0.25 || l > best {
			t.Errorf("log-likelihood %.3f, want near to %.3f, that of the data's own distribution", l, best)
		}
		return state(p)
	}
	want := run(1)
	near(t, "2 processors", want, run(2), 0)

	_, first := newTraining()
	ctx, cancel := context.WithCancel(context.Background())
	var snapshot []byte
	var tensors []*blocks.Param
	first.AfterEpoch = func(e train.Epoch) error {
		if e.Epoch == 150 {
			cancel()
		}
		return nil
	}
	first.Save = func(s *train.Snapshot) error {
		var err error
		snapshot, err = json.Marshal(s.Position)
		tensors = nil
		for _, p := range s.Tensors {
			tensors = append(tensors, p.Clone(p.Name))
		}
		return err
	}
	first.SaveEvery = 1 << 62
	if _, err := first.Run(ctx); err == nil {
		t.Fatal("the training was not interrupted")
	}
	second, rest := newTraining()
	rest.From = &train.Snapshot{Tensors: tensors}
	if err := json.Unmarshal(snapshot, &rest.From.Position); err != nil {
		t.Fatal(err)
	}
	must[*train.History](t)(rest.Run(context.Background()))
	near(t, "resumed", want, state(second), 0)
}

// state is all that a training leaves.
func state(p *models.Tempering) (all []float64) {
	for _, q := range append(p.Params(), p.State()...) {
		all = append(all, elements(q.Value)...)
	}
	return all
}

func TestTemperingRefuses(t *testing.T) {
	r := newRBM(t, 4, 3, 1)
	for name, c := range map[string]struct {
		k, m  int
		betas []float64
		base  *tensor.Dense
		says  string
	}{
		"no steps":    {0, 1, models.Ladder(3, 0), nil, "k = 0"},
		"no chains":   {1, 0, models.Ladder(3, 0), nil, "0 chains"},
		"one level":   {1, 1, models.Ladder(1, 0), nil, "two inverse temperatures"},
		"not from 1":  {1, 1, []float64{0.9, 0}, nil, "from 0.9 to 0"},
		"rising":      {1, 1, []float64{1, 0.2, 0.4}, nil, "[1 0.2 0.4]"},
		"negative":    {1, 1, []float64{1, -0.2}, nil, "not negative"},
		"NaN":         {1, 1, []float64{1, math.NaN()}, nil, "NaN"},
		"wrong base":  {1, 1, models.Ladder(2, 0), vector(tensor.Float32, 1), "4 base biases"},
		"other dtype": {1, 1, models.Ladder(2, 0), vector(tensor.Float64, 1, 1, 1, 1), "float32"},
	} {
		_, err := models.NewTempering(r, c.k, c.m, c.betas, c.base, stream("chains"))
		refused(t, name, err, "tempering", c.says)
	}
	_, err := models.NewTempering(r, 1, 1, models.Ladder(2, 0), nil, nil)
	refused(t, "no stream", err, "tempering", "random")
	p := must[*models.Tempering](t)(models.NewTempering(r, 1, 1, models.Ladder(2, 0), nil, stream("chains")))
	_, err = p.Objective(0)
	refused(t, "empty batch", err, "at least one example")
	p.Betas = models.Ladder(3, 0)
	_, err = p.Objective(1)
	refused(t, "levels without chains", err, "2 chains at 3 temperatures")
}
