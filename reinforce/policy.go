package reinforce

import (
	"fmt"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/models"
	"capas/train"

	G "gorgonia.org/gorgonia"
)

// Policy trains a network whose outputs are the logits of π(a|s), the probabilities of the
// actions, by REINFORCE (Williams 1992). Its cost on the steps of whole episodes is
//
//	−Σ w·(G − b(s))·log π(a|s) + Σ w·½((G − b(s))/scale)²
//
// with the advantage G − b(s) of the first sum held constant and weights w, usually 1 by the
// number of episodes. Then the gradient of the first sum is an unbiased estimate of minus the
// expected return's, whatever the baseline b is; a baseline near the expected return of s
// makes the estimate vary less. The second sum teaches the baseline, a network of its own.
//
// With a discount, G is discounted from its step on, and each step counts alike, as is usual:
// the gradient is then not quite that of the discounted return.
type Policy struct {
	Net *models.MLP
	// Baseline has one output, b(s)/Scale; nil for b = 0.
	Baseline *models.MLP
	// Scale is the size of returns; 0 stands for 1.
	Scale float64
}

var _ train.Model = (*Policy)(nil)

// Params are those of the network and of the baseline.
func (p *Policy) Params() []*blocks.Param {
	if p.Net == nil { // Objective says so
		return nil
	}
	params := p.Net.Params()
	if p.Baseline != nil {
		params = append(params[:len(params):len(params)], p.Baseline.Params()...)
	}
	return params
}

// Objective is the training graph for m steps: inputs x (m,n), one-hot actions (m,k), returns
// G (m) and weights w (m). A step of weight 0 changes nothing. Monitors: "loss", the first
// sum, and with a baseline "baseline", the second.
func (p *Policy) Objective(m int) (*models.Objective, error) {
	if m < 1 {
		return nil, fmt.Errorf("policy: want at least one step, got %d", m)
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	g, dt := G.NewGraph(), p.Net.Layers[0].W.Value.Dtype()
	x, action := blocks.NewInput(g, dt, "x", m, p.Net.Inputs()), blocks.NewInput(g, dt, "action", m, p.Net.Outputs())
	returns, weights := blocks.NewInput(g, dt, "return", m), blocks.NewInput(g, dt, "weight", m)
	o := &models.Objective{Inputs: G.Nodes{x, action, returns, weights}}
	var c ops.Chain
	advantage := returns
	if p.Baseline != nil {
		// The baseline's error in units of its output, whose square is its loss.
		scaled := c.Do(ops.Reshape(c.Do(output(p.Baseline, x)), m))
		failed := c.Do(ops.Sub(c.Do(ops.Scale(returns, 1/p.scale())), scaled))
		advantage = c.Do(ops.StopGradient(c.Do(ops.Scale(failed, p.scale()))))
		square := c.Do(ops.Scale(c.Do(ops.Sum(c.Do(ops.Mul(weights, c.Do(ops.Square(failed)))))), 0.5))
		o.Monitors = []models.Monitor{{Name: "baseline", Node: square}}
	}
	loss := c.Do(p.loss(x, action, c.Do(ops.Mul(weights, advantage))))
	o.Monitors = append([]models.Monitor{{Name: "loss", Node: loss}}, o.Monitors...)
	o.Cost = loss
	if p.Baseline != nil {
		o.Cost = c.Do(ops.Add(loss, o.Monitors[1].Node))
	}
	return o, c.Err()
}

// loss is −Σ advantage·log π(a|x).
func (p *Policy) loss(x, action, advantage *G.Node) (*G.Node, error) {
	var c ops.Chain
	z := c.Do(output(p.Net, x))
	chosen := c.Do(ops.RowSum(c.Do(ops.Mul(action, z))))
	surprise := c.Do(ops.Sub(c.Do(blocks.LogSumExp(z)), chosen)) // −log π
	return c.Do(ops.Sum(c.Do(ops.Mul(advantage, surprise)))), c.Err()
}

func (p *Policy) scale() float64 {
	if p.Scale == 0 {
		return 1
	}
	return p.Scale
}

func (p *Policy) check() error {
	if p.Net == nil || len(p.Net.Layers) == 0 {
		return fmt.Errorf("want a network with a layer at least")
	}
	if !(p.Scale >= 0) {
		return fmt.Errorf("want a scale of at least 0, got %g", p.Scale)
	}
	if b := p.Baseline; b != nil && (len(b.Layers) == 0 || b.Outputs() != 1 || b.Inputs() != p.Net.Inputs()) {
		return fmt.Errorf("want a baseline of the network's inputs with one output")
	}
	return nil
}

// discounted fills returns with G of each step of an episode from its rewards.
func discounted(returns, rewards []float32, discount float64) {
	var g float64
	for i := len(rewards) - 1; i >= 0; i-- {
		g = float64(rewards[i]) + discount*g
		returns[i] = float32(g)
	}
}
