package autodiff

import (
	"fmt"

	"capas/autodiff/ops"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Function is a compiled graph. It is a gorgonia.VM. One goroutine may use a
// function at a time; functions of different graphs run side by side, also where
// they share tensors that none of them writes. (A stock matrix product does write to
// its operand, whose header it transposes for a while.)
type Function struct {
	values      []G.Value // by the plan's numbers: leaves as last bound, results as computed
	leaves      []leaf
	steps       []step
	moves       []move
	inputs      []int
	outputs     []int
	outputNodes G.Nodes

	profile     *Profile // nil: nothing is recorded
	profileName string
}

var _ G.VM = (*Function)(nil)

type leaf struct {
	slot  int
	node  *G.Node
	shape tensor.Shape
	dtype tensor.Dtype
}

// step runs one operation.
type step struct {
	node    *G.Node
	own     *ops.Op           // one of ours, or nil
	stock   G.Op              // otherwise
	reuse   G.UsePreallocDoer // the stock op, if it can write into out
	in      []int
	args    []G.Value
	out     int
	buffer  G.Value // where the result goes; nil: into target's tensor, or what stock returns
	target  int     // leaf to write into, or −1
	alias   bool    // buffer shares the operand's memory: nothing to run
	scratch ops.Scratch
}

// build allocates the buffers and binds the results to their nodes.
func (f *Function) build(p *plan, order []int) error {
	f.values = make([]G.Value, len(p.entries))
	f.moves = p.moves
	for s, e := range p.entries {
		if e.op == nil {
			f.values[s] = e.node.Value()
			if e.node.Op() == nil {
				f.leaves = append(f.leaves, leaf{s, e.node, e.node.Shape(), e.node.Dtype()})
			}
		}
	}
	for _, s := range order {
		e := &p.entries[s]
		st := step{node: e.node, in: e.in, args: make([]G.Value, len(e.in)), out: s, target: e.target}
		switch op := e.op.(type) {
		case *ops.Op:
			st.own = op
			if e.target < 0 {
				st.buffer, st.alias = f.bufferFor(p, op, e)
			}
		default:
			st.stock = op
			if reusesBuffer(op, e.node.Shape()) {
				st.reuse = op.(G.UsePreallocDoer)
				st.buffer = ops.NewValue(e.node.Dtype(), e.node.Shape())
			}
		}
		f.values[s] = st.buffer
		f.steps = append(f.steps, st)
	}
	return nil
}

// bufferFor makes the buffer of one of our operations. A view of the result of
// another of ours shares its memory. A view of a leaf does not, since another tensor
// may be bound to the leaf at every run, nor one of a stock op, which may return
// another tensor at every run.
func (f *Function) bufferFor(p *plan, op *ops.Op, e *entry) (v G.Value, alias bool) {
	if x := p.entries[e.in[0]]; op.View && x.target < 0 {
		_, own := x.op.(*ops.Op)
		if d, ok := f.values[e.in[0]].(*tensor.Dense); ok && own {
			return tensor.New(tensor.WithShape(op.Def.Shape...), tensor.WithBacking(d.Data())), true
		}
	}
	return ops.NewValue(e.node.Dtype(), op.Def.Shape), false
}

// Run binds values to the inputs, in the order given to Compile and without copying
// them, runs the function and applies its updates. The values are read during the
// run only.
func (f *Function) Run(values ...G.Value) error {
	if len(values) != len(f.inputs) {
		return fmt.Errorf("run: want %d inputs, got %d", len(f.inputs), len(values))
	}
	f.readLeaves()
	for i, s := range f.inputs {
		f.values[s] = values[i]
	}
	return f.run()
}

// RunAll runs the function on the values that are bound to the nodes of its graph,
// as gorgonia.Let binds them.
func (f *Function) RunAll() error {
	f.readLeaves()
	return f.run()
}

// Reset does nothing: a function is always ready for the next run.
func (f *Function) Reset() {}

// Close releases the buffers; the function must not be used any more.
func (f *Function) Close() error {
	*f = Function{}
	return nil
}

// Steps is the number of operations of a run.
func (f *Function) Steps() int { return len(f.steps) }

// Output returns output i of the last run. It is overwritten by the next one.
func (f *Function) Output(i int) G.Value { return f.values[f.outputs[i]] }

// Scalar returns output i of the last run, which must be a scalar.
func (f *Function) Scalar(i int) (float64, error) {
	if i < 0 || i >= len(f.outputs) {
		return 0, fmt.Errorf("output %d of %d does not exist", i, len(f.outputs))
	}
	v, err := ops.Scalar(f.Output(i))
	if err != nil {
		return 0, fmt.Errorf("output %d: %w", i, err)
	}
	return v, nil
}

func (f *Function) readLeaves() {
	for _, l := range f.leaves {
		f.values[l.slot] = l.node.Value()
	}
}

func (f *Function) run() error {
	for _, l := range f.leaves {
		v := f.values[l.slot]
		if v == nil {
			return fmt.Errorf("run: no value is bound to %s, want shape %v", l.node.Name(), l.shape)
		}
		if !v.Shape().Eq(l.shape) {
			return fmt.Errorf("run: want shape %v for %s, got %v", l.shape, l.node.Name(), v.Shape())
		}
		if v.Dtype() != l.dtype {
			return fmt.Errorf("run: want elements of %v for %s, got %v", l.dtype, l.node.Name(), v.Dtype())
		}
	}
	for i := range f.steps {
		if err := f.runStep(&f.steps[i]); err != nil {
			return fmt.Errorf("run: node %d: %w", f.steps[i].node.ID(), err)
		}
	}
	for _, m := range f.moves {
		if err := assign(f.values[m.to], f.values[m.from]); err != nil {
			return fmt.Errorf("run: update: %w", err)
		}
	}
	for i, n := range f.outputNodes {
		if v := f.values[f.outputs[i]]; n.Op() != nil && n.Value() != v {
			if err := G.UnsafeLet(n, v); err != nil {
				return fmt.Errorf("run: bind output %s: %w", n.Name(), err)
			}
		}
	}
	return nil
}

func (f *Function) runStep(s *step) error {
	if s.alias {
		return nil
	}
	for j, x := range s.in {
		s.args[j] = f.values[x]
	}
	if s.own != nil {
		if s.target >= 0 {
			f.values[s.out] = f.values[s.target]
		}
		return s.own.Run(f.values[s.out], s.args, &s.scratch)
	}
	v, err := runStock(s)
	if err != nil {
		return fmt.Errorf("%v: %w", s.stock, err)
	}
	f.values[s.out] = v
	return nil
}

// runStock runs a stock op; it turns its panics into errors and makes views
// contiguous, since our own operations want them so.
func runStock(s *step) (v G.Value, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	if s.reuse != nil {
		v, err = s.reuse.UsePreallocDo(s.buffer, s.args...)
	} else {
		v, err = s.stock.Do(s.args...)
	}
	if d, ok := v.(*tensor.Dense); ok && err == nil && d.RequiresIterator() {
		v = d.Materialize()
	}
	return v, err
}

// assign copies the elements of src to dst.
func assign(dst, src G.Value) error {
	if d, err := ops.Elements[float32](dst); err == nil {
		s, err := ops.Elements[float32](src)
		copy(d, s)
		return err
	}
	d, err := ops.Elements[float64](dst)
	if err != nil {
		return err
	}
	s, err := ops.Elements[float64](src)
	copy(d, s)
	return err
}
