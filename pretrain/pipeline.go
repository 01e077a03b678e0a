package pretrain

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"capas/autodiff"
	"capas/blocks"
	"capas/train"
)

// Stage is one training of a pipeline.
type Stage struct {
	// Name identifies the stage in its pipeline, in reports and in the store, such as
	// "layer 1" or "fine-tuning".
	Name string
	// Params are the parameters that the stage changes, and that are stored after it. What
	// else a later stage goes on from, such as persistent chains, belongs to them.
	Params []*blocks.Param
	// Train runs the stage and does what the pipeline asks of it.
	Train func(ctx context.Context, hooks Hooks) (*train.History, error)
	// Stack are the models of a greedy training that stand on each other, from the data up,
	// the one that the stage trains last; nil of other stages. It is for those who watch.
	Stack []train.Model
}

// Hooks are what a pipeline asks of a stage. Their fields are those of train.Trainer.
type Hooks struct {
	// AfterEpoch is to be called with the record of each epoch; its error ends the
	// stage. The pipeline always gives one.
	AfterEpoch func(train.Epoch) error
	// From is where the stage is to go on: in the middle, if it was interrupted there,
	// otherwise at its beginning, with streams that earlier stages drew from.
	From *train.Snapshot
	// Save, if not nil, is to be given where the stage stands, every SaveEvery and when
	// it is cancelled.
	Save      func(*train.Snapshot) error
	SaveEvery time.Duration
	// Between, if not nil, is to be called between two steps.
	Between func(ctx context.Context, at train.Moment) time.Duration
	// Compiler is to make the stage's functions.
	Compiler autodiff.Compiler
}

// Trainer returns t with what the pipeline asks for, to be run: the short way to a
// stage's Train.
func (h Hooks) Trainer(t train.Trainer) *train.Trainer {
	t.AfterEpoch, t.From, t.Save, t.SaveEvery, t.Between, t.Compiler = h.AfterEpoch, h.From, h.Save, h.SaveEvery, h.Between, h.Compiler
	return &t
}

// Store keeps where a pipeline stands.
type Store interface {
	// Load returns what was saved last, nil if there is nothing.
	Load() (*State, error)
	// Save replaces what was saved before. It keeps nothing of the state in memory.
	Save(*State) error
	// Last says in words what was loaded or saved last, "" if there is nothing.
	Last() string
}

// Pipeline is a sequence of stages, each of which begins with the parameters that the
// ones before it left.
type Pipeline struct {
	Stages []Stage
	// Store, if not nil, is given where the pipeline stands, after each stage, every
	// SaveEvery within a stage, and when the run is cancelled. A pipeline whose store
	// has something goes on from there, with the same bytes as without a break.
	Store Store
	// SaveEvery is the time between two saves within a stage; 0 saves after every step.
	SaveEvery time.Duration
	// AfterEpoch, if not nil, is called with the record of each epoch, also with those
	// that were loaded.
	AfterEpoch func(stage string, e train.Epoch, loaded bool) error
	// AfterStage, if not nil, is called when a stage is complete, loaded or run.
	AfterStage func(stage string, h *train.History) error
	// Between, if not nil, is called between two steps of a stage that is run; see
	// train.Trainer.Between.
	Between func(ctx context.Context, s *Stage, at train.Moment) time.Duration
	// Compiler makes the functions of the stages that are run, each under its stage's
	// name: "layer 1 step", "fine-tuning evaluation".
	Compiler autodiff.Compiler
}

