package models

import (
	"fmt"

	"capas/autodiff/ops"
	"capas/blocks"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// MeanField approximates p(h|v) by independent units: it returns their probabilities q[l]
// (m, units of layer l) of being on, for the layers l = 1, …, L, after the given number of
// updates, with v itself as q[0] (m,n). An update sets, layer by layer from the lowest,
//
//	qˡ = sigmoid(qˡ⁻¹·Wˡ + qˡ⁺¹·(Wˡ⁺¹)ᵀ + bˡ),
//
// which never lowers [DBM.Bound]. It starts from a pass upwards in which the input from
// below is doubled, in place of that from above, where there is a layer above (Salakhutdinov
// & Hinton 2009); that pass alone is 0 updates. 10 are theirs.
func (d *DBM) MeanField(v *G.Node, updates int) (q G.Nodes, err error) {
	q, _, err = d.meanField(v, updates)
	return q, err
}

// MeanFieldInputs are the total inputs z[l], of layers l = 1, …, L, whose sigmoid q[l] is after
// the given number of updates: the log odds of the units, which tell more than probabilities
// that are rounded to 0 or 1. z[0] is nil.
func (d *DBM) MeanFieldInputs(v *G.Node, updates int) (z G.Nodes, err error) {
	_, z, err = d.meanField(v, updates)
	return z, err
}

// meanField is both, probabilities and inputs.
func (d *DBM) meanField(v *G.Node, updates int) (q, z G.Nodes, err error) {
	if err := d.check(); err != nil {
		return nil, nil, err
	}
	if updates < 0 {
		return nil, nil, fmt.Errorf("mean field: want at least 0 updates, got %d", updates)
	}
	if v == nil || v.Dims() != 2 || v.Shape()[1] != d.Visible() {
		return nil, nil, fmt.Errorf("mean field: want rows of %d visible units, got %v", d.Visible(), v)
	}
	var c ops.Chain
	L := d.Hidden()
	q, z = append(make(G.Nodes, 0, L+1), v), make(G.Nodes, L+1)
	for l := 1; l <= L; l++ {
		factor := 2.0
		if l == L {
			factor = 1
		}
		z[l] = c.Do(blocks.Up(c.Do(ops.Scale(q[l-1], factor)), d.W[l-1], d.B[l]))
		q = append(q, c.Do(blocks.Sigmoid().Apply(z[l])))
	}
	if L == 1 {
		updates = 0 // the layer's input does not change
	}
	for range updates {
		for l := 1; l <= L; l++ {
			z[l] = d.input(&c, q, l)
			q[l] = c.Do(blocks.Sigmoid().Apply(z[l]))
		}
	}
	return q, z, c.Err()
}

// Code is the mean-field probability of the units of layer 2, or of layer 1 where there is
// no other, (m,k), after the given number of updates: the extra input of [DBM.Classifier].
func (d *DBM) Code(v *G.Node, updates int) (*G.Node, error) {
	q, err := d.MeanField(v, updates)
	if err != nil {
		return nil, err
	}
	return q[min(2, d.Hidden())], nil
}

// Bound is −E(v,q) + H(q), a vector (m), for visible states v (m,n) and the mean field q
// after so many updates, with H(q) its entropy. Less log Z it is a lower bound of log p(v),
// which it reaches as q comes to be p(h|v): for one hidden layer it is log p(v). Values of
// v between 0 and 1 are no states, and have no such probability.
func (d *DBM) Bound(v *G.Node, updates int) (*G.Node, error) {
	q, z, err := d.meanField(v, updates)
	if err != nil {
		return nil, err
	}
	var c ops.Chain
	bound := c.Do(ops.Scale(c.Do(d.Energy(q)), -1))
	for l := 1; l <= d.Hidden(); l++ {
		// The entropy of a unit that is on with probability sigmoid(z) is softplus(z) − z·sigmoid(z).
		units := c.Do(ops.Sub(c.Do(blocks.Softplus().Apply(z[l])), c.Do(ops.Mul(z[l], q[l]))))
		bound = c.Do(ops.Add(bound, c.Do(ops.RowSum(units))))
	}
	return bound, c.Err()
}

// Given is the machine that the hidden layers are once the visible units are held at v, of n
// elements: h¹ are its visible units, with the biases b¹ + v·W¹, and h², … its hidden layers,
// whose parameters are the machine's own. E(v,h) is its energy less v·c, so that log p(v) is
// v·c plus its log Z, less the machine's: what the bound falls short of. There has to be a
// second hidden layer.
func (d *DBM) Given(v *tensor.Dense) (*DBM, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	if d.Hidden() < 2 {
		return nil, fmt.Errorf("dbm given its visible units: want two hidden layers at least, got %d", d.Hidden())
	}
	if v == nil || v.Size() != d.Visible() || v.Dtype() != dtype(d.W) {
		return nil, fmt.Errorf("dbm given its visible units: want %d of them in %v, got %v", d.Visible(), dtype(d.W), v)
	}
	b := d.B[1].Clone(d.B[1].Name)
	apply(b.Value,
		func(z []float32) { addProduct(z, v.Float32s(), d.W[0].Value.Float32s()) },
		func(z []float64) { addProduct(z, v.Float64s(), d.W[0].Value.Float64s()) })
	return &DBM{W: d.W[1:], B: append([]*blocks.Param{b}, d.B[2:]...)}, nil
}

// addProduct adds v·W to z.
func addProduct[T ops.Float](z, v, W []T) {
	for i, x := range v {
		for j := range z {
			z[j] += x * W[i*len(z)+j]
		}
	}
}
