package train

import (
	"fmt"
	"math"

	"capas/autodiff/ops"
	"capas/internal/kernels"

	G "gorgonia.org/gorgonia"
)

// rule is one pass over the elements of a parameter: the new value of the first
// operand from all operands, of which the last may be scalars. That of a parameter
// tells in float32 whether the new value is finite; others are not looked at, and tell
// true.
type rule struct {
	name string
	f32  func(y []float32, x [][]float32) bool
	f64  func(y []float64, x [][]float64)
}

// step applies a rule, to a parameter under watch or, if it is nil, to what is kept
// for one. The operation's name leaves it to the operands to tell one parameter from
// another: they are its leaf and what is made of the state's learning rate.
func step(r rule, p *watchedParam, x ...*G.Node) (*G.Node, error) {
	if len(x) == 0 || x[0] == nil {
		return nil, fmt.Errorf("%s: an operand is missing", r.name)
	}
	d := ops.Def{Name: r.name, Shape: x[0].Shape(), Elementwise: true}
	d.F32 = func(y []float32, x [][]float32) {
		if !r.f32(y, x) && p != nil {
			p.spoil()
		}
	}
	d.F64 = r.f64
	if p != nil {
		d.NotFinite = p.spoil
		d.F64 = func(y []float64, x [][]float64) {
			r.f64(y, x)
			if !finite64(y) {
				p.spoil()
			}
		}
	}
	return ops.Apply(d, x...)
}

// sgd: W − η(g + λW) from W, g, η.
func sgd(l2 float64) rule {
	return rule{fmt.Sprintf("sgd(%g)", l2),
		func(y []float32, x [][]float32) bool { return kernels.SGD(y, x[0], x[1], x[2][0], float32(l2)) },
		func(y []float64, x [][]float64) {
			W, g, rate := x[0][:len(y)], x[1][:len(y)], x[2][0]
			for i, w := range W {
				y[i] = w - rate*(g[i]+l2*w)
			}
		}}
}

// velocity: μv − η(g + λW) from v, W, g, η, μ.
func velocity(l2 float64) rule {
	return rule{fmt.Sprintf("velocity(%g)", l2),
		func(y []float32, x [][]float32) bool {
			kernels.Velocity(y, x[0], x[1], x[2], x[3][0], x[4][0], float32(l2))
			return true
		},
		func(y []float64, x [][]float64) {
			v, W, g := x[0][:len(y)], x[1][:len(y)], x[2][:len(y)]
			rate, mu := x[3][0], x[4][0]
			for i := range v {
				y[i] = mu*v[i] - rate*(g[i]+l2*W[i])
			}
		}}
}

// moved: W + v from W, the new v.
func moved() rule {
	return rule{"moved",
		func(y []float32, x [][]float32) bool { return kernels.Momentum(y, x[0], x[1]) },
		func(y []float64, x [][]float64) {
			W, v := x[0][:len(y)], x[1][:len(y)]
			for i, w := range W {
				y[i] = w + v[i]
			}
		}}
}

// nesterov: W + μv − η(g + λW) from W, the new v, g, η, μ.
func nesterov(l2 float64) rule {
	return rule{fmt.Sprintf("nesterov(%g)", l2),
		func(y []float32, x [][]float32) bool {
			return kernels.Nesterov(y, x[0], x[1], x[2], x[3][0], x[4][0], float32(l2))
		},
		func(y []float64, x [][]float64) {
			W, v, g := x[0][:len(y)], x[1][:len(y)], x[2][:len(y)]
			rate, mu := x[3][0], x[4][0]
			for i, w := range W {
				y[i] = w + mu*v[i] - rate*(g[i]+l2*w)
			}
		}}
}

// average: ρa + (1−ρ)(g + λW), or of its square, from a, W, g.
func average(what string, l2, rho float64, squared bool) rule {
	pass := kernels.Average
	if squared {
		pass = kernels.AverageSquare
	}
	return rule{fmt.Sprintf("average %s(%g,%g)", what, l2, rho),
		func(y []float32, x [][]float32) bool {
			pass(y, x[0], x[1], x[2], float32(l2), float32(rho), float32(1-rho))
			return true
		},
		func(y []float64, x [][]float64) {
			a, W, g := x[0][:len(y)], x[1][:len(y)], x[2][:len(y)]
			for i := range a {
				d := g[i] + l2*W[i]
				if squared {
					d *= d
				}
				y[i] = rho*a[i] + (1-rho)*d
			}
		}}
}

