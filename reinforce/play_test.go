package reinforce

import (
	"math"
	"slices"
	"testing"

	"capas/autodiff"
	"capas/blocks"
	"capas/models"
	"capas/random"
	"capas/train"
)

// counter is a process that never ends by itself: its state counts the steps, and action 1
// brings 1.
type counter struct{}

func (counter) Shape() Shape                            { return Shape{State: 1, Inputs: 1, Actions: 2} }
func (counter) Begin(state []float32, _ *random.Stream) { state[0] = 0 }
func (counter) Observe(x, state []float32)              { x[0] = state[0] }
func (counter) Step(state []float32, action int, _ *random.Stream) (float32, bool) {
	state[0]++
	return float32(action), false
}

// Episodes end at the limit; what they end with there is not terminal, for the replay memory
// neither: more would have followed.
func TestLimitIsNotTerminal(t *testing.T) {
	c := must(NewCopies(counter{}, 2, 3, random.New(1)))(t)
	for step := 1; step <= 3; step++ {
		got := c.Step(1, 1)
		if want := (Taken{1, false, step == 3, float64(step)}); got != want {
			t.Errorf("step %d: want %+v, got %+v", step, want, got)
		}
	}
	c.Begin(1)
	if got := c.Step(1, 0); got != (Taken{0, false, false, 0}) || c.State(1)[0] != 1 || c.State(0)[0] != 0 {
		t.Errorf("after a new beginning: %+v, states %g and %g", got, c.State(0)[0], c.State(1)[0])
	}
	r := qRecipe()
	a := must(newQAgent(counter{}, network(t, "q", 1, 2), r, random.New(1), autodiff.Compiler{}))(t)
	a.sums().reset()
	for range r.Limit + 1 {
		if err := a.round(0); err != nil {
			t.Fatal(err)
		}
	}
	last := false
	for i := range a.replay.Len() {
		tr := a.replay.Transition(i)
		if tr.Terminal || tr.To[0] != tr.From[0]+1 {
			t.Errorf("the memory has %+v", tr)
		}
		last = last || int(tr.To[0]) == r.Limit
	}
	if !last || a.copies.State(0)[0] != 1 || a.total.episodes != float64(r.Copies) {
		t.Errorf("the last step of an episode is missing, or no new one began: %g, %g episodes", a.copies.State(0)[0], a.total.episodes)
	}
}

// Of ε-greedy actions the expected share is not the greedy one, falling in a straight line.
func TestEpsilon(t *testing.T) {
	r := qRecipe()
	r.Epsilon, r.Anneal = 0.2, 40
	a := &qAgent{recipe: r}
	for done, want := range map[int]float64{0: 1, 10: 0.8, 20: 0.6, 40: 0.2, 1000: 0.2} {
		if a.done = done; math.Abs(a.epsilon()-want) > 1e-12 {
			t.Errorf("round %d: want %g, got %g", done, want, a.epsilon())
		}
	}
	r.Copies, r.Epsilon, r.Anneal, r.Warmup, r.Rounds = 100, 0.3, 0, 10_000, 500
	a = must(newQAgent(counter{}, network(t, "q", 1, 2), r, random.New(1), autodiff.Compiler{}))(t)
	copy(a.learning.Q.Layers[0].B.Value.Float32s(), []float32{-100, 100}) // action 1 is greedy
	a.sums().reset()
	const rounds = 60
	for range rounds {
		if err := a.round(0); err != nil {
			t.Fatal(err)
		}
	}
	greedy := a.total.returns / a.total.episodes / float64(r.Limit)
	if sd := math.Sqrt(0.15 * 0.85 / (100 * rounds)); math.Abs(greedy-0.85) > 5*sd {
		t.Errorf("a share of %g of the actions is greedy, want 0.85 ± %g", greedy, sd)
	}
}

