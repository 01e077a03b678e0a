package models

import (
	"fmt"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// DBM is the deep Boltzmann machine (Salakhutdinov & Hinton 2009; lecture 2.3) with the
// visible units v = h⁰ and hidden layers h¹, …, hᴸ of Bernoulli units, all connections
// undirected and between neighbouring layers alone:
//
//	E(h⁰,…,hᴸ) = −Σ_l hˡ·bˡ − Σ_l hˡ·Wˡ⁺¹·hˡ⁺¹.
//
// In contrast to a DBN, a unit listens to the layer above as well as to the one below:
//
//	p(hˡ=1|hˡ⁻¹,hˡ⁺¹) = sigmoid(hˡ⁻¹·Wˡ + hˡ⁺¹·(Wˡ⁺¹)ᵀ + bˡ),
//
// so that p(h|v) does not factorise, and is approximated by mean field. With one hidden
// layer it is an RBM.
type DBM struct {
	// W[l] (n,k) connects layer l, of n units, and layer l+1, of k.
	W []*blocks.Param
	// B[l] holds the biases of layer l; B[0] those of the visible units.
	B []*blocks.Param
}

// NewDBM returns a machine with sizes[0] visible units and hidden layers of sizes[1],
// sizes[2], … units, weights drawn by init, usually N(0, 0.001) before the greedy
// initialisation by [DBM.Stack], and biases 0. Its parameters are called name.1.W,
// name.2.W, … and name.c, name.1.b, name.2.b, ….
func NewDBM(name string, sizes []int, init blocks.Initializer, s *random.Stream) (*DBM, error) {
	if len(sizes) < 2 {
		return nil, fmt.Errorf("dbm %s: want visible units and one hidden layer at least, got sizes %v", name, sizes)
	}
	d := &DBM{}
	for l := 1; l < len(sizes); l++ {
		W, err := init.Weights(fmt.Sprintf("%s.%d.W", name, l), sizes[l-1], sizes[l], s)
		if err != nil {
			return nil, fmt.Errorf("dbm, layer %d: %w", l, err)
		}
		if l == 1 {
			d.B = append(d.B, blocks.NewParam(name+".c", sizes[0]))
		}
		d.W = append(d.W, W)
		d.B = append(d.B, blocks.NewParam(fmt.Sprintf("%s.%d.b", name, l), sizes[l]))
	}
	return d, nil
}

// Params returns W¹, b¹, c, W², b², …: an RBM's order, then layer by layer.
func (d *DBM) Params() []*blocks.Param {
	ps := []*blocks.Param{d.W[0], d.B[1], d.B[0]}
	for l := 1; l < len(d.W); l++ {
		ps = append(ps, d.W[l], d.B[l+1])
	}
	return ps
}

// Clone returns a copy of the machine with tensors of its own and parameters of the same
// names.
func (d *DBM) Clone() *DBM {
	c := &DBM{}
	for _, p := range d.W {
		c.W = append(c.W, p.Clone(p.Name))
	}
	for _, p := range d.B {
		c.B = append(c.B, p.Clone(p.Name))
	}
	return c
}

// Visible is the number of visible units.
func (d *DBM) Visible() int { return inputs(d.W[0]) }

// Hidden is L, the number of hidden layers.
func (d *DBM) Hidden() int { return len(d.W) }

// Units is the number of units of layer l; layer 0 is the visible one.
func (d *DBM) Units(l int) int { return d.B[l].Value.Shape()[0] }

// check reports what is no machine.
func (d *DBM) check() error {
	if len(d.W) < 1 || len(d.B) != len(d.W)+1 {
		return fmt.Errorf("dbm: want weights between layers and biases of each, got %d and %d", len(d.W), len(d.B))
	}
	return nil
}

// checkStates reports what are not states of every layer, or of every second one.
func (d *DBM) checkStates(h G.Nodes, step int) error {
	if len(h) != d.Hidden()+1 {
		return fmt.Errorf("want the states of %d layers, got %d", d.Hidden()+1, len(h))
	}
	for l := 0; l < len(h); l += step {
		if x := h[l]; x == nil || x.Dims() != 2 || x.Shape()[1] != d.Units(l) || x.Shape()[0] != h[0].Shape()[0] {
			return fmt.Errorf("layer %d: want rows of %d units, as many as of layer 0, got %v", l, d.Units(l), x)
		}
	}
	return nil
}

// input is the total input of the units of layer l from the states of its neighbours,
// states[l−1] and states[l+1].
func (d *DBM) input(c *ops.Chain, states G.Nodes, l int) *G.Node {
	if l == 0 {
		return c.Do(blocks.Down(states[1], d.W[0], d.B[0]))
	}
	z := c.Do(blocks.Up(states[l-1], d.W[l-1], d.B[l]))
	if l == d.Hidden() || c.Err() != nil {
		return z
	}
	W := c.Do(d.W[l].Node(states[l+1].Graph()))
	return c.Do(ops.Add(z, c.Do(ops.MatMul(states[l+1], W, false, true))))
}

// Energy is E(h⁰,…,hᴸ), a vector (m), for the states of all layers, h[l] (m, units of
// layer l). Probabilities in their place give the energy's mean over independent units.
func (d *DBM) Energy(h G.Nodes) (*G.Node, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	if err := d.checkStates(h, 1); err != nil {
		return nil, fmt.Errorf("energy: %w", err)
	}
	// Every connection has one end in an odd layer: the total inputs of those have all.
	var c ops.Chain
	var sum *G.Node
	add := func(x *G.Node) {
		if sum == nil {
			sum = x
		} else {
			sum = c.Do(ops.Add(sum, x))
		}
	}
	for l, x := range h {
		if l%2 == 1 {
			add(c.Do(ops.RowSum(c.Do(ops.Mul(d.input(&c, h, l), x)))))
		} else {
			bias := c.Do(ops.MatMul(x, c.Do(column(x.Graph(), d.B[l])), false, false))
			add(c.Do(ops.Reshape(bias, x.Shape()[0])))
		}
	}
	return c.Do(ops.Scale(sum, -1)), c.Err()
}

// Bipartite returns the RBM that the machine is between its even layers and its odd ones: of
// one or two hidden layers, between (v,h²) and h¹. The even layers, in their order, are its
// visible units, the odd ones its hidden units, so that h¹ is summed out in its free energy.
// It has the same log Z, exact by RBM.LogPartition, where it is small, or estimated by RBM.AIS,
// with base rates of (v,h²): those of images are known, and few of their pixels are on. Its
// parameters are copies: later training does not change them.
func (d *DBM) Bipartite() *RBM {
	dt := dtype(d.W)
	place := make([]int, d.Hidden()+1) // where a layer begins on its side
	var side [2]int                    // units of the even layers and of the odd ones
	for l := range place {
		place[l] = side[l%2]
		side[l%2] += d.Units(l)
	}
	param := func(name string, shape ...int) *blocks.Param {
		return &blocks.Param{Name: name, Value: tensor.New(tensor.Of(dt), tensor.WithShape(shape...))}
	}
	r := &RBM{W: param("bipartite.W", side[0], side[1]), B: param("bipartite.b", side[1]), C: param("bipartite.c", side[0])}
	for l, b := range d.B {
		to := r.C
		if l%2 == 1 {
			to = r.B
		}
		copyMatrix(to, place[l], 0, b, d.Units(l), false)
	}
	for l, W := range d.W {
		if l%2 == 0 {
			copyMatrix(r.W, place[l]*side[1]+place[l+1], side[1], W, d.Units(l+1), false)
		} else { // the layer above is the even one, whose units are the rows
			copyMatrix(r.W, place[l+1]*side[1]+place[l], side[1], W, d.Units(l+1), true)
		}
	}
	return r
}

// copyMatrix copies a matrix of the given number of columns, or its transpose, into the
// elements of another parameter of the same dtype, from element at on, with rows that
// begin stride elements apart.
func copyMatrix(to *blocks.Param, at, stride int, from *blocks.Param, cols int, transposed bool) {
	if y, err := ops.Elements[float32](to.Value); err == nil {
		x, _ := ops.Elements[float32](from.Value)
		copyElements(y[at:], stride, x, cols, transposed)
	} else if y, err := ops.Elements[float64](to.Value); err == nil {
		x, _ := ops.Elements[float64](from.Value)
		copyElements(y[at:], stride, x, cols, transposed)
	}
}

func copyElements[T ops.Float](y []T, stride int, x []T, cols int, transposed bool) {
	for e, v := range x {
		i, j := e/cols, e%cols
		if transposed {
			i, j = j, i
		}
		y[i*stride+j] = v
	}
}

// describe calls layer with the parameters of each layer, in the order of an RBM's, of which
// the first alone has biases of the units below. Machines that are not whole lack some.
func (d *DBM) describe(layer func(ps ...*blocks.Param)) {
	bias := func(l int) *blocks.Param {
		if l < len(d.B) {
			return d.B[l]
		}
		return nil
	}
	for l, W := range d.W {
		if l == 0 {
			layer(W, bias(1), bias(0))
		} else {
			layer(W, bias(l+1))
		}
	}
}

// buildDBM is the machine of so many hidden layers whose parameters next gives in the order
// of describe.
func buildDBM(layers int, next func() *blocks.Param) *DBM {
	d := &DBM{}
	for l := range layers {
		d.W = append(d.W, next())
		b := next()
		if l == 0 {
			d.B = append(d.B, next())
		}
		d.B = append(d.B, b)
	}
	return d
}