// rmsprop: W − η(g + λW)/(√s + ε) from W, the new s, g, η.
func rmsprop(l2, epsilon float64) rule {
	return rule{fmt.Sprintf("rmsprop(%g,%g)", l2, epsilon),
		func(y []float32, x [][]float32) bool {
			return kernels.RMSProp(y, x[0], x[1], x[2], x[3][0], float32(l2), float32(epsilon))
		},
		func(y []float64, x [][]float64) {
			W, s, g, rate := x[0][:len(y)], x[1][:len(y)], x[2][:len(y)], x[3][0]
			for i, w := range W {
				y[i] = w - rate*(g[i]+l2*w)/(math.Sqrt(s[i])+epsilon)
			}
		}}
}

// adam: W − rate·m/(√s·correction + ε) from W, the new m and s, rate = η/(1−β₁ᵗ) and
// correction = 1/√(1−β₂ᵗ).
func adam(epsilon float64) rule {
	return rule{fmt.Sprintf("adam(%g)", epsilon),
		func(y []float32, x [][]float32) bool {
			return kernels.Adam(y, x[0], x[1], x[2], x[3][0], x[4][0], float32(epsilon))
		},
		func(y []float64, x [][]float64) {
			W, m, s := x[0][:len(y)], x[1][:len(y)], x[2][:len(y)]
			rate, correction := x[3][0], x[4][0]
			for i, w := range W {
				y[i] = w - rate*m[i]/(math.Sqrt(s[i])*correction+epsilon)
			}
		}}
}

// bounded is W with its longer columns scaled down to the norm given.
func bounded(W *G.Node, norm float64) (*G.Node, error) {
	var c ops.Chain
	squares := c.Do(ops.ColSum(c.Do(ops.Square(W))))
	if c.Err() != nil {
		return nil, c.Err()
	}
	shrink := func(square float64) float64 {
		if square > norm*norm {
			return norm / math.Sqrt(square)
		}
		return 1
	}
	factors := c.Do(ops.Apply(ops.Def{
		Name: fmt.Sprintf("max norm(%g)", norm), Shape: squares.Shape(), Elementwise: true,
		F32: func(y []float32, x [][]float32) {
			for i, s := range x[0][:len(y)] {
				y[i] = float32(shrink(float64(s)))
			}
		},
		F64: func(y []float64, x [][]float64) {
			for i, s := range x[0][:len(y)] {
				y[i] = shrink(s)
			}
		},
	}, squares))
	return c.Do(ops.Mul(W, c.Do(ops.RepeatRows(factors, W.Shape()[0])))), c.Err()
}

// clipped is the gradient, scaled down to the norm given if it is longer. As in PyTorch, 10⁻⁶ is
// added to the norm. A gradient that is not a number is left, so that it is seen where it arose and does
// not spread to all parameters; one whose norm overflows counts as 0.
func clipped(g G.Nodes, norm float64) (G.Nodes, error) {
	var c ops.Chain
	var squares *G.Node
	for _, x := range g {
		s := c.Do(ops.SumSquares(x))
		if squares != nil {
			s = c.Do(ops.Add(squares, s))
		}
		squares = s
	}
	if c.Err() != nil {
		return nil, c.Err()
	}
	factor := func(square float64) float64 {
		if math.IsNaN(square) {
			return 1
		}
		return min(1, norm/(math.Sqrt(square)+1e-6))
	}
	scale := c.Do(ops.Apply(ops.Def{
		Name: fmt.Sprintf("clip(%g)", norm), Shape: squares.Shape(), Elementwise: true,
		F32: func(y []float32, x [][]float32) { y[0] = float32(factor(float64(x[0][0]))) },
		F64: func(y []float64, x [][]float64) { y[0] = factor(x[0][0]) },
	}, squares))
	out := make(G.Nodes, len(g))
	for i, x := range g {
		out[i] = c.Do(ops.Mul(x, scale))
	}
	return out, c.Err()
}
