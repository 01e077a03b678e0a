package autodiff_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/internal/gradcheck"
	"capas/random"

	"github.com/google/go-cmp/cmp"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// plainly is a backend that calls each operation of a program with tensors of its own.
type plainly struct {
	factor float32 // of all results of operations called wrong
	wrong  string
	closed *int
}

func (p plainly) String() string { return "plain calls" }

func (p plainly) Build(program *autodiff.Program) (autodiff.Machine, error) {
	for _, s := range program.Order {
		if v := program.Values[s]; v.Op.String() == "exp" && p.wrong == "" {
			return nil, fmt.Errorf("node %d: no translation of %v", v.Node.ID(), v.Op)
		}
	}
	return &plainMachine{p, program}, nil
}

type plainMachine struct {
	plainly
	program *autodiff.Program
}

func (m *plainMachine) Run(values []G.Value) error {
	all := slices.Clone(values)
	for _, s := range m.program.Order {
		v := m.program.Values[s]
		var x []G.Value
		for _, i := range v.In {
			x = append(x, all[i])
		}
		y, err := v.Op.Do(x...)
		if err != nil {
			return err
		}
		if v.Op.String() == m.wrong {
			e, err := ops.Elements[float32](y)
			if err != nil {
				return err
			}
			e[0] *= m.factor
		}
		all[s] = y
	}
	give := func(to, from G.Value) {
		d, _ := ops.Elements[float32](to)
		s, _ := ops.Elements[float32](from)
		copy(d, s)
	}
	for _, s := range m.program.Outputs {
		give(values[s], all[s])
	}
	var new []G.Value
	for _, a := range m.program.Assignments {
		new = append(new, tensor.New(tensor.WithShape(all[a.From].Shape()...), tensor.WithBacking(slices.Clone(all[a.From].Data().([]float32)))))
	}
	for i, a := range m.program.Assignments {
		give(values[a.To], new[i])
	}
	return nil
}

func (m *plainMachine) Close() error {
	if m.closed != nil {
		*m.closed++
	}
	return errors.New("closed")
}

// trained is a step that draws, updates and has two outputs.
type trained struct {
	x, w, v *tensor.Dense
	in      G.Nodes
	outputs G.Nodes
	updates []autodiff.Update
}

func newTrained(t *testing.T) *trained {
	r := &trained{x: gradcheck.Uniform(tensor.Float32, "x", 4, 3), w: gradcheck.Uniform(tensor.Float32, "w", 3, 2), v: gradcheck.Uniform(tensor.Float32, "v", 3, 2)}
	g := G.NewGraph()
	node := func(name string, d *tensor.Dense) *G.Node {
		return G.NewTensor(g, tensor.Float32, 2, G.WithName(name), G.WithShape(d.Shape()...), G.WithValue(d))
	}
	x, w, v := node("x", r.x), node("w", r.w), node("v", r.v)
	var c ops.Chain
	noise := c.Do(ops.Normal(x, 0.1, random.New(3)))
	y := c.Do(ops.MatMul(c.Do(ops.Add(x, noise)), w, false, false))
	cost := c.Do(ops.SumSquares(y))
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	grads, err := autodiff.Grad(cost, w)
	if err != nil {
		t.Fatal(err)
	}
	next := c.Do(ops.Sub(w, c.Do(ops.Scale(grads[0], 0.1))))
	r.in, r.outputs = G.Nodes{x}, G.Nodes{cost, noise}
	r.updates = []autodiff.Update{{Target: w, Value: next}, {Target: v, Value: w}}
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	return r
}

// run takes some steps and returns all that they leave.
func (r *trained) run(t *testing.T, c autodiff.Compiler) (left [][]float32, f *autodiff.Function) {
	t.Helper()
	f, err := c.Compile("step", r.in, r.outputs, r.updates)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := f.Run(r.x); err != nil {
			t.Fatal(err)
		}
		cost, err := f.Scalar(0)
		if err != nil {
			t.Fatal(err)
		}
		noise, err := ops.Elements[float32](f.Output(1))
		if err != nil {
			t.Fatal(err)
		}
		left = append(left, slices.Clone(r.w.Float32s()), slices.Clone(r.v.Float32s()), []float32{float32(cost)}, slices.Clone(noise))
	}
	return left, f
}

