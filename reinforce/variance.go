package reinforce

import (
	"cmp"
	"fmt"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// noisy measures how much the estimate of the policy's gradient varies from episode to
// episode, with the baseline and, on the same episodes, without.
type noisy struct {
	rollout *rollout
	root    *random.Stream
	limit   int
	gamma   float64
	// run computes the gradients of both estimates from one episode, in limit rows.
	run    *autodiff.Function
	inputs []*tensor.Dense
	values []G.Value
	params int
}

func newNoisy(env Environment, p *Policy, r PolicyRecipe, s *random.Stream, compiler autodiff.Compiler) (*noisy, error) {
	n := &noisy{root: s, limit: r.Limit, gamma: r.Discount, params: len(p.Net.Params())}
	var err error
	if n.rollout, err = newRollout(env, p.Net, r.Measure, r.Limit, s, compiler); err != nil {
		return nil, err
	}
	o, err := p.Objective(r.Limit)
	if err != nil {
		return nil, err
	}
	x, action, returns, weights := o.Inputs[0], o.Inputs[1], o.Inputs[2], o.Inputs[3]
	var c ops.Chain
	plain := c.Do(p.loss(x, action, c.Do(ops.Mul(weights, returns))))
	leaves, err := blocks.Nodes(x.Graph(), p.Net.Params())
	if c.Err() != nil || err != nil {
		return nil, fmt.Errorf("variance of the gradient: %w", cmp.Or(c.Err(), err))
	}
	var outputs G.Nodes
	for _, cost := range []*G.Node{o.Monitors[0].Node, plain} {
		grads, err := autodiff.Grad(cost, leaves...)
		if err != nil {
			return nil, fmt.Errorf("variance of the gradient: %w", err)
		}
		outputs = append(outputs, grads...)
	}
	n.inputs, n.values = bound(o.Inputs)
	if n.run, err = compiler.Compile("variance", o.Inputs, outputs, nil); err != nil {
		return nil, fmt.Errorf("variance of the gradient: %w", err)
	}
	return n, nil
}

// measure returns the variances, summed over the parameters, of the gradient's estimates from
// one episode, as the policy plays after an epoch: Σ‖g − ḡ‖² over episodes, by their number
// less one. The episodes of an epoch are always the same for the same policy.
func (n *noisy) measure(epoch int) (with, without float64, err error) {
	epochs := n.root.Split(fmt.Sprint(epoch))
	for i, s := range n.rollout.streams() {
		*s = *epochs.Split(fmt.Sprint(i))
	}
	if err := n.rollout.play(n.gamma); err != nil {
		return 0, 0, err
	}
	x, action, returns, weights := n.inputs[0].Float32s(), n.inputs[1].Float32s(), n.inputs[2].Float32s(), n.inputs[3].Float32s()
	var sums, squares [2][]float64 // of each element of the gradients
	count := float64(len(n.rollout.lengths))
	for i := range n.rollout.lengths {
		row := n.rollout.put(i, x, action, returns, weights, 0, 1)
		clear(weights[row:])
		if err := n.run.Run(n.values...); err != nil {
			return 0, 0, err
		}
		for which := range sums {
			at := 0
			for j := range n.params {
				g := n.run.Output(which*n.params + j).Data().([]float32)
				for len(sums[which]) < at+len(g) {
					sums[which], squares[which] = append(sums[which], 0), append(squares[which], 0)
				}
				for _, v := range g {
					sums[which][at] += float64(v)
					squares[which][at] += float64(v) * float64(v)
					at++
				}
			}
		}
	}
	variance := func(which int) (total float64) {
		for i, sum := range sums[which] {
			total += (squares[which][i] - sum*sum/count) / (count - 1)
		}
		return total
	}
	return variance(0), variance(1), nil
}
