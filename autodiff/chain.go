package autodiff

import (
	"context"
	"runtime/pprof"

	"capas/autodiff/ops"
	"capas/random"
)

// chain runs a group: its products block by block, and after each block, while it is in
// the cache, the elementwise operations on it, row by row. Blocks are independent, so
// that workers share them out and the bytes do not depend on how.
type chain[T ops.Float] struct {
	rows, cols         int // of the result; without products one row
	unitRows, unitCols int // of a block
	heads              []head
	start              operand // where the sum of products is computed
	members            []member[T]
	outside            []outside[T]
	spaces             []workspace[T] // by worker
	temporaries        int
	labels             context.Context // of the workers' samples in a profile, or nil
}

// head is one of the products.
type head struct {
	product *ops.Product
	x       []int // its operands, by number among the outside values
}

// member is one elementwise operation.
type member[T ops.Float] struct {
	f      func(y []T, x [][]T)
	random func(y []T, x [][]T, d random.Draw, first int) // of a draw, instead of f
	stream *random.Stream
	draw   random.Draw // of this run
	y      operand
	x      []operand
}

// outside is a value that is in memory outside the group.
type outside[T ops.Float] struct {
	slot     int
	fixed    bool // the memory is the same at every run
	elements []T
}

// operand says where a value of the chain is.
type operand struct {
	kind  operandKind
	index int
}

type operandKind uint8

const (
	whole     operandKind = iota // an outside value with an element for each of the result
	scalar                       // an outside value of one element
	temporary                    // a row of a block, in the worker's own memory
	block                        // a block, in the worker's own memory
)

// workspace is a worker's own memory.
type workspace[T ops.Float] struct {
	block       []T
	temporaries []T
	x           [][]T // operands of a call
	_           [64]byte
}

// segment is the most elements that the operations of a chain work on at once: few
// enough that a handful of rows stays in the first-level cache, many enough that the
// calls cost nothing.
const segment = 2048

// Do computes one block.
func (c *chain[T]) Do(worker, unit int) {
	if c.labels != nil && worker > 0 { // the caller, worker 0, has them
		pprof.SetGoroutineLabels(c.labels)
		defer pprof.SetGoroutineLabels(context.Background())
	}
	w := &c.spaces[worker]
	across := ceilDiv(c.cols, c.unitCols)
	i, j := unit/across*c.unitRows, unit%across*c.unitCols
	rows, cols := min(c.unitRows, c.rows-i), min(c.unitCols, c.cols-j)
	if len(c.heads) > 0 {
		c.multiply(w, i, rows, j, cols)
	}
	if len(c.members) == 0 {
		return
	}
	if cols == c.cols { // whole rows lie one after the other
		rows, cols = 1, rows*cols
	}
	for r := range rows {
		first := (i+r)*c.cols + j
		for k := 0; k < cols; k += segment {
			c.apply(w, first+k, r*cols+k, min(segment, cols-k))
		}
	}
}

// multiply computes a block of the sum of products.
func (c *chain[T]) multiply(w *workspace[T], i, rows, j, cols int) {
	y, ld := w.block, cols
	if c.start.kind == whole {
		y, ld = c.outside[c.start.index].elements[i*c.cols+j:], c.cols
	}
	for k := range c.heads {
		h := &c.heads[k]
		x := w.x[:0]
		for _, o := range h.x {
			x = append(x, c.outside[o].elements)
		}
		ops.Block(h.product, y, ld, x, i, rows, j, cols, k > 0)
	}
}

// apply runs the operations on n elements, of which the first is element at of the
// result and element local of the block.
func (c *chain[T]) apply(w *workspace[T], at, local, n int) {
	for k := range c.members {
		m := &c.members[k]
		x := w.x[:len(m.x)]
		for j, o := range m.x {
			x[j] = c.locate(w, o, at, local, n)
		}
		y := c.locate(w, m.y, at, local, n)
		if m.random != nil {
			m.random(y, x, m.draw, at)
		} else {
			m.f(y, x)
		}
	}
}

func (c *chain[T]) locate(w *workspace[T], o operand, at, local, n int) []T {
	switch o.kind {
	case whole:
		return c.outside[o.index].elements[at : at+n]
	case scalar:
		return c.outside[o.index].elements
	case temporary:
		return w.temporaries[o.index*segment:][:n]
	default:
		return w.block[local : local+n]
	}
}

// bind looks the outside values up and reserves the draws of a run.
func (c *chain[T]) bind(f *Function) error {
	for k := range c.outside {
		o := &c.outside[k]
		if o.fixed {
			continue
		}
		e, err := ops.Elements[T](f.values[o.slot])
		if err != nil {
			return err
		}
		o.elements = e
	}
	for k := range c.members {
		if m := &c.members[k]; m.random != nil {
			m.draw = m.stream.Reserve(c.rows * c.cols)
		}
	}
	return nil
}

func (c *chain[T]) label(ctx context.Context) { c.labels = ctx }

// units is the number of blocks.
func (c *chain[T]) units() int {
	return ceilDiv(c.rows, c.unitRows) * ceilDiv(c.cols, c.unitCols)
}
