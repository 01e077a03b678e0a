package main

import (
	"flag"
	"fmt"
	"strconv"
	"strings"

	"capas/blocks"
	"capas/experiments/lab"
	"capas/reinforce"
	"capas/train"
)

// Recipe is the experiment's.
type Recipe struct {
	// Hidden are the units of the hidden layers of all networks, Activation theirs.
	Hidden     []int             `json:"hidden"`
	Activation blocks.Activation `json:"activation"`
	// Rows and Columns are those of Catch's screen, Limit the steps after which an episode of
	// the cart-pole ends at the latest.
	Rows    int `json:"rows"`
	Columns int `json:"columns"`
	Limit   int `json:"limit"`
	// Validation and Test are the numbers of episodes that measure a policy after each epoch
	// and at the end.
	Validation int `json:"validation"`
	Test       int `json:"test"`
	// CartPole and Catch are the trainings. Limits and numbers of validation episodes in them
	// follow from the above.
	CartPole Trainings `json:"cartpole"`
	Catch    Trainings `json:"catch"`
	// Solved is the mean return over the test episodes from which on the cart-pole counts as
	// solved, Caught the share of balls from which on Catch does.
	Solved float64 `json:"solved"`
	Caught float64 `json:"caught"`
}

// Trainings are those of a task.
type Trainings struct {
	Q      reinforce.QRecipe      `json:"q"`
	Policy reinforce.PolicyRecipe `json:"policy"`
}

// presets are the recipes by name.
func presets() map[string]Recipe {
	adam := func(rate float64) train.Optimizer {
		return train.Optimizer{Kind: "adam", Rate: train.Constant(rate)}
	}
	lecture := Recipe{
		Hidden: []int{64, 64}, Activation: blocks.Tanh(), Rows: 10, Columns: 10, Limit: 200, Validation: 50, Test: 100, Solved: 195, Caught: 0.95,
		CartPole: Trainings{
			Q: reinforce.QRecipe{Copies: 4, Discount: 0.99, Epochs: 30, Rounds: 1000, Optimizer: adam(1e-3), Batch: 64, Memory: 10_000, Warmup: 1000,
				Epsilon: 0.05, Anneal: 5000, TargetEvery: 100},
			Policy: reinforce.PolicyRecipe{Episodes: 8, Discount: 0.99, Epochs: 20, Rounds: 10, Optimizer: adam(3e-3), Scale: 50, Measure: 32},
		},
		Catch: Trainings{
			Q: reinforce.QRecipe{Copies: 4, Discount: 0.99, Epochs: 30, Rounds: 1000, Optimizer: adam(1e-3), Batch: 64, Memory: 10_000, Warmup: 1000,
				Epsilon: 0.05, Anneal: 5000, TargetEvery: 50},
			Policy: reinforce.PolicyRecipe{Episodes: 16, Discount: 0.99, Epochs: 20, Rounds: 50, Optimizer: adam(1e-3), Scale: 1, Measure: 64},
		},
	}
	smoke := lecture
	smoke.Hidden, smoke.Rows, smoke.Columns, smoke.Limit, smoke.Validation, smoke.Test = []int{16}, 5, 5, 100, 10, 20
	smoke.Solved = 50
	for _, t := range []*Trainings{&smoke.CartPole, &smoke.Catch} {
		t.Q.Epochs, t.Q.Rounds, t.Q.Batch, t.Q.Memory, t.Q.Warmup, t.Q.Anneal, t.Q.TargetEvery = 4, 150, 32, 1000, 100, 300, 20
		t.Policy.Epochs, t.Policy.Rounds, t.Policy.Episodes, t.Policy.Measure = 4, 10, 4, 8
	}
	paper := lecture
	paper.Rows, paper.Columns, paper.Limit, paper.Solved, paper.Validation = 24, 24, 500, 475, 100
	paper.CartPole.Q.Epochs, paper.CartPole.Q.Rounds, paper.CartPole.Q.Memory, paper.CartPole.Q.Anneal = 50, 2000, 50_000, 20_000
	paper.CartPole.Policy.Epochs, paper.CartPole.Policy.Rounds = 50, 20
	paper.Catch.Q.Epochs, paper.Catch.Q.Rounds, paper.Catch.Q.Memory, paper.Catch.Q.Anneal = 50, 4000, 50_000, 40_000
	paper.Catch.Policy.Epochs, paper.Catch.Policy.Rounds, paper.Catch.Policy.Episodes = 50, 200, 32
	return map[string]Recipe{"smoke": smoke, "lecture": lecture, "paper": paper}
}

