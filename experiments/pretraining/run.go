package main

import (
	"context"
	"fmt"
	"runtime"

	"capas/datasets"
	"capas/experiments/lab"
	"capas/pretrain"
	"capas/random"
	"capas/train"
)

// outcome is what one network of one initialisation and seed did.
type outcome struct {
	fineTune *train.History
	test     train.Values
	pictures *pictures // of the first seed's networks
}

// run trains every initialisation with every seed, as many networks at a time as there
// are cores, and reports.
func run(ctx context.Context, r *lab.Run[Recipe]) error {
	data, err := datasets.Load(ctx, r.Data, datasets.Options{Dir: r.DataDir, Download: r.Download})
	if err != nil {
		return err
	}
	outcomes := make([][]*outcome, len(r.Recipe.Inits)) // by initialisation and seed
	var jobs []lab.Job
	for i := range r.Recipe.Inits {
		outcomes[i] = make([]*outcome, len(r.Seeds))
	}
	for s, seed := range r.Seeds {
		for i, init := range r.Recipe.Inits {
			j := &job{run: r, data: data, init: init, seed: seed, draw: s == 0}
			jobs = append(jobs, lab.Job{
				Name: fmt.Sprintf("seed %d %s", seed, init), Units: j.units(),
				Run: func(ctx context.Context, t *lab.Task) (err error) {
					outcomes[i][s], err = j.train(ctx, t)
					return err
				},
			})
		}
	}
	if err := r.Parallel(ctx, runtime.GOMAXPROCS(0), jobs); err != nil {
		return err
	}
	return report(r, data, outcomes)
}

// job trains one network.
type job struct {
	run  *lab.Run[Recipe]
	data *datasets.Split
	init string
	seed uint64
	draw bool // keep what the figures show
}

// epochs of each stage of the recipe.
func (j *job) epochs() map[string]int {
	r := j.run.Recipe
	out := map[string]int{"top layer": r.TopEpochs, "fine-tuning": r.FineTune.Epochs}
	for l := range r.Layers {
		switch j.init {
		case initDBN:
			out[fmt.Sprintf("layer %d", l+1)] = r.DBN.Train.Epochs
			out[unrolledStage] = r.JointEpochs
		case initSDAE:
			out[fmt.Sprintf("layer %d", l+1)] = r.SDAE.Train.Epochs
			out[unrolledStage] = r.JointEpochs
		}
	}
	return out
}

// work of an epoch of each stage.
func (j *job) work() map[string]int64 {
	n := j.data.Train.Len()
	if j.run.Recipe.Images > 0 {
		n = j.run.Recipe.Images
	}
	return work(j.run.Recipe, j.init, j.data.Train.Dim(), j.data.Train.Classes, n)
}

func (j *job) units() (total int64) {
	work := j.work()
	for stage, epochs := range j.epochs() {
		total += int64(epochs) * work[stage]
	}
	return total
}

// train runs the network's stages, from where an interrupted run stood, and evaluates
// it on the test set, once.
func (j *job) train(ctx context.Context, t *lab.Task) (*outcome, error) {
	data := *j.data
	if n := j.run.Recipe.Images; n > 0 {
		var err error
		if data.Train, err = data.Train.Sample(n, random.New(j.seed).Split("images")); err != nil {
			return nil, err
		}
	}
	net, err := newNetwork(j.run.Recipe, j.init, j.seed, &data)
	if err != nil {
		return nil, err
	}
	o := &outcome{}
	if j.draw {
		o.pictures = &pictures{}
	}
	name := fmt.Sprintf("seed-%d-%s", j.seed, j.init)
	store, err := j.run.Checkpoints(name, j.data.Train, j.data.Validation)
	if err != nil {
		return nil, err
	}
	if net.pretraining == 0 && o.pictures != nil {
		if err := o.pictures.before(net, &data, j.run.Recipe, j.seed); err != nil {
			return nil, err
		}
	}
	done, work, epochs := 0, j.work(), j.epochs()
	p := pretrain.Pipeline{
		Stages: net.stages, Store: store, SaveEvery: j.run.CheckpointEvery, Profile: j.run.Profile.Under(j.init),
		AfterEpoch: func(stage string, e train.Epoch, loaded bool) error {
			if loaded {
				t.Skip(work[stage])
			} else {
				t.Say("%s", describe(stage, e, epochs[stage]))
				t.Add(work[stage])
			}
			j.run.Log(j.seed, j.init, newLine(stage, e))
			return nil
		},
		AfterStage: func(stage string, h *train.History) error {
			done++
			if done != net.pretraining {
				return nil
			}
			if err := j.run.SaveModel(name+"-pretrained", net.pretrained()); err != nil {
				return err
			}
			if o.pictures == nil {
				return nil
			}
			return o.pictures.before(net, &data, j.run.Recipe, j.seed)
		},
	}
	histories, err := p.Run(ctx)
	if err != nil {
		return nil, err
	}
	if err := j.run.SaveModel(name, net.net); err != nil {
		return nil, err
	}
	if o.fineTune = histories[len(histories)-1]; o.fineTune.Best < 1 {
		return nil, fmt.Errorf("%s: want fine-tuning with a best epoch, got a history of %d epochs without", store.Last(), len(o.fineTune.Epochs))
	}
	if o.pictures != nil {
		o.pictures.after = filters(net.net.Layers[0].W, data.Train)
	}
	test := train.NewEvaluator(net.net)
	test.Profile = j.run.Profile.Under(j.init + " test")
	if o.test, err = test.Run(data.Test); err != nil {
		return nil, fmt.Errorf("test: %w", err)
	}
	return o, nil
}

// line is a line of metrics.jsonl.
type line struct {
	Stage      string             `json:"stage"`
	Epoch      int                `json:"epoch"`
	Train      map[string]float64 `json:"train"`
	Validation map[string]float64 `json:"validation,omitempty"`
	GradNorms  map[string]float64 `json:"grad_norms,omitempty"`
	Seconds    float64            `json:"seconds,omitempty"`
}

func newLine(stage string, e train.Epoch) line {
	return line{stage, e.Epoch, byName(e.Train), byName(e.Validation), byName(e.GradNorms), e.Seconds}
}

func byName(v train.Values) map[string]float64 {
	if v == nil {
		return nil
	}
	out := map[string]float64{}
	for _, x := range v {
		out[x.Name] = x.Value
	}
	return out
}

// describe is the message of an epoch beside the progress bar.
func describe(stage string, e train.Epoch, epochs int) string {
	s := fmt.Sprintf("%s, epoch %d/%d", stage, e.Epoch, epochs)
	if v, ok := e.Validation.Get("error"); ok {
		return fmt.Sprintf("%s, validation error %.2f %%", s, 100*v)
	}
	for _, v := range e.Train {
		return fmt.Sprintf("%s, %s %.4g", s, v.Name, v.Value)
	}
	return s
}
