//go:build libtorch && cgo

package torch

import (
	"math"

	lib "github.com/sugarme/gotch/libtch"
)

// divergenceName is the part of an operation's name before its parameter.
const divergenceName = "divergence from "

// losses are the losses of blocks.
func losses() map[string]translator {
	return map[string]translator{
		"binary cross-entropy": func(o *operation) (translation, error) {
			m := float64(o.in[0][0])
			return translation{kernel: func(c *calls, x []handle) handle {
				return c.times(c.sum(c.sub(c.softplus(x[0]), c.mul(x[1], x[0]))), 1/m)
			}}, nil
		},
		"categorical cross-entropy": func(o *operation) (translation, error) {
			m := float64(o.in[0][0])
			return translation{kernel: func(c *calls, x []handle) handle {
				logs := c.one(func(out *handle) { lib.AtgLogSoftmax(out, x[0], 1, c.dtype) })
				return c.times(c.sum(c.mul(x[1], logs)), -1/m)
			}}, nil
		},
		"misclassified": plain(func(c *calls, x []handle) handle {
			differ := c.binary(lib.AtgNeTensor, c.indexOf(x[0], 1), c.indexOf(x[1], 1))
			return c.sum(c.number(differ))
		}),
		"logsumexp": plain(func(c *calls, x []handle) handle {
			return c.one(func(out *handle) { lib.AtgLogsumexp(out, x[0], []int64{1}, 1, 0) })
		}),
		"divergence from": func(o *operation) (translation, error) {
			if err := o.want(1); err != nil {
				return translation{}, err
			}
			p := o.p[0]
			entropy := p*math.Log(p) + (1-p)*math.Log(1-p)
			return translation{kernel: func(c *calls, x []handle) handle {
				on := c.times(c.unary(lib.AtgLog, x[0]), -p)
				off := c.times(c.unary(lib.AtgLog, c.linear(x[0], -1, 1)), p-1)
				return c.sum(c.addNumber(c.add(on, off), entropy))
			}}, nil
		},
	}
}
