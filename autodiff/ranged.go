package autodiff

import (
	"context"
	"runtime/pprof"

	"capas/autodiff/ops"
)

// ranged runs an operation whose results can be computed in ranges: sums over columns,
// functions of rows.
type ranged[T ops.Float] struct {
	op     *ops.Op
	f      func(y []T, x [][]T, from, to int)
	in     []int
	out    int
	unit   int // elements of a range
	n      int // elements of the result
	x      [][]T
	y      []T
	labels context.Context
}

// rangedUnit is the least number of elements that a unit of a ranged operation reads, or
// flopUnit the least number of floating-point operations in it.
const (
	rangedUnit = 16 << 10
	flopUnit   = 1 << 20
)

func newRanged[T ops.Float](m *memory, s int) *ranged[T] {
	e := &m.entries[s]
	op := own(e)
	r := &ranged[T]{op: op, f: ops.RangeKernel[T](op), in: e.in, out: s, n: m.size(s), x: make([][]T, len(e.in))}
	read := 0
	for _, x := range e.in {
		read += m.size(x)
	}
	grain := max(1, op.Ranged.Grain)
	grains := ceilDiv(r.n, grain)
	units := min(grains, max(1, read/rangedUnit, int(op.Ranged.Flop/flopUnit)))
	r.unit = ceilDiv(grains, units) * grain
	return r
}

// Do computes one range.
func (r *ranged[T]) Do(worker, unit int) {
	if r.labels != nil && worker > 0 { // the caller, worker 0, has them
		pprof.SetGoroutineLabels(r.labels)
		defer pprof.SetGoroutineLabels(context.Background())
	}
	from := unit * r.unit
	r.f(r.y, r.x, from, min(from+r.unit, r.n))
}

func (r *ranged[T]) bind(f *Function) error {
	for j, x := range r.in {
		e, err := ops.Elements[T](f.values[x])
		if err != nil {
			return err
		}
		r.x[j] = e
	}
	var err error
	r.y, err = ops.Elements[T](f.values[r.out])
	return err
}

func (r *ranged[T]) units() int { return ceilDiv(r.n, r.unit) }

func (r *ranged[T]) label(ctx context.Context) { r.labels = ctx }
