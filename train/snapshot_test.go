package train_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/random"
	"capas/train"

	"github.com/google/go-cmp/cmp"
)

// resumable are trainings with every kind of state: what an optimiser keeps, noise,
// persistent chains, the best parameters, patience, orders.
func resumable(t testing.TB) map[string]func() train.Trainer {
	data, validation := examples(t, 53, 6, 3), examples(t, 20, 6, 3)
	momentum := train.Optimizer{Kind: "momentum", Rate: train.Schedule{Start: 0.5, Linear: true}, Momentum: train.Schedule{Start: 0.5, Steps: []train.Step{{Epoch: 1, Value: 0.9}}}}
	mlp := func(recipe train.Recipe) train.Trainer {
		n := network(t, 6, 8, 3)
		n.DropInput, n.DropHidden, n.Noise = 0.2, 0.5, random.New(8)
		evaluator := train.NewEvaluator(n)
		return train.Trainer{Model: n, Data: data, Recipe: recipe, Order: random.New(9), Validate: func() (train.Values, error) { return evaluator.Run(validation) }}
	}
	out := map[string]func() train.Trainer{
		"denoising autoencoder": func() train.Trainer {
			a := must(models.NewAutoencoder("ae", 6, 4, true, blocks.Sigmoid(), blocks.Glorot(), random.New(7)))(t)
			a.Corruption, a.Noise, a.Output = blocks.GaussianNoise(0.25), random.New(8), blocks.Numeric()
			return train.Trainer{Model: a, Data: data, Order: random.New(9), Recipe: train.Recipe{Optimizer: train.SGD(0.01), Epochs: 3, Batch: 10}}
		},
		"rbm": func() train.Trainer {
			return train.Trainer{Model: &models.CD{Model: machine(t, 6, 4), K: 2, Noise: random.New(8)}, Data: data, Order: random.New(9),
				Recipe: train.Recipe{Optimizer: momentum, Epochs: 3, Batch: 10, NormEvery: 4}}
		},
		"rbm, persistent": func() train.Trainer {
			return train.Trainer{Model: must(models.NewPersistentCD(machine(t, 6, 4), 1, 7, random.New(8)))(t), Data: data, Order: random.New(9),
				Recipe: train.Recipe{Optimizer: momentum, Epochs: 3, Batch: 10}}
		},
		"balanced": func() train.Trainer {
			tr := mlp(train.Recipe{Optimizer: train.SGD(0.1), Epochs: 3, Batch: 12, Balanced: true})
			tr.Validate = nil
			return tr
		},
		"augmented": func() train.Trainer {
			images := must(datasets.NewSet("images", data.X, data.Labels, 3, 2, 3))(t)
			tr := mlp(train.Recipe{Optimizer: train.SGD(0.1), Epochs: 3, Batch: 12, Augment: &datasets.Augmentation{Shift: 1, Rotation: 30, Elastic: 2, Smoothness: 1}})
			tr.Data = images
			return tr
		},
		"natural order, patience": func() train.Trainer {
			tr := mlp(train.Recipe{Optimizer: train.SGD(0.3), Epochs: 9, Batch: 10, Patience: &train.Patience{Steps: 14}})
			tr.Order = nil
			return tr
		},
		"the last parameters": func() train.Trainer {
			tr := mlp(train.Recipe{Optimizer: train.SGD(3), Epochs: 5, Batch: 10})
			tr.KeepLast = true
			return tr
		},
		// Running statistics, which are no parameters of the optimiser's.
		"batch normalisation": func() train.Trainer { return normalised(t) },
		// Norms in epochs 1 and 3, not in 2 and 4.
		"epochs without norms": func() train.Trainer {
			return mlp(train.Recipe{Optimizer: train.SGD(0.1), Epochs: 4, Batch: 20, NormEvery: 7})
		},
		"one batch": func() train.Trainer { return mlp(train.Recipe{Optimizer: momentum, Epochs: 4}) },
	}
	for _, kind := range train.Optimizers() {
		out["mlp, "+kind] = func() train.Trainer {
			o := train.Optimizer{Kind: kind, Rate: train.Constant(0.02), Momentum: train.Constant(0.8), L2: 1e-3}
			return mlp(train.Recipe{Optimizer: o, Epochs: 3, Batch: 10, NormEvery: 3})
		}
	}
	return out
}

