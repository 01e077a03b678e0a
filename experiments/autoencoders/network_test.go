package main

import (
	"bytes"
	"context"
	"io"
	"testing"

	"capas/datasets"
	"capas/experiments/lab"
	"capas/train"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// What comes of a rate does not depend on the rates that were tried before it, with dropout and
// without.
func TestRatesByThemselves(t *testing.T) {
	for _, drop := range []string{"0", "0.3"} {
		var last []train.Epoch
		e := experiment()
		e.Run = func(ctx context.Context, r *lab.Run[Recipe]) error {
			data := images(t, 20, 6)
			x := &experimenter{Run: r, data: &datasets.Split{Train: data, Validation: data, Test: data}, images: map[uint64]*datasets.Set{1: data}}
			return r.Parallel(ctx, 1, []lab.Job{{Name: "layer", Run: func(ctx context.Context, task *lab.Task) error {
				o, err := x.learn(ctx, task, spec{variant: plain, seed: 1}, r.Recipe.Rates)
				if err == nil {
					last = o.tuned[len(o.tuned)-1].history.Epochs
				}
				return err
			}}})
		}
		run := func(rates string) []train.Epoch {
			var stderr bytes.Buffer
			args := []string{"-preset", "smoke", "-rates", rates, "-drop-input", drop, "-drop-hidden", drop, "-batch", "4", "-pretrain-batch", "4", "-out", t.TempDir(), "-progress", "none"}
			if status := lab.Main(e, args, io.Discard, &stderr); status != 0 {
				t.Fatalf("status %d: %s", status, stderr.String())
			}
			return last
		}
		if d := cmp.Diff(run("0.3"), run("0.1,0.2,0.3"), cmpopts.IgnoreFields(train.Epoch{}, "Seconds")); d != "" {
			t.Errorf("dropping %s: −alone +after others\n%s", drop, d)
		}
	}
}
