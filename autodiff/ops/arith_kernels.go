package ops

import (
	"math"

	"capas/internal/kernels"
)

// A kernel's operand of length 1 is a scalar, also where y has one element.

func add32(y []float32, x [][]float32) {
	a, b := x[0], x[1]
	switch {
	case len(a) == len(b):
		kernels.Add(y, a, b)
	case len(a) == 1:
		kernels.AddScalar(y, b, a[0])
	default:
		kernels.AddScalar(y, a, b[0])
	}
}

func add64(y []float64, x [][]float64) {
	a, b := x[0], x[1]
	switch {
	case len(a) == len(b):
		b = b[:len(y)]
		for i, v := range a[:len(y)] {
			y[i] = v + b[i]
		}
	case len(a) == 1:
		addTo(y, b, a[0])
	default:
		addTo(y, a, b[0])
	}
}

func addTo(y, x []float64, s float64) {
	for i, v := range x[:len(y)] {
		y[i] = v + s
	}
}

func sub32(y []float32, x [][]float32) {
	a, b := x[0], x[1]
	switch {
	case len(a) == len(b):
		kernels.Sub(y, a, b)
	case len(a) == 1:
		kernels.SubFrom(y, b, a[0])
	default:
		kernels.AddScalar(y, a, -b[0])
	}
}

func sub64(y []float64, x [][]float64) {
	a, b := x[0], x[1]
	switch {
	case len(a) == len(b):
		b = b[:len(y)]
		for i, v := range a[:len(y)] {
			y[i] = v - b[i]
		}
	case len(a) == 1:
		for i, v := range b[:len(y)] {
			y[i] = a[0] - v
		}
	default:
		addTo(y, a, -b[0])
	}
}

func mul32(y []float32, x [][]float32) {
	a, b := x[0], x[1]
	switch {
	case len(a) == len(b):
		kernels.Mul(y, a, b)
	case len(a) == 1:
		kernels.Scale(y, b, a[0])
	default:
		kernels.Scale(y, a, b[0])
	}
}

func mul64(y []float64, x [][]float64) {
	a, b := x[0], x[1]
	switch {
	case len(a) == len(b):
		b = b[:len(y)]
		for i, v := range a[:len(y)] {
			y[i] = v * b[i]
		}
	case len(a) == 1:
		scaleTo(y, b, a[0])
	default:
		scaleTo(y, a, b[0])
	}
}

func scaleTo[T Float](y, x []T, s T) {
	for i, v := range x[:len(y)] {
		y[i] = v * s
	}
}

func linear32(a, d float32) func([]float32, [][]float32) {
	return func(y []float32, x [][]float32) { kernels.Linear(y, x[0], a, d) }
}

func linear64(a, d float64) func([]float64, [][]float64) {
	return func(y []float64, x [][]float64) {
		for i, v := range x[0][:len(y)] {
			y[i] = a*v + d
		}
	}
}

func square64(y []float64, x [][]float64) {
	for i, v := range x[0][:len(y)] {
		y[i] = v * v
	}
}

func abs64(y []float64, x [][]float64) {
	for i, v := range x[0][:len(y)] {
		y[i] = math.Abs(v)
	}
}

func sign64(y []float64, x [][]float64) {
	for i, v := range x[0][:len(y)] {
		switch {
		case v > 0:
			y[i] = 1
		case v < 0:
			y[i] = -1
		default:
			y[i] = 0
		}
	}
}
