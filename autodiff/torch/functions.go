//go:build libtorch && cgo

package torch

import (
	lib "github.com/sugarme/gotch/libtch"
)

// unary are libtorch's functions of one tensor.
func (c *calls) unary(f func(out *handle, x handle), x handle) handle {
	return c.one(func(out *handle) { f(out, x) })
}

// binary are libtorch's functions of two, which may be scalars.
func (c *calls) binary(f func(out *handle, a, b handle), a, b handle) handle {
	return c.one(func(out *handle) { f(out, a, b) })
}

// scalar are libtorch's functions of a tensor and a number.
func (c *calls) scalar(f func(out *handle, x handle, s lib.Cscalar), x handle, v float64) handle {
	return c.with(v, func(out *handle, s lib.Cscalar) { f(out, x, s) })
}

func (c *calls) add(a, b handle) handle               { return c.binary(lib.AtgAdd, a, b) }
func (c *calls) sub(a, b handle) handle               { return c.binary(lib.AtgSub, a, b) }
func (c *calls) mul(a, b handle) handle               { return c.binary(lib.AtgMul, a, b) }
func (c *calls) div(a, b handle) handle               { return c.binary(lib.AtgDiv, a, b) }
func (c *calls) square(x handle) handle               { return c.binary(lib.AtgMul, x, x) }
func (c *calls) addNumber(x handle, v float64) handle { return c.scalar(lib.AtgAddScalar, x, v) }
func (c *calls) times(x handle, v float64) handle     { return c.scalar(lib.AtgMulScalar, x, v) }
func (c *calls) exp(x handle) handle                  { return c.unary(lib.AtgExp, x) }
func (c *calls) sigmoid(x handle) handle              { return c.unary(lib.AtgSigmoid, x) }
func (c *calls) tanh(x handle) handle                 { return c.unary(lib.AtgTanh, x) }
func (c *calls) sqrt(x handle) handle                 { return c.unary(lib.AtgSqrt, x) }
func (c *calls) choose(which, yes, no handle) handle {
	return c.one(func(out *handle) { lib.AtgWhereSelf(out, which, yes, no) })
}
func (c *calls) above(x handle, v float64) handle  { return c.scalar(lib.AtgGt, x, v) }
func (c *calls) equals(x handle, v float64) handle { return c.scalar(lib.AtgEq, x, v) }
func (c *calls) indexOf(x handle, dim int64) handle {
	return c.one(func(out *handle) { lib.AtgArgmax(out, x, dim, 0, 0) })
}
func (c *calls) product(a, b handle) handle             { return c.binary(lib.AtgMm, a, b) }
func (c *calls) number(x handle) handle                 { return c.cast(x, c.dtype) }
func (c *calls) index(x handle) handle                  { return c.cast(x, typeInt64) }
func (c *calls) columnsOf(x handle, from, n int) handle { return c.narrow(x, 1, from, n) }

// linear is a·x + d.
func (c *calls) linear(x handle, a, d float64) handle {
	if a != 1 {
		x = c.times(x, a)
	}
	if d != 0 {
		x = c.addNumber(x, d)
	}
	return x
}

func (c *calls) cast(x handle, dtype int32) handle {
	return c.one(func(out *handle) { lib.AtgToDtype(out, x, dtype, 0, 0) })
}

// clone is x in memory of its own.
func (c *calls) clone(x handle, dtype int32) handle {
	return c.one(func(out *handle) { lib.AtgToDtype(out, x, dtype, 0, 1) })
}

// transposed exchanges rows and columns, without moving them.
func (c *calls) transposed(x handle) handle {
	return c.one(func(out *handle) { lib.AtgTranspose(out, x, 0, 1) })
}

func (c *calls) transposedIf(x handle, yes bool) handle {
	if yes {
		return c.transposed(x)
	}
	return x
}

// sum is that of all elements, a scalar.
func (c *calls) sum(x handle) handle {
	return c.one(func(out *handle) { lib.AtgSum(out, x, c.dtype) })
}

// sumOver sums over some dimensions.
func (c *calls) sumOver(x handle, dims ...int64) handle {
	return c.one(func(out *handle) { lib.AtgSumDimIntlist(out, x, dims, len(dims), 0, c.dtype) })
}

func (c *calls) reshape(x handle, shape ...int) handle {
	if len(shape) == 0 {
		return c.same(x)
	}
	return c.one(func(out *handle) { lib.AtgReshape(out, x, sizes(shape), len(shape)) })
}

func (c *calls) expand(x handle, shape ...int) handle {
	return c.one(func(out *handle) { lib.AtgExpand(out, x, sizes(shape), len(shape), 0) })
}

func (c *calls) permute(x handle, dims ...int64) handle {
	return c.one(func(out *handle) { lib.AtgPermute(out, x, dims, len(dims)) })
}

func (c *calls) narrow(x handle, dim, from, n int) handle {
	return c.one(func(out *handle) { lib.AtgNarrow(out, x, int64(dim), int64(from), int64(n)) })
}

// at is x at an index of a dimension, which is then gone.
func (c *calls) at(x handle, dim, i int) handle {
	return c.one(func(out *handle) { lib.AtgSelect(out, x, int64(dim), int64(i)) })
}

func (c *calls) cat(dim int, x ...handle) handle {
	return c.one(func(out *handle) { lib.AtgCat(out, x, len(x), int64(dim)) })
}

// stack puts tensors beside each other along a new dimension.
func (c *calls) stack(dim int, x ...handle) handle {
	return c.one(func(out *handle) { lib.AtgStack(out, x, len(x), int64(dim)) })
}

func (c *calls) zeros(shape ...int) handle {
	return c.one(func(out *handle) { lib.AtgZeros(out, sizes(shape), len(shape), c.dtype, c.device) })
}

func (c *calls) softmax(x handle) handle {
	return c.one(func(out *handle) { lib.AtgSoftmax(out, x, 1, c.dtype) })
}

func (c *calls) gather(x handle, dim int, index handle) handle {
	return c.one(func(out *handle) { lib.AtgGather(out, x, int64(dim), index, 0) })
}

func (c *calls) scatterAdd(x handle, dim int, index, source handle) handle {
	return c.one(func(out *handle) { lib.AtgScatterAdd(out, x, int64(dim), index, source) })
}

func (c *calls) selectFrom(x handle, dim int, index handle) handle {
	return c.one(func(out *handle) { lib.AtgIndexSelect(out, x, int64(dim), index) })
}

// order is the permutation that sorts a vector; of equal elements the first comes first.
func (c *calls) order(x handle) handle {
	return c.one(func(out *handle) { lib.AtgArgsortStable(out, x, 1, 0, 0) })
}
