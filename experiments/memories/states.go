package main

import (
	"fmt"
	"math"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/models"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// mostSteps is after how many steps a recall is given up: sweeps, or updates at once. Only
// networks that are overloaded come near it.
const mostSteps = 100

// matrix makes a tensor of rows of n numbers.
func matrix(values []float32, n int) *tensor.Dense {
	return tensor.New(tensor.WithShape(len(values)/n, n), tensor.WithBacking(values))
}

// first are the first k rows, over the same memory.
func first(x *tensor.Dense, k int) *tensor.Dense {
	n := x.Shape()[1]
	return matrix(x.Float32s()[:k*n:k*n], n)
}

// coins draws k patterns of n fair units −1 or 1.
func coins(s *random.Stream, k, n int) *tensor.Dense {
	all := make([]float32, k*n)
	s.Mask(all, 0.5, 2)
	for i := range all {
		all[i]--
	}
	return matrix(all, n)
}

// binarised are images as units −1 or 1, bright pixels 1.
func binarised(x *tensor.Dense) *tensor.Dense {
	all := make([]float32, x.DataSize())
	for i, v := range x.Float32s() {
		all[i] = 1
		if v < 0.5 {
			all[i] = -1
		}
	}
	return matrix(all, x.Shape()[1])
}

// probes are patterns of which a share of the units is turned, others in each. Where that is
// no whole number, it is drawn which of both next to it, so that the mean is.
func probes(patterns *tensor.Dense, share float64, s *random.Stream) *tensor.Dense {
	out, n, draw := patterns.Clone().(*tensor.Dense), patterns.Shape()[1], s.Rand()
	places := make([]int, n)
	for row := out.Float32s(); len(row) > 0; row = row[n:] {
		for i := range places {
			places[i] = i
		}
		whole, rest := math.Modf(share * float64(n))
		if draw.Float64() < rest {
			whole++
		}
		for k := range int(whole) {
			j := k + draw.IntN(n-k)
			places[k], places[j] = places[j], places[k]
			row[places[k]] = -row[places[k]]
		}
	}
	return out
}

// wrong is the share of each row's units that differ from those of the pattern.
func wrong(states, patterns *tensor.Dense) []float64 {
	n := states.Shape()[1]
	a, b := states.Float32s(), patterns.Float32s()
	out := make([]float64, len(a)/n)
	for i := range a {
		if a[i] != b[i] {
			out[i/n] += 1 / float64(n)
		}
	}
	return out
}

// inTurn is the step of a Hopfield network whose units are updated one after the other, in
// orders that are drawn; atOnce is that of all units at the same time.
func inTurn(h *models.Hopfield, order *random.Stream) func(G.Nodes) (G.Nodes, error) {
	return func(s G.Nodes) (G.Nodes, error) {
		var c ops.Chain
		keys := c.Do(ops.Normal(c.Do(h.B.Node(s[0].Graph())), 1, order))
		return G.Nodes{c.Do(h.Sweep(s[0], keys))}, c.Err()
	}
}

func atOnce(m interface {
	Update(s, chosen *G.Node) (*G.Node, error)
}) func(G.Nodes) (G.Nodes, error) {
	return func(s G.Nodes) (G.Nodes, error) {
		next, err := m.Update(s[0], nil)
		return G.Nodes{next}, err
	}
}

// recalled runs a memory from states of its layers until nothing changes, for most steps at
// most, and returns their ends. Rows that have come to rest are taken out now and then: most
// do after a few steps, while some take many.
func (j *job) recalled(step func(G.Nodes) (G.Nodes, error), most int, start ...*tensor.Dense) ([]*tensor.Dense, error) {
	var ends []*tensor.Dense
	for _, s := range start {
		ends = append(ends, s.Clone().(*tensor.Dense))
	}
	rows := make([]int, start[0].Shape()[0])
	for i := range rows {
		rows[i] = i
	}
	for done := 0; len(rows) > 0 && done < most; {
		var now []*tensor.Dense
		for _, s := range ends {
			now = append(now, gathered(s, rows))
		}
		r, err := models.NewRecallWith(j.run.Compiler, "recall", step, now...)
		if err != nil {
			return nil, err
		}
		var left []int
		for {
			change, err := r.Step()
			if err != nil {
				return nil, err
			}
			done++
			left = nil
			for i, v := range change {
				if v != 0 {
					left = append(left, rows[i])
				}
			}
			if done == most || 2*len(left) <= len(rows) {
				break
			}
		}
		for l, s := range r.States {
			scatter(ends[l], s, rows)
		}
		if err := r.Close(); err != nil {
			return nil, err
		}
		rows = left
	}
	return ends, nil
}

// one is what recalled returns of a memory of one layer.
func one(states []*tensor.Dense, err error) (*tensor.Dense, error) {
	if err != nil {
		return nil, err
	}
	return states[0], nil
}

// gathered are some rows, copied.
func gathered(x *tensor.Dense, rows []int) *tensor.Dense {
	n := x.Shape()[1]
	out := make([]float32, 0, len(rows)*n)
	for _, i := range rows {
		out = append(out, x.Float32s()[i*n:(i+1)*n]...)
	}
	return matrix(out, n)
}

// scatter puts the rows of from at their places.
func scatter(x, from *tensor.Dense, rows []int) {
	n := x.Shape()[1]
	for k, i := range rows {
		copy(x.Float32s()[i*n:(i+1)*n], from.Float32s()[k*n:(k+1)*n])
	}
}

// upFirst is the step of a BAM that begins with its second layer.
func upFirst(b *models.BAM) func(G.Nodes) (G.Nodes, error) {
	return func(s G.Nodes) (G.Nodes, error) {
		var c ops.Chain
		h := c.Do(b.Up(s[0], s[1]))
		return G.Nodes{c.Do(b.Down(s[0], h)), h}, c.Err()
	}
}

// evaluate computes a vector with a number a row, such as energies.
func evaluate(f func(G.Nodes) (*G.Node, error), states ...*tensor.Dense) ([]float64, error) {
	g := G.NewGraph()
	var in G.Nodes
	var values []G.Value
	for i, s := range states {
		in, values = append(in, blocks.NewInput(g, s.Dtype(), fmt.Sprintf("state.%d", i), s.Shape()...)), append(values, s)
	}
	out, err := f(in)
	if err != nil {
		return nil, err
	}
	run, err := autodiff.Compile(in, G.Nodes{out}, nil)
	if err != nil {
		return nil, err
	}
	defer run.Close()
	if err := run.Run(values...); err != nil {
		return nil, err
	}
	if e, err := ops.Elements[float64](run.Output(0)); err == nil {
		return append([]float64(nil), e...), nil
	}
	e, err := ops.Elements[float32](run.Output(0))
	numbers := make([]float64, len(e))
	for i, v := range e {
		numbers[i] = float64(v)
	}
	return numbers, err
}

// wide is a parameter or state in float64, so that rounding is far below what a unit turns
// the energy by.
func wide(x *tensor.Dense) *tensor.Dense {
	out := make([]float64, x.DataSize())
	for i, v := range x.Float32s() {
		out[i] = float64(v)
	}
	return tensor.New(tensor.WithShape(x.Shape()...), tensor.WithBacking(out))
}

func wideParam(p *blocks.Param) *blocks.Param {
	return &blocks.Param{Name: p.Name, Value: wide(p.Value)}
}

// share is the part of the values that a condition holds for.
func share(values []float64, holds func(v float64) bool) float64 {
	n := 0
	for _, v := range values {
		if holds(v) {
			n++
		}
	}
	return float64(n) / float64(len(values))
}
