package ops_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/internal/gradcheck"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// jordanUnrolled is the network step by step; see setting.unrolled.
func (s setting) jordanUnrolled(g *G.ExprGraph, x G.Nodes, q ops.Sequence, k, n int) (*G.Node, error) {
	var c ops.Chain
	flat := c.Do(ops.Reshape(x[0], s.rows, s.steps*k))
	v := gradcheck.Leaf(g, "zero", tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(s.rows, n)))
	y := v
	var all *G.Node
	for number := range s.steps {
		t := number
		if s.reverse {
			t = s.steps - 1 - number
		}
		h := c.Do(blocks.Tanh().Apply(c.Do(ops.Add(c.Do(ops.Columns(flat, t*k, (t+1)*k)), c.Do(ops.MatMul(y, x[1], false, false))))))
		nextV := c.Do(ops.Affine(h, x[2], x[3], false))
		nextY := c.Do(blocks.Sigmoid().Apply(nextV))
		if s.masked {
			on := c.Do(ops.RepeatCols(c.Do(ops.Reshape(c.Do(ops.Columns(q.Mask, t, t+1)), s.rows)), n))
			nextV = c.Do(ops.Add(v, c.Do(ops.Mul(on, c.Do(ops.Sub(nextV, v))))))
			nextY = c.Do(ops.Add(y, c.Do(ops.Mul(on, c.Do(ops.Sub(nextY, y))))))
		}
		v, y = nextV, nextY
		place := tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(n, s.steps*n))
		for j := range n {
			place.Float64s()[j*s.steps*n+t*n+j] = 1
		}
		placed := c.Do(ops.MatMul(v, gradcheck.Leaf(g, fmt.Sprintf("place %d", t), place), false, false))
		if all == nil {
			all = placed
		} else {
			all = c.Do(ops.Add(all, placed))
		}
	}
	return c.Do(ops.Reshape(all, s.rows*s.steps, n)), c.Err()
}

func TestJordanEqualsUnrolled(t *testing.T) {
	const k, n = 3, 2
	for _, s := range settings() {
		leaves := inputs(shape{s.rows * s.steps, k}, shape{n, k}, shape{k, n}, shape{n})
		sequence := func(g *G.ExprGraph) ops.Sequence {
			q := ops.Sequence{Steps: s.steps, Reverse: s.reverse}
			if s.masked {
				q.Mask = gradcheck.Leaf(g, "mask", s.mask())
			}
			return q
		}
		fused := func(g *G.ExprGraph, x G.Nodes) (*G.Node, error) {
			return ops.Jordan(x[0], x[1], x[2], x[3], "tanh", sequence(g))
		}
		nodes := func(build func(g *G.ExprGraph, x G.Nodes) (*G.Node, error)) G.Nodes {
			g := G.NewGraph()
			var x G.Nodes
			for i, v := range leaves {
				x = append(x, gradcheck.Leaf(g, fmt.Sprintf("x%d", i), v))
			}
			v, err := build(g, x)
			if err != nil {
				t.Fatal(err)
			}
			var c ops.Chain
			weights := gradcheck.Leaf(g, "weights", gradcheck.Tensor(random.New(9), v.Shape()...))
			cost := c.Do(ops.Sum(c.Do(ops.Mul(v, weights))))
			wrt := x
			if s.steps == 1 {
				wrt = G.Nodes{x[0], x[2], x[3]} // nothing is fed back
			}
			grads, err := autodiff.Grad(cost, wrt...)
			if err != nil || c.Err() != nil {
				t.Fatal(err, c.Err())
			}
			return append(G.Nodes{v}, grads...)
		}
		want := gradcheck.Compiled(t, nodes(func(g *G.ExprGraph, x G.Nodes) (*G.Node, error) {
			return s.jordanUnrolled(g, x, sequence(g), k, n)
		}))
		gradcheck.Same(t, s.String(), want, gradcheck.Compiled(t, nodes(fused)), 1e-12)
		gradcheck.Same(t, s.String()+" on the TapeMachine", want, gradcheck.OnTape(t, nodes(fused)), 1e-12)
		gradcheck.First(t, gradcheck.Case{Inputs: leaves, Build: fused})
	}
}

