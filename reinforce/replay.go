package reinforce

import (
	"fmt"

	"capas/blocks"
	"capas/random"
)

// Replay is the memory of the latest transitions, from which learning draws uniformly, with
// replacement, so that a step learns from independent ones (Lin 1992; Mnih et al. 2015). It
// holds states, of which observations are made when they are needed.
type Replay struct {
	// from and to (capacity, Shape.State) are the states before and after; what (capacity,3)
	// is the action, the reward, and 1 where the state after is terminal.
	from, to, what *blocks.Param
	added          int // transitions since the beginning, the forgotten ones too
}

// NewReplay returns an empty memory of states of the given length.
func NewReplay(capacity, state int) (*Replay, error) {
	if capacity < 1 || state < 1 {
		return nil, fmt.Errorf("replay memory: want a capacity and a state of at least 1, got %d and %d", capacity, state)
	}
	return &Replay{
		from: blocks.NewParam("replay.from", capacity, state), to: blocks.NewParam("replay.to", capacity, state),
		what: blocks.NewParam("replay.what", capacity, 3),
	}, nil
}

// Len is the number of transitions in the memory.
func (r *Replay) Len() int { return min(r.added, r.capacity()) }

func (r *Replay) capacity() int { return r.from.Value.Shape()[0] }

// Add takes a transition in, in the place of the oldest one if the memory is full.
func (r *Replay) Add(from []float32, action int, reward float32, to []float32, terminal bool) {
	i, d := r.added%r.capacity(), len(from)
	copy(r.from.Value.Float32s()[i*d:][:d], from)
	copy(r.to.Value.Float32s()[i*d:][:d], to)
	what := r.what.Value.Float32s()[3*i:]
	what[0], what[1], what[2] = float32(action), reward, 0
	if terminal {
		what[2] = 1
	}
	r.added++
}

// Transition is what the memory has of a step.
type Transition struct {
	From, To []float32
	Action   int
	Reward   float32
	Terminal bool
}

// Transition returns one of those in the memory, 0, …, Len−1 in no certain order, for
// reading.
func (r *Replay) Transition(i int) Transition {
	d := r.from.Value.Shape()[1]
	what := r.what.Value.Float32s()[3*i:]
	return Transition{
		From: r.from.Value.Float32s()[i*d:][:d], To: r.to.Value.Float32s()[i*d:][:d],
		Action: int(what[0]), Reward: what[1], Terminal: what[2] == 1,
	}
}

// Sample fills rows with numbers of transitions, each drawn uniformly from all in the memory,
// which must not be empty.
func (r *Replay) Sample(rows []int, s *random.Stream) {
	draw := s.Rand()
	for i := range rows {
		rows[i] = draw.IntN(r.Len())
	}
}

// Latest fills rows with the numbers of the latest transitions, of which the memory must have
// as many.
func (r *Replay) Latest(rows []int) {
	for i := range rows {
		rows[i] = (r.added - len(rows) + i) % r.capacity()
	}
}

// tensors are what Add changes.
func (r *Replay) tensors() []*blocks.Param { return []*blocks.Param{r.from, r.to, r.what} }
