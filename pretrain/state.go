package pretrain

import (
	"fmt"
	"strings"

	"capas/blocks"
	"capas/train"
)

// State is where a pipeline stands: all that its further course depends on, besides
// the recipes, the data and the code.
type State struct {
	// Done are the stages that are complete, in the pipeline's order.
	Done []Completed
	// Current is the stage under way; nil between two stages.
	Current *Current
}

// Completed is what a completed stage left.
type Completed struct {
	Stage   string
	History *train.History
	// Params are copies of the parameters that the stage changes, as it left them.
	Params []*blocks.Param
}

// Current is where the stage under way stands.
type Current struct {
	Stage    string
	Snapshot *train.Snapshot
}

// String is the position in words, such as "layer 2, epoch 3, batch 17".
func (s *State) String() string {
	switch {
	case s.Current != nil:
		return fmt.Sprintf("%s, %v", s.Current.Stage, s.Current.Snapshot.Position)
	case len(s.Done) > 0:
		return s.Done[len(s.Done)-1].Stage + " complete"
	}
	return "the beginning"
}

// streams are the states in which the completed stages left the streams they drew
// from; of a stream that several drew from, the last.
func (s *State) streams() []string {
	var keys []string
	last := map[string]string{}
	for _, d := range s.Done {
		for _, text := range d.History.Streams {
			key := text[:max(strings.LastIndexByte(text, ':'), 0)]
			if _, ok := last[key]; !ok {
				keys = append(keys, key)
			}
			last[key] = text
		}
	}
	var out []string
	for _, k := range keys {
		out = append(out, last[k])
	}
	return out
}

// check reports a state that no run of the pipeline comes to.
func (p *Pipeline) check(s *State) error {
	if len(s.Done) > len(p.Stages) || s.Current != nil && len(s.Done) == len(p.Stages) {
		return fmt.Errorf("want the state of %d stages, got that of more", len(p.Stages))
	}
	for i, d := range s.Done {
		if want := p.Stages[i].Name; d.Stage != want {
			return fmt.Errorf("stage %d: want %q, got %q", i+1, want, d.Stage)
		}
		if err := blocks.Match(p.Stages[i].Params, d.Params); err != nil {
			return fmt.Errorf("stage %s: %w", d.Stage, err)
		}
	}
	if s.Current != nil && s.Current.Stage != p.Stages[len(s.Done)].Name {
		return fmt.Errorf("stage %d: want %q, got %q", len(s.Done)+1, p.Stages[len(s.Done)].Name, s.Current.Stage)
	}
	return nil
}
