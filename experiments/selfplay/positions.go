package main

import (
	"context"

	"capas/games"
	"capas/random"
	"capas/search"
)

// position is one of which the best moves are known; where some win at once, those.
type position struct {
	name  string
	moves []int
	best  []int
	value string // of it, by perfect play, for the player to move
}

// positions are known ones of a game. Those of tic-tac-toe, and all that are won at once or
// must be stopped at once, are also compared with minimax by a test.
func positions(g *games.Game) []position {
	if g.Gravity {
		return []position{
			{"the empty board", nil, []int{3}, "won"}, // Allen 1988, Allis 1988
			{"three in a column", []int{3, 0, 3, 0, 3, 1}, []int{3}, "won"},
			{"three in a row, both ends open", []int{1, 1, 2, 2, 3, 6}, []int{0, 4}, "won"},
			{"three in a diagonal", []int{0, 1, 1, 2, 5, 2, 2, 3, 6, 3, 5, 3}, []int{3}, "won"},
			{"the other has three in a column", []int{3, 0, 3, 0, 3}, []int{3}, ""},
			{"two in a row can become an open three", []int{2, 2, 3, 3}, []int{1, 4}, "won"},
			{"the other can make an open three", []int{3, 3, 2}, []int{1, 4}, ""},
		}
	}
	return []position{
		{"the empty board", nil, []int{0, 1, 2, 3, 4, 5, 6, 7, 8}, "drawn"},
		{"the other began in a corner", []int{0}, []int{4}, "drawn"},
		{"the other began in the middle", []int{4}, []int{0, 2, 6, 8}, "drawn"},
		{"two in a row", []int{0, 4, 1, 8}, []int{2}, "won"},
		{"the other has two in a row", []int{0, 4, 1}, []int{2}, "drawn"},
		{"the other has two corners", []int{0, 4, 8}, []int{1, 3, 5, 7}, "drawn"},
		{"a side answered the corner", []int{0, 1}, []int{3, 4, 6}, "won"},
	}
}

// openings are the values of Connect Four's first moves for who makes them, by perfect play
// (Allis 1988).
func openings() []float64 { return []float64{-1, -1, 0, 1, 0, -1, -1} }

// different are the positions of a game from which it goes on, one of those that symmetries
// make equal, in the order in which they are found.
func different(g *games.Game) (out []games.Position) {
	seen := map[games.Position]bool{}
	symmetries := g.Symmetries()
	next := []games.Position{{}}
	for len(next) > 0 {
		p := next[0]
		next = next[1:]
		if over, _ := g.Over(p); over || seen[p] {
			continue
		}
		for _, s := range symmetries {
			seen[g.Turned(p, s)] = true
		}
		out = append(out, p)
		for move := range g.Moves() {
			if g.Legal(p)>>move&1 != 0 {
				next = append(next, g.Play(p, move))
			}
		}
	}
	return out
}

// lines plays out all games in which one side is a player that always does the same in a
// position, and the other side tries everything: the number of different boards at their ends,
// and of those where the player has lost.
func lines(ctx context.Context, g *games.Game, p search.Player) (ends, lost int, err error) {
	for side := range 2 {
		at := map[games.Position]bool{{}: true}
		for ply := 0; len(at) > 0; ply++ {
			var boards []games.Position
			for b := range at { // the order does not matter: a position's move depends on it alone
				boards = append(boards, b)
			}
			var after []games.Position
			if ply%2 == side {
				streams := make([]*random.Stream, len(boards))
				for i := range streams {
					streams[i] = random.New(0)
				}
				moves, err := p.Choose(ctx, boards, streams)
				if err != nil {
					return 0, 0, err
				}
				for i, b := range boards {
					after = append(after, g.Play(b, moves[i]))
				}
			} else {
				for _, b := range boards {
					for move := range g.Moves() {
						if g.Legal(b)>>move&1 != 0 {
							after = append(after, g.Play(b, move))
						}
					}
				}
			}
			next, over := map[games.Position]bool{}, map[games.Position]bool{}
			for _, b := range after {
				switch done, result := g.Over(b); {
				case !done:
					next[b] = true
				case !over[b]:
					over[b] = true
					ends++
					if result < 0 && ply%2 != side { // the opponent moved last
						lost++
					}
				}
			}
			at = next
		}
	}
	return ends, lost, nil
}