// flags binds the command line to the recipe. What a flag says of both tasks, a file of -recipe
// can say of each.
func flags(fs *flag.FlagSet, r *Recipe) {
	lab.ListFlag(fs, &r.Hidden, "hidden", "comma-separated `list` of the units of the hidden layers", strconv.Atoi)
	fs.TextVar(&r.Activation, "activation", r.Activation, "activation of the hidden units, by `name`: "+strings.Join(blocks.Activations(), ", "))
	fs.IntVar(&r.Limit, "limit", r.Limit, "`steps` of an episode of the cart-pole at most")
	fs.IntVar(&r.Rows, "rows", r.Rows, "`rows` of Catch's screen")
	fs.IntVar(&r.Columns, "columns", r.Columns, "`columns` of Catch's screen")
	fs.IntVar(&r.Validation, "validation-episodes", r.Validation, "`episodes` that measure a policy after each epoch")
	fs.IntVar(&r.Test, "test-episodes", r.Test, "`episodes` that measure a policy at the end")
	both := func(name, usage string, cartpole, catch *int) {
		fs.Func(name, fmt.Sprintf("%s (%d on cart-pole, %d on catch)", usage, *cartpole, *catch), func(s string) error {
			n, err := strconv.Atoi(s)
			if err != nil {
				return fmt.Errorf("want a whole number")
			}
			*cartpole, *catch = n, n
			return nil
		})
	}
	both("q-epochs", "`epochs` of Q-learning", &r.CartPole.Q.Epochs, &r.Catch.Q.Epochs)
	both("q-rounds", "`rounds` of an epoch of Q-learning", &r.CartPole.Q.Rounds, &r.Catch.Q.Rounds)
	both("policy-epochs", "`epochs` of REINFORCE", &r.CartPole.Policy.Epochs, &r.Catch.Policy.Epochs)
	both("policy-rounds", "`rounds` of an epoch of REINFORCE", &r.CartPole.Policy.Rounds, &r.Catch.Policy.Rounds)
	both("copies", "`environments` side by side in Q-learning", &r.CartPole.Q.Copies, &r.Catch.Q.Copies)
	both("episodes", "`episodes` of a round of REINFORCE", &r.CartPole.Policy.Episodes, &r.Catch.Policy.Episodes)
	both("batch", "`transitions` of a learning step of Q-learning", &r.CartPole.Q.Batch, &r.Catch.Q.Batch)
	both("memory", "`transitions` in the replay memory", &r.CartPole.Q.Memory, &r.Catch.Q.Memory)
	both("target-every", "learning `steps` between copies to the target network", &r.CartPole.Q.TargetEvery, &r.Catch.Q.TargetEvery)
}

// Bounds of a recipe; package reinforce has those of the trainings.
const (
	maxUnits  = 10_000
	maxLayers = 10
)

// validate reports what is wrong with a recipe, and completes the trainings.
func validate(r *Recipe) error {
	if len(r.Hidden) < 1 || len(r.Hidden) > maxLayers {
		return fmt.Errorf("want 1 to %d hidden layers, got %d", maxLayers, len(r.Hidden))
	}
	for _, units := range r.Hidden {
		if units < 1 || units > maxUnits {
			return fmt.Errorf("want 1 to %d units in a hidden layer, got %d", maxUnits, units)
		}
	}
	if r.Activation == blocks.Softmax() {
		return fmt.Errorf("activation softmax is for outputs, not for hidden units")
	}
	if err := r.screen().Check(); err != nil {
		return err
	}
	if r.Limit < 1 {
		return fmt.Errorf("want a limit of at least one step, got %d", r.Limit)
	}
	if r.Test < 1 || r.Test > maxUnits {
		return fmt.Errorf("want 1 to %d test episodes, got %d", maxUnits, r.Test)
	}
	if !(r.Solved > 0 && r.Solved <= float64(r.Limit)) || !(r.Caught > 0 && r.Caught <= 1) {
		return fmt.Errorf("want solved in (0,%d], the limit of an episode, and caught in (0,1], got %g and %g", r.Limit, r.Solved, r.Caught)
	}
	for _, t := range tasks() {
		own := r.trainings(t)
		own.Q.Limit, own.Policy.Limit = r.limit(t), r.limit(t)
		own.Q.Validation, own.Policy.Validation = r.Validation, r.Validation
		if own.Q.TargetEvery < 1 || own.Q.Latest {
			return fmt.Errorf("%s: want a target network and a replay memory, which the experiment leaves out by itself", t)
		}
		if own.Policy.Measure < 2 {
			return fmt.Errorf("%s: want the variance measured from 2 episodes at least, got %d", t, own.Policy.Measure)
		}
		if err := own.Q.Check(); err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
		if err := own.Policy.CheckFor(r.environment(t).Shape()); err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
	}
	return nil
}

func (r *Recipe) screen() reinforce.Catch {
	return reinforce.Catch{Rows: r.Rows, Columns: r.Columns}
}

// environment is that of a task.
func (r *Recipe) environment(t task) reinforce.Environment {
	if t == catch {
		return r.screen()
	}
	return reinforce.CartPole{}
}

// trainings are those of a task.
func (r *Recipe) trainings(t task) *Trainings {
	if t == catch {
		return &r.Catch
	}
	return &r.CartPole
}

// limit is the most steps of an episode.
func (r *Recipe) limit(t task) int {
	if t == catch {
		return r.Rows - 1
	}
	return r.Limit
}
