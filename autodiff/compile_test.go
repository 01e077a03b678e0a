package autodiff_test

import (
	"math"
	"strings"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/random"

	"github.com/google/go-cmp/cmp"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

var f64 = tensor.Float64

// steps is the number of operations that a function of the outputs runs.
func steps(t *testing.T, outputs ...*G.Node) int {
	t.Helper()
	f, err := autodiff.Compile(nil, outputs, nil)
	if err != nil {
		t.Fatal(err)
	}
	return f.Steps()
}

func TestOnlyWhatIsNeeded(t *testing.T) {
	g := G.NewGraph()
	x := leaf(g, f64, "x", 3)
	unbound := G.NewVector(g, f64, G.WithShape(3), G.WithName("unbound"))
	var c ops.Chain
	y := c.Do(ops.Square(x))
	z := c.Do(ops.Add(y, unbound))
	total := c.Do(ops.Sum(z))
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	if got := steps(t, y); got != 1 {
		t.Errorf("square: want 1 step, got %d", got)
	}
	if got := steps(t, total); got != 3 {
		t.Errorf("square, add, sum: want 3 steps, got %d", got)
	}
	compiled(t, G.Nodes{y}) // needs no value for the leaf that it does not read

	// The gradient by W of x·W does not compute the gradient by x.
	W := leaf(g, f64, "W", 4, 2)
	v := leaf(g, f64, "v", 3, 4)
	cost := c.Do(ops.Sum(c.Do(ops.MatMul(v, W, false, false))))
	d := must[G.Nodes](t)(autodiff.Grad(cost, v, W))
	if got := steps(t, d[1]); got != 2 { // fill, matmul
		t.Errorf("gradient by W alone: want 2 steps, got %d", got)
	}
}

func TestCommonSubexpressions(t *testing.T) {
	g := G.NewGraph()
	x, W, b := leaf(g, f64, "x", 3, 4), leaf(g, f64, "W", 4, 2), leaf(g, f64, "b", 2)
	k := leaf(g, f64, "k", 4, 4)
	var c ops.Chain
	affine := func() *G.Node { return c.Do(ops.Affine(x, W, b, false)) }
	sum := func(a, b *G.Node) *G.Node { return c.Do(ops.Add(a, b)) }
	square := func(n *G.Node) *G.Node { return c.Do(ops.Square(n)) }
	for name, tc := range map[string]struct {
		outputs G.Nodes
		want    int
	}{
		"affine twice":               {G.Nodes{affine(), affine()}, 1},
		"affine twice, squared":      {G.Nodes{square(affine()), square(affine())}, 2},
		"a+b and b+a":                {G.Nodes{sum(x, square(x)), sum(square(x), x)}, 2},
		"stock a+b and b+a":          {G.Nodes{G.Must(G.Add(x, square(x))), G.Must(G.Add(square(x), x))}, 2},
		"a⊙b and b⊙a":                {G.Nodes{c.Do(ops.Mul(x, square(x))), c.Do(ops.Mul(square(x), x))}, 2},
		"a−b and b−a":                {G.Nodes{c.Do(ops.Sub(x, square(x))), c.Do(ops.Sub(square(x), x))}, 3},
		"scaled by other factors":    {G.Nodes{c.Do(ops.Scale(x, 2)), c.Do(ops.Scale(x, 2.0000001))}, 2},
		"k·k and kᵀ·k":               {G.Nodes{c.Do(ops.MatMul(k, k, false, false)), c.Do(ops.MatMul(k, k, true, false))}, 2},
		"stock sum by rows, columns": {G.Nodes{G.Must(G.Sum(k, 0)), G.Must(G.Sum(k, 1))}, 2},
		"stock max by rows, columns": {G.Nodes{G.Must(G.Max(k, 0)), G.Must(G.Max(k, 1))}, 2},
		"stock slices":               {G.Nodes{G.Must(G.Slice(k, G.S(0, 2))), G.Must(G.Slice(k, G.S(2, 4)))}, 2},
		"stock softmax by axis":      {G.Nodes{G.Must(G.SoftMax(k, 0)), G.Must(G.SoftMax(k, 1))}, 2},
		"stock log-softmax":          {G.Nodes{G.Must(G.SoftMax(k, 1)), G.Must(G.LogSoftMax(k, 1))}, 2},
		"stock a−b and b−a":          {G.Nodes{G.Must(G.Sub(x, square(x))), G.Must(G.Sub(square(x), x))}, 3},
		"stock a>b and b>a":          {G.Nodes{G.Must(G.Gt(x, square(x), true)), G.Must(G.Gt(square(x), x, true))}, 3},
	} {
		if c.Err() != nil {
			t.Fatal(c.Err())
		}
		if got := steps(t, tc.outputs...); got != tc.want {
			t.Errorf("%s: want %d steps, got %d", name, tc.want, got)
		}
		// What is merged or not, every output has its own right value.
		var alone [][]float64
		for _, n := range tc.outputs {
			alone = append(alone, compiled(t, G.Nodes{n})...)
		}
		same(t, name, alone, compiled(t, tc.outputs), 0)
	}
}

// Two draws are never merged, though from one stream or from equal ones.
func TestDrawsAreNotMerged(t *testing.T) {
	g := G.NewGraph()
	p := leaf(g, f64, "p", 100)
	s := random.New(1)
	var c ops.Chain
	a, b := c.Do(ops.Normal(p, 1, s)), c.Do(ops.Normal(p, 1, s))
	m, n := c.Do(ops.Mask(p, 0.5, 1, s)), c.Do(ops.Mask(p, 0.5, 1, s))
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	if got := steps(t, a, b, m, n); got != 4 {
		t.Errorf("four draws: want 4 steps, got %d", got)
	}
	out := compiled(t, G.Nodes{a, b, m, n})
	if cmp.Equal(out[0], out[1]) || cmp.Equal(out[2], out[3]) {
		t.Error("two draws of one stream gave the same numbers")
	}
	// A draw that two expressions read is drawn once.
	out = compiled(t, G.Nodes{a, c.Do(ops.Scale(a, 2)), c.Do(ops.Scale(a, 4))})
	for i, v := range out[0] {
		if out[1][i] != 2*v || out[2][i] != 4*v {
			t.Fatalf("element %d: %g, %g and %g are not 1, 2 and 4 times one draw", i, v, out[1][i], out[2][i])
		}
	}
}

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
		same(t, "2·rows", [][]float64{want}, [][]float64{numbers(t, f.Output(0))}, 0)
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
		same(t, "squares", [][]float64{{v * v, 4}}, [][]float64{numbers(t, y.Value())}, 0)
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
	if got := numbers(t, one.Output(0))[0]; got != 4 {
		t.Errorf("the second function wrote into the first one's output: got %g, want 4", got)
	}
	if a, b := numbers(t, two.Output(0))[0], numbers(t, two.Output(1))[0]; a != 9 || b != 27 {
		t.Errorf("got %g and %g, want 9 and 27", a, b)
	}
	if got := numbers(t, y.Value())[0]; got != 9 {
		t.Errorf("the node shows %g, want the result of the function that ran last, 9", got)
	}
}

