//go:build libtorch && cgo

package torch

import lib "github.com/sugarme/gotch/libtch"

// LeCun's constants: f(z) = lecunA·tanh(lecunS·z).
const (
	lecunA = 1.7159
	lecunS = 2.0 / 3
)

// activations are those of blocks, with what leads back through them: dz of y and dy.
func activations() map[string]translator {
	one := func(f func(c *calls, x handle) handle) translator {
		return plain(func(c *calls, x []handle) handle { return f(c, x[0]) })
	}
	back := func(f func(c *calls, y, dy handle) handle) translator {
		return plain(func(c *calls, x []handle) handle { return f(c, x[0], x[1]) })
	}
	leaky := func(o *operation) (translation, error) {
		return translation{kernel: func(c *calls, x []handle) handle {
			return c.choose(c.above(x[0], 0), x[0], c.times(x[0], o.p[0]))
		}}, o.want(1)
	}
	backLeaky := func(o *operation) (translation, error) {
		return translation{kernel: func(c *calls, x []handle) handle {
			return c.choose(c.above(x[0], 0), x[1], c.times(x[1], o.p[0]))
		}}, o.want(1)
	}
	return map[string]translator{
		"sigmoid":      one((*calls).sigmoid),
		"tanh":         one((*calls).tanh),
		"lecun-tanh":   one(func(c *calls, x handle) handle { return c.times(c.tanh(c.times(x, lecunS)), lecunA) }),
		"relu":         one(func(c *calls, x handle) handle { return c.unary(lib.AtgRelu, x) }),
		"leaky-relu":   leaky,
		"softplus":     one((*calls).softplus),
		"softsign":     one(func(c *calls, x handle) handle { return c.div(x, c.addNumber(c.unary(lib.AtgAbs, x), 1)) }),
		"softmax":      one((*calls).softmax),
		"back sigmoid": back((*calls).backSigmoid),
		"back tanh":    back((*calls).backTanh),
		"back lecun-tanh": back(func(c *calls, y, dy handle) handle {
			return c.mul(dy, c.linear(c.square(y), -lecunS/lecunA, lecunS*lecunA))
		}),
		"back relu":       back(func(c *calls, y, dy handle) handle { return c.mul(dy, c.number(c.above(y, 0))) }),
		"back leaky-relu": backLeaky,
		"back softsign": back(func(c *calls, y, dy handle) handle {
			return c.mul(dy, c.square(c.linear(c.unary(lib.AtgAbs, y), -1, 1)))
		}),
	}
}

// backSigmoid is dy·y·(1−y).
func (c *calls) backSigmoid(y, dy handle) handle { return c.mul(dy, c.mul(y, c.linear(y, -1, 1))) }

// backTanh is dy·(1−y²).
func (c *calls) backTanh(y, dy handle) handle { return c.mul(dy, c.linear(c.square(y), -1, 1)) }

// softplus is log(1+e^x) = −log sigmoid(−x). libtorch's own gives x for large x.
func (c *calls) softplus(x handle) handle {
	return c.times(c.unary(lib.AtgLogSigmoid, c.times(x, -1)), -1)
}
