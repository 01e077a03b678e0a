package models

import (
	"fmt"
	"slices"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Album keeps what a generator makes of the same codes in the course of its training. As a Trace, it
// is a state that the steps change.
type Album struct {
	// Codes (n,k) are the codes, which never change.
	Codes *blocks.Param
	// Steps says after how many steps each of the pages is made, in rising order; 0 is before the
	// first one. What comes after the last step is not known to a step, and no page of it is made.
	Steps []int
	// Pages (pages, n·d) are the examples of all codes, page by page; of pages to come, zeros.
	Pages *blocks.Param
	// Step is the number of steps so far, a vector of one element.
	Step *blocks.Param
}

// NewAlbum returns an album for examples of d elements of n codes of k elements each, drawn from s.
// Its tensors are called name.codes, name.pages and name.page-step.
func NewAlbum(name string, n, k, d int, steps []int, s *random.Stream) (*Album, error) {
	if n < 1 || k < 1 || d < 1 || len(steps) == 0 || steps[0] < 0 || !slices.IsSorted(steps) || steps[len(steps)-1] >= 1<<24 {
		return nil, fmt.Errorf("album %s: want codes and pages, after 0 to 2^24 steps in rising order, got %d codes of %d for examples of %d, after %v", name, n, k, d, steps)
	}
	if s == nil {
		return nil, fmt.Errorf("album %s: want a stream of random numbers for the codes", name)
	}
	a := &Album{Codes: blocks.NewParam(name+".codes", n, k), Pages: blocks.NewParam(name+".pages", len(steps), n*d), Step: blocks.NewParam(name+".page-step", 1), Steps: steps}
	s.Normal(a.Codes.Value.Float32s())
	return a, nil
}

// Page is page i, the examples (n,d).
func (a *Album) Page(i int) *tensor.Dense {
	n, all := a.Codes.Value.Shape()[0], a.Pages.Value.Shape()[1]
	return tensor.New(tensor.WithShape(n, all/n), tensor.WithBacking(a.Pages.Value.Float32s()[i*all:(i+1)*all:(i+1)*all]))
}

// add adds the album to an objective's updates; generate makes examples of codes.
func (a *Album) add(o *Objective, g *G.ExprGraph, generate func(*G.Node) (*G.Node, error)) error {
	var c ops.Chain
	codes, pages, step := c.Do(a.Codes.Node(g)), c.Do(a.Pages.Node(g)), c.Do(a.Step.Node(g))
	if c.Err() != nil {
		return c.Err()
	}
	made := c.Do(generate(codes))
	if c.Err() != nil {
		return c.Err()
	}
	if n := made.Shape().TotalSize(); n != pages.Shape()[1] {
		return fmt.Errorf("album: want pages of %d elements, got %d", n, pages.Shape()[1])
	}
	next := c.Do(ops.Apply(ops.Def{
		Name: fmt.Sprintf("album%v", a.Steps), Shape: pages.Shape(), F32: pasted[float32](a.Steps), F64: pasted[float64](a.Steps),
	}, pages, step, made))
	o.Updates = append(o.Updates, autodiff.Update{Target: pages, Value: next}, autodiff.Update{Target: step, Value: c.Do(ops.Linear(step, 1, 1))})
	return c.Err()
}

// pasted copies the pages and puts the one in its place whose step it is.
func pasted[T ops.Float](steps []int) func(y []T, x [][]T) {
	return func(y []T, x [][]T) {
		copy(y, x[0])
		for i, s := range steps {
			if s == int(x[1][0]) {
				copy(y[i*len(x[2]):], x[2])
			}
		}
	}
}
