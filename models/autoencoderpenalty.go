package models

import (
	"fmt"
	"math"

	"capas/autodiff/ops"
	"capas/blocks"

	G "gorgonia.org/gorgonia"
)

// Penalty is what the code of an autoencoder costs in training besides its
// reconstruction: a sum of terms, of which those with factor 0 are left out. The zero
// value is none.
type Penalty struct {
	// KL is β of β Σ_j KL(Target‖ρ̂_j), with ρ̂_j the mean activation of unit j over the
	// batch: a sparse code of sigmoid units (see blocks.SparseKL). Target is in (0,1).
	KL     float64 `json:"kl,omitempty"`
	Target float64 `json:"target,omitempty"`
	// L1 is λ of λ Σ_j |h_j|, the mean over the examples: a sparse code too.
	L1 float64 `json:"l1,omitempty"`
	// Contraction is λ of λ‖∂h/∂x‖²_F, the mean over the examples: a contractive
	// autoencoder (Rifai et al. 2011; see blocks.Contraction).
	Contraction float64 `json:"contraction,omitempty"`
	// Change is γ of γ‖J(x) − J(x+ε)‖²_F, the mean over the examples, with noise ε of
	// standard deviation ChangeNoise: with Contraction a contractive autoencoder of
	// higher order (Rifai et al. 2011; see blocks.ContractionChange).
	Change      float64 `json:"change,omitempty"`
	ChangeNoise float64 `json:"change_noise,omitempty"`
}

// Check reports a penalty that makes no sense for a code of the given activation.
func (p Penalty) Check(f blocks.Activation) error {
	for _, x := range []struct {
		name string
		v    float64
	}{{"kl", p.KL}, {"l1", p.L1}, {"contraction", p.Contraction}, {"change", p.Change}, {"change noise", p.ChangeNoise}} {
		if !(x.v >= 0) || math.IsInf(x.v, 1) {
			return fmt.Errorf("penalty: want %s of at least 0 and finite, got %g", x.name, x.v)
		}
	}
	switch {
	case p.KL > 0 && f != blocks.Sigmoid():
		return fmt.Errorf("penalty: want a sigmoid code for kl, got %s", f)
	case p.KL > 0 && !(p.Target > 0 && p.Target < 1):
		return fmt.Errorf("penalty: want a target activation in (0,1), got %g", p.Target)
	case p.Change > 0 && p.ChangeNoise == 0:
		return fmt.Errorf("penalty: want change noise above 0 for change, got 0")
	}
	return nil
}

// penalize adds the penalties of the code h of inputs x to an objective's cost, and
// "activation", the mean of h, and "contraction", the mean ‖J‖²_F, to its monitors where
// they are penalised. Without training the cost stays as it is.
func (a *Autoencoder) penalize(o *Objective, x, h *G.Node, training bool) error {
	p := a.Penalty
	if err := p.Check(a.F); err != nil {
		return err
	}
	var c ops.Chain
	add := func(factor float64, term *G.Node) {
		if training && factor > 0 {
			o.Cost = c.Do(ops.Add(o.Cost, c.Do(ops.Scale(term, factor))))
		}
	}
	if p.KL > 0 {
		add(p.KL, c.Do(blocks.SparseKL(h, p.Target)))
	}
	if p.L1 > 0 {
		add(p.L1/float64(h.Shape()[0]), c.Do(blocks.L1(1, h)))
	}
	if p.KL > 0 || p.L1 > 0 {
		o.Monitors = append(o.Monitors, Monitor{Name: "activation", Node: c.Do(ops.Mean(h))})
	}
	if p.Contraction == 0 && p.Change == 0 {
		return c.Err()
	}
	W := c.Do(a.W.Node(x.Graph()))
	contraction := c.Do(blocks.Contraction(h, W, a.F))
	add(p.Contraction, contraction)
	if training && p.Change > 0 {
		near := c.Do(a.Encode(c.Do(blocks.GaussianNoise(p.ChangeNoise).Apply(x, a.Noise))))
		add(p.Change, c.Do(blocks.ContractionChange(h, near, W, a.F)))
	}
	o.Monitors = append(o.Monitors, Monitor{Name: "contraction", Node: contraction})
	return c.Err()
}
