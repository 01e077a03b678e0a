package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Columns are the columns from, …, to−1 of x (m,n), a matrix (m, to−from): a step of
// sequences, say, that stand one in a row.
func Columns(x *G.Node, from, to int) (*G.Node, error) {
	m, n, err := dims("columns", x)
	if err != nil {
		return nil, err
	}
	if from < 0 || to > n || from >= to {
		return nil, fmt.Errorf("columns: want some of %d, got those from %d up to %d", n, from, to)
	}
	if from == 0 && to == n {
		return x, nil
	}
	return Apply(columns(m, n, from, to, func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
		dx, err := placeColumns(dy, from, n)
		return G.Nodes{dx}, err
	}), x)
}

// columns is the operation of Columns with another derivative, or none, if need be.
func columns(m, n, from, to int, diff func(x G.Nodes, y, dy *G.Node) (G.Nodes, error)) Def {
	return Def{
		Name: fmt.Sprintf("columns(%d,%d)", from, to), Shape: tensor.Shape{m, to - from}, Diff: diff,
		Ranged: &Ranged{Grain: to - from, F32: takeColumns[float32](n, from, to), F64: takeColumns[float64](n, from, to)},
	}
}

func takeColumns[T Float](n, first, last int) func(y []T, x [][]T, from, to int) {
	k := last - first
	return func(y []T, x [][]T, from, to int) {
		for i := from / k; i < to/k; i++ {
			copy(y[i*k:][:k], x[0][i*n+first:])
		}
	}
}

// placeColumns is the matrix (m,n) that is x (m,k) in the columns from on and 0 elsewhere: the
// transpose of Columns.
func placeColumns(x *G.Node, from, n int) (*G.Node, error) {
	m, k, err := dims("columns", x)
	if err != nil {
		return nil, err
	}
	return Apply(Def{
		Name: fmt.Sprintf("place columns(%d,%d)", from, n), Shape: tensor.Shape{m, n},
		Ranged: &Ranged{Grain: n, F32: putColumns[float32](n, k, from), F64: putColumns[float64](n, k, from)},
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			dx, err := Columns(dy, from, from+k)
			return G.Nodes{dx}, err
		},
	}, x)
}

func putColumns[T Float](n, k, first int) func(y []T, x [][]T, from, to int) {
	return func(y []T, x [][]T, from, to int) {
		clear(y[from:to])
		for i := from / n; i < to/n; i++ {
			copy(y[i*n+first:], x[0][i*k:][:k])
		}
	}
}

// Beside is the matrix (m, n+k) of a (m,n) and, to the right of it, b (m,k).
func Beside(a, b *G.Node) (*G.Node, error) {
	m, n, err := dims("beside", a)
	if err != nil {
		return nil, err
	}
	mb, k, err := dims("beside", b)
	if err != nil {
		return nil, err
	}
	if m != mb {
		return nil, fmt.Errorf("beside: want equally many rows, got %v and %v", a.Shape(), b.Shape())
	}
	return Apply(Def{
		Name: "beside", Shape: tensor.Shape{m, n + k},
		Ranged: &Ranged{Grain: n + k, F32: sideBySide[float32](n, k), F64: sideBySide[float64](n, k)},
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			var c Chain
			return G.Nodes{c.Do(Columns(dy, 0, n)), c.Do(Columns(dy, n, n+k))}, c.Err()
		},
	}, a, b)
}

func sideBySide[T Float](n, k int) func(y []T, x [][]T, from, to int) {
	return func(y []T, x [][]T, from, to int) {
		for i := from / (n + k); i < to/(n+k); i++ {
			row := y[i*(n+k):][:n+k]
			copy(row[:n], x[0][i*n:])
			copy(row[n:], x[1][i*k:])
		}
	}
}
