package train

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"capas/autodiff"
	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/random"
)

// Model is what can be trained: parameters and the graph of their cost on a batch of
// m examples. Its objective's inputs are the examples and, if there are two, their
// targets, one-hot or numeric.
type Model interface {
	Params() []*blocks.Param
	Objective(m int) (*models.Objective, error)
}

// Recipe is how a model is trained.
type Recipe struct {
	Optimizer Optimizer `json:"optimizer"`
	// Players are the moves of an objective's players, by name, as far as they are other than
	// by Optimizer in every step.
	Players map[string]Move `json:"players,omitempty"`
	// Simultaneous lets all players of an objective move at once, each from the parameters before
	// the step. Otherwise they move one after the other, in the objective's order, and each is
	// answered by the next: on the same batch, with draws of its own.
	Simultaneous bool `json:"simultaneous,omitempty"`
	// Epochs is how often the training set is passed through, at most.
	Epochs int `json:"epochs"`
	// Batch is the number of examples a step: 1 is the lecture's SGD, 0 the whole set.
	Batch int `json:"batch"`
	// Balanced asks for batches with equal shares of all classes (lecture 3.3).
	Balanced bool `json:"balanced,omitempty"`
	// Augment changes the images of every epoch anew (lecture 3.4); nil leaves them. It
	// needs an order.
	Augment *datasets.Augmentation `json:"augment,omitempty"`
	// Patience stops the training early, judged on validation, which it needs; nil for
	// never.
	Patience *Patience `json:"patience,omitempty"`
	// NormEvery is the distance in steps at which gradient norms are measured; 0 for
	// never. Measuring costs a pass over the gradients.
	NormEvery int `json:"norm_every,omitempty"`
}

// Check reports a recipe that makes no sense.
func (r Recipe) Check() error {
	if r.Epochs < 0 || r.Batch < 0 || r.NormEvery < 0 {
		return fmt.Errorf("training: want epochs, batch and norm_every of at least 0, got %d, %d and %d", r.Epochs, r.Batch, r.NormEvery)
	}
	if r.Patience != nil {
		if err := r.Patience.check(); err != nil {
			return err
		}
	}
	if r.Augment != nil {
		if err := r.Augment.Check(); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Players)) {
		if err := r.Players[name].check(r.Simultaneous); err != nil {
			return fmt.Errorf("player %s: %w", name, err)
		}
	}
	return r.Optimizer.Check()
}

// Trainer trains a model on a set.
type Trainer struct {
	Model  Model
	Recipe Recipe
	Data   *datasets.Set
	// Order draws the order of the examples anew each epoch; nil keeps theirs.
	Order *random.Stream
	// Validate measures the model after each epoch; nil for never. If it is given, the
	// parameters with the smallest score are the ones that training ends with.
	Validate func() (Values, error)
	// Score is the name of the value of Validate that is to be small; "error" if empty.
	Score string
	// KeepLast lets training end with the parameters after the last epoch all the same:
	// what Validate returns is only logged, and judged by patience.
	KeepLast bool
	// AfterEpoch is called with the record of each epoch; an error ends the training.
	AfterEpoch func(Epoch) error
	// From, if not nil, is where an interrupted training of the same kind stood: Run goes
	// on from there. A snapshot without tensors is the beginning, with streams in the
	// states given.
	From *Snapshot
	// Save, if not nil, is called between two steps with where the training stands:
	// when SaveEvery has passed since the last time, and when ctx was cancelled. An
	// error ends the training.
	Save func(*Snapshot) error
	// SaveEvery is the time between two calls of Save; at 0 every step is followed by
	// one.
	SaveEvery time.Duration
	// Between, if not nil, is called before every step and after the last one of an epoch,
	// on the goroutine that takes the steps: it may hold the training up, until ctx is
	// cancelled, and look at what is trained, but must change nothing. It returns how long
	// it held the training up, which is no part of Epoch.Seconds.
	Between func(ctx context.Context, at Moment) time.Duration
	// Compiler makes the steps' functions, called "step" and, where gradient norms are
	// measured, "measured step".
	Compiler autodiff.Compiler
}

// Epoch is the record of one pass through the training set.
type Epoch struct {
	// Epoch counts from 1.
	Epoch int `json:"epoch"`
	// Train holds the means of the objective's monitors over the epoch, as the
	// parameters changed.
	Train Values `json:"train"`
	// Validation holds what Trainer.Validate returned after the epoch.
	Validation Values `json:"validation,omitempty"`
	// GradNorms holds for each parameter the mean Euclidean norm of the gradient over
	// the steps at which it was measured, in the model's order; nil where the epoch had no
	// such step.
	GradNorms Values `json:"grad_norms,omitempty"`
	// Seconds is the time that training took, without validation. It is not stored, so
	// that equal runs leave equal files.
	Seconds float64 `json:"-"`
}

// Only restricts the training of a model to some of its parameters; the others stay
// as they are, running statistics of batch normalisation among them.
type Only struct {
	Model
	Trained []*blocks.Param
}

// Params returns the parameters that are trained.
func (o Only) Params() []*blocks.Param { return o.Trained }

// Objective returns the model's objective without the updates of parameters that are not
// trained. Those of what is no parameter of the model, such as persistent chains, remain.
func (o Only) Objective(m int) (*models.Objective, error) {
	all, err := o.Model.Objective(m)
	if err != nil {
		return nil, err
	}
	out := *all
	out.Updates = nil
	for _, u := range all.Updates {
		p := updated(u, o.Model.Params())
		if p == nil || slices.Contains(o.Trained, p) {
			out.Updates = append(out.Updates, u)
		}
	}
	return &out, nil
}

// Value is a named number.
type Value struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// Values are named numbers in a fixed order.
type Values []Value

// Get returns the value of the given name.
func (v Values) Get(name string) (float64, bool) {
	for _, x := range v {
		if x.Name == name {
			return x.Value, true
		}
	}
	return 0, false
}

// Run trains until the recipe's epochs are over, patience ends, ctx is cancelled
// (its error is returned, between two steps, after Save) or a monitored value, a
// parameter or the score is no longer finite, which is an error that wraps ErrDiverged.
func (t *Trainer) Run(ctx context.Context) (*History, error) {
	if t.Model == nil || t.Data == nil {
		return nil, fmt.Errorf("training: want a model and data")
	}
	if err := t.Recipe.Check(); err != nil {
		return nil, err
	}
	if t.Recipe.Patience != nil && t.Validate == nil {
		return nil, fmt.Errorf("training: patience needs a validation to judge by")
	}
	size := t.Recipe.Batch
	if size == 0 {
		size = t.Data.Len()
	}
	batches, err := datasets.NewBatches(t.Data, size, datasets.BatchOptions{Order: t.Order, Balanced: t.Recipe.Balanced, Augment: t.Recipe.Augment, Ahead: true})
	if err != nil {
		return nil, err
	}
	params := t.Model.Params()
	if len(params) == 0 {
		return nil, fmt.Errorf("training: the model has no parameters")
	}
	state, err := t.Recipe.NewState(params[0].Value.Dtype())
	if err != nil {
		return nil, err
	}
	run, err := newLoop(t, params, batches, state)
	if err != nil {
		return nil, err
	}
	if t.From != nil {
		if err := run.restore(t.From); err != nil {
			return nil, fmt.Errorf("going on from a snapshot: %w", err)
		}
	}
	err = run.epochs(ctx)
	history := run.history // of its own: a pointer into run would keep all of it in memory
	return &history, err
}
