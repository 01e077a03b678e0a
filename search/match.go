package search

import (
	"context"
	"fmt"

	"capas/games"
	"capas/random"
)

// Record is a game that was played: its moves, and the result for who began.
type Record struct {
	Moves  []int
	Result float64
}

// Score counts results of a player, by who began.
type Score struct {
	First, Second Results
}

// Results counts games.
type Results struct{ Won, Drawn, Lost int }

// Games is how many there are.
func (r Results) Games() int { return r.Won + r.Drawn + r.Lost }

// All adds up the games of both sides.
func (s Score) All() Results {
	return Results{s.First.Won + s.Second.Won, s.First.Drawn + s.Second.Drawn, s.First.Lost + s.Second.Lost}
}

// Match plays n games side by side, a and b beginning by turns, a first. Game i draws from the
// stream s.Split("game i"). It returns the score of a and all games. It ends with ctx's error
// when that is cancelled.
func Match(ctx context.Context, g *games.Game, a, b Player, n int, s *random.Stream) (Score, []Record, error) {
	if g == nil || a == nil || b == nil || s == nil || n < 0 {
		return Score{}, nil, fmt.Errorf("match: want a game, two players, a stream and a number of games, got %d games", n)
	}
	positions, streams, records := make([]games.Position, n), make([]*random.Stream, n), make([]Record, n)
	var live []int // games that go on
	for i := range n {
		streams[i] = s.Split(fmt.Sprintf("game %d", i))
		live = append(live, i)
	}
	var score Score
	for ply := 0; len(live) > 0; ply++ {
		if err := ctx.Err(); err != nil {
			return Score{}, nil, err
		}
		for side, player := range []Player{a, b} { // a is to move in games i with i+ply even
			var turn []int
			var at []games.Position
			var draws []*random.Stream
			for _, i := range live {
				if (i+ply)%2 == side {
					turn, at, draws = append(turn, i), append(at, positions[i]), append(draws, streams[i])
				}
			}
			if len(turn) == 0 {
				continue
			}
			moves, err := player.Choose(ctx, at, draws)
			if err != nil {
				return Score{}, nil, err
			}
			if len(moves) != len(turn) {
				return Score{}, nil, fmt.Errorf("match of %s: want a move in each of %d positions, got %d", g.Title, len(turn), len(moves))
			}
			for k, i := range turn {
				if moves[k] < 0 || moves[k] >= g.Moves() || g.Legal(positions[i])>>moves[k]&1 == 0 {
					return Score{}, nil, fmt.Errorf("match of %s: want a legal move after %v, got %d", g.Title, records[i].Moves, moves[k])
				}
				positions[i] = g.Play(positions[i], moves[k])
				records[i].Moves = append(records[i].Moves, moves[k])
			}
		}
		left := live[:0]
		for _, i := range live {
			over, result := g.Over(positions[i])
			if !over {
				left = append(left, i)
				continue
			}
			if ply%2 == 0 { // who began has moved last
				result = -result
			}
			records[i].Result = result
			if i%2 == 0 {
				score.First.count(result)
			} else {
				score.Second.count(-result)
			}
		}
		live = left
	}
	return score, records, nil
}

func (r *Results) count(result float64) {
	switch {
	case result > 0:
		r.Won++
	case result < 0:
		r.Lost++
	default:
		r.Drawn++
	}
}
