package train_test

import (
	"runtime"
	"testing"
	"weak"

	"capas/datasets"
	"capas/random"
	"capas/train"
)

// trained trains a network and returns its history, and a pointer to its data that does
// not keep them in memory.
func trained(t *testing.T) (*train.History, weak.Pointer[datasets.Set]) {
	data := examples(t, 40, 6, 2)
	return run(t, train.Trainer{Model: network(t, 6, 5, 2), Data: data, Order: random.New(3),
		Recipe: train.Recipe{Optimizer: train.SGD(0.1), Epochs: 2, Batch: 10}}), weak.Make(data)
}

// A history outlives its training, one for every stage of every network of a run: it
// holds nothing of it, such as the compiled steps with their buffers or the data, which
// may be the codes of a layer.
func TestHistoryHoldsNothingElse(t *testing.T) {
	h, data := trained(t)
	runtime.GC()
	if data.Value() != nil {
		t.Error("the history of a training keeps its data in memory")
	}
	if len(h.Epochs) != 2 {
		t.Errorf("want a history of 2 epochs, got %d", len(h.Epochs))
	}
}
