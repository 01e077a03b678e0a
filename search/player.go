package search

import (
	"context"

	"capas/games"
	"capas/random"
)

// Player chooses moves.
type Player interface {
	// Choose returns a legal move for each of the positions, in none of which the game is
	// over. streams[i] is what it may draw from for positions[i].
	Choose(ctx context.Context, positions []games.Position, streams []*random.Stream) ([]int, error)
}

// Choose implements [Player]: the moves that are visited most.
func (s *Searcher) Choose(ctx context.Context, positions []games.Position, streams []*random.Stream) ([]int, error) {
	results, err := s.Run(ctx, positions, streams)
	if err != nil {
		return nil, err
	}
	moves := make([]int, len(results))
	for i, r := range results {
		moves[i] = r.Best()
	}
	return moves, nil
}

// Random moves at random.
type Random struct{ Game *games.Game }

// Choose implements [Player].
func (r Random) Choose(_ context.Context, positions []games.Position, streams []*random.Stream) ([]int, error) {
	return each(positions, streams, func(p games.Position, s *random.Stream) int { return pick(r.Game.Legal(p), s.Rand()) }), nil
}

// OnePly looks one move ahead: it wins at once where it can, otherwise takes the place where
// the opponent would win at once, otherwise moves at random.
type OnePly struct{ Game *games.Game }

// Choose implements [Player].
func (o OnePly) Choose(_ context.Context, positions []games.Position, streams []*random.Stream) ([]int, error) {
	return each(positions, streams, func(p games.Position, s *random.Stream) int {
		legal := o.Game.Legal(p)
		threat := games.Position{Own: p.Other, Other: p.Own} // the same board, the opponent to move
		for _, board := range []games.Position{p, threat} {
			for move := range o.Game.Moves() {
				if legal>>move&1 != 0 && o.Game.Wins(board, move) {
					return move
				}
			}
		}
		return pick(legal, s.Rand())
	}), nil
}

// Perfect makes no mistake: of the moves that keep the value of the position by minimax it
// takes one at random. It is for games that a [games.Solver] solves from the beginning.
type Perfect struct{ Solver *games.Solver }

// Choose implements [Player].
func (p Perfect) Choose(_ context.Context, positions []games.Position, streams []*random.Stream) ([]int, error) {
	return each(positions, streams, func(at games.Position, s *random.Stream) int {
		best := p.Solver.Best(at)
		return best[s.Rand().IntN(len(best))]
	}), nil
}

func each(positions []games.Position, streams []*random.Stream, choose func(games.Position, *random.Stream) int) []int {
	moves := make([]int, len(positions))
	for i, p := range positions {
		moves[i] = choose(p, streams[i])
	}
	return moves
}
