package models

import (
	"fmt"
	"math"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/internal/kernels"

	G "gorgonia.org/gorgonia"
)

// exchange builds the step of tempered chains: levels·m rows, m of each temperature.
// What it selects and permutes by are constant matrices of 0 and 1, over which products
// are exact.
type exchange struct {
	*Tempering
	ops.Chain
	g             *G.ExprGraph
	levels, m     int
	hidden, lines *G.Node // β of each row, (levels·m, k) and (levels·m, n)
	hot           *G.Node // (1−β)·a of each row, (levels·m, n); nil without base
}

func (t *Tempering) exchange(g *G.ExprGraph) (*exchange, error) {
	rows := t.Chains.Value.Shape()[0]
	e := &exchange{Tempering: t, g: g, levels: len(t.Betas), m: rows / len(t.Betas)}
	if t.K < 1 || e.levels < 2 || e.m < 1 || e.m*e.levels != rows {
		return nil, fmt.Errorf("want at least one Gibbs step and as many chains at each of two temperatures or more, got k = %d and %d chains at %d temperatures", t.K, rows, e.levels)
	}
	beta := func(i, j int) float64 { return t.Betas[i/e.m] }
	e.hidden = e.constant("hidden", rows, t.Model.Hidden(), beta)
	e.lines = e.constant("visible", rows, t.Model.Visible(), beta)
	if t.base != nil {
		a, err := numbersOf(t.base.Value)
		if err != nil {
			return nil, err
		}
		e.hot = e.constant("hot", rows, t.Model.Visible(), func(i, j int) float64 { return (1 - t.Betas[i/e.m]) * a[j] })
	}
	return e, e.Err()
}

// constant is a leaf with the given elements.
func (e *exchange) constant(name string, rows, cols int, f func(i, j int) float64) *G.Node {
	p := &blocks.Param{Name: e.Model.W.Name + ".tempering." + name, Value: e.Model.zeros(rows, cols)}
	x := make([]float64, rows*cols)
	for i := range x {
		x[i] = f(i/cols, i%cols)
	}
	apply(p.Value, copyFrom[float32](x), copyFrom[float64](x))
	return e.Do(p.Node(e.g))
}

// step builds the states after the Gibbs steps and the exchanges, the new averages of the
// exchange rates, and the share of the exchanges that are made in this step.
func (e *exchange) step() (chains, swaps, rate *G.Node, err error) {
	v := e.Do(e.Chains.Node(e.g))
	var gap *G.Node // D, (levels, m)
	for range e.K {
		v, gap = e.gibbs(v)
	}
	pairs := e.levels - 1
	var made *G.Node // exchanges by pair of temperatures, (pairs, m)
	for first := range min(2, pairs) {
		accepted, swapped, moved := e.swap(v, gap, first)
		v, gap = swapped, moved
		share := e.Do(ops.MatMul(e.constant(fmt.Sprint("pairs", first), pairs, e.levels, func(i, j int) float64 {
			return bit(i == j && i%2 == first)
		}), accepted, false, false))
		if made == nil {
			made = share
		} else {
			made = e.Do(ops.Add(made, share))
		}
	}
	now := e.Do(ops.Scale(e.Do(ops.RowSum(made)), 1/float64(e.m)))
	const keep = 0.99
	swaps = e.Do(ops.Add(e.Do(ops.Scale(e.Do(e.Swaps.Node(e.g)), keep)), e.Do(ops.Scale(now, 1-keep))))
	return v, swaps, e.Do(ops.Mean(now)), e.Err()
}

