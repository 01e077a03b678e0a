package train_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"capas/datasets"
	"capas/train"

	"gorgonia.org/tensor"
)

// The monitors of a step are the values on its batch before the step, as an evaluation gives
// them; parameters that it leaves NaN are named.
func TestMonitorsOfAStep(t *testing.T) {
	set, net := examples(t, 6, 4, 3), network(t, 4, 5, 3)
	batches := must(datasets.NewBatches(set, 6, datasets.BatchOptions{}))(t)
	batches.Epoch()
	batch, _ := batches.Next()
	want := must(train.NewEvaluator(net).Run(set))(t)
	state := must(train.SGD(0.5).NewState(tensor.Float32))(t)
	stepper := must(train.NewStepper(net, state, 6))(t)
	step := func() {
		t.Helper()
		state.Advance(0, 2)
		if err := stepper.Step(batch); err != nil {
			t.Fatal(err)
		}
	}
	step()
	got := must(stepper.Monitors())(t)
	for _, v := range got {
		expected, ok := want.Get(v.Name)
		if !ok {
			t.Fatalf("no value %q", v.Name)
		}
		if v.Name == "error" {
			expected *= 6 // a count
		}
		near(t, v.Name, v.Value, expected, 1e-5)
	}
	if err := state.Diverged(); err != nil || len(got) != 2 {
		t.Errorf("%d monitors, %v", len(got), err)
	}
	net.Layers[1].B.Value.Float32s()[2] = float32(math.NaN())
	step()
	if err := state.Diverged(); !errors.Is(err, train.ErrDiverged) || !strings.HasPrefix(err.Error(), "parameter "+net.Params()[0].Name) {
		t.Errorf("a parameter is NaN: %v", err)
	}
	if _, err := stepper.Monitors(); !errors.Is(err, train.ErrDiverged) || !strings.Contains(err.Error(), "loss is NaN") {
		t.Errorf("monitors after a divergence: %v", err)
	}
}
