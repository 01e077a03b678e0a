package main

import (
	"fmt"
	"math"
	"slices"

	"capas/experiments/lab"
	"capas/internal/tensorfile"
)

// filePair is a checkpoint or model of two runs.
type filePair struct {
	File string `json:"file"`
	// Only is "A" or "B" if the other run lacks the file.
	Only string `json:"only,omitempty"`
	// Equal tells that all tensors are equal to the bit, and the metadata too.
	Equal    bool         `json:"equal"`
	Problem  string       `json:"problem,omitempty"`  // why it cannot be read
	Metadata []string     `json:"metadata,omitempty"` // the entries that differ
	Tensors  []tensorPair `json:"tensors,omitempty"`  // the tensors that differ
}

// tensorPair is a tensor of two files that is not the same in both.
type tensorPair struct {
	Name string `json:"name"`
	// Only is "A" or "B" if the other file lacks the tensor.
	Only   string `json:"only,omitempty"`
	ShapeA []int  `json:"shape_a,omitempty"`
	ShapeB []int  `json:"shape_b,omitempty"`
	// Different elements, of tensors of one shape, and the largest difference of two;
	// null where it is not finite.
	Different int        `json:"different,omitempty"`
	Largest   lab.Number `json:"largest_difference"`
}

// compareFiles compares the checkpoints and models of two runs.
func compareFiles(a, b *lab.Saved) (pairs []filePair, err error) {
	inA, inB := slices.Concat(a.Checkpoints, a.Models), slices.Concat(b.Checkpoints, b.Models)
	names := slices.Concat(inA, inB)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		switch {
		case !slices.Contains(inB, name):
			pairs = append(pairs, filePair{File: name, Only: "A"})
		case !slices.Contains(inA, name):
			pairs = append(pairs, filePair{File: name, Only: "B"})
		default:
			pairs = append(pairs, compareFile(name, a.Path(name), b.Path(name)))
		}
	}
	return pairs, nil
}

func compareFile(name, pathA, pathB string) filePair {
	p := filePair{File: name}
	a, err := tensorfile.Read(pathA)
	if err != nil {
		p.Problem = err.Error()
		return p
	}
	b, err := tensorfile.Read(pathB)
	if err != nil {
		p.Problem = err.Error()
		return p
	}
	for _, key := range union(a.Metadata, b.Metadata) {
		x, inA := a.Metadata[key]
		y, inB := b.Metadata[key]
		if inA != inB || x != y {
			p.Metadata = append(p.Metadata, key)
		}
	}
	for _, t := range a.Tensors {
		other, ok := b.Tensor(t.Name)
		if !ok {
			p.Tensors = append(p.Tensors, tensorPair{Name: t.Name, Only: "A", ShapeA: t.Shape})
		} else if d := compareTensor(t, other); d != nil {
			p.Tensors = append(p.Tensors, *d)
		}
	}
	for _, t := range b.Tensors {
		if _, ok := a.Tensor(t.Name); !ok {
			p.Tensors = append(p.Tensors, tensorPair{Name: t.Name, Only: "B", ShapeB: t.Shape})
		}
	}
	p.Equal = len(p.Metadata)+len(p.Tensors) == 0
	return p
}

// compareTensor returns how two tensors of one name differ, nil if they do not: zeros
// of other signs and other NaN do.
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

// rows is the pair as rows of a table.
func (p filePair) rows() [][]string {
	switch {
	case p.Only != "":
		return [][]string{{p.File, "only in " + p.Only}}
	case p.Problem != "":
		return [][]string{{p.File, p.Problem}}
	case p.Equal:
		return [][]string{{p.File, "equal to the bit"}}
	}
	rows := [][]string{{p.File, "different"}}
	for _, key := range p.Metadata {
		rows = append(rows, []string{"  metadata", key})
	}
	for _, t := range p.Tensors {
		rows = append(rows, []string{"  " + t.Name, t.text()})
	}
	return rows
}

func (t tensorPair) text() string {
	switch {
	case t.Only != "":
		return "only in " + t.Only
	case !slices.Equal(t.ShapeA, t.ShapeB):
		return fmt.Sprintf("shape %v in A, %v in B", t.ShapeA, t.ShapeB)
	case math.IsInf(float64(t.Largest), 0):
		return fmt.Sprintf("%d elements, one of them not finite", t.Different)
	}
	n := 1
	for _, d := range t.ShapeA {
		n *= d
	}
	return fmt.Sprintf("largest difference %.3g, %d of %d elements", float64(t.Largest), t.Different, n)
}
