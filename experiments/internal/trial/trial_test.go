package trial_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"

	"gorgonia.org/tensor"
)

// recipe of an experiment that trains one network, in two stages.
type recipe struct {
	Rate float64 `json:"rate"`
}

// run runs the experiment into out and returns what its training did.
func run(t *testing.T, out string, rate float64, more ...string) *trial.Outcome {
	t.Helper()
	var outcome *trial.Outcome
	e := lab.Experiment[recipe]{
		Name: "trial", Presets: map[string]recipe{"lecture": {rate}},
		Run: func(ctx context.Context, r *lab.Run[recipe]) error {
			set := corners(t)
			net, err := models.NewMLP("net", []int{2, 3, 2}, blocks.Linear(), blocks.Glorot(), blocks.Glorot(), random.New(1))
			if err != nil {
				return err
			}
			first := train.Recipe{Optimizer: train.SGD(0.1), Epochs: 2, Batch: 2}
			second := train.Recipe{Optimizer: train.SGD(r.Recipe.Rate), Epochs: 3, Batch: 2}
			what := trial.Trial{
				Seed: 1, Name: "net", Data: []*datasets.Set{set},
				Stages: []pretrain.Stage{pretrain.Joint("joint", net, first, set, random.New(2)), pretrain.Supervised("loss", net, second, set, set, random.New(3))},
				Epochs: map[string]int{"joint": 2, "training": 3}, Work: map[string]int64{"joint": 10, "training": 100},
			}
			if what.Units() != 2*10+3*100 {
				t.Errorf("%d units", what.Units())
			}
			if err := r.Parallel(ctx, 1, []lab.Job{{Name: "net", Units: what.Units(), Run: func(ctx context.Context, task *lab.Task) error {
				outcome, err = trial.Run(ctx, r, task, what)
				return err
			}}}); err != nil {
				return err
			}
			assigned(t, r, what, net, outcome.Diverged)
			return nil
		},
	}
	var stderr bytes.Buffer
	if status := lab.Main(e, append(more, "-out", out, "-progress", "none"), &bytes.Buffer{}, &stderr); status != 0 {
		t.Fatalf("status %d: %s", status, stderr.String())
	}
	return outcome
}

// assigned checks that Assign gives back what the last stage ended with, and fails where
// the training diverged.
func assigned(t *testing.T, r *lab.Run[recipe], what trial.Trial, net *models.MLP, diverged bool) {
	t.Helper()
	var want [][]float32
	for _, p := range net.Params() {
		want = append(want, slices.Clone(p.Value.Float32s()))
		clear(p.Value.Float32s())
	}
	if err := trial.Assign(r, what, net.Params()); diverged != (err != nil) {
		t.Errorf("diverged %v, and Assign: %v", diverged, err)
	}
	for i, p := range net.Params() {
		if !diverged && !slices.Equal(p.Value.Float32s(), want[i]) {
			t.Errorf("%s: want %v, got %v", p.Name, want[i], p.Value)
		}
	}
}

// corners are the four corners of a square, of two classes.
func corners(t *testing.T) *datasets.Set {
	t.Helper()
	x := tensor.New(tensor.WithShape(4, 2), tensor.WithBacking([]float32{0, 0, 0, 1, 1, 0, 1, 1}))
	set, err := datasets.NewSet("corners", x, []uint8{0, 1, 1, 0}, 2, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestRun(t *testing.T) {
	out := t.TempDir()
	o := run(t, out, 0.5)
	if o.Diverged || len(o.Histories) != 2 || len(o.Histories[0].Epochs) != 2 || len(o.Last().Epochs) != 3 {
		t.Fatalf("want two stages of 2 and 3 epochs, got %+v", o)
	}
	least := math.Inf(1)
	for _, e := range o.Last().Epochs {
		least = min(least, trial.Value(e.Validation, "loss"))
	}
	if o.Best("loss") != least {
		t.Errorf("best loss %g, want the least, %g", o.Best("loss"), least)
	}
	if s := trial.Curve("n", []*train.History{o.Last(), o.Histories[0]}, trial.TrainingLoss); !slices.Equal(s.X, []float64{1, 2, 3}) || len(s.Y[0]) != 3 || len(s.Y[1]) != 2 || s.Y[0][2] != trial.Value(o.Last().Epochs[2].Train, "loss") {
		t.Errorf("curve %+v", s)
	}
	if !math.IsNaN(trial.Value(o.Last().Epochs[0].Train, "accuracy")) {
		t.Error("a value that is not there: want NaN")
	}
	// The log has an epoch a line.
	log, err := os.ReadFile(filepath.Join(out, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var stages []string
	for text := range strings.Lines(string(log)) {
		var l struct{ Run, Stage string }
		if err := json.Unmarshal([]byte(text), &l); err != nil || l.Run != "net" {
			t.Errorf("%q: %v", text, err)
		}
		stages = append(stages, l.Stage)
	}
	if !slices.Equal(stages, []string{"joint", "joint", "training", "training", "training"}) {
		t.Errorf("stages of the log: %v", stages)
	}
	// A resumed run loads it all.
	again := run(t, out, 0.5, "-resume")
	if again.Best("loss") != least || len(again.Histories) != 2 {
		t.Errorf("resumed: %+v", again)
	}
}

// A training that diverges is an outcome, with the epochs before.
func TestDivergence(t *testing.T) {
	out := t.TempDir()
	o := run(t, out, 1e38)
	if !o.Diverged || !errors.Is(o.Err, train.ErrDiverged) || !math.IsInf(o.Best("loss"), 1) || len(o.Histories[0].Epochs) != 2 || o.Last().Best != 0 {
		t.Errorf("got %+v", o)
	}
	if again := run(t, out, 1e38, "-resume"); !again.Diverged || again.Err.Error() != o.Err.Error() {
		t.Errorf("resumed: %v, want %v", again.Err, o.Err)
	}
}

// A training that was below the target and then diverged did not reach it.
func TestReached(t *testing.T) {
	h := &train.History{Best: 2, Epochs: []train.Epoch{
		{Epoch: 1, Validation: train.Values{{Name: "error", Value: 0.3}}}, {Epoch: 2, Validation: train.Values{{Name: "error", Value: 0.1}}},
	}}
	for _, c := range []struct {
		below    float64
		diverged bool
		want     float64
	}{{0.2, false, 2}, {0.05, false, 6}, {0.2, true, 6}} {
		o := &trial.Outcome{Histories: []*train.History{h}, Diverged: c.diverged}
		if got := o.Reached("error", c.below, 5); got != c.want {
			t.Errorf("%+v: got %g", c, got)
		}
	}
}
