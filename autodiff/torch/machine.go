//go:build libtorch && cgo

package torch

import (
	"fmt"
	"runtime"
	"unsafe"

	"capas/autodiff"
	"capas/autodiff/ops"

	lib "github.com/sugarme/gotch/libtch"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// machine runs a program. All tensors of a run are freed at its end: between runs it holds none but
// the constants.
type machine struct {
	backend *backend
	program *autodiff.Program
	leaves  []int // that are read, or assigned to
	steps   []step
	// constants are on the device.
	constants map[int]handle
	tensors   []handle // of a run, by value
	checked   bool     // the shapes of all results have been compared with the nodes'
	// probes are of results of a run that somebody wants to know of if they are not finite; see
	// ops.Def.NotFinite.
	probes []handle
	calls  *calls
}

// step is an operation.
type step struct {
	value  int
	node   *G.Node
	text   string
	kernel kernel
	in     []int // the operands that it reads
	free   []int // values that nothing reads after it
	// notFinite is called if the result is not.
	notFinite func()
}

// Build implements autodiff.Backend.
func (b *backend) Build(p *autodiff.Program) (autodiff.Machine, error) {
	m := &machine{backend: b, program: p, constants: map[int]handle{}, tensors: make([]handle, len(p.Values)), calls: newCalls(b.device)}
	steps := map[int]*step{}
	for _, s := range p.Order {
		v := p.Values[s]
		t, err := translate(b.known, p, v)
		if err != nil {
			return nil, fmt.Errorf("%v: node %d: %w", b, v.Node.ID(), err)
		}
		st := &step{value: s, node: v.Node, text: v.Op.String(), kernel: t.kernel, in: v.In}
		if t.reads != nil {
			st.in = nil
			for _, i := range t.reads {
				st.in = append(st.in, v.In[i])
			}
		}
		if own, ok := v.Op.(*ops.Op); ok {
			st.notFinite = own.NotFinite
		}
		steps[s] = st
	}
	needed := m.needed(steps)
	last := map[int]int{}
	for _, s := range p.Order {
		if !needed[s] {
			continue
		}
		for _, x := range steps[s].in {
			last[x] = len(m.steps)
		}
		last[s] = len(m.steps)
		m.steps = append(m.steps, *steps[s])
	}
	for _, s := range p.Outputs {
		delete(last, s)
	}
	for _, a := range p.Assignments {
		delete(last, a.From)
	}
	for s := range p.Values {
		if k, ok := last[s]; ok && p.Values[s].Op != nil {
			m.steps[k].free = append(m.steps[k].free, s)
		}
	}
	runtime.AddCleanup(m, freeAll, m.constants)
	return m, m.load(needed)
}

// freeAll frees tensors, once.
func freeAll(tensors map[int]handle) {
	for s, h := range tensors {
		lib.AtFree(h)
		delete(tensors, s)
	}
}

// needed marks what the outputs and assignments depend on.
func (m *machine) needed(steps map[int]*step) []bool {
	needed := make([]bool, len(m.program.Values))
	var need func(s int)
	need = func(s int) {
		if needed[s] {
			return
		}
		needed[s] = true
		if st := steps[s]; st != nil {
			for _, x := range st.in {
				need(x)
			}
		}
	}
	for _, s := range m.program.Outputs {
		need(s)
	}
	for _, a := range m.program.Assignments {
		need(a.From)
		need(a.To)
	}
	for _, s := range m.program.Order {
		if st := steps[s]; st != nil && drawsNumbers(m.program.Values[s].Op) {
			need(s) // or later draws of the stream would be others
		}
	}
	return needed
}

func drawsNumbers(op G.Op) bool {
	own, ok := op.(*ops.Op)
	return ok && own.Draw != nil
}

// load copies the constants to the device and lists the leaves.
func (m *machine) load(needed []bool) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for s, v := range m.program.Values {
		switch {
		case !needed[s] || v.Op != nil:
		case !v.Constant():
			m.leaves = append(m.leaves, s)
		default:
			c, pin := m.newCalls(v.Node.Dtype()), new(runtime.Pinner)
			h := c.to(m.backend.device, c.clone(c.bound(pin, v.Node.Value()), c.dtype))
			c.release(h)
			pin.Unpin()
			if c.err != nil {
				return fmt.Errorf("%v: constant %v: %w", m.backend, v.Node.Value(), c.err)
			}
			m.constants[s] = h
		}
	}
	return nil
}

// newCalls are the machine's calls on floating-point numbers of a type.
func (m *machine) newCalls(dt tensor.Dtype) *calls {
	m.calls.dtype, m.calls.err = typeFloat32, nil
	if dt == tensor.Float64 {
		m.calls.dtype = typeFloat64
	}
	return m.calls
}

// bound is a tensor of the memory of v, which is pinned.
func (c *calls) bound(pin *runtime.Pinner, v G.Value) handle {
	if c.err != nil {
		return nil
	}
	var data unsafe.Pointer
	var shape tensor.Shape
	if v != nil {
		shape = v.Shape()
	}
	if c.dtype == typeFloat32 {
		e, err := ops.Elements[float32](v)
		if c.err = err; err != nil {
			return nil
		}
		data = unsafe.Pointer(unsafe.SliceData(e))
	} else {
		e, err := ops.Elements[float64](v)
		if c.err = err; err != nil {
			return nil
		}
		data = unsafe.Pointer(unsafe.SliceData(e))
	}
	pin.Pin(data)
	return c.blob(data, shape, c.dtype)
}

// to is x on a device.
func (c *calls) to(device int32, x handle) handle {
	if device == deviceCPU {
		return x
	}
	return c.one(func(out *handle) { lib.AtgTo(out, x, device) })
}

// Close implements autodiff.Machine.
func (m *machine) Close() error {
	freeAll(m.constants)
	return nil
}
