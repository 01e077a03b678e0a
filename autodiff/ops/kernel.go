package ops

import (
	"errors"
	"fmt"

	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Kernel returns the kernel of an operation for elements of T, or for one that draws
// random numbers that of its draw; both are nil if it has none.
func Kernel[T Float](o *Op) (f func(y []T, x [][]T), draw func(y []T, x [][]T, d random.Draw, first int)) {
	if o.Draw != nil {
		draw, _ = any(o.Draw.F32).(func([]T, [][]T, random.Draw, int))
		if draw == nil {
			draw, _ = any(o.Draw.F64).(func([]T, [][]T, random.Draw, int))
		}
		return nil, draw
	}
	if f, _ = any(o.F32).(func([]T, [][]T)); f == nil {
		f, _ = any(o.F64).(func([]T, [][]T))
	}
	return f, nil
}

// Ranged is the kernel of an operation whose result can be computed in ranges. F32 and
// F64 compute the elements from, …, to−1 of y; both numbers are multiples of Grain, or
// the end of y. A Grain of 0 is one of 1. Flop is the number of floating-point operations
// for all of y, where it says more about the time than the elements read do; 0 otherwise.
type Ranged struct {
	Grain int
	Flop  float64
	F32   func(y []float32, x [][]float32, from, to int)
	F64   func(y []float64, x [][]float64, from, to int)
}

// RangeKernel returns the kernel of a ranged operation for elements of T.
func RangeKernel[T Float](o *Op) func(y []T, x [][]T, from, to int) {
	if f, ok := any(o.Ranged.F32).(func([]T, [][]T, int, int)); ok {
		return f
	}
	f, _ := any(o.Ranged.F64).(func([]T, [][]T, int, int))
	return f
}

// HasKernel tells whether the operation has a kernel for the dtype of its operands.
func (o *Op) HasKernel() bool {
	if o.dtype == tensor.Float32 {
		return o.F32 != nil
	}
	return o.F64 != nil
}

// Scratch is the working memory of one call at a time of Op.Run.
type Scratch struct {
	x32 [][]float32
	x64 [][]float64
}

// errKernel reports an operation without a kernel for the dtype of its operands.
var errKernel = errors.New("no kernel for this dtype")

// Run computes the result from the operands in into out, which must have the
// result's shape. It allocates nothing once s has been used with as many operands.
func (o *Op) Run(out G.Value, in []G.Value, s *Scratch) error {
	switch o.dtype {
	case tensor.Float32:
		if o.F32 == nil {
			return fmt.Errorf("%s: %v: %w", o.Name, o.dtype, errKernel)
		}
		return run(o, out, in, &s.x32, o.F32)
	default:
		if o.F64 == nil {
			return fmt.Errorf("%s: %v: %w", o.Name, o.dtype, errKernel)
		}
		return run(o, out, in, &s.x64, o.F64)
	}
}

func run[T Float](o *Op, out G.Value, in []G.Value, x *[][]T, f func([]T, [][]T)) error {
	if len(in) != len(o.in) {
		return fmt.Errorf("%s: want %d operands, got %d", o.Name, len(o.in), len(in))
	}
	if cap(*x) < len(in) {
		*x = make([][]T, len(in))
	}
	*x = (*x)[:len(in)]
	for i, v := range in {
		e, err := Elements[T](v)
		if err != nil {
			return fmt.Errorf("%s: operand %d: %w", o.Name, i, err)
		}
		if len(e) != o.in[i].TotalSize() {
			return fmt.Errorf("%s: want operand %d of shape %v, got %v", o.Name, i, o.in[i], v.Shape())
		}
		(*x)[i] = e
	}
	y, err := Elements[T](out)
	if err != nil {
		return fmt.Errorf("%s: result: %w", o.Name, err)
	}
	if len(y) != o.Def.Shape.TotalSize() {
		return fmt.Errorf("%s: want a result of shape %v, got %v", o.Name, o.Def.Shape, out.Shape())
	}
	f(y, *x)
	return nil
}