func TestCompileErrors(t *testing.T) {
	g, other := G.NewGraph(), G.NewGraph()
	x, far := leaf(g, f64, "x", 3), leaf(other, f64, "far", 3)
	y := must[*G.Node](t)(ops.Square(x))
	farY := must[*G.Node](t)(ops.Square(far))
	images := leaf(g, f64, "images", 1, 1, 4, 4)
	type updates = []autodiff.Update
	for name, c := range map[string]struct {
		inputs, outputs G.Nodes
		updates         updates
		want            string
	}{
		"missing input":          {G.Nodes{x, nil}, G.Nodes{y}, nil, "input 1 is missing"},
		"computed input":         {G.Nodes{y}, G.Nodes{y}, nil, "must be a leaf"},
		"input twice":            {G.Nodes{x, x}, G.Nodes{y}, nil, "x, is given twice"},
		"inputs of two graphs":   {G.Nodes{x, far}, G.Nodes{y}, nil, "far, is of another graph"},
		"missing output":         {nil, G.Nodes{y, nil}, nil, "output 1 is missing"},
		"output elsewhere":       {G.Nodes{x}, G.Nodes{farY}, nil, "output 0 is missing from the graph"},
		"outputs of two graphs":  {nil, G.Nodes{y, farY}, nil, "output 1 is missing from the graph"},
		"update without target":  {nil, nil, updates{{nil, y}}, "update 0: target or value is missing"},
		"update without value":   {nil, nil, updates{{x, nil}}, "update 0: target or value is missing"},
		"update of a result":     {nil, nil, updates{{y, x}}, "must be a leaf"},
		"update twice":           {nil, nil, updates{{x, y}, {x, x}}, "update of x: given twice"},
		"update of other shape":  {nil, nil, updates{{x, must[*G.Node](t)(ops.Sum(x))}}, "update of x: want float64 of shape (3), got float64 of shape ()"},
		"update from elsewhere":  {nil, nil, updates{{x, farY}}, "update of x: target or value is of another graph"},
		"updates of two graphs":  {nil, nil, updates{{x, y}, {far, farY}}, "update of far: target or value is of another graph"},
		"dropout":                {nil, G.Nodes{G.Must(G.Dropout(x, 0.5))}, nil, "use blocks.Dropout"},
		"average pooling":        {nil, G.Nodes{must[*G.Node](t)(G.AveragePool2D(images, tensor.Shape{2, 2}, []int{0, 0}, []int{2, 2}))}, nil, "use blocks.AveragePool2D"},
		"global average pooling": {nil, G.Nodes{must[*G.Node](t)(G.GlobalAveragePool2D(images))}, nil, "use blocks.GlobalAveragePool2D"},
		"random node":            {nil, G.Nodes{must[*G.Node](t)(ops.Square(G.GaussianRandomNode(g, f64, 0, 1, 3)))}, nil, "random.Stream"},
	} {
		f, err := autodiff.Compile(c.inputs, c.outputs, c.updates)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "compile: ") {
			t.Errorf("%s: got %v and error %v, want an error with %q", name, f, err, c.want)
		}
	}
}

