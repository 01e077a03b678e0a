package reinforce

import (
	"fmt"

	"capas/blocks"
	"capas/random"

	"gorgonia.org/tensor"
)

// Environment is a Markov decision process with finitely many actions, whose state is a
// vector of numbers. It keeps nothing itself: any number of copies have a state each.
type Environment interface {
	Shape() Shape
	// Begin sets state to the first one of an episode, drawn from s.
	Begin(state []float32, s *random.Stream)
	// Step replaces state by the one after an action, 0, 1, …, and returns the reward.
	// terminal tells that the episode ends with it: no reward follows.
	Step(state []float32, action int, s *random.Stream) (reward float32, terminal bool)
	// Observe fills x with what an agent sees of the state.
	Observe(x, state []float32)
}

// Shape is how large an environment is.
type Shape struct {
	// State and Inputs are the numbers of elements of a state and of an observation.
	State, Inputs int
	// Actions is the number of actions.
	Actions int
}

// Copies are copies of an environment, each in an episode of its own.
type Copies struct {
	env    Environment
	shape  Shape
	limit  int
	stream *random.Stream
	// states (n, Shape.State), and for each copy the steps of its episode and their rewards'
	// sum so far (n, 2).
	states, episodes *blocks.Param
}

// NewCopies returns n copies, each at the beginning of an episode. Episodes end after limit
// steps, whether the state is terminal then or not. All draws come from s. An environment with
// a method Check() error is asked whether it makes sense.
func NewCopies(env Environment, n, limit int, s *random.Stream) (*Copies, error) {
	if env == nil || s == nil {
		return nil, fmt.Errorf("copies of an environment: want an environment and a stream")
	}
	if c, ok := env.(interface{ Check() error }); ok {
		if err := c.Check(); err != nil {
			return nil, fmt.Errorf("copies of an environment: %w", err)
		}
	}
	shape := env.Shape()
	if shape.State < 1 || shape.Inputs < 1 || shape.Actions < 2 {
		return nil, fmt.Errorf("copies of an environment: want a state, inputs and 2 actions at least, got %+v", shape)
	}
	if n < 1 || limit < 1 {
		return nil, fmt.Errorf("copies of an environment: want at least one, and episodes of at least one step, got %d and %d", n, limit)
	}
	c := &Copies{
		env: env, shape: shape, limit: limit, stream: s,
		states: blocks.NewParam("copies.states", n, shape.State), episodes: blocks.NewParam("copies.episodes", n, 2),
	}
	for i := range n {
		c.Begin(i)
	}
	return c, nil
}

// Len is the number of copies.
func (c *Copies) Len() int { return c.states.Value.Shape()[0] }

// State is the state of copy i, for reading.
func (c *Copies) State(i int) []float32 {
	return c.states.Value.Float32s()[i*c.shape.State:][:c.shape.State:c.shape.State]
}

// Begin begins a new episode of copy i.
func (c *Copies) Begin(i int) {
	c.env.Begin(c.State(i), c.stream)
	e := c.episodes.Value.Float32s()[2*i:]
	e[0], e[1] = 0, 0
}

// Taken is what a step did.
type Taken struct {
	Reward float32
	// Terminal tells that the state is terminal, Over that the episode has ended, by that or
	// by the limit of its steps: Begin is next.
	Terminal, Over bool
	// Return is the sum of the episode's rewards so far, undiscounted.
	Return float64
}

// Step takes a step of copy i.
func (c *Copies) Step(i, action int) Taken {
	reward, terminal := c.env.Step(c.State(i), action, c.stream)
	e := c.episodes.Value.Float32s()[2*i:]
	e[0]++
	e[1] += reward
	return Taken{reward, terminal, terminal || int(e[0]) >= c.limit, float64(e[1])}
}

// Observe fills x (n, Shape.Inputs) with what the agents of all copies see.
func (c *Copies) Observe(x []float32) { observe(c.env, c.shape, x, c.states.Value.Float32s()) }

// observe fills the rows of x with observations of the rows of states.
func observe(env Environment, shape Shape, x, states []float32) {
	for i := range len(states) / shape.State {
		env.Observe(x[i*shape.Inputs:][:shape.Inputs], states[i*shape.State:][:shape.State])
	}
}

// tensors are what steps change.
func (c *Copies) tensors() []*blocks.Param { return []*blocks.Param{c.states, c.episodes} }

// matrix is a new matrix of zeros.
func matrix(rows, cols int) *tensor.Dense {
	return tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(make([]float32, rows*cols)))
}

// vector is a new vector of zeros.
func vector(n int) *tensor.Dense {
	return tensor.New(tensor.WithShape(n), tensor.WithBacking(make([]float32, n)))
}
