package autodiff

import (
	"fmt"
	"slices"

	"capas/autodiff/ops"

	G "gorgonia.org/gorgonia"
)

// Update says that after a run the tensor bound to Target, a leaf of the graph such
// as a parameter, holds what Value was in that run. All updates of a function are
// computed from the old values, as if they were applied at once. So are its outputs,
// except that a target which is itself an output shows its new value.
type Update struct{ Target, Value *G.Node }

// move copies a computed value into a leaf's tensor when all steps have run.
type move struct{ from, to int }

// addUpdates has each new value copied to its target at the end.
func (p *plan) addUpdates(updates []Update) error {
	targets := map[int]bool{}
	for i, u := range updates {
		if u.Target == nil || u.Value == nil {
			return fmt.Errorf("update %d: target or value is missing", i)
		}
		name := u.Target.Name()
		if u.Target.Op() != nil {
			return fmt.Errorf("update %d: target %s is computed by the graph: it must be a leaf", i, name)
		}
		if p.inputs[u.Target] {
			return fmt.Errorf("update of %s: it is an input, whose values belong to the caller", name)
		}
		if !p.inGraph(u.Target) || !p.inGraph(u.Value) {
			return fmt.Errorf("update of %s: target or value is of another graph", name)
		}
		if !u.Target.Shape().Eq(u.Value.Shape()) || u.Target.Dtype() != u.Value.Dtype() {
			return fmt.Errorf("update of %s: want %v of shape %v, got %v of shape %v", name, u.Target.Dtype(), u.Target.Shape(), u.Value.Dtype(), u.Value.Shape())
		}
		t, err := p.visit(u.Target)
		if err != nil {
			return err
		}
		if targets[t] {
			return fmt.Errorf("update of %s: given twice", name)
		}
		targets[t] = true
		value := u.Value
		if _, own := value.Op().(*ops.Op); !own {
			// A leaf, or a stock op whose result may share a leaf's memory, must be
			// copied before that leaf is itself updated.
			if value, err = ops.StopGradient(value); err != nil {
				return fmt.Errorf("update of %s: %w", name, err)
			}
		}
		v, err := p.visit(value)
		if err != nil {
			return fmt.Errorf("update of %s: %w", name, err)
		}
		p.moves = append(p.moves, move{v, t})
	}
	return nil
}

// updateInPlaces has new values written straight into their targets where that is safe.
func (p *plan) updateInPlaces() {
	p.moves = slices.DeleteFunc(p.moves, p.updateInPlace)
}

// updateInPlace makes the operation that computes m.from write into the tensor of
// the leaf m.to, if it works element by element and everything else that reads the
// leaf can run before it.
func (p *plan) updateInPlace(m move) bool {
	e := &p.entries[m.from]
	op, ok := e.op.(*ops.Op)
	if !ok || !op.Elementwise || op.View || e.target >= 0 {
		return false
	}
	var before []int
	for _, r := range p.readersOf(m.to) {
		if r == m.from {
			continue
		}
		if p.dependsOn(r, m.from) {
			return false
		}
		before = append(before, r)
	}
	e.target = m.to
	e.after = append(e.after, before...)
	return true
}

// readersOf lists the entries that read the memory of entry s, also through views,
// as which every stock op counts.
func (p *plan) readersOf(s int) []int {
	var out []int
	seen := map[int]bool{}
	var collect func(s int)
	collect = func(s int) {
		for _, r := range p.entries[s].readers {
			if seen[r] {
				continue
			}
			seen[r] = true
			out = append(out, r)
			if op, own := p.entries[r].op.(*ops.Op); !own || op.View {
				collect(r)
			}
		}
	}
	collect(s)
	return out
}

// dependsOn tells whether entry a must run after entry b.
func (p *plan) dependsOn(a, b int) bool {
	seen := make([]bool, len(p.entries))
	var reach func(s int) bool
	reach = func(s int) bool {
		if s == b {
			return true
		}
		if seen[s] {
			return false
		}
		seen[s] = true
		for _, l := range [][]int{p.entries[s].in, p.entries[s].after} {
			for _, x := range l {
				if reach(x) {
					return true
				}
			}
		}
		return false
	}
	return reach(a)
}
