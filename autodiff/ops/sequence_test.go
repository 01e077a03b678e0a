package ops_test

import (
	"fmt"
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

// cell is a recurrent operation and one step of it, written out in other operations.
type cell struct {
	name  string
	gates int
	bias  bool
	cells bool // has cell states
	run   func(z, U, b *G.Node, s ops.Sequence) (*G.Node, error)
	step  func(c *ops.Chain, z, h, cells, U, b *G.Node, k int) (nextH, nextC *G.Node)
}

func cells() []cell {
	sigmoid, tanh := blocks.Sigmoid().Apply, blocks.Tanh().Apply
	rnn := func(name string, f func(*G.Node) (*G.Node, error)) cell {
		return cell{
			name: "rnn " + name, gates: 1,
			run: func(z, U, b *G.Node, s ops.Sequence) (*G.Node, error) { return ops.RNN(z, U, name, s) },
			step: func(c *ops.Chain, z, h, _, U, _ *G.Node, _ int) (*G.Node, *G.Node) {
				return c.Do(f(c.Do(ops.Add(z, c.Do(ops.MatMul(h, U, false, false)))))), nil
			},
		}
	}
	return []cell{
		rnn("tanh", tanh), rnn("relu", blocks.ReLU().Apply), rnn("sigmoid", sigmoid),
		{
			name: "lstm", gates: 4, cells: true,
			run: func(z, U, b *G.Node, s ops.Sequence) (*G.Node, error) {
				h, _, err := ops.LSTM(z, U, s)
				return h, err
			},
			step: func(c *ops.Chain, z, h, cells, U, _ *G.Node, k int) (*G.Node, *G.Node) {
				a := c.Do(ops.Add(z, c.Do(ops.MatMul(h, U, false, false))))
				gate := func(n int) *G.Node { return c.Do(ops.Columns(a, n*k, (n+1)*k)) }
				i, f, g, o := c.Do(sigmoid(gate(0))), c.Do(sigmoid(gate(1))), c.Do(tanh(gate(2))), c.Do(sigmoid(gate(3)))
				next := c.Do(ops.Add(c.Do(ops.Mul(f, cells)), c.Do(ops.Mul(i, g))))
				return c.Do(ops.Mul(o, c.Do(tanh(next)))), next
			},
		},
		{
			name: "gru", gates: 3, bias: true,
			run: ops.GRU,
			step: func(c *ops.Chain, z, h, _, U, b *G.Node, k int) (*G.Node, *G.Node) {
				a := c.Do(ops.Affine(h, U, b, false))
				part := func(x *G.Node, n int) *G.Node { return c.Do(ops.Columns(x, n*k, (n+1)*k)) }
				r := c.Do(sigmoid(c.Do(ops.Add(part(z, 0), part(a, 0)))))
				u := c.Do(sigmoid(c.Do(ops.Add(part(z, 1), part(a, 1)))))
				n := c.Do(tanh(c.Do(ops.Add(part(z, 2), c.Do(ops.Mul(r, part(a, 2)))))))
				return c.Do(ops.Add(n, c.Do(ops.Mul(u, c.Do(ops.Sub(h, n)))))), nil
			},
		},
	}
}

// setting is how an operation is run.
type setting struct {
	rows, steps, units     int
	reverse, masked, begun bool
	final                  bool // only the states after the last step
}

func (s setting) String() string {
	return fmt.Sprintf("%d×%d,reverse=%t,masked=%t,begun=%t,final=%t", s.rows, s.steps, s.reverse, s.masked, s.begun, s.final)
}

func settings() []setting {
	return []setting{
		{2, 3, 2, false, false, false, false}, {2, 3, 2, true, false, false, false}, {3, 4, 2, false, true, true, false}, {3, 4, 2, true, true, true, false},
		{3, 4, 2, true, true, false, false}, {1, 1, 1, false, false, true, false}, {2, 1, 3, true, false, false, false},
		{2, 3, 2, false, false, false, true}, {3, 4, 2, true, true, true, true},
	}
}

// mask leaves out steps at the end, in the middle and at the beginning.
func (s setting) mask() *tensor.Dense {
	m := make([]float64, s.rows*s.steps)
	for i := range m {
		m[i] = 1
	}
	m[s.steps-1], m[1] = 0, 0
	if s.rows > 1 {
		m[s.steps] = 0
	}
	return tensor.New(tensor.WithShape(s.rows, s.steps), tensor.WithBacking(m))
}

// leaves of a cell: z, U, then b, h0, c0 as far as there are any.
func (s setting) leaves(c cell) []*tensor.Dense {
	shapes := []tensor.Shape{{s.rows * s.steps, c.gates * s.units}, {s.units, c.gates * s.units}}
	if c.bias {
		shapes = append(shapes, tensor.Shape{c.gates * s.units})
	}
	if s.begun {
		shapes = append(shapes, tensor.Shape{s.rows, s.units})
		if c.cells {
			shapes = append(shapes, tensor.Shape{s.rows, s.units})
		}
	}
	return inputs(shapes...)
}

// sequence sorts the leaves.
func (s setting) sequence(c cell, g *G.ExprGraph, x G.Nodes) (z, U, b *G.Node, q ops.Sequence) {
	z, U, x = x[0], x[1], x[2:]
	if c.bias {
		b, x = x[0], x[1:]
	}
	q = ops.Sequence{Steps: s.steps, Reverse: s.reverse, Final: s.final}
	if s.begun {
		q.H0 = x[0]
		if c.cells {
			q.C0 = x[1]
		}
	}
	if s.masked {
		q.Mask = gradcheck.Leaf(g, "mask", s.mask())
	}
	return z, U, b, q
}

// unrolled are the states after each step, by other operations.
func (s setting) unrolled(c cell, g *G.ExprGraph, x G.Nodes) (*G.Node, error) {
	z, U, b, q := s.sequence(c, g, x)
	var chain ops.Chain
	width := c.gates * s.units
	flat := chain.Do(ops.Reshape(z, s.rows, s.steps*width))
	zero := gradcheck.Leaf(g, "zero", tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(s.rows, s.units)))
	h, cells := zero, zero
	if q.H0 != nil {
		h = q.H0
	}
	if q.C0 != nil {
		cells = q.C0
	}
	// The states are put together as Σ h_t·P_t, with P_t the columns of the identity.
	var all *G.Node
	for n := range s.steps {
		t := n
		if s.reverse {
			t = s.steps - 1 - n
		}
		nextH, nextC := c.step(&chain, chain.Do(ops.Columns(flat, t*width, (t+1)*width)), h, cells, U, b, s.units)
		if s.masked {
			on := chain.Do(ops.RepeatCols(chain.Do(ops.Reshape(chain.Do(ops.Columns(q.Mask, t, t+1)), s.rows)), s.units))
			choose := func(old, new *G.Node) *G.Node {
				return chain.Do(ops.Add(old, chain.Do(ops.Mul(on, chain.Do(ops.Sub(new, old))))))
			}
			nextH = choose(h, nextH)
			if nextC != nil {
				nextC = choose(cells, nextC)
			}
		}
		h, cells = nextH, nextC
		place := tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(s.units, s.steps*s.units))
		for j := range s.units {
			place.Float64s()[j*s.steps*s.units+t*s.units+j] = 1
		}
		placed := chain.Do(ops.MatMul(h, gradcheck.Leaf(g, fmt.Sprintf("place %d", t), place), false, false))
		if all == nil {
			all = placed
		} else {
			all = chain.Do(ops.Add(all, placed))
		}
	}
	if s.final {
		return h, chain.Err()
	}
	return chain.Do(ops.Reshape(all, s.rows*s.steps, s.units)), chain.Err()
}

