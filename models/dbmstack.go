package models

import (
	"fmt"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/random"

	G "gorgonia.org/gorgonia"
)

// DBMLayer trains an RBM, by contrastive divergence, as a layer of the greedy initialisation
// of a deep Boltzmann machine (Salakhutdinov & Hinton 2009). A unit of the deep machine has
// input from the layer above too, for which the RBM has none. In its place the input from
// below is taken twice, and so is, in the layer above, the input from above:
//
//	p(h=1|v) = sigmoid(Up·(v·W + b)),  p(v=1|h) = sigmoid(Down·(h·Wᵀ + c)).
//
// Up is 2 where a layer follows, Down is 2 where there is one below. These are the
// conditionals of an RBM with two copies of v, or of h, that share their weights, or with
// weights and biases that are twice these; the cost on a batch v⁰ is half the difference of its
// mean free energies at v⁰ and at the end vᵏ of a chain of k steps,
//
//	mean F(v⁰) − mean F(vᵏ),  F(v) = −v·c − Σ_j softplus(Up·(b_j + (v·W)_j))/Up,
//
// with vᵏ held constant. With factors of 1 it is [CD] on states drawn from the data.
type DBMLayer struct {
	Model *RBM
	// Up and Down are the factors, 1 or 2.
	Up, Down float64
	// K is the number of Gibbs steps, at least 1.
	K int
	// Noise draws the chain and v⁰: its values, between 0 and 1, are probabilities, from
	// which binary states are drawn anew whenever an example is trained on. The chain ends in
	// such states too.
	Noise *random.Stream
}

// Stack returns RBMs for the greedy initialisation of the machine, from the input up, to be
// trained by contrastive divergence with k Gibbs steps; noise is split into a stream for each.
// They have the machine's own tensors, but for the biases of the hidden layers with a layer
// above: such a layer has one bias in the RBM below and one in that above, 0 at
// first, of which [DBM.Compose] makes the machine's.
func (d *DBM) Stack(k int, noise *random.Stream) ([]*DBMLayer, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	if noise == nil {
		return nil, fmt.Errorf("dbm stack: no stream of random numbers")
	}
	var out []*DBMLayer
	for l, W := range d.W {
		t := &DBMLayer{Model: &RBM{W: W, B: d.B[l+1], C: d.B[l]}, Up: 2, Down: 2, K: k, Noise: noise.Split(fmt.Sprint(l + 1))}
		if l == 0 {
			t.Down = 1
		} else {
			t.Model.C = &blocks.Param{Name: d.B[l].Name + ".above", Value: t.Model.zeros(d.Units(l))}
		}
		if l == len(d.W)-1 {
			t.Up = 1
		} else {
			t.Model.B = &blocks.Param{Name: d.B[l+1].Name + ".below", Value: t.Model.zeros(d.Units(l + 1))}
		}
		out = append(out, t)
	}
	return out, nil
}

// Compose sets the machine's biases of the hidden layers to what the machines of its Stack
// say: the sum of a layer's two. Its weights, and the biases at both ends, are theirs
// already.
func (d *DBM) Compose(stack []*DBMLayer) error {
	if len(stack) != len(d.W) {
		return fmt.Errorf("dbm: want the %d machines of its stack, got %d", len(d.W), len(stack))
	}
	for l, t := range stack {
		if t == nil || t.Model == nil || t.Model.W != d.W[l] {
			return fmt.Errorf("dbm: want the machines of its own stack, machine %d has other weights", l+1)
		}
	}
	for l := 1; l < len(d.W); l++ {
		below, above := stack[l-1].Model.B.Value, stack[l].Model.C.Value
		apply(d.B[l].Value,
			func(b []float32) { sumInto(b, below.Float32s(), above.Float32s()) },
			func(b []float64) { sumInto(b, below.Float64s(), above.Float64s()) })
	}
	return nil
}

func sumInto[T ops.Float](sum, a, b []T) {
	for i := range sum {
		sum[i] = a[i] + b[i]
	}
}

// Params returns the machine's parameters.
func (t *DBMLayer) Params() []*blocks.Param { return t.Model.Params() }

// Forward is p(h=1|v), (m,k) for v (m,n): the code on which the layer above is trained.
func (t *DBMLayer) Forward(v *G.Node) (*G.Node, error) {
	var c ops.Chain
	return c.Do(blocks.Sigmoid().Apply(c.Do(ops.Scale(c.Do(blocks.Up(v, t.Model.W, t.Model.B)), t.Up)))), c.Err()
}

// Backward is p(v=1|h), (m,n) for h (m,k).
func (t *DBMLayer) Backward(h *G.Node) (*G.Node, error) {
	var c ops.Chain
	return c.Do(blocks.Sigmoid().Apply(c.Do(ops.Scale(c.Do(blocks.Down(h, t.Model.W, t.Model.C)), t.Down)))), c.Err()
}

// freeEnergy is F above, a vector (m).
func (t *DBMLayer) freeEnergy(v *G.Node) (*G.Node, error) {
	var c ops.Chain
	linear := c.Do(ops.MatMul(v, c.Do(column(v.Graph(), t.Model.C)), false, false))
	z := c.Do(ops.Scale(c.Do(blocks.Up(v, t.Model.W, t.Model.B)), t.Up))
	units := c.Do(ops.Scale(c.Do(ops.RowSum(c.Do(blocks.Softplus().Apply(z)))), 1/t.Up))
	return c.Do(ops.Scale(c.Do(ops.Add(c.Do(ops.Reshape(linear, v.Shape()[0])), units)), -1)), c.Err()
}

// Objective is the training graph for batches of m: input v (m,n), the cost above and the
// monitor "reconstruction": the squared error per example of the probabilities of the first
// reconstruction, against the states drawn from the data.
func (t *DBMLayer) Objective(m int) (*Objective, error) {
	if m < 1 {
		return nil, fmt.Errorf("dbm layer: want batches of at least one example, got %d", m)
	}
	if t.K < 1 || !(t.Up > 0) || !(t.Down > 0) {
		return nil, fmt.Errorf("dbm layer: want at least one Gibbs step and factors above 0, got k = %d and %g, %g", t.K, t.Up, t.Down)
	}
	var c ops.Chain
	x := t.Model.leaf(visibleName, m, t.Model.Visible())
	v0 := c.Do(ops.Bernoulli(x, t.Noise))
	vk, first := v0, (*G.Node)(nil)
	for range t.K {
		p := c.Do(t.Backward(c.Do(ops.Bernoulli(c.Do(t.Forward(vk)), t.Noise))))
		if first == nil {
			first = p
		}
		vk = c.Do(ops.Bernoulli(p, t.Noise))
	}
	if c.Err() != nil {
		return nil, fmt.Errorf("dbm layer: %w", c.Err())
	}
	positive := c.Do(ops.Mean(c.Do(t.freeEnergy(v0))))
	negative := c.Do(ops.Mean(c.Do(t.freeEnergy(c.Do(ops.StopGradient(vk))))))
	squared := c.Do(ops.SumSquares(c.Do(ops.Sub(first, v0))))
	return &Objective{
		Inputs: G.Nodes{x}, Cost: c.Do(ops.Sub(positive, negative)),
		Monitors: []Monitor{{Name: "reconstruction", Node: c.Do(ops.Scale(squared, 1/float64(m)))}},
	}, c.Err()
}
