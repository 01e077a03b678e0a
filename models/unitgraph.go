package models

import (
	"fmt"
	"math"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/random"

	G "gorgonia.org/gorgonia"
)

// A side of a machine is all its visible or all its hidden units. Given the other side,
// its units are independent and depend on u, what the weights make of the other side; a
// is u plus the biases.
type side struct {
	units Units
	bias  *blocks.Param
	z     *blocks.Param // log-variances of Gaussian units; nil for variances of 1
}

func (r *RBM) visible() side { return side{r.VisibleUnits, r.C, r.Z} }
func (r *RBM) hidden() side  { return side{r.HiddenUnits, r.B, nil} }

// energy is what the units x (m,n) have by themselves: −x·bias or, of Gaussian ones,
// Σ (x − bias)²/2σ², a vector (m).
func (s side) energy(c *ops.Chain, x *G.Node) *G.Node {
	if c.Err() != nil {
		return nil
	}
	if s.units.kind != gaussian {
		linear := c.Do(ops.MatMul(x, c.Do(column(x.Graph(), s.bias)), false, false))
		return c.Do(ops.Scale(c.Do(ops.Reshape(linear, x.Shape()[0])), -1))
	}
	d := c.Do(ops.Square(c.Do(ops.Sub(x, s.rows(c, x, s.bias)))))
	if s.z != nil {
		d = c.Do(ops.Mul(d, s.powers(c, x, -1)))
	}
	return c.Do(ops.Scale(c.Do(ops.RowSum(d)), 0.5))
}

// logSum is log Σ e^−E over the states of the units, an integral for Gaussian ones, where
// E is their energy minus x·u: a function of a (m,n), a vector (m).
func (s side) logSum(c *ops.Chain, a *G.Node) *G.Node {
	if c.Err() != nil {
		return nil
	}
	switch s.units.kind {
	case gaussian: // Σ (2·bias·u + σ²u²)/2 + log(2πσ²)/2
		b := s.rows(c, a, s.bias)
		u := c.Do(ops.Sub(a, b))
		squared := c.Do(ops.Square(u))
		if s.z != nil {
			squared = c.Do(ops.Mul(squared, s.powers(c, a, 1)))
		}
		sum := c.Do(ops.RowSum(c.Do(ops.Add(squared, c.Do(ops.Scale(c.Do(ops.Mul(b, u)), 2))))))
		sum = c.Do(ops.Linear(sum, 0.5, float64(a.Shape()[1])*math.Log(2*math.Pi)/2))
		if s.z != nil {
			sum = c.Do(ops.Add(sum, c.Do(ops.Scale(c.Do(ops.Sum(c.Do(s.z.Node(a.Graph())))), 0.5))))
		}
		return sum
	case oneOf:
		groups := c.Do(blocks.LogSumExp(c.Do(s.grouped(a))))
		return c.Do(ops.RowSum(c.Do(ops.Reshape(groups, a.Shape()[0], a.Shape()[1]/s.units.group))))
	default:
		return c.Do(ops.RowSum(c.Do(blocks.Softplus().Apply(a))))
	}
}

// statistics is logSum with the same gradient where logSum is known. Of rectified units
// it is Σ x̄·a with the mean x̄ of the units held constant: its gradient by what a is
// computed from is that by which the units are trained.
func (s side) statistics(c *ops.Chain, a *G.Node) *G.Node {
	if s.units.kind != rectified {
		return s.logSum(c, a)
	}
	return c.Do(ops.RowSum(c.Do(ops.Mul(c.Do(ops.StopGradient(s.mean(c, a))), a))))
}

// mean of the units, (m,n).
func (s side) mean(c *ops.Chain, a *G.Node) *G.Node {
	if c.Err() != nil {
		return nil
	}
	switch s.units.kind {
	case gaussian: // bias + σ²u
		if s.z == nil {
			return a
		}
		b := s.rows(c, a, s.bias)
		return c.Do(ops.Add(b, c.Do(ops.Mul(c.Do(ops.Sub(a, b)), s.powers(c, a, 1)))))
	case rectified:
		return c.Do(rectifiedMean(a))
	case oneOf:
		return c.Do(ops.Reshape(c.Do(blocks.Softmax().Apply(c.Do(s.grouped(a)))), a.Shape()...))
	default:
		return c.Do(blocks.Sigmoid().Apply(a))
	}
}

