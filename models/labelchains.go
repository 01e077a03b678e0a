package models

import (
	"fmt"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// LabelChains are Markov chains in the memory of a LabelDBN, from which it draws images: of
// given classes, if their labels are held, or of what comes to its mind.
type LabelChains struct {
	v, t            *blocks.Param // the state, a row a chain
	steps, pictures *autodiff.Function
}

// Chains begins chains at the codes of the images start (m,n), sampled on the way up; start
// from noise to see what the network itself prefers. labels has the class of each chain,
// which is held: the chains draw from p(v|t). Without labels, each begins with one that is
// drawn given its code, and changes it with the image. s draws all.
func (d *LabelDBN) Chains(start *tensor.Dense, labels []int, s *random.Stream) (*LabelChains, error) {
	if s == nil {
		return nil, fmt.Errorf("chains: no stream of random numbers")
	}
	if start == nil || start.Dims() != 2 || start.Shape()[1] != d.Visible() {
		return nil, fmt.Errorf("chains: want rows of %d visible units, got %s", d.Visible(), shape(start))
	}
	m, classes := start.Shape()[0], d.Top.Classes()
	if labels != nil && len(labels) != m {
		return nil, fmt.Errorf("chains: want a label for each of %d rows, got %d", m, len(labels))
	}
	for i, y := range labels {
		if y < 0 || y >= classes {
			return nil, fmt.Errorf("chains: want labels of 0 to %d, got %d in row %d", classes-1, y, i)
		}
	}
	if err := checkType(start, d.Params()); err != nil {
		return nil, fmt.Errorf("chains: %w", err)
	}
	l := &LabelChains{}
	if err := l.begin(d, start, labels, s); err != nil {
		return nil, fmt.Errorf("chains: %w", err)
	}
	if err := l.compile(d, labels != nil, s); err != nil {
		return nil, fmt.Errorf("chains: %w", err)
	}
	return l, nil
}

// checkType reports a tensor of another dtype than the parameters'.
func checkType(x *tensor.Dense, params []*blocks.Param) error {
	if dt := dtype(params); x.Dtype() != dt {
		return fmt.Errorf("want %v, got %v", dt, x.Dtype())
	}
	return nil
}

// begin passes the start up.
func (l *LabelChains) begin(d *LabelDBN, start *tensor.Dense, labels []int, s *random.Stream) error {
	x := d.leaves(start.Shape()[0]).V
	var c ops.Chain
	v := x
	for _, layer := range d.Layers {
		v = c.Do(ops.Bernoulli(c.Do(layer.Up(v)), s))
	}
	outputs := G.Nodes{v}
	if labels == nil {
		outputs = append(outputs, c.Do(ops.Categorical(c.Do(d.Top.Posterior(v)), s)))
	}
	if c.Err() != nil {
		return c.Err()
	}
	up, err := autodiff.Compile(G.Nodes{x}, outputs, nil)
	if err != nil {
		return err
	}
	if err := up.Run(start); err != nil {
		return err
	}
	state := func(name string, i int) *blocks.Param {
		return &blocks.Param{Name: name, Value: up.Output(i).(*tensor.Dense).Clone().(*tensor.Dense)}
	}
	l.v = state(visibleName, 0)
	if labels == nil {
		l.t = state(labelName, 1)
		return nil
	}
	l.t = &blocks.Param{Name: labelName, Value: d.Top.unlabelled().zeros(len(labels), d.Top.Classes())}
	apply(l.t.Value, oneHot[float32](d.Top.Classes(), labels), oneHot[float64](d.Top.Classes(), labels))
	return nil
}

// compile makes the functions of a step and of the pass down.
func (l *LabelChains) compile(d *LabelDBN, clamp bool, s *random.Stream) error {
	var c ops.Chain
	g := G.NewGraph()
	now := LabelState{c.Do(l.v.Node(g)), c.Do(l.t.Node(g))}
	if c.Err() != nil {
		return c.Err()
	}
	next, _, err := d.Top.Gibbs(now, 1, clamp, s)
	c.Do(next.V, err)
	look := s.Split("images")
	seen, down, err := d.Top.Gibbs(now, 1, clamp, look)
	c.Do(seen.V, err)
	x := down.V
	for i := len(d.Layers) - 1; i >= 0; i-- {
		x = c.Do(d.Layers[i].Down(c.Do(ops.Bernoulli(x, look))))
	}
	if c.Err() != nil {
		return c.Err()
	}
	updates := []autodiff.Update{{Target: now.V, Value: next.V}}
	if !clamp {
		updates = append(updates, autodiff.Update{Target: now.T, Value: next.T})
	}
	if l.steps, err = autodiff.Compile(nil, nil, updates); err != nil {
		return err
	}
	l.pictures, err = autodiff.Compile(nil, G.Nodes{x, down.T}, nil)
	return err
}

// Run takes so many Gibbs steps in the memory.
func (l *LabelChains) Run(steps int) error {
	if steps < 0 {
		return fmt.Errorf("chains: want steps of at least 0, got %d", steps)
	}
	for range steps {
		if err := l.steps.RunAll(); err != nil {
			return fmt.Errorf("chains: %w", err)
		}
	}
	return nil
}

// Images are what the chains come to with one more Gibbs step, passed down by the generative
// weights, sampled between the layers: after Run(n−1), those of n steps. The chains stay where
// they are, and go on as if nobody had looked; another look draws anew. It returns
// the probabilities of the visible units, (m,n), and those of the labels, (m,classes), or
// the labels that are held.
func (l *LabelChains) Images() (v, t *tensor.Dense, err error) {
	if err := l.pictures.RunAll(); err != nil {
		return nil, nil, fmt.Errorf("chains: %w", err)
	}
	copied := func(i int) *tensor.Dense { return l.pictures.Output(i).(*tensor.Dense).Clone().(*tensor.Dense) }
	return copied(0), copied(1), nil
}
