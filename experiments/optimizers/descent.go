package main

import (
	"context"
	"fmt"
	"math"
	"slices"

	"capas/train"

	"gonum.org/v1/gonum/stat"
	"gorgonia.org/tensor"
)

// The learning rates that optimisers try on a surface reach from lowestRate to
// 1, evenly in their logarithms: a step of RMSProp and Adam is about as long as the rate,
// and one longer than 1 would leave the map.
const (
	lowestRate  = 1e-4
	rateDecades = 4
)

// surfaceRates are those rates, perDecade to a power of ten.
func surfaceRates(perDecade int) []float64 {
	var rates []float64
	for i := 0; i <= rateDecades*perDecade; i++ {
		rates = append(rates, lowestRate*math.Pow(10, float64(i)/float64(perDecade)))
	}
	return rates
}

// descent is the course of points under an optimiser, by point: its positions and values
// from the start on.
type descent struct {
	x, y, f [][]float64
}

// walk moves points by an optimiser for so many steps, and calls see before the first
// step and after each with their values; see says whether to go on.
func walk(p *points, o train.Optimizer, steps int, see func(f []float64) bool) error {
	values, err := p.values()
	if err != nil {
		return err
	}
	state, err := o.NewState(tensor.Float64)
	if err != nil {
		return err
	}
	b := p.batch()
	stepper, err := train.NewStepper(p, state, b.X.Shape()[0])
	if err != nil {
		return err
	}
	for t := 0; ; t++ {
		f, err := values()
		if err != nil {
			return err
		}
		if !see(f) || t == steps {
			return nil
		}
		state.Advance(0, 1)
		if err := stepper.Step(b); err != nil {
			return err
		}
	}
}

// descend records a walk.
func descend(p *points, o train.Optimizer, steps int) (*descent, error) {
	n := p.x.Value.Shape()[0]
	d := &descent{make([][]float64, n), make([][]float64, n), make([][]float64, n)}
	err := walk(p, o, steps, func(f []float64) bool {
		for i, x := range p.x.Value.Float64s() {
			d.x[i], d.y[i], d.f[i] = append(d.x[i], x), append(d.y[i], p.y.Value.Float64s()[i]), append(d.f[i], f[i])
		}
		return true
	})
	return d, err
}

// settled are the steps, by tolerance and point, from which on the point's value is at
// most tolerance times that of its start, to the last step; steps+1 where it is not. A
// point that only passes the minimum has not settled. last is the mean over the points of
// the last value as a share of the start's, infinite if one diverges.
func settled(p *points, o train.Optimizer, steps int, tolerances []float64) (at [][]float64, last float64, err error) {
	for range tolerances {
		at = append(at, make([]float64, p.x.Value.Shape()[0]))
	}
	var first []float64
	t := 0
	err = walk(p, o, steps, func(f []float64) bool {
		if first == nil {
			first = append(first, f...)
		}
		last = 0
		for i, v := range f {
			for k, tolerance := range tolerances {
				if !(v <= tolerance*first[i]) {
					at[k][i] = float64(t + 1)
				}
			}
			if last += v / first[i] / float64(len(f)); !(v < 1e12*first[i]) {
				last = math.Inf(1)
			}
		}
		t++
		return !math.IsInf(last, 1)
	})
	if math.IsInf(last, 1) {
		for _, points := range at {
			for i := range points {
				points[i] = float64(steps + 1)
			}
		}
	}
	return at, last, err
}

// race is what one optimiser did on one surface.
type race struct {
	surface
	method
	rate   float64
	edge   bool      // the best rate is the lowest or the highest that was tried
	steps  []float64 // by seed, until it has settled
	course *descent  // at the best rate
	// fewest are the fewest steps in the mean over the starts, by Recipe.tolerances, each at
	// the rate that is best for it; NaN where at no rate all starts came so far.
	fewest []float64
}

// tolerances are the recipe's, last, and coarser ones: they show whether an optimiser is
// slow on the way or only near the minimum.
func (r Recipe) tolerances() (all []float64) {
	for _, t := range []float64{0.1, 0.01, 1e-4} {
		if t > r.Tolerance {
			all = append(all, t)
		}
	}
	return append(all, r.Tolerance)
}

// race finds the optimiser's best rate: the fewest steps until it has settled in the mean
// over the starts, or where those are equal, since no start came so far, the smallest
// last value.
func (r Recipe) race(ctx context.Context, s surface, m method, seeds []uint64, tried func()) (*race, error) {
	var x, y []float64
	for _, seed := range seeds {
		px, py := s.start(seed)
		x, y = append(x, px), append(y, py)
	}
	tolerances := r.tolerances()
	best := &race{surface: s, method: m, fewest: slices.Repeat([]float64{math.NaN()}, len(tolerances))}
	mean, lowest := math.Inf(1), math.Inf(1)
	rates := surfaceRates(r.RatesPerDecade)
	for i, rate := range rates {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		o := m.optimizer(r, rate)
		at, low, err := settled(newPoints(s, x, y), o, r.Steps, tolerances)
		if err != nil {
			return nil, fmt.Errorf("%s, %s at rate %g: %w", s.key, m.key, rate, err)
		}
		for k, steps := range at {
			if mean := stat.Mean(steps, nil); slices.Max(steps) <= float64(r.Steps) && !(mean >= best.fewest[k]) {
				best.fewest[k] = mean
			}
		}
		steps, sum := at[len(at)-1], 0.0
		for _, v := range steps {
			sum += v
		}
		if sum < mean || sum == mean && low < lowest {
			mean, lowest = sum, low
			best.rate, best.steps, best.edge = rate, steps, i == 0 || i == len(rates)-1
		}
		tried()
	}
	var err error
	best.course, err = descend(newPoints(s, x, y), m.optimizer(r, best.rate), r.Steps)
	return best, err
}
