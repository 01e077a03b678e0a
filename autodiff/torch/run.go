//go:build libtorch && cgo

package torch

import (
	"fmt"
	"runtime"
	"unsafe"

	"capas/autodiff/ops"

	lib "github.com/sugarme/gotch/libtch"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Run implements autodiff.Machine.
func (m *machine) Run(values []G.Value) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var pin runtime.Pinner
	defer pin.Unpin()
	defer m.free()
	if err := m.bind(&pin, values); err != nil {
		return err
	}
	for i := range m.steps {
		s := &m.steps[i]
		if err := m.step(s); err != nil {
			return fmt.Errorf("node %d: %s: %w", s.node.ID(), s.text, err)
		}
	}
	m.checked = true
	if err := m.deliver(&pin, values); err != nil {
		return err
	}
	return m.probe()
}

// bind makes tensors of the leaves, and of the constants further references.
func (m *machine) bind(pin *runtime.Pinner, values []G.Value) error {
	for s, h := range m.constants {
		m.tensors[s] = h
	}
	for _, s := range m.leaves {
		n := m.program.Values[s].Node
		c := m.newCalls(n.Dtype())
		h := c.to(m.backend.device, c.bound(pin, values[s]))
		c.release(h)
		if c.err != nil {
			return fmt.Errorf("%s: %w", n.Name(), c.err)
		}
		m.tensors[s] = h
	}
	return nil
}

