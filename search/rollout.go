package search

import (
	"math/bits"
	"math/rand/v2"

	"capas/games"
)

// Rollout values a leaf by the result of one game in which both players move at random
// from it on, and has equal priors for all moves: Monte Carlo tree search before networks.
type Rollout struct{ Game *games.Game }

// Evaluate implements [Evaluator].
func (r Rollout) Evaluate(leaves []*Leaf) error {
	for _, l := range leaves {
		legal := r.Game.Legal(l.Position)
		share := 1 / float32(bits.OnesCount64(legal))
		for move := range l.Prior {
			if legal>>move&1 != 0 {
				l.Prior[move] = share
			}
		}
		l.Value = r.play(l.Position, l.Stream.Rand())
	}
	return nil
}

// play is the result of a random game for the player to move at its beginning.
func (r Rollout) play(p games.Position, draw *rand.Rand) float64 {
	for sign := 1.0; ; sign = -sign {
		if over, result := r.Game.Over(p); over {
			return sign * result
		}
		p = r.Game.Play(p, pick(r.Game.Legal(p), draw))
	}
}

// pick is one of the moves that are set in legal, each with the same probability.
func pick(legal uint64, draw *rand.Rand) int {
	for range draw.IntN(bits.OnesCount64(legal)) {
		legal &= legal - 1
	}
	return bits.TrailingZeros64(legal)
}

// NewRollouts returns a searcher by random games, with the rule [UCB1].
func NewRollouts(g *games.Game, simulations int, exploration float64) (*Searcher, error) {
	o := Options{Simulations: simulations, Rule: UCB1, Exploration: exploration}
	return NewSearcher(g, o, func() (Evaluator, error) { return Rollout{g}, nil })
}
