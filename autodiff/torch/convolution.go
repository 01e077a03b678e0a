//go:build libtorch && cgo

package torch

import (
	"fmt"

	lib "github.com/sugarme/gotch/libtch"
)

// geometry is that of a convolution of ops, or of a pooling by windows instead of kernels.
type geometry struct {
	kh, kw, h, w int
	stride, pad  []int64
}

// geometryOf reads it off the parameters from number first on.
func (o *operation) geometryOf(first int) (g geometry, err error) {
	if len(o.p) < first+8 {
		return g, fmt.Errorf("want the geometry of a convolution, got parameters %v", o.p)
	}
	g.kh, g.kw, g.h, g.w = o.int(first), o.int(first+1), o.int(first+2), o.int(first+3)
	g.stride = []int64{int64(o.int(first + 4)), int64(o.int(first + 5))}
	g.pad = []int64{int64(o.int(first + 6)), int64(o.int(first + 7))}
	return g, nil
}

// convolutions are the three sides of the trilinear form.
func convolutions() map[string]translator {
	by := func(kernel func(g geometry, o *operation) kernel, reads ...int) translator {
		return func(o *operation) (translation, error) {
			g, err := o.geometryOf(0)
			return translation{kernel(g, o), reads}, err
		}
	}
	return map[string]translator{
		"conv2d": by(func(g geometry, o *operation) kernel {
			return func(c *calls, x []handle) handle { return c.convolve(g, x[0], x[1]) }
		}, 0, 1),
		"transposed conv2d": by(func(g geometry, o *operation) kernel {
			return func(c *calls, x []handle) handle { return c.deconvolve(g, x[0], x[1]) }
		}, 0, 1),
		"conv2d partial weights": unneeded,
		"conv2d weights": by(func(g geometry, o *operation) kernel {
			return func(c *calls, x []handle) handle { return c.correlate(g, x[0], x[1], o.out) }
		}, 1, 2),
	}
}

// unneeded stands for an operation that is a part of the computation of another one, whose
// translation does not read it.
func unneeded(o *operation) (translation, error) {
	return translation{kernel: func(c *calls, x []handle) handle {
		if c.err == nil {
			c.err = fmt.Errorf("this is a part of the operation that follows, and has no value of its own")
		}
		return nil
	}}, nil
}

// convolve makes maps of images by kernels.
func (c *calls) convolve(g geometry, x, W handle) handle {
	return c.one(func(out *handle) {
		lib.AtgConvolution(out, x, W, nil, g.stride, 2, g.pad, 2, []int64{1, 1}, 2, 0, []int64{0, 0}, 2, 1)
	})
}

// deconvolve makes images of maps.
func (c *calls) deconvolve(g geometry, y, W handle) handle {
	rest := []int64{(int64(g.h) + 2*g.pad[0] - int64(g.kh)) % g.stride[0], (int64(g.w) + 2*g.pad[1] - int64(g.kw)) % g.stride[1]}
	return c.one(func(out *handle) {
		lib.AtgConvolution(out, y, W, nil, g.stride, 2, g.pad, 2, []int64{1, 1}, 2, 1, rest, 2, 1)
	})
}

// correlate makes kernels of the given shape (f,c,kh,kw) of images and maps: a convolution of images with
// maps as kernels, in which examples and channels have changed places, and stride and dilation.
// The rows and columns of the image that a stride leaves out give kernels a rest that is cut off.
func (c *calls) correlate(g geometry, x, y handle, shape []int) handle {
	swapped := func(x handle) handle {
		return c.one(func(out *handle) { lib.AtgTranspose(out, x, 0, 1) })
	}
	xs, ys := swapped(x), swapped(y)
	W := c.one(func(out *handle) {
		lib.AtgConvolution(out, xs, ys, nil, []int64{1, 1}, 2, g.pad, 2, g.stride, 2, 0, []int64{0, 0}, 2, 1)
	})
	return swapped(c.narrow(c.narrow(W, 2, 0, shape[2]), 3, 0, shape[3]))
}