func TestRunErrors(t *testing.T) {
	g := G.NewGraph()
	x := G.NewMatrix(g, f64, G.WithShape(2, 3), G.WithName("the_input"))
	w := G.NewMatrix(g, f64, G.WithShape(2, 3), G.WithName("the_weights"))
	y := must[*G.Node](t)(ops.Add(x, w))
	f := must[*autodiff.Function](t)(autodiff.Compile(G.Nodes{x}, G.Nodes{y}, nil))
	good := uniform(f64, "good", 2, 3)
	for name, c := range map[string]struct {
		in   []G.Value
		want []string
	}{
		"too few":  {nil, []string{"want 1 inputs, got 0"}},
		"too many": {[]G.Value{good, good}, []string{"want 1 inputs, got 2"}},
		"none":     {[]G.Value{nil}, []string{"the_input", "no value"}},
		"shape":    {[]G.Value{uniform(f64, "bad", 3, 3)}, []string{"the_input", "(2, 3)", "(3, 3)"}},
		"dtype":    {[]G.Value{uniform(tensor.Float32, "bad", 2, 3)}, []string{"the_input", "float64", "float32"}},
		"unbound":  {[]G.Value{good}, []string{"the_weights", "no value"}},
		"flat":     {[]G.Value{uniform(f64, "bad", 6)}, []string{"the_input", "(6)"}},
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
	columns := must[tensor.View](t)(uniform(f64, "wide", 2, 6).Slice(nil, tensor.S(0, 3)))
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
		settings := []func(){redraw(0, x, target), redraw(1, x, W, U)}
		same(t, dt.String(), onTape(t, nodes, settings...), compiled(t, nodes, settings...), 0)
	}
}

// A training step of an MLP with momentum allocates nothing in float32.
func TestNoAllocation(t *testing.T) {
	g := G.NewGraph()
	x, target := blocks.NewInput(g, "x", 20, 30), blocks.NewInput(g, "t", 20, 10)
	s := random.New(1)
	hidden := must[*blocks.Dense](t)(blocks.NewDense("hidden", 30, 40, blocks.Sigmoid(), blocks.Glorot4(), s))
	top := must[*blocks.Dense](t)(blocks.NewDense("top", 40, 10, blocks.Softmax(), blocks.Glorot(), s))
	var c ops.Chain
	h := c.Do(blocks.Dropout(c.Do(hidden.Forward(x)), 0.2, s))
	z := c.Do(top.Logits(h))
	cost := c.Do(blocks.CategoricalCrossEntropy(z, target))
	rate := c.Do(blocks.ErrorRate(z, target))
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
	f := must[*autodiff.Function](t)(autodiff.Compile(G.Nodes{x, target, lr}, G.Nodes{cost, rate}, updates))
	batch, labels := uniform(tensor.Float32, "batch", 20, 30), tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(20, 10))
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
	if n := testing.AllocsPerRun(50, step); n != 0 {
		t.Errorf("a training step allocates %g times, want none", n)
	}
	if last := must[float64](t)(f.Scalar(0)); !(last < first) || math.IsNaN(last) {
		t.Errorf("the loss did not fall: %g, then %g", first, last)
	}
}
