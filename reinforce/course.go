package reinforce

import (
	"context"
	"fmt"
	"slices"
	"time"

	"capas/blocks"
	"capas/pretrain"
	"capas/random"
	"capas/train"

	"gorgonia.org/tensor"
)

// agent is what a stage trains, a round after the other.
type agent interface {
	// round acts, and learns from it, once.
	round(epoch int) error
	// validate measures the agent after an epoch. The first of the values is to be large.
	validate(epoch int) (train.Values, error)
	// params are what the stage trains.
	params() []*blocks.Param
	// tensors are all that rounds change, params among them, streams all that they draw from.
	tensors() []*blocks.Param
	streams() []*random.Stream
	// count is the optimiser's count of its steps.
	count() *int
	// sums are those of the epoch under way.
	sums() *tally
	// resume is called when tensors and streams are those after so many rounds.
	resume(rounds int)
}

// tally sums up the rounds of an epoch.
type tally struct {
	names             []string // of the monitors of a learning step
	monitors          []float64
	steps             float64
	returns, episodes float64 // of the episodes that have ended
}

func (t *tally) reset() {
	t.monitors, t.steps, t.returns, t.episodes = make([]float64, len(t.names)), 0, 0, 0
}

// values are the means over the epoch.
func (t *tally) values() train.Values {
	out := train.Values{{Name: "return", Value: t.returns / max(t.episodes, 1)}, {Name: "episodes", Value: t.episodes}}
	for i, name := range t.names {
		out = append(out, train.Value{Name: name, Value: t.monitors[i] / max(t.steps, 1)})
	}
	return out
}

// saved are the sums as a snapshot keeps them, and restore is its inverse.
func (t *tally) saved() train.Sums {
	return train.Sums{Values: append(slices.Clone(t.monitors), t.returns, t.episodes), Weight: t.steps}
}

func (t *tally) restore(s train.Sums) error {
	n := len(t.names)
	if len(s.Values) != n+2 {
		return fmt.Errorf("want the sums of %d values, got %d", n+2, len(s.Values))
	}
	t.monitors, t.returns, t.episodes, t.steps = slices.Clone(s.Values[:n]), s.Values[n], s.Values[n+1], s.Weight
	return nil
}

// course is the training of an agent.
type course struct {
	agent          agent
	epochs, rounds int // rounds an epoch

	round   int // those of the epoch under way that are done
	history train.History
	score   float64
	best    []*blocks.Param // the parameters with the best score
	saved   time.Time
	held    time.Duration // by the hooks, in the current epoch
}

// bestPrefix heads the names of the best parameters in a snapshot.
const bestPrefix = "best/"

// train runs from where the hooks say to the end, and leaves the parameters with which the
// validation's first value was largest, the latest of equal ones.
func (c *course) train(ctx context.Context, hooks pretrain.Hooks) (*train.History, error) {
	c.saved = time.Now()
	c.agent.sums().reset()
	if from := hooks.From; from != nil && (from.Epoch > 0 || from.Batch > 0) {
		if err := c.restore(from); err != nil {
			return nil, fmt.Errorf("going on from a snapshot: %w", err)
		}
	}
	for len(c.history.Epochs) < c.epochs {
		if err := c.epoch(ctx, hooks); err != nil {
			return &c.history, err
		}
	}
	c.history.Streams = train.StreamStates(c.agent.streams())
	for i, p := range c.agent.params() {
		if err := tensor.Copy(p.Value, c.best[i].Value); err != nil {
			return &c.history, err
		}
	}
	history := c.history // of its own: a pointer into c would keep all of it in memory
	return &history, nil
}

func (c *course) epoch(ctx context.Context, hooks pretrain.Hooks) error {
	start, e := time.Now(), len(c.history.Epochs)
	c.held = 0
	for ; ; c.round++ {
		if err := c.rest(ctx, hooks); err != nil {
			return err
		}
		if c.round == c.rounds {
			break
		}
		if err := c.agent.round(e); err != nil {
			return fmt.Errorf("epoch %d, round %d: %w", e+1, c.round+1, err)
		}
	}
	record := train.Epoch{Epoch: e + 1, Train: c.agent.sums().values(), Seconds: (time.Since(start) - c.held).Seconds()}
	var err error
	if record.Validation, err = c.agent.validate(e); err != nil {
		return fmt.Errorf("validation after epoch %d: %w", e+1, err)
	}
	c.offer(record.Validation[0].Value, e+1)
	c.history.Epochs = append(c.history.Epochs, record)
	c.round = 0
	c.agent.sums().reset()
	return hooks.AfterEpoch(record)
}

// offer keeps the parameters if their score is the best so far.
func (c *course) offer(score float64, epoch int) {
	if c.best != nil && score < c.score {
		return
	}
	c.score, c.best, c.history.Best = score, nil, epoch
	for _, p := range c.agent.params() {
		c.best = append(c.best, p.Clone(bestPrefix+p.Name))
	}
}

// rest hands over a snapshot between two rounds, if it is time or ctx was cancelled, whose
// error it returns then.
func (c *course) rest(ctx context.Context, hooks pretrain.Hooks) error {
	if hooks.Between != nil {
		c.held += hooks.Between(ctx, train.Moment{Epoch: len(c.history.Epochs), Epochs: c.epochs, Batch: c.round, Batches: c.rounds})
	}
	cancelled := ctx.Err()
	begun := c.round > 0 || len(c.history.Epochs) > 0
	if hooks.Save != nil && begun && (cancelled != nil || time.Since(c.saved) >= hooks.SaveEvery) {
		if err := hooks.Save(c.snapshot()); err != nil {
			return err
		}
		c.saved = time.Now()
	}
	return cancelled
}

func (c *course) snapshot() *train.Snapshot {
	s := &train.Snapshot{Position: train.Position{
		Epoch: len(c.history.Epochs), Batch: c.round, Steps: *c.agent.count(), Streams: train.StreamStates(c.agent.streams()), Train: c.agent.sums().saved(), History: c.history,
	}}
	s.Tensors = slices.Concat(c.agent.tensors(), c.best)
	if c.best != nil {
		s.Score = &c.score
	}
	return s
}

// restore puts the course where the snapshot was taken.
func (c *course) restore(s *train.Snapshot) error {
	if s.Epoch < 0 || s.Epoch > c.epochs || s.Batch < 0 || s.Batch > c.rounds || len(s.History.Epochs) != s.Epoch || s.Steps < 0 || (s.Score != nil) != (s.Epoch > 0) {
		return fmt.Errorf("position: want one in %d epochs of %d rounds, got epoch %d of a history of %d, round %d, step %d",
			c.epochs, c.rounds, s.Epoch, len(s.History.Epochs), s.Batch, s.Steps)
	}
	if s.Score != nil {
		c.offer(*s.Score, 0) // makes the tensors
	}
	want := slices.Concat(c.agent.tensors(), c.best)
	if err := blocks.Match(want, s.Tensors); err != nil {
		return err
	}
	if err := c.agent.sums().restore(s.Train); err != nil {
		return err
	}
	if err := train.SetStreams(c.agent.streams(), s.Streams); err != nil {
		return err
	}
	if err := blocks.Assign(want, s.Tensors); err != nil {
		return err
	}
	c.history, c.round = s.History, s.Batch
	c.history.Epochs = slices.Clone(s.History.Epochs)
	*c.agent.count() = s.Steps
	c.agent.resume(s.Epoch*c.rounds + s.Batch)
	return nil
}