// gibbs builds the states after one step of every chain at its temperature, and their D
// with the hidden states that they were drawn from: with y = h·Wᵀ + c,
// D = E(v,h) + a·v = −h·b − v·(y − a).
func (e *exchange) gibbs(v *G.Node) (next, gap *G.Node) {
	r := e.Model
	z := e.Do(ops.Mul(e.Do(blocks.Up(v, r.W, r.B)), e.hidden))
	h := e.Do(ops.Bernoulli(e.Do(blocks.Sigmoid().Apply(z)), e.Noise))
	y := e.Do(blocks.Down(h, r.W, r.C))
	cold := e.Do(ops.Mul(y, e.lines))
	if e.hot != nil {
		cold = e.Do(ops.Add(cold, e.hot))
	}
	next = e.Do(ops.Bernoulli(e.Do(blocks.Sigmoid().Apply(cold)), e.Noise))
	if e.Err() != nil {
		return nil, nil
	}
	rows := v.Shape()[0]
	inner := e.Do(ops.RowSum(e.Do(ops.Mul(next, y))))
	linear := e.Do(ops.Reshape(e.Do(ops.MatMul(h, e.Do(column(e.g, r.B)), false, false)), rows))
	sum := e.Do(ops.Add(inner, linear))
	if e.base != nil {
		sum = e.Do(ops.Sub(sum, e.Do(ops.Reshape(e.Do(ops.MatMul(next, e.Do(column(e.g, e.base)), false, false)), rows))))
	}
	return next, e.Do(ops.Reshape(e.Do(ops.Scale(sum, -1)), e.levels, e.m))
}

// swap builds the exchange of the pairs (first, first+1), (first+2, first+3), …: which are
// made, 1 in the rows of both partners, and states and D after them. A temperature without
// a partner is its own.
func (e *exchange) swap(v, gap *G.Node, first int) (accepted, states, moved *G.Node) {
	partner := func(i int) int {
		p := i + 1
		if (i-first)%2 != 0 {
			p = i - 1
		}
		if p < first || p >= e.levels {
			return i
		}
		return p
	}
	name := func(what string) string { return fmt.Sprint(what, first) }
	permute := e.constant(name("permute"), e.levels, e.levels, func(i, j int) float64 { return bit(j == partner(i)) })
	lower := e.constant(name("lower"), e.levels, e.levels, func(i, j int) float64 { return bit(j == min(i, partner(i))) })
	steps := e.constant(name("steps"), e.levels, e.m, func(i, j int) float64 { return e.Betas[i] - e.Betas[partner(i)] })
	other := e.Do(ops.MatMul(permute, gap, false, false))
	p := e.Do(metropolis(e.Do(ops.Mul(steps, e.Do(ops.Sub(gap, other))))))
	// Both partners have the same p; the draw of the first one counts for both.
	accepted = e.Do(ops.MatMul(lower, e.Do(ops.Bernoulli(p, e.Noise)), false, false))
	moved = e.choose(accepted, other, gap)
	if e.Err() != nil {
		return nil, nil, nil
	}
	rows, n := v.Shape()[0], v.Shape()[1]
	across := e.Do(ops.MatMul(permute, e.Do(ops.Reshape(v, e.levels, e.m*n)), false, false))
	each := e.Do(ops.RepeatCols(e.Do(ops.Reshape(accepted, rows)), n))
	return accepted, e.choose(each, e.Do(ops.Reshape(across, rows, n)), v), moved
}

// choose is a where which is 1 and b where it is 0.
func (e *exchange) choose(which, a, b *G.Node) *G.Node {
	return e.Do(ops.Add(e.Do(ops.Mul(which, a)), e.Do(ops.Mul(e.Do(ops.Linear(which, -1, 1)), b))))
}

// coldest is the part of the states at β = 1, (m,n).
func (e *exchange) coldest(v *G.Node) (*G.Node, error) {
	n := e.Model.Visible()
	first := e.constant("first", 1, e.levels, func(i, j int) float64 { return bit(j == 0) })
	top := e.Do(ops.MatMul(first, e.Do(ops.Reshape(v, e.levels, e.m*n)), false, false))
	return e.Do(ops.Reshape(top, e.m, n)), e.Err()
}

// metropolis is min(1, e^x), element by element; a constant to the gradient.
func metropolis(x *G.Node) (*G.Node, error) {
	if x == nil {
		return nil, fmt.Errorf("metropolis: the operand is missing")
	}
	return ops.Apply(ops.Def{
		Name: "metropolis", Shape: x.Shape(), Elementwise: true,
		F32: func(y []float32, x [][]float32) {
			for i, v := range x[0] {
				y[i] = min(0, v)
			}
			kernels.Exp(y, y)
		},
		F64: func(y []float64, x [][]float64) {
			for i, v := range x[0] {
				y[i] = math.Exp(min(0, v))
			}
		},
	}, x)
}

func bit(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
