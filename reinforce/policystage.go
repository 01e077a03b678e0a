package reinforce

import (
	"context"
	"fmt"

	"capas/autodiff"
	"capas/blocks"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"

	"gonum.org/v1/gonum/stat"
	"gorgonia.org/tensor"
)

// PolicyRecipe is how a policy is learned. A round plays episodes to their ends and takes
// one learning step on all their steps.
type PolicyRecipe struct {
	// Episodes is how many are played side by side in a round, Limit the steps of one at most.
	Episodes int `json:"episodes"`
	Limit    int `json:"limit"`
	// Discount is γ.
	Discount float64 `json:"discount"`
	// Epochs of Rounds each, after which the greedy policy is measured.
	Epochs int `json:"epochs"`
	Rounds int `json:"rounds"`
	// Optimizer takes the learning steps, of the baseline too.
	Optimizer train.Optimizer `json:"optimizer"`
	// Scale is the size of returns; see Policy.Scale.
	Scale float64 `json:"scale,omitempty"`
	// Validation is the number of episodes in which the greedy policy is measured after each
	// epoch, the same ones.
	Validation int `json:"validation"`
	// Measure is the number of episodes from which the variance of the gradient is measured
	// after each epoch, if there is a baseline; 0 for never.
	Measure int `json:"measure,omitempty"`
}

// Check reports a recipe that makes no sense.
func (r PolicyRecipe) Check() error {
	switch {
	case r.Episodes < 1 || r.Episodes > maxCopies || r.Validation < 1 || r.Validation > maxCopies:
		return fmt.Errorf("reinforce: want 1 to %d episodes and validation episodes, got %d and %d", maxCopies, r.Episodes, r.Validation)
	case r.Measure != 0 && r.Measure < 2 || r.Measure > maxCopies:
		return fmt.Errorf("reinforce: want the variance measured from 2 to %d episodes, or from 0 for never, got %d", maxCopies, r.Measure)
	case r.Epochs < 1 || r.Epochs > maxEpochs || r.Rounds < 1 || r.Rounds > maxElements:
		return fmt.Errorf("reinforce: want 1 to %d epochs and at least one round, got %d and %d", maxEpochs, r.Epochs, r.Rounds)
	case r.Limit < 1 || r.Limit > maxLimit || r.steps() > maxElements/100:
		return fmt.Errorf("reinforce: want a limit of at least one step, and %d steps of a round at most, got episodes of %d steps", maxElements/100, r.Limit)
	case !(r.Discount >= 0 && r.Discount <= 1) || !(r.Scale >= 0):
		return fmt.Errorf("reinforce: want a discount in [0,1] and a scale of at least 0, got %g and %g", r.Discount, r.Scale)
	}
	return r.Optimizer.Check()
}

// CheckFor is Check, and reports rounds whose observations would exhaust the memory.
func (r PolicyRecipe) CheckFor(s Shape) error {
	if err := r.Check(); err != nil {
		return err
	}
	if r.steps()*s.Inputs > maxElements {
		return fmt.Errorf("reinforce: want observations of at most %d numbers in a round, got %d steps of %d", maxElements, r.steps(), s.Inputs)
	}
	return nil
}

// steps are the most of a round, or of the episodes that measure the variance.
func (r PolicyRecipe) steps() int { return r.Limit * max(r.Episodes, r.Measure) }

// PolicyStage returns the stage "training" of a network by REINFORCE, with a baseline, a
// network of one output, or nil for none. It ends with the parameters whose greedy policy had
// the largest mean return in the validation, the latest of equal ones. Values of an epoch:
// "return", "episodes" and the monitors of Policy.Objective in training; "return" in
// validation and, where it is measured, "variance" and "variance without baseline", those of
// the gradient from one episode. Everything is drawn from streams that are split off s.
func PolicyStage(env Environment, net, baseline *models.MLP, recipe PolicyRecipe, s *random.Stream) pretrain.Stage {
	p := &Policy{Net: net, Baseline: baseline, Scale: recipe.Scale}
	return pretrain.Stage{
		Name: "training", Params: p.Params(),
		Train: func(ctx context.Context, hooks pretrain.Hooks) (*train.History, error) {
			a, err := newPolicyAgent(env, p, recipe, s, hooks.Compiler)
			if err != nil {
				return nil, err
			}
			c := &course{agent: a, epochs: recipe.Epochs, rounds: recipe.Rounds}
			return c.train(ctx, hooks)
		},
	}
}

