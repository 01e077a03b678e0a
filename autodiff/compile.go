package autodiff

import (
	"fmt"
	"sort"

	"capas/autodiff/ops"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Compile makes a function that computes outputs from inputs and then applies the
// updates. Inputs are leaves of the graph, given to Function.Run in this order;
// every other leaf that is needed must have a value bound to it (a parameter, say)
// when the function runs, which is read anew each time. Inputs, outputs and updates
// must be of one graph. Several functions may be compiled from a graph; each has
// buffers of its own, and the nodes show the results of the one that ran last.
//
// The first function with a stock op registers the kernels for Gorgonia's own float32
// matrix products (gorgonia.Use), unless another BLAS than the default is in use.
func Compile(inputs, outputs G.Nodes, updates []Update) (*Function, error) {
	return compile(nil, inputs, outputs, updates)
}

func compile(b Backend, inputs, outputs G.Nodes, updates []Update) (*Function, error) {
	p := &plan{slot: map[*G.Node]int{}, byKey: map[string]int{}}
	if err := p.checkInputs(inputs); err != nil {
		return nil, fmt.Errorf("compile: %w", err)
	}
	f := &Function{}
	for _, n := range inputs {
		s, err := p.visit(n)
		if err != nil {
			return nil, fmt.Errorf("compile: %w", err)
		}
		f.inputs = append(f.inputs, s)
	}
	for i, n := range outputs {
		if !p.inGraph(n) {
			return nil, fmt.Errorf("compile: output %d is missing from the graph", i)
		}
		s, err := p.visitOutput(n, len(updates) > 0)
		if err != nil {
			return nil, fmt.Errorf("compile: output %s: %w", n.Name(), err)
		}
		f.outputs = append(f.outputs, s)
		f.outputNodes = append(f.outputNodes, n)
	}
	if err := p.addUpdates(updates); err != nil {
		return nil, fmt.Errorf("compile: %w", err)
	}
	if b == nil {
		p.updateInPlaces()
	}
	order := p.schedule()
	f.state = p.stateOf(order, updates)
	var err error
	if b == nil {
		err = f.build(p, order)
	} else {
		err = f.buildOn(b, p, order)
	}
	if err != nil {
		return nil, fmt.Errorf("compile: %w", err)
	}
	return f, nil
}

// entry is a value of the plan: a leaf or the result of an operation.
type entry struct {
	node    *G.Node
	op      G.Op  // nil for a leaf
	in      []int // operands
	after   []int // entries that must have run before, besides the operands
	readers []int // entries that read this one
	// target is the leaf into whose tensor the result is written, or −1.
	target int
}

// plan numbers the values that a function needs. Equal expressions get one number.
type plan struct {
	graph   *G.ExprGraph
	inputs  map[*G.Node]bool
	entries []entry
	slot    map[*G.Node]int
	byKey   map[string]int
	moves   []move
}

func (p *plan) checkInputs(inputs G.Nodes) error {
	p.inputs = map[*G.Node]bool{}
	for i, n := range inputs {
		switch {
		case n == nil:
			return fmt.Errorf("input %d is missing", i)
		case n.Op() != nil:
			return fmt.Errorf("input %d, %s, is computed by the graph: an input must be a leaf", i, n.Name())
		case p.inputs[n]:
			return fmt.Errorf("input %d, %s, is given twice", i, n.Name())
		case !p.inGraph(n):
			return fmt.Errorf("input %d, %s, is of another graph than the inputs before it", i, n.Name())
		}
		p.inputs[n] = true
	}
	return nil
}

// inGraph tells whether n belongs to the graph of the function, which the first node
// given to Compile decides.
func (p *plan) inGraph(n *G.Node) bool {
	if n == nil || n.Graph() == nil {
		return false
	}
	if p.graph == nil {
		p.graph = n.Graph()
	}
	return n.Graph() == p.graph
}

// visitOutput returns the number of an output's value. The result of a stock op may
// share the memory of a leaf: it is copied if that leaf may be updated.
func (p *plan) visitOutput(n *G.Node, updated bool) (int, error) {
	_, own := n.Op().(*ops.Op)
	if dt := n.Dtype(); updated && n.Op() != nil && n.Op().Arity() > 0 && !own && (dt == tensor.Float32 || dt == tensor.Float64) {
		copied, err := ops.StopGradient(n)
		if err != nil {
			return 0, err
		}
		return p.visit(copied)
	}
	return p.visit(n)
}

// visit returns the number of n's value, after those of its operands.
func (p *plan) visit(n *G.Node) (int, error) {
	if s, ok := p.slot[n]; ok {
		return s, nil
	}
	e := entry{node: n, target: -1}
	key := fmt.Sprintf("leaf %d", n.ID())
	switch op := n.Op(); {
	case op == nil: // a leaf equals only itself
	case op.Arity() == 0 && n.Value() != nil: // a constant
		key = fmt.Sprintf("constant %v %v", n.Dtype(), n.Value())
	default:
		if why := wrongForward(op); why != "" {
			return 0, fmt.Errorf("%s", why)
		}
		e.op = op
		for _, x := range ops.Children(n) {
			s, err := p.visit(x)
			if err != nil {
				return 0, err
			}
			e.in = append(e.in, s)
		}
		key = expressionKey(n, e.in)
	}
	s, ok := p.byKey[key]
	if !ok {
		s = len(p.entries)
		p.entries = append(p.entries, e)
		p.byKey[key] = s
		for _, x := range e.in {
			p.entries[x].readers = append(p.entries[x].readers, s)
		}
	}
	p.slot[n] = s
	return s, nil
}

// expressionKey is equal for two nodes exactly if they apply the same function to
// the same values.
func expressionKey(n *G.Node, in []int) string {
	var f, name string
	if op, ok := n.Op().(*ops.Op); ok {
		f, name = op.Key(), op.Name
	} else {
		f, name = stockKey(n.Op(), n), n.Op().String()
	}
	if commutes(name) && len(in) == 2 && in[0] > in[1] {
		in = []int{in[1], in[0]}
	}
	return fmt.Sprintf("%s%v", f, in)
}

// schedule orders the operations so that each comes after its operands and after
// what must come before it, otherwise in the order in which they were found.
func (p *plan) schedule() []int {
	var order []int
	done := make([]bool, len(p.entries))
	var place func(s int)
	place = func(s int) {
		if done[s] {
			return
		}
		done[s] = true
		e := &p.entries[s]
		for _, x := range e.in {
			place(x)
		}
		sort.Ints(e.after)
		for _, x := range e.after {
			place(x)
		}
		if e.op != nil {
			order = append(order, s)
		}
	}
	for s := range p.entries {
		place(s)
	}
	return order
}
