package autodiff

import (
	"fmt"
	"slices"

	"capas/autodiff/ops"
	"capas/internal/workers"

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
	operations  int
	allocated   int // elements in buffers
	results     int // elements of the results that share them
	workers     int // the most that a step is divided among
	state       State

	machine      Machine // of a backend, instead of steps
	machineLabel string

	profile     *Profile // nil: nothing is recorded
	profileName string
}

var _ G.VM = (*Function)(nil)

type leaf struct {
	slot  int
	node  *G.Node
	shape tensor.Shape
	dtype tensor.Dtype
	// contiguous says that steps or moves want its elements one after the other.
	contiguous bool
}

// build forms the steps of the function, gives every result its memory and binds the
// results to their nodes.
func (f *Function) build(p *plan, order []int) error {
	f.collect(p, order)
	f.moves = p.moves
	for i := range f.leaves {
		f.leaves[i].contiguous = p.contiguous(f.leaves[i].slot)
	}
	f.workers = workers.Shared().Size()
	pinned := make([]bool, len(p.entries))
	for _, s := range f.outputs {
		pinned[s] = true
	}
	for _, m := range p.moves {
		pinned[m.from] = true
	}
	m := newMemory(p.divide(order, pinned))
	for i, g := range m.groups {
		if !g.empty() {
			f.steps = append(f.steps, f.newStep(m, i))
			m.release(i, f.values)
		}
	}
	f.allocated, f.results = m.f32.total+m.f64.total, m.results
	return nil
}

// collect makes places for the values of the plan, with the constants and leaves.
func (f *Function) collect(p *plan, order []int) {
	f.values = make([]G.Value, len(p.entries))
	f.operations = len(order)
	for s, e := range p.entries {
		if e.op == nil {
			f.values[s] = e.node.Value()
			if e.node.Op() == nil {
				f.leaves = append(f.leaves, leaf{slot: s, node: e.node, shape: e.node.Shape(), dtype: e.node.Dtype()})
			}
		}
	}
}

// contiguous tells whether operations of ours read the leaf s, or an update changes it: both work on its elements
// in row-major order. Stock ops take any view.
func (p *plan) contiguous(s int) bool {
	for _, r := range p.entries[s].readers {
		if own(&p.entries[r]) != nil {
			return true
		}
	}
	return slices.ContainsFunc(p.entries, func(e entry) bool { return e.target == s }) ||
		slices.ContainsFunc(p.moves, func(m move) bool { return m.to == s })
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
	var err error
	if f.machine != nil {
		err = f.machine.Close()
	}
	*f = Function{}
	return err
}

// Steps is the number of operations of a run. Several of them may run as one.
func (f *Function) Steps() int { return f.operations }

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
		// A step would find out too, but only after others have updated leaves in place.
		if l.contiguous {
			if err := readable(v, l.dtype); err != nil {
				return fmt.Errorf("run: %s: %w", l.node.Name(), err)
			}
		}
	}
	if err := f.compute(); err != nil {
		return fmt.Errorf("run: %w", err)
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

// readable reports a value of dtype dt whose elements are not there one after the other.
func readable(v G.Value, dt tensor.Dtype) (err error) {
	if d, ok := v.(*tensor.Dense); ok && !d.RequiresIterator() && !d.DataOrder().IsColMajor() {
		return nil // what Elements looks at, without taking the elements
	}
	if dt == tensor.Float32 {
		_, err = ops.Elements[float32](v)
	} else {
		_, err = ops.Elements[float64](v)
	}
	return err
}

// compute computes the outputs and applies the updates.
func (f *Function) compute() error {
	if f.machine != nil {
		return f.runMachine()
	}
	pool := workers.Shared()
	pool.Enter()
	err := f.runSteps(pool)
	pool.Leave()
	if err != nil {
		return err
	}
	for _, m := range f.moves {
		if err := assign(f.values[m.to], f.values[m.from]); err != nil {
			return fmt.Errorf("update: %w", err)
		}
	}
	return nil
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
