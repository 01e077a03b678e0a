package models

import (
	"fmt"
	"math"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"

	G "gorgonia.org/gorgonia"
)

// Sparsity pulls the mean activity q_j of each hidden unit towards a target p (Lee, Ekanadham
// & Ng 2008; Hinton 2010, §11): the gradient by the unit's input is, for every example,
//
//	Cost·(q_j − p),
//
// in the way of the derivative of the cross-entropy between p and q_j. For Bernoulli and
// rectified hidden units.
type Sparsity struct {
	// Target is p, usually 0.01 to 0.1.
	Target float64
	// Cost weighs it against the likelihood.
	Cost float64
	// Decay of the running mean, q ← Decay·q + (1−Decay)·(mean over the batch), usually
	// 0.9 to 0.99; at 0, q is the batch's own.
	Decay float64
	// Activity (k) is q; nil if Decay is 0.
	Activity *blocks.Param
}

// NewSparsity returns the pull for a machine; its q begins at the target.
func NewSparsity(r *RBM, target, cost, decay float64) (*Sparsity, error) {
	s := &Sparsity{Target: target, Cost: cost, Decay: decay}
	if decay > 0 {
		s.Activity = r.state("activity", r.Hidden())
		set(s.Activity, target)
	}
	if err := s.check(r); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Sparsity) check(r *RBM) error {
	switch u := r.HiddenUnits; {
	case u.kind != "" && u.kind != rectified:
		return fmt.Errorf("sparsity: want bernoulli or rectified hidden units, got %s", u)
	case !(s.Target > 0) || math.IsInf(s.Target, 1) || u.kind == "" && !(s.Target < 1):
		return fmt.Errorf("sparsity: want a target that units of type %s can have on average, got %g", u, s.Target)
	case !(s.Cost >= 0) || math.IsInf(s.Cost, 1) || !(s.Decay >= 0 && s.Decay < 1):
		return fmt.Errorf("sparsity: want a cost of at least 0, finite, and a decay in [0,1), got %g and %g", s.Cost, s.Decay)
	case (s.Activity != nil) != (s.Decay > 0):
		return fmt.Errorf("sparsity: want a running mean of activities with a decay alone, see NewSparsity")
	}
	return nil
}

// add puts the pull on the cost of an objective for the data v.
func (s *Sparsity) add(c *ops.Chain, o *Objective, r *RBM, v *G.Node) {
	a := c.Do(blocks.Up(v, r.W, r.B))
	share := 1 / float64(v.Shape()[0])
	q := c.Do(ops.Scale(c.Do(ops.ColSum(r.hidden().mean(c, a))), share))
	if s.Activity != nil {
		old := c.Do(s.Activity.Node(v.Graph()))
		q = c.Do(ops.Add(c.Do(ops.Scale(old, s.Decay)), c.Do(ops.Scale(q, 1-s.Decay))))
		o.Updates = append(o.Updates, autodiff.Update{Target: old, Value: q})
	}
	pull := c.Do(ops.StopGradient(c.Do(ops.Linear(q, s.Cost*share, -s.Cost*share*s.Target))))
	o.Cost = c.Do(ops.Add(o.Cost, c.Do(ops.Sum(c.Do(ops.Mul(c.Do(ops.ColSum(a)), pull))))))
}

// Centring trains a machine in the coordinates of the energy
//
//	−(v−β)·c' − (h−α)·b' − (v−β)·W·(h−α)
//
// with offsets β and α near the means of the units, in which weights and biases disturb
// each other less (Montavon & Müller 2012; the enhanced gradient of Cho, Raiko & Ilin
// 2011). The machine itself stays that of W, b = b' − β·W and c = c' − W·α, whose gradients
// become
//
//	W: g = g_W − β⊗g_b − g_c⊗α,  b: g_b − β·g,  c: g_c − g·α.
//
// For visible units of variance 1 where they are Gaussian.
type Centring struct {
	// Rate ρ at which the offsets follow the means over the batch: β ← (1−ρ)β + ρ·mean v⁰,
	// α likewise by the means of the hidden units. Usually 0.01.
	Rate float64
	// Visible (n) is β, Hidden (k) α.
	Visible, Hidden *blocks.Param
}

