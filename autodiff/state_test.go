package autodiff_test

import (
	"slices"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/random"

	G "gorgonia.org/gorgonia"
)

// The state of a function is what its updates write and the streams it draws from,
// each once, and nothing that is not needed.
func TestState(t *testing.T) {
	w := newWorld()
	var c ops.Chain
	used, unused := random.New(1), random.New(2)
	first := c.Do(ops.Bernoulli(w.a, used))
	second := c.Do(ops.Mask(first, 0.5, 1, used))
	third := c.Do(ops.Normal(second, 1, random.New(3)))
	c.Do(ops.Normal(w.a, 1, unused))
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	f, err := autodiff.Compile(G.Nodes{w.a}, nil, []autodiff.Update{{Target: w.c, Value: c.Do(ops.Add(second, third))}, {Target: w.b, Value: w.b}})
	if err != nil {
		t.Fatal(err)
	}
	s := f.State()
	if !slices.Equal(s.Updated, G.Nodes{w.c, w.b}) {
		t.Errorf("updated: got %v", s.Updated)
	}
	if len(s.Streams) != 2 || s.Streams[0] != used || s.Streams[1] == unused {
		t.Errorf("streams: got %v", s.Streams)
	}
}