// The float32 kernels compute what those of float64 do, and a row of a batch is what the row alone
// gives, to the bit.
func TestJordanFloat32(t *testing.T) {
	const steps, k, n, most = 7, 19, 5, 50
	for _, f := range []string{"tanh", "relu", "sigmoid"} {
		run := func(dt tensor.Dtype, rows int) [][]float64 {
			g := G.NewGraph()
			all := gradcheck.Uniform(dt, "z", most*steps, k)
			cut, err := all.Slice(G.S(0, rows*steps))
			if err != nil {
				t.Fatal(err)
			}
			z := gradcheck.Leaf(g, "z", tensor.New(tensor.WithShape(rows*steps, k), tensor.WithBacking(cut.Materialize().(*tensor.Dense).Data())))
			// Steps in the middle and at the end are left out.
			m := ops.NewValue(dt, tensor.Shape{rows, steps}).(*tensor.Dense)
			for i := range rows * steps {
				on := 1.0
				if i%steps == 2 || i%steps == steps-1 {
					on = 0
				}
				if dt == tensor.Float64 {
					m.Float64s()[i] = on
				} else {
					m.Float32s()[i] = float32(on)
				}
			}
			leaf := func(name string, shape ...int) *G.Node {
				return gradcheck.Leaf(g, name, gradcheck.Uniform(dt, name, shape...))
			}
			U, V, c := leaf("U", n, k), leaf("V", k, n), leaf("c", n)
			v, err := ops.Jordan(z, U, V, c, f, ops.Sequence{Steps: steps, Mask: gradcheck.Leaf(g, "mask", m)})
			if err != nil {
				t.Fatal(err)
			}
			var chain ops.Chain
			grads, err := autodiff.Grad(chain.Do(ops.SumSquares(v)), z)
			if err != nil {
				t.Fatal(err)
			}
			return gradcheck.Compiled(t, G.Nodes{v, grads[0]})
		}
		want, got, one := run(tensor.Float64, most), run(tensor.Float32, most), run(tensor.Float32, 1)
		for i := range want {
			scale := math.Max(1, math.Max(slices.Max(want[i]), -slices.Min(want[i])))
			for j := range want[i] {
				if math.Abs(want[i][j]-got[i][j]) > 1e-5*scale {
					t.Fatalf("%s, result %d, element %d: want %g, got %g", f, i, j, want[i][j], got[i][j])
				}
			}
			if !slices.Equal(one[i], got[i][:len(one[i])]) {
				t.Errorf("%s, result %d: a batch of one differs from the row of the batch", f, i)
			}
		}
	}
}

func TestJordanErrors(t *testing.T) {
	g := G.NewGraph()
	leaf := func(name string, shape ...int) *G.Node { return blocks.NewInput(g, tensor.Float64, name, shape...) }
	z, U, V, c := leaf("z", 6, 3), leaf("U", 2, 3), leaf("V", 3, 2), leaf("c", 2)
	for says, f := range map[string]func() (*G.Node, error){
		"at least one step, got 0":             func() (*G.Node, error) { return ops.Jordan(z, U, V, c, "tanh", ops.Sequence{}) },
		"want z (m·4,k)":                       func() (*G.Node, error) { return ops.Jordan(z, U, V, c, "tanh", ops.Sequence{Steps: 4}) },
		`got "cosine"`:                         func() (*G.Node, error) { return ops.Jordan(z, U, V, c, "cosine", ops.Sequence{Steps: 3}) },
		"outputs of 0":                         func() (*G.Node, error) { return ops.Jordan(z, U, V, c, "relu", ops.Sequence{Steps: 3, H0: c}) },
		"an operand is missing":                func() (*G.Node, error) { return ops.Jordan(z, U, V, nil, "relu", ops.Sequence{Steps: 3}) },
		"the mask of shape (2, 3), got (6, 3)": func() (*G.Node, error) { return ops.Jordan(z, U, V, c, "tanh", ops.Sequence{Steps: 3, Mask: z}) },
	} {
		if _, err := f(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("want an error with %q, got %v", says, err)
		}
	}
}
