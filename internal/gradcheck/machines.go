package gradcheck

import (
	"fmt"
	"math"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/random"

	"github.com/google/go-cmp/cmp"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Uniform returns a float32 or float64 tensor of fixed numbers in [−1,1).
func Uniform(dt tensor.Dtype, label string, dims ...int) *tensor.Dense {
	d := tensor.New(tensor.Of(dt), tensor.WithShape(dims...))
	r := random.New(11).Split(label).Rand()
	for i := range d.DataSize() {
		v := 2*r.Float64() - 1
		if dt == tensor.Float32 {
			d.Float32s()[i] = float32(v)
		} else {
			d.Float64s()[i] = v
		}
	}
	return d
}

// Numbers copies the elements of a value.
func Numbers(t testing.TB, v G.Value) []float64 {
	t.Helper()
	if d, ok := v.(*tensor.Dense); ok && d.RequiresIterator() {
		v = d.Materialize().(*tensor.Dense)
	}
	if e, err := ops.Elements[float32](v); err == nil {
		out := make([]float64, len(e))
		for i, x := range e {
			out[i] = float64(x)
		}
		return out
	}
	e, err := ops.Elements[float64](v)
	if err != nil {
		t.Fatal(err)
	}
	return append([]float64{}, e...)
}

// OnTape runs nodes of one graph on Gorgonia's TapeMachine, once for each of the
// settings of the leaves.
func OnTape(t testing.TB, nodes G.Nodes, settings ...func()) [][]float64 {
	t.Helper()
	values := make([]G.Value, len(nodes))
	for i, n := range nodes {
		G.Read(n, &values[i])
	}
	vm := G.NewTapeMachine(nodes[0].Graph())
	defer vm.Close()
	return runs(t, vm, func(i int) G.Value { return values[i] }, len(nodes), settings)
}

// Compiled runs nodes of one graph as a function.
func Compiled(t testing.TB, nodes G.Nodes, settings ...func()) [][]float64 {
	t.Helper()
	f, err := autodiff.Compile(nil, nodes, nil)
	if err != nil {
		t.Fatal(err)
	}
	return runs(t, f, f.Output, len(nodes), settings)
}

func runs(t testing.TB, vm G.VM, output func(int) G.Value, n int, settings []func()) (out [][]float64) {
	t.Helper()
	if len(settings) == 0 {
		settings = []func(){func() {}}
	}
	for _, set := range settings {
		set()
		if err := vm.RunAll(); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			out = append(out, Numbers(t, output(i)))
		}
		vm.Reset()
	}
	return out
}

// Same reports results that differ by more than tol·max(1,|want|); tol 0 wants equal
// bits.
func Same(t testing.TB, what string, want, got [][]float64, tol float64) {
	t.Helper()
	if tol == 0 {
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: (−want +got)\n%s", what, d)
		}
		return
	}
	if len(want) != len(got) {
		t.Fatalf("%s: want %d results, got %d", what, len(want), len(got))
	}
	for i := range want {
		if len(want[i]) != len(got[i]) {
			t.Fatalf("%s: result %d: want %d elements, got %d", what, i, len(want[i]), len(got[i]))
		}
		for j, w := range want[i] {
			if d := math.Abs(got[i][j] - w); !(d <= tol*math.Max(1, math.Abs(w))) {
				t.Errorf("%s: result %d, element %d: want %.10g, got %.10g", what, i, j, w, got[i][j])
				break
			}
		}
	}
}

// Redraw returns a setting that fills the tensors of leaves with other numbers.
func Redraw(run int, leaves ...*G.Node) func() {
	return func() {
		for _, n := range leaves {
			d := n.Value().(*tensor.Dense)
			fresh := Uniform(d.Dtype(), fmt.Sprintf("%s %d", n.Name(), run), d.Shape()...)
			if err := tensor.Copy(d, fresh); err != nil {
				panic(err)
			}
		}
	}
}
