package models

import (
	"fmt"
	"math"

	"capas/autodiff/ops"
	"capas/blocks"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// BAM is the bidirectional associative memory of a layer of n units v and one of k units h,
// each −1 or 1, with the energy
//
//	E(v,h) = −v·W·h − v·c − h·b
//
// (Kosko 1988, "Bidirectional associative memories"; lecture 2.3). It is defined by its
// energy, that of an RBM. The fields of the units are
//
//	−∂E/∂h = v·W + b,  −∂E/∂v = h·Wᵀ + c
//
// and a layer is updated, all units at once, to their signs, or stays as it is where they
// are 0. As the units of a layer do not see each other, that minimises E given the other
// layer: updating the layers by turns, E never rises, and the memory comes to rest at a pair
// in which each recalls the other, whatever W is.
//
// Pairs are stored by StoreHebbian, StoreCentered or StorePerceptron.
//
// W is (n,k), b (k), c (n).
type BAM struct{ W, B, C *blocks.Param }

// NewBAM returns a memory that stores nothing: weights and biases are 0. Its parameters are
// called name.W, name.b and name.c.
func NewBAM(name string, n, k int) (*BAM, error) {
	if n < 1 || k < 1 {
		return nil, fmt.Errorf("bam: want at least one unit in each layer, got %d and %d", n, k)
	}
	return &BAM{W: blocks.NewParam(name+".W", n, k), B: blocks.NewParam(name+".b", k), C: blocks.NewParam(name+".c", n)}, nil
}

// Params returns W, b and c.
func (b *BAM) Params() []*blocks.Param { return []*blocks.Param{b.W, b.B, b.C} }

// Visible is n.
func (b *BAM) Visible() int { return inputs(b.W) }

// Hidden is k.
func (b *BAM) Hidden() int { return outputs(b.W) }

// Energy is E(v,h), a vector (m) for v (m,n) and h (m,k).
func (b *BAM) Energy(v, h *G.Node) (*G.Node, error) {
	if err := b.check(v, h); err != nil {
		return nil, err
	}
	field, err := b.FieldHidden(v)
	if err != nil {
		return nil, err
	}
	var c ops.Chain
	hidden := c.Do(ops.RowSum(c.Do(ops.Mul(h, field))))
	bias := c.Do(ops.RepeatRows(c.Do(b.C.Node(v.Graph())), v.Shape()[0]))
	visible := c.Do(ops.RowSum(c.Do(ops.Mul(v, bias))))
	return c.Do(ops.Scale(c.Do(ops.Add(hidden, visible)), -1)), c.Err()
}

// FieldHidden is v·W + b, (m,k) for v (m,n).
func (b *BAM) FieldHidden(v *G.Node) (*G.Node, error) {
	if err := checkStates("bam", v, b.Visible()); err != nil {
		return nil, err
	}
	return blocks.Up(v, b.W, b.B)
}

// FieldVisible is h·Wᵀ + c, (m,n) for h (m,k).
func (b *BAM) FieldVisible(h *G.Node) (*G.Node, error) {
	if err := checkStates("bam", h, b.Hidden()); err != nil {
		return nil, err
	}
	return blocks.Down(h, b.W, b.C)
}

// Up is h after its update by v (m,n). It is a constant to the gradient.
func (b *BAM) Up(v, h *G.Node) (*G.Node, error) {
	if err := b.check(v, h); err != nil {
		return nil, err
	}
	field, err := b.FieldHidden(v)
	if err != nil {
		return nil, err
	}
	return turn(field, h, nil)
}

// Down is v after its update by h (m,k). It is a constant to the gradient.
func (b *BAM) Down(v, h *G.Node) (*G.Node, error) {
	if err := b.check(v, h); err != nil {
		return nil, err
	}
	field, err := b.FieldVisible(h)
	if err != nil {
		return nil, err
	}
	return turn(field, v, nil)
}

// check reports layers that are not the memory's.
func (b *BAM) check(v, h *G.Node) error {
	if err := checkStates("bam: visible units", v, b.Visible()); err != nil {
		return err
	}
	if err := checkStates("bam: hidden units", h, b.Hidden()); err != nil {
		return err
	}
	if v.Shape()[0] != h.Shape()[0] {
		return fmt.Errorf("bam: want as many states of both layers, got %d and %d", v.Shape()[0], h.Shape()[0])
	}
	return nil
}

// RecallUp starts a recall at visible states (m,n), of hidden units that are 0 before their
// first update: each step updates h, then v. RecallDown starts at hidden states (m,k) and
// updates v first. The states are those of v and h.
func (b *BAM) RecallUp(v *tensor.Dense) (*Recall, error) {
	return b.recall(v, true)
}

// RecallDown is the other direction of RecallUp.
func (b *BAM) RecallDown(h *tensor.Dense) (*Recall, error) {
	return b.recall(h, false)
}

func (b *BAM) recall(start *tensor.Dense, up bool) (*Recall, error) {
	n := b.Hidden()
	if !up {
		n = b.Visible()
	}
	if start == nil || start.Dims() != 2 {
		return nil, fmt.Errorf("bam: want states with a row each to start at")
	}
	other := tensor.New(tensor.Of(start.Dtype()), tensor.WithShape(start.Shape()[0], n))
	if up {
		return NewRecall(func(s G.Nodes) (G.Nodes, error) {
			h, err := b.Up(s[0], s[1])
			if err != nil {
				return nil, err
			}
			v, err := b.Down(s[0], h)
			return G.Nodes{v, h}, err
		}, start, other)
	}
	return NewRecall(func(s G.Nodes) (G.Nodes, error) {
		v, err := b.Down(s[0], s[1])
		if err != nil {
			return nil, err
		}
		h, err := b.Up(v, s[1])
		return G.Nodes{v, h}, err
	}, other, start)
}

// StoreHebbian adds k' pairs v (k',n) and h (k',k), of units −1 or 1, to those that are
// stored:
//
//	W_ij += 1/√(nk) Σ_μ v_μi h_μj
//
// (Kosko 1988, there without the factor, which changes no sign). With random pairs the field
// of a hidden unit is its state times √(n/k) and a noise of variance k'/k, that of a visible one
// √(k/n) and k'/n: both are recalled as long as k' is small beside n and k.
func (b *BAM) StoreHebbian(v, h *tensor.Dense) error {
	if err := b.checkPairs(v, h); err != nil {
		return err
	}
	if err := storeProduct(b.W, v, h, b.factor()); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

// StoreCentered replaces what is stored by pairs v (k',n) and h (k',k), by Hebb's rule for
// what they have not in common:
//
//	W = 1/√(nk) Σ_μ (v_μ − v̄)ᵀ(h_μ − h̄),  b = a h̄ − v̄·W,  c = a' v̄ − h̄·Wᵀ
//
// with the means v̄ and h̄, and a and a' the sizes of the fields, the means of
// ‖v_μ − v̄‖²/√(nk) and of ‖h_μ − h̄‖²/√(nk); see Hopfield.StoreCentered. It takes patterns
// that differ in both layers.
func (b *BAM) StoreCentered(v, h *tensor.Dense) error {
	if err := b.checkPairs(v, h); err != nil {
		return err
	}
	meanV, restV, ofV := centered(v)
	meanH, restH, ofH := centered(h)
	if ofV == 0 || ofH == 0 {
		return fmt.Errorf("store: want pairs that differ from their means in both layers, got %d equal ones in one", v.Shape()[0])
	}
	set(b.W, 0)
	if err := storeProduct(b.W, restV, restH, b.factor()); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if err := setThresholds(b.B, b.W, meanV, false, func(j int) float64 { return ofV * b.factor() * meanH[j] }); err != nil {
		return err
	}
	return setThresholds(b.C, b.W, meanH, true, func(i int) float64 { return ofH * b.factor() * meanV[i] })
}

func (b *BAM) checkPairs(v, h *tensor.Dense) error {
	if err := checkPatterns("store: visible units", v, b.Visible(), b.W); err != nil {
		return err
	}
	if err := checkPatterns("store: hidden units", h, b.Hidden(), b.W); err != nil {
		return err
	}
	if v.Shape()[0] != h.Shape()[0] {
		return fmt.Errorf("store: want as many patterns of both layers, got %d and %d", v.Shape()[0], h.Shape()[0])
	}
	return nil
}

// factor is 1/√(nk).
func (b *BAM) factor() float64 { return 1 / math.Sqrt(float64(b.Visible())*float64(b.Hidden())) }
