//go:build libtorch && cgo

package torch

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/random"

	lib "github.com/sugarme/gotch/libtch"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// tolerance is how far Capas and libtorch may be apart, relative to the largest element of a tensor:
// about a hundred times the precision of a float32.
const tolerance = 1e-5

func must[T any](v T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// absolute is how far elements may be apart however small they are: what rounding leaves where terms of
// the order of 1 cancel.
const absolute = 3e-7

// scalar is that of costs: sums and differences of terms of the order of 10.
const scalar = 5e-6

// open is the backend on the processor.
func open(t testing.TB) *backend { return must(Open("cpu"))(t).(*backend) }

// shapes draws sizes and numbers for a test. Every test has its own, by name.
type shapes struct{ s *random.Stream }

func newShapes(t testing.TB) shapes { return shapes{random.New(5).Split(t.Name())} }

// size is a number from lo to hi.
func (s shapes) size(lo, hi int) int { return lo + s.s.Rand().IntN(hi-lo+1) }

// normal is a tensor of normally distributed numbers.
func (s shapes) normal(sd float64, shape ...int) *tensor.Dense {
	d := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(shape...))
	s.s.Normal(d.Float32s())
	for i := range d.Float32s() {
		d.Float32s()[i] *= float32(sd)
	}
	return d
}

// uniform is a tensor of numbers from lo to hi.
func (s shapes) uniform(lo, hi float64, shape ...int) *tensor.Dense {
	d := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(shape...))
	s.s.Uniform(d.Float32s())
	for i, v := range d.Float32s() {
		d.Float32s()[i] = float32(lo + (hi-lo)*float64(v))
	}
	return d
}

// mask is (m,n) of ones and, fewer, zeros.
func (s shapes) mask(m, n int) *tensor.Dense {
	d := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(m, n))
	s.s.Mask(d.Float32s(), 0.6, 1)
	return d
}

// oneHot are rows with a 1 each.
func (s shapes) oneHot(m, k int) *tensor.Dense {
	d := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(m, k))
	for i := range m {
		d.Float32s()[i*k+s.s.Rand().IntN(k)] = 1
	}
	return d
}

// leaf is a leaf of a graph with a value.
func leaf(g *G.ExprGraph, name string, v *tensor.Dense) *G.Node {
	n := blocks.NewInput(g, v.Dtype(), name, v.Shape()...)
	if err := G.UnsafeLet(n, v); err != nil {
		panic(err)
	}
	return n
}

// checkNodes compares the values of nodes, as Capas and libtorch compute them.
func checkNodes(t *testing.T, nodes ...*G.Node) {
	t.Helper()
	r := referee(t)
	f := must(autodiff.Compiler{Backend: r}.Compile(t.Name(), nil, nodes, nil))(t)
	defer f.Close()
	for range 2 {
		if err := f.RunAll(); err != nil {
			t.Fatal(err)
		}
	}
	agree(t, r, 1) // equal nodes are one value
}

// agree checks what a referee noted, of at least so many nodes.
func agree(t *testing.T, r *autodiff.Referee, nodes int) {
	t.Helper()
	all := r.Differences()
	if len(all) < nodes {
		t.Errorf("%d nodes were compared, want %d", len(all), nodes)
	}
	for _, d := range all {
		least := absolute
		if strings.Contains(d.Node, " ()") {
			least = scalar
		}
		if !(d.Relative <= tolerance || d.Relative*d.Magnitude <= least) {
			t.Errorf("%s, %s: relative difference %.2g in run %d of %d, want at most %g", d.Function, d.Node, d.Relative, d.Run, d.Runs, float64(tolerance))
		}
	}
}

// checkGradients compares a cost and its symbolic gradient, as Capas and libtorch compute it, and as
// libtorch's own differentiation gives it from the forward graph alone.
func checkGradients(t *testing.T, cost *G.Node, wrt ...*G.Node) {
	t.Helper()
	grads := must(autodiff.Grad(cost, wrt...))(t)
	checkNodes(t, append(G.Nodes{cost}, grads...)...)
	if t.Failed() {
		return
	}
	symbolic := must(autodiff.Compile(nil, grads, nil))(t)
	defer symbolic.Close()
	b := open(t)
	c := &capture{backend: b}
	forward := must(autodiff.Compiler{Backend: c}.Compile(t.Name(), nil, G.Nodes{cost}, nil))(t)
	defer forward.Close()
	var before []random.Stream
	for _, s := range symbolic.State().Streams {
		before = append(before, *s)
	}
	if err := symbolic.RunAll(); err != nil {
		t.Fatal(err)
	}
	for i, s := range symbolic.State().Streams {
		*s = before[i]
	}
	own := must(c.machine.differentiate(cost, wrt))(t)
	for i, w := range wrt {
		want := must(ops.Elements[float32](symbolic.Output(i)))(t)
		var largest, difference float64
		for j, v := range want {
			largest = max(largest, abs(float64(v)))
			difference = max(difference, abs(float64(v)-float64(own[i][j])))
		}
		if !(difference <= tolerance*largest || difference <= absolute) {
			t.Errorf("gradient by %s: the symbolic one and libtorch's own differ by %.2g of %.2g", w.Name(), difference, largest)
		}
		if largest == 0 {
			t.Errorf("gradient by %s: it is 0 everywhere, which shows nothing", w.Name())
		}
	}
}

func abs(x float64) float64 { return max(x, -x) }

// capture is the backend, and the machine that it built last.
type capture struct {
	*backend
	machine *machine
}

func (c *capture) Build(p *autodiff.Program) (autodiff.Machine, error) {
	m, err := c.backend.Build(p)
	c.machine, _ = m.(*machine)
	return m, err
}

// differentiate runs the program forward and lets libtorch differentiate its cost by leaves.
func (m *machine) differentiate(cost *G.Node, wrt G.Nodes) (grads [][]float32, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var pin runtime.Pinner
	defer pin.Unpin()
	defer m.free()
	values := make([]G.Value, len(m.program.Values))
	slot := map[*G.Node]int{}
	for s, v := range m.program.Values {
		values[s] = v.Node.Value()
		slot[v.Node] = s
	}
	if err := m.bind(&pin, values); err != nil {
		return nil, err
	}
	inputs := make([]handle, len(wrt))
	for i, w := range wrt {
		s, ok := slot[w]
		if !ok {
			return nil, fmt.Errorf("%s is not in the program", w.Name())
		}
		var out handle
		lib.AtgSetRequiresGrad(&out, m.tensors[s], 1)
		if err := libError(); err != nil {
			return nil, err
		}
		lib.AtFree(out)
		inputs[i] = m.tensors[s]
	}
	for i := range m.steps {
		if err := m.step(&m.steps[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", m.steps[i].text, err)
		}
	}
	costs, outputs := []handle{m.tensors[m.program.Outputs[0]]}, make([]handle, len(wrt))
	lib.AtRunBackward(&costs[0], 1, &inputs[0], len(inputs), &outputs[0], 0, 0)
	if err := libError(); err != nil {
		return nil, err
	}
	for i, w := range wrt {
		d := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(w.Shape()...))
		c := m.newCalls(tensor.Float32)
		c.copyTo(c.bound(&pin, d), outputs[i])
		c.release(nil)
		lib.AtFree(outputs[i])
		if c.err != nil {
			return nil, c.err
		}
		grads = append(grads, d.Float32s())
	}
	return grads, nil
}
