//go:build libtorch && cgo

package torch

import lib "github.com/sugarme/gotch/libtch"

// pooling are the poolings of ops. What they call winners, (m,2,c,places), are the largest
// elements of all windows and their places, as numbers.
func pooling() map[string]translator {
	by := func(kernel func(g geometry, o *operation) kernel, reads ...int) translator {
		return func(o *operation) (translation, error) {
			g, err := o.geometryOf(0)
			return translation{kernel(g, o), reads}, err
		}
	}
	return map[string]translator{
		"largest pixels": by(func(g geometry, o *operation) kernel {
			return func(c *calls, x []handle) handle { return c.winners(g, x[0], o.out) }
		}),
		"max pooling": by(func(g geometry, o *operation) kernel {
			return func(c *calls, x []handle) handle { return c.reshape(c.at(x[0], 1, 0), o.out...) }
		}, 0),
		"max unpooling": by(func(g geometry, o *operation) kernel {
			return func(c *calls, x []handle) handle { return c.unpool(x[0], x[1], o.in[0], o.out) }
		}),
		"max picking": by(func(g geometry, o *operation) kernel {
			return func(c *calls, x []handle) handle { return c.pick(x[0], x[1], o.in[0], o.out) }
		}),
		"average pooling": by(func(g geometry, o *operation) kernel {
			return func(c *calls, x []handle) handle {
				return c.one(func(out *handle) {
					lib.AtgAvgPool2d(out, x[0], g.window(), 2, g.stride, 2, g.pad, 2, 0, 1, 0, 1)
				})
			}
		}),
		"spread": by(func(g geometry, o *operation) kernel {
			return func(c *calls, x []handle) handle {
				like := c.zeros(o.out...)
				return c.one(func(out *handle) {
					lib.AtgAvgPool2dBackward(out, x[0], like, g.window(), 2, g.stride, 2, g.pad, 2, 0, 1, 0, 1)
				})
			}
		}),
	}
}

func (g geometry) window() []int64 { return []int64{int64(g.kh), int64(g.kw)} }

// winners finds the largest elements of x's windows; shape is that of the result.
func (c *calls) winners(g geometry, x handle, shape []int) handle {
	values, places := c.two(func(out *handle) {
		lib.AtgMaxPool2dWithIndices(out, x, g.window(), 2, g.stride, 2, g.pad, 2, []int64{1, 1}, 2, 0)
	})
	m, maps, n := shape[0], shape[2], shape[3]
	return c.stack(1, c.reshape(values, m, maps, n), c.reshape(c.number(places), m, maps, n))
}

// unpool adds y up at the places of winners, in images of the given shape.
func (c *calls) unpool(y, winners handle, maps, image []int) handle {
	places := c.index(c.at(winners, 1, 1))
	flat := c.reshape(y, maps[0], maps[1], maps[2]*maps[3])
	return c.reshape(c.scatterAdd(c.zeros(image[0], image[1], image[2]*image[3]), 2, places, flat), image...)
}

// pick takes the elements of images z at the places of winners.
func (c *calls) pick(z, winners handle, image, maps []int) handle {
	places := c.index(c.at(winners, 1, 1))
	return c.reshape(c.gather(c.reshape(z, image[0], image[1], image[2]*image[3]), 2, places), maps...)
}

// pooledConvolutions are those whose maps are pooled at once.
func pooledConvolutions() map[string]translator {
	type form struct {
		geometry          // of the convolution
		pool     geometry // of the windows
		unpooled []int    // shape of the maps
	}
	// Maps of m examples and f kernels.
	by := func(mf func(o *operation) (m, f int), kernel func(g form, o *operation) kernel, reads ...int) translator {
		return func(o *operation) (translation, error) {
			var g form
			var err error
			if g.geometry, err = o.geometryOf(0); err != nil {
				return translation{}, err
			}
			if err := o.want(14); err != nil {
				return translation{}, err
			}
			m, f := mf(o)
			oh := (g.h+2*int(g.pad[0])-g.kh)/int(g.stride[0]) + 1
			ow := (g.w+2*int(g.pad[1])-g.kw)/int(g.stride[1]) + 1
			g.unpooled = []int{m, f, oh, ow}
			g.pool = geometry{kh: o.int(8), kw: o.int(9), h: oh, w: ow,
				stride: []int64{int64(o.int(10)), int64(o.int(11))}, pad: []int64{int64(o.int(12)), int64(o.int(13))}}
			return translation{kernel(g, o), reads}, nil
		}
	}
	ofResult := func(o *operation) (m, f int) { return o.out[0], o.out[1] }
	return map[string]translator{
		"winners": by(func(o *operation) (m, f int) { return o.out[0], o.out[2] }, func(g form, o *operation) kernel {
			return func(c *calls, x []handle) handle { return c.winners(g.pool, c.convolve(g.geometry, x[0], x[1]), o.out) }
		}),
		"conv2d with max pooling": func(o *operation) (translation, error) {
			reads := []int{0}
			if len(o.in) > 3 {
				reads = append(reads, 3)
			}
			return translation{func(c *calls, x []handle) handle {
				y := c.reshape(c.at(x[0], 1, 0), o.out...)
				if len(x) > 1 {
					y = c.add(y, c.reshape(x[1], 1, o.out[1], 1, 1))
				}
				return y
			}, reads}, nil
		},
		"conv2d at places": by(ofResult, func(g form, o *operation) kernel {
			return func(c *calls, x []handle) handle {
				return c.pick(c.convolve(g.geometry, x[0], x[1]), x[2], g.unpooled, o.out)
			}
		}),
		"transposed conv2d at places": by(func(o *operation) (m, f int) { return o.in[0][0], o.in[0][1] }, func(g form, o *operation) kernel {
			return func(c *calls, x []handle) handle {
				return c.deconvolve(g.geometry, c.unpool(x[0], x[2], o.in[0], g.unpooled), x[1])
			}
		}),
		"partial weights at places": unneeded,
		"weights at places": by(func(o *operation) (m, f int) { return o.in[2][0], o.in[2][1] }, func(g form, o *operation) kernel {
			return func(c *calls, x []handle) handle {
				return c.correlate(g.geometry, x[0], c.unpool(x[1], x[2], o.in[2], g.unpooled), o.out)
			}
		}, 1, 2, 3),
	}
}