// sample draws states of the units, whose mean was computed from a.
func (s side) sample(c *ops.Chain, a, mean *G.Node, noise *random.Stream) *G.Node {
	if c.Err() != nil {
		return nil
	}
	switch s.units.kind {
	case gaussian:
		e := c.Do(ops.Normal(mean, 1, noise))
		if s.z != nil {
			e = c.Do(ops.Mul(e, s.powers(c, a, 0.5)))
		}
		return c.Do(ops.StopGradient(c.Do(ops.Add(mean, e))))
	case rectified:
		sd := c.Do(ops.Sqrt(c.Do(blocks.Sigmoid().Apply(a))))
		e := c.Do(ops.Mul(sd, c.Do(ops.Normal(a, 1, noise))))
		return c.Do(ops.StopGradient(c.Do(blocks.ReLU().Apply(c.Do(ops.Add(a, e))))))
	case oneOf:
		return c.Do(ops.Reshape(c.Do(ops.Categorical(c.Do(s.grouped(mean)), noise)), a.Shape()...))
	default:
		return c.Do(ops.Bernoulli(mean, noise))
	}
}

// rows is a vector (n) as the rows of a matrix of the shape of like.
func (s side) rows(c *ops.Chain, like *G.Node, p *blocks.Param) *G.Node {
	return c.Do(ops.RepeatRows(c.Do(p.Node(like.Graph())), like.Shape()[0]))
}

// powers are the variances to the given power, in the rows of a matrix.
func (s side) powers(c *ops.Chain, like *G.Node, power float64) *G.Node {
	return c.Do(ops.RepeatRows(c.Do(ops.Exp(c.Do(ops.Scale(c.Do(s.z.Node(like.Graph())), power)))), like.Shape()[0]))
}

// grouped has a group a row.
func (s side) grouped(x *G.Node) (*G.Node, error) {
	if x == nil {
		return ops.Reshape(nil) // reports the missing operand
	}
	return ops.Reshape(x, x.Shape().TotalSize()/s.units.group, s.units.group)
}

// column is a bias (k) as a matrix (k,1).
func column(g *G.ExprGraph, bias *blocks.Param) (*G.Node, error) {
	n, err := bias.Node(g)
	if err != nil {
		return nil, err
	}
	return ops.Reshape(n, n.Shape()[0], 1)
}

// rectifiedMean is the mean of max(0, a + N(0, s)) with s = √sigmoid(a), element by
// element: a·Φ(a/s) + s·φ(a/s) with the standard normal distribution Φ and density φ.
func rectifiedMean(a *G.Node) (*G.Node, error) {
	if a == nil {
		return nil, fmt.Errorf("mean of rectified units: the operand is missing")
	}
	return ops.Apply(ops.Def{
		Name: "rectified mean", Shape: a.Shape(), Elementwise: true,
		F32: ops.EachElement[float32](rectifiedMeanAt), F64: ops.EachElement[float64](rectifiedMeanAt),
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			var c ops.Chain
			slope := c.Do(ops.Apply(ops.Def{
				Name: "rectified slope", Shape: a.Shape(), Elementwise: true,
				F32: ops.EachElement[float32](rectifiedSlopeAt), F64: ops.EachElement[float64](rectifiedSlopeAt),
			}, x[0]))
			return G.Nodes{c.Do(ops.Mul(dy, slope))}, c.Err()
		},
	}, a)
}

func rectifiedMeanAt(a float64) float64 {
	s, cdf, pdf := rectifiedAt(a)
	return a*cdf + s*pdf
}

// rectifiedSlopeAt is Φ + φ·ds/da with ds/da = s(1−s²)/2.
func rectifiedSlopeAt(a float64) float64 {
	s, cdf, pdf := rectifiedAt(a)
	return cdf + pdf*s*(1-s*s)/2
}

// rectifiedAt is s, Φ(a/s) and φ(a/s).
func rectifiedAt(a float64) (s, cdf, pdf float64) {
	if a < -20 { // Φ and φ are 0 in float64 long before s is
		return 0, 0, 0
	}
	s = math.Sqrt(1 / (1 + math.Exp(-a)))
	q := a / s
	return s, math.Erfc(-q/math.Sqrt2) / 2, math.Exp(-q*q/2) / math.Sqrt(2*math.Pi)
}
