package train_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/random"
	"capas/train"

	"github.com/google/go-cmp/cmp"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// duel is the game of two numbers, of which a makes a·b small and b makes it large: its only
// equilibrium is 0, around which gradient steps circle. Every step can be foretold.
type duel struct {
	a, b *blocks.Param
	// noise, if not nil, is added to a·b in a's cost, times a: each move of a sees another one.
	noise *random.Stream
	// change, if not nil, spoils the objective.
	change func(*models.Objective)
}

func newDuel() duel {
	d := duel{a: blocks.NewParam("a", 1), b: blocks.NewParam("b", 1)}
	d.a.Value.Float32s()[0], d.b.Value.Float32s()[0] = 1, 0.5
	return d
}

func (d duel) Params() []*blocks.Param { return []*blocks.Param{d.a, d.b} }

func (d duel) Objective(m int) (*models.Objective, error) {
	g := G.NewGraph()
	x := blocks.NewInput(g, tensor.Float32, "x", m, 1)
	var c ops.Chain
	a, b := c.Do(d.a.Node(g)), c.Do(d.b.Node(g))
	product := c.Do(ops.Sum(c.Do(ops.Mul(a, b))))
	first := c.Do(ops.Mul(product, c.Do(ops.Mean(x)))) // b's move does not read the batch
	if d.noise != nil {
		first = c.Do(ops.Add(first, c.Do(ops.Sum(c.Do(ops.Mul(a, c.Do(ops.Normal(b, 1, d.noise))))))))
	}
	o := &models.Objective{
		Inputs:   G.Nodes{x},
		Players:  []models.Player{{Name: "a", Cost: first, Params: []*blocks.Param{d.a}}, {Name: "b", Cost: c.Do(ops.Scale(product, -1)), Params: []*blocks.Param{d.b}}},
		Monitors: []models.Monitor{{Name: "product", Node: product}},
	}
	if d.change != nil {
		d.change(o)
	}
	return o, c.Err()
}

// ones are n examples of one feature, 1.
func ones(t testing.TB, n int) *datasets.Set {
	x := make([]float32, n)
	for i := range x {
		x[i] = 1
	}
	return must(datasets.NewSet("ones", matrix(x, n, 1), make([]uint8, n), 1, 0, 0))(t)
}

// The moves are those that the game's rules say: one after the other or at once, by an optimiser of
// one's own, every step or more rarely.
func TestPlayers(t *testing.T) {
	const rate, ownRate, steps = 0.1, 0.3, 12
	own := func(o train.Optimizer, every int) map[string]train.Move {
		return map[string]train.Move{"b": {Optimizer: o, Every: every}}
	}
	adam := train.Optimizer{Kind: "adam", Rate: train.Constant(ownRate), Beta1: 0.5, Beta2: 0.9}
	for name, c := range map[string]struct {
		recipe train.Recipe
		move   func(step int, a, b *float64)
	}{
		"one after the other": {train.Recipe{}, func(_ int, a, b *float64) { *a -= rate * *b; *b += rate * *a }},
		"at once":             {train.Recipe{Simultaneous: true}, func(_ int, a, b *float64) { *a, *b = *a-rate**b, *b+rate**a }},
		"a rate of its own":   {train.Recipe{Players: own(train.SGD(ownRate), 0)}, func(_ int, a, b *float64) { *a -= rate * *b; *b += ownRate * *a }},
		"at once, a rate of its own": {train.Recipe{Simultaneous: true, Players: own(train.SGD(ownRate), 1)},
			func(_ int, a, b *float64) { *a, *b = *a-rate**b, *b+ownRate**a }},
		"every third step": {train.Recipe{Players: own(train.SGD(ownRate), 3)}, func(step int, a, b *float64) {
			*a -= rate * *b
			if step%3 == 0 {
				*b += ownRate * *a
			}
		}},
		// Its bias correction counts its own moves.
		"every fourth step, by adam": {train.Recipe{Players: own(adam, 4)}, func() func(step int, a, b *float64) {
			var mean, square, moves float64
			return func(step int, a, b *float64) {
				*a -= rate * *b
				if step%4 == 0 {
					moves++
					mean, square = 0.5*mean-0.5**a, 0.9*square+0.1**a**a
					*b -= ownRate * (mean / (1 - math.Pow(0.5, moves))) / (math.Sqrt(square/(1-math.Pow(0.9, moves))) + 1e-8)
				}
			}
		}()},
	} {
		d := newDuel()
		r := c.recipe
		r.Optimizer, r.Epochs, r.Batch = train.SGD(rate), 4, 10
		h := run(t, train.Trainer{Model: d, Data: ones(t, 30), Recipe: r})
		a, b, mean := 1.0, 0.5, 0.0
		for s := 1; s <= steps; s++ {
			mean += a * b / 3
			c.move(s, &a, &b)
			if s%3 == 0 { // the monitors are those before the step
				near(t, name+": product", h.Epochs[s/3-1].Train[0].Value, mean, 1e-5)
				mean = 0
			}
		}
		near(t, name+": a", float64(d.a.Value.Float32s()[0]), a, 1e-5)
		near(t, name+": b", float64(d.b.Value.Float32s()[0]), b, 1e-5)
	}
}