// Run runs the stages in order, from where the store says, and returns their
// histories. When ctx is cancelled it returns its error; where it stood then is in the
// store. The error of a training that diverged names the last good checkpoint.
func (p *Pipeline) Run(ctx context.Context) ([]*train.History, error) {
	seen := map[string]bool{}
	for _, s := range p.Stages {
		if seen[s.Name] {
			return nil, fmt.Errorf("pipeline: two stages are called %q", s.Name)
		}
		if s.Train == nil {
			return nil, fmt.Errorf("pipeline: stage %q has no training", s.Name)
		}
		if s.Name == "" || strings.Contains(s.Name, "/") {
			return nil, fmt.Errorf("pipeline: stage %q: want a name without /", s.Name)
		}
		seen[s.Name] = true
	}
	state, err := p.load()
	if err != nil {
		return nil, err
	}
	loaded := len(state.Done)
	var all []*train.History
	for i, s := range p.Stages {
		var h *train.History
		if i < loaded {
			h, err = p.restore(s, state.Done[i])
		} else {
			h, err = p.train(ctx, s, state)
		}
		if err != nil {
			return all, fmt.Errorf("stage %s: %w", s.Name, err)
		}
		all = append(all, h)
		if p.AfterStage != nil {
			if err := p.AfterStage(s.Name, h); err != nil {
				return all, fmt.Errorf("after stage %s: %w", s.Name, err)
			}
		}
	}
	return all, nil
}

// load is where the store says that the pipeline stands.
func (p *Pipeline) load() (*State, error) {
	if p.Store == nil {
		return &State{}, nil
	}
	state, err := p.Store.Load()
	if err != nil {
		return nil, err
	}
	if state == nil {
		return &State{}, nil
	}
	if err := p.check(state); err != nil {
		return nil, fmt.Errorf("%s: %w", p.Store.Last(), err)
	}
	return state, nil
}

func (p *Pipeline) report(s Stage, e train.Epoch, loaded bool) error {
	if p.AfterEpoch == nil {
		return nil
	}
	return p.AfterEpoch(s.Name, e, loaded)
}

// restore does again what a completed stage did to its parameters.
func (p *Pipeline) restore(s Stage, done Completed) (*train.History, error) {
	if err := blocks.Assign(s.Params, done.Params); err != nil {
		return nil, err
	}
	for _, e := range done.History.Epochs {
		if err := p.report(s, e, true); err != nil {
			return nil, err
		}
	}
	return done.History, nil
}

// train runs a stage, from its middle if the state says so, and takes note of it in
// the state.
func (p *Pipeline) train(ctx context.Context, s Stage, state *State) (*train.History, error) {
	hooks := Hooks{
		AfterEpoch: func(e train.Epoch) error { return p.report(s, e, false) },
		From:       &train.Snapshot{Position: train.Position{Streams: state.streams()}},
		SaveEvery:  p.SaveEvery, Compiler: p.Compiler.Under(s.Name),
	}
	if p.Between != nil {
		hooks.Between = func(ctx context.Context, at train.Moment) time.Duration { return p.Between(ctx, &s, at) }
	}
	if c := state.Current; c != nil {
		hooks.From = c.Snapshot
		for _, e := range c.Snapshot.History.Epochs {
			if err := p.report(s, e, true); err != nil {
				return nil, err
			}
		}
		state.Current = nil
	}
	if p.Store != nil {
		hooks.Save = func(now *train.Snapshot) error {
			return p.Store.Save(&State{Done: state.Done, Current: &Current{s.Name, now}})
		}
	}
	h, err := s.Train(ctx, hooks)
	if err != nil {
		return h, p.lastGood(err)
	}
	done := Completed{Stage: s.Name, History: h}
	if p.Store != nil {
		for _, param := range s.Params {
			done.Params = append(done.Params, param.Clone(param.Name))
		}
	}
	state.Done = append(state.Done, done)
	if p.Store == nil {
		return h, nil
	}
	return h, p.Store.Save(state)
}

// lastGood adds the last checkpoint to the error of a training that diverged.
func (p *Pipeline) lastGood(err error) error {
	if !errors.Is(err, train.ErrDiverged) || p.Store == nil {
		return err
	}
	if last := p.Store.Last(); last != "" {
		return fmt.Errorf("%w; the last good checkpoint is %s", err, last)
	}
	return fmt.Errorf("%w; there is no checkpoint yet", err)
}
