package models_test

import (
	"math"
	"strings"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// must stops the test at an error.
func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// refused reports an error that is missing or does not say what was wrong.
func refused(t *testing.T, what string, err error, says ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
		return
	}
	for _, s := range says {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("%s: the error does not say %q: %v", what, s, err)
		}
	}
}

func stream(label string) *random.Stream { return random.New(5).Split(label) }

// widen replaces parameters by float64 tensors of numbers from N(0, sd), so that
// biases take part too.
func widen(sd float64, params ...*blocks.Param) {
	for _, p := range params {
		v := tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(p.Value.Shape()...))
		stream(p.Name).Normal64(v.Float64s())
		for i := range v.Float64s() {
			v.Float64s()[i] *= sd
		}
		p.Value = v
	}
}

// redraw fills float32 parameters with numbers from N(0, sd).
func redraw(sd float32, s *random.Stream, params ...*blocks.Param) {
	for _, p := range params {
		e := p.Value.Float32s()
		s.Normal(e)
		for i := range e {
			e[i] *= sd
		}
	}
}

// matrix is a tensor of the given dtype with one row of numbers an example.
func matrix(dt tensor.Dtype, rows [][]float64) *tensor.Dense {
	d := tensor.New(tensor.Of(dt), tensor.WithShape(len(rows), len(rows[0])))
	for i, row := range rows {
		for j, v := range row {
			if dt == tensor.Float32 {
				d.Float32s()[i*len(row)+j] = float32(v)
			} else {
				d.Float64s()[i*len(row)+j] = v
			}
		}
	}
	return d
}

// uniform draws m rows of n numbers in [0,1).
func uniform(s *random.Stream, m, n int) [][]float64 {
	all := make([]float64, m*n)
	s.Uniform64(all)
	return split(all, n)
}

// coins draws m rows of n fair coin flips.
func coins(s *random.Stream, m, n int) [][]float64 {
	all := make([]float64, m*n)
	s.Mask64(all, 0.5, 1)
	return split(all, n)
}

// split cuts numbers into rows of n.
func split(all []float64, n int) [][]float64 {
	var rows [][]float64
	for ; len(all) > 0; all = all[n:] {
		rows = append(rows, all[:n:n])
	}
	return rows
}

func join(rows [][]float64) []float64 {
	var all []float64
	for _, row := range rows {
		all = append(all, row...)
	}
	return all
}

// repeat returns the rows, over and over, count times.
func repeat(rows [][]float64, count int) [][]float64 {
	var all [][]float64
	for range count {
		all = append(all, rows...)
	}
	return all
}

// numbers copies the elements of a value.
func numbers(t testing.TB, v G.Value) []float64 {
	t.Helper()
	if e, err := ops.Elements[float64](v); err == nil {
		return append([]float64(nil), e...)
	}
	e, err := ops.Elements[float32](v)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float64, len(e))
	for i, x := range e {
		out[i] = float64(x)
	}
	return out
}

// compute compiles outputs and runs them once.
func compute(t testing.TB, inputs G.Nodes, values []G.Value, outputs ...*G.Node) [][]float64 {
	t.Helper()
	f, err := autodiff.Compile(inputs, outputs, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Run(values...); err != nil {
		t.Fatal(err)
	}
	out := make([][]float64, len(outputs))
	for i := range outputs {
		out[i] = numbers(t, f.Output(i))
	}
	return out
}

// forward computes y = f(x).
func forward(t testing.TB, x *tensor.Dense, f func(*G.Node) (*G.Node, error)) []float64 {
	t.Helper()
	node := blocks.NewInput(G.NewGraph(), x.Dtype(), "x", x.Shape()...)
	y, err := f(node)
	if err != nil {
		t.Fatal(err)
	}
	return compute(t, G.Nodes{node}, []G.Value{x}, y)[0]
}

// gradient computes the symbolic gradient of an objective's cost.
func gradient(t testing.TB, o *models.Objective, params []*blocks.Param, values ...G.Value) [][]float64 {
	t.Helper()
	leaves := must[G.Nodes](t)(blocks.Nodes(o.Cost.Graph(), params))
	grads := must[G.Nodes](t)(autodiff.Grad(o.Cost, leaves...))
	return compute(t, o.Inputs, values, grads...)
}

// near reports numbers that differ by more than tol·max(1,|want|); tol 0 wants equal
// numbers.
func near(t testing.TB, what string, want, got []float64, tol float64) {
	t.Helper()
	if len(want) != len(got) {
		t.Fatalf("%s: want %d numbers, got %d", what, len(want), len(got))
	}
	for i, w := range want {
		if d := math.Abs(got[i] - w); !(d <= tol*math.Max(1, math.Abs(w))) {
			t.Errorf("%s: number %d: want %.12g, got %.12g", what, i, w, got[i])
			return
		}
	}
}

// equal tells whether two lists hold the same numbers.
func equal(a, b []float64) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

// set makes a data set of examples with the given labels, all 0 if nil.
func set(t testing.TB, rows [][]float64, labels []uint8, classes int) *datasets.Set {
	t.Helper()
	if labels == nil {
		labels = make([]uint8, len(rows))
	}
	return must[*datasets.Set](t)(datasets.NewSet("test", matrix(tensor.Float32, rows), labels, classes, 0, 0))
}