// policyAgent is the agent of a PolicyStage.
type policyAgent struct {
	recipe   PolicyRecipe
	policy   *Policy
	rollout  *rollout
	state    *train.State
	learn    map[int]*step // by rows
	player   *Player
	noisy    *noisy // nil if the variance is not measured
	total    tally
	test     *random.Stream
	compiler autodiff.Compiler
}

func newPolicyAgent(env Environment, p *Policy, r PolicyRecipe, s *random.Stream, compiler autodiff.Compiler) (*policyAgent, error) {
	if err := fits(env, p.Net); err != nil {
		return nil, fmt.Errorf("reinforce: %w", err)
	}
	if err := r.CheckFor(env.Shape()); err != nil {
		return nil, err
	}
	if s == nil {
		return nil, fmt.Errorf("reinforce: want a stream to draw from, got none")
	}
	a := &policyAgent{recipe: r, policy: p, learn: map[int]*step{}, test: s.Split("validation"), compiler: compiler}
	var err error
	if a.rollout, err = newRollout(env, p.Net, r.Episodes, r.Limit, s, compiler); err != nil {
		return nil, err
	}
	if a.state, err = r.Optimizer.NewState(tensor.Float32); err != nil {
		return nil, err
	}
	first, err := a.step(1) // also makes the optimiser's tensors
	if err != nil {
		return nil, err
	}
	for _, m := range first.monitors {
		a.total.names = append(a.total.names, m.Name)
	}
	if r.Measure > 0 && p.Baseline != nil {
		if a.noisy, err = newNoisy(env, p, r, s.Split("variance"), compiler); err != nil {
			return nil, err
		}
	}
	a.player, err = NewPlayer(env, p.Net, r.Validation, r.Limit, compiler)
	return a, err
}

// leastRows of a learning step. Steps on more rows are compiled for powers of two, the rest of
// which has no weight.
const leastRows = 64

// step is the learning step on at least so many rows.
func (a *policyAgent) step(rows int) (*step, error) {
	m := leastRows
	for m < rows {
		m *= 2
	}
	if s, ok := a.learn[m]; ok {
		return s, nil
	}
	s, err := newStep(a.policy, a.state, m, a.compiler)
	if err != nil {
		return nil, err
	}
	a.learn[m] = s
	return s, nil
}

// round plays the episodes and learns from them.
func (a *policyAgent) round(epoch int) error {
	r := a.rollout
	if err := r.play(a.recipe.Discount); err != nil {
		return err
	}
	s, err := a.step(r.steps())
	if err != nil {
		return err
	}
	in, row := s.inputs, 0
	x, action, returns, weights := in[0].Float32s(), in[1].Float32s(), in[2].Float32s(), in[3].Float32s()
	for i := range r.lengths {
		row = r.put(i, x, action, returns, weights, row, 1/float32(len(r.lengths)))
		a.total.returns += float64(r.copies.episodes.Value.Float32s()[2*i+1])
		a.total.episodes++
	}
	clear(weights[row:])
	a.state.Advance(epoch, a.recipe.Epochs)
	return s.take(&a.total)
}

// validate plays the same episodes after each epoch.
func (a *policyAgent) validate(epoch int) (train.Values, error) {
	s := *a.test
	p, err := a.player.Play(a.recipe.Discount, &s, nil)
	if err != nil {
		return nil, err
	}
	values := train.Values{{Name: "return", Value: stat.Mean(p.Returns, nil)}}
	if a.noisy == nil {
		return values, nil
	}
	with, without, err := a.noisy.measure(epoch)
	return append(values, train.Value{Name: "variance", Value: with}, train.Value{Name: "variance without baseline", Value: without}), err
}

func (a *policyAgent) params() []*blocks.Param { return a.policy.Params() }

// tensors are the parameters and the optimiser's: a round begins with new episodes.
func (a *policyAgent) tensors() []*blocks.Param { return append(a.params(), slots(a.state)...) }

func (a *policyAgent) streams() []*random.Stream { return a.rollout.streams() }
func (a *policyAgent) count() *int               { return &a.state.Steps }
func (a *policyAgent) sums() *tally              { return &a.total }
func (a *policyAgent) resume(int)                {}
