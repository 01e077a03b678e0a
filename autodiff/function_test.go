package autodiff_test

import (
	"math"
	"strings"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/internal/gradcheck"
	"capas/random"

	"github.com/google/go-cmp/cmp"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Run reads its inputs where they are: the rows of a larger tensor, without a copy.
func TestRun(t *testing.T) {
	g := G.NewGraph()
	x := G.NewMatrix(g, f64, G.WithShape(2, 3), G.WithName("x"))
	s := G.NewScalar(g, f64, G.WithName("s"))
	y := must[*G.Node](t)(ops.Mul(x, s))
	f := must[*autodiff.Function](t)(autodiff.Compile(G.Nodes{s, x}, G.Nodes{y, x}, nil))
	data := tensor.New(tensor.WithShape(4, 3), tensor.WithBacking(tensor.Range(f64, 0, 12)))
	for row := range 3 {
		batch, err := data.Slice(tensor.S(row, row+2))
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Run(G.NewF64(2), batch); err != nil {
			t.Fatal(err)
		}
		var want []float64
		for i := range 6 {
			want = append(want, 2*float64(3*row+i))
		}
		gradcheck.Same(t, "2·rows", [][]float64{want}, [][]float64{gradcheck.Numbers(t, f.Output(0))}, 0)
		if e := must[[]float64](t)(ops.Elements[float64](f.Output(1))); &e[0] != &data.Float64s()[3*row] {
			t.Error("the input was copied")
		}
		if y.Value() != f.Output(0) {
			t.Error("the node of the output does not show it")
		}
	}
	if d := cmp.Diff(tensor.Range(f64, 0, 12), data.Data()); d != "" {
		t.Errorf("the data changed: %s", d)
	}
	if _, err := f.Scalar(0); err == nil {
		t.Error("a matrix as a scalar: want an error")
	}
	if _, err := f.Scalar(2); err == nil {
		t.Error("output 2 of 2: want an error")
	}
}

// RunAll works on what gorgonia.Let bound, as any gorgonia.VM.
func TestRunAll(t *testing.T) {
	g := G.NewGraph()
	x := G.NewVector(g, f64, G.WithShape(2), G.WithName("x"))
	y := must[*G.Node](t)(ops.Square(x))
	var vm G.VM = must[*autodiff.Function](t)(autodiff.Compile(nil, G.Nodes{y}, nil))
	for _, v := range []float64{3, -5} {
		if err := G.Let(x, tensor.New(tensor.WithBacking([]float64{v, 2}))); err != nil {
			t.Fatal(err)
		}
		if err := vm.RunAll(); err != nil {
			t.Fatal(err)
		}
		vm.Reset()
		gradcheck.Same(t, "squares", [][]float64{{v * v, 4}}, [][]float64{gradcheck.Numbers(t, y.Value())}, 0)
	}
	if err := vm.Close(); err != nil {
		t.Error(err)
	}
}

func TestSeveralFunctionsOfOneGraph(t *testing.T) {
	g := G.NewGraph()
	x := leaf(g, f64, "x", 3)
	var c ops.Chain
	y := c.Do(ops.Square(x))
	z := c.Do(ops.Scale(y, 3))
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	one := must[*autodiff.Function](t)(autodiff.Compile(G.Nodes{x}, G.Nodes{y}, nil))
	two := must[*autodiff.Function](t)(autodiff.Compile(G.Nodes{x}, G.Nodes{y, z}, nil))
	run := func(f *autodiff.Function, v float64) {
		t.Helper()
		if err := f.Run(tensor.New(tensor.WithBacking([]float64{v, v, v}))); err != nil {
			t.Fatal(err)
		}
	}
	run(one, 2)
	run(two, 3)
	if got := gradcheck.Numbers(t, one.Output(0))[0]; got != 4 {
		t.Errorf("the second function wrote into the first one's output: got %g, want 4", got)
	}
	if a, b := gradcheck.Numbers(t, two.Output(0))[0], gradcheck.Numbers(t, two.Output(1))[0]; a != 9 || b != 27 {
		t.Errorf("got %g and %g, want 9 and 27", a, b)
	}
	if got := gradcheck.Numbers(t, y.Value())[0]; got != 9 {
		t.Errorf("the node shows %g, want the result of the function that ran last, 9", got)
	}
}

func TestRunErrors(t *testing.T) {
	g := G.NewGraph()
	x := G.NewMatrix(g, f64, G.WithShape(2, 3), G.WithName("the_input"))
	w := G.NewMatrix(g, f64, G.WithShape(2, 3), G.WithName("the_weights"))
	y := must[*G.Node](t)(ops.Add(x, w))
	f := must[*autodiff.Function](t)(autodiff.Compile(G.Nodes{x}, G.Nodes{y}, nil))
	good := gradcheck.Uniform(f64, "good", 2, 3)
	for name, c := range map[string]struct {
		in   []G.Value
		want []string
	}{
		"too few":  {nil, []string{"want 1 inputs, got 0"}},
		"too many": {[]G.Value{good, good}, []string{"want 1 inputs, got 2"}},
		"none":     {[]G.Value{nil}, []string{"the_input", "no value"}},
		"shape":    {[]G.Value{gradcheck.Uniform(f64, "bad", 3, 3)}, []string{"the_input", "(2, 3)", "(3, 3)"}},
		"dtype":    {[]G.Value{gradcheck.Uniform(tensor.Float32, "bad", 2, 3)}, []string{"the_input", "float64", "float32"}},
		"unbound":  {[]G.Value{good}, []string{"the_weights", "no value"}},
		"flat":     {[]G.Value{gradcheck.Uniform(f64, "bad", 6)}, []string{"the_input", "(6)"}},
	} {
		err := f.Run(c.in...)
		if err == nil {
			t.Errorf("%s: want an error", name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: want an error with %q, got %v", name, want, err)
			}
		}
	}
	// The columns of a wider matrix are not contiguous.
	if err := G.Let(w, good); err != nil {
		t.Fatal(err)
	}
	columns := must[tensor.View](t)(gradcheck.Uniform(f64, "wide", 2, 6).Slice(nil, tensor.S(0, 3)))
	if err := f.Run(columns); err == nil || !strings.Contains(err.Error(), "not contiguous") {
		t.Errorf("columns: got error %v, want one of a tensor that is not contiguous", err)
	}
}

// The nodes of a Capas graph on Gorgonia's TapeMachine give the same bits.
func TestEqualsTapeMachine(t *testing.T) {
	for _, dt := range []tensor.Dtype{tensor.Float32, f64} {
		g := G.NewGraph()
		x, target := leaf(g, dt, "x", 5, 4), leaf(g, dt, "t", 5, 3)
		W, b := leaf(g, dt, "W", 4, 6), leaf(g, dt, "b", 6)
		U, a := leaf(g, dt, "U", 6, 3), leaf(g, dt, "a", 3)
		var c ops.Chain
		h := c.Do(blocks.Sigmoid().Apply(c.Do(ops.Affine(x, W, b, false))))
		z := c.Do(ops.Affine(h, U, a, false))
		penalty := c.Do(blocks.L2(0.01, W, U))
		cost := c.Do(ops.Add(c.Do(blocks.CategoricalCrossEntropy(z, target)), penalty))
		if c.Err() != nil {
			t.Fatal(c.Err())
		}
		nodes := append(must[G.Nodes](t)(autodiff.Grad(cost, W, b, U, a)), cost, z)
		settings := []func(){gradcheck.Redraw(0, x, target, W, U), gradcheck.Redraw(1, x, target, W, U)}
		gradcheck.Same(t, dt.String(), gradcheck.OnTape(t, nodes, settings...), gradcheck.Compiled(t, nodes, settings...), 0)
	}
}

// A training step of an MLP with momentum allocates nothing in float32.
func TestNoAllocation(t *testing.T) {
	g := G.NewGraph()
	x, target := blocks.NewInput(g, tensor.Float32, "x", 20, 30), blocks.NewInput(g, tensor.Float32, "t", 20, 10)
	s := random.New(1)
	hidden := must[*blocks.Dense](t)(blocks.NewDense("hidden", 30, 40, blocks.Sigmoid(), blocks.Glorot4(), s))
	top := must[*blocks.Dense](t)(blocks.NewDense("top", 40, 10, blocks.Softmax(), blocks.Glorot(), s))
	var c ops.Chain
	h := c.Do(blocks.Dropout(c.Do(hidden.Forward(x)), 0.2, s))
	z := c.Do(top.Logits(h))
	cost := c.Do(blocks.CategoricalCrossEntropy(z, target))
	wrong := c.Do(blocks.Misclassified(z, target))
	params := must[G.Nodes](t)(blocks.Nodes(g, append(hidden.Params(), top.Params()...)))
	grads := must[G.Nodes](t)(autodiff.Grad(cost, params...))
	lr := G.NewScalar(g, tensor.Float32, G.WithName("lr"))
	var updates []autodiff.Update
	for i, p := range params {
		v := blocks.NewParam(p.Name()+".velocity", p.Shape()...)
		vn := must[*G.Node](t)(v.Node(g))
		next := c.Do(ops.Sub(c.Do(ops.Scale(vn, 0.9)), c.Do(ops.Mul(lr, grads[i]))))
		updates = append(updates, autodiff.Update{Target: vn, Value: next}, autodiff.Update{Target: p, Value: c.Do(ops.Add(p, next))})
	}
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	f := must[*autodiff.Function](t)(autodiff.Compile(G.Nodes{x, target, lr}, G.Nodes{cost, wrong}, updates))
	batch, labels := gradcheck.Uniform(tensor.Float32, "batch", 20, 30), tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(20, 10))
	for i := range 20 {
		labels.Float32s()[10*i+i%10] = 1
	}
	in := []G.Value{batch, labels, G.NewF32(0.1)}
	step := func() {
		if err := f.Run(in...); err != nil {
			t.Fatal(err)
		}
	}
	step()
	first := must[float64](t)(f.Scalar(0))
	if n := testing.AllocsPerRun(50, step); n > allocations {
		t.Errorf("a training step allocates %g times, want %d", n, allocations)
	}
	if last := must[float64](t)(f.Scalar(0)); !(last < first) || math.IsNaN(last) {
		t.Errorf("the loss did not fall: %g, then %g", first, last)
	}
}
