//go:build libtorch && cgo

package torch

// #cgo LDFLAGS: -ldl
// #define _GNU_SOURCE
// #include <dlfcn.h>
// #include <stdint.h>
// #include <stdlib.h>
// // OpenBLAS, which Debian's libtorch multiplies matrices with, has threads of its own.
// static void set_blas_threads(int n) {
//   void (*set)(int) = (void (*)(int))dlsym(RTLD_DEFAULT, "openblas_set_num_threads");
//   if (set) set(n);
// }
// void at_set_num_threads(int n);
// void *at_tensor_of_blob(void *data, int64_t *dims, size_t ndims, int64_t *strides, size_t nstrides, int type, int device);
import "C"

import (
	"errors"
	"fmt"
	"strings"
	"unsafe"

	lib "github.com/sugarme/gotch/libtch"
	"gorgonia.org/tensor"
)

// A handle is libtorch's reference to a tensor.
type handle = lib.Ctensor

// Types of elements by libtorch's numbers.
const (
	typeInt64   = 4
	typeFloat32 = 6
	typeFloat64 = 7
)

// deviceCPU is the number of the processor among libtorch's devices; GPUs are 0, 1, …
const deviceCPU = -1

// calls makes libtorch's calls one after the other and remembers the tensors that they gave. After the
// first error it makes no more. All methods must be called on one thread of the system: libtorch keeps
// the error of a call by thread.
type calls struct {
	dtype  int32 // of floating-point tensors
	device int32
	made   []handle
	err    error
	// out is where libtorch writes its results. It lies alone: Go refuses C the address of memory
	// that holds addresses of Go's.
	out *[2]handle
}

func newCalls(device int32) *calls {
	return &calls{device: device, dtype: typeFloat32, out: new([2]handle)}
}

// setThreads bounds the threads that libtorch divides an operation among.
func setThreads(n int) error {
	C.at_set_num_threads(C.int(n))
	C.set_blas_threads(C.int(n))
	return libError()
}

// libError is the error of the last call on this thread, without the trace of C++.
func libError() error {
	p := unsafe.Pointer(lib.GetAndResetLastErr())
	if p == nil {
		return nil
	}
	text := C.GoString((*C.char)(p))
	C.free(p)
	text, _, _ = strings.Cut(text, "\nException raised from")
	return errors.New(strings.Join(strings.Fields(text), " "))
}

// one makes a call that gives one tensor.
func (c *calls) one(call func(out *handle)) handle {
	if c.err != nil {
		return nil
	}
	c.out[0] = nil
	call(&c.out[0])
	return c.keep(c.out[0])
}

// two makes a call that gives two tensors.
func (c *calls) two(call func(out *handle)) (a, b handle) {
	if c.err != nil {
		return nil, nil
	}
	*c.out = [2]handle{}
	call(&c.out[0])
	second := c.out[1]
	if a = c.keep(c.out[0]); a != nil {
		b = c.keep(second)
	}
	return a, b
}

// keep remembers the result of a call.
func (c *calls) keep(h handle) handle {
	if c.err = libError(); c.err == nil && h == nil {
		c.err = errors.New("the call gave no tensor")
	}
	if c.err != nil {
		return nil
	}
	c.made = append(c.made, h)
	return h
}

// release frees what was made, but for one tensor.
func (c *calls) release(but handle) {
	for _, h := range c.made {
		if h != but {
			lib.AtFree(h)
		}
	}
	c.made = c.made[:0]
}

// with makes a call with a number.
func (c *calls) with(v float64, call func(out *handle, s lib.Cscalar)) handle {
	if c.err != nil {
		return nil
	}
	s := lib.AtsFloat(v)
	defer lib.AtsFree(s)
	return c.one(func(out *handle) { call(out, s) })
}

// blob is a tensor of the program's memory, which must be pinned as long as it is in use.
func (c *calls) blob(data unsafe.Pointer, shape tensor.Shape, dtype int32) handle {
	if c.err != nil {
		return nil
	}
	n := max(1, len(shape))
	dims, strides := make([]int64, n), make([]int64, n)
	step := int64(1)
	for i := len(shape) - 1; i >= 0; i-- {
		dims[i], strides[i] = int64(shape[i]), step
		step *= int64(shape[i])
	}
	return c.keep(handle(C.at_tensor_of_blob(data, (*C.int64_t)(&dims[0]), C.size_t(len(shape)),
		(*C.int64_t)(&strides[0]), C.size_t(len(shape)), C.int(dtype), deviceCPU)))
}

// same is another reference to a tensor.
func (c *calls) same(x handle) handle {
	return c.one(func(out *handle) { *out = lib.AtShallowClone(x) })
}

// copyTo copies the elements of x to those of y, which may be on another device.
func (c *calls) copyTo(y, x handle) {
	if c.err != nil {
		return
	}
	lib.AtCopy_(y, x)
	c.err = libError()
}

// shapeOf is the shape of x.
func shapeOf(x handle) (tensor.Shape, error) {
	n := int(lib.AtDim(x))
	dims := make([]int64, n+1)
	lib.AtShape(x, unsafe.Pointer(&dims[0]))
	if err := libError(); err != nil {
		return nil, fmt.Errorf("shape: %w", err)
	}
	shape := make(tensor.Shape, n)
	for i := range shape {
		shape[i] = int(dims[i])
	}
	return shape, nil
}

func sizes(shape []int) []int64 {
	out := make([]int64, len(shape))
	for i, n := range shape {
		out[i] = int64(n)
	}
	return out
}