// step runs an operation and frees what it was the last to read.
func (m *machine) step(s *step) (err error) {
	defer func() {
		if p := recover(); p != nil {
			m.calls.release(nil)
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	c := m.newCalls(s.node.Dtype())
	x := make([]handle, len(s.in))
	for i, v := range s.in {
		x[i] = m.tensors[v]
	}
	y := s.kernel(c, x)
	if y != nil && !made(c, y) {
		y = c.same(y) // an operand itself
	}
	if y != nil && s.notFinite != nil {
		p := c.sum(c.sub(y, y)) // NaN unless all are finite
		if c.err == nil {
			m.probes = append(m.probes, p)
			c.made = c.made[:len(c.made)-1]
		}
	}
	c.release(y)
	if c.err != nil {
		if y != nil {
			lib.AtFree(y)
		}
		return c.err
	}
	m.tensors[s.value] = y
	if !m.checked {
		if shape, err := shapeOf(y); err != nil || !shape.Eq(s.node.Shape()) {
			return fmt.Errorf("want a result of shape %v, got %v", s.node.Shape(), shape)
		}
	}
	for _, v := range s.free {
		if m.tensors[v] != nil {
			lib.AtFree(m.tensors[v])
			m.tensors[v] = nil
		}
	}
	return nil
}

// made tells whether h is a result of the calls.
func made(c *calls, h handle) bool {
	for i := len(c.made) - 1; i >= 0; i-- {
		if c.made[i] == h {
			return true
		}
	}
	return false
}

// deliver copies the outputs to their tensors and then makes the assignments.
func (m *machine) deliver(pin *runtime.Pinner, values []G.Value) error {
	for _, s := range m.program.Outputs {
		if err := m.copyOut(pin, values[s], m.tensors[s], s); err != nil {
			return fmt.Errorf("output %s: %w", m.program.Values[s].Node.Name(), err)
		}
	}
	// What is assigned may be a view of a leaf that another assignment changes.
	from := make([]handle, len(m.program.Assignments))
	defer func() {
		for _, h := range from {
			if h != nil {
				lib.AtFree(h)
			}
		}
	}()
	for i, a := range m.program.Assignments {
		n := m.program.Values[a.To].Node
		c := m.newCalls(n.Dtype())
		if m.isView(a.From, values) {
			from[i] = c.clone(m.tensors[a.From], c.dtype)
		} else {
			from[i] = c.same(m.tensors[a.From])
		}
		c.release(from[i])
		if c.err != nil {
			return fmt.Errorf("update of %s: %w", n.Name(), c.err)
		}
	}
	for i, a := range m.program.Assignments {
		if err := m.copyOut(pin, values[a.To], from[i], a.To); err != nil {
			return fmt.Errorf("update of %s: %w", m.program.Values[a.To].Node.Name(), err)
		}
	}
	return nil
}

// copyOut copies h to the memory of v, the tensor of value s.
func (m *machine) copyOut(pin *runtime.Pinner, v G.Value, h handle, s int) error {
	c := m.newCalls(m.program.Values[s].Node.Dtype())
	c.copyTo(c.bound(pin, v), h)
	c.release(nil)
	return c.err
}

// isView tells whether the tensor of value s is in the memory of a leaf that is assigned to: on the
// processor a leaf's tensor is the program's memory, and a view of it stays there.
func (m *machine) isView(s int, values []G.Value) bool {
	if m.backend.device != deviceCPU {
		return false // what is assigned is only written after all of this run has been computed
	}
	at := uintptr(lib.AtDataPtr(m.tensors[s]))
	for _, a := range m.program.Assignments {
		var first unsafe.Pointer
		size := uintptr(8)
		if e, err := ops.Elements[float32](values[a.To]); err == nil {
			first, size = unsafe.Pointer(unsafe.SliceData(e)), 4*uintptr(len(e))
		} else if e, err := ops.Elements[float64](values[a.To]); err == nil {
			first, size = unsafe.Pointer(unsafe.SliceData(e)), 8*uintptr(len(e))
		}
		if p := uintptr(first); at >= p && at < p+size {
			return true
		}
	}
	return false
}

// probe tells of results that are not finite.
func (m *machine) probe() error {
	if len(m.probes) == 0 {
		return nil
	}
	c := m.newCalls(tensor.Float64)
	found := make([]float64, len(m.probes))
	var pin runtime.Pinner
	defer pin.Unpin()
	pin.Pin(&found[0])
	c.copyTo(c.blob(unsafe.Pointer(&found[0]), tensor.Shape{len(found)}, typeFloat64), c.stack(0, m.probes...))
	c.release(nil)
	if c.err != nil {
		return fmt.Errorf("whether results are finite: %w", c.err)
	}
	i := 0
	for _, s := range m.steps {
		if s.notFinite == nil {
			continue
		}
		if found[i] != 0 {
			s.notFinite()
		}
		i++
	}
	return nil
}

// free releases the tensors of a run.
func (m *machine) free() {
	for s, h := range m.tensors {
		if h != nil && m.constants[s] == nil {
			lib.AtFree(h)
		}
		m.tensors[s] = nil
	}
	for _, h := range m.probes {
		lib.AtFree(h)
	}
	m.probes = m.probes[:0]
	libError() // what a failed run may have left on this thread
}

// hosted runs an operation by its own kernel, on the processor.
type hosted struct {
	own     *ops.Op
	in      []tensor.Shape
	out     tensor.Shape
	x       []G.Value
	y       G.Value
	scratch ops.Scratch
}

// run is a kernel. x are the first operands of the operation; the kernel looks at no more.
func (h *hosted) run(c *calls, x []handle) handle {
	if c.err != nil {
		return nil
	}
	if h.y == nil {
		dt := tensor.Float32
		if c.dtype == typeFloat64 {
			dt = tensor.Float64
		}
		h.y = ops.NewValue(dt, h.out)
		for _, shape := range h.in {
			h.x = append(h.x, ops.NewValue(dt, shape))
		}
	}
	var pin runtime.Pinner
	defer pin.Unpin()
	for i := range x {
		c.copyTo(c.bound(&pin, h.x[i]), x[i])
	}
	if c.err != nil {
		return nil
	}
	if c.err = h.own.Run(h.y, h.x, &h.scratch); c.err != nil {
		return nil
	}
	y := c.clone(c.bound(&pin, h.y), c.dtype) // the next draw overwrites the memory
	return c.to(c.device, y)
}
