package train_test

import (
	"encoding/json"
	"math"
	"testing"

	"capas/train"
)

// A logged value that is NaN or infinite is saved as null, which is read as NaN; a training with one saves
// and goes on.
func TestHistoryNotFinite(t *testing.T) {
	data, _ := counted(t, 10, 2)
	logged := []float64{0.25, math.NaN(), math.Inf(1), math.Inf(-1)}
	var text []byte
	tr := train.Trainer{Model: newSums(2), Data: data, Recipe: train.Recipe{Optimizer: train.SGD(0.25), Epochs: 4}}
	n := 0
	tr.Validate = func() (train.Values, error) {
		n++
		return train.Values{{Name: "error", Value: 0.5}, {Name: "other", Value: logged[n-1]}}, nil
	}
	tr.Save = func(s *train.Snapshot) (err error) {
		text, err = json.Marshal(s.Position)
		return err
	}
	h := run(t, tr)
	var saved train.Position
	if err := json.Unmarshal(text, &saved); err != nil {
		t.Fatal(err)
	}
	if len(saved.History.Epochs) != 3 {
		t.Fatalf("want 3 epochs before the last step, got %d", len(saved.History.Epochs))
	}
	for i, e := range saved.History.Epochs {
		other, _ := e.Validation.Get("other")
		if score, _ := e.Validation.Get("error"); score != 0.5 || i == 0 && other != 0.25 || i > 0 && !math.IsNaN(other) {
			t.Errorf("epoch %d: got %v back, want %v", i+1, e.Validation, h.Epochs[i].Validation)
		}
	}
}
