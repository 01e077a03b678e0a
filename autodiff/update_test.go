package autodiff_test

import (
	"strings"
	"sync"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/internal/gradcheck"

	"github.com/google/go-cmp/cmp"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// world is a graph with four leaves, and its copy in plain Go.
type world struct {
	g          *G.ExprGraph
	a, b, c, s *G.Node
	A, B, C    []float64
	S          float64
}

func newWorld() *world {
	g := G.NewGraph()
	w := &world{g: g, a: leaf(g, f64, "A", 2, 3), b: leaf(g, f64, "B", 2, 3), c: leaf(g, f64, "C", 2, 3), S: 0.5}
	w.s = G.NewScalar(g, f64, G.WithName("s"), G.WithValue(G.NewF64(w.S)))
	read := func(n *G.Node) []float64 { return append([]float64{}, n.Value().(*tensor.Dense).Float64s()...) }
	w.A, w.B, w.C = read(w.a), read(w.b), read(w.c)
	return w
}

// elementwise sets dst[i] = f(i) at once, from the old values of all slices.
func elementwise(dst []float64, f func(i int) float64) []float64 {
	out := make([]float64, len(dst))
	for i := range out {
		out[i] = f(i)
	}
	return out
}

// Updates against plain Go, three runs each. All new values are computed from the old
// ones, whether they are written in place or copied.
func TestUpdates(t *testing.T) {
	type U = autodiff.Update
	var c ops.Chain
	add := func(a, b *G.Node) *G.Node { return c.Do(ops.Add(a, b)) }
	sub := func(a, b *G.Node) *G.Node { return c.Do(ops.Sub(a, b)) }
	mul := func(a, b *G.Node) *G.Node { return c.Do(ops.Mul(a, b)) }
	scale := func(a *G.Node, k float64) *G.Node { return c.Do(ops.Scale(a, k)) }
	turn := func(a *G.Node) *G.Node { return c.Do(ops.Reshape(c.Do(ops.Reshape(a, 3, 2)), 2, 3)) }
	for name, tc := range map[string]struct {
		updates func(w *world) []U
		step    func(w *world)
	}{
		"one": {
			func(w *world) []U { return []U{{w.a, scale(w.a, 2)}} },
			func(w *world) { w.A = elementwise(w.A, func(i int) float64 { return 2 * w.A[i] }) },
		},
		"swap": {
			func(w *world) []U { return []U{{w.a, w.b}, {w.b, w.a}} },
			func(w *world) { w.A, w.B = w.B, w.A },
		},
		"rotation of three": {
			func(w *world) []U { return []U{{w.a, w.b}, {w.b, w.c}, {w.c, w.a}} },
			func(w *world) { w.A, w.B, w.C = w.B, w.C, w.A },
		},
		"swap through views": {
			func(w *world) []U { return []U{{w.a, turn(w.b)}, {w.b, turn(w.a)}} },
			func(w *world) { w.A, w.B = w.B, w.A },
		},
		"swap through stock reshape": {
			func(w *world) []U {
				stock := func(n *G.Node) *G.Node {
					return G.Must(G.Reshape(G.Must(G.Reshape(n, tensor.Shape{3, 2})), tensor.Shape{2, 3}))
				}
				return []U{{w.a, stock(w.b)}, {w.b, stock(w.a)}}
			},
			func(w *world) { w.A, w.B = w.B, w.A },
		},
		"momentum": { // v' = 0.9v − s·g, W' = W + v' with the new v'
			func(w *world) []U {
				v := sub(scale(w.b, 0.9), mul(w.s, w.c))
				return []U{{w.b, v}, {w.a, add(w.a, v)}}
			},
			func(w *world) {
				v := elementwise(w.B, func(i int) float64 { return 0.9*w.B[i] - w.S*w.C[i] })
				w.A, w.B = elementwise(w.A, func(i int) float64 { return w.A[i] + v[i] }), v
			},
		},
		"momentum, weights first": {
			func(w *world) []U {
				v := sub(scale(w.b, 0.9), mul(w.s, w.c))
				return []U{{w.a, add(w.a, v)}, {w.b, v}}
			},
			func(w *world) {
				v := elementwise(w.B, func(i int) float64 { return 0.9*w.B[i] - w.S*w.C[i] })
				w.A, w.B = elementwise(w.A, func(i int) float64 { return w.A[i] + v[i] }), v
			},
		},
		"crosswise": { // A' = A−B, B' = B−A
			func(w *world) []U { return []U{{w.a, sub(w.a, w.b)}, {w.b, sub(w.b, w.a)}} },
			func(w *world) {
				w.A, w.B = elementwise(w.A, func(i int) float64 { return w.A[i] - w.B[i] }), elementwise(w.B, func(i int) float64 { return w.B[i] - w.A[i] })
			},
		},
		"cycle of three": {
			func(w *world) []U {
				return []U{{w.a, add(w.a, w.b)}, {w.b, sub(w.b, w.c)}, {w.c, mul(w.c, w.a)}}
			},
			func(w *world) {
				w.A, w.B, w.C = elementwise(w.A, func(i int) float64 { return w.A[i] + w.B[i] }),
					elementwise(w.B, func(i int) float64 { return w.B[i] - w.C[i] }),
					elementwise(w.C, func(i int) float64 { return w.C[i] * w.A[i] })
			},
		},
		"one value, two targets": {
			func(w *world) []U { v := sub(w.a, w.c); return []U{{w.a, v}, {w.b, v}} },
			func(w *world) {
				w.A = elementwise(w.A, func(i int) float64 { return w.A[i] - w.C[i] })
				w.B = w.A
			},
		},
		"read again after": { // B' needs the old A, by way of a view of it
			func(w *world) []U { return []U{{w.a, sub(w.a, w.b)}, {w.b, mul(turn(w.a), w.c)}} },
			func(w *world) {
				w.A, w.B = elementwise(w.A, func(i int) float64 { return w.A[i] - w.B[i] }), elementwise(w.B, func(i int) float64 { return w.A[i] * w.C[i] })
			},
		},
		"new value of one in another": { // B' = (A−B)·A: reads A after A' exists
			func(w *world) []U { v := sub(w.a, w.b); return []U{{w.a, v}, {w.b, mul(v, w.a)}} },
			func(w *world) {
				v := elementwise(w.A, func(i int) float64 { return w.A[i] - w.B[i] })
				w.A, w.B = v, elementwise(w.B, func(i int) float64 { return v[i] * w.A[i] })
			},
		},
		"reduction of the target": { // A' = A − s·Σ A²
			func(w *world) []U { return []U{{w.a, sub(w.a, mul(w.s, c.Do(ops.SumSquares(w.a))))}} },
			func(w *world) {
				var sum float64
				for _, v := range w.A {
					sum += v * v
				}
				w.A = elementwise(w.A, func(i int) float64 { return w.A[i] - w.S*sum })
			},
		},
		"scalar": {
			func(w *world) []U { return []U{{w.s, scale(w.s, 0.5)}, {w.a, mul(w.a, w.s)}} },
			func(w *world) {
				s := w.S
				w.A, w.S = elementwise(w.A, func(i int) float64 { return w.A[i] * s }), s/2
			},
		},
		"a constant's worth": {
			func(w *world) []U { return []U{{w.a, c.Do(ops.Fill(w.s, tensor.Shape{2, 3}))}} },
			func(w *world) { w.A = elementwise(w.A, func(int) float64 { return w.S }) },
		},
		"stock arithmetic": {
			func(w *world) []U {
				return []U{{w.a, G.Must(G.Sub(w.a, w.b))}, {w.b, G.Must(G.HadamardProd(w.a, w.b))}}
			},
			func(w *world) {
				w.A, w.B = elementwise(w.A, func(i int) float64 { return w.A[i] - w.B[i] }), elementwise(w.B, func(i int) float64 { return w.A[i] * w.B[i] })
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			updates := tc.updates(w)
			if c.Err() != nil {
				t.Fatal(c.Err())
			}
			f := must[*autodiff.Function](t)(autodiff.Compile(nil, nil, updates))
			for run := range 3 {
				if err := f.RunAll(); err != nil {
					t.Fatal(err)
				}
				tc.step(w)
				got := [][]float64{gradcheck.Numbers(t, w.a.Value()), gradcheck.Numbers(t, w.b.Value()), gradcheck.Numbers(t, w.c.Value()), gradcheck.Numbers(t, w.s.Value())}
				want := [][]float64{w.A, w.B, w.C, {w.S}}
				if d := cmp.Diff(want, got); d != "" {
					t.Fatalf("run %d: A, B, C, s (−want +got)\n%s", run, d)
				}
			}
		})
	}
}

// Outputs are what was computed from the old values; a leaf as an output is its tensor
// and so shows the new one.
func TestOutputsAndUpdates(t *testing.T) {
	w := newWorld()
	var c ops.Chain
	next := c.Do(ops.Sub(w.a, w.b))
	half := c.Do(ops.Scale(w.a, 0.5))
	view := c.Do(ops.Reshape(w.a, 6))
	rows := G.Must(G.Slice(w.a, G.S(0, 2)))
	flat := G.Must(G.Reshape(w.a, tensor.Shape{6}))
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	f := must[*autodiff.Function](t)(autodiff.Compile(nil, G.Nodes{w.a, next, half, view, rows, flat}, []autodiff.Update{{Target: w.a, Value: next}}))
	if err := f.RunAll(); err != nil {
		t.Fatal(err)
	}
	newA := elementwise(w.A, func(i int) float64 { return w.A[i] - w.B[i] })
	want := [][]float64{newA, newA, elementwise(w.A, func(i int) float64 { return w.A[i] / 2 }), w.A, w.A, w.A}
	for i, what := range []string{"the leaf: new", "its update: new", "half: old", "view: old", "stock slice: old", "stock reshape: old"} {
		gradcheck.Same(t, what, want[i:i+1], [][]float64{gradcheck.Numbers(t, f.Output(i))}, 0)
	}
}

// The tensor that a parameter owns is the one that is updated, not one in its place.
func TestUpdateInPlace(t *testing.T) {
	w := newWorld()
	owned := w.a.Value()
	next := must[*G.Node](t)(ops.Sub(w.a, w.b))
	f := must[*autodiff.Function](t)(autodiff.Compile(nil, G.Nodes{next}, []autodiff.Update{{Target: w.a, Value: next}, {Target: w.b, Value: w.c}}))
	if err := f.RunAll(); err != nil {
		t.Fatal(err)
	}
	if w.a.Value() != owned {
		t.Error("another tensor was bound to the parameter")
	}
	if f.Output(0) != owned {
		t.Error("the new value was computed elsewhere and copied, though nothing reads the old one")
	}
	if err := G.Let(w.a, gradcheck.Uniform(f64, "another", 2, 3)); err != nil {
		t.Fatal(err)
	}
	another := append([]float64{}, w.a.Value().(*tensor.Dense).Float64s()...)
	if err := f.RunAll(); err != nil {
		t.Fatal(err)
	}
	gradcheck.Same(t, "a tensor bound later", [][]float64{elementwise(another, func(i int) float64 { return another[i] - w.C[i] })}, [][]float64{gradcheck.Numbers(t, w.a.Value())}, 0)
}

// A function that fails leaves the parameters as they were.
func TestFailureUpdatesNothing(t *testing.T) {
	w := newWorld()
	x := G.NewMatrix(w.g, f64, G.WithShape(2, 3), G.WithName("x"))
	var c ops.Chain
	updates := []autodiff.Update{{Target: w.a, Value: c.Do(ops.Scale(w.a, 2))}, {Target: w.b, Value: c.Do(ops.Add(w.b, x))}, {Target: w.c, Value: c.Do(ops.Square(x))}}
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	f := must[*autodiff.Function](t)(autodiff.Compile(G.Nodes{x}, nil, updates))
	// The columns of a wider matrix are not contiguous, which only the second and third step would find out.
	columns := func(name string) G.Value {
		return must[tensor.View](t)(gradcheck.Uniform(f64, name, 2, 6).Slice(nil, tensor.S(0, 3)))
	}
	refused := func(what, want string, in G.Value) {
		t.Helper()
		if err := f.Run(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want an error with %q, got %v", what, want, err)
		}
		gradcheck.Same(t, what+": A, B", [][]float64{w.A, w.B}, [][]float64{gradcheck.Numbers(t, w.a.Value()), gradcheck.Numbers(t, w.b.Value())}, 0)
	}
	refused("an input of another shape", "want shape (2, 3) for x", gradcheck.Uniform(f64, "bad", 3, 3))
	refused("columns as an input", "run: x: tensor of shape (2, 3) and strides [6 1] is not contiguous", columns("x"))
	if err := G.UnsafeLet(w.c, columns("C")); err != nil {
		t.Fatal(err)
	}
	refused("columns as a target", "run: C: tensor of shape (2, 3) and strides [6 1] is not contiguous", gradcheck.Uniform(f64, "x", 2, 3))
}

// Stock ops alone take an input whose rows are not contiguous.
func TestStockOpsTakeViews(t *testing.T) {
	g := G.NewGraph()
	x := G.NewMatrix(g, f64, G.WithShape(2, 3), G.WithName("x"))
	f := must[*autodiff.Function](t)(autodiff.Compile(G.Nodes{x}, G.Nodes{G.Must(G.Sum(x, 1))}, nil))
	wide := tensor.New(tensor.WithShape(2, 6), tensor.WithBacking([]float64{1, 2, 3, 9, 9, 9, 4, 5, 6, 9, 9, 9}))
	if err := f.Run(must[tensor.View](t)(wide.Slice(nil, tensor.S(0, 3)))); err != nil {
		t.Fatal(err)
	}
	gradcheck.Same(t, "sums", [][]float64{{6, 15}}, [][]float64{gradcheck.Numbers(t, f.Output(0))}, 0)
}

// Functions of two graphs that read one parameter run side by side (go test -race).
func TestConcurrentFunctions(t *testing.T) {
	weights := &blocks.Param{Name: "W", Value: gradcheck.Uniform(tensor.Float32, "W", 8, 8)}
	bias := blocks.NewParam("b", 8)
	build := func() (*autodiff.Function, *G.Node) {
		g := G.NewGraph()
		x := blocks.NewInput(g, tensor.Float32, "x", 4, 8)
		var c ops.Chain
		h := c.Do(blocks.Sigmoid().Apply(c.Do(blocks.Up(x, weights, bias))))
		y := c.Do(blocks.Down(h, weights, bias))
		W, err := weights.Node(g)
		if err != nil {
			t.Fatal(err)
		}
		cost := c.Do(blocks.BinaryCrossEntropy(y, x))
		if c.Err() != nil {
			t.Fatal(c.Err())
		}
		d := must[G.Nodes](t)(autodiff.Grad(cost, W))
		return must[*autodiff.Function](t)(autodiff.Compile(G.Nodes{x}, d, nil)), x
	}
	x := gradcheck.Uniform(tensor.Float32, "x", 4, 8)
	var results [2][]float64
	var wait sync.WaitGroup
	for i := range results {
		f, _ := build()
		wait.Go(func() {
			for range 50 {
				if err := f.Run(x); err != nil {
					t.Error(err)
					return
				}
			}
			results[i] = gradcheck.Numbers(t, f.Output(0))
		})
	}
	wait.Wait()
	gradcheck.Same(t, "two functions", [][]float64{results[0]}, [][]float64{results[1]}, 0)
}