// NewCentring returns the centring of a machine. Its offsets begin at the means that the
// units have where the other side has no say: of biases 0 at 0.5.
func NewCentring(r *RBM, rate float64) (*Centring, error) {
	t := &Centring{Rate: rate, Visible: r.state("offset.visible", r.Visible()), Hidden: r.state("offset.hidden", r.Hidden())}
	if err := t.check(r); err != nil {
		return nil, err
	}
	for p, s := range map[*blocks.Param]side{t.Visible: r.visible(), t.Hidden: r.hidden()} {
		var c ops.Chain
		bias := c.Do(s.bias.Node(G.NewGraph()))
		mean := s.mean(&c, c.Do(ops.Reshape(bias, 1, p.Value.Shape()[0])))
		if c.Err() != nil {
			return nil, fmt.Errorf("centring: %w", c.Err())
		}
		f, err := autodiff.Compile(nil, G.Nodes{mean}, nil)
		if err != nil {
			return nil, fmt.Errorf("centring: %w", err)
		}
		if err := f.RunAll(); err != nil {
			return nil, fmt.Errorf("centring: %w", err)
		}
		apply(p.Value, func(e []float32) {
			m, _ := ops.Elements[float32](f.Output(0)) // of the dtype of p, as the machine is
			copy(e, m)
		}, func(e []float64) {
			m, _ := ops.Elements[float64](f.Output(0))
			copy(e, m)
		})
	}
	return t, nil
}

func (t *Centring) check(r *RBM) error {
	switch {
	case !(t.Rate >= 0 && t.Rate <= 1):
		return fmt.Errorf("centring: want a rate in [0,1], got %g", t.Rate)
	case r.Z != nil:
		return fmt.Errorf("centring: want visible units without variances of their own")
	case t.Visible == nil || t.Hidden == nil:
		return fmt.Errorf("centring: want offsets, see NewCentring")
	}
	return r.checkUnits()
}

// apply replaces the cost of an objective for the data v by one of the same value with the
// gradients above.
func (t *Centring) apply(c *ops.Chain, o *Objective, r *RBM, v *G.Node) {
	g := v.Graph()
	W, b, cc := c.Do(r.W.Node(g)), c.Do(r.B.Node(g)), c.Do(r.C.Node(g))
	beta, alpha := c.Do(t.Visible.Node(g)), c.Do(t.Hidden.Node(g))
	if c.Err() != nil {
		return
	}
	grads, err := autodiff.Grad(o.Cost, W, b, cc)
	if c.Do(nil, err); err != nil {
		return
	}
	n, k := r.Visible(), r.Hidden()
	asColumn := func(x *G.Node, n int) *G.Node { return c.Do(ops.Reshape(x, n, 1)) }
	outer := func(x, y *G.Node) *G.Node { // (n) and (k)
		return c.Do(ops.MatMul(asColumn(x, n), asColumn(y, k), false, true))
	}
	gW := c.Do(ops.Sub(c.Do(ops.Sub(grads[0], outer(beta, grads[1]))), outer(grads[2], alpha)))
	gb := c.Do(ops.Sub(grads[1], c.Do(ops.Reshape(c.Do(ops.MatMul(gW, asColumn(beta, n), true, false)), k))))
	gc := c.Do(ops.Sub(grads[2], c.Do(ops.Reshape(c.Do(ops.MatMul(gW, asColumn(alpha, k), false, false)), n))))
	var slope *G.Node
	for _, p := range []struct{ x, g *G.Node }{{W, gW}, {b, gb}, {cc, gc}} {
		s := c.Do(ops.Sum(c.Do(ops.Mul(p.x, c.Do(ops.StopGradient(p.g))))))
		if slope == nil {
			slope = s
		} else {
			slope = c.Do(ops.Add(slope, s))
		}
	}
	level := c.Do(ops.StopGradient(c.Do(ops.Sub(o.Cost, slope))))
	o.Cost = c.Do(ops.Add(level, slope))

	share := 1 / float64(v.Shape()[0])
	h := r.hidden().mean(c, c.Do(blocks.Up(v, r.W, r.B)))
	for _, p := range []struct{ offset, x *G.Node }{{beta, v}, {alpha, h}} {
		mean := c.Do(ops.Scale(c.Do(ops.ColSum(p.x)), t.Rate*share))
		next := c.Do(ops.Add(c.Do(ops.Scale(p.offset, 1-t.Rate)), mean))
		o.Updates = append(o.Updates, autodiff.Update{Target: p.offset, Value: next})
	}
}

// state is a tensor that training keeps for the machine, called after W.
func (r *RBM) state(name string, n int) *blocks.Param {
	return &blocks.Param{Name: r.W.Name + "." + name, Value: r.zeros(n)}
}

// set makes all elements of a parameter one number.
func set(p *blocks.Param, x float64) {
	apply(p.Value, func(e []float32) {
		for i := range e {
			e[i] = float32(x)
		}
	}, func(e []float64) {
		for i := range e {
			e[i] = x
		}
	})
}
