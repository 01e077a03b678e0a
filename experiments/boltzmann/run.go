package main

import (
	"context"
	"fmt"
	"math"
	"runtime"

	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/models"
	"capas/train"

	"gorgonia.org/tensor"
)

// runner trains the machines of a run.
type runner struct {
	*lab.Run[Recipe]
	// intensities are the images as they come, binary those that are drawn from them.
	intensities, binary *datasets.Split
	examples            map[uint64]*datasets.Set // binary training images by seed
	outcomes            map[spec]*outcome
	tutorials           map[uint64]*outcome
	best                map[size]map[kind]float64 // rates, chosen on validation
	final               map[spec]*final
}

// outcome is what a training did.
type outcome struct {
	*trial.Outcome
	*machine // nil for the tutorials'
}

// score is the validation loss after the last epoch; +Inf if the training diverged.
func (o *outcome) score() float64 { return o.Best(lossName) }

// run trains the machines of the first seed at all rates and those of the others at the
// best one, measures them, reads the test set, and reports.
func run(ctx context.Context, r *lab.Run[Recipe]) error {
	data, err := datasets.Load(ctx, r.Data, datasets.Options{Dir: r.DataDir, Download: r.Download})
	if err != nil {
		return err
	}
	if most := max(r.Recipe.Images, r.Recipe.Tutorial.Images); most > data.Train.Len() {
		return fmt.Errorf("want at most %d images, as many as %s has, got %d", data.Train.Len(), data.Train.Name, most)
	}
	x := &runner{Run: r, intensities: data, binary: &datasets.Split{}, examples: map[uint64]*datasets.Set{}, outcomes: map[spec]*outcome{},
		tutorials: map[uint64]*outcome{}, best: map[size]map[kind]float64{exact: {}, large: {}}, final: map[spec]*final{}}
	for _, part := range []struct {
		name string
		from *datasets.Set
		to   **datasets.Set
	}{{"training", data.Train, &x.binary.Train}, {"validation", data.Validation, &x.binary.Validation}, {"test", data.Test, &x.binary.Test}} {
		if *part.to, err = binary(part.from, part.name); err != nil {
			return err
		}
	}
	for _, seed := range r.Seeds {
		if x.examples[seed], err = trial.Images(x.binary.Train, r.Recipe.Images, seed); err != nil {
			return err
		}
	}
	if err := x.learn(ctx); err != nil {
		return err
	}
	if err := x.finish(ctx); err != nil {
		return err
	}
	return report(x)
}

// learn trains all machines: at all rates for the first seed, then at the best ones for
// the others.
func (x *runner) learn(ctx context.Context) error {
	first := x.Seeds[0]
	var specs []spec
	for _, s := range sizes() {
		for _, k := range kinds() {
			for _, rate := range x.Recipe.machines(s).Rates {
				specs = append(specs, spec{s, k, rate, first})
			}
		}
	}
	jobs, err := x.jobs(specs)
	if err != nil {
		return err
	}
	for _, seed := range x.Seeds {
		j, err := x.tutorial(seed)
		if err != nil {
			return err
		}
		jobs = append(jobs, j)
	}
	if err := x.Parallel(ctx, runtime.GOMAXPROCS(0), jobs); err != nil {
		return err
	}
	for _, s := range sizes() {
		for _, k := range kinds() {
			least := math.Inf(1)
			for _, rate := range x.Recipe.machines(s).Rates {
				if score := x.outcomes[spec{s, k, rate, first}].score(); score < least {
					least, x.best[s][k] = score, rate
				}
			}
			if math.IsInf(least, 1) {
				return fmt.Errorf("%s machine, %s: want a rate at which it does not diverge, got %v", s, k, x.Recipe.machines(s).Rates)
			}
		}
	}
	specs = nil
	for _, seed := range x.Seeds[1:] {
		for _, s := range sizes() {
			for _, k := range kinds() {
				specs = append(specs, spec{s, k, x.best[s][k], seed})
			}
		}
	}
	if jobs, err = x.jobs(specs); err != nil {
		return err
	}
	return x.Parallel(ctx, runtime.GOMAXPROCS(0), jobs)
}

