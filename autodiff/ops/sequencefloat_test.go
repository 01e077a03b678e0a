package ops_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/internal/gradcheck"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// The float32 kernels compute what those of float64 do; a row of a batch is what the row alone
// gives, to the bit; and so is every batch whatever is computed at the same time.
func TestSequencesFloat32(t *testing.T) {
	const steps, units = 7, 19
	for _, c := range cells() {
		for _, reverse := range []bool{false, true} {
			run := func(dt tensor.Dtype, rows int) [][]float64 {
				g := G.NewGraph()
				leaf := func(name string, rows int, v *tensor.Dense) *G.Node {
					if len(v.Shape()) == 2 && name != "U" {
						cut, err := v.Slice(G.S(0, rows))
						if err != nil {
							t.Fatal(err)
						}
						shape := v.Shape().Clone()
						shape[0] = rows
						v = tensor.New(tensor.WithShape(shape...), tensor.WithBacking(cut.Materialize().(*tensor.Dense).Data()))
					}
					return gradcheck.Leaf(g, name, v)
				}
				z := leaf("z", rows*steps, gradcheck.Uniform(dt, "z", 50*steps, c.gates*units))
				U := leaf("U", units, gradcheck.Uniform(dt, "U", units, c.gates*units))
				var b *G.Node
				if c.bias {
					b = leaf("b", 0, gradcheck.Uniform(dt, "b", c.gates*units))
				}
				h, err := c.run(z, U, b, ops.Sequence{Steps: steps, Reverse: reverse, H0: leaf("h0", rows, gradcheck.Uniform(dt, "h0", 50, units))})
				if err != nil {
					t.Fatal(err)
				}
				var chain ops.Chain
				grads, err := autodiff.Grad(chain.Do(ops.SumSquares(h)), z)
				if err != nil {
					t.Fatal(err)
				}
				return gradcheck.Compiled(t, G.Nodes{h, grads[0]})
			}
			want, got := run(tensor.Float64, 50), run(tensor.Float32, 50)
			scale := 1.0 // states of relu grow
			for _, w := range want {
				scale = math.Max(scale, math.Max(slices.Max(w), -slices.Min(w)))
			}
			for i := range want {
				for j := range want[i] {
					if math.Abs(want[i][j]-got[i][j]) > 1e-5*scale {
						t.Fatalf("%s, reverse %t, result %d, element %d: want %g, got %g", c.name, reverse, i, j, want[i][j], got[i][j])
					}
				}
			}
			one := run(tensor.Float32, 1)
			for i := range one {
				if !slices.Equal(one[i], got[i][:len(one[i])]) {
					t.Errorf("%s, reverse %t, result %d: a batch of one differs from the row of the batch", c.name, reverse, i)
				}
			}
		}
	}
}

func TestSequenceErrors(t *testing.T) {
	g := G.NewGraph()
	leaf := func(name string, shape ...int) *G.Node { return blocks.NewInput(g, tensor.Float64, name, shape...) }
	z, U, b := leaf("z", 6, 4), leaf("U", 4, 4), leaf("b", 4)
	three := ops.Sequence{Steps: 3}
	for says, f := range map[string]func() (*G.Node, error){
		"at least one step, got 0":         func() (*G.Node, error) { return ops.RNN(z, U, "tanh", ops.Sequence{}) },
		"want z (m·4, 1·k)":                func() (*G.Node, error) { return ops.RNN(z, U, "tanh", ops.Sequence{Steps: 4}) },
		`got "softmax"`:                    func() (*G.Node, error) { return ops.RNN(z, U, "softmax", three) },
		"an operand is missing":            func() (*G.Node, error) { return ops.RNN(nil, U, "tanh", three) },
		"want z (m·3, 4·k) and U (k, 4·k)": func() (*G.Node, error) { h, _, err := ops.LSTM(z, U, three); return h, err },
		"a bias for each column":           func() (*G.Node, error) { return ops.GRU(z, U, leaf("b5", 5), three) },
		"want z (m·3, 3·k)":                func() (*G.Node, error) { return ops.GRU(z, U, b, three) },
		"h0 of shape (2, 4), got (3, 4)":   func() (*G.Node, error) { return ops.RNN(z, U, "tanh", ops.Sequence{Steps: 3, H0: leaf("h0", 3, 4)}) },
		"the mask of shape (2, 3), got (3, 2)": func() (*G.Node, error) {
			return ops.RNN(z, U, "tanh", ops.Sequence{Steps: 3, Mask: leaf("mask", 3, 2)})
		},
		"no cell states":          func() (*G.Node, error) { return ops.RNN(z, U, "tanh", ops.Sequence{Steps: 3, C0: leaf("c0", 2, 4)}) },
		"columns: want some of 4": func() (*G.Node, error) { return ops.Columns(z, 2, 5) },
	} {
		if _, err := f(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("want an error with %q, got %v", says, err)
		}
	}
	// A gradient of a gradient is refused, not left out.
	h, err := ops.RNN(z, U, "tanh", three)
	if err != nil {
		t.Fatal(err)
	}
	var c ops.Chain
	grads, err := autodiff.Grad(c.Do(ops.SumSquares(h)), U)
	if err != nil || c.Err() != nil {
		t.Fatal(err, c.Err())
	}
	if _, err := autodiff.Grad(c.Do(ops.SumSquares(grads[0])), U); err == nil || !strings.Contains(err.Error(), "no second derivative") {
		t.Errorf("want an error for a second derivative, got %v", err)
	}
}
