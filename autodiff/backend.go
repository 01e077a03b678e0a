package autodiff

import (
	"fmt"
	"time"

	"capas/autodiff/ops"

	G "gorgonia.org/gorgonia"
)

// Backend is another engine than Capas's kernels, on which functions can be run.
type Backend interface {
	// Build prepares a program to be run. An operation that the backend does not know is
	// an error that names it and its node.
	Build(p *Program) (Machine, error)
	// String is the backend's name with its device, such as "torch on cpu".
	String() string
}

// Program is a function as a backend gets it: the values that it needs, numbered, equal
// ones merged, and what is to be made of them.
type Program struct {
	// Values are the leaves of the graph, its constants and the results of operations.
	Values []Value
	// Order lists the operations, each after its operands, those that draw from one
	// stream in the order of their draws.
	Order []int
	// Outputs are the values that must be known after a run, each once.
	Outputs []int
	// Assignments are applied together after all operations.
	Assignments []Assignment

	plan *plan
}

// Value is a value of a program.
type Value struct {
	// Node has its shape and dtype and, of a constant, its value.
	Node *G.Node
	// Op is the operation that computes it; nil for leaves and constants.
	Op G.Op
	// In are its operands.
	In []int
}

// Constant tells whether the value is one that never changes.
func (v Value) Constant() bool { return v.Op == nil && v.Node.Op() != nil && v.Node.Op().Arity() == 0 }

// Assignment says that a leaf's tensor gets the elements of another value.
type Assignment struct{ From, To int }

// Machine runs a program.
type Machine interface {
	// Run finds what is bound to leaves and constants in values, by the program's
	// numbers, and there, too, tensors for the outputs to be written to. It computes
	// these and then makes the assignments. Where it fails, no assignment has been made.
	Run(values []G.Value) error
	// Close releases what the machine holds.
	Close() error
}

// program is the plan for a backend, whose operations run in the given order.
func (p *plan) program(order, outputs []int) *Program {
	out := &Program{Order: order, plan: p}
	for _, e := range p.entries {
		out.Values = append(out.Values, Value{Node: e.node, Op: e.op, In: e.in})
	}
	seen := map[int]bool{}
	for _, s := range outputs {
		if p.entries[s].op != nil && !seen[s] {
			seen[s] = true
			out.Outputs = append(out.Outputs, s)
		}
	}
	for _, m := range p.moves {
		out.Assignments = append(out.Assignments, Assignment{m.from, m.to})
	}
	return out
}

// buildOn has a backend run the function.
func (f *Function) buildOn(b Backend, p *plan, order []int) error {
	f.collect(p, order)
	program := p.program(order, f.outputs)
	for _, s := range program.Outputs {
		n := p.entries[s].node
		f.values[s] = ops.NewValue(n.Dtype(), n.Shape())
	}
	var err error
	f.machine, err = b.Build(program)
	f.machineLabel = b.String()
	return err
}

// runMachine runs the function on its backend, which a profile records as one operation.
func (f *Function) runMachine() error {
	start := time.Now()
	if err := f.machine.Run(f.values); err != nil {
		return fmt.Errorf("%s: %w", f.machineLabel, err)
	}
	if f.profile != nil {
		f.profile.record(rowName(f.profileName, f.machineLabel), time.Since(start), 0, 0)
	}
	return nil
}
