package main

import (
	"context"
	"fmt"
	"math"
	"runtime"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/models"
	"capas/pretrain"
)

// spec says which network is trained.
type spec struct {
	function   string
	noisy      bool // on few points with noise, otherwise on a grid without
	activation blocks.Activation
	width      int
	rate       float64
	seed       uint64
}

// task names what the network learns.
func (s spec) task() string {
	if s.noisy {
		return "noisy-" + s.function
	}
	return s.function
}

// name of the network, unique within its seed.
func (s spec) name() string {
	return fmt.Sprintf("%s-%s-width-%d-rate-%g", s.task(), s.activation, s.width, s.rate)
}

// outcome is what one network did.
type outcome struct {
	net *models.MLP
	*trial.Outcome
}

// run trains the networks of every function, activation, width, rate and seed, and
// reports.
func run(ctx context.Context, r *lab.Run[Recipe]) error {
	specs, err := allSpecs(r.Recipe, r.Seeds)
	if err != nil {
		return err
	}
	outcomes, known := make([]outcome, len(specs)), map[spec]*lesson{}
	var jobs []lab.Job
	for i, s := range specs {
		which := spec{function: s.function, noisy: s.noisy}
		if s.noisy {
			which.seed = s.seed // each has its own points
		}
		if known[which] == nil {
			if known[which], err = newLesson(r.Recipe, s); err != nil {
				return err
			}
		}
		t, net, err := known[which].trial(r.Recipe, s)
		if err != nil {
			return err
		}
		outcomes[i].net = net
		jobs = append(jobs, lab.Job{
			Name: fmt.Sprintf("seed %d %s", s.seed, s.name()), Units: t.Units(),
			Run: func(ctx context.Context, task *lab.Task) (err error) {
				outcomes[i].Outcome, err = trial.Run(ctx, r, task, t)
				return err
			},
		})
	}
	if err := r.Parallel(ctx, runtime.GOMAXPROCS(0), jobs); err != nil {
		return err
	}
	by := map[spec]outcome{}
	for i, s := range specs {
		by[s] = outcomes[i]
	}
	return report(ctx, r, by)
}

// allSpecs are the networks of an experiment.
func allSpecs(r Recipe, seeds []uint64) ([]spec, error) {
	var all []spec
	add := func(s spec) {
		for _, s.seed = range seeds {
			for _, s.width = range r.Widths {
				for _, s.rate = range r.Rates {
					all = append(all, s)
				}
			}
		}
	}
	for _, name := range r.Functions {
		f, err := find(name)
		if err != nil {
			return nil, err
		}
		for _, a := range r.activations(f.variables) {
			add(spec{function: name, activation: a})
		}
	}
	add(spec{function: r.Noisy, noisy: true, activation: r.Activation})
	return all, nil
}

// lesson is what networks learn, the same set for all of them.
type lesson struct {
	variables int
	// once has the points; data has them as often as an epoch passes through them.
	once, data *datasets.Set
}

func newLesson(r Recipe, s spec) (*lesson, error) {
	f, err := find(s.function)
	if err != nil {
		return nil, err
	}
	p, _, _ := grids(f, r)
	y := p.values(f)
	if s.noisy {
		p, y = sample(f, r, "training", s.seed)
	}
	l := &lesson{variables: f.variables}
	if l.once, err = set(s.task(), p, y, 1); err != nil {
		return nil, err
	}
	l.data, err = set(s.task()+", repeated", p, y, r.Passes)
	return l, err
}

// trial returns the training of a network, and the network with its first weights. It
// ends with the parameters that had the smallest error on the points that are learned:
// the question is what fits them, and nothing stops it early.
func (l *lesson) trial(r Recipe, s spec) (trial.Trial, *models.MLP, error) {
	net, err := newNetwork(s.activation, l.variables, s.width, s.seed)
	if err != nil {
		return trial.Trial{}, nil, err
	}
	n := l.once.Len()
	stage := pretrain.Supervised("loss", net, r.training(s.rate, n), l.data, l.once, nil)
	return trial.Trial{
		Seed: s.seed, Name: s.name(), Stages: []pretrain.Stage{stage}, Data: []*datasets.Set{l.once},
		Epochs: map[string]int{stage.Name: r.Epochs}, Work: map[string]int64{stage.Name: work(r, s.width, l.variables, n)},
	}, net, nil
}

// work of an epoch, by and large in floating-point operations: what a step costs
// whatever its size, and three products of every weight and example.
func work(r Recipe, width, inputs, points int) int64 {
	const step = 50_000
	return int64(r.Passes) * (step + 6*int64(width)*int64(inputs+4)*int64(points))
}

// best is the rate at which networks of the given kind fit their points best, by the mean
// of the loss over the seeds.
func best(r Recipe, seeds []uint64, by map[spec]outcome, s spec) (rate float64, err error) {
	least := math.Inf(1)
	for _, s.rate = range r.Rates {
		var sum float64
		for _, s.seed = range seeds {
			sum += by[s].Best("loss")
		}
		if sum < least {
			least, rate = sum, s.rate
		}
	}
	if math.IsInf(least, 1) {
		return 0, fmt.Errorf("%s, %s, width %d: want a learning rate at which no seed diverges, got %v", s.task(), s.activation, s.width, r.Rates)
	}
	return rate, nil
}
