package train

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
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
	full     *Stepper         // of full batches
	changes  state            // what the steps change

	history      History
	keep         keeper
	stop         *stopper
	steps        int           // taken since the beginning
	batch        int           // batches of the current epoch that are done; 0 between epochs
	skip         int           // batches of the first epoch that were done before
	order        string        // state of the order's stream when the current epoch began
	train, norms means         // of the current epoch
	saved        time.Time     // when a snapshot was last handed over
	held         time.Duration // by Between, in the current epoch
}

// newLoop compiles the steps and stands at the training's beginning.
func newLoop(t *Trainer, params []*blocks.Param, batches *datasets.Batches, state *State) (*loop, error) {
	l := &loop{
		trainer: t, params: params, batches: batches, state: state, compiled: map[int]*Stepper{},
		keep: keeper{params: params}, stop: newStopper(t.Recipe.Patience, batches.PerEpoch()), saved: time.Now(),
	}
	var steppers []*Stepper
	for _, m := range []int{batches.Size(), t.Data.Len() % batches.Size()} {
		if m == 0 {
			continue
		}
		s, err := l.stepper(m)
		if err != nil {
			return nil, err
		}
		steppers = append(steppers, s)
	}
	l.full = steppers[0]
	var err error
	if l.changes, err = stateOf(steppers); err != nil && (t.Save != nil || t.From != nil && t.From.Steps > 0) {
		return nil, fmt.Errorf("state of the training: %w", err)
	}
	return l, nil
}

// epochs trains from where the loop stands to the end.
func (l *loop) epochs(ctx context.Context) error {
	t := l.trainer
	// Patience ends between epochs, also where its last step is in the middle of one.
	for len(l.history.Epochs) < t.Recipe.Epochs && (l.skip > 0 || !l.stop.done(l.steps)) {
		record, err := l.epoch(ctx)
		if err != nil {
			return err
		}
		if t.Validate != nil {
			if err := l.validate(&record); err != nil {
				return fmt.Errorf("validation after epoch %d: %w", record.Epoch, err)
			}
		}
		l.history.Epochs = append(l.history.Epochs, record)
		l.batch, l.train, l.norms = 0, means{}, means{}
		if t.AfterEpoch != nil {
			if err := t.AfterEpoch(record); err != nil {
				return err
			}
		}
	}
	l.history.Stopped = len(l.history.Epochs) < t.Recipe.Epochs
	l.history.Streams = StreamStates(l.changes.streams)
	if !t.KeepLast {
		l.keep.restore()
	} else if t.Validate != nil {
		l.history.Best = len(l.history.Epochs)
	}
	return nil
}

// validate measures the model after an epoch and keeps the best parameters.
func (l *loop) validate(record *Epoch) (err error) {
	if record.Validation, err = l.trainer.Validate(); err != nil {
		return err
	}
	name := l.trainer.Score
	if name == "" {
		name = "error"
	}
	score, ok := record.Validation.Get(name)
	if !ok {
		return fmt.Errorf("has no value %q to choose by", name)
	}
	if err := finite(name, score); err != nil {
		return err
	}
	if l.keep.offer(score) {
		l.history.Best = record.Epoch
	}
	l.stop.offer(score, l.steps)
	return nil
}

// epoch trains on every batch once, or on what is left after the ones to skip.
func (l *loop) epoch(ctx context.Context) (Epoch, error) {
	start := time.Now()
	l.held = 0
	e := len(l.history.Epochs)
	l.order = stateText(l.trainer.Order)
	l.batches.Epoch()
	for b := 1; ; b++ {
		if err := l.rest(ctx); err != nil {
			return Epoch{}, err
		}
		batch, ok := l.batches.Next()
		if !ok {
			break
		}
		if b <= l.skip {
			l.batch = b
			continue
		}
		if err := l.step(e, batch); err != nil {
			return Epoch{}, fmt.Errorf("epoch %d, batch %d: %w", e+1, b, err)
		}
		l.batch = b
	}
	l.skip = 0
	return Epoch{Epoch: e + 1, Train: l.train.values(), GradNorms: l.norms.values(), Seconds: (time.Since(start) - l.held).Seconds()}, nil
}

// rest lets Between look, and hands over a snapshot between two steps, if it is time or ctx was cancelled,
// whose error it returns then.
func (l *loop) rest(ctx context.Context) error {
	if l.batch < l.skip {
		return nil // the snapshot gone on from is newer
	}
	t := l.trainer
	if t.Between != nil {
		l.held += t.Between(ctx, Moment{Epoch: len(l.history.Epochs), Epochs: t.Recipe.Epochs, Batch: l.batch, Batches: l.batches.PerEpoch(), Trainer: t})
	}
	cancelled := ctx.Err()
	if t.Save != nil && (cancelled != nil || time.Since(l.saved) >= t.SaveEvery) && l.steps > 0 {
		if err := t.Save(l.snapshot()); err != nil {
			return err
		}
		l.saved = time.Now()
	}
	return cancelled
}

// step trains on one batch and adds to the epoch's means.
func (l *loop) step(e int, batch datasets.Batch) error {
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
	return l.diverged(l.observe(s, batch, measured))
}

// observe adds what the step's monitors show to the epoch's means.
func (l *loop) observe(s *Stepper, batch datasets.Batch, measured bool) error {
	if err := l.train.add(s.plainOr(measured), 0, s.monitors, float64(batch.Len()), identity); err != nil {
		return err
	}
	if !measured {
		return nil
	}
	if err := l.norms.add(s.measured, len(s.monitors), s.norms, 1, math.Sqrt); err != nil {
		return fmt.Errorf("gradient of %w", err)
	}
	return nil
}

// diverged adds to the error of a step, if there is one, the parameters that the step
// left NaN or infinite; they are an error too where no monitor shows them.
func (l *loop) diverged(err error) error {
	broken := l.state.broken()
	if len(broken) == 0 {
		return err
	}
	i := slices.IndexFunc(l.params, func(p *blocks.Param) bool { return p.Name == broken[0] })
	what := cause(finiteTensor(broken[0], l.params[i].Value))
	if layer := layerOf(broken[0]); layer != "" {
		what = layer + ", " + what
	}
	if n := len(broken); n > 1 {
		what = fmt.Sprintf("%s, the first of %d such parameters", what, n)
	}
	if err != nil {
		what = cause(err) + "; " + what
	}
	return fmt.Errorf("%s: %w", what, ErrDiverged)
}

// cause is the text of an error that wraps ErrDiverged, without that of ErrDiverged.
func cause(err error) string {
	return strings.TrimSuffix(err.Error(), ": "+ErrDiverged.Error())
}

// layerOf is the layer that a parameter's name tells, such as "layer 2" for dbn.2.W.
func layerOf(param string) string {
	parts := strings.Split(param, ".")
	if len(parts) < 2 {
		return ""
	}
	number := parts[len(parts)-2]
	if _, err := strconv.Atoi(number); err != nil {
		return ""
	}
	return "layer " + number
}