// copied is a snapshot that shares nothing with the training, through JSON.
func copied(t testing.TB, s *train.Snapshot) *train.Snapshot {
	t.Helper()
	c := &train.Snapshot{}
	if err := json.Unmarshal(must(json.Marshal(s.Position))(t), &c.Position); err != nil {
		t.Fatal(err)
	}
	for _, p := range s.Tensors {
		c.Tensors = append(c.Tensors, p.Clone(p.Name))
	}
	return c
}

// A training that goes on from any of its snapshots ends with the same bytes.
func TestFromEverySnapshot(t *testing.T) {
	for name, build := range resumable(t) {
		whole := build()
		want := run(t, whole)
		saving := build()
		var snapshots []*train.Snapshot
		saving.Save = func(s *train.Snapshot) error {
			snapshots = append(snapshots, copied(t, s))
			return nil
		}
		if d := cmp.Diff(want, run(t, saving), seconds); d != "" || !slices.Equal(bits(whole.Model.Params()), bits(saving.Model.Params())) {
			t.Errorf("%s: saving changes the training: %s", name, d)
		}
		perEpoch := 1
		if b := whole.Recipe.Batch; b > 0 {
			perEpoch = (whole.Data.Len() + b - 1) / b
		}
		// One a step, and one before the first step of each epoch but the first.
		if n := len(want.Epochs); len(snapshots) != n*perEpoch+n-1 {
			t.Errorf("%s: want %d snapshots of %d epochs, got %d", name, n*perEpoch+n-1, n, len(snapshots))
		}
		for _, s := range snapshots {
			tr := build()
			tr.From = s
			got, err := tr.Run(t.Context())
			if err != nil {
				t.Fatalf("%s: from %v: %v", name, s, err)
			}
			if d := cmp.Diff(want, got, seconds); d != "" || !slices.Equal(bits(whole.Model.Params()), bits(tr.Model.Params())) {
				t.Fatalf("%s: from %v: other bytes, or history\n%s", name, s, d)
			}
		}
	}
}

// A cancelled training hands over where it stands before it ends; gone on from again
// and again, it ends with the same bytes.
func TestCancelledAtEveryStep(t *testing.T) {
	for name, build := range resumable(t) {
		whole := build()
		want := run(t, whole)
		var at *train.Snapshot
		for i := 0; ; i++ {
			tr := build()
			tr.From, tr.SaveEvery = at, 1<<62
			tr.Save = func(s *train.Snapshot) error { at = copied(t, s); return nil }
			h, err := tr.Run(&counting{t.Context(), 3})
			if err == nil {
				if d := cmp.Diff(want, h, seconds); d != "" || !slices.Equal(bits(whole.Model.Params()), bits(tr.Model.Params())) {
					t.Errorf("%s: other bytes after %d interruptions, or history\n%s", name, i, d)
				}
				break
			}
			if err != context.Canceled || i > 100 {
				t.Fatalf("%s: interruption %d: %v", name, i, err)
			}
		}
	}
}

// Streams go on where an earlier training of other parameters left them.
func TestStreamsOfAnEarlierTraining(t *testing.T) {
	twice := func(tr train.Trainer, again func() train.Trainer) []uint32 {
		h := run(t, tr)
		second := again()
		second.From = &train.Snapshot{Position: train.Position{Streams: append(h.Streams, "philox4x32-10:00000000000000aa:0000000000000000")}}
		run(t, second)
		return bits(second.Model.Params())
	}
	build := resumable(t)["rbm"]
	one := build()
	run(t, one)
	// The same model with the stream where the first training left it.
	continued := build()
	continued.Model.(*models.CD).Noise = one.Model.(*models.CD).Noise
	run(t, continued)
	if got := twice(build(), build); !slices.Equal(got, bits(continued.Model.Params())) || slices.Equal(got, bits(one.Model.Params())) {
		t.Error("the second training didn't draw what comes after the first")
	}
}

