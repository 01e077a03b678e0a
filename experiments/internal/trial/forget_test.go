package trial_test

import (
	"bytes"
	"context"
	"path/filepath"
	"slices"
	"testing"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"
)

// A complete training that is to be forgotten leaves its histories alone, in both files,
// and a resumed run has them from there.
func TestForget(t *testing.T) {
	out := t.TempDir()
	var weights []float32 // of the first layer at the end
	run := func(more ...string) (o *trial.Outcome) {
		weights = nil
		e := lab.Experiment[recipe]{
			Name: "trial", Presets: map[string]recipe{"lecture": {0.5}},
			Run: func(ctx context.Context, r *lab.Run[recipe]) error {
				set := corners(t)
				net, err := models.NewMLP("net", []int{2, 3, 2}, blocks.Linear(), blocks.Glorot(), blocks.Glorot(), random.New(1))
				if err != nil {
					return err
				}
				one := train.Recipe{Optimizer: train.SGD(r.Recipe.Rate), Epochs: 2, Batch: 2}
				what := trial.Trial{
					Seed: 1, Name: "net", Data: []*datasets.Set{set}, Forget: true,
					Stages: []pretrain.Stage{pretrain.Joint("joint", net, one, set, random.New(2)), pretrain.Supervised("loss", net, one, set, set, random.New(3))},
				}
				return r.Parallel(ctx, 1, []lab.Job{{Name: "net", Run: func(ctx context.Context, task *lab.Task) error {
					o, err = trial.Run(ctx, r, task, what)
					weights = slices.Clone(net.Layers[0].W.Value.Float32s())
					return err
				}}})
			},
		}
		var stderr bytes.Buffer
		if status := lab.Main(e, append(more, "-out", out, "-progress", "none"), &bytes.Buffer{}, &stderr); status != 0 {
			t.Fatalf("status %d: %s", status, stderr.String())
		}
		return o
	}
	first := run()
	trained := weights
	for _, path := range (&pretrain.Files{Path: filepath.Join(out, "checkpoints", "seed-1-net")}).Generations() {
		c, err := pretrain.ReadCheckpoint(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(c.State.Done) != 2 || c.State.Current != nil {
			t.Fatalf("%s is at %v", path, c.State)
		}
		for _, d := range c.State.Done {
			if len(d.Params) != 0 || len(d.History.Epochs) != 2 {
				t.Errorf("%s, %s: %d parameters, %d epochs, want none and 2", path, d.Stage, len(d.Params), len(d.History.Epochs))
			}
		}
	}
	again := run("-resume")
	if again.Best("loss") != first.Best("loss") || len(again.Histories) != 2 {
		t.Errorf("resumed: %+v, want %+v", again, first)
	}
	if slices.Equal(weights, trained) {
		t.Error("the resumed run has the trained weights: something else than histories was kept")
	}
}
