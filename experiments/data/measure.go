package main

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"

	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/train"
)

// result is what the network of a model, a number of labels and a seed came to, at the
// model's best rate with so many labels.
type result struct {
	spec
	epoch                   int // whose parameters were kept
	train, validation, test float64
}

// results are those of all models, numbers of labels and seeds.
type results []result

// of returns the results of a model with so many labels, in the order of the seeds.
func (rs results) of(model string, labels int) results {
	return slices.DeleteFunc(slices.Clone(rs), func(r result) bool { return r.model != model || r.labels != labels })
}

// values of a quantity.
func (rs results) values(of func(result) float64) []float64 {
	var out []float64
	for _, r := range rs {
		out = append(out, of(r))
	}
	return out
}

func testError(r result) float64       { return r.test }
func validationError(r result) float64 { return r.validation }

// gap is how many more of the test images are wrong than of the images learned from.
func gap(r result) float64 { return r.test - r.train }

// choose finds the rate of each model with each number of labels: that of the smallest
// cross-entropy on the validation images of the first seed.
func (x *runner) choose() (map[cell]float64, error) {
	best := map[cell]float64{}
	for _, c := range x.Recipe.cells() {
		least := math.Inf(1)
		for _, rate := range x.Recipe.Rates {
			if loss := x.outcomes[spec{c, rate, x.Seeds[0]}].Best("loss"); loss < least {
				best[c], least = rate, loss
			}
		}
		if math.IsInf(least, 1) {
			return nil, fmt.Errorf("%s with %d labels: want a rate at which the training does not diverge, got %v", c.model, c.labels, x.Recipe.Rates)
		}
	}
	return best, nil
}

// chosen are the networks at the best rates, before the test set is read.
func (x *runner) chosen(best map[cell]float64) (results, error) {
	var out results
	for _, c := range x.Recipe.cells() {
		for _, seed := range x.Seeds {
			s := spec{c, best[c], seed}
			o := x.outcomes[s]
			if o.Diverged {
				return nil, fmt.Errorf("seed %d %s: the training diverged at the best rate of seed %d: want smaller rates than %v", seed, s, x.Seeds[0], x.Recipe.Rates)
			}
			out = append(out, result{spec: s, epoch: o.Last().Best, validation: o.Best("error")})
		}
	}
	return out, nil
}

// measure reads the test set, once, and the labelled images with the networks that were
// chosen. Their weights come from the checkpoints, so that not all networks are held.
func (x *runner) measure(ctx context.Context, chosen results) error {
	var jobs []lab.Job
	for i := range chosen {
		r := &chosen[i]
		weights := x.Recipe.model(r.model).weights(x.data.Train.Dim(), x.data.Train.Classes)
		jobs = append(jobs, lab.Job{
			Name: fmt.Sprintf("seed %d %s test", r.seed, r), Units: 2 * weights * int64(x.data.Test.Len()+r.labels),
			Run: func(ctx context.Context, task *lab.Task) error {
				if err := ctx.Err(); err != nil {
					return err
				}
				return x.read(r)
			},
		})
	}
	return x.Parallel(ctx, runtime.GOMAXPROCS(0), jobs)
}

// read measures one network.
func (x *runner) read(r *result) error {
	net, t, err := x.network(r.spec)
	if err != nil {
		return err
	}
	if err := trial.Assign(x.Run, t, net.Params()); err != nil {
		return err
	}
	evaluator := train.NewEvaluator(net)
	evaluator.Compiler = x.Compiler.Under(r.model + " test")
	test, err := evaluator.Run(x.data.Test)
	if err != nil {
		return fmt.Errorf("test: %w", err)
	}
	learned, err := evaluator.Run(x.examples[r.seed][r.labels])
	if err != nil {
		return fmt.Errorf("labelled images: %w", err)
	}
	r.test, r.train = trial.Value(test, "error"), trial.Value(learned, "error")
	if r.labels < x.Recipe.most() {
		return nil
	}
	return x.SaveModel(fmt.Sprintf("seed-%d-%s", r.seed, r.model), net)
}
