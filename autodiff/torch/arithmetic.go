//go:build libtorch && cgo

package torch

import lib "github.com/sugarme/gotch/libtch"

// arithmetic are the operations of ops on elements, and its matrix products.
func arithmetic() map[string]translator {
	unary := func(f func(out *handle, x handle)) translator {
		return plain(func(c *calls, x []handle) handle { return c.unary(f, x[0]) })
	}
	binary := func(f func(out *handle, a, b handle)) translator {
		return plain(func(c *calls, x []handle) handle { return c.binary(f, x[0], x[1]) })
	}
	return map[string]translator{
		"add":        binary(lib.AtgAdd),
		"sub":        binary(lib.AtgSub),
		"mul":        binary(lib.AtgMul),
		"square":     plain(func(c *calls, x []handle) handle { return c.square(x[0]) }),
		"abs":        unary(lib.AtgAbs),
		"sign":       unary(lib.AtgSign),
		"exp":        unary(lib.AtgExp),
		"sqrt":       unary(lib.AtgSqrt),
		"reciprocal": unary(lib.AtgReciprocal),
		"stop":       unary(lib.AtgDetach),
		"linear": func(o *operation) (translation, error) {
			return translation{kernel: func(c *calls, x []handle) handle { return c.linear(x[0], o.p[0], o.p[1]) }}, o.want(2)
		},
		"matmul": func(o *operation) (translation, error) {
			return translation{kernel: func(c *calls, x []handle) handle {
				return c.product(c.transposedIf(x[0], o.bool(0)), c.transposedIf(x[1], o.bool(1)))
			}}, o.want(2)
		},
		"affine": func(o *operation) (translation, error) {
			return translation{kernel: func(c *calls, x []handle) handle {
				W := c.transposedIf(x[1], o.bool(0))
				return c.one(func(out *handle) { lib.AtgAddmm(out, x[2], x[0], W) })
			}}, o.want(1)
		},
	}
}

// reductions are sums, their transposes, and changes of shape.
func reductions() map[string]translator {
	reshape := func(o *operation) (translation, error) {
		return translation{kernel: func(c *calls, x []handle) handle { return c.reshape(x[0], o.out...) }}, nil
	}
	// With a dimension of 1 more, which is then repeated.
	repeat := func(columns bool) translator {
		return func(o *operation) (translation, error) {
			shape := []int{1, o.out[1]}
			if columns {
				shape = []int{o.out[0], 1}
			}
			return translation{kernel: func(c *calls, x []handle) handle { return c.expand(c.reshape(x[0], shape...), o.out...) }}, nil
		}
	}
	columns := func(o *operation) (translation, error) {
		return translation{kernel: func(c *calls, x []handle) handle { return c.columnsOf(x[0], o.int(0), o.out[1]) }}, o.want(2)
	}
	return map[string]translator{
		"sum":        plain(func(c *calls, x []handle) handle { return c.sum(x[0]) }),
		"sumsquares": plain(func(c *calls, x []handle) handle { return c.sum(c.square(x[0])) }),
		"colsum":     plain(func(c *calls, x []handle) handle { return c.sumOver(x[0], 0) }),
		"rowsum":     plain(func(c *calls, x []handle) handle { return c.sumOver(x[0], 1) }),
		"fill": func(o *operation) (translation, error) {
			return translation{kernel: func(c *calls, x []handle) handle { return c.expand(x[0], o.out...) }}, nil
		},
		"repeatrows": repeat(false),
		"repeatcols": repeat(true),
		"reshape":    reshape,
		"columns":    columns,
		"place columns": func(o *operation) (translation, error) {
			m, k, from, n := o.out[0], o.in[0][1], o.int(0), o.out[1]
			return translation{kernel: func(c *calls, x []handle) handle {
				parts := []handle{x[0]}
				if from > 0 {
					parts = append([]handle{c.zeros(m, from)}, parts...)
				}
				if rest := n - from - k; rest > 0 {
					parts = append(parts, c.zeros(m, rest))
				}
				return c.cat(1, parts...)
			}}, o.want(2)
		},
		"beside":     plain(func(c *calls, x []handle) handle { return c.cat(1, x...) }),
		"transposed": plain(func(c *calls, x []handle) handle { return c.transposed(x[0]) }),
	}
}
