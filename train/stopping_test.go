package train_test

import (
	"math"
	"strings"
	"testing"

	"capas/train"
)

// Sequences of scores, one an epoch of 10 steps, with the end that the rule gives when
// it is followed by hand: an improvement below Threshold·best at step s moves the limit
// to Factor·s; training ends at the first epoch's end at or past the limit.
func TestPatience(t *testing.T) {
	falling := make([]float64, 30)
	for i := range falling {
		falling[i] = math.Pow(0.9, float64(i))
	}
	for name, c := range map[string]struct {
		patience *train.Patience
		scores   []float64
		epochs   int // the recipe's
		ended    int // epochs that were run
		best     int
		stopped  bool
	}{
		// Limit 25; 0.5 moves it to max(25, 20), 0.4 to 40; 0.399 > 0.398 = 0.995·0.4
		// does not count, nor does 0.398 > 0.995·0.399: the end is at step 40, and the
		// best is still the smallest score.
		"tutorials' defaults": {&train.Patience{Steps: 25}, []float64{0.5, 0.4, 0.399, 0.398, 0.1}, 20, 4, 4, true},
		// With threshold 1 every new best counts: step 30 moves the limit to 60, 40 to
		// 80, 50 to 100; nothing better follows.
		"threshold 1": {&train.Patience{Steps: 25, Threshold: 1}, []float64{0.5, 0.4, 0.399, 0.398, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1}, 20, 10, 5, true},
		// Each score is compared with the best, not with the last one that counted:
		// 0.496 is below 0.995·0.5 but not below 0.995·0.498.
		"creeping": {&train.Patience{Steps: 25}, []float64{0.5, 0.498, 0.496, 0.1}, 20, 3, 3, true},
		// Limit max(0, one epoch) = 10, moved to 20 by the first score.
		"no least steps": {&train.Patience{}, []float64{0.5, 0.5, 0.1}, 20, 2, 1, true},
		// Factor 1 moves the limit no further than where training is.
		"factor 1":         {&train.Patience{Steps: 35, Factor: 1}, []float64{0.5, 0.4, 0.3, 0.2, 0.1}, 20, 4, 4, true},
		"factor 3":         {&train.Patience{Steps: 5, Factor: 3}, []float64{0.5, 0.6, 0.7, 0.1}, 20, 3, 1, true},
		"fractional limit": {&train.Patience{Steps: 5, Factor: 2.5}, []float64{0.5, 0.6, 0.7, 0.1}, 20, 3, 1, true},
		"always better":    {&train.Patience{Steps: 5}, falling, 30, 30, 30, false},
		"rising":           {&train.Patience{Steps: 45}, []float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.6}, 20, 5, 1, true},
		"over anyway":      {&train.Patience{Steps: 5}, []float64{0.5, 0.5, 0.5}, 2, 2, 1, false},
		"never":            {nil, []float64{0.5, 0.4, 0.4, 0.6, 0.7}, 5, 5, 2, false},
		"zero is the end":  {&train.Patience{Steps: 5}, []float64{0, 0, 0, 0}, 20, 2, 1, true},
		// Below 0 a score must be 1−Threshold of the best below it: −0.4 moves the limit to 40; −0.4
		// again and the worse −0.399 do not.
		"below zero": {&train.Patience{Steps: 25}, []float64{-0.3, -0.4, -0.4, -0.399, -0.9}, 20, 4, 2, true},
		// −0.401 is not below −0.402 = −0.4 − 0.005·0.4, −0.4029 is, but not below −0.401 − 0.005·0.401.
		"creeping below zero": {&train.Patience{Steps: 25}, []float64{-0.4, -0.401, -0.4029, -0.9}, 20, 3, 3, true},
		"equal below zero":    {&train.Patience{Steps: 5}, []float64{-1, -1, -1, -1}, 20, 2, 1, true},
		"through zero":        {&train.Patience{Steps: 15}, []float64{0.1, -0.1, -0.2, -0.2, -0.2, -0.2, -0.2}, 20, 6, 3, true},
	} {
		data, total := counted(t, 100, 2)
		s := newSums(2)
		epoch := 0
		h := run(t, train.Trainer{
			Model: s, Data: data, Recipe: train.Recipe{Optimizer: train.SGD(0.25), Epochs: c.epochs, Batch: 10, Patience: c.patience},
			Validate: func() (train.Values, error) {
				epoch++
				return train.Values{{Name: "loss", Value: -1}, {Name: "error", Value: c.scores[epoch-1]}}, nil
			},
		})
		if len(h.Epochs) != c.ended || h.Best != c.best || h.Stopped != c.stopped {
			t.Errorf("%s: want %d epochs, best %d, stopped %t; got %d, %d, %t", name, c.ended, c.best, c.stopped, len(h.Epochs), h.Best, h.Stopped)
		}
		// The parameters are those at the end of the best epoch.
		for j, v := range s.w.Value.Float32s() {
			if want := -0.25 * float32(c.best) * total[j]; v != want {
				t.Errorf("%s: w[%d]: want that of epoch %d, %g, got %g", name, j, c.best, want, v)
			}
		}
	}
}

