package train_test

import (
	"strings"
	"testing"

	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/train"

	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
)

// A Stepper a batch size and one state take the steps that the Trainer takes: 25
// examples in batches of 10, 10 and 5, for two epochs.
func TestStepperEqualsTrainer(t *testing.T) {
	data := examples(t, 25, 6, 3)
	for _, kind := range train.Optimizers() {
		recipe := train.Recipe{Optimizer: train.Optimizer{Kind: kind, Rate: train.Schedule{Start: 0.1, Decay: 0.5}}, Epochs: 2, Batch: 10}
		want := network(t, 6, 5, 3)
		run(t, train.Trainer{Model: want, Data: data, Recipe: recipe})

		got := network(t, 6, 5, 3)
		state := must(recipe.Optimizer.NewState(tensor.Float32))(t)
		steppers := map[int]*train.Stepper{}
		for _, m := range []int{10, 5} {
			steppers[m] = must(train.NewStepper(got, state, m))(t)
		}
		batches := must(datasets.NewBatches(data, recipe.Batch, datasets.BatchOptions{}))(t)
		for e := range recipe.Epochs {
			batches.Epoch()
			for b, ok := batches.Next(); ok; b, ok = batches.Next() {
				state.Advance(e, recipe.Epochs)
				if err := steppers[b.Len()].Step(b); err != nil {
					t.Fatal(err)
				}
			}
		}
		for i, p := range got.Params() {
			if d := cmp.Diff(want.Params()[i].Value.Float32s(), p.Value.Float32s()); d != "" {
				t.Errorf("%s: %s: (−trainer +stepper)\n%s", kind, p.Name, d)
			}
		}
	}
}

// costless is a model with nothing to follow downhill.
type costless struct{}

func (costless) Params() []*blocks.Param                  { return nil }
func (costless) Objective(int) (*models.Objective, error) { return &models.Objective{}, nil }

func TestStepperErrors(t *testing.T) {
	state := must(train.SGD(0.1).NewState(tensor.Float32))(t)
	for says, model := range map[string]train.Model{"with a cost": costless{}, "at least one example": network(t, 6, 5, 3)} {
		if _, err := train.NewStepper(model, state, 0); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "batches of 0") {
			t.Errorf("want an error with %q, got %v", says, err)
		}
	}
	s := must(train.NewStepper(network(t, 6, 5, 3), state, 10))(t)
	b := must(datasets.NewBatches(examples(t, 5, 6, 3), 5, datasets.BatchOptions{}))(t)
	b.Epoch()
	five, _ := b.Next()
	if err := s.Step(five); err == nil {
		t.Error("want an error: a batch of 5 in a stepper for 10")
	}
}
