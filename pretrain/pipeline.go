package pretrain

import (
	"context"
	"fmt"

	"capas/autodiff"
	"capas/blocks"
	"capas/train"
)

// Stage is one training of a pipeline.
type Stage struct {
	// Name identifies the stage in its pipeline, in reports and in the store, such as
	// "layer 1" or "fine-tuning".
	Name string
	// Params are the parameters that the stage changes, and that are stored after it.
	Params []*blocks.Param
	// Train runs the stage and does what the pipeline asks of it.
	Train func(ctx context.Context, hooks Hooks) (*train.History, error)
}

// Hooks are what a pipeline asks of a stage.
type Hooks struct {
	// AfterEpoch is to be called with the record of each epoch; its error ends the
	// stage. The pipeline always gives one.
	AfterEpoch func(train.Epoch) error
	// Profile, if not nil, is to record what the stage's functions cost.
	Profile *autodiff.Profile
}

// Store keeps what completed stages left.
type Store interface {
	// Load fills the stage's parameters and returns its history; ok is false, and
	// nothing is changed, if the stage was not completed.
	Load(stage string, params []*blocks.Param) (h *train.History, ok bool, err error)
	// Save keeps the parameters and the history of a completed stage.
	Save(stage string, params []*blocks.Param, h *train.History) error
}

// Pipeline is a sequence of stages, each of which begins with the parameters that the
// ones before it left.
type Pipeline struct {
	Stages []Stage
	// Store, if not nil, keeps completed stages and gives them back.
	Store Store
	// AfterEpoch, if not nil, is called with the record of each epoch, also with those
	// of stages that were loaded.
	AfterEpoch func(stage string, e train.Epoch) error
	// AfterStage, if not nil, is called when a stage is complete, loaded or run.
	AfterStage func(stage string, h *train.History) error
	// Profile, if not nil, records what the operations of the stages that are run cost,
	// each function under its stage's name: "layer 1 step", "fine-tuning evaluation".
	Profile *autodiff.Profile
}

// Run runs the stages in order, or loads them, and returns their histories. When ctx
// is cancelled it returns its error; the stages completed by then are in the store.
func (p *Pipeline) Run(ctx context.Context) ([]*train.History, error) {
	seen := map[string]bool{}
	for _, s := range p.Stages {
		if seen[s.Name] {
			return nil, fmt.Errorf("pipeline: two stages are called %q", s.Name)
		}
		if s.Train == nil {
			return nil, fmt.Errorf("pipeline: stage %q has no training", s.Name)
		}
		seen[s.Name] = true
	}
	var all []*train.History
	for _, s := range p.Stages {
		h, err := p.stage(ctx, s)
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

func (p *Pipeline) stage(ctx context.Context, s Stage) (*train.History, error) {
	report := func(e train.Epoch) error {
		if p.AfterEpoch == nil {
			return nil
		}
		return p.AfterEpoch(s.Name, e)
	}
	if p.Store != nil {
		h, ok, err := p.Store.Load(s.Name, s.Params)
		if err != nil {
			return nil, err
		}
		if ok {
			for _, e := range h.Epochs {
				if err := report(e); err != nil {
					return nil, err
				}
			}
			return h, nil
		}
	}
	h, err := s.Train(ctx, Hooks{AfterEpoch: report, Profile: p.Profile.Under(s.Name)})
	if err != nil {
		return nil, err
	}
	if p.Store == nil {
		return h, nil
	}
	return h, p.Store.Save(s.Name, s.Params, h)
}