func TestSnapshotErrors(t *testing.T) {
	build := resumable(t)["mlp, adam"]
	take := func() *train.Snapshot {
		var last *train.Snapshot
		tr := build()
		tr.Save = func(s *train.Snapshot) error {
			if s.Epoch == 1 && s.Batch == 2 {
				last = copied(t, s)
			}
			return nil
		}
		run(t, tr)
		return last
	}
	for want, spoil := range map[string]func(s *train.Snapshot){
		"want 16 tensors, got 15":     func(s *train.Snapshot) { s.Tensors = s.Tensors[1:] },
		"has no tensor ":              func(s *train.Snapshot) { s.Tensors[3].Name = "other" },
		"want float32 of shape (":     func(s *train.Snapshot) { s.Tensors[0].Value = blocks.NewParam("x", 2, 2).Value },
		"got epoch 2 of a history of": func(s *train.Snapshot) { s.Epoch = 2 },
		"batch 99":                    func(s *train.Snapshot) { s.Batch = 99 },
		"step -1":                     func(s *train.Snapshot) { s.Steps = -1 },
		"want the states of 1 streams, got 0": func(s *train.Snapshot) {
			s.Streams = nil
		},
		`want a state of the stream philox4x32-10:0000000000000008, got ""`: func(s *train.Snapshot) { s.Streams[0] = "philox4x32-10:00000000000000aa:0000000000000000" },
		`order of the examples: want a state`:                               func(s *train.Snapshot) { s.Order = "" },
		"state of a stream: want":                                           func(s *train.Snapshot) { s.Streams[0] = s.Streams[0] + " " },
		"best score exactly where":                                          func(s *train.Snapshot) { s.Score = nil },
		"sums of the epoch so far":                                          func(s *train.Snapshot) { s.Train.Values = s.Train.Values[1:] },
	} {
		s, tr := take(), build()
		spoil(s)
		tr.From = s
		before := bits(tr.Model.Params())
		_, err := tr.Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "going on from a snapshot: ") {
			t.Errorf("want an error with %q, got %v", want, err)
		}
		if !slices.Equal(before, bits(tr.Model.Params())) {
			t.Errorf("%s: the parameters changed", want)
		}
	}
	tr := build()
	tr.Save = func(*train.Snapshot) error { return fmt.Errorf("disk full") }
	if _, err := tr.Run(t.Context()); err == nil || err.Error() != "disk full" {
		t.Errorf("want the error of Save, got %v", err)
	}
}

// Two streams with one key can't be told apart in a snapshot: that is an error at the
// beginning, not when hours of work are to go on.
func TestStreamsOfOneKey(t *testing.T) {
	tr := resumable(t)["rbm"]()
	tr.Model = twoStreams{tr.Model.(*models.CD)}
	tr.Save = func(*train.Snapshot) error { return nil }
	if _, err := tr.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "two streams with the key of philox4x32-10:") {
		t.Errorf("want an error about the streams, got %v", err)
	}
	tr.Save = nil
	if _, err := tr.Run(t.Context()); err != nil {
		t.Errorf("without snapshots: %v", err)
	}
}

// twoStreams makes its noise anew for every graph.
type twoStreams struct{ *models.CD }

func (m twoStreams) Objective(n int) (*models.Objective, error) {
	c := *m.CD
	c.Noise = m.Noise.Split("noise")
	return c.Objective(n)
}

// The JSON of a history gives back every bit, and refuses what it has no form for.
func TestHistoryJSON(t *testing.T) {
	tr := resumable(t)["mlp, adam"]()
	h := run(t, tr)
	var back train.History
	text := must(json.Marshal(h))(t)
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(h, &back, seconds); d != "" {
		t.Error(d)
	}
	if n := strings.Count(string(text), `"loss"`); n != 2 {
		t.Errorf("want each name once for training and once for validation, got %d in %s", n, text)
	}
	tr = resumable(t)["epochs without norms"]()
	some := run(t, tr)
	for i, n := range []int{4, 0, 4, 0} {
		if got := len(some.Epochs[i].GradNorms); got != n {
			t.Errorf("epoch %d: want %d gradient norms, got %d", i+1, n, got)
		}
	}
	if err := json.Unmarshal(must(json.Marshal(some))(t), &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(some, &back, seconds); d != "" {
		t.Errorf("epochs without norms: %s", d)
	}
	h.Epochs[1].Train[0].Name = "other"
	if _, err := json.Marshal(h); err == nil || !strings.Contains(err.Error(), `epoch 2: want the value "loss", got "other"`) {
		t.Errorf("other names: got %v", err)
	}
	for text, want := range map[string]string{
		`{"train":["loss"],"epochs":[[1],[1,2]]}`:                                "epoch 2: want 1 values, got 2",
		`{"train":["loss"],"epochs":[[1]],"best":2}`:                             "want the best of 1 epochs, got 2",
		`{"train":["loss"],"epochs":[[1]],"best":-1}`:                            "want the best of 1 epochs, got -1",
		`{"train":["loss"],"grad_norms":["W","b"],"epochs":[[1],[1,2,3],[1,2]]}`: "epoch 3: want 3 values, got 2",
	} {
		if err := json.Unmarshal([]byte(text), &back); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want an error with %q, got %v", text, want, err)
		}
	}
}
