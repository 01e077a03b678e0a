package autodiff_test

import (
	"runtime"
	"slices"
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

// autoencoder builds a graph with all that is computed in groups: affine maps with
// activations, a draw, products with the derivative of an activation, the two products
// of tied weights, and steps of momentum. It returns the inputs, the cost, its
// gradient, and the updates.
func autoencoder(t testing.TB, dt tensor.Dtype, m, n, k int, noise *random.Stream) (in G.Nodes, cost *G.Node, grads G.Nodes, updates []autodiff.Update) {
	g := G.NewGraph()
	x, W, b, a := leaf(g, dt, "x", m, n), leaf(g, dt, "W", n, k), leaf(g, dt, "b", k), leaf(g, dt, "a", n)
	var c ops.Chain
	corrupted := x
	if noise != nil {
		corrupted = c.Do(blocks.Masking(0.25).Apply(x, noise))
	}
	h := c.Do(blocks.Tanh().Apply(c.Do(ops.Affine(corrupted, W, b, false))))
	y := c.Do(blocks.Sigmoid().Apply(c.Do(ops.Affine(h, W, a, true))))
	cost = c.Do(ops.SumSquares(c.Do(ops.Sub(y, x))))
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	grads = must[G.Nodes](t)(autodiff.Grad(cost, W, b, a))
	for i, p := range (G.Nodes{W, b, a}) {
		v := leaf(g, dt, p.Name()+".velocity", p.Shape()...)
		next := c.Do(ops.Sub(c.Do(ops.Scale(v, 0.9)), c.Do(ops.Scale(grads[i], 0.001))))
		updates = append(updates, autodiff.Update{Target: v, Value: next}, autodiff.Update{Target: p, Value: c.Do(ops.Add(p, next))})
	}
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	return G.Nodes{x}, cost, grads, updates
}

// What runs as one step.
func TestGroups(t *testing.T) {
	_, cost, _, updates := autoencoder(t, tensor.Float32, 20, 30, 40, random.New(1))
	f := must[*autodiff.Function](t)(autodiff.Compile(nil, G.Nodes{cost}, updates))
	want := []string{
		"mask + mul (20, 30)",
		"affine(false) + tanh (20, 40)",
		"affine(true) + sigmoid + sub + linear(2,0) + back sigmoid (20, 30)",
		"sumsquares ()",
		"matmul(false,false) + back tanh (20, 40)",
		"matmul(true,false) + matmul(true,false) + linear(0.001,0) + linear(0.9,0) + sub + add (30, 40)",
		"colsum (40)", "linear(0.9,0) + linear(0.001,0) + sub + add (40)",
		"colsum (30)", "linear(0.9,0) + linear(0.001,0) + sub + add (30)",
	}
	got := f.Labels()
	slices.Sort(got)
	slices.Sort(want)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("steps (−want +got)\n%s", d)
	}
}

// Groups over many blocks give what stock Gorgonia's TapeMachine computes one
// operation after the other.
func TestBlocksAgainstTapeMachine(t *testing.T) {
	for _, size := range [][3]int{{3, 5, 2}, {150, 410, 300}, {7, 1100, 600}} {
		_, cost, grads, _ := autoencoder(t, f64, size[0], size[1], size[2], nil)
		nodes := append(grads, cost)
		gradcheck.Same(t, "gradient and cost", gradcheck.OnTape(t, nodes), gradcheck.Compiled(t, nodes), 1e-11)
	}
}

// Several steps give the same bytes for any number of processors.
func TestBytesOfAnyNumberOfWorkers(t *testing.T) {
	run := func(procs int) (out [][]float64) {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		in, cost, _, updates := autoencoder(t, tensor.Float32, 50, 410, 300, random.New(3))
		f := must[*autodiff.Function](t)(autodiff.Compile(in, G.Nodes{cost}, updates))
		for range 4 {
			if err := f.Run(in[0].Value()); err != nil {
				t.Fatal(err)
			}
			out = append(out, gradcheck.Numbers(t, f.Output(0)))
		}
		for _, u := range updates {
			out = append(out, gradcheck.Numbers(t, u.Target.Value()))
		}
		return out
	}
	want := run(1)
	for _, procs := range []int{2, 3, 8} {
		if d := cmp.Diff(want, run(procs)); d != "" {
			t.Errorf("%d processors differ from 1 (−1 +%d)\n%s", procs, procs, d)
		}
	}
}

// So do products in float64, whatever is transposed.
func TestBytesOfAnyNumberOfWorkersFloat64(t *testing.T) {
	for _, c := range []struct {
		a, b           []int
		transA, transB bool
	}{
		{[]int{60, 300}, []int{300, 600}, false, false},
		{[]int{60, 300}, []int{600, 300}, false, true},
		{[]int{300, 60}, []int{300, 600}, true, false},
		{[]int{300, 60}, []int{600, 300}, true, true},
	} {
		run := func(procs int) []float64 {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
			g := G.NewGraph()
			y := must[*G.Node](t)(ops.MatMul(leaf(g, f64, "a", c.a...), leaf(g, f64, "b", c.b...), c.transA, c.transB))
			return gradcheck.Compiled(t, G.Nodes{y})[0]
		}
		want := run(1)
		for _, procs := range []int{2, 3, 8} {
			differ := 0
			for i, y := range run(procs) {
				if y != want[i] {
					differ++
				}
			}
			if differ > 0 {
				t.Errorf("a %v, b %v, transposed: %t, %t: %d of %d elements differ between 1 processor and %d", c.a, c.b, c.transA, c.transB, differ, len(want), procs)
			}
		}
	}
}

// In a deep network the results of one layer take the place of another's.
func TestBuffersAreShared(t *testing.T) {
	g := G.NewGraph()
	x := leaf(g, tensor.Float32, "x", 50, 40)
	h := x
	var c ops.Chain
	for range 20 {
		h = c.Do(blocks.Softmax().Apply(h)) // a step of its own
	}
	s := c.Do(ops.Sum(h))
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	f := must[*autodiff.Function](t)(autodiff.Compile(nil, G.Nodes{s}, nil))
	if allocated, results := f.Buffers(); allocated != 2*50*40 || results != 20*50*40 {
		t.Errorf("want 20 results of 50×40 in 2 buffers, got %d elements in %d", results, allocated)
	}
	gradcheck.Same(t, "sum of probabilities", [][]float64{{50}}, gradcheck.Compiled(t, G.Nodes{s}), 1e-5)
}

// Sums of columns and rows and softmax, in ranges on several processors, against stock
// Gorgonia ops.
func TestRangesAgainstStockOps(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	build := func() *G.Node { return leaf(G.NewGraph(), f64, "x", 400, 501) }
	x := build()
	want := gradcheck.OnTape(t, G.Nodes{G.Must(G.Sum(x, 0)), G.Must(G.Sum(x, 1)), G.Must(G.SoftMax(x, 1))})
	x = build()
	var c ops.Chain
	nodes := G.Nodes{c.Do(ops.ColSum(x)), c.Do(ops.RowSum(x)), c.Do(blocks.Softmax().Apply(x))}
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	gradcheck.Same(t, "column sums, row sums, softmax", want, gradcheck.Compiled(t, nodes), 1e-12)
}