// A function on another engine leaves what it leaves on Capas's kernels, with the same draws, and so
// does a referee between the two.
func TestBackend(t *testing.T) {
	want, _ := newTrained(t).run(t, autodiff.Compiler{})
	closed := 0
	profile := autodiff.NewProfile()
	got, f := newTrained(t).run(t, autodiff.Compiler{Backend: plainly{closed: &closed}, Profile: profile.Under("net")})
	if d := cmp.Diff(want, got, closeTo()); d != "" {
		t.Errorf("plain calls leave something else (- want, + got):\n%s", d)
	}
	var table strings.Builder
	if _, err := profile.WriteTo(&table); err != nil || !strings.Contains(table.String(), "net step") || !strings.Contains(table.String(), "plain calls") {
		t.Errorf("the profile has no row of the backend:\n%s", table.String())
	}
	if state := f.State(); len(state.Updated) != 2 || len(state.Streams) != 1 {
		t.Errorf("the state has %d updated leaves and %d streams, want 2 and 1", len(state.Updated), len(state.Streams))
	}
	if err := f.Close(); err == nil || err.Error() != "closed" || closed != 1 {
		t.Errorf("close: %v, %d machines closed", err, closed)
	}
	r := autodiff.NewReferee(plainly{})
	got, _ = newTrained(t).run(t, autodiff.Compiler{Backend: r}.Under("net"))
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("a referee leaves something else (- want, + got):\n%s", d)
	}
	all := r.Differences()
	var nodes []string
	for _, d := range all {
		nodes = append(nodes, d.Node)
		if !(d.Relative <= 1e-6) || d.Function != "net step" || d.Runs != 3 || d.Run < 1 || d.Magnitude == 0 {
			t.Errorf("got %+v, want three runs of net step, and no difference", d)
		}
	}
	slices.Sort(nodes)
	if want := []string{"for w: linear(0.1,0) (3, 2)", "new v", "new w", "output: sumsquares ()"}; !slices.Equal(nodes, want) {
		t.Errorf("compared %q, want %q", nodes, want)
	}
}

// closeTo lets numbers differ by rounding.
func closeTo() cmp.Option {
	return cmp.Comparer(func(a, b float32) bool { return math.Abs(float64(a-b)) <= 1e-5*math.Max(1, math.Abs(float64(a))) })
}

// A referee notes an engine that computes something wrong, where it does, and goes on from Capas's values.
func TestReferee(t *testing.T) {
	want, _ := newTrained(t).run(t, autodiff.Compiler{})
	r := autodiff.NewReferee(plainly{wrong: "linear(0.1,0)", factor: 1.5})
	got, _ := newTrained(t).run(t, autodiff.Compiler{Backend: r})
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("a referee leaves something else (- want, + got):\n%s", d)
	}
	for _, d := range r.Differences() {
		wrong := d.Node == "new w" || strings.HasPrefix(d.Node, "for w")
		if wrong != (d.Relative > 1e-3) || d.Relative > 0.51 {
			t.Errorf("got %+v, want a difference of at most a half where w is updated, and none elsewhere", d)
		}
	}
	r = autodiff.NewReferee(plainly{wrong: "linear(0.1,0)", factor: float32(math.NaN())})
	newTrained(t).run(t, autodiff.Compiler{Backend: r})
	if d := r.Differences()[0]; !math.IsInf(d.Relative, 1) || d.Run != 1 {
		t.Errorf("got %+v, want an infinite difference for NaN", d)
	}
}

// What a backend does not know is an error of the compilation.
func TestBackendErrors(t *testing.T) {
	g := G.NewGraph()
	x := G.NewVector(g, tensor.Float32, G.WithName("x"), G.WithShape(2))
	y, err := ops.Exp(x)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []autodiff.Backend{plainly{}, autodiff.NewReferee(plainly{})} {
		_, err = autodiff.Compiler{Backend: b}.Compile("f", G.Nodes{x}, G.Nodes{y}, nil)
		if want := fmt.Sprintf("compile: node %d: no translation of exp", y.ID()); err == nil || err.Error() != want {
			t.Errorf("%v: got %v, want %s", b, err, want)
		}
	}
	f, err := autodiff.Compiler{Backend: plainly{wrong: "none"}}.Compile("f", G.Nodes{x}, G.Nodes{y}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.RunAll(); err == nil || !strings.Contains(err.Error(), "no value is bound to x") {
		t.Errorf("without a value: got %v", err)
	}
}
