package models

import (
	"fmt"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// CyclicPseudoLikelihood estimates the pseudo-likelihood of PseudoLikelihood as the Deep
// Learning Tutorials' RBM monitors it in training: x is v rounded to 0 or 1, one bit i is
// flipped in all rows, and the estimate is the mean of n·log sigmoid(F(x~) − F(x)). i is 0
// in the first batch and moves on by one from batch to batch, round and round, so that n
// batches add up to the same sum over i.
type CyclicPseudoLikelihood struct {
	Model *RBM
	// bit marks the one that is flipped next, (n): 1 there, otherwise 0.
	bit *blocks.Param
}

// NewCyclicPseudoLikelihood returns the estimator that begins at bit 0.
func NewCyclicPseudoLikelihood(r *RBM) *CyclicPseudoLikelihood {
	p := &CyclicPseudoLikelihood{Model: r, bit: &blocks.Param{Name: r.W.Name + ".bit", Value: r.zeros(r.Visible())}}
	apply(p.bit.Value, setRow(0, 1, func(e []float32) { e[0] = 1 }), setRow(0, 1, func(e []float64) { e[0] = 1 }))
	return p
}

// Monitor builds the estimate on a batch v (m,n) and the update that moves on to the next
// bit, for an Objective.
func (p *CyclicPseudoLikelihood) Monitor(v *G.Node) (Monitor, autodiff.Update, error) {
	if v == nil || v.Shape().Dims() != 2 || v.Shape()[1] != p.Model.Visible() {
		return Monitor{}, autodiff.Update{}, fmt.Errorf("pseudo-likelihood: want batches of %d visible units", p.Model.Visible())
	}
	m, n := v.Shape()[0], v.Shape()[1]
	var c ops.Chain
	bit := c.Do(p.bit.Node(v.Graph()))
	x := c.Do(ops.StopGradient(c.Do(ops.Apply(ops.Def{
		Name: "round", Shape: v.Shape(), Elementwise: true,
		F32: func(y []float32, x [][]float32) { copy(y, x[0]); round(y) },
		F64: func(y []float64, x [][]float64) { copy(y, x[0]); round(y) },
	}, v))))
	// x + bit ⊙ (1−2x)
	flipped := c.Do(ops.Add(x, c.Do(ops.Mul(c.Do(ops.RepeatRows(bit, m)), c.Do(ops.Linear(x, -2, 1))))))
	before, after := c.Do(p.Model.FreeEnergy(x)), c.Do(p.Model.FreeEnergy(flipped))
	// log sigmoid(d) = −softplus(−d)
	estimate := c.Do(ops.Scale(c.Do(ops.Mean(c.Do(blocks.Softplus().Apply(c.Do(ops.Sub(before, after)))))), -float64(n)))
	next := c.Do(ops.Apply(ops.Def{
		Name: "rotate", Shape: tensor.Shape{n},
		F32: func(y []float32, x [][]float32) { rotate(y, x[0]) },
		F64: func(y []float64, x [][]float64) { rotate(y, x[0]) },
	}, bit))
	return Monitor{Name: "pseudo-likelihood", Node: estimate}, autodiff.Update{Target: bit, Value: next}, c.Err()
}

// rotate moves every element on by one place, the last one to the first.
func rotate[T ops.Float](y, x []T) {
	y[0] = x[len(x)-1]
	copy(y[1:], x)
}
