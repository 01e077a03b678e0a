package reinforce

import (
	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/models"
	"capas/random"

	G "gorgonia.org/gorgonia"
)

// rollout plays whole episodes with the actions that a policy draws, side by side, and keeps
// their steps.
type rollout struct {
	copies *Copies
	act    *actor // one-hot actions
	noise  *random.Stream
	limit  int
	// Of each episode its length and, from place i·limit on for episode i, of each step the
	// observation, the action and the reward; returns are made of these.
	lengths          []int
	seen             []float32
	actions          []int
	rewards, returns []float32
}

func newRollout(env Environment, net *models.MLP, episodes, limit int, s *random.Stream, compiler autodiff.Compiler) (*rollout, error) {
	r := &rollout{noise: s.Split("actions"), limit: limit, lengths: make([]int, episodes)}
	var err error
	if r.copies, err = NewCopies(env, episodes, limit, s.Split("environment")); err != nil {
		return nil, err
	}
	n := episodes * limit
	r.seen, r.actions = make([]float32, n*r.copies.shape.Inputs), make([]int, n)
	r.rewards, r.returns = make([]float32, n), make([]float32, n)
	r.act, err = newActor(episodes, net.Inputs(), func(x *G.Node) (*G.Node, error) {
		var c ops.Chain
		p := c.Do(blocks.Softmax().Apply(c.Do(output(net, x))))
		return c.Do(ops.Categorical(p, r.noise)), c.Err()
	}, compiler, "act")
	return r, err
}

// play plays new episodes.
func (r *rollout) play(discount float64) error {
	c, left := r.copies, len(r.lengths)
	n, k := c.shape.Inputs, c.shape.Actions
	for i := range r.lengths {
		c.Begin(i)
		r.lengths[i] = -1
	}
	for step := 0; left > 0; step++ {
		chosen, err := r.act.of(c)
		if err != nil {
			return err
		}
		x := r.act.x.Float32s()
		for i, length := range r.lengths {
			if length >= 0 {
				continue
			}
			at := i*r.limit + step
			copy(r.seen[at*n:][:n], x[i*n:])
			r.actions[at] = argmax(chosen[i*k : (i+1)*k])
			t := c.Step(i, r.actions[at])
			r.rewards[at] = t.Reward
			if t.Over {
				r.lengths[i] = step + 1
				left--
			}
		}
	}
	for i, length := range r.lengths {
		from := i * r.limit
		discounted(r.returns[from:from+length], r.rewards[from:from+length], discount)
	}
	return nil
}

// steps is the number of steps of all episodes.
func (r *rollout) steps() (n int) {
	for _, length := range r.lengths {
		n += length
	}
	return n
}

// put copies the steps of episode i to the rows from number row on of the inputs of
// Policy.Objective, each with the given weight, and returns the row behind them.
func (r *rollout) put(i int, x, action, returns, weights []float32, row int, weight float32) int {
	n, k := r.copies.shape.Inputs, r.copies.shape.Actions
	for at := i * r.limit; at < i*r.limit+r.lengths[i]; at++ {
		copy(x[row*n:][:n], r.seen[at*n:])
		clear(action[row*k:][:k])
		action[row*k+r.actions[at]], returns[row], weights[row] = 1, r.returns[at], weight
		row++
	}
	return row
}

func (r *rollout) streams() []*random.Stream { return []*random.Stream{r.copies.stream, r.noise} }
