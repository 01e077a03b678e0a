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

// Bound estimates for each row of v (m,n), binary images, the variational lower bound of
// log p(v) of a belief network of an RBM and directed layers below it,
//
//	Σ_h q(h|v) [log p(v|h¹) + log p(h¹|h²) + … + log p*(hᴸ) − log q(h|v)] − log Z,
//
// in nats (Hinton, Osindero & Teh 2006; Salakhutdinov & Murray 2008). q is the pass up by
// the layers' recognition weights, hᴸ the visible units of the top RBM, log p*(hᴸ) = −F(hᴸ)
// and log Z its partition function, exact or estimated. The mean over q is that of the
// given number of samples, drawn from s, but for the entropy of each layer given the one
// below, which is exact. A network of one layer has the bound log p(v) itself; where there are
// more, all units but the top's hidden ones are Bernoulli.
func (d *DBN) Bound(v *tensor.Dense, logZ float64, samples int, s *random.Stream) ([]float64, error) {
	if len(d.Layers) == 0 {
		return nil, fmt.Errorf("bound: the stack has no layers")
	}
	var layers []*BeliefLayer
	top := d.Layers[len(d.Layers)-1]
	for l, r := range d.Layers[:len(d.Layers)-1] {
		if err := r.checkBernoulli(); err != nil {
			return nil, fmt.Errorf("bound: layer %d: %w", l+1, err)
		}
		layers = append(layers, NewBeliefLayer(r))
	}
	if len(layers) > 0 && top.VisibleUnits != BernoulliUnits() {
		return nil, fmt.Errorf("bound: layer %d: want bernoulli visible units, as those below are, got %s", len(d.Layers), top.VisibleUnits)
	}
	b := bound{layers: layers, visible: d.Layers[0].Visible(), dt: dtype(top.Params()), top: func(c *ops.Chain, x *G.Node) G.Nodes {
		return G.Nodes{c.Do(ops.Scale(c.Do(top.FreeEnergy(x)), -1))}
	}}
	return b.estimate(v, logZ, samples, s)
}

// Bound is that of DBN.Bound for log p(v), summed over the classes; log Z is that of the
// top machine with its labels.
func (d *LabelDBN) Bound(v *tensor.Dense, logZ float64, samples int, s *random.Stream) ([]float64, error) {
	b := bound{layers: d.Layers, visible: d.Visible(), dt: dtype(d.Params()), scored: true, top: func(c *ops.Chain, x *G.Node) G.Nodes {
		linear := c.Do(ops.MatMul(x, c.Do(column(x.Graph(), d.Top.C)), false, false))
		return G.Nodes{c.Do(ops.Reshape(linear, x.Shape()[0])), c.Do(d.Top.Scores(x))}
	}}
	return b.estimate(v, logZ, samples, s)
}

// bound estimates the bound of a network.
type bound struct {
	layers  []*BeliefLayer
	visible int
	dt      tensor.Dtype
	// top is log p* of codes x (m,n): a vector (m) and, if scored, a matrix the log of whose
	// rows' sums of exponentials is added to it.
	top    func(c *ops.Chain, x *G.Node) G.Nodes
	scored bool
}

// boundBatch is the number of rows computed at a time.
const boundBatch = 1000

func (b bound) estimate(v *tensor.Dense, logZ float64, samples int, s *random.Stream) ([]float64, error) {
	switch {
	case v == nil:
		return nil, fmt.Errorf("bound: want rows of %d visible units, got none", b.visible)
	case v.Dims() != 2 || v.Shape()[1] != b.visible || v.Dtype() != b.dt:
		return nil, fmt.Errorf("bound: want rows of %d visible units in %v, got shape %v in %v", b.visible, b.dt, v.Shape(), v.Dtype())
	case samples < 1:
		return nil, fmt.Errorf("bound: want at least one sample, got %d", samples)
	}
	m := v.Shape()[0]
	var out []float64
	compiled := map[int]*autodiff.Function{}
	for first := 0; first < m; first += boundBatch {
		size := min(boundBatch, m-first)
		f := compiled[size]
		if f == nil {
			var err error
			if f, err = b.compile(size, s); err != nil {
				return nil, fmt.Errorf("bound: %w", err)
			}
			compiled[size] = f
		}
		rows, err := rowsOf(v, first, first+size)
		if err != nil {
			return nil, fmt.Errorf("bound: %w", err)
		}
		sums := make([]float64, size)
		for range samples {
			values, err := b.sample(f, rows)
			if err != nil {
				return nil, fmt.Errorf("bound: %w", err)
			}
			for i, x := range values {
				sums[i] += x
			}
		}
		for _, x := range sums {
			out = append(out, x/float64(samples)-logZ)
		}
	}
	return out, nil
}

// compile makes the function from m images to what one sample says: a vector, and what
// top says besides.
func (b bound) compile(m int, s *random.Stream) (*autodiff.Function, error) {
	v := blocks.NewInput(G.NewGraph(), b.dt, visibleName, m, b.visible)
	var c ops.Chain
	var total *G.Node
	x := v
	for _, l := range b.layers {
		a := c.Do(l.recognise(x))
		q := c.Do(blocks.Sigmoid().Apply(a))
		h := c.Do(ops.Bernoulli(q, s))
		z := c.Do(l.generate(h))
		likelihood := c.Do(ops.Sub(c.Do(ops.Mul(x, z)), c.Do(blocks.Softplus().Apply(z))))
		entropy := c.Do(ops.Sub(c.Do(blocks.Softplus().Apply(a)), c.Do(ops.Mul(q, a))))
		total = sum(&c, total, c.Do(ops.Add(c.Do(ops.RowSum(likelihood)), c.Do(ops.RowSum(entropy)))))
		x = h
	}
	if c.Err() != nil {
		return nil, c.Err()
	}
	top := b.top(&c, x)
	top[0] = sum(&c, total, top[0])
	if c.Err() != nil {
		return nil, c.Err()
	}
	return autodiff.Compile(G.Nodes{v}, top, nil)
}

// sample runs a function of compile.
func (b bound) sample(f *autodiff.Function, v *tensor.Dense) ([]float64, error) {
	if err := f.Run(v); err != nil {
		return nil, err
	}
	out, err := numbersOf(f.Output(0).(*tensor.Dense))
	if err != nil || !b.scored {
		return out, err
	}
	scores, err := numbersOf(f.Output(1).(*tensor.Dense))
	if err != nil {
		return nil, err
	}
	classes := len(scores) / len(out)
	for i := range out {
		var total logSum
		for _, x := range scores[i*classes : (i+1)*classes] {
			total.add(x)
		}
		out[i] += total.log()
	}
	return out, nil
}
