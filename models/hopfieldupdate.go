package models

import (
	"cmp"
	"fmt"
	"slices"

	"capas/autodiff/ops"

	G "gorgonia.org/gorgonia"
)

// turn is the sign of the fields or, where they are 0, the states s as they are; of units
// that are not chosen the states too, if chosen (n) is not nil. All are (m,n).
func turn(field, s, chosen *G.Node) (*G.Node, error) {
	var c ops.Chain
	in := G.Nodes{field, s}
	if chosen != nil {
		if shape := chosen.Shape(); shape.Dims() != 1 || shape[0] != s.Shape()[1] {
			return nil, fmt.Errorf("update: want %d numbers that choose units, got shape %v", s.Shape()[1], shape)
		}
		in = append(in, c.Do(ops.RepeatRows(chosen, s.Shape()[0])))
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	return ops.Apply(ops.Def{Name: "turn", Shape: s.Shape(), F32: turned[float32], F64: turned[float64], Elementwise: true}, in...)
}

func turned[T ops.Float](y []T, x [][]T) {
	field, s := x[0], x[1]
	for i := range y {
		if len(x) > 2 && x[2][i] == 0 {
			y[i] = s[i]
		} else {
			y[i] = signOr(field[i], s[i])
		}
	}
}

// signOr is the sign of a field, or the state if there is none.
func signOr[T ops.Float](field, state T) T {
	switch {
	case field > 0:
		return 1
	case field < 0:
		return -1
	}
	return state
}

// turnOrder is the permutation that sorts keys (n): its element k is the number of the unit
// whose turn is k-th. Of equal keys the first unit comes first.
func turnOrder(keys *G.Node, n int) (*G.Node, error) {
	if shape := keys.Shape(); shape.Dims() != 1 || shape[0] != n {
		return nil, fmt.Errorf("sweep: want %d keys, one a unit, got shape %v", n, shape)
	}
	return ops.Apply(ops.Def{Name: "order", Shape: keys.Shape(), F32: sortedUnits[float32], F64: sortedUnits[float64]}, keys)
}

func sortedUnits[T ops.Float](y []T, x [][]T) {
	keys := x[0]
	for i := range y {
		y[i] = T(i)
	}
	slices.SortFunc(y, func(a, b T) int { return cmp.Or(cmp.Compare(keys[int(a)], keys[int(b)]), cmp.Compare(a, b)) })
}

// sweepUnits updates units one after the other: in are their fields (m,n), states (m,n), weights
// (n,n) and, unless it is that of their numbers, the order (n). The fields are those of the
// states as they are; every unit that turns changes those of the units after it. As every
// unit has one turn, y holds the new states of those that had it and the fields of the
// others.
func sweepUnits(in G.Nodes) (*G.Node, error) {
	shape := in[1].Shape()
	return ops.Apply(ops.Def{
		Name: "sweep", Shape: shape,
		Ranged: &ops.Ranged{Grain: shape[1], F32: sweptRows[float32](shape[1]), F64: sweptRows[float64](shape[1])},
	}, in...)
}

func sweptRows[T ops.Float](n int) func(y []T, x [][]T, from, to int) {
	return func(y []T, x [][]T, from, to int) {
		for at := from; at < to; at += n {
			row, s := y[at:at+n], x[1][at:at+n]
			copy(row, x[0][at:at+n])
			if len(x) > 3 {
				sweptInOrder(row, s, x[2], x[3])
			} else {
				swept(row, s, x[2])
			}
		}
	}
}

// swept updates the units of a row from the first to the last.
func swept[T ops.Float](y, s, w []T) {
	n := len(y)
	for i := range y {
		state := signOr(y[i], s[i])
		if by := state - s[i]; by != 0 {
			rest := w[i*n+i+1 : (i+1)*n]
			for j, v := range y[i+1:] {
				y[i+1+j] = v + by*rest[j]
			}
		}
		y[i] = state
	}
}

// sweptInOrder updates them in an order.
func sweptInOrder[T ops.Float](y, s, w, order []T) {
	n := len(y)
	for k, unit := range order {
		i := int(unit)
		state := signOr(y[i], s[i])
		if by := state - s[i]; by != 0 {
			row := w[i*n : (i+1)*n]
			for _, other := range order[k+1:] {
				j := int(other)
				y[j] += by * row[j]
			}
		}
		y[i] = state
	}
}
