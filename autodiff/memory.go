package autodiff

import (
	"slices"

	"capas/autodiff/ops"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// memory gives the results of operations their buffers. Results that are not needed at
// the same time share one.
type memory struct {
	*grouping
	f32  pool[float32]
	f64  pool[float64]
	last []int // the last group that reads the memory of an entry
	// handed marks entries whose memory went to another one before the end.
	handed  []bool
	results int // elements of all values given out
}

// pool holds the buffers of one dtype.
type pool[T ops.Float] struct {
	free  [][]T
	total int // elements allocated
}

func newMemory(d *grouping) *memory {
	m := &memory{grouping: d, last: make([]int, len(d.entries)), handed: make([]bool, len(d.entries))}
	for s := range d.entries {
		m.last[s] = d.at[s]
		if d.pinned[s] {
			m.last[s] = len(d.groups) // never free
		}
		for _, r := range d.readersOf(s) {
			m.last[s] = max(m.last[s], d.at[r])
			if d.pinned[r] && d.mayShare(r) {
				m.last[s] = len(d.groups)
			}
		}
	}
	return m
}

// mayShare tells whether the result of entry r may share memory with an operand.
func (d *grouping) mayShare(r int) bool { return own(&d.entries[r]) == nil || d.aliased(r) }

// value returns a value of entry s, a member of group i, with memory that nothing else
// uses from this group to the last that reads s.
func (m *memory) value(s, i int, values []G.Value) G.Value {
	n := m.entries[s].node
	shape := n.Shape()
	if shape.Dims() == 0 {
		return ops.NewValue(n.Dtype(), shape)
	}
	m.results += shape.TotalSize()
	if x := m.inPlace(s, i); x >= 0 {
		m.handed[x] = true
		return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(values[x].(*tensor.Dense).Data()))
	}
	if n.Dtype() == tensor.Float32 {
		return dense(shape, m.f32.take(shape.TotalSize()))
	}
	return dense(shape, m.f64.take(shape.TotalSize()))
}

// inPlace returns an operand of entry s in whose place the result can be written, or −1:
// one of a chain without products that is not read after s. (Products write into the
// memory of a result before the chain runs.)
func (m *memory) inPlace(s, i int) int {
	g := m.groups[i]
	k := slices.Index(g.chain, s)
	if k < 0 || g.sum >= 0 {
		return -1
	}
	for _, x := range m.entries[s].in {
		x = m.base(x)
		e := &m.entries[x]
		if own(e) != nil && e.target < 0 && m.at[x] < i && m.last[x] == i && !m.handed[x] &&
			m.size(x) == m.size(s) && e.node.Shape().Dims() > 0 && m.lastUse(x, g) <= k {
			return x
		}
	}
	return -1
}

func dense[T ops.Float](shape tensor.Shape, data []T) *tensor.Dense {
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
}

// take returns the smallest free buffer of at least n elements, or a new one.
func (p *pool[T]) take(n int) []T {
	best := -1
	for i, b := range p.free {
		if cap(b) >= n && (best < 0 || cap(b) < cap(p.free[best])) {
			best = i
		}
	}
	if best < 0 {
		p.total += n
		return make([]T, n)
	}
	b := p.free[best]
	p.free = slices.Delete(p.free, best, best+1)
	return b[:n]
}

// release frees the buffers that group i was the last to read. Those that it wrote and
// nothing reads are free again, too.
func (m *memory) release(i int, values []G.Value) {
	for s := range m.entries {
		if m.last[s] != i || m.handed[s] || m.aliased(s) || own(&m.entries[s]) == nil || m.entries[s].target >= 0 {
			continue
		}
		d, ok := values[s].(*tensor.Dense)
		switch {
		case !ok:
		case d.Dtype() == tensor.Float32:
			m.f32.free = append(m.f32.free, d.Float32s())
		default:
			m.f64.free = append(m.f64.free, d.Float64s())
		}
	}
}
