package selfplay

import (
	"context"
	"fmt"

	"capas/games"
	"capas/random"
	"capas/search"
)

// played is what the games of an iteration were.
type played struct {
	examples []example // game by game
	// Sums over the games: how many there were, their moves, those that the player who began
	// won, and draws.
	games, moves, first, drawn float64
}

// play plays games of the searcher against itself, all side by side. Game i draws from the
// stream s.Split("game i").
func play(ctx context.Context, g *games.Game, searcher *search.Searcher, n, chance int, s *random.Stream) (*played, error) {
	positions, streams := make([]games.Position, n), make([]*random.Stream, n)
	examples := make([][]example, n)
	var live []int
	for i := range n {
		streams[i] = s.Split(fmt.Sprintf("game %d", i))
		live = append(live, i)
	}
	out := &played{games: float64(n)}
	for ply := 0; len(live) > 0; ply++ {
		var at []games.Position
		var draws []*random.Stream
		for _, i := range live {
			at, draws = append(at, positions[i]), append(draws, streams[i])
		}
		results, err := searcher.Run(ctx, at, draws)
		if err != nil {
			return nil, err
		}
		left := live[:0]
		for k, i := range live {
			policy := results[k].Policy()
			examples[i] = append(examples[i], example{position: positions[i], policy: policy})
			move := results[k].Best()
			if ply < chance {
				move = draw(policy, streams[i])
			}
			positions[i] = g.Play(positions[i], move)
			over, result := g.Over(positions[i])
			if !over {
				left = append(left, i)
				continue
			}
			out.moves += float64(ply + 1)
			switch {
			case result == 0:
				out.drawn++
			case ply%2 == 0:
				out.first++
			}
			for j := len(examples[i]) - 1; j >= 0; j-- { // the last position is that of the other player
				result = -result
				examples[i][j].result = float32(result)
			}
		}
		live = left
	}
	for _, e := range examples {
		out.examples = append(out.examples, e...)
	}
	return out, nil
}

// draw is a move drawn with the given probabilities.
func draw(policy []float32, s *random.Stream) int {
	u, last := s.Rand().Float64(), 0
	for move, p := range policy {
		if p == 0 {
			continue
		}
		if last = move; u < float64(p) {
			break
		}
		u -= float64(p)
	}
	return last
}
