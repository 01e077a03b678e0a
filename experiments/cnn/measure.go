package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"

	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/train"

	"gorgonia.org/tensor"
)

// measure reads the test set with the networks chosen. The metrics are, by network, such as
// lenet.test_error: test_error, validation_error, shift_2_error and so on, the error on test
// images shifted by so many pixels, and parameters; by first weights of the networks that
// learned from few labels, such as few.denoising.test_error: test_error, validation_error, on
// as many images as there are labels, rate, the one chosen, and of the pretrained ones gain,
// the test error from random weights minus theirs; few.denoising-fixed.test_error and so on
// where the convolutional layers stay as they are.
func (x *runner) measure(ctx context.Context) error {
	shifted := map[int]*datasets.Set{}
	for _, by := range x.Recipe.Shifts {
		set, err := shiftedBy(x.data.Test, by)
		if err != nil {
			return err
		}
		shifted[by] = set
	}
	var jobs []lab.Job
	for _, name := range x.Recipe.Nets {
		for _, seed := range x.Seeds {
			one := x.nets[name][seed]
			jobs = append(jobs, lab.Job{Name: fmt.Sprintf("seed %d %s test", seed, name), Units: x.testWork(one.net, 1+len(shifted)), Run: func(ctx context.Context, task *lab.Task) error {
				e := x.evaluator(one.net, name)
				failure, _ := one.score()
				x.Metric(name+".validation_error", seed, failure)
				x.Metric(name+".parameters", seed, float64(count(one.net)))
				if err := x.test(ctx, e, x.data.Test, name+".test_error", seed); err != nil {
					return err
				}
				for _, by := range x.Recipe.Shifts {
					if err := x.test(ctx, e, shifted[by], shiftMetric(name, by), seed); err != nil {
						return err
					}
				}
				return nil
			}})
		}
	}
	for _, k := range kinds() {
		for _, seed := range x.Seeds {
			s := x.chosen[k.kind()][seed]
			jobs = append(jobs, lab.Job{Name: fmt.Sprintf("seed %d %s test", seed, s), Units: x.testWork(x.stacks[fromPlain][seed].net, 1), Run: func(ctx context.Context, task *lab.Task) error {
				return x.testFew(ctx, s)
			}})
		}
	}
	if err := x.Parallel(ctx, runtime.GOMAXPROCS(0), jobs); err != nil {
		return err
	}
	random := x.Values(fewMetric(fromRandom, "test_error"))
	for _, first := range []string{fromPlain, fromDenoising} {
		for i, e := range x.Values(fewMetric(first, "test_error")) {
			x.Metric(fewMetric(first, "gain"), x.Seeds[i], random[i]-e)
		}
	}
	return nil
}

// testFew measures a network that learned from few labels.
func (x *runner) testFew(ctx context.Context, s spec) error {
	one, test := x.few[s], x.data.Test
	failure, _ := one.score()
	x.Metric(fewMetric(s.kind(), "validation_error"), s.seed, failure)
	x.Metric(fewMetric(s.kind(), "rate"), s.seed, s.rate)
	if s.fixed {
		conv, err := newFew(x.Recipe, s.seed, x.data.Train, x.stacks[s.first][s.seed])
		if err != nil {
			return err
		}
		if test, err = codes(conv, test); err != nil {
			return err
		}
	}
	return x.test(ctx, x.evaluator(one.net, s.kind()), test, fewMetric(s.kind(), "test_error"), s.seed)
}

func shiftMetric(name string, by int) string     { return fmt.Sprintf("%s.shift_%d_error", name, by) }
func fewMetric(kind, what string) string         { return fmt.Sprintf("few.%s.%s", kind, what) }
func (r Recipe) has(name string) bool            { return slices.Contains(r.Nets, name) }
func (x *runner) percents(name string) []float64 { return lab.Scaled(x.Values(name), 100) }

func (x *runner) evaluator(net network, name string) *train.Evaluator {
	e := train.NewEvaluator(net)
	e.Compiler = x.Compiler.Under(name + " test")
	return e
}

func (x *runner) test(ctx context.Context, e *train.Evaluator, set *datasets.Set, metric string, seed uint64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	v, err := e.Run(set)
	if err != nil {
		return fmt.Errorf("test: %w", err)
	}
	x.Metric(metric, seed, trial.Value(v, "error"))
	return nil
}

// shiftedBy is a set whose images are shifted by so many pixels, along the rows, the columns or
// both, in the eight directions by turns; what comes in from outside is 0.
func shiftedBy(set *datasets.Set, by int) (*datasets.Set, error) {
	directions := [8][2]int{{0, 1}, {1, 1}, {1, 0}, {1, -1}, {0, -1}, {-1, -1}, {-1, 0}, {-1, 1}}
	h, w := set.Height, set.Width
	from := set.X.Float32s()
	to := make([]float32, len(from))
	planes := set.Dim() / (h * w)
	for n := range set.Len() {
		dy, dx := by*directions[n%8][0], by*directions[n%8][1]
		for p := range planes {
			plane := (n*planes + p) * h * w
			for i := max(0, dy); i < min(h, h+dy); i++ {
				for j := max(0, dx); j < min(w, w+dx); j++ {
					to[plane+i*w+j] = from[plane+(i-dy)*w+j-dx]
				}
			}
		}
	}
	return set.WithX(tensor.New(tensor.WithShape(set.Len(), set.Dim()), tensor.WithBacking(to)))
}
