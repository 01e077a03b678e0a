package autodiff

import (
	"capas/autodiff/ops"
	"capas/random"

	G "gorgonia.org/gorgonia"
)

// State is what the runs of a function change besides its outputs, and what therefore
// must be kept to go on later as if there had been no break.
type State struct {
	// Updated are the leaves that the function's updates write to, in their order:
	// parameters, an optimiser's tensors, persistent chains.
	Updated G.Nodes
	// Streams are those that the function's operations draw from, each once, in the
	// order of the operations.
	Streams []*random.Stream
}

// State returns what the function changes. An operation with a state of its own
// (ops.Def.Impure without Draw) is not known to it.
func (f *Function) State() State { return f.state }

// stateOf collects the state of a plan whose operations run in the given order.
func (p *plan) stateOf(order []int, updates []Update) State {
	var s State
	for _, u := range updates {
		s.Updated = append(s.Updated, u.Target)
	}
	seen := map[*random.Stream]bool{}
	for _, e := range order {
		op, own := p.entries[e].op.(*ops.Op)
		if own && op.Draw != nil && !seen[op.Draw.Stream] {
			seen[op.Draw.Stream] = true
			s.Streams = append(s.Streams, op.Draw.Stream)
		}
	}
	return s
}
