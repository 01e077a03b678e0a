package reinforce

import (
	"context"
	"math"
	"testing"

	"capas/blocks"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"

	"gorgonia.org/tensor"
)

// train1 runs a stage alone.
func train1(t *testing.T, stage pretrain.Stage) *train.History {
	t.Helper()
	return must((&pretrain.Pipeline{Stages: []pretrain.Stage{stage}}).Run(context.Background()))(t)[0]
}

// Q-learning on a chain of five states comes to the exact Q of the best policy, which value
// iteration gives, with replay memory and target network and without either.
func TestQLearningFindsExactQ(t *testing.T) {
	const discount = 0.9
	env := chain(5)
	want := env.optimal(discount)
	if math.Abs(want[0][1]-10*math.Pow(discount, 4)) > 1e-9 { // going on always is best
		t.Fatalf("value iteration: %v", want)
	}
	for name, change := range map[string]func(*QRecipe){
		"dqn":                    func(*QRecipe) {},
		"without target network": func(r *QRecipe) { r.TargetEvery = 0 },
		"without replay memory":  func(r *QRecipe) { r.Latest = true },
	} {
		table := must(models.NewMLP("q", []int{6, 2}, blocks.Linear(), blocks.Glorot(), blocks.Gaussian(0.01), random.New(1)))(t)
		recipe := QRecipe{
			Copies: 4, Limit: 50, Discount: discount, Epochs: 10, Rounds: 400, Batch: 32, Memory: 1000, Warmup: 100, Epsilon: 1, TargetEvery: 20, Validation: 1,
			Optimizer: train.Optimizer{Kind: "sgd", Rate: train.Schedule{Start: 2, Linear: true}},
		}
		change(&recipe)
		h := train1(t, QStage(env, table, recipe, random.New(2)))
		w, b := table.Layers[0].W.Value.Float32s(), table.Layers[0].B.Value.Float32s()
		for s := range want {
			for a, q := range want[s] {
				if got := float64(w[2*s+a] + b[a]); math.Abs(got-q) > 0.02 {
					t.Errorf("%s: Q(%d,%d): want %g, got %g", name, s, a, q, got)
				}
			}
		}
		// The greedy policy goes on, as validation saw.
		last := h.Epochs[len(h.Epochs)-1].Validation
		if r, _ := last.Get("return"); r != 10 {
			t.Errorf("%s: the greedy policy's return is %g", name, r)
		}
		if d, _ := last.Get("discounted"); math.Abs(d-want[0][1]) > 1e-9 {
			t.Errorf("%s: its discounted return is %g, want %g", name, d, want[0][1])
		}
	}
}

// maze is a tiny decision process: two states with stochastic transitions, and the end.
func maze() finiteMDP {
	return finiteMDP{
		p: [][][]float64{{{0.2, 0.5, 0.3}, {0, 0.1, 0.9}}, {{0.4, 0, 0.6}, {0, 0, 1}}},
		r: [][]float64{{1, -2}, {3, 0.5}},
	}
}

// episode is a course of the maze, with its probability.
type episode struct {
	states, actions []int
	rewards         []float32
	p               float64
}

// episodes are all courses of at most limit steps under a policy.
func (f finiteMDP) episodes(pi [][]float64, limit int) []episode {
	var all []episode
	var walk func(at int, e episode)
	walk = func(at int, e episode) {
		if at == f.states()-1 || len(e.states) == limit {
			all = append(all, e)
			return
		}
		for a := range pi[at] {
			for next, p := range f.p[at][a] {
				if p == 0 {
					continue
				}
				n := len(e.states)
				walk(next, episode{append(e.states[:n:n], at), append(e.actions[:n:n], a), append(e.rewards[:n:n], float32(f.r[at][a])), e.p * pi[at][a] * p})
			}
		}
	}
	walk(0, episode{p: 1})
	return all
}

// value is the expected return of a policy over so many steps, by dynamic programming.
func (f finiteMDP) value(pi [][]float64, limit int) float64 {
	v := make([]float64, f.states())
	for range limit {
		next := make([]float64, f.states())
		for s := range f.p {
			for a, p := range pi[s] {
				next[s] += p * f.r[s][a]
				for to, q := range f.p[s][a] {
					next[s] += p * q * v[to]
				}
			}
		}
		v = next
	}
	return v[0]
}

