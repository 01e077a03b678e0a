//go:build libtorch && cgo

package torch

import (
	"math"

	lib "github.com/sugarme/gotch/libtch"
)

// memories are the operations of models.
func memories() map[string]translator {
	return map[string]translator{
		"metropolis": plain(func(c *calls, x []handle) handle { return c.exp(c.scalar(lib.AtgClampMax, x[0], 0)) }),
		// Halves are rounded away from 0.
		"round": plain(func(c *calls, x []handle) handle {
			size := c.unary(lib.AtgFloor, c.addNumber(c.unary(lib.AtgAbs, x[0]), 0.5))
			return c.mul(size, c.unary(lib.AtgSign, x[0]))
		}),
		"rotate": plain(func(c *calls, x []handle) handle {
			return c.one(func(out *handle) { lib.AtgRoll(out, x[0], []int64{1}, 1, []int64{0}, 1) })
		}),
		"turn": plain(func(c *calls, x []handle) handle {
			state := c.signOr(x[0], x[1])
			if len(x) > 2 {
				state = c.choose(c.equals(x[2], 0), x[1], state)
			}
			return state
		}),
		"order": plain(func(c *calls, x []handle) handle { return c.number(c.order(x[0])) }),
		"sweep": func(o *operation) (translation, error) {
			n := o.out[1]
			return translation{kernel: func(c *calls, x []handle) handle { return c.sweep(x, n) }}, nil
		},
		"album": func(o *operation) (translation, error) {
			// A page a row, and the step of each.
			return translation{kernel: func(c *calls, x []handle) handle {
				made := c.reshape(x[2], 1, o.out[1])
				var pages []handle
				for i, step := range o.p {
					now := c.equals(c.reshape(x[1], 1, 1), step)
					pages = append(pages, c.choose(now, made, c.narrow(x[0], 0, i, 1)))
				}
				return c.cat(0, pages...)
			}}, o.want(o.out[0])
		},
		"trace": func(o *operation) (translation, error) {
			rows := o.out[0]
			return translation{kernel: func(c *calls, x []handle) handle {
				every := o.p[0]
				number := c.with(float64(rows), func(out *handle, s lib.Cscalar) { lib.AtgArange(out, s, c.dtype, c.device) })
				row := c.unary(lib.AtgFloor, c.times(c.addNumber(c.reshape(x[1], 1), 0.25), 1/every)) // 0.25: not just below a whole number
				here := c.reshape(c.number(c.binary(lib.AtgEqTensor, number, row)), rows, 1)
				var values []handle
				for _, v := range x[2:] {
					values = append(values, c.reshape(v, 1, 1))
				}
				return c.add(x[0], c.mul(here, c.times(c.cat(1, values...), 1/every)))
			}}, o.want(1)
		},
		"power": func(o *operation) (translation, error) {
			return translation{kernel: func(c *calls, x []handle) handle {
				return c.scalar(lib.AtgPowTensorScalar, x[0], o.p[0])
			}}, o.want(1)
		},
		"rectified mean": plain(func(c *calls, x []handle) handle {
			s, cdf, pdf := c.rectified(x[0])
			return c.add(c.mul(x[0], cdf), c.mul(s, pdf))
		}),
		"rectified slope": plain(func(c *calls, x []handle) handle {
			s, cdf, pdf := c.rectified(x[0])
			return c.add(cdf, c.times(c.mul(c.mul(pdf, s), c.linear(c.square(s), -1, 1)), 0.5))
		}),
	}
}

// signOr is the sign of fields or, where they are 0, the states.
func (c *calls) signOr(field, state handle) handle {
	return c.choose(c.equals(field, 0), state, c.unary(lib.AtgSign, field))
}

// sweep updates n units one after the other: x are fields (m,n), states (m,n), weights (n,n)
// and, if there is one, the order (n).
func (c *calls) sweep(x []handle, n int) handle {
	fields, states, W := x[0], x[1], x[2]
	var order handle
	if len(x) > 3 {
		// Rows and columns in the order of the turns.
		order = c.index(x[3])
		fields, states = c.selectFrom(fields, 1, order), c.selectFrom(states, 1, order)
		W = c.selectFrom(c.selectFrom(W, 0, order), 1, order)
	}
	turned := make([]handle, n)
	for i := range n {
		old := c.columnsOf(states, i, 1)
		turned[i] = c.signOr(c.columnsOf(fields, i, 1), old)
		// Fields of units that had their turn change too, but nothing reads them any more.
		fields = c.add(fields, c.mul(c.sub(turned[i], old), c.narrow(W, 0, i, 1)))
	}
	y := c.cat(1, turned...)
	if order != nil {
		y = c.selectFrom(y, 1, c.order(order))
	}
	return y
}

// rectified are s = √sigmoid(a), Φ(a/s) and φ(a/s).
func (c *calls) rectified(a handle) (s, cdf, pdf handle) {
	// Below −20 all three count as 0.
	inside := c.number(c.above(a, -20))
	s = c.sqrt(c.sigmoid(c.scalar(lib.AtgClampMin, a, -20)))
	q := c.div(c.scalar(lib.AtgClampMin, a, -20), s)
	cdf = c.times(c.unary(lib.AtgErfc, c.times(q, -1/math.Sqrt2)), 0.5)
	pdf = c.times(c.exp(c.times(c.square(q), -0.5)), 1/math.Sqrt(2*math.Pi))
	return c.mul(s, inside), c.mul(cdf, inside), c.mul(pdf, inside)
}
