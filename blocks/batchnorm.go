package blocks

import (
	"fmt"

	"capas/autodiff"
	"capas/autodiff/ops"

	G "gorgonia.org/gorgonia"
)

// BatchNorm normalises each channel of x, (m,c,h,w) or (m,c), and gives it a scale γ and a
// shift β that are learnt (Ioffe & Szegedy 2015):
//
//	y = γ·(x − μ)/√(σ² + ε) + β
//
// In training μ and σ² are mean and variance over the batch, the variance that divides by the
// number n of elements; the gradient flows through both. So that one example can be
// evaluated alone, and as part of any batch, evaluation takes running values instead, which
// training moves a little with every batch:
//
//	mean ← (1−momentum)·mean + momentum·μ
//	variance ← (1−momentum)·variance + momentum·σ²·n/(n−1)
//
// as PyTorch does, with the unbiased variance. Training and evaluation are graphs of their own.
type BatchNorm struct {
	Gamma, Beta    *Param
	Mean, Variance *Param // running
	// Momentum is the weight of a batch in the running values, in (0,1].
	Momentum float64
	// Epsilon is ε.
	Epsilon float64
}

// NewBatchNorm returns a layer for c channels with γ = 1, β = 0, running mean 0 and variance
// 1, momentum 0.1 and ε = 10⁻⁵, PyTorch's. Its parameters are called name.gamma, name.beta,
// name.mean and name.variance.
func NewBatchNorm(name string, c int) (*BatchNorm, error) {
	if c < 1 {
		return nil, fmt.Errorf("batch normalisation %s: want at least one channel, got %d", name, c)
	}
	b := &BatchNorm{
		Gamma: NewParam(name+".gamma", c), Beta: NewParam(name+".beta", c),
		Mean: NewParam(name+".mean", c), Variance: NewParam(name+".variance", c), Momentum: 0.1, Epsilon: 1e-5,
	}
	for _, p := range []*Param{b.Gamma, b.Variance} {
		for i := range p.Value.Float32s() {
			p.Value.Float32s()[i] = 1
		}
	}
	return b, nil
}

// Params returns γ, β and the running mean and variance. The last two are not the
// optimiser's: the updates of Train change them.
func (b *BatchNorm) Params() []*Param { return []*Param{b.Gamma, b.Beta, b.Mean, b.Variance} }

// Train is y by the statistics of the batch, with the updates of the running ones, which
// belong into the objective's (models.Objective.Updates). It needs at least two elements a
// channel.
func (b *BatchNorm) Train(x *G.Node) (y *G.Node, updates []autodiff.Update, err error) {
	n, err := b.check(x)
	if err != nil {
		return nil, nil, err
	}
	if n < 2 {
		return nil, nil, fmt.Errorf("batch normalisation: want at least two elements a channel to train on, got shape %v", x.Shape())
	}
	var c ops.Chain
	average := func(x *G.Node) *G.Node { return c.Do(ops.Scale(c.Do(ops.ChannelSum(x)), 1/float64(n))) }
	mean := average(x)
	if c.Err() != nil {
		return nil, nil, c.Err()
	}
	centred := c.Do(ops.Sub(x, c.Do(ops.RepeatChannels(mean, x.Shape()))))
	variance := average(c.Do(ops.Square(centred)))
	y = b.scaled(&c, centred, variance)
	move := func(p *Param, to *G.Node) {
		if c.Err() != nil {
			return
		}
		old := c.Do(p.Node(x.Graph()))
		next := c.Do(ops.Add(c.Do(ops.Scale(old, 1-b.Momentum)), c.Do(ops.Scale(to, b.Momentum))))
		updates = append(updates, autodiff.Update{Target: old, Value: next})
	}
	move(b.Mean, mean)
	move(b.Variance, c.Do(ops.Scale(variance, float64(n)/float64(n-1))))
	return y, updates, c.Err()
}

// Evaluate is y by the running statistics.
func (b *BatchNorm) Evaluate(x *G.Node) (*G.Node, error) {
	if _, err := b.check(x); err != nil {
		return nil, err
	}
	var c ops.Chain
	mean, variance := c.Do(b.Mean.Node(x.Graph())), c.Do(b.Variance.Node(x.Graph()))
	centred := c.Do(ops.Sub(x, c.Do(ops.RepeatChannels(mean, x.Shape()))))
	return b.scaled(&c, centred, variance), c.Err()
}

// scaled is γ·centred/√(variance + ε) + β.
func (b *BatchNorm) scaled(c *ops.Chain, centred, variance *G.Node) *G.Node {
	if c.Err() != nil {
		return nil
	}
	g, shape := centred.Graph(), centred.Shape()
	gamma, beta := c.Do(b.Gamma.Node(g)), c.Do(b.Beta.Node(g))
	factor := c.Do(ops.Mul(gamma, c.Do(ops.Reciprocal(c.Do(ops.Sqrt(c.Do(ops.Linear(variance, 1, b.Epsilon))))))))
	scaled := c.Do(ops.Mul(centred, c.Do(ops.RepeatChannels(factor, shape))))
	return c.Do(ops.Add(scaled, c.Do(ops.RepeatChannels(beta, shape))))
}

// check returns the number of elements a channel.
func (b *BatchNorm) check(x *G.Node) (n int, err error) {
	if x == nil {
		return 0, fmt.Errorf("batch normalisation: the operand is missing")
	}
	if b.Gamma == nil || b.Gamma.Value == nil {
		return 0, fmt.Errorf("batch normalisation: has no parameters")
	}
	c := b.Gamma.Value.Shape()[0]
	if d := x.Shape().Dims(); d != 2 && d != 4 || x.Shape()[1] != c {
		return 0, fmt.Errorf("batch normalisation: want shape (m,%d,h,w) or (m,%d), got %v", c, c, x.Shape())
	}
	if !(b.Momentum > 0 && b.Momentum <= 1) || !(b.Epsilon > 0) {
		return 0, fmt.Errorf("batch normalisation: want a momentum in (0,1] and ε above 0, got %g and %g", b.Momentum, b.Epsilon)
	}
	return x.Shape().TotalSize() / c, nil
}