// The target network is Q as it was at the last copy.
func TestTargetIsCopied(t *testing.T) {
	r := qRecipe()
	a := must(newQAgent(CartPole{}, network(t, "q", 4, 5, 2), r, random.New(1), autodiff.Compiler{}))(t)
	a.sums().reset()
	old := bits(a.learning.Params())
	for range 60 {
		if err := a.round(0); err != nil {
			t.Fatal(err)
		}
		if a.state.Steps > 0 && a.state.Steps%r.TargetEvery == 0 {
			old = bits(a.learning.Params())
		}
		if !slices.Equal(old, bits(a.learning.Target.Params())) {
			t.Fatalf("step %d: the target network is not that of step %d", a.state.Steps, a.state.Steps/r.TargetEvery*r.TargetEvery)
		}
		if a.state.Steps%r.TargetEvery == 1 && slices.Equal(old, bits(a.learning.Params())) {
			t.Fatalf("step %d changed nothing", a.state.Steps)
		}
	}
	if a.state.Steps != 60-r.Warmup/r.Copies {
		t.Errorf("%d steps", a.state.Steps)
	}
}

// Episodes side by side are those that each would be alone, and Played tells of them what
// their moments do.
func TestPlayer(t *testing.T) {
	net := network(t, "q", 4, 6, 2)
	const n, limit, discount = 5, 30, 0.9
	starts := must(NewCopies(CartPole{}, n, limit, random.New(6)))(t)
	moments := make([][]Moment, n)
	played := must(must(NewPlayer(CartPole{}, net, n, limit, autodiff.Compiler{}))(t).Play(discount, random.New(6), func(m Moment) {
		m.State, m.Outputs = slices.Clone(m.State), slices.Clone(m.Outputs)
		moments[m.Episode] = append(moments[m.Episode], m)
	}))(t)
	single := must(NewPlayer(from{starts.State(0)}, net, 1, limit, autodiff.Compiler{}))(t)
	for i := range n {
		single.env = from{starts.State(i)}
		alone := must(single.Play(discount, random.New(0), nil))(t)
		if alone.Returns[0] != played.Returns[i] || alone.Discounted[0] != played.Discounted[i] || alone.First[0] != played.First[i] {
			t.Errorf("episode %d: %g, %g, %g; alone %+v", i, played.Returns[i], played.Discounted[i], played.First[i], alone)
		}
		steps := len(moments[i])
		want := (1 - math.Pow(discount, float64(steps))) / (1 - discount)
		if played.Returns[i] != float64(steps) || math.Abs(played.Discounted[i]-want) > 1e-9 {
			t.Errorf("episode %d of %d steps: return %g, discounted %g, want %g", i, steps, played.Returns[i], played.Discounted[i], want)
		}
		for j, m := range moments[i] {
			if m.Outputs[m.Action] != slices.Max(m.Outputs) {
				t.Errorf("episode %d, step %d: action %d of %v", i, j, m.Action, m.Outputs)
			}
			state := slices.Clone(m.State)
			if (CartPole{}).Step(state, m.Action, nil); j+1 < steps && !slices.Equal(state, moments[i][j+1].State) {
				t.Errorf("episode %d, step %d: leads to %v, and then there is %v", i, j, state, moments[i][j+1].State)
			}
		}
	}
}

// from is a cart-pole that begins in a given state.
type from struct{ state []float32 }

func (f from) Shape() Shape                            { return CartPole{}.Shape() }
func (f from) Begin(state []float32, _ *random.Stream) { copy(state, f.state) }
func (f from) Observe(x, state []float32)              { copy(x, state) }
func (f from) Step(state []float32, action int, s *random.Stream) (float32, bool) {
	return CartPole{}.Step(state, action, s)
}

// bandit is a choice with given rewards.
func bandit(rewards ...float64) finiteMDP {
	p := make([][]float64, len(rewards))
	for i := range p {
		p[i] = []float64{0, 1}
	}
	return finiteMDP{p: [][][]float64{p}, r: [][]float64{rewards}}
}

