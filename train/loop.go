package train

import (
	"context"
	"fmt"
	"math"
	"time"

	"capas/blocks"
	"capas/datasets"
)

// loop is the state of one training.
type loop struct {
	trainer  *Trainer
	params   []*blocks.Param
	batches  *datasets.Batches
	state    *State
	compiled map[int]*Stepper // by batch size: the last batch may be smaller
	steps    int
}

func (l *loop) epochs(ctx context.Context) (*History, error) {
	t := l.trainer
	h := &History{}
	keep := keeper{params: l.params}
	stop := newStopper(t.Recipe.Patience, l.batches.PerEpoch())
	for e := range t.Recipe.Epochs {
		record, err := l.epoch(ctx, e)
		if err != nil {
			return h, err
		}
		if t.Validate != nil {
			if record.Validation, err = t.Validate(); err != nil {
				return h, fmt.Errorf("validation after epoch %d: %w", e+1, err)
			}
			name := t.Score
			if name == "" {
				name = "error"
			}
			score, ok := record.Validation.Get(name)
			if !ok {
				return h, fmt.Errorf("validation after epoch %d: has no value %q to choose by", e+1, name)
			}
			if err := finite(name, score); err != nil {
				return h, fmt.Errorf("validation after epoch %d: %w", e+1, err)
			}
			if keep.offer(score) {
				h.Best = e + 1
			}
			stop.offer(score, l.steps)
		}
		h.Epochs = append(h.Epochs, record)
		if t.AfterEpoch != nil {
			if err := t.AfterEpoch(record); err != nil {
				return h, err
			}
		}
		if stop.done(l.steps) {
			h.Stopped = e+1 < t.Recipe.Epochs
			break
		}
	}
	keep.restore()
	return h, nil
}

// epoch trains on every batch once.
func (l *loop) epoch(ctx context.Context, e int) (Epoch, error) {
	start := time.Now()
	l.batches.Epoch()
	var train, norms means
	for b := 1; ; b++ {
		if err := ctx.Err(); err != nil {
			return Epoch{}, err
		}
		batch, ok := l.batches.Next()
		if !ok {
			break
		}
		if err := l.step(e, batch, &train, &norms); err != nil {
			return Epoch{}, fmt.Errorf("epoch %d, batch %d: %w", e+1, b, err)
		}
	}
	// The monitors are of the parameters before each step, and not every parameter
	// shows in them.
	for _, p := range l.params {
		if err := finiteTensor(p.Name, p.Value); err != nil {
			return Epoch{}, fmt.Errorf("after epoch %d, batch %d: %w", e+1, l.batches.PerEpoch(), err)
		}
	}
	return Epoch{Epoch: e + 1, Train: train.values(), GradNorms: norms.values(), Seconds: time.Since(start).Seconds()}, nil
}

// step trains on one batch and adds to the epoch's means.
func (l *loop) step(e int, batch datasets.Batch, train, norms *means) error {
	s, err := l.stepper(batch.Len())
	if err != nil {
		return err
	}
	every := l.trainer.Recipe.NormEvery
	measured := every > 0 && l.steps%every == 0
	l.state.Advance(e, l.trainer.Recipe.Epochs)
	if err := s.step(batch, measured); err != nil {
		return err
	}
	l.steps++
	if err := train.add(s.plainOr(measured), 0, s.monitors, float64(batch.Len()), identity); err != nil {
		return err
	}
	if !measured {
		return nil
	}
	if err := norms.add(s.measured, len(s.monitors), s.norms, 1, math.Sqrt); err != nil {
		return fmt.Errorf("gradient of %w", err)
	}
	return nil
}
