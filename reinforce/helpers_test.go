package reinforce

import (
	"testing"

	"capas/autodiff"
	"capas/blocks"
	"capas/models"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// must stops the test at an error.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// finiteMDP is an environment of finitely many states, which are seen one-hot: action a in
// state s leads to state s' with probability p[s][a][s'] and brings r[s][a]. An episode begins
// in state 0, the last state is terminal.
type finiteMDP struct {
	p [][][]float64
	r [][]float64
}

func (f finiteMDP) states() int { return len(f.p) + 1 }

func (f finiteMDP) Shape() Shape {
	return Shape{State: 1, Inputs: f.states(), Actions: len(f.p[0])}
}

func (f finiteMDP) Begin(state []float32, _ *random.Stream) { state[0] = 0 }

func (f finiteMDP) Step(state []float32, action int, s *random.Stream) (float32, bool) {
	at, u := int(state[0]), s.Rand().Float64()
	next := 0
	for next < f.states()-1 && u >= f.p[at][action][next] {
		u -= f.p[at][action][next]
		next++
	}
	state[0] = float32(next)
	return float32(f.r[at][action]), next == f.states()-1
}

func (f finiteMDP) Observe(x, state []float32) {
	clear(x)
	x[int(state[0])] = 1
}

// optimal is Q of the best policy, by value iteration.
func (f finiteMDP) optimal(discount float64) [][]float64 {
	v := make([]float64, f.states())
	q := make([][]float64, len(f.p))
	for range 10_000 {
		for s := range f.p {
			q[s] = make([]float64, len(f.p[s]))
			for a := range q[s] {
				q[s][a] = f.r[s][a]
				for next, p := range f.p[s][a] {
					q[s][a] += discount * p * v[next]
				}
			}
		}
		for s := range q {
			v[s] = q[s][argmax(q[s])]
		}
	}
	return q
}

// chain is a row of states before a terminal one: action 1 leads on, action 0 back to the
// first. The last step brings 10, going back ½.
func chain(states int) finiteMDP {
	var f finiteMDP
	for s := range states {
		back, on := make([]float64, states+1), make([]float64, states+1)
		back[0], on[s+1] = 1, 1
		f.p = append(f.p, [][]float64{back, on})
		f.r = append(f.r, []float64{0.5, 0})
	}
	f.r[states-1][1] = 10
	return f
}

// network is an MLP with tanh units and other weights for every label.
func network(t testing.TB, label string, sizes ...int) *models.MLP {
	t.Helper()
	return must(models.NewMLP(label, sizes, blocks.Tanh(), blocks.Glorot(), blocks.Glorot(), random.New(1).Split(label)))(t)
}

// inFloat64 changes a network's parameters into ones of float64.
func inFloat64(net *models.MLP) {
	for _, d := range net.Layers {
		for _, p := range []*blocks.Param{d.W, d.B} {
			v := tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(p.Value.Shape()...))
			for i, x := range p.Value.Float32s() {
				v.Float64s()[i] = float64(x)
			}
			p.Value = v
		}
	}
}

// gradients compiles the cost of an objective and its gradient with respect to params.
func gradients(t testing.TB, o *models.Objective, params []*blocks.Param) *autodiff.Function {
	t.Helper()
	leaves := must(blocks.Nodes(o.Cost.Graph(), params))(t)
	grads := must(autodiff.Grad(o.Cost, leaves...))(t)
	outputs := G.Nodes{o.Cost}
	for _, m := range o.Monitors {
		outputs = append(outputs, m.Node)
	}
	return must(autodiff.Compile(o.Inputs, append(outputs, grads...), nil))(t)
}

// dense is a float64 tensor of rows, or of a vector.
func dense(rows ...[]float64) *tensor.Dense {
	var all []float64
	for _, r := range rows {
		all = append(all, r...)
	}
	shape := tensor.WithShape(len(rows), len(rows[0]))
	if len(rows) == 1 {
		shape = tensor.WithShape(len(rows[0]))
	}
	return tensor.New(shape, tensor.WithBacking(all))
}

// oneHot are rows with a 1 at each place.
func oneHot(k int, places ...int) *tensor.Dense {
	d := tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(len(places), k))
	for i, j := range places {
		d.Float64s()[i*k+j] = 1
	}
	return d
}