// With KeepLast the parameters are those after all epochs, and patience ends the training
// where it does without.
func TestKeepLast(t *testing.T) {
	for _, c := range []struct {
		patience *train.Patience
		ended    int
	}{{nil, 6}, {&train.Patience{Steps: 25}, 4}} {
		data, total := counted(t, 100, 2)
		s, scores := newSums(2), []float64{0.5, 0.1, 0.3, 0.4, 0.2, 0.3}
		h := run(t, train.Trainer{
			Model: s, Data: data, Recipe: train.Recipe{Optimizer: train.SGD(0.25), Epochs: 6, Batch: 10, Patience: c.patience}, KeepLast: true,
			Validate: func() (train.Values, error) {
				v := scores[0]
				scores = scores[1:]
				return train.Values{{Name: "error", Value: v}}, nil
			},
		})
		if len(h.Epochs) != c.ended || h.Best != c.ended {
			t.Errorf("patience %v: want %d epochs and the last one kept, got %d and %d", c.patience, c.ended, len(h.Epochs), h.Best)
		}
		for j, v := range s.w.Value.Float32s() {
			if want := -0.25 * float32(c.ended) * total[j]; v != want {
				t.Errorf("patience %v: w[%d]: want that of epoch %d, %g, got %g", c.patience, j, c.ended, want, v)
			}
		}
	}
}

// Score names the value that is to be small.
func TestScore(t *testing.T) {
	data, total := counted(t, 10, 2)
	s := newSums(2)
	losses := []float64{3, 1, 2}
	h := run(t, train.Trainer{
		Model: s, Data: data, Recipe: train.Recipe{Optimizer: train.SGD(0.25), Epochs: 3}, Score: "loss",
		Validate: func() (train.Values, error) {
			v := losses[0]
			losses = losses[1:]
			return train.Values{{Name: "error", Value: v * -1}, {Name: "loss", Value: v}}, nil
		},
	})
	if want := -0.25 * 2 * total[0]; h.Best != 2 || s.w.Value.Float32s()[0] != want {
		t.Errorf("want the parameters of epoch 2, got those of %d", h.Best)
	}
}

// A score that is no number is an error, not a score that nothing beats.
func TestScoreNotFinite(t *testing.T) {
	data, _ := counted(t, 10, 2)
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		tr := train.Trainer{Model: newSums(2), Data: data, Recipe: train.Recipe{Optimizer: train.SGD(0.25), Epochs: 3}}
		n := 0
		tr.Validate = func() (train.Values, error) {
			n++
			return train.Values{{Name: "error", Value: []float64{0.5, bad, 0.4}[n-1]}}, nil
		}
		_, err := tr.Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), "validation after epoch 2: error is ") {
			t.Errorf("score %g: want an error, got %v", bad, err)
		}
	}
}
