package pretrain_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"capas/blocks"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"

	"github.com/google/go-cmp/cmp"
)

// trained are the stages of a fresh network, and all that they train.
type trained struct {
	stages []pretrain.Stage
	params []*blocks.Param
}

// newUpDown is a network with labels, trained layer by layer and then in two phases together.
func newUpDown(t testing.TB) trained {
	t.Helper()
	data, s := examples(t, 70, "data"), random.New(3)
	d, machines, err := models.NewLabelDBN("dbn", []int{inputs, 8, 5}, data.Classes, blocks.Gaussian(0.1), s.Split("init"))
	if err != nil {
		t.Fatal(err)
	}
	recipe := train.Recipe{Optimizer: train.SGD(0.3), Epochs: 2, Batch: 20}
	stages := pretrain.Greedy([]pretrain.Layer{
		{Model: &models.CD{Model: machines[0], K: 1, Noise: s.Split("cd")}, Code: machines[0].Encoder(), Recipe: recipe},
		{Model: &models.LabelCD{Model: d.Top, K: 1, Noise: s.Split("label cd")}, Recipe: recipe},
	}, data, s.Split("order"))
	if err := d.Untie(); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"up-down", "up-down, on"} {
		u := &models.UpDown{Model: d, K: i + 1, Noise: s.Split("up-down")}
		stages = append(stages, pretrain.UpDown(name, u, i == 0, recipe, data, examples(t, 50, "validation"), s.Split("order")))
	}
	return trained{stages, append(d.Params(), machines[0].Params()...)}
}

// newThen is a machine that is trained by contrastive divergence, and then on with persistent
// chains in two phases.
func newThen(t testing.TB) trained {
	t.Helper()
	data, s := examples(t, 70, "data"), random.New(3)
	r := must(models.NewRBM("rbm", inputs, 8, blocks.Gaussian(2), s.Split("init")))(t) // its chains forget slowly
	recipe := train.Recipe{Optimizer: train.SGD(0.3), Epochs: 2, Batch: 20}
	chains := must(models.NewPersistentCD(r, 1, 10, s.Split("chains")))(t)
	layer := pretrain.Layer{Model: &models.CD{Model: r, K: 1, Noise: s.Split("cd")}, Recipe: recipe, Then: []pretrain.Phase{
		{Name: "chains", Model: chains, Recipe: recipe}, {Name: "longer chains", Model: chains.With(5), Recipe: recipe},
	}}
	return trained{pretrain.Greedy([]pretrain.Layer{layer}, data, s.Split("order")), append(r.Params(), chains.State()...)}
}

// Interrupted at the end of an epoch, in the middle of one, or after the whole of any stage,
// training goes on with the same bytes: stages share chains, streams and parameters.
func TestResumeOfSharedState(t *testing.T) {
	for kind, fresh := range map[string]func(testing.TB) trained{
		"deep Boltzmann machine": func(t testing.TB) trained { m := newDeepMachine(t); return trained{m.stages, m.params()} },
		"up-down":                newUpDown,
		"then persistent chains": newThen,
	} {
		whole := fresh(t)
		want := run(t, pretrain.Pipeline{Stages: whole.stages})
		for _, interrupted := range whole.stages {
			for _, where := range []string{afterEpoch, withinEpoch, afterStage} {
				files := &pretrain.Files{Path: t.TempDir() + "/net"}
				what := kind + ", " + interrupted.Name + ", " + where
				interrupt(t, what, fresh(t).stages, files, interrupted.Name, where)
				again := fresh(t)
				got := run(t, pretrain.Pipeline{Stages: again.stages, Store: files, SaveEvery: time.Hour})
				if d := cmp.Diff(want, got, seconds); d != "" {
					t.Errorf("%s: histories (−uninterrupted +resumed)\n%s", what, d)
				}
				if !slices.Equal(bits(whole.params), bits(again.params)) {
					t.Errorf("%s: other parameters than without interruption", what)
				}
			}
		}
	}
}

// Where trainings are interrupted.
const (
	afterEpoch  = "after an epoch"
	withinEpoch = "within an epoch"
	afterStage  = "after the stage"
)

// interrupt runs stages until one of them has an epoch behind it, two batches more, or all.
func interrupt(t *testing.T, what string, stages []pretrain.Stage, files *pretrain.Files, stage, where string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p := pretrain.Pipeline{Stages: stages, Store: files, SaveEvery: time.Hour}
	p.Between = func(_ context.Context, s *pretrain.Stage, at train.Moment) time.Duration {
		if s.Name == stage && at.Epoch == 1 && (where == afterEpoch || where == withinEpoch && at.Batch == 2) {
			cancel()
		}
		return 0
	}
	p.AfterStage = func(name string, _ *train.History) error {
		if name == stage {
			return context.Canceled
		}
		return nil
	}
	if _, err := p.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("%s: want it cancelled, got %v", what, err)
	}
	state := must(files.Load())(t)
	switch current := state.Current; where {
	case afterStage:
		if current != nil || state.Done[len(state.Done)-1].Stage != stage {
			t.Fatalf("%s: stopped at %v", what, state)
		}
	default:
		if current == nil || current.Stage != stage || (current.Snapshot.Position.Batch > 0) != (where == withinEpoch) {
			t.Fatalf("%s: stopped at %v", what, state)
		}
	}
}
