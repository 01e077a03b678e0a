package autodiff

import (
	"context"
	"fmt"
	"runtime/pprof"
	"time"

	"capas/autodiff/ops"
	"capas/internal/workers"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// step runs a group: a chain, an operation in ranges, one of our others, or a stock op.
type step struct {
	node    *G.Node // the last operation of the group
	parts   task    // a chain or an operation in ranges: what can be divided among workers
	work    float64 // of all parts, in nanoseconds as estimated
	own     *ops.Op
	stock   G.Op
	reuse   G.UsePreallocDoer // the stock op, if it can write into out
	buffer  G.Value           // what it writes into
	in      []int
	args    []G.Value
	out     int
	targets []target
	scratch ops.Scratch
	cost    cost
}

// cost is what a profile says of a step.
type cost struct {
	label, row  string // what it computes; its row in the profile
	flop, bytes float64
	pprof       context.Context // carries the label of its samples
}

// target is an entry that is written in place of a leaf.
type target struct{ entry, leaf int }

// task is what a step divides among workers.
type task interface {
	workers.Task
	bind(f *Function) error
	units() int
	// label marks the samples of workers for pprof.
	label(ctx context.Context)
}

// newStep makes the step of group i.
func (f *Function) newStep(m *memory, i int) step {
	g := m.groups[i]
	st := step{}
	if g.alone >= 0 {
		st = f.newAlone(m, g.alone)
	} else {
		st = f.newChain(m, i)
	}
	st.cost.label = m.label(i)
	st.cost.flop, st.cost.bytes = m.cost(i)
	return st
}

// newChain makes the step of group i, a chain.
func (f *Function) newChain(m *memory, i int) step {
	g, st := m.groups[i], step{}
	for _, s := range g.members() {
		e := &m.entries[s]
		st.node = e.node
		switch {
		case e.target >= 0:
			st.targets = append(st.targets, target{s, e.target})
		case m.kept(s, i):
			f.values[s] = m.value(s, i, f.values)
			f.alias(m, s)
		}
	}
	if st.node.Dtype() == tensor.Float32 {
		st.parts = newChain[float32](f, m, i)
	} else {
		st.parts = newChain[float64](f, m, i)
	}
	st.work = m.work(g)
	return st
}

// newAlone makes the step of an operation that is no part of a chain.
func (f *Function) newAlone(m *memory, s int) step {
	e := &m.entries[s]
	st := step{node: e.node, in: e.in, args: make([]G.Value, len(e.in)), out: s}
	if st.own = own(e); st.own != nil {
		f.values[s] = m.value(s, m.at[s], f.values)
		f.alias(m, s)
		switch {
		case st.own.Ranged == nil:
		case e.node.Dtype() == tensor.Float32:
			st.parts = newRanged[float32](m, s)
		default:
			st.parts = newRanged[float64](m, s)
		}
		flop, bytes := m.cost(m.at[s])
		st.work = max(bytes/byteRate, flop/flopRate)
		return st
	}
	useKernels()
	st.stock = e.op
	if reusesBuffer(e.op, e.node.Shape()) {
		st.reuse = e.op.(G.UsePreallocDoer)
		st.buffer = ops.NewValue(e.node.Dtype(), e.node.Shape())
	}
	return st
}

// alias gives the views of entry s its memory.
func (f *Function) alias(m *memory, s int) {
	for _, r := range m.entries[s].readers {
		if !m.aliased(r) {
			continue
		}
		shape := m.entries[r].node.Shape()
		switch d := f.values[s].(type) {
		case *tensor.Dense:
			f.values[r] = tensor.New(tensor.WithShape(shape...), tensor.WithBacking(d.Data()))
		default:
			f.values[r] = d
		}
		f.alias(m, r)
	}
}

// runSteps runs the operations in their order.
func (f *Function) runSteps(pool *workers.Pool) error {
	n := min(f.workers, pool.Size())
	if f.profile != nil {
		defer pprof.SetGoroutineLabels(context.Background())
	}
	for i := range f.steps {
		s := &f.steps[i]
		if err := f.runStep(s, pool, n); err != nil {
			return fmt.Errorf("node %d: %w", s.node.ID(), err)
		}
	}
	return nil
}

// nameRows names the rows of the steps in the profile, and the samples of pprof.
func (f *Function) nameRows() {
	for i := range f.steps {
		s := &f.steps[i]
		s.cost.row = rowName(f.profileName, s.cost.label)
		s.cost.pprof = pprof.WithLabels(context.Background(), pprof.Labels("function", f.profileName, "node", s.cost.label))
		if s.parts != nil {
			s.parts.label(s.cost.pprof)
		}
	}
}

// runStep runs one step and records what it cost.
func (f *Function) runStep(s *step, pool *workers.Pool, n int) error {
	if f.profile == nil {
		return f.execute(s, pool, n)
	}
	pprof.SetGoroutineLabels(s.cost.pprof)
	start := time.Now()
	err := f.execute(s, pool, n)
	f.profile.record(s.cost.row, time.Since(start), s.cost.flop, s.cost.bytes)
	return err
}

func (f *Function) execute(s *step, pool *workers.Pool, n int) error {
	if s.parts != nil {
		return f.runParts(s, pool, n)
	}
	return f.runAlone(s)
}

// parallelWork is the estimated time of a chain, in nanoseconds, from which on it is
// divided among workers.
const parallelWork = 10_000

func (f *Function) runParts(s *step, pool *workers.Pool, n int) error {
	for _, t := range s.targets {
		f.values[t.entry] = f.values[t.leaf]
	}
	if err := s.parts.bind(f); err != nil {
		return err
	}
	units := s.parts.units()
	if n > 1 && units > 1 && s.work >= parallelWork {
		pool.Run(units, n, s.parts)
		return nil
	}
	for u := range units {
		s.parts.Do(0, u)
	}
	return nil
}

// byteRate is the estimated speed of an operation that is no chain, in bytes a
// nanosecond; flopRate that of products, in floating-point operations a nanosecond.
const (
	byteRate = 10
	flopRate = 60
)

// work estimates the time that a chain takes on one processor, in nanoseconds.
func (d *grouping) work(g *group) float64 {
	const elementTime = 0.3 // nanoseconds
	t := elementTime * float64(len(g.chain)) * float64(d.size(g.result()))
	for _, h := range g.heads {
		t += own(&d.entries[h]).Product.Flop() / flopRate
	}
	return t
}

func (f *Function) runAlone(s *step) error {
	for j, x := range s.in {
		s.args[j] = f.values[x]
	}
	if s.own != nil {
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
