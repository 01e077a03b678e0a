package ops

import (
	"fmt"
	"unsafe"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// NewValue returns a zero value of the given dtype (float32 or float64) and shape:
// a *gorgonia.F32 or *gorgonia.F64 for the empty shape, otherwise a *tensor.Dense.
func NewValue(dt tensor.Dtype, shape tensor.Shape) G.Value {
	switch {
	case shape.Dims() > 0:
		return tensor.New(tensor.Of(dt), tensor.WithShape(shape...))
	case dt == tensor.Float32:
		return G.NewF32(0)
	default:
		return G.NewF64(0)
	}
}

// Elements returns the elements of v in row-major order, sharing its memory; a
// scalar gives a slice of length 1. It fails where T is not the dtype of v and
// where v is a view whose rows are not contiguous.
func Elements[T Float](v G.Value) ([]T, error) {
	switch v := v.(type) {
	case *tensor.Dense:
		if v.RequiresIterator() || v.DataOrder().IsColMajor() {
			return nil, fmt.Errorf("tensor of shape %v and strides %v is not contiguous in row-major order", v.Shape(), v.Strides())
		}
		var want T
		switch any(want).(type) {
		case float32:
			if v.Dtype() == tensor.Float32 {
				e := v.Float32s()
				return *(*[]T)(unsafe.Pointer(&e)), nil // T is float32; an assertion would allocate
			}
		case float64:
			if v.Dtype() == tensor.Float64 {
				e := v.Float64s()
				return *(*[]T)(unsafe.Pointer(&e)), nil
			}
		}
		return nil, fmt.Errorf("want elements of %T, got %v", want, v.Dtype())
	case *G.F32:
		if e, ok := any((*float32)(v)).(*T); ok {
			return unsafe.Slice(e, 1), nil
		}
	case *G.F64:
		if e, ok := any((*float64)(v)).(*T); ok {
			return unsafe.Slice(e, 1), nil
		}
	case nil:
		return nil, fmt.Errorf("has no value")
	}
	var want T
	return nil, fmt.Errorf("want elements of %T, got a value of type %T", want, v)
}

// Scalar returns the single element of v as a float64.
func Scalar(v G.Value) (float64, error) {
	if e, err := Elements[float32](v); err == nil && len(e) == 1 {
		return float64(e[0]), nil
	}
	if e, err := Elements[float64](v); err == nil && len(e) == 1 {
		return e[0], nil
	}
	return 0, fmt.Errorf("want a scalar of float32 or float64, got %T of %v", v, v)
}

// Constant adds the scalar constant c to the graph of like, in its dtype.
func Constant(like *G.Node, c float64) (*G.Node, error) {
	if like == nil || like.Graph() == nil {
		return nil, fmt.Errorf("constant %g: no node to take graph and dtype from", c)
	}
	if like.Dtype() == tensor.Float32 {
		return like.Graph().AddNode(G.NewConstant(float32(c))), nil
	}
	return like.Graph().AddNode(G.NewConstant(c)), nil
}

// constant returns the value of a scalar constant node.
func constant(n *G.Node) (c float64, ok bool) {
	if n == nil || n.Op() == nil || n.Op().Arity() != 0 || n.Shape().Dims() != 0 || n.Value() == nil {
		return 0, false
	}
	c, err := Scalar(n.Value())
	return c, err == nil
}

// Chain keeps the first error of a chain of graph-building calls, so that a formula
// can be written as one:
//
//	var c ops.Chain
//	h := c.Do(blocks.Apply(act, c.Do(ops.Affine(v, W, b))))
//	return h, c.Err()
type Chain struct{ err error }

// Do passes n on and keeps err if it is the first one. After an error it returns
// nil, which every function of this package answers with an error of its own.
func (c *Chain) Do(n *G.Node, err error) *G.Node {
	if c.err == nil {
		c.err = err
	}
	if c.err != nil {
		return nil
	}
	return n
}

// Err returns the first error.
func (c *Chain) Err() error { return c.err }
