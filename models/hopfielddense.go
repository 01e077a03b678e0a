package models

import (
	"fmt"
	"math"

	"capas/autodiff/ops"
	"capas/blocks"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// DenseHopfield is a modern Hopfield network: an associative memory of n units that keeps k
// patterns x_μ as they are, the columns of X (n,k), and whose energy singles out the nearest
// one more sharply than a product of pairs of units does. With the overlaps o = s·X,
//
//	polynomial(p)   E(s) = −n/p Σ_μ (o_μ/n)^p                     s_i = −1 or 1
//	exponential(β)  E(s) = −1/β log Σ_μ e^(β o_μ)                 s_i = −1 or 1
//	softmax(β)      E(s) = −1/β log Σ_μ e^(β o_μ) + ½ s·s + 1/β log k   s_i real
//
// (Krotov & Hopfield 2016, "Dense associative memory for pattern recognition"; Demircigil et
// al. 2017, whose energy is −Σ e^(o_μ), of which this is a rising function; Ramsauer et al.
// 2021, "Hopfield networks is all you need", who add half of the largest pattern's square so
// that E ≥ 0). Random patterns are recalled in numbers of the order of n^(p−1) with
// polynomials, and exponential in n with the others. polynomial(2) is Hopfield's network with
// StoreHebbian, and its energy lower by the constant k/2.
//
// It is defined by its energy. A state is pulled to a mean of the patterns, weighted by how
// near they are:
//
//	softmax(β)      s' = w·Xᵀ, w = softmax(β o)
//	exponential(β)  h = w·Xᵀ − tanh(β) s
//	polynomial(p)   h = w·Xᵀ − a s, w_μ = ¼ (f(o_μ+2) − f(o_μ−2)), with f(o) = n/p (o/n)^p
//	                                a = ¼ Σ_μ (f(o_μ+2) + f(o_μ−2) − 2f(o_μ))
//
// The first is attention, with s the query and X keys and values. It is s − ∂E/∂s, and the
// minimum of a bound of E: the concave part of E is replaced by its tangent (CCCP, Yuille &
// Rangarajan 2003), so that E never rises. The fields h of the others have the sign of what E
// falls by as the unit alone turns from −1 to 1, of a polynomial the half of it: what is
// subtracted is the unit's own part in the overlaps. s' is their sign. One unit after the
// other E never rises.
type DenseHopfield struct {
	X *blocks.Param
	// F is what the overlaps are raised by.
	F Interaction
}

// NewDenseHopfield returns a memory of k patterns (k,n), of float32, which it copies. Its
// parameter is called name.X.
func NewDenseHopfield(name string, patterns *tensor.Dense, f Interaction) (*DenseHopfield, error) {
	if err := f.check(); err != nil {
		return nil, fmt.Errorf("dense hopfield: %w", err)
	}
	if patterns == nil || patterns.Dims() != 2 {
		return nil, fmt.Errorf("dense hopfield: want patterns of shape (k, n)")
	}
	k, n := patterns.Shape()[0], patterns.Shape()[1]
	X := blocks.NewParam(name+".X", n, k)
	check := checkPatterns
	if f.real() {
		check = checkRows
	}
	if err := check("dense hopfield", patterns, n, X); err != nil {
		return nil, err
	}
	slot{shape: []int{k, n}}.copy(X.Value.Float32s(), patterns.Float32s(), []int{k, n})
	return &DenseHopfield{X: X, F: f}, nil
}

// Params returns X.
func (d *DenseHopfield) Params() []*blocks.Param { return []*blocks.Param{d.X} }

// Units is n.
func (d *DenseHopfield) Units() int { return inputs(d.X) }

// Patterns is k.
func (d *DenseHopfield) Patterns() int { return outputs(d.X) }

// overlaps are o = s·X, (m,k).
func (d *DenseHopfield) overlaps(s *G.Node) (o, X *G.Node, err error) {
	if err := d.F.check(); err != nil {
		return nil, nil, fmt.Errorf("dense hopfield: %w", err)
	}
	if err := checkStates("dense hopfield", s, d.Units()); err != nil {
		return nil, nil, err
	}
	var c ops.Chain
	X = c.Do(d.X.Node(s.Graph()))
	return c.Do(ops.MatMul(s, X, false, false)), X, c.Err()
}

// Energy is E(s), a vector (m) for s (m,n).
func (d *DenseHopfield) Energy(s *G.Node) (*G.Node, error) {
	o, _, err := d.overlaps(s)
	if err != nil {
		return nil, err
	}
	var c ops.Chain
	if p := d.F.degree(); p > 0 {
		n := float64(d.Units())
		u := c.Do(power(c.Do(ops.Scale(o, 1/n)), p))
		return c.Do(ops.Scale(c.Do(ops.RowSum(u)), -n/float64(p))), c.Err()
	}
	e := c.Do(ops.Scale(c.Do(blocks.LogSumExp(c.Do(ops.Scale(o, d.F.beta)))), -1/d.F.beta))
	if d.F.real() {
		squares := c.Do(ops.RowSum(c.Do(ops.Square(s))))
		e = c.Do(ops.Add(e, c.Do(ops.Linear(squares, 0.5, math.Log(float64(d.Patterns()))/d.F.beta))))
	}
	return e, c.Err()
}

// Attention are the weights w of the patterns for s (m,n), (m,k); the rows of a softmax sum
// to 1.
func (d *DenseHopfield) Attention(s *G.Node) (*G.Node, error) {
	o, _, err := d.overlaps(s)
	if err != nil {
		return nil, err
	}
	var c ops.Chain
	if d.F.degree() == 0 {
		return c.Do(blocks.Softmax().Apply(c.Do(ops.Scale(o, d.F.beta)))), c.Err()
	}
	return c.Do(d.differences(o, 1)), c.Err()
}

// differences are, of the terms n/p (o/n)^p of a polynomial's energy, half of the part that
// changes its sign with the unit's (odd, parity 1) in what the energy falls by as the overlap
// changes by ±2, or of the part that does not (even, parity 0):
//
//	n/2p Σ_j C(p,j) (o/n)^(p−j) (2/n)^j over the odd j, or the even j > 0.
func (d *DenseHopfield) differences(o *G.Node, parity int) (*G.Node, error) {
	n, p := float64(d.Units()), d.F.degree()
	var c ops.Chain
	u := c.Do(ops.Scale(o, 1/n))
	var sum *G.Node
	constant, binomial := 0.0, 1.0
	for j := 1; j <= p; j++ {
		binomial *= float64(p-j+1) / float64(j)
		if j%2 != parity {
			continue
		}
		a := n / float64(2*p) * binomial * math.Pow(2/n, float64(j))
		switch {
		case j == p:
			constant = a
		case sum == nil:
			sum = c.Do(ops.Scale(c.Do(power(u, p-j)), a))
		default:
			sum = c.Do(ops.Add(sum, c.Do(ops.Scale(c.Do(power(u, p-j)), a))))
		}
	}
	if sum == nil { // p = 2, whose even part is the same for all overlaps
		return c.Do(ops.Fill(c.Do(ops.Constant(o, constant)), o.Shape())), c.Err()
	}
	return c.Do(ops.Linear(sum, 1, constant)), c.Err()
}

// Field is h, (m,n) for s (m,n); of the softmax it is −∂E/∂s.
func (d *DenseHopfield) Field(s *G.Node) (*G.Node, error) {
	w, err := d.Attention(s)
	if err != nil {
		return nil, err
	}
	o, X, err := d.overlaps(s)
	if err != nil {
		return nil, err
	}
	var c ops.Chain
	pull := c.Do(ops.MatMul(w, X, false, true))
	own := s
	switch {
	case d.F.degree() > 0:
		even := c.Do(ops.RowSum(c.Do(d.differences(o, 0))))
		own = c.Do(ops.Mul(s, c.Do(ops.RepeatCols(even, d.Units()))))
	case !d.F.real():
		own = c.Do(ops.Scale(s, math.Tanh(d.F.beta)))
	}
	return c.Do(ops.Sub(pull, own)), c.Err()
}

// Update is s' for s (m,n): of the softmax the weighted mean of the patterns, otherwise the
// sign of the fields, and where one is 0 the state as it is. If chosen (n) is not nil, only
// units where it is not 0 are updated, which takes units of −1 or 1. Those are a constant to
// the gradient.
func (d *DenseHopfield) Update(s, chosen *G.Node) (*G.Node, error) {
	if !d.F.real() {
		field, err := d.Field(s)
		if err != nil {
			return nil, err
		}
		return turn(field, s, chosen)
	}
	if chosen != nil {
		return nil, fmt.Errorf("dense hopfield: want all units of a %s updated at once, got some chosen", d.F)
	}
	w, err := d.Attention(s)
	if err != nil {
		return nil, err
	}
	var c ops.Chain
	return c.Do(ops.MatMul(w, c.Do(d.X.Node(s.Graph())), false, true)), c.Err()
}
