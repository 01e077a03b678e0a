package selfplay

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"capas/blocks"
	"capas/datasets"
	"capas/games"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/search"
	"capas/train"
)

// Training is a network that learns a game from itself. An epoch of its history is an
// iteration, with these values: the means over its steps of "loss", "value loss" and "policy
// loss" (see [models.PolicyValue]); "examples", the number of positions played; "length", the
// mean number of moves of a game; "first" and "drawn", the shares of games that the player who
// began won and that nobody won. Its validation is what Measure returned.
type Training struct {
	Game   *games.Game
	Net    *models.PolicyValue
	Recipe Recipe
	// Stream is split for the games and the batches of every iteration.
	Stream *random.Stream
	// Measure, if not nil, measures the network after each iteration, of which it decides
	// nothing. It must return the same names every time, and the same values for the same
	// iteration and network.
	Measure func(ctx context.Context, iteration int) (train.Values, error)
}

// Stage returns the training as a stage of a pipeline. It ends with the last parameters.
func (t *Training) Stage(name string) pretrain.Stage {
	stage := pretrain.Stage{Name: name, Train: t.run}
	if t.Net != nil { // the training says so
		stage.Params = t.Net.Params()
	}
	return stage
}

func (t *Training) run(ctx context.Context, hooks pretrain.Hooks) (*train.History, error) {
	l, err := newLoop(t, hooks)
	if err != nil {
		return nil, err
	}
	if err := l.restore(hooks.From); err != nil {
		return nil, fmt.Errorf("going on from a snapshot: %w", err)
	}
	for len(l.history.Epochs) < t.Recipe.Iterations {
		if err := l.iteration(ctx); err != nil {
			return &l.history, fmt.Errorf("iteration %d: %w", len(l.history.Epochs)+1, err)
		}
	}
	return &l.history, nil
}

// loop is the state of a training.
type loop struct {
	*Training
	hooks    pretrain.Hooks
	searcher *search.Searcher
	buffer   *buffer
	sampler  *sampler
	state    *train.State
	stepper  *train.Stepper

	history train.History
	steps   int       // taken since the beginning
	batch   int       // steps of the current iteration
	games   []float64 // of the current iteration, once they are in the buffer: how many, moves, won by who began, drawn
	losses  []float64 // sums of the current iteration's monitors
	saved   time.Time
	held    time.Duration // by the hooks, in the current iteration
}

// lossSums and gameSums are how many sums an iteration has: of the objective's monitors, and
// of the games.
const (
	lossSums = 3
	gameSums = 4
)

func newLoop(t *Training, hooks pretrain.Hooks) (*loop, error) {
	if err := t.Recipe.Check(); err != nil {
		return nil, err
	}
	if t.Stream == nil {
		return nil, fmt.Errorf("self-play: want a stream to draw from, got none")
	}
	l := &loop{Training: t, hooks: hooks, losses: make([]float64, lossSums), saved: time.Now()}
	var err error
	if l.searcher, err = NewPlayer(t.Game, t.Net, t.Recipe.Search, hooks.Compiler); err != nil {
		return nil, err
	}
	l.buffer = newBuffer(t.Game, t.Recipe.Buffer)
	l.sampler = newSampler(l.buffer, t.Recipe.Batch)
	if l.state, err = t.Recipe.Optimizer.NewState(t.Net.Params()[0].Value.Dtype()); err != nil {
		return nil, err
	}
	if l.stepper, err = train.NewStepperWith(hooks.Compiler, t.Net, l.state, t.Recipe.Batch); err != nil {
		return nil, err
	}
	return l, nil
}

// iteration plays, trains and measures, from where the loop stands.
func (l *loop) iteration(ctx context.Context) error {
	start, i := time.Now(), len(l.history.Epochs)
	l.held = 0
	stream := l.Stream.Split(fmt.Sprintf("iteration %d", i))
	if l.games == nil {
		if err := l.rest(ctx); err != nil {
			return err
		}
		p, err := play(ctx, l.Game, l.searcher, l.Recipe.Games, l.Recipe.Chance, stream)
		if err != nil {
			return l.stopped(ctx, err)
		}
		for _, e := range p.examples {
			l.buffer.add(e)
		}
		l.games = []float64{p.games, p.moves, p.first, p.drawn}
	}
	for l.batch < l.Recipe.Steps {
		if err := l.rest(ctx); err != nil {
			return err
		}
		if err := l.step(i, stream); err != nil {
			return fmt.Errorf("step %d: %w", l.batch+1, err)
		}
	}
	record := train.Epoch{Epoch: i + 1, Train: l.values(), Seconds: (time.Since(start) - l.held).Seconds()}
	if l.Measure != nil {
		if err := l.rest(ctx); err != nil {
			return err
		}
		var err error
		if record.Validation, err = l.Measure(ctx, i+1); err != nil {
			return l.stopped(ctx, err)
		}
	}
	l.history.Epochs = append(l.history.Epochs, record)
	l.batch, l.games = 0, nil
	clear(l.losses)
	return l.hooks.AfterEpoch(record)
}