// On a bandit the measured variances are those of (r−b)·∇log π(a), in closed form: the
// gradient by the logits z of r·(onehot(a) − π), twice, by weights and by biases.
func TestVarianceOnABandit(t *testing.T) {
	rewards, b := []float64{3, 4, 6}, 4.5
	env := bandit(rewards...)
	net := must(models.NewMLP("pi", []int{2, 3}, blocks.Linear(), blocks.Glorot(), blocks.Glorot(), random.New(2)))(t)
	copy(net.Layers[0].W.Value.Float32s(), []float32{0.2, -0.3, 0.1})
	base := must(models.NewMLP("b", []int{2, 1}, blocks.Linear(), blocks.Glorot(), blocks.Glorot(), random.New(3)))(t)
	base.Layers[0].W.Value.Float32s()[0] = float32(b) / 3
	r := policyRecipe()
	r.Limit, r.Measure, r.Scale = 2, 10_000, 3
	n := must(newNoisy(env, &Policy{Net: net, Baseline: base, Scale: 3}, r, random.New(4), autodiff.Compiler{}))(t)
	with, without, err := n.measure(0)
	if err != nil {
		t.Fatal(err)
	}
	pi := probabilities([]float64{0.2, -0.3, 0.1}, make([]float64, 3), 1, 3)[0]
	closed := func(b float64) (variance float64) {
		var mean, square [3]float64
		for a, p := range pi {
			for j := range pi {
				g := (rewards[a] - b) * (map[bool]float64{true: 1}[a == j] - pi[j])
				mean[j] += p * g
				square[j] += p * g * g
			}
		}
		for j := range pi {
			variance += 2 * (square[j] - mean[j]*mean[j])
		}
		return variance
	}
	for what, v := range map[string][2]float64{"with baseline": {with, closed(b)}, "without": {without, closed(0)}} {
		if math.Abs(v[0]/v[1]-1) > 0.05 {
			t.Errorf("%s: measured %g, want %g", what, v[0], v[1])
		}
	}
	again := must(newNoisy(env, &Policy{Net: net, Baseline: base, Scale: 3}, r, random.New(4), autodiff.Compiler{}))(t)
	if _, _, err := again.measure(5); err != nil {
		t.Fatal(err)
	}
	if v, _, err := again.measure(0); err != nil || v != with {
		t.Errorf("measured again after another epoch: %g, want %g (%v)", v, with, err)
	}
}

// REINFORCE finds the best arm of a bandit, and its baseline the mean reward.
func TestPolicyLearnsABandit(t *testing.T) {
	env := bandit(3, 4, 6)
	net, base := network(t, "pi", 2, 3), network(t, "b", 2, 1)
	h := train1(t, PolicyStage(env, net, base, PolicyRecipe{
		Episodes: 20, Limit: 1, Discount: 1, Epochs: 5, Rounds: 100, Optimizer: train.SGD(0.1), Validation: 1,
	}, random.New(5)))
	if r := h.Epochs[4].Validation[0].Value; r != 6 {
		t.Errorf("the greedy policy takes the arm of %g", r)
	}
	got := base.Layers[0].W.Value.Float32s()[0] + base.Layers[0].B.Value.Float32s()[0]
	if mean, _ := h.Epochs[4].Train.Get("return"); !(mean > 5.5) || math.Abs(float64(got)-mean) > 0.1 {
		t.Errorf("the mean reward is %g, the baseline %g", mean, got)
	}
}

// Rows without weight, and their places, do not change a step: batches are padded by them.
func TestPaddedRowsChangeNothing(t *testing.T) {
	net := network(t, "pi", 4, 6, 2)
	a := must(newPolicyAgent(CartPole{}, &Policy{Net: net, Baseline: network(t, "b", 4, 5, 1), Scale: 5}, policyRecipe(), random.New(1), autodiff.Compiler{}))(t)
	a.sums().reset()
	if err := a.rollout.play(0.9); err != nil {
		t.Fatal(err)
	}
	var costs []float64
	for _, rows := range []int{leastRows, 4 * leastRows} {
		s := must(a.step(rows))(t)
		in, row := s.inputs, 0
		for _, x := range in {
			for i := range x.Float32s() {
				x.Float32s()[i] = 3 // what a longer batch may have left
			}
		}
		for i := range a.rollout.lengths {
			row = a.rollout.put(i, in[0].Float32s(), in[1].Float32s(), in[2].Float32s(), in[3].Float32s(), row, 0.25)
		}
		clear(in[3].Float32s()[row:])
		if err := s.run.Run(s.values...); err != nil { // no Advance: the rate is 0
			t.Fatal(err)
		}
		costs = append(costs, must(s.run.Scalar(0))(t), must(s.run.Scalar(1))(t))
	}
	if math.Abs(costs[0]-costs[2]) > 1e-5 || math.Abs(costs[1]-costs[3]) > 1e-5 || costs[1] == 0 {
		t.Errorf("costs of %d and %d rows: %v", leastRows, 4*leastRows, costs)
	}
}
