package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"

	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/models"
	"capas/random"
	"capas/train"
)

// result is what came out for one set and method.
type result struct {
	set, method string
	// short are the validation errors of all draws, in their order, and long those of the
	// kept ones, by number, after the whole training; +Inf where the training diverged.
	short []float64
	long  map[int]float64
	// chosen is the kept draw with the smallest validation error.
	chosen draw
	// validation and test are the chosen networks' errors by seed, +Inf and NaN of one that
	// diverged; epoch is the one of fine-tuning, of epochs, that was kept with the first seed.
	validation, test []float64
	epoch, epochs    int
	// filters are the first layer's weights after pretraining, with the first seed; none
	// of the perceptron.
	filters [][]float32
	// diverged are the trainings of the chosen draw that did, with another seed than the first.
	diverged trial.Divergences
}

// images are what the report shows and says of a set.
type images struct {
	set                     string
	train, validation, test int
	height, width           int
	examples                [][]float32
}

// runner trains the networks of one set.
type runner struct {
	*lab.Run[Recipe]
	set   string
	data  *datasets.Split
	draws []draw
}

// network is one that was trained, or is to be.
type network struct {
	spec
	net     *models.MLP
	trial   trial.Trial
	outcome *trial.Outcome
	filters [][]float32
	test    float64
}

// run makes one set after the other, searches it with every method and measures what was
// chosen, and reports.
func run(ctx context.Context, r *lab.Run[Recipe]) error {
	r.Progress.Expect(expected(r.Recipe, r.Seeds))
	var results []result
	var sets []images
	for _, name := range r.Recipe.Sets {
		x := &runner{Run: r, set: name, draws: drawsOf(r.Recipe, name, r.Seeds[0])}
		f := familyOf(name)
		var err error
		// The set is the same for all seeds, as the published ones are for all trainings.
		x.data, err = datasets.Generate(ctx, name, random.New(r.Seeds[0]), datasets.GenerateOptions{
			Train: size(f.train, r.Recipe.Train), Validation: size(f.validation, r.Recipe.Validation), Test: size(f.test, r.Recipe.Test),
			MNIST: datasets.Options{Dir: r.DataDir, Download: r.Download},
		})
		if err != nil {
			return err
		}
		some, err := x.run(ctx)
		if err != nil {
			return err
		}
		results = append(results, some...)
		sets = append(sets, x.images())
	}
	return report(r, sets, results)
}

// drawsOf are the draws of a set, the same for all methods.
func drawsOf(r Recipe, set string, seed uint64) []draw {
	return r.Space.draws(r.Draws, random.New(seed).Split("draws "+set))
}

// run searches with every method, trains what was chosen with the other seeds too, and
// reads the test images, once.
func (x *runner) run(ctx context.Context) ([]result, error) {
	var tried, kept, others []*network
	for _, m := range x.Recipe.Methods {
		for _, d := range x.draws {
			tried = append(tried, &network{spec: spec{x.set, m, d, false, x.Seeds[0]}})
		}
	}
	if err := x.learn(ctx, tried); err != nil {
		return nil, err
	}
	for _, m := range x.Recipe.Methods {
		for _, n := range best(tried, m)[:x.Recipe.Keep] {
			kept = append(kept, &network{spec: spec{x.set, m, n.draw, true, n.seed}})
		}
	}
	if err := x.learn(ctx, kept); err != nil {
		return nil, err
	}
	var chosen []*network
	for _, m := range x.Recipe.Methods {
		n := best(kept, m)[0]
		if n.outcome.Diverged {
			return nil, fmt.Errorf("%s, %s: the training diverged with each of the %d best draws: %w", x.set, m, x.Recipe.Keep, n.outcome.Err)
		}
		chosen = append(chosen, n)
		if err := x.SaveModel(n.trial.File(), n.net); err != nil {
			return nil, err
		}
		for _, seed := range x.Seeds[1:] {
			others = append(others, &network{spec: spec{x.set, m, n.draw, true, seed}})
		}
	}
	if err := x.learn(ctx, others); err != nil {
		return nil, err
	}
	if err := x.measure(ctx, append(chosen, others...)); err != nil {
		return nil, err
	}
	return x.results(tried, kept, chosen, others)
}

// best are a method's networks from the smallest validation error up; of equal errors,
// the smaller cross-entropy is first.
func best(of []*network, method string) []*network {
	own := slices.DeleteFunc(slices.Clone(of), func(n *network) bool { return n.method != method })
	slices.SortStableFunc(own, func(a, b *network) int {
		return cmp.Or(cmp.Compare(a.outcome.Best("error"), b.outcome.Best("error")), cmp.Compare(a.outcome.Best("loss"), b.outcome.Best("loss")))
	})
	return own
}

