package reinforce

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"capas/autodiff"
	"capas/blocks"
	"capas/models"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// torchCosts is what scripts/torch_reinforce.py wrote. Parameters are lists of W, b, W, …
type torchCosts struct {
	X, Next  [][]float64
	Actions  []int
	Rewards  []float64
	GoesOn   []float64 `json:"goes_on"`
	Discount float64
	Q        []struct {
		WithTarget            bool `json:"with_target"`
		Net, Target, Gradient []json.RawMessage
		Loss, Value           float64
	}
	Returns, Weights []float64
	Scale            float64
	Policy           []struct {
		WithBaseline            bool `json:"with_baseline"`
		Net, Baseline, Gradient []json.RawMessage
		BaselineGradient        []json.RawMessage `json:"baseline_gradient"`
		Loss, Square            float64
	}
}

func readTorch(t *testing.T) (f torchCosts) {
	t.Helper()
	if err := json.Unmarshal(must(os.ReadFile("testdata/torch_costs.json"))(t), &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// numbers are those of a vector or a matrix in JSON, row by row.
func numbers(t *testing.T, text json.RawMessage) (all []float64) {
	t.Helper()
	var rows [][]float64
	if json.Unmarshal(text, &rows) == nil {
		for _, r := range rows {
			all = append(all, r...)
		}
		return all
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// torchNetwork is a network in float64 with the given parameters.
func torchNetwork(t *testing.T, label string, params []json.RawMessage, sizes ...int) *models.MLP {
	t.Helper()
	net := network(t, label, sizes...)
	inFloat64(net)
	for i, p := range net.Params() {
		if n := copy(p.Value.Float64s(), numbers(t, params[i])); n != len(p.Value.Float64s()) {
			t.Fatalf("%s: %d numbers", p.Name, n)
		}
	}
	return net
}

// compare compares outputs of a function, from number first on, with PyTorch's.
func compare(t *testing.T, what string, f *autodiff.Function, first int, want ...json.RawMessage) {
	t.Helper()
	for i, text := range want {
		var got []float64
		switch v := f.Output(first + i).Data().(type) {
		case []float64:
			got = v
		case float64:
			got = []float64{v}
		}
		w := numbers(t, text)
		if len(got) != len(w) {
			t.Fatalf("%s, output %d: want %d numbers, got %v", what, first+i, len(w), f.Output(first+i))
		}
		for j := range w {
			if math.Abs(got[j]-w[j]) > 1e-12*math.Max(1, math.Abs(w[j])) {
				t.Errorf("%s, output %d, element %d: want %.15g, got %.15g", what, first+i, j, w[j], got[j])
			}
		}
	}
}

func raw(v ...float64) (out []json.RawMessage) {
	for _, x := range v {
		out = append(out, json.RawMessage(fmt.Sprintf("[%.17g]", x)))
	}
	return out
}

// The costs of Q-learning and their gradients, with a target network and without, are
// PyTorch's.
func TestQLearningEqualsPyTorch(t *testing.T) {
	f := readTorch(t)
	for _, c := range f.Q {
		l := &QLearning{Q: torchNetwork(t, "q", c.Net, 4, 5, 3), Discount: f.Discount}
		if c.WithTarget {
			l.Target = torchNetwork(t, "target", c.Target, 4, 5, 3)
		}
		run := gradients(t, must(l.Objective(len(f.X)))(t), l.Params())
		if err := run.Run(dense(f.X...), oneHot(3, f.Actions...), dense(f.Rewards), dense(f.Next...), dense(f.GoesOn)); err != nil {
			t.Fatal(err)
		}
		compare(t, fmt.Sprintf("target network %t", c.WithTarget), run, 0, append(raw(c.Loss, c.Loss, c.Value), c.Gradient...)...)
	}
}

// The costs of REINFORCE and their gradients, with a baseline and without, are PyTorch's.
func TestPolicyEqualsPyTorch(t *testing.T) {
	f := readTorch(t)
	for _, c := range f.Policy {
		p := &Policy{Net: torchNetwork(t, "policy", c.Net, 4, 5, 3), Scale: f.Scale}
		want := append(raw(c.Loss, c.Loss), c.Gradient...)
		if c.WithBaseline {
			p.Baseline = torchNetwork(t, "baseline", c.Baseline, 4, 4, 1)
			want = append(append(raw(c.Loss+c.Square, c.Loss, c.Square), c.Gradient...), c.BaselineGradient...)
		}
		run := gradients(t, must(p.Objective(len(f.X)))(t), p.Params())
		if err := run.Run(dense(f.X...), oneHot(3, f.Actions...), dense(f.Returns), dense(f.Weights)); err != nil {
			t.Fatal(err)
		}
		compare(t, fmt.Sprintf("baseline %t", c.WithBaseline), run, 0, want...)
	}
}

// With a target network held constant, and without a baseline, the gradients are those of
// the costs: central differences.
func TestCostsGradients(t *testing.T) {
	f := readTorch(t)
	q := &QLearning{Q: torchNetwork(t, "q", f.Q[0].Net, 4, 5, 3), Target: torchNetwork(t, "target", f.Q[0].Target, 4, 5, 3), Discount: 0.9}
	p := &Policy{Net: torchNetwork(t, "policy", f.Policy[0].Net, 4, 5, 3)}
	for what, c := range map[string]struct {
		objective *models.Objective
		params    []*blocks.Param
		values    []G.Value
	}{
		"q":      {must(q.Objective(6))(t), q.Params(), []G.Value{dense(f.X...), oneHot(3, f.Actions...), dense(f.Rewards), dense(f.Next...), dense(f.GoesOn)}},
		"policy": {must(p.Objective(6))(t), p.Params(), []G.Value{dense(f.X...), oneHot(3, f.Actions...), dense(f.Returns), dense(f.Weights)}},
	} {
		run := gradients(t, c.objective, c.params)
		cost := func() float64 {
			if err := run.Run(c.values...); err != nil {
				t.Fatal(err)
			}
			return must(run.Scalar(0))(t)
		}
		cost()
		var grads [][]float64
		for i := range c.params {
			grads = append(grads, slices.Clone(run.Output(1+len(c.objective.Monitors)+i).(*tensor.Dense).Float64s()))
		}
		for i, param := range c.params {
			grad := grads[i]
			for j, old := range param.Value.Float64s() {
				const h = 1e-5
				param.Value.Float64s()[j] = old + h
				up := cost()
				param.Value.Float64s()[j] = old - h
				down := cost()
				param.Value.Float64s()[j] = old
				if numeric := (up - down) / (2 * h); math.Abs(numeric-grad[j]) > 1e-7*math.Max(1, math.Abs(numeric)) {
					t.Errorf("%s: %s[%d]: symbolic %g, central difference %g", what, param.Name, j, grad[j], numeric)
				}
			}
		}
	}
}
