package main

import (
	"fmt"
	"math"
	"slices"

	"capas/experiments/lab"
	"capas/internal/tensorfile"
)

// tensorPair is a tensor of two files that is not the same in both.
type tensorPair struct {
	Name string `json:"name"`
	// Only is "A" or "B" if the other file lacks the tensor.
	Only   string `json:"only,omitempty"`
	ShapeA []int  `json:"shape_a,omitempty"`
	ShapeB []int  `json:"shape_b,omitempty"`
	// Different is the number of elements that differ, and Largest the largest difference
	// of two, null where it is not finite; both for tensors of one shape.
	Different int        `json:"different,omitempty"`
	Largest   lab.Number `json:"largest_difference"`
}

// compareTensor returns how two tensors of one name differ, nil if they do not. Zeros
// of other signs do, and NaNs of other bits.
func compareTensor(a, b tensorfile.Tensor) *tensorPair {
	p := &tensorPair{Name: a.Name, ShapeA: a.Shape, ShapeB: b.Shape, Largest: lab.Number(math.NaN())}
	if !slices.Equal(a.Shape, b.Shape) {
		return p
	}
	largest := 0.0
	for i, x := range a.Data {
		y := b.Data[i]
		if math.Float32bits(x) == math.Float32bits(y) {
			continue
		}
		p.Different++
		d := math.Abs(float64(x) - float64(y))
		if math.IsNaN(d) {
			d = math.Inf(1)
		}
		largest = max(largest, d)
	}
	if p.Different == 0 {
		return nil
	}
	p.Largest = lab.Number(largest)
	return p
}

func (t tensorPair) text() string {
	switch {
	case t.Only != "":
		return "only in " + t.Only
	case !slices.Equal(t.ShapeA, t.ShapeB):
		return fmt.Sprintf("%s in A, %s in B", shape(t.ShapeA), shape(t.ShapeB))
	case math.IsInf(float64(t.Largest), 0):
		return fmt.Sprintf("%d elements, one of them not finite", t.Different)
	}
	n := 1
	for _, d := range t.ShapeA {
		n *= d
	}
	return fmt.Sprintf("largest difference %.3g, %d of %d elements", float64(t.Largest), t.Different, n)
}
