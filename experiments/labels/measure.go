package main

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"

	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
	"capas/models"
	"capas/train"
)

// learned is what the training of a network came to.
type learned struct {
	*trial.Outcome
	// few are the values on as many validation images as there were labels, all those on
	// all validation images, at the end; none of a training that diverged.
	few, all train.Values
}

// result is a network that was chosen for a cell and seed.
type result struct {
	spec
	// all tells that all validation images chose its rate, not just as many as there are
	// labels.
	all     bool
	outcome *trial.Outcome
	// validation is the error on all validation images; both are NaN if the training diverged.
	validation, test float64
	// moves are those of the weights of each hidden layer; of a training that diverged, NaN.
	moves []move
	// first and last are filters before and after the training: the weights of some units
	// of the first hidden layer. Of the first seed, with the fewest and the most labels.
	first, last [][]float32
}

// results are those of all cells and seeds.
type results []result

// of returns the results of a cell, in the order of the seeds, at the rates that as many
// validation images chose as there are labels, or that all chose.
func (rs results) of(c cell, all bool) results {
	return slices.DeleteFunc(slices.Clone(rs), func(r result) bool { return r.cell != c || r.all != all })
}

// tests are the test errors.
func (rs results) tests() []float64 {
	var out []float64
	for _, r := range rs {
		out = append(out, r.test)
	}
	return out
}

// choose finds a rate for each cell and seed, and one more by all validation images where
// there are fewer labels.
func (x *runner) choose() (results, error) {
	var out results
	for _, all := range []bool{false, true} {
		for _, c := range x.Recipe.cells() {
			if all && !x.own(c.labels) {
				continue
			}
			for _, seed := range x.Seeds {
				from := x.Seeds[0]
				if x.own(c.labels) {
					from = seed
				}
				rate, err := x.rate(c, from, all)
				if err != nil {
					return nil, err
				}
				out = append(out, result{spec: spec{c, rate, seed}, all: all})
			}
		}
	}
	return out, nil
}

// rate is the one with the smallest validation error of a seed's networks. Where several
// are equal, as happens on few images, the smallest cross-entropy of these decides.
func (x *runner) rate(c cell, seed uint64, all bool) (float64, error) {
	best, least, loss := 0.0, math.Inf(1), math.Inf(1)
	for _, rate := range x.Recipe.Rates {
		l := x.networks[spec{c, rate, seed}]
		if l.Diverged {
			continue
		}
		values := l.few
		if all {
			values = l.all
		}
		if e, h := trial.Value(values, "error"), trial.Value(values, "loss"); e < least || e == least && h < loss {
			best, least, loss = rate, e, h
		}
	}
	if math.IsInf(least, 1) {
		return 0, fmt.Errorf("seed %d %s: want a rate at which the training does not diverge, got %v", seed, c, x.Recipe.Rates)
	}
	return best, nil
}

// measure reads the test set, once, with the networks that were chosen. Their weights come
// from the checkpoints, so that not all networks are held.
func (x *runner) measure(ctx context.Context, chosen results) error {
	index := map[spec]int{} // of those that are measured: both choices may be one network
	var jobs []lab.Job
	for i := range chosen {
		r := &chosen[i]
		if _, ok := index[r.spec]; ok {
			continue
		}
		index[r.spec] = i
		weights := x.Recipe.weights(r.pair, x.data.Train.Dim(), x.data.Train.Classes)
		jobs = append(jobs, lab.Job{
			Name: fmt.Sprintf("seed %d %s test", r.seed, r), Units: 2 * weights * int64(x.data.Test.Len()),
			Run: func(ctx context.Context, task *lab.Task) error {
				if err := ctx.Err(); err != nil {
					return err
				}
				return x.read(r)
			},
		})
	}
	if err := x.Parallel(ctx, runtime.GOMAXPROCS(0), jobs); err != nil {
		return err
	}
	for i, r := range chosen {
		chosen[i] = chosen[index[r.spec]]
		chosen[i].all = r.all
	}
	return nil
}

// read measures one network. One at a rate that another seed chose may have diverged.
func (x *runner) read(r *result) error {
	l := x.networks[r.spec]
	r.outcome, r.validation = l.Outcome, trial.Value(l.all, "error")
	if l.Diverged {
		r.test = math.NaN()
		for range x.Recipe.units(r.pair) {
			r.moves = append(r.moves, move{math.NaN(), math.NaN()})
		}
		return nil
	}
	net, t, err := x.network(r.spec)
	if err != nil {
		return err
	}
	hidden := net.Layers[:len(net.Layers)-1]
	var first [][]float32
	for _, l := range hidden {
		first = append(first, slices.Clone(l.W.Value.Float32s()))
	}
	ends := !r.all && (r.labels == x.Recipe.least() || r.labels == x.Recipe.most())
	shown := ends && r.seed == x.Seeds[0]
	if shown {
		r.first = filters(net)
	}
	if err := trial.Assign(x.Run, t, net.Params()); err != nil {
		return err
	}
	for l, w := range first {
		r.moves = append(r.moves, newMove(w, hidden[l].W.Value.Float32s()))
	}
	if shown {
		r.last = filters(net)
	}
	evaluator := train.NewEvaluator(net)
	evaluator.Compiler = x.Compiler.Under(r.arm.String() + " test")
	test, err := evaluator.Run(x.data.Test)
	if err != nil {
		return fmt.Errorf("test: %w", err)
	}
	r.test = trial.Value(test, "error")
	if !ends {
		return nil
	}
	return x.SaveModel(fmt.Sprintf("seed-%d-%s", r.seed, r.cell), net)
}

// move is how far weights are from their first values: root mean squares of the first
// values and of the changes.
type move struct{ first, change float64 }

// relative is ‖W − W⁰‖/‖W⁰‖, by Frobenius norms.
func (m move) relative() float64 { return m.change / m.first }

func newMove(before, after []float32) move {
	var first, change float64
	for i, w := range before {
		d := float64(after[i]) - float64(w)
		change += d * d
		first += float64(w) * float64(w)
	}
	n := float64(len(before))
	return move{math.Sqrt(first / n), math.Sqrt(change / n)}
}

// shownFilters are as many as there are in a row of the sheets.
const shownFilters = 10

// filters are the weights of the first units of a network's first layer over the image.
func filters(net *models.MLP) [][]float32 {
	W := net.Layers[0].W.Value
	return figure.Columns(W.Float32s(), W.Shape()[1], shownFilters)
}
