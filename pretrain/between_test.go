package pretrain_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"capas/blocks"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"

	"github.com/google/go-cmp/cmp"
)

// Those who watch are told the stage at every step, and of greedy ones the layers below.
func TestBetween(t *testing.T) {
	data, s := examples(t, 20, "data"), random.New(1)
	d := must(models.NewDBN("dbn", []int{inputs, 6, 5}, blocks.Gaussian(0.1), s))(t)
	recipe := func(int) train.Recipe { return train.Recipe{Optimizer: train.SGD(0.1), Epochs: 2, Batch: 10} }
	stages := pretrain.Greedy(must(pretrain.DBNLayers(d, 1, 0, recipe, s.Split("noise")))(t), data, nil)
	stages = append(stages, pretrain.Joint("again", again(d, s), recipe(0), data, nil))
	var seen []string
	p := pretrain.Pipeline{Stages: stages, Between: func(_ context.Context, s *pretrain.Stage, at train.Moment) time.Duration {
		if at.Batch == 0 {
			seen = append(seen, fmt.Sprintf("%s, epoch %d", s.Name, at.Epoch))
		}
		for i, m := range s.Stack {
			if m.(*models.CD).Model != d.Layers[i] {
				t.Errorf("%s: model %d is not that of the layer", s.Name, i)
			}
		}
		if want := map[string]int{"layer 1": 1, "layer 2": 2}[s.Name]; len(s.Stack) != want {
			t.Errorf("%s: want a stack of %d, got %d", s.Name, want, len(s.Stack))
		}
		return 0
	}}
	run(t, p)
	want := []string{"layer 1, epoch 0", "layer 1, epoch 1", "layer 2, epoch 0", "layer 2, epoch 1", "again, epoch 0", "again, epoch 1"}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
}

// again trains the first layer once more.
func again(d *models.DBN, s *random.Stream) train.Model {
	return &models.CD{Model: d.Layers[0], K: 1, Noise: s.Split("again")}
}
