package reinforce

import (
	"context"
	"fmt"
	"math/rand/v2"

	"capas/autodiff"
	"capas/blocks"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"

	"gonum.org/v1/gonum/stat"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// QRecipe is how Q is learned. A round is a step of every copy of the environment, by the
// ε-greedy policy, and then one learning step on a batch of transitions.
type QRecipe struct {
	// Copies is the number of environments side by side, Limit the steps of an episode at
	// most. What a longer one would have brought is not taken for nothing: a state at the
	// limit is not terminal.
	Copies int `json:"copies"`
	Limit  int `json:"limit"`
	// Discount is γ.
	Discount float64 `json:"discount"`
	// Epochs of Rounds each, after which the greedy policy is measured.
	Epochs int `json:"epochs"`
	Rounds int `json:"rounds"`
	// Optimizer takes the learning steps, on Batch transitions each.
	Optimizer train.Optimizer `json:"optimizer"`
	Batch     int             `json:"batch"`
	// Memory is how many transitions the replay memory holds. With Latest there is none in
	// effect: each step learns from the latest Batch transitions.
	Memory int  `json:"memory"`
	Latest bool `json:"latest,omitempty"`
	// Warmup is how many transitions there are before the first step.
	Warmup int `json:"warmup"`
	// Epsilon is ε, the share of actions that are drawn uniformly, once the first Anneal
	// rounds are over, in which it falls in a straight line from 1.
	Epsilon float64 `json:"epsilon"`
	Anneal  int     `json:"anneal"`
	// TargetEvery is after how many learning steps the target network is set to Q anew; at 0
	// there is no target network.
	TargetEvery int `json:"target_every,omitempty"`
	// Validation is the number of episodes in which the greedy policy is measured after each
	// epoch, the same ones.
	Validation int `json:"validation"`
}

// Bounds of a recipe, so that a wrong figure is refused before it exhausts the memory.
const (
	maxCopies   = 10_000
	maxLimit    = 100_000
	maxElements = 100_000_000 // of a tensor
	maxEpochs   = 10_000
)

// Check reports a recipe that makes no sense.
func (r QRecipe) Check() error {
	switch {
	case r.Copies < 1 || r.Copies > maxCopies || r.Validation < 1 || r.Validation > maxCopies:
		return fmt.Errorf("q-learning: want 1 to %d copies and validation episodes, got %d and %d", maxCopies, r.Copies, r.Validation)
	case r.Epochs < 1 || r.Epochs > maxEpochs:
		return fmt.Errorf("q-learning: want 1 to %d epochs, got %d", maxEpochs, r.Epochs)
	case r.Limit < 1 || r.Limit > maxLimit || r.Rounds < r.Limit || r.Rounds > maxElements:
		return fmt.Errorf("q-learning: want a limit of 1 to %d steps and epochs of at least as many rounds, so that episodes end in each, got %d and %d", maxLimit, r.Limit, r.Rounds)
	case r.Batch < 1 || r.Batch > maxCopies || r.Memory < r.Batch || r.Memory > maxElements/100:
		return fmt.Errorf("q-learning: want batches of 1 to %d transitions and a memory for %d at most and one batch at least, got %d and %d", maxCopies, maxElements/100, r.Batch, r.Memory)
	case r.Warmup < r.Batch || r.Warmup > r.Copies*r.Rounds:
		return fmt.Errorf("q-learning: want a warm-up of one batch at least and the first epoch at most, %d to %d transitions, got %d", r.Batch, r.Copies*r.Rounds, r.Warmup)
	case !(r.Epsilon >= 0 && r.Epsilon <= 1) || r.Anneal < 0:
		return fmt.Errorf("q-learning: want epsilon in [0,1] and anneal of at least 0 rounds, got %g and %d", r.Epsilon, r.Anneal)
	case !(r.Discount >= 0 && r.Discount <= 1) || r.TargetEvery < 0:
		return fmt.Errorf("q-learning: want a discount in [0,1] and target_every of at least 0, got %g and %d", r.Discount, r.TargetEvery)
	}
	return r.Optimizer.Check()
}

// QStage returns the stage "training" of a network by Q-learning. It ends with the parameters
// whose greedy policy had the largest mean return in the validation, the latest of equal ones.
// Values of an epoch: "return", "episodes", "loss" and "value" of QLearning.Objective in
// training; "return", and "value" and "discounted", the means of Played.First and
// Played.Discounted, in validation. Everything is drawn from streams that are split off s.
func QStage(env Environment, net *models.MLP, recipe QRecipe, s *random.Stream) pretrain.Stage {
	return pretrain.Stage{
		Name: "training", Params: (&QLearning{Q: net}).Params(),
		Train: func(ctx context.Context, hooks pretrain.Hooks) (*train.History, error) {
			a, err := newQAgent(env, net, recipe, s, hooks.Compiler)
			if err != nil {
				return nil, err
			}
			c := &course{agent: a, epochs: recipe.Epochs, rounds: recipe.Rounds}
			return c.train(ctx, hooks)
		},
	}
}

// qAgent is the agent of a QStage.
type qAgent struct {
	recipe   QRecipe
	learning *QLearning
	copies   *Copies
	replay   *Replay
	act      *actor
	state    *train.State
	learn    *step
	player   *Player
	total    tally
	done     int // rounds since the beginning

	explore, draw, test *random.Stream
	rng                 *rand.Rand // on explore
	rows                []int      // of the batch
	before              []float32  // a state
}

func newQAgent(env Environment, net *models.MLP, r QRecipe, s *random.Stream, compiler autodiff.Compiler) (*qAgent, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	if err := fits(env, net); err != nil {
		return nil, fmt.Errorf("q-learning: %w", err)
	}
	if s == nil {
		return nil, fmt.Errorf("q-learning: want a stream to draw from, got none")
	}
	a := &qAgent{recipe: r, explore: s.Split("exploration"), draw: s.Split("replay"), test: s.Split("validation"), rows: make([]int, r.Batch)}
	a.rng = a.explore.Rand()
	shape := env.Shape()
	a.before = make([]float32, shape.State)
	var err error
	if a.copies, err = NewCopies(env, r.Copies, r.Limit, s.Split("environment")); err != nil {
		return nil, err
	}
	if a.replay, err = NewReplay(r.Memory, shape.State); err != nil {
		return nil, err
	}
	if a.learning, err = NewQLearning(net, r.Discount, r.TargetEvery > 0); err != nil {
		return nil, err
	}
	if a.act, err = newActor(r.Copies, shape.Inputs, func(x *G.Node) (*G.Node, error) { return output(net, x) }, compiler, "act"); err != nil {
		return nil, err
	}
	if a.state, err = r.Optimizer.NewState(tensor.Float32); err != nil {
		return nil, err
	}
	if a.learn, err = newStep(a.learning, a.state, r.Batch, compiler); err != nil {
		return nil, err
	}
	for _, m := range a.learn.monitors {
		a.total.names = append(a.total.names, m.Name)
	}
	a.player, err = NewPlayer(env, net, r.Validation, r.Limit, compiler)
	return a, err
}

// round takes a step of every copy and, after the warm-up, a learning step.
func (a *qAgent) round(epoch int) error {
	q, err := a.act.of(a.copies)
	if err != nil {
		return err
	}
	k, epsilon := a.copies.shape.Actions, a.epsilon()
	for i := range a.copies.Len() {
		action := argmax(q[i*k : (i+1)*k])
		if a.rng.Float64() < epsilon {
			action = a.rng.IntN(k)
		}
		state := a.copies.State(i)
		copy(a.before, state)
		t := a.copies.Step(i, action)
		a.replay.Add(a.before, action, t.Reward, state, t.Terminal)
		if t.Over {
			a.total.returns += t.Return
			a.total.episodes++
			a.copies.Begin(i)
		}
	}
	a.done++
	if a.done*a.copies.Len() < a.recipe.Warmup {
		return nil
	}
	a.fill()
	a.state.Advance(epoch, a.recipe.Epochs)
	if err := a.learn.take(&a.total); err != nil {
		return err
	}
	if every := a.recipe.TargetEvery; every > 0 && a.state.Steps%every == 0 {
		return a.learning.Copy()
	}
	return nil
}

// epsilon is the share of random actions in the round.
func (a *qAgent) epsilon() float64 {
	r := a.recipe
	if a.done >= r.Anneal {
		return r.Epsilon
	}
	return 1 - (1-r.Epsilon)*float64(a.done)/float64(r.Anneal)
}

// fill fills the learning step's inputs with a batch.
func (a *qAgent) fill() {
	if a.recipe.Latest {
		a.replay.Latest(a.rows)
	} else {
		a.replay.Sample(a.rows, a.draw)
	}
	in := a.learn.inputs
	x, action, reward, next, goesOn := in[0].Float32s(), in[1].Float32s(), in[2].Float32s(), in[3].Float32s(), in[4].Float32s()
	n, k, env := a.copies.shape.Inputs, a.copies.shape.Actions, a.copies.env
	clear(action)
	for i, row := range a.rows {
		t := a.replay.Transition(row)
		env.Observe(x[i*n:][:n], t.From)
		env.Observe(next[i*n:][:n], t.To)
		action[i*k+t.Action], reward[i], goesOn[i] = 1, t.Reward, 1
		if t.Terminal {
			goesOn[i] = 0
		}
	}
}

// validate plays the same episodes after each epoch.
func (a *qAgent) validate(int) (train.Values, error) {
	s := *a.test
	p, err := a.player.Play(a.recipe.Discount, &s, nil)
	if err != nil {
		return nil, err
	}
	return train.Values{{Name: "return", Value: stat.Mean(p.Returns, nil)}, {Name: "value", Value: stat.Mean(p.First, nil)}, {Name: "discounted", Value: stat.Mean(p.Discounted, nil)}}, nil
}

func (a *qAgent) params() []*blocks.Param { return a.learning.Params() }

func (a *qAgent) tensors() []*blocks.Param {
	all := append(a.params(), slots(a.state)...)
	if a.learning.Target != nil {
		all = append(all, a.learning.Target.Params()...)
	}
	all = append(all, a.copies.tensors()...)
	return append(all, a.replay.tensors()...)
}

func (a *qAgent) streams() []*random.Stream {
	return []*random.Stream{a.copies.stream, a.explore, a.draw}
}

func (a *qAgent) count() *int  { return &a.state.Steps }
func (a *qAgent) sums() *tally { return &a.total }

func (a *qAgent) resume(rounds int) {
	a.done = rounds
	a.replay.added = rounds * a.copies.Len()
}
