package ops

import "capas/internal/kernels"

func sum32(y []float32, x [][]float32) { y[0] = float32(kernels.Sum(x[0])) }

func sum64(y []float64, x [][]float64) {
	var s float64
	for _, v := range x[0] {
		s += v
	}
	y[0] = s
}

func sumSquares32(y []float32, x [][]float32) { y[0] = float32(kernels.SumSquares(x[0])) }

func sumSquares64(y []float64, x [][]float64) {
	var s float64
	for _, v := range x[0] {
		s += v * v
	}
	y[0] = s
}

func fill32(y []float32, x [][]float32) { kernels.Fill(y, x[0][0]) }

func fill64(y []float64, x [][]float64) {
	for i := range y {
		y[i] = x[0][0]
	}
}

func copyTo[T Float](y []T, x [][]T) { copy(y, x[0]) }

// The sums of columns and rows from, …, to−1.

func colSum32(y []float32, x [][]float32, from, to int) {
	n := len(y)
	kernels.ColSum(y[from:to], x[0][from:], len(x[0])/n, to-from, n)
}

func colSum64(y []float64, x [][]float64, from, to int) {
	n, y := len(y), y[from:to]
	clear(y)
	for i := from; i < len(x[0]); i += n {
		for j, v := range x[0][i:][:len(y)] {
			y[j] += v
		}
	}
}

func rowSum32(y []float32, x [][]float32, from, to int) {
	n := len(x[0]) / len(y)
	kernels.RowSum(y[from:to], x[0][from*n:to*n], n)
}

func rowSum64(y []float64, x [][]float64, from, to int) {
	n := len(x[0]) / len(y)
	for i := from; i < to; i++ {
		y[i] = 0
		for _, v := range x[0][i*n : (i+1)*n] {
			y[i] += v
		}
	}
}

func repeatRows[T Float](y []T, x [][]T) {
	for b := x[0]; len(y) > 0; y = y[len(b):] {
		copy(y, b)
	}
}

func repeatCols32(y []float32, x [][]float32) {
	n := len(y) / len(x[0])
	for i, v := range x[0] {
		kernels.Fill(y[i*n:(i+1)*n], v)
	}
}

func repeatCols64(y []float64, x [][]float64) {
	n := len(y) / len(x[0])
	for i, v := range x[0] {
		for j := i * n; j < (i+1)*n; j++ {
			y[j] = v
		}
	}
}