// frozen are the states of the operation that keeps nothing for a derivative, which it refuses.
func (s setting) frozen(t *testing.T, c cell, leaves []*tensor.Dense) [][]float64 {
	g := G.NewGraph()
	var x G.Nodes
	for i, v := range leaves {
		x = append(x, gradcheck.Leaf(g, fmt.Sprintf("x%d", i), v))
	}
	z, U, b, q := s.sequence(c, g, x)
	q.Frozen = true
	h, err := c.run(z, U, b, q)
	if err != nil {
		t.Fatal(err)
	}
	var chain ops.Chain
	if _, err := autodiff.Grad(chain.Do(ops.Sum(h)), z); err == nil || !strings.Contains(err.Error(), "frozen") {
		t.Errorf("want an error for the derivative of a frozen sequence, got %v", err)
	}
	return gradcheck.Compiled(t, G.Nodes{h})
}

// The states and all gradients of a weighted sum of them are those of the same network
// unrolled step by step, compiled and on Gorgonia's own machine.
func TestSequencesEqualUnrolled(t *testing.T) {
	for _, c := range cells() {
		for _, s := range settings() {
			t.Run(c.name+"/"+s.String(), func(t *testing.T) {
				leaves := s.leaves(c)
				values := func(build func(c cell, g *G.ExprGraph, x G.Nodes) (*G.Node, error)) G.Nodes {
					g := G.NewGraph()
					var x G.Nodes
					for i, v := range leaves {
						x = append(x, gradcheck.Leaf(g, fmt.Sprintf("x%d", i), v))
					}
					h, err := build(c, g, x)
					if err != nil {
						t.Fatal(err)
					}
					var chain ops.Chain
					weights := gradcheck.Leaf(g, "weights", gradcheck.Tensor(random.New(9), h.Shape()...))
					grads, err := autodiff.Grad(chain.Do(ops.Sum(chain.Do(ops.Mul(h, weights)))), x...)
					if err != nil || chain.Err() != nil {
						t.Fatal(err, chain.Err())
					}
					return append(G.Nodes{h}, grads...)
				}
				fused := func(c cell, g *G.ExprGraph, x G.Nodes) (*G.Node, error) {
					z, U, b, q := s.sequence(c, g, x)
					return c.run(z, U, b, q)
				}
				want := gradcheck.Compiled(t, values(s.unrolled))
				gradcheck.Same(t, "frozen", want[:1], s.frozen(t, c, leaves), 1e-12)
				gradcheck.Same(t, "compiled", want, gradcheck.Compiled(t, values(fused)), 1e-12)
				gradcheck.Same(t, "on the TapeMachine", want, gradcheck.OnTape(t, values(fused)), 1e-12)
			})
		}
	}
}

func TestSequenceGradients(t *testing.T) {
	for _, c := range cells() {
		for _, s := range settings() {
			t.Run(c.name+"/"+s.String(), func(t *testing.T) {
				gradcheck.First(t, gradcheck.Case{Inputs: s.leaves(c), Build: func(g *G.ExprGraph, x G.Nodes) (*G.Node, error) {
					z, U, b, q := s.sequence(c, g, x)
					return c.run(z, U, b, q)
				}})
			})
		}
	}
	gradcheck.Both(t, gradcheck.Case{Inputs: inputs(shape{3, 2}, shape{3, 4}), Build: func(g *G.ExprGraph, x G.Nodes) (*G.Node, error) {
		var c ops.Chain
		return c.Do(ops.Square(c.Do(ops.Beside(x[0], x[1])))), c.Err()
	}})
	gradcheck.Both(t, gradcheck.Case{Inputs: inputs(shape{3, 5}), Build: func(g *G.ExprGraph, x G.Nodes) (*G.Node, error) {
		var c ops.Chain
		return c.Do(ops.Square(c.Do(ops.Columns(x[0], 1, 4)))), c.Err()
	}})
}
