package train_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"capas/models"
	"capas/random"
	"capas/train"

	"github.com/google/go-cmp/cmp"
)

// Every epoch uses every example once, in batches of every size and in every order:
// the weights lose η Σ x an epoch, exactly, in ⌈n/size⌉ steps.
func TestEveryExampleOnce(t *testing.T) {
	const n, d, epochs, rate = 10, 3, 3, 0.25
	data, total := counted(t, n, d)
	for _, size := range []int{0, 1, 2, 3, 4, 7, 9, 10, 50} {
		for _, order := range []*random.Stream{nil, random.New(5)} {
			for _, balanced := range []bool{false, true} {
				s := newSums(d)
				run(t, train.Trainer{Model: s, Data: data, Order: order, Recipe: train.Recipe{Optimizer: train.SGD(rate), Epochs: epochs, Batch: size, Balanced: balanced}})
				what := fmt.Sprintf("batch %d, shuffled %t, balanced %t", size, order != nil, balanced)
				for j, v := range s.w.Value.Float32s() {
					if want := -rate * epochs * total[j]; v != want {
						t.Errorf("%s: w[%d]: want %g, got %g", what, j, want, v)
					}
				}
				full := size
				if size == 0 || size > n {
					full = n
				}
				if want, got := float32(epochs*((n+full-1)/full)), s.steps.Value.Float32s()[0]; got != want {
					t.Errorf("%s: want %g steps, got %g", what, want, got)
				}
			}
		}
	}
}

// The order is drawn from Order at every epoch: with a batch of 1 and a rate that
// changes from step to step by momentum, the path depends on it.
func TestOrder(t *testing.T) {
	data, _ := counted(t, 10, 3)
	path := func(order *random.Stream, epochs int) []float32 {
		s := newSums(3)
		run(t, train.Trainer{Model: s, Data: data, Order: order, Recipe: train.Recipe{
			Optimizer: train.Optimizer{Kind: "momentum", Rate: train.Constant(0.25), Momentum: train.Constant(0.5)}, Epochs: epochs, Batch: 1,
		}})
		return s.w.Value.Float32s()
	}
	if !cmp.Equal(path(random.New(5), 2), path(random.New(5), 2)) {
		t.Error("equal streams gave other weights")
	}
	if cmp.Equal(path(random.New(5), 1), path(random.New(6), 1)) || cmp.Equal(path(nil, 1), path(random.New(5), 1)) {
		t.Error("other streams gave equal weights")
	}
}

// Balanced batches of 6 hold three examples of each of two classes, 3²+3² = 18; the
// natural order of a sorted set gives batches of one class, 36.
func TestBalanced(t *testing.T) {
	data, _ := counted(t, 24, 2)
	for balanced, want := range map[bool]float64{true: 18, false: 36} {
		for _, order := range []*random.Stream{nil, random.New(1)} {
			h := run(t, train.Trainer{Model: newSums(2), Data: data, Order: order, Recipe: train.Recipe{Optimizer: train.SGD(0.25), Epochs: 1, Batch: 6, Balanced: balanced}})
			got, _ := h.Epochs[0].Train.Get("counts")
			if (balanced || order == nil) && got != want {
				t.Errorf("balanced %t, shuffled %t: want %g, got %g", balanced, order != nil, want, got)
			}
		}
	}
}

// Monitored values are means over the examples, also where the last batch is smaller:
// at rate 0 those of the whole set.
func TestMeansOverExamples(t *testing.T) {
	data := examples(t, 103, 5, 3)
	var want train.Values
	for _, size := range []int{0, 1, 10, 64} {
		h := run(t, train.Trainer{Model: network(t, 5, 4, 3), Data: data, Recipe: train.Recipe{Optimizer: train.SGD(0), Epochs: 1, Batch: size}})
		got := h.Epochs[0].Train
		if size == 0 {
			want = got
		}
		for i, v := range got {
			near(t, fmt.Sprintf("batch %d: %s", size, v.Name), v.Value, want[i].Value, 1e-6)
		}
	}
	if len(want) != 2 || want[0].Name != "loss" || want[1].Name != "error" {
		t.Errorf("want loss and error, got %v", want)
	}
}

func TestHistory(t *testing.T) {
	data := examples(t, 40, 5, 3)
	var seen []train.Epoch
	validated := 0
	h := run(t, train.Trainer{
		Model: network(t, 5, 3), Data: data, Recipe: train.Recipe{Optimizer: train.SGD(0.1), Epochs: 4, Batch: 10},
		AfterEpoch: func(e train.Epoch) error { seen = append(seen, e); return nil },
		Validate: func() (train.Values, error) {
			validated++
			return train.Values{{Name: "error", Value: []float64{0.5, 0.2, 0.3, 0.2}[validated-1]}}, nil
		},
	})
	if diff := cmp.Diff(h.Epochs, seen); diff != "" {
		t.Errorf("AfterEpoch (−history +seen)\n%s", diff)
	}
	for i, e := range h.Epochs {
		if e.Epoch != i+1 || len(e.Train) != 2 || len(e.Validation) != 1 || e.GradNorms != nil || !(e.Seconds > 0) {
			t.Errorf("epoch %d: got %+v", i+1, e)
		}
	}
	if len(h.Epochs) != 4 || h.Best != 2 || h.Stopped {
		t.Errorf("want 4 epochs, the best the 2nd, not stopped; got %+v", h)
	}
	if h := run(t, train.Trainer{Model: newSums(5), Data: must(data.WithX(data.X))(t), Recipe: train.Recipe{Optimizer: train.SGD(1)}}); len(h.Epochs) != 0 || h.Best != 0 {
		t.Errorf("no epochs: got %+v", h)
	}
}

