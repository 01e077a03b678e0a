//go:build libtorch && cgo

package torch

import (
	"strings"

	lib "github.com/sugarme/gotch/libtch"
)

// updates are the optimisers' rules of train, each a pass over a parameter W with its gradient g.
func updates() map[string]translator {
	// decayed is g + λW.
	decayed := func(c *calls, W, g handle, l2 float64) handle {
		if l2 == 0 {
			return g
		}
		return c.add(g, c.times(W, l2))
	}
	by := func(parameters int, k func(c *calls, p []float64, x []handle) handle) translator {
		return func(o *operation) (translation, error) {
			return translation{kernel: func(c *calls, x []handle) handle { return k(c, o.p, x) }}, o.want(parameters)
		}
	}
	return map[string]translator{
		// W, g, η
		"sgd": by(1, func(c *calls, p []float64, x []handle) handle {
			return c.less(x[0], decayed(c, x[0], x[1], p[0]), x[2])
		}),
		// v, W, g, η, μ
		"velocity": by(1, func(c *calls, p []float64, x []handle) handle {
			return c.less(c.mul(x[0], x[4]), decayed(c, x[1], x[2], p[0]), x[3])
		}),
		// W, v
		"moved": by(0, func(c *calls, p []float64, x []handle) handle { return c.add(x[0], x[1]) }),
		// W, v, g, η, μ
		"nesterov": by(1, func(c *calls, p []float64, x []handle) handle {
			return c.less(c.one(func(out *handle) { lib.AtgAddcmul(out, x[0], x[1], x[4]) }), decayed(c, x[0], x[2], p[0]), x[3])
		}),
		// a, W, g
		"average mean": by(2, func(c *calls, p []float64, x []handle) handle {
			return c.add(c.times(x[0], p[1]), c.times(decayed(c, x[1], x[2], p[0]), 1-p[1]))
		}),
		"average square": by(2, func(c *calls, p []float64, x []handle) handle {
			return c.add(c.times(x[0], p[1]), c.times(c.square(decayed(c, x[1], x[2], p[0])), 1-p[1]))
		}),
		// W, s, g, η
		"rmsprop": by(2, func(c *calls, p []float64, x []handle) handle {
			step := c.div(decayed(c, x[0], x[2], p[0]), c.addNumber(c.sqrt(x[1]), p[1]))
			return c.less(x[0], step, x[3])
		}),
		// W, m, s, rate, correction
		"adam": by(1, func(c *calls, p []float64, x []handle) handle {
			step := c.div(x[1], c.addNumber(c.mul(c.sqrt(x[2]), x[4]), p[0]))
			return c.less(x[0], step, x[3])
		}),
		// n/√s where s exceeds n², otherwise 1.
		"max norm": by(1, func(c *calls, p []float64, x []handle) handle {
			shrunk := c.times(c.unary(lib.AtgRsqrt, x[0]), p[0])
			one := c.unary(lib.AtgOnesLike, x[0])
			return c.choose(c.above(x[0], p[0]*p[0]), shrunk, one)
		}),
		// min(1, n/(√s + 10⁻⁶)), 1 if s is no number.
		"clip": by(1, func(c *calls, p []float64, x []handle) handle {
			factor := c.times(c.unary(lib.AtgReciprocal, c.addNumber(c.sqrt(x[0]), 1e-6)), p[0])
			bounded := c.scalar(lib.AtgClampMax, factor, 1)
			return c.choose(c.unary(lib.AtgIsnan, x[0]), c.unary(lib.AtgOnesLike, x[0]), bounded)
		}),
	}
}

// less is a − b·s for a scalar s, in one pass.
func (c *calls) less(a, b, s handle) handle {
	minus := c.times(s, -1)
	return c.one(func(out *handle) { lib.AtgAddcmul(out, a, b, minus) })
}

// others are operations of other packages, and the draw of one of several.
func others() map[string]translator {
	return map[string]translator{
		// p (m,n), u (m), total (m): the first column up to which the sum exceeds u·total.
		"one of": func(o *operation) (translation, error) {
			n := o.out[1]
			return translation{kernel: func(c *calls, x []handle) handle {
				m := o.out[0]
				upTo := c.one(func(out *handle) { lib.AtgCumsum(out, c.cast(x[0], typeFloat64), 1, typeFloat64) })
				bound := c.reshape(c.mul(c.cast(x[1], typeFloat64), c.cast(x[2], typeFloat64)), m, 1)
				exceeds := c.binary(lib.AtgGtTensor, upTo, bound)
				// Where rounding lets none do so, the last that has a weight.
				number := c.cast(c.with(float64(n), func(out *handle, s lib.Cscalar) { lib.AtgArange(out, s, c.dtype, c.device) }), c.dtype)
				weighted := c.mul(c.number(c.above(x[0], 0)), c.addNumber(number, 1))
				last := c.indexOf(weighted, 1)
				any := c.above(c.sumOver(c.number(exceeds), 1), 0)
				place := c.reshape(c.choose(any, c.indexOf(c.cast(exceeds, typeInt64), 1), last), m, 1)
				return c.number(c.binary(lib.AtgEqTensor, number, place))
			}}, nil
		},
		"rowmax": plain(func(c *calls, x []handle) handle {
			return c.one(func(out *handle) { lib.AtgAmax(out, x[0], []int64{1}, 1, 0) })
		}),
	}
}

// drawn is the translation of a draw of random numbers: by the operation's own kernel, on the
// processor, from the values that it depends on, if it does.
func drawn(o *operation) translation {
	h := &hosted{own: o.own, in: o.in, out: o.out}
	if strings.HasPrefix(o.own.Name, "bernoulli") {
		return translation{kernel: h.run, reads: []int{0}}
	}
	return translation{kernel: h.run, reads: []int{}}
}
