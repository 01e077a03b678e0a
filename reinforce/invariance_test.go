package reinforce

import (
	"math"
	"testing"

	"gorgonia.org/tensor"
)

// The cost of Q-learning on a batch is the mean of those on its transitions alone, that of
// REINFORCE the sum of those on its steps.
func TestCostsOfABatchAreThoseOfItsRows(t *testing.T) {
	f := readTorch(t)
	m := len(f.X)
	q := &QLearning{Q: torchNetwork(t, "q", f.Q[0].Net, 4, 5, 3), Target: torchNetwork(t, "target", f.Q[0].Target, 4, 5, 3), Discount: f.Discount}
	p := &Policy{Net: torchNetwork(t, "policy", f.Policy[0].Net, 4, 5, 3), Baseline: torchNetwork(t, "baseline", f.Policy[0].Baseline, 4, 4, 1), Scale: f.Scale}
	row := func(v []float64) *tensor.Dense {
		return tensor.New(tensor.WithShape(1, len(v)), tensor.WithBacking(v))
	}
	var qs, ps float64
	oneQ, oneP := gradients(t, must(q.Objective(1))(t), q.Params()), gradients(t, must(p.Objective(1))(t), p.Params())
	for i := range m {
		if err := oneQ.Run(row(f.X[i]), oneHot(3, f.Actions[i]), dense(f.Rewards[i:i+1]), row(f.Next[i]), dense(f.GoesOn[i:i+1])); err != nil {
			t.Fatal(err)
		}
		qs += must(oneQ.Scalar(0))(t) / float64(m)
		if err := oneP.Run(row(f.X[i]), oneHot(3, f.Actions[i]), dense(f.Returns[i:i+1]), dense(f.Weights[i:i+1])); err != nil {
			t.Fatal(err)
		}
		ps += must(oneP.Scalar(0))(t)
	}
	allQ, allP := gradients(t, must(q.Objective(m))(t), q.Params()), gradients(t, must(p.Objective(m))(t), p.Params())
	if err := allQ.Run(dense(f.X...), oneHot(3, f.Actions...), dense(f.Rewards), dense(f.Next...), dense(f.GoesOn)); err != nil {
		t.Fatal(err)
	}
	if err := allP.Run(dense(f.X...), oneHot(3, f.Actions...), dense(f.Returns), dense(f.Weights)); err != nil {
		t.Fatal(err)
	}
	if got := must(allQ.Scalar(0))(t); math.Abs(got-qs) > 1e-12 {
		t.Errorf("q-learning: %g, its rows %g", got, qs)
	}
	if got := must(allP.Scalar(0))(t); math.Abs(got-ps) > 1e-10 {
		t.Errorf("policy: %g, its rows %g", got, ps)
	}
}