// counting is a context that is cancelled when it has been asked so many times.
type counting struct {
	context.Context
	left int
}

func (c *counting) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// A cancelled training ends between two steps, with the context's error.
func TestCancel(t *testing.T) {
	data, _ := counted(t, 10, 3)
	for after := range 12 {
		s := newSums(3)
		h, err := (&train.Trainer{Model: s, Data: data, Recipe: train.Recipe{Optimizer: train.SGD(0.25), Epochs: 2, Batch: 2}}).Run(&counting{context.Background(), after})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("after %d questions: want %v, got %v and %+v", after, context.Canceled, err, h)
		}
		// An epoch of 5 steps asks 6 times: before each step and at its end.
		if want, got := float32(after-after/6), s.steps.Value.Float32s()[0]; got != want {
			t.Errorf("after %d questions: want %g steps, got %g", after, want, got)
		}
		if len(h.Epochs) != after/6 {
			t.Errorf("after %d questions: want %d whole epochs, got %d", after, after/6, len(h.Epochs))
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	tr := train.Trainer{Model: newSums(3), Data: data, Recipe: train.Recipe{Optimizer: train.SGD(0.25), Epochs: 1000000}, AfterEpoch: func(e train.Epoch) error {
		if e.Epoch == 3 {
			cancel()
		}
		return nil
	}}
	if h, err := tr.Run(ctx); err != context.Canceled || len(h.Epochs) != 3 {
		t.Errorf("want %v after 3 epochs, got %v", context.Canceled, err)
	}
}

func TestRunErrors(t *testing.T) {
	data, _ := counted(t, 10, 3)
	recipe := train.Recipe{Optimizer: train.SGD(0.25), Epochs: 2, Batch: 5}
	boom := errors.New("boom")
	scores := func(name string, v float64, err error) func() (train.Values, error) {
		return func() (train.Values, error) { return train.Values{{Name: name, Value: v}}, err }
	}
	patient := recipe
	patient.Patience = &train.Patience{Steps: 10}
	for name, c := range map[string]struct {
		tr   train.Trainer
		want string
	}{
		"no model":                    {train.Trainer{Data: data, Recipe: recipe}, "want a model and data"},
		"no data":                     {train.Trainer{Model: newSums(3), Recipe: recipe}, "want a model and data"},
		"no parameters":               {train.Trainer{Model: train.Only{Model: newSums(3)}, Data: data, Recipe: recipe}, "no parameters"},
		"patience without validation": {train.Trainer{Model: newSums(3), Data: data, Recipe: patient}, "patience needs a validation"},
		"other width":                 {train.Trainer{Model: newSums(4), Data: data, Recipe: recipe}, "epoch 1, batch 1: run: want shape (5, 4) for x, got (5, 3)"},
		"other classes":               {train.Trainer{Model: network(t, 3, 5), Data: data, Recipe: recipe}, "want shape (5, 5) for t, got (5, 2)"},
		"validation fails":            {train.Trainer{Model: newSums(3), Data: data, Recipe: recipe, Validate: scores("error", 0, boom)}, "validation after epoch 1: boom"},
		"no score":                    {train.Trainer{Model: newSums(3), Data: data, Recipe: recipe, Validate: scores("loss", 0, nil)}, `validation after epoch 1: has no value "error"`},
		"no such score":               {train.Trainer{Model: newSums(3), Data: data, Recipe: recipe, Validate: scores("error", 0, nil), Score: "loss"}, `has no value "loss"`},
		"after epoch":                 {train.Trainer{Model: newSums(3), Data: data, Recipe: recipe, AfterEpoch: func(train.Epoch) error { return boom }}, "boom"},
		"foreign parameter":           {train.Trainer{Model: train.Only{Model: newSums(3), Trained: network(t, 3, 2).Params()}, Data: data, Recipe: recipe}, "does not depend differentiably on net.1.W"},
	} {
		_, err := c.tr.Run(context.Background())
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: want one line with %q, got %v", name, c.want, err)
		}
	}
}

// Only the given parameters are trained.
func TestOnly(t *testing.T) {
	data := examples(t, 50, 5, 3)
	n, before := network(t, 5, 4, 3), network(t, 5, 4, 3)
	run(t, train.Trainer{Model: train.Only{Model: n, Trained: n.Layers[1].Params()}, Data: data, Recipe: train.Recipe{Optimizer: train.SGD(0.1), Epochs: 2, Batch: 10}})
	for i, p := range n.Params() {
		if same := cmp.Equal(p.Value.Float32s(), before.Params()[i].Value.Float32s()); same != (i < 2) {
			t.Errorf("%s: unchanged %t, want %t", p.Name, same, i < 2)
		}
	}
}

var (
	_ train.Model     = (*models.MLP)(nil)
	_ train.Evaluable = (*models.MLP)(nil)
	_ train.Model     = (*models.CD)(nil)
	_ train.Model     = (*models.Autoencoder)(nil)
	_ train.Evaluable = (*models.Autoencoder)(nil)
	_ train.Model     = (*models.DeepAutoencoder)(nil)
	_ train.Model     = sums{}
)
