package models

import (
	"fmt"
	"math"
	"sort"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// ExactSample draws m independent visible states (m,n) from the machine's distribution,
// without a chain: from the enumerated states of the smaller side, and if that is the
// hidden one the visible units given it. It has the limit of LogPartition, and its use
// where chains must begin at equilibrium, as in ReverseAIS.
func (r *RBM) ExactSample(m int, s *random.Stream) (*tensor.Dense, error) {
	const op = "exact sample"
	if m < 1 {
		return nil, fmt.Errorf("%s: want at least one state, got %d", op, m)
	}
	if s == nil {
		return nil, fmt.Errorf("%s: no stream of random numbers", op)
	}
	if err := r.checkBernoulli(); err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	hidden := r.Hidden() < r.Visible()
	free, err := r.enumerate()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	var z logSum
	for _, f := range free {
		z.add(-f)
	}
	cumulative, sum := make([]float64, len(free)), 0.0
	for i, f := range free {
		sum += math.Exp(-f - z.log())
		cumulative[i] = sum
	}
	n := min(r.Hidden(), r.Visible())
	states, rng := r.zeros(m, n), s.Rand()
	for row := range m {
		// The first state whose cumulative probability is above the draw; the sum ends at 1
		// up to rounding.
		u := rng.Float64() * sum
		i := min(sort.Search(len(cumulative), func(i int) bool { return cumulative[i] > u }), len(cumulative)-1)
		apply(states, setRow(row, n, bits[float32](i, n)), setRow(row, n, bits[float64](i, n)))
	}
	if !hidden {
		return states, nil
	}
	h := r.leaf(hiddenName, m, n)
	var c ops.Chain
	v := c.Do(ops.Bernoulli(c.Do(r.Down(h)), s))
	if c.Err() != nil {
		return nil, fmt.Errorf("%s: %w", op, c.Err())
	}
	f, err := autodiff.Compile(G.Nodes{h}, G.Nodes{v}, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	if err := f.Run(states); err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	return f.Output(0).(*tensor.Dense).Clone().(*tensor.Dense), nil
}

// setRow applies f to a row of n elements.
func setRow[T ops.Float](row, n int, f func([]T)) func([]T) {
	return func(e []T) { f(e[row*n : (row+1)*n]) }
}

// enumerate returns the free energies of all states of the smaller side, state i having
// the bits of i.
func (r *RBM) enumerate() ([]float64, error) {
	energy, n := r.FreeEnergy, r.Visible()
	hidden := r.HiddenUnits == BernoulliUnits()
	if binary := r.VisibleUnits == BernoulliUnits(); !binary && !hidden {
		return nil, fmt.Errorf("want bernoulli units on one side, got %s visible and %s hidden ones", r.VisibleUnits, r.HiddenUnits)
	} else if hidden && (!binary || r.Hidden() < n) {
		energy, n = r.FreeEnergyHidden, r.Hidden()
	}
	if n > maxEnumerated {
		return nil, fmt.Errorf("want at most %d bernoulli units on one side, got %d visible and %d hidden", maxEnumerated, r.Visible(), r.Hidden())
	}
	size := min(1<<n, 1024)
	batch := r.zeros(size, n)
	free, err := r.compileEnergy(size, n, energy)
	if err != nil {
		return nil, err
	}
	all := make([]float64, 0, 1<<n)
	for first := 0; first < 1<<n; first += size {
		apply(batch, bits[float32](first, n), bits[float64](first, n))
		f, err := energies(free, batch)
		if err != nil {
			return nil, err
		}
		all = append(all, f...)
	}
	return all, nil
}
