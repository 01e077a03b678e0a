package train_test

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"capas/models"
	"capas/train"

	"github.com/google/go-cmp/cmp"
)

// Norms of gradients that are known: of a sum of x·w that of the first examples' sum, and of
// two players each that of its own cost, a·b by b and −a·b by a.
func TestProbe(t *testing.T) {
	set, _ := counted(t, 10, 3)
	var total [3]float64
	for i, x := range set.X.Float32s()[:4*3] {
		total[i%3] += float64(x)
	}
	probe := must(train.NewProbe(&train.Trainer{Model: newSums(3), Data: set, Recipe: train.Recipe{Batch: 4}}))(t)
	norms := must(probe.Norms())(t)
	if len(norms) != 1 || norms[0].Name != "w" || probe.Examples() != 4 {
		t.Fatalf("got %v on %d examples", norms, probe.Examples())
	}
	near(t, "norm of w", norms[0].Value, math.Sqrt(total[0]*total[0]+total[1]*total[1]+total[2]*total[2]), 1e-6)

	probe = must(train.NewProbe(&train.Trainer{Model: newDuel(), Data: ones(t, 6)}))(t)
	if got := must(probe.Norms())(t); cmp.Diff(train.Values{{Name: "a", Value: 0.5}, {Name: "b", Value: 1}}, got) != "" {
		t.Errorf("norms of two players: %v", got)
	}
	if _, err := train.NewProbe(&train.Trainer{Model: spoiled(), Data: ones(t, 6)}); err == nil || !strings.Contains(err.Error(), "player b: want a cost") {
		t.Errorf("a player without a cost: %v", err)
	}
}

// spoiled is a game whose second player has no cost.
func spoiled() duel {
	d := newDuel()
	d.change = func(o *models.Objective) { o.Players[1].Cost = nil }
	return d
}

// Between is called before each step and at an epoch's end, with the place where training
// stands; what it holds the training up is no part of the epoch's seconds, and a cancelled
// context ends it.
func TestBetween(t *testing.T) {
	set, _ := counted(t, 10, 3)
	var moments [][2]int
	ctx, cancel := context.WithCancel(context.Background())
	tr := train.Trainer{Model: newSums(3), Data: set, Recipe: train.Recipe{Optimizer: train.SGD(1), Epochs: 3, Batch: 4}}
	tr.Between = func(_ context.Context, at train.Moment) time.Duration {
		moments = append(moments, [2]int{at.Epoch, at.Batch})
		if at.Epochs != 3 || at.Batches != 3 || at.Trainer != &tr {
			t.Errorf("at %+v", at)
		}
		if at.Epoch == 2 {
			cancel()
		}
		return time.Hour
	}
	h, err := tr.Run(ctx)
	if err != context.Canceled || len(h.Epochs) != 2 {
		t.Fatalf("%v, %d epochs", err, len(h.Epochs))
	}
	want := [][2]int{{0, 0}, {0, 1}, {0, 2}, {0, 3}, {1, 0}, {1, 1}, {1, 2}, {1, 3}, {2, 0}}
	if d := cmp.Diff(want, moments); d != "" {
		t.Error(d)
	}
	for _, e := range h.Epochs {
		if e.Seconds > -4*3600+60 {
			t.Errorf("epoch %d took %g s without four hours", e.Epoch, e.Seconds)
		}
	}
}
