package selfplay

import (
	"fmt"
	"math"

	"capas/blocks"
	"capas/games"
	"capas/random"

	"gorgonia.org/tensor"
)

// example is a position of a game, how the search shared its visits there, and how the game
// ended for the player to move.
type example struct {
	position games.Position
	policy   []float32
	result   float32
}

// buffer keeps the last examples, in tensors that checkpoints take as they are. A board's 64
// bits are four numbers of 16 bits, which float32 holds exactly, so that an example is small.
type buffer struct {
	game *games.Game
	rows *blocks.Param // (capacity, width), a ring
	// state is the number of examples that are there and the place of the next one; a place is
	// exact in float32 up to 2²⁴.
	state *blocks.Param
}

// words is the number of 16-bit numbers of a board.
const words = 4

func newBuffer(g *games.Game, capacity int) *buffer {
	return &buffer{g, blocks.NewParam("buffer.examples", capacity, 2*words+g.Moves()+1), blocks.NewParam("buffer.state", 2)}
}

func (b *buffer) params() []*blocks.Param { return []*blocks.Param{b.rows, b.state} }

func (b *buffer) capacity() int { return b.rows.Value.Shape()[0] }

func (b *buffer) size() int { return int(b.state.Value.Float32s()[0]) }

// row is the memory of example i.
func (b *buffer) row(i int) []float32 {
	w := b.rows.Value.Shape()[1]
	return b.rows.Value.Float32s()[i*w : (i+1)*w]
}

// add takes up an example, in place of the oldest one when the buffer is full.
func (b *buffer) add(e example) {
	state := b.state.Value.Float32s()
	row := b.row(int(state[1]))
	for i := range words {
		row[i], row[words+i] = float32(e.position.Own>>(16*i)&0xffff), float32(e.position.Other>>(16*i)&0xffff)
	}
	copy(row[2*words:], e.policy)
	row[len(row)-1] = e.result
	state[1] = float32((int(state[1]) + 1) % b.capacity())
	state[0] = float32(min(b.size()+1, b.capacity()))
}

// get is example i. Its policy shares the buffer's memory.
func (b *buffer) get(i int) (e example) {
	row := b.row(i)
	for i := range words {
		e.position.Own |= uint64(row[i]) << (16 * i)
		e.position.Other |= uint64(row[words+i]) << (16 * i)
	}
	e.policy, e.result = row[2*words:len(row)-1], row[len(row)-1]
	return e
}

// check reports numbers that no buffer comes to: a checkpoint of other code.
func (b *buffer) check() error {
	n := float64(b.capacity())
	size, next := float64(b.state.Value.Float32s()[0]), float64(b.state.Value.Float32s()[1])
	if !(size >= 0 && size <= n && next >= 0 && next < n && size == math.Trunc(size) && next == math.Trunc(next)) {
		return fmt.Errorf("buffer of %g examples: want their number and the next place, got %g and %g", n, size, next)
	}
	return nil
}

// sampler draws batches from a buffer, each example turned by a symmetry that is drawn with
// it.
type sampler struct {
	*buffer
	symmetries []games.Symmetry
	x, t       *tensor.Dense // (m, inputs), (m, moves+1)
}

func newSampler(b *buffer, m int) *sampler {
	dense := func(k int) *tensor.Dense {
		return tensor.New(tensor.WithShape(m, k), tensor.WithBacking(make([]float32, m*k)))
	}
	return &sampler{b, b.game.Symmetries(), dense(b.game.Inputs()), dense(b.game.Moves() + 1)}
}

// draw fills x and t.
func (s *sampler) draw(stream *random.Stream) {
	draw, m := stream.Rand(), s.x.Shape()[0]
	n, k := s.game.Inputs(), s.game.Moves()+1
	for i := range m {
		e := s.get(draw.IntN(s.size()))
		turn := s.symmetries[draw.IntN(len(s.symmetries))]
		s.game.Encode(s.x.Float32s()[i*n:(i+1)*n], s.game.Turned(e.position, turn))
		t := s.t.Float32s()[i*k : (i+1)*k]
		for move, share := range e.policy {
			t[turn.Moves[move]] = share
		}
		t[k-1] = e.result
	}
}
