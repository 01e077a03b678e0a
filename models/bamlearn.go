package models

import (
	"fmt"
	"math"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Violation is by how much the fields of pairs v (m,n) and h (m,k) fall short of a margin, a
// scalar:
//
//	Σ_μj max(0, κ√(n/k) − h_μj (v_μ·W + b)_j) + Σ_μi max(0, κ√(k/n) − v_μi (h_μ·Wᵀ + c)_i)
//
// √(n/k) and √(k/n) are the fields of StoreHebbian for a single pair. With κ > 0 it is 0 only
// where every pair is at rest. It is convex in the parameters.
func (b *BAM) Violation(v, h *G.Node, margin float64) (*G.Node, error) {
	if err := b.check(v, h); err != nil {
		return nil, err
	}
	ratio := math.Sqrt(float64(b.Visible()) / float64(b.Hidden()))
	var c ops.Chain
	short := func(s, field *G.Node, want float64) *G.Node {
		return c.Do(ops.Sum(c.Do(blocks.ReLU().Apply(c.Do(ops.Linear(c.Do(ops.Mul(s, field)), -1, want))))))
	}
	hidden := short(h, c.Do(b.FieldHidden(v)), margin*ratio)
	visible := short(v, c.Do(b.FieldVisible(h)), margin/ratio)
	return c.Do(ops.Add(hidden, visible)), c.Err()
}

// StorePerceptron changes the parameters until pairs v (k',n) and h (k',k), of units −1 or 1,
// are at rest with the margin κ, most times at most: each time by the gradient of the
// Violation, at the rate 1/√(nk), which adds a pair's product once more where its field falls
// short. That is the perceptron's rule for both directions at once, by which pairs are stored
// that Hebb's rule cannot, if there are any weights that do (Wang, Cruz & Mulligan 1990, "Two
// coding strategies for bidirectional associative memory", who count each pair several times;
// Oh & Kothari 1994, "Adaptation of the relaxation method for learning in bidirectional
// associative memory"). It returns how often it changed them, and whether all pairs are stored.
// The compiler makes the functions that do so.
func (b *BAM) StorePerceptron(v, h *tensor.Dense, margin float64, most int, compiler autodiff.Compiler) (steps int, stored bool, err error) {
	if err := b.checkPairs(v, h); err != nil {
		return 0, false, err
	}
	if !(margin > 0) || math.IsInf(margin, 1) {
		return 0, false, fmt.Errorf("store: want a positive margin, got %g", margin)
	}
	g := G.NewGraph()
	in := G.Nodes{blocks.NewInput(g, v.Dtype(), "v", v.Shape()...), blocks.NewInput(g, h.Dtype(), "h", h.Shape()...)}
	cost, err := b.Violation(in[0], in[1], margin)
	if err != nil {
		return 0, false, err
	}
	params, err := blocks.Nodes(g, b.Params())
	if err != nil {
		return 0, false, fmt.Errorf("store: %w", err)
	}
	grads, err := autodiff.Grad(cost, params...)
	if err != nil {
		return 0, false, fmt.Errorf("store: %w", err)
	}
	var c ops.Chain
	var updates []autodiff.Update
	for i, p := range params {
		updates = append(updates, autodiff.Update{Target: p, Value: c.Do(ops.Sub(p, c.Do(ops.Scale(grads[i], b.factor()))))})
	}
	if err := c.Err(); err != nil {
		return 0, false, fmt.Errorf("store: %w", err)
	}
	f, err := compiler.Compile("perceptron rule", in, G.Nodes{cost}, updates)
	if err != nil {
		return 0, false, fmt.Errorf("store: %w", err)
	}
	defer f.Close()
	look, err := compiler.Compile("violation", in, G.Nodes{cost}, nil)
	if err != nil {
		return 0, false, fmt.Errorf("store: %w", err)
	}
	defer look.Close()
	// Where nothing falls short, the gradient is 0 and nothing changes; after the last change it is
	// only looked.
	for ; ; steps++ {
		if steps >= most {
			f = look
		}
		if err := f.Run(v, h); err != nil {
			return steps, false, fmt.Errorf("store: %w", err)
		}
		short, err := f.Scalar(0)
		if err != nil {
			return steps, false, fmt.Errorf("store: %w", err)
		}
		if short == 0 || steps >= most {
			return steps, short == 0, nil
		}
	}
}