// step trains on a batch.
func (l *loop) step(iteration int, stream *random.Stream) error {
	l.sampler.draw(stream.Split(fmt.Sprintf("batch %d", l.batch)))
	l.state.Advance(iteration, l.Recipe.Iterations)
	if err := l.stepper.Step(datasets.Batch{X: l.sampler.x, T: l.sampler.t}); err != nil {
		return err
	}
	monitors, err := l.stepper.Monitors()
	if err == nil {
		err = l.state.Diverged()
	}
	if err != nil {
		return err
	}
	for i, v := range monitors {
		l.losses[i] += v.Value
	}
	l.batch++
	l.steps++
	return nil
}

// values are those of the iteration that is complete.
func (l *loop) values() (out train.Values) {
	for i, name := range []string{"loss", "value loss", "policy loss"} {
		out = append(out, train.Value{Name: name, Value: l.losses[i] / float64(l.batch)})
	}
	n := l.games[0]
	return append(out, train.Value{Name: "examples", Value: l.games[1]}, train.Value{Name: "length", Value: l.games[1] / n},
		train.Value{Name: "first", Value: l.games[2] / n}, train.Value{Name: "drawn", Value: l.games[3] / n})
}

// rest hands over a snapshot, if it is time or ctx was cancelled, whose error it returns then.
func (l *loop) rest(ctx context.Context) error {
	if l.hooks.Between != nil {
		l.held += l.hooks.Between(ctx, train.Moment{Epoch: len(l.history.Epochs), Epochs: l.Recipe.Iterations, Batch: l.batch, Batches: l.Recipe.Steps})
	}
	cancelled := ctx.Err()
	begun := l.games != nil || len(l.history.Epochs) > 0
	if l.hooks.Save != nil && begun && (cancelled != nil || time.Since(l.saved) >= l.hooks.SaveEvery) {
		if err := l.hooks.Save(l.snapshot()); err != nil {
			return err
		}
		l.saved = time.Now()
	}
	return cancelled
}

// stopped is err after a snapshot, if what ended is a part that changes nothing before its end.
func (l *loop) stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return l.rest(ctx)
	}
	return err
}

// tensors are all that a training changes.
func (l *loop) tensors() []*blocks.Param {
	all := slices.Clone(l.Net.Params())
	for _, name := range slices.Sorted(maps.Keys(l.state.Slots)) {
		all = append(all, l.state.Slots[name])
	}
	return append(all, l.buffer.params()...)
}

// snapshot is where the loop stands. Its sums are those of the losses, weighted by the steps,
// and of the games, which are missing as long as these have not been played.
func (l *loop) snapshot() *train.Snapshot {
	p := train.Position{Epoch: len(l.history.Epochs), Batch: l.batch, Steps: l.steps, History: l.history}
	if l.games != nil {
		p.Train = train.Sums{Values: append(slices.Clone(l.losses), l.games...), Weight: float64(l.batch)}
	}
	return &train.Snapshot{Position: p, Tensors: l.tensors()}
}

// restore puts the loop where a snapshot was taken. Nothing is changed unless all of it fits.
func (l *loop) restore(s *train.Snapshot) error {
	if s == nil || s.Epoch == 0 && s.Batch == 0 && len(s.Train.Values) == 0 { // the beginning
		return nil
	}
	n := len(s.Train.Values)
	if s.Epoch < 0 || s.Epoch > l.Recipe.Iterations || s.Batch < 0 || s.Batch > l.Recipe.Steps || len(s.History.Epochs) != s.Epoch ||
		s.Steps != s.Epoch*l.Recipe.Steps+s.Batch || n != 0 && n != lossSums+gameSums || n == 0 && s.Batch > 0 {
		return fmt.Errorf("position: want one in %d iterations of %d steps, got iteration %d of a history of %d, batch %d, step %d, %d sums",
			l.Recipe.Iterations, l.Recipe.Steps, s.Epoch, len(s.History.Epochs), s.Batch, s.Steps, n)
	}
	other := newBuffer(l.Game, l.Recipe.Buffer)
	for _, p := range s.Tensors {
		if p.Name == other.state.Name && p.Value.Shape().Eq(other.state.Value.Shape()) {
			other.state = p
		}
	}
	if err := other.check(); err != nil {
		return err
	}
	if err := blocks.Assign(l.tensors(), s.Tensors); err != nil {
		return err
	}
	l.history, l.batch, l.steps, l.state.Steps = s.History, s.Batch, s.Steps, s.Steps
	l.history.Epochs = slices.Clone(s.History.Epochs)
	if n > 0 {
		copy(l.losses, s.Train.Values)
		l.games = slices.Clone(s.Train.Values[lossSums:])
	}
	return nil
}
