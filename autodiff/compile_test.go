package autodiff_test

import (
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
	gradcheck.Compiled(t, G.Nodes{y}) // needs no value for the leaf that it does not read

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
			alone = append(alone, gradcheck.Compiled(t, G.Nodes{n})...)
		}
		gradcheck.Same(t, name, alone, gradcheck.Compiled(t, tc.outputs), 0)
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
	out := gradcheck.Compiled(t, G.Nodes{a, b, m, n})
	if cmp.Equal(out[0], out[1]) || cmp.Equal(out[2], out[3]) {
		t.Error("two draws of one stream gave the same numbers")
	}
	// A draw that two expressions read is drawn once.
	out = gradcheck.Compiled(t, G.Nodes{a, c.Do(ops.Scale(a, 2)), c.Do(ops.Scale(a, 4))})
	for i, v := range out[0] {
		if out[1][i] != 2*v || out[2][i] != 4*v {
			t.Fatalf("element %d: %g, %g and %g are not 1, 2 and 4 times one draw", i, v, out[1][i], out[2][i])
		}
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
		"update of an input":     {G.Nodes{x}, nil, updates{{x, y}}, "update of x: it is an input"},
		"update of a result":     {nil, nil, updates{{y, x}}, "must be a leaf"},
		"update twice":           {nil, nil, updates{{x, y}, {x, x}}, "update of x: given twice"},
		"update of other shape":  {nil, nil, updates{{x, must[*G.Node](t)(ops.Sum(x))}}, "update of x: want float64 of shape (3), got float64 of shape ()"},
		"update from elsewhere":  {nil, nil, updates{{x, farY}}, "update of x: target or value is of another graph"},
		"updates of two graphs":  {nil, nil, updates{{x, y}, {far, farY}}, "update of far: target or value is of another graph"},
		"dropout":                {nil, G.Nodes{G.Must(G.Dropout(x, 0.5))}, nil, "use blocks.Dropout"},
		"average pooling":        {nil, G.Nodes{must[*G.Node](t)(G.AveragePool2D(images, tensor.Shape{2, 2}, []int{0, 0}, []int{2, 2}))}, nil, "use ops.AveragePool2D"},
		"global average pooling": {nil, G.Nodes{must[*G.Node](t)(G.GlobalAveragePool2D(images))}, nil, "use ops.GlobalAveragePool2D"},
		"random node":            {nil, G.Nodes{must[*G.Node](t)(ops.Square(G.GaussianRandomNode(g, f64, 0, 1, 3)))}, nil, "random.Stream"},
	} {
		f, err := autodiff.Compile(c.inputs, c.outputs, c.updates)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "compile: ") {
			t.Errorf("%s: got %v and error %v, want an error with %q", name, f, err, c.want)
		}
	}
}
