package reinforce

import (
	"fmt"

	"capas/autodiff"
	"capas/models"
	"capas/random"

	G "gorgonia.org/gorgonia"
)

// Player plays episodes with the greedy policy of a network: the action of the largest
// output, of equal ones the first. It sees the network's parameters as they are when it
// plays.
type Player struct {
	env             Environment
	episodes, limit int
	act             *actor
}

// NewPlayer returns a player of so many episodes at a time, each of limit steps at most.
// The compiler calls their function "evaluation".
func NewPlayer(env Environment, net *models.MLP, episodes, limit int, compiler autodiff.Compiler) (*Player, error) {
	if err := fits(env, net); err != nil {
		return nil, fmt.Errorf("player: %w", err)
	}
	if episodes < 1 || limit < 1 {
		return nil, fmt.Errorf("player: want at least one episode of at least one step, got %d and %d", episodes, limit)
	}
	act, err := newActor(episodes, net.Inputs(), func(x *G.Node) (*G.Node, error) { return output(net, x) }, compiler, "evaluation")
	if err != nil {
		return nil, fmt.Errorf("player: %w", err)
	}
	return &Player{env, episodes, limit, act}, nil
}

// fits reports a network that cannot play.
func fits(env Environment, net *models.MLP) error {
	if env == nil || net == nil || len(net.Layers) == 0 {
		return fmt.Errorf("want an environment and a network")
	}
	shape := env.Shape()
	if net.Inputs() != shape.Inputs || net.Outputs() != shape.Actions {
		return fmt.Errorf("want a network of %d inputs and %d outputs, got %d and %d", shape.Inputs, shape.Actions, net.Inputs(), net.Outputs())
	}
	return nil
}

// Played is what episodes came to, an element for each.
type Played struct {
	// Returns are undiscounted, Discounted are from the first step on.
	Returns, Discounted []float64
	// First is the largest output in the first state: of Q, what it takes Discounted to be.
	First []float64
}

// Moment is a step of an episode: the state, what the network says of it, and what was done.
type Moment struct {
	// Episode counts from 0.
	Episode int
	// State, Input and Outputs hold until the next step.
	State, Input, Outputs []float32
	Action                int
}

// Play plays the episodes, with all draws from s. watch, if not nil, is called at each step
// of each.
func (p *Player) Play(discount float64, s *random.Stream, watch func(Moment)) (*Played, error) {
	c, err := NewCopies(p.env, p.episodes, p.limit, s)
	if err != nil {
		return nil, err
	}
	out := &Played{make([]float64, p.episodes), make([]float64, p.episodes), make([]float64, p.episodes)}
	over, weight := make([]bool, p.episodes), 1.0
	inputs, k := c.shape.Inputs, c.shape.Actions
	for step, left := 0, p.episodes; left > 0; step++ {
		outputs, err := p.act.of(c)
		if err != nil {
			return nil, fmt.Errorf("player: %w", err)
		}
		for i := range over {
			if over[i] {
				continue
			}
			row := outputs[i*k : (i+1)*k]
			action := argmax(row)
			if step == 0 {
				out.First[i] = float64(row[action])
			}
			if watch != nil {
				watch(Moment{i, c.State(i), p.act.x.Float32s()[i*inputs:][:inputs], row, action})
			}
			t := c.Step(i, action)
			out.Returns[i] = t.Return
			out.Discounted[i] += weight * float64(t.Reward)
			if t.Over {
				over[i] = true
				left--
			}
		}
		weight *= discount
	}
	return out, nil
}
