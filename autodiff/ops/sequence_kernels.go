package ops

import (
	"math"
	"sync"

	"capas/internal/kernels"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// vectors is the arithmetic of the cells on vectors, and what else their kernels need.
type vectors[T Float] struct {
	sigmoid, tanh, relu             func(y, x []T)
	add, sub, mul                   func(y, a, b []T)
	sigmoidGrad, tanhGrad, reluGrad func(dx, y, dy []T)
	// Those of the kernels of the same names.
	addProduct, mix                                  func(y, a, b, c []T)
	sigmoidGradProduct, tanhGradProduct, tanhGradMix func(dx, y, dy, x []T)
	productSum, sigmoidGradMix, addTanhGradProduct   func(y, a, b, c, d []T)
	// zero is a vector of zeros: the state before the first step.
	zero []T
	// buffers are the working memories of the calls that run at the same time.
	buffers *sync.Pool
}

// newVectors returns the arithmetic for vectors of at most n elements and the size of the
// buffers.
func newVectors[T Float](n int) *vectors[T] {
	v := &vectors[T]{zero: make([]T, n), buffers: &sync.Pool{New: func() any { return new([]T) }}}
	switch v := any(v).(type) {
	case *vectors[float32]:
		v.sigmoid, v.tanh, v.relu = kernels.Sigmoid, kernels.Tanh, kernels.ReLU
		v.add, v.sub, v.mul = kernels.Add, kernels.Sub, kernels.Mul
		v.sigmoidGrad = kernels.SigmoidGrad
		v.tanhGrad = func(dx, y, dy []float32) { kernels.TanhGrad(dx, y, dy, 1, 1) }
		v.reluGrad = func(dx, y, dy []float32) { kernels.LeakyReLUGrad(dx, y, dy, 0) }
		v.addProduct, v.mix = kernels.AddProduct, kernels.Mix
		v.sigmoidGradProduct, v.tanhGradProduct, v.tanhGradMix = kernels.SigmoidGradProduct, kernels.TanhGradProduct, kernels.TanhGradMix
		v.productSum, v.sigmoidGradMix, v.addTanhGradProduct = kernels.ProductSum, kernels.SigmoidGradMix, kernels.AddTanhGradProduct
	case *vectors[float64]: // for gradient checks
		v.sigmoid = each64(func(x float64) float64 { return 1 / (1 + math.Exp(-x)) })
		v.tanh = each64(math.Tanh)
		v.relu = each64(func(x float64) float64 { return max(x, 0) })
		v.add = both64(func(a, b float64) float64 { return a + b })
		v.sub = both64(func(a, b float64) float64 { return a - b })
		v.mul = both64(func(a, b float64) float64 { return a * b })
		v.sigmoidGrad = both64(func(y, dy float64) float64 { return dy * y * (1 - y) })
		v.tanhGrad = both64(func(y, dy float64) float64 { return dy * (1 - y*y) })
		v.reluGrad = both64(func(y, dy float64) float64 {
			if y > 0 {
				return dy
			}
			return 0
		})
		v.addProduct = many64(func(a, b, c, _ float64) float64 { return a + b*c })
		v.mix = many64(func(a, b, c, _ float64) float64 { return a + c*(b-a) })
		v.sigmoidGradProduct = many64(func(y, dy, x, _ float64) float64 { return dy * x * y * (1 - y) })
		v.tanhGradProduct = many64(func(y, dy, x, _ float64) float64 { return dy * x * (1 - y*y) })
		v.tanhGradMix = many64(func(y, dy, a, _ float64) float64 { return dy * (1 - a) * (1 - y*y) })
		v.productSum = all64(func(a, b, c, d float64) float64 { return a*b + c*d })
		v.sigmoidGradMix = all64(func(y, dy, a, b float64) float64 { return dy * (a - b) * y * (1 - y) })
		v.addTanhGradProduct = all64(func(c, y, dy, x float64) float64 { return c + dy*x*(1-y*y) })
	}
	return v
}

func many64(f func(a, b, c, d float64) float64) func(y, a, b, c []float64) {
	return func(y, a, b, c []float64) {
		for i, v := range a {
			y[i] = f(v, b[i], c[i], 0)
		}
	}
}

func all64(f func(a, b, c, d float64) float64) func(y, a, b, c, d []float64) {
	return func(y, a, b, c, d []float64) {
		for i, v := range a {
			y[i] = f(v, b[i], c[i], d[i])
		}
	}
}

func each64(f func(x float64) float64) func(y, x []float64) {
	return func(y, x []float64) {
		for i, v := range x {
			y[i] = f(v)
		}
	}
}

func both64(f func(a, b float64) float64) func(y, a, b []float64) {
	return func(y, a, b []float64) {
		for i, v := range a {
			y[i] = f(v, b[i])
		}
	}
}

// buffer returns n zeros; give it back to v.buffers.
func (v *vectors[T]) buffer(n int) *[]T {
	b := v.buffers.Get().(*[]T)
	if cap(*b) < n {
		*b = make([]T, n)
	}
	*b = (*b)[:n]
	clear(*b)
	return b
}

// squash returns a function of the given name and its derivative as a function of its value.
func (v *vectors[T]) squash(name string) (f func(y, x []T), grad func(dx, y, dy []T)) {
	switch name {
	case "sigmoid":
		return v.sigmoid, v.sigmoidGrad
	case "relu":
		return v.relu, v.reluGrad
	default:
		return v.tanh, v.tanhGrad
	}
}

// sumProduct is c = start + a·b, with a (m,k), b (k,n), c and start (m,n), whose rows are lda, n, ldc and
// lds elements apart.
func sumProduct[T Float](m, n, k int, start []T, lds int, a []T, lda int, b []T, c []T, ldc int) {
	var element T
	switch any(element).(type) {
	case float32:
		p := kernels.Product{M: m, N: n, K: k, A: as[float32](a), Lda: lda, B: as[float32](b), Ldb: n, C: as[float32](c), Ldc: ldc, Start: as[float32](start), Lds: lds}
		p.Run()
	case float64:
		copyRows(m, n, start, lds, c, ldc)
		addProduct(m, n, k, a, lda, b, c, ldc)
	}
}

// copyRows copies m rows of n elements, from and to rows that are lds and ldc elements apart.
func copyRows[T Float](m, n int, start []T, lds int, c []T, ldc int) {
	for i := range m {
		copy(c[i*ldc:][:n], start[i*lds:])
	}
}

// addProduct adds a·b to c, with a (m,k), b (k,n), c (m,n) whose rows are lda, n and ldc elements
// apart.
func addProduct[T Float](m, n, k int, a []T, lda int, b []T, c []T, ldc int) {
	var element T
	switch any(element).(type) {
	case float32:
		p := kernels.Product{M: m, N: n, K: k, A: as[float32](a), Lda: lda, B: as[float32](b), Ldb: n, C: as[float32](c), Ldc: ldc, Accumulate: true}
		p.Run()
	case float64:
		gonum.Implementation{}.Dgemm(blas.NoTrans, blas.NoTrans, m, n, k, 1, as[float64](a), lda, as[float64](b), n, 1, as[float64](c), ldc)
	}
}

// states finds the states before a step in the records of a forward pass.
type states[T Float] struct {
	*recurrence
	records, h0, c0, mask []T
	zero                  []T
}

func newStates[T Float](r *recurrence, records []T, x [][]T, shift int, zero []T) states[T] {
	get := func(place int) []T {
		if place < 0 {
			return nil
		}
		return x[place+shift]
	}
	return states[T]{r, records, get(r.h0), get(r.c0), get(r.mask), zero}
}

// block returns the states h before step s of the sequences from first on, as a matrix whose rows
// are ld elements apart; nil if they are 0.
func (s *states[T]) block(step, first int) (h []T, ld int) {
	switch {
	case step > 0:
		return s.records[(first*s.steps+s.at(step-1))*s.record:], s.steps * s.record
	case s.h0 != nil:
		return s.h0[first*s.units:], s.units
	}
	return nil, 0
}

// hidden is the state h before the step of a row, cell that of an LSTM's cells.
func (s *states[T]) hidden(row int) []T { return s.before(row, 0, s.h0) }
func (s *states[T]) cell(row int) []T   { return s.before(row, s.units, s.c0) }

func (s *states[T]) before(row, offset int, initial []T) []T {
	if b := s.recurrence.before(row); b >= 0 {
		return s.records[b*s.record+offset:][:s.units]
	}
	if initial != nil {
		return initial[row/s.steps*s.units:][:s.units]
	}
	return s.zero[:s.units]
}

// addIncoming adds to d what comes to the state after a step from outside of the recurrence, of the
// derivatives dh of all states or of the final ones.
func (s *states[T]) addIncoming(v *vectors[T], d, dh []T, row, step int) {
	switch {
	case !s.final:
		v.add(d, d, dh[row*s.units:][:s.units])
	case step == s.steps-1:
		v.add(d, d, dh[row/s.steps*s.units:][:s.units])
	}
}

// skipped tells whether the step of a row is left out.
func (s *states[T]) skipped(row int) bool { return s.mask != nil && s.mask[row] == 0 }