// learn trains networks, each in a job.
func (x *runner) learn(ctx context.Context, all []*network) error {
	var jobs []lab.Job
	for _, n := range all {
		epochs, work := plan(x.Recipe, n.spec, x.data.Train.Dim(), x.data.Train.Classes, x.data.Train.Len(), x.data.Validation.Len())
		n.trial = trial.Trial{
			Seed: n.seed, Name: n.String(), Data: []*datasets.Set{x.data.Train, x.data.Validation},
			Epochs: epochs, Work: work, Forget: !n.long,
		}
		jobs = append(jobs, lab.Job{Name: fmt.Sprintf("seed %d %s", n.seed, n), Units: n.trial.Units(), Run: func(ctx context.Context, task *lab.Task) error {
			net, stages, err := newNetwork(x.Recipe, n.spec, x.data)
			if err != nil {
				return err
			}
			t := n.trial
			t.Stages = stages
			if n.long && n.seed == x.Seeds[0] {
				t.AfterStage = func(stage string, _ *train.History) error {
					if stage == "layer 1" {
						n.filters = filters(net, x.data.Train)
					}
					return nil
				}
			}
			if n.outcome, err = trial.Run(ctx, x.Run, task, t); n.long {
				n.net = net
			}
			return err
		}})
	}
	return x.Parallel(ctx, runtime.GOMAXPROCS(0), jobs)
}

// measure reads the test images.
func (x *runner) measure(ctx context.Context, all []*network) error {
	var jobs []lab.Job
	for _, n := range all {
		jobs = append(jobs, lab.Job{Name: fmt.Sprintf("seed %d %s test", n.seed, n), Units: testWork(n.draw, x.data.Test.Dim(), x.data.Test.Len()), Run: func(context.Context, *lab.Task) error {
			if n.outcome.Diverged { // with this seed alone
				n.test = math.NaN()
				return nil
			}
			e := train.NewEvaluator(n.net)
			e.Compiler = x.Compiler.Under(n.String() + " test")
			values, err := e.Run(x.data.Test)
			n.test = trial.Value(values, "error")
			return err
		}})
	}
	return x.Parallel(ctx, runtime.GOMAXPROCS(0), jobs)
}

// testWork is the work of evaluating a network, in the units of plan.
func testWork(d draw, inputs, images int) int64 {
	return 2 * int64(d.width) * int64(inputs+(d.depth-1)*d.width) * int64(images)
}

// expected is about the work of the whole run: which draws are kept is not known before,
// so that these count as the mean of all.
func expected(r Recipe, seeds []uint64) (total int64) {
	const inputs, classes = 28 * 28, 10
	for _, set := range r.Sets {
		f := familyOf(set)
		train, validation := size(f.train, r.Train), size(f.validation, r.Validation)
		for _, m := range r.Methods {
			var long int64
			for _, d := range drawsOf(r, set, seeds[0]) {
				for _, s := range []spec{{set, m, d, false, 0}, {set, m, d, true, 0}} {
					epochs, work := plan(r, s, inputs, classes, train, validation)
					units := trial.Trial{Epochs: epochs, Work: work}.Units()
					if s.long {
						long += units + testWork(d, inputs, size(f.test, r.Test))
					} else {
						total += units
					}
				}
			}
			total += long / int64(r.Draws) * int64(r.Keep+len(seeds)-1)
		}
	}
	return total
}

// results are those of all methods.
func (x *runner) results(tried, kept, chosen, others []*network) ([]result, error) {
	var out []result
	for _, c := range chosen {
		res := result{set: x.set, method: c.method, long: map[int]float64{}, chosen: c.draw, epoch: c.outcome.Last().Best, epochs: c.trial.Epochs[fineTuning], filters: c.filters}
		for _, n := range tried {
			if n.method == c.method {
				res.short = append(res.short, n.outcome.Best("error"))
			}
		}
		for _, n := range kept {
			if n.method == c.method {
				res.long[n.draw.number] = n.outcome.Best("error")
			}
		}
		for _, n := range append([]*network{c}, others...) {
			if n.method == c.method {
				res.validation, res.test = append(res.validation, n.outcome.Best("error")), append(res.test, n.test)
				res.diverged.Add(n.String(), n.seed, n.outcome)
			}
		}
		out = append(out, res)
	}
	return out, nil
}
