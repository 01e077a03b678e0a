package models

import (
	"fmt"

	"capas/autodiff/ops"
	"capas/blocks"

	G "gorgonia.org/gorgonia"
)

// Hopfield is the associative memory of n units s, each −1 or 1, with the energy
//
//	E(s) = −½ s·W·s − s·b
//
// (Hopfield 1982, "Neural networks and physical systems with emergent collective
// computational abilities"; lecture 2.3). It is defined by its energy. W is symmetric and
// its diagonal 0, so that E is linear in each unit alone, and the unit's field
//
//	h = −∂E/∂s = s·W + b
//
// is half of what the energy falls by if the unit turns from −1 to 1. A unit is updated to
// the sign of its field, and stays as it is where that is 0. One unit after the other
// (Sweep), the energy never rises, and the states at which the network ends are the local
// minima of E. All at once (Update), it may rise, and the network may alternate between two
// states for ever (Goles, Fogelman & Pellegrin 1985).
//
// Patterns are stored as minima by StoreHebbian, StoreCentered or StorePseudoInverse.
//
// W is (n,n), b (n).
type Hopfield struct{ W, B *blocks.Param }

// NewHopfield returns a memory of n units that stores nothing: weights and biases are 0.
// Its parameters are called name.W and name.b.
func NewHopfield(name string, n int) (*Hopfield, error) {
	if n < 1 {
		return nil, fmt.Errorf("hopfield: want at least one unit, got %d", n)
	}
	return &Hopfield{W: blocks.NewParam(name+".W", n, n), B: blocks.NewParam(name+".b", n)}, nil
}

// Params returns W and b.
func (h *Hopfield) Params() []*blocks.Param { return []*blocks.Param{h.W, h.B} }

// Units is n.
func (h *Hopfield) Units() int { return outputs(h.W) }

// Energy is E(s), a vector (m) for s (m,n).
func (h *Hopfield) Energy(s *G.Node) (*G.Node, error) {
	half, err := h.affine(s, 0.5)
	if err != nil {
		return nil, err
	}
	var c ops.Chain
	return c.Do(ops.Scale(c.Do(ops.RowSum(c.Do(ops.Mul(s, half)))), -1)), c.Err()
}

// Field is h = s·W + b, (m,n) for s (m,n).
func (h *Hopfield) Field(s *G.Node) (*G.Node, error) { return h.affine(s, 1) }

// affine is a·s·W + b.
func (h *Hopfield) affine(s *G.Node, a float64) (*G.Node, error) {
	if err := checkStates("hopfield", s, h.Units()); err != nil {
		return nil, err
	}
	var c ops.Chain
	W, b := c.Do(h.W.Node(s.Graph())), c.Do(h.B.Node(s.Graph()))
	return c.Do(ops.Affine(c.Do(ops.Scale(s, a)), W, b, false)), c.Err()
}

// Update is s (m,n) after units were updated at the same time: all of them or, if chosen
// (n) is not nil, those where it is not 0. It is a constant to the gradient.
func (h *Hopfield) Update(s, chosen *G.Node) (*G.Node, error) {
	field, err := h.Field(s)
	if err != nil {
		return nil, err
	}
	return turn(field, s, chosen)
}

// Sweep is s (m,n) after all units were updated one after the other, each seeing the new
// states of those before it, in the order of rising keys (n), such as ops.Normal, or from
// the first to the last if keys is nil. All m states are swept in the same order. It is a
// constant to the gradient.
func (h *Hopfield) Sweep(s, keys *G.Node) (*G.Node, error) {
	field, err := h.Field(s)
	if err != nil {
		return nil, err
	}
	var c ops.Chain
	in := G.Nodes{field, s, c.Do(h.W.Node(s.Graph()))}
	if keys != nil {
		in = append(in, c.Do(turnOrder(keys, h.Units())))
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	return sweepUnits(in)
}

// checkStates reports what is no batch of states of n units.
func checkStates(what string, s *G.Node, n int) error {
	if s == nil {
		return fmt.Errorf("%s: the states are missing", what)
	}
	if shape := s.Shape(); shape.Dims() != 2 || shape[1] != n {
		return fmt.Errorf("%s: want states of shape (m, %d), got %v", what, n, shape)
	}
	return nil
}