// One player can be trained alone.
func TestOnlyOnePlayer(t *testing.T) {
	d := newDuel()
	r := train.Recipe{Optimizer: train.SGD(0.1), Epochs: 1, Batch: 10}
	run(t, train.Trainer{Model: train.Only{Model: d, Trained: []*blocks.Param{d.b}}, Data: ones(t, 30), Recipe: r})
	if a, b := d.a.Value.Float32s()[0], float64(d.b.Value.Float32s()[0]); a != 1 || math.Abs(b-0.8) > 1e-6 {
		t.Errorf("want a = 1 as it was and b = 0.8, got %g and %g", a, b)
	}
}

// Gradient norms are those of both players, where they move at once.
func TestPlayersNorms(t *testing.T) {
	r := train.Recipe{Optimizer: train.SGD(0), Simultaneous: true, Epochs: 1, Batch: 10, NormEvery: 1}
	h := run(t, train.Trainer{Model: newDuel(), Data: ones(t, 30), Recipe: r})
	if d := cmp.Diff(train.Values{{Name: "a", Value: 0.5}, {Name: "b", Value: 1}}, h.Epochs[0].GradNorms); d != "" {
		t.Error(d)
	}
}

func TestPlayersErrors(t *testing.T) {
	spoiled := func(change func(*models.Objective)) duel {
		d := newDuel()
		d.change = change
		return d
	}
	every := func(player string, n int) map[string]train.Move {
		return map[string]train.Move{player: {Optimizer: train.SGD(0.1), Every: n}}
	}
	for says, c := range map[string]struct {
		model  train.Model
		recipe train.Recipe
	}{
		`want moves of the players [a, b], got one of "c"`: {newDuel(), train.Recipe{Players: every("c", 1)}},
		"every so many steps, got -1":                      {newDuel(), train.Recipe{Players: every("b", -1)}},
		"every so many steps, got 2":                       {newDuel(), train.Recipe{Players: every("b", 2), Simultaneous: true}},
		`player b: optimizer "" is unknown`:                {newDuel(), train.Recipe{Players: map[string]train.Move{"b": {}}}},
		"a player that moves first, in every step":         {newDuel(), train.Recipe{Players: every("a", 2)}},
		"gradient norms":                                   {newDuel(), train.Recipe{NormEvery: 1}},
		"got cost true and 2 players":                      {spoiled(func(o *models.Objective) { o.Cost = o.Players[0].Cost }), train.Recipe{}},
		"of another player too":                            {spoiled(func(o *models.Objective) { o.Players[1].Params = o.Players[0].Params }), train.Recipe{}},
		"player b: has no cost":                            {spoiled(func(o *models.Objective) { o.Players[1].Cost = nil }), train.Recipe{}},
		"got b of none":                                    {spoiled(func(o *models.Objective) { o.Players = o.Players[:1] }), train.Recipe{}},
		`got one of "a"`:                                   {newSums(1), train.Recipe{Players: every("a", 1)}},
	} {
		c.recipe.Optimizer, c.recipe.Epochs, c.recipe.Batch = train.SGD(0.1), 1, 10
		if _, err := (&train.Trainer{Model: c.model, Data: ones(t, 10), Recipe: c.recipe}).Run(t.Context()); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("want an error with %q, got %v", says, err)
		}
	}
	// A player that diverges is told by its parameter.
	r := train.Recipe{Optimizer: train.SGD(0.1), Epochs: 1, Batch: 10, Players: map[string]train.Move{"b": {Optimizer: train.SGD(3e38)}}}
	_, err := (&train.Trainer{Model: newDuel(), Data: ones(t, 40), Recipe: r}).Run(t.Context())
	if !errors.Is(err, train.ErrDiverged) || !strings.Contains(err.Error(), "b[0] is") {
		t.Errorf("want divergence of b[0], got %v", err)
	}
}
