// Package trial trains the networks of experiments: each is a pipeline that is logged,
// shows its progress, and goes on where an interrupted run stood.
//
//   - Trial, Run: one network, in a job of lab.Parallel; Outcome: its histories, or that
//     it diverged; Assign: the parameters that it left; Divergences: those of a run that did
//   - Images: a seed's part of the training images
//   - Curve: what the epochs gave, as a series of a chart; Value: one of their values
package trial

import (
	"context"
	"errors"
	"fmt"
	"math"

	"capas/datasets"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
	"capas/pretrain"
	"capas/random"
	"capas/train"
)

// Trial is one network to be trained.
type Trial struct {
	// Seed and Name tell it from the run's others. Name, such as "tanh-xavier", heads its
	// lines in the log, and File is the name of its files.
	Seed uint64
	Name string
	// Stages train it.
	Stages []pretrain.Stage
	// Data are the sets that the stages read. Its checkpoints belong to them.
	Data []*datasets.Set
	// Epochs of each stage by its name, and the Work of one of them in units of the job.
	Epochs map[string]int
	Work   map[string]int64
	// AfterStage, if not nil, is called when a stage is complete, loaded or run.
	AfterStage func(stage string, h *train.History) error
	// Forget leaves, of a training that is complete, the histories alone in its
	// checkpoints: for the many networks of a search, of which nothing but a number is
	// wanted. Loaded again, the network has the parameters that it was made with.
	Forget bool
}

// File is "seed-S-Name", the name of the network's checkpoints and model.
func (t Trial) File() string { return fmt.Sprintf("seed-%d-%s", t.Seed, t.Name) }

// Units is the work of all epochs: lab.Job.Units.
func (t Trial) Units() (total int64) {
	for stage, epochs := range t.Epochs {
		total += int64(epochs) * t.Work[stage]
	}
	return total
}

// Outcome is what the training of a network did.
type Outcome struct {
	// Histories of the stages, in their order. If the training diverged, that of the last
	// stage that began has the epochs before, and no best one.
	Histories []*train.History
	// Diverged tells that a loss or parameter became infinite or no number, and Err says
	// which and where.
	Diverged bool
	Err      error
}

// Last is the history of the last stage.
func (o *Outcome) Last() *train.History { return o.Histories[len(o.Histories)-1] }

// Best is the named validation value after the epoch whose parameters were kept; +Inf if
// the training diverged.
func (o *Outcome) Best(name string) float64 {
	h := o.Last()
	if o.Diverged || h.Best < 1 {
		return math.Inf(1)
	}
	return Value(h.Epochs[h.Best-1].Validation, name)
}

// Reached is the first epoch of the last stage after which the named validation value was
// below the given one; one more than all epochs if there was none, or if the training
// diverged later.
func (o *Outcome) Reached(name string, below float64, epochs int) float64 {
	if !o.Diverged {
		for _, e := range o.Last().Epochs {
			if Value(e.Validation, name) < below {
				return float64(e.Epoch)
			}
		}
	}
	return float64(epochs + 1)
}

// Run trains a network, from where an interrupted run stood. A training that diverges is
// an outcome, not an error.
func Run[R any](ctx context.Context, run *lab.Run[R], task *lab.Task, t Trial) (*Outcome, error) {
	store, err := run.Checkpoints(t.File(), t.Data...)
	if err != nil {
		return nil, err
	}
	var keeps pretrain.Store = store
	if t.Forget {
		keeps = forgetful{store, t.Stages}
	}
	at, o := "", &Outcome{} // the stage under way, whose history grows until it is complete
	p := pretrain.Pipeline{
		Stages: t.Stages, Store: keeps, SaveEvery: run.CheckpointEvery, Compiler: run.Compiler.Under(t.Name), AfterStage: t.AfterStage,
		AfterEpoch: func(stage string, e train.Epoch, loaded bool) error {
			if loaded {
				task.Skip(t.Work[stage])
			} else {
				task.Say("%s", describe(stage, e, t.Epochs[stage]))
				task.Add(t.Work[stage])
			}
			if stage != at {
				at, o.Histories = stage, append(o.Histories, &train.History{})
			}
			h := o.Last()
			h.Epochs = append(h.Epochs, e)
			run.Log(t.Seed, t.Name, newLine(stage, e))
			return nil
		},
	}
	if job := task.Live(); job != nil {
		job.Pipeline(t.Seed, t.Name, t.Stages, t.Epochs)
		p.Between = job.Between
	}
	histories, err := p.Run(ctx)
	switch {
	case errors.Is(err, train.ErrDiverged):
		o.Diverged, o.Err = true, err
		if len(o.Histories) == 0 {
			o.Histories = append(o.Histories, &train.History{})
		}
		return o, nil
	case err != nil:
		return nil, err
	}
	o.Histories = histories
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
	for _, v := range append(e.Validation, e.Train...) {
		return fmt.Sprintf("%s, %s %.4g", s, v.Name, v.Value)
	}
	return s
}

// Value is a value by name; NaN, which charts leave out, if it is not there.
func Value(v train.Values, name string) float64 {
	x, ok := v.Get(name)
	if !ok {
		return math.NaN()
	}
	return x
}

// Curve is the series of a chart over epochs 1, 2, … with a row for each of the
// histories, of different seeds, that are given.
func Curve(name string, histories []*train.History, of func(train.Epoch) float64) figure.Series {
	s := figure.Series{Name: name}
	for _, h := range histories {
		var row []float64
		for _, e := range h.Epochs {
			row = append(row, of(e))
		}
		for len(s.X) < len(row) {
			s.X = append(s.X, float64(len(s.X)+1))
		}
		s.Y = append(s.Y, row)
	}
	return s
}

// ValidationError is an epoch's validation error in percent, for Curve.
func ValidationError(e train.Epoch) float64 { return 100 * Value(e.Validation, "error") }

// TrainingLoss is an epoch's mean training loss, for Curve.
func TrainingLoss(e train.Epoch) float64 { return Value(e.Train, "loss") }

// Images are n images of a set, balanced over the classes, drawn with the seed's stream
// "images"; all if n is 0.
func Images(set *datasets.Set, n int, seed uint64) (*datasets.Set, error) {
	if n == 0 {
		return set, nil
	}
	return set.Sample(n, random.New(seed).Split("images"))
}