// probabilities are π of a table of logits.
func probabilities(w, b []float64, states, actions int) [][]float64 {
	var pi [][]float64
	for s := range states {
		row, sum := make([]float64, actions), 0.0
		for a := range row {
			row[a] = math.Exp(w[s*actions+a] + b[a])
			sum += row[a]
		}
		for a := range row {
			row[a] /= sum
		}
		pi = append(pi, row)
	}
	return pi
}

// The estimate of REINFORCE, averaged over all courses by their probabilities, is the
// gradient of the expected return, which dynamic programming and central differences give:
// with whatever baseline. With a fair one it varies less.
func TestPolicyGradientByEnumeration(t *testing.T) {
	const limit = 4
	env := maze()
	table := must(models.NewMLP("pi", []int{3, 2}, blocks.Linear(), blocks.Glorot(), blocks.Gaussian(0.7), random.New(3)))(t)
	inFloat64(table)
	w, b := table.Layers[0].W.Value.Float64s(), table.Layers[0].B.Value.Float64s()
	b[0] = 0.3
	expected := func() float64 { return env.value(probabilities(w, b, 2, 2), limit) }
	var want []float64
	for _, params := range [][]float64{w, b} {
		for i, old := range params {
			const h = 1e-6
			params[i] = old + h
			up := expected()
			params[i] = old - h
			want = append(want, (up-expected())/(2*h))
			params[i] = old
		}
	}
	all := env.episodes(probabilities(w, b, 2, 2), limit)
	var total, mean float64
	for _, e := range all {
		total += e.p
		for _, r := range e.rewards {
			mean += e.p * float64(r)
		}
	}
	if math.Abs(total-1) > 1e-12 || math.Abs(mean-expected()) > 1e-12 || len(all) < 20 {
		t.Fatalf("%d courses of probability %g, with the mean return %g instead of %g", len(all), total, mean, expected())
	}
	baseline := func(values ...float64) *models.MLP {
		net := must(models.NewMLP("b", []int{3, 1}, blocks.Linear(), blocks.Glorot(), blocks.Glorot(), random.New(4)))(t)
		inFloat64(net)
		copy(net.Layers[0].W.Value.Float64s(), values)
		return net
	}
	variances := map[string]float64{}
	for name, p := range map[string]*Policy{
		"none": {Net: table}, "wild": {Net: table, Baseline: baseline(-3, 5, 1), Scale: 2}, "fair": {Net: table, Baseline: baseline(1.1, 1.6, 0)},
	} {
		sum := make([]float64, len(want))
		for _, e := range all {
			run := gradients(t, must(p.Objective(len(e.states)))(t), table.Params())
			returns, weights := make([]float32, len(e.rewards)), make([]float64, len(e.rewards))
			discounted(returns, e.rewards, 1)
			g := make([]float64, len(returns))
			for i, r := range returns {
				g[i], weights[i] = float64(r), 1
			}
			x := oneHot(3, e.states...)
			if err := run.Run(x, oneHot(2, e.actions...), tensor.New(tensor.WithShape(len(g)), tensor.WithBacking(g)), tensor.New(tensor.WithShape(len(g)), tensor.WithBacking(weights))); err != nil {
				t.Fatal(err)
			}
			at := 0
			for j := range 2 {
				grads := run.Output(run2(p) + j).(*tensor.Dense).Float64s()
				for _, v := range grads {
					sum[at] -= e.p * v
					variances[name] += e.p * v * v
					at++
				}
			}
		}
		for i, v := range sum {
			if math.Abs(v-want[i]) > 1e-8 {
				t.Errorf("baseline %s: element %d of the gradient: want %g, got %g", name, i, want[i], v)
			}
			variances[name] -= v * v
		}
	}
	if !(variances["fair"] < variances["none"] && variances["none"] < variances["wild"]) {
		t.Errorf("variances: %v", variances)
	}
}

// run2 is the place of the first gradient among the outputs of gradients.
func run2(p *Policy) int {
	if p.Baseline != nil {
		return 3
	}
	return 2
}