// jobs train machines, each from where an interrupted run stood.
func (x *runner) jobs(specs []spec) ([]lab.Job, error) {
	var jobs []lab.Job
	for _, s := range specs {
		data := x.examples[s.seed]
		m, err := newMachine(x.Recipe, s, data)
		if err != nil {
			return nil, err
		}
		o := &outcome{machine: m}
		x.outcomes[s] = o
		epochs := x.Recipe.machines(s.size).Train.Epochs
		t := trial.Trial{
			Seed: s.seed, Name: s.run(), Data: []*datasets.Set{data, x.binary.Validation},
			Epochs: map[string]int{stageName: epochs}, Work: map[string]int64{stageName: m.work(x.Recipe, data.Len())},
		}
		jobs = append(jobs, lab.Job{Name: fmt.Sprintf("seed %d %s", s.seed, s.run()), Units: t.Units(), Run: func(ctx context.Context, task *lab.Task) error {
			training, validation, err := x.held(s.seed)
			if err != nil {
				return err
			}
			t.Stages = append(t.Stages, m.stage(x.Recipe, data, func() (train.Values, error) { return m.measure(x.Recipe.Curve, training, validation) }))
			o.Outcome, err = trial.Run(ctx, x.Run, task, t)
			return err
		}})
	}
	return jobs, nil
}

// held are the images that epochs are measured on.
func (x *runner) held(seed uint64) (training, validation *tensor.Dense, err error) {
	a, err := x.examples[seed].Take(min(x.Recipe.Held, x.examples[seed].Len()))
	if err != nil {
		return nil, nil, err
	}
	b, err := x.binary.Validation.Take(min(x.Recipe.Held, x.binary.Validation.Len()))
	if err != nil {
		return nil, nil, err
	}
	return a.X, b.X, nil
}

// tutorial is the job of the tutorials' machine.
func (x *runner) tutorial(seed uint64) (lab.Job, error) {
	r, data := x.Recipe.Tutorial, x.intensities.Train
	if r.Images > 0 {
		var err error
		if data, err = data.View(0, r.Images); err != nil {
			return lab.Job{}, err
		}
	}
	m, err := newTutorial(r, seed, data.Dim())
	if err != nil {
		return lab.Job{}, err
	}
	t := m.trial(r, seed, data)
	o := &outcome{}
	x.tutorials[seed] = o
	return lab.Job{Name: fmt.Sprintf("seed %d tutorial", seed), Units: t.Units(), Run: func(ctx context.Context, task *lab.Task) (err error) {
		if o.Outcome, err = trial.Run(ctx, x.Run, task, t); err != nil {
			return err
		}
		if o.Diverged {
			return nil
		}
		return x.SaveModel(t.File(), m.CD.Model)
	}}, nil
}

// final is what is measured of a trained machine.
type final struct {
	logZ             float64 // by enumeration; NaN of a large machine
	forward, reverse models.AISEstimate
	// Log-likelihoods an image, by log Z where it is enumerated, otherwise by forward.
	training, validation, test float64
	pseudo, reconstruction     float64 // of the validation images
	// noise and digits are the mean free energies of the last states of Gibbs chains from
	// coin flips and from validation images, data that of the validation images.
	noise, digits, data float64
	shown               pictures
}

// nothing is what is known of a machine whose training diverged.
func nothing() *final {
	none := math.NaN()
	estimate := models.AISEstimate{LogZ: none, Low: none, High: none}
	return &final{
		logZ: none, forward: estimate, reverse: estimate, training: none, validation: none, test: none,
		pseudo: none, reconstruction: none, noise: none, digits: none, data: none,
	}
}

// finish measures the machines at the best rates.
func (x *runner) finish(ctx context.Context) error {
	var jobs []lab.Job
	for _, seed := range x.Seeds {
		for _, s := range sizes() {
			for _, k := range kinds() {
				sp := spec{s, k, x.best[s][k], seed}
				o := x.outcomes[sp]
				f := nothing()
				x.final[sp] = f
				if o.Diverged { // at a rate that the first seed bore
					continue
				}
				units := 8 * int64(o.Visible()) * int64(o.Hidden()) * int64(x.Recipe.final(s).Steps*x.Recipe.final(s).Chains)
				jobs = append(jobs, lab.Job{Name: fmt.Sprintf("seed %d %s measured", seed, sp.run()), Units: units, Run: func(ctx context.Context, task *lab.Task) error {
					defer task.Add(units)
					if err := x.measure(ctx, o.machine, f); err != nil {
						return err
					}
					return x.SaveModel(sp.file(), o.RBM)
				}})
			}
		}
	}
	return x.Parallel(ctx, runtime.GOMAXPROCS(0), jobs)
}
