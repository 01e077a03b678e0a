package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"capas/experiments/lab"
	"capas/experiments/lab/figure"
	"capas/games"
	"capas/search"
)

// known shows what the networks say of positions whose values are known.
func (r *reporter) known() error {
	r.Section("Positions that are known", "What the first seed's network says, and its search, of positions in which the best moves are known: the prior of all the best moves together, the value of the position for the player to move (−1 lost, 1 won), "+
		"and the moves that the search visited most, with their numbers of visits. Moves are columns from the left, and in tic-tac-toe cells row by row, both from 1.")
	for _, g := range r.Recipe.chosen() {
		l := r.of(g)[0]
		var rows [][]string
		for _, a := range l.exam.known {
			rows = append(rows, []string{a.name, texts(g, a.moves), texts(g, a.best), a.position.value, fmt.Sprintf("%.2f", a.prior), fmt.Sprintf("%.2f", a.value), visits(g, a.search)})
		}
		r.Table(fmt.Sprintf("%s, seed %d", capital(g.Title), l.seed), []string{"position", "moves so far", "best moves", "by perfect play", "prior of the best", "value", "most visited"}, rows)
	}
	for _, g := range r.Recipe.chosen() {
		if g.Gravity {
			if err := r.openings(g); err != nil {
				return err
			}
			continue
		}
		r.Table("Tic-tac-toe: all positions, one of those that symmetries make equal, against minimax; mean ± standard deviation over seeds", []string{"", "value kept by the move chosen (%)"}, [][]string{
			{fmt.Sprintf("network and search, of %d positions", r.of(g)[0].exam.positions), lab.Summary(r.percents(g, "best_moves"))},
			{"policy alone", lab.Summary(r.percents(g, "best_guesses"))},
		})
	}
	return nil
}

// openings compares the values of Connect Four's first moves.
func (r *reporter) openings(g *games.Game) error {
	dots := figure.Dots{XLabel: "column of the first move", YLabel: "value for who begins", Colors: figure.NewColors("network", "network and search", "perfect play")}
	for move, known := range openings() {
		var network, searched []float64
		for _, l := range r.of(g) {
			network, searched = append(network, l.exam.after[move].network), append(searched, l.exam.after[move].search)
		}
		at := g.MoveText(move)
		dots.Items = append(dots.Items, figure.Item{Category: at, Name: "network", Values: network}, figure.Item{Category: at, Name: "network and search", Values: searched},
			figure.Item{Category: at, Name: "perfect play", Values: []float64{known}})
	}
	svg, err := dots.SVG()
	if err != nil {
		return err
	}
	r.Figure(openingsFigure, "Connect Four: the first move", strings.TrimSpace("By perfect play the middle column wins, the columns beside it draw and the others lose (Allis 1988). "+
		"A network says how games like its own would end. "+dots.Spread()), svg)
	return nil
}

// records shows games of the first seed.
func (r *reporter) records() error {
	r.Section("Games", "Games at the end, of the first seed's network. Each board is the position after one more move, the first player's stones orange, the second's blue; a dot marks the last one.")
	for _, g := range r.Recipe.chosen() {
		l := r.of(g)[0]
		against := pure
		if !g.Gravity {
			against = perfect
		}
		m := l.matches[against]
		i := shown(m.records)
		sides := []string{"the network", title(against)}
		if i%2 == 1 {
			slices.Reverse(sides)
		}
		ends := map[float64]string{1: sides[0] + " wins", 0: "a draw", -1: sides[1] + " wins"}
		png, err := boards(g, m.records[i].Moves)
		if err != nil {
			return err
		}
		r.Figure(file(gameFigure, g), "A game of "+g.Title, fmt.Sprintf("%s (orange) against %s (blue), game %d of the match at the end; %s. Moves: %s.",
			capital(sides[0]), sides[1], i+1, ends[m.records[i].Result], texts(g, m.records[i].Moves)), png)
	}
	return nil
}

// shown is the first game that the network won, otherwise the first.
func shown(records []search.Record) int {
	for i, x := range records {
		if i%2 == 0 && x.Result > 0 || i%2 == 1 && x.Result < 0 {
			return i
		}
	}
	return 0
}

// texts are moves as people write them.
func texts(g *games.Game, moves []int) string {
	var out []string
	for _, m := range moves {
		out = append(out, g.MoveText(m))
	}
	return strings.Join(out, " ")
}

// visits are those of the moves that a search visited most, three at most.
func visits(g *games.Game, r search.Result) string {
	var moves []int
	for move, n := range r.Visits {
		if n > 0 {
			moves = append(moves, move)
		}
	}
	slices.SortStableFunc(moves, func(a, b int) int { return cmp.Compare(r.Visits[b], r.Visits[a]) })
	var out []string
	for _, move := range moves[:min(3, len(moves))] {
		out = append(out, fmt.Sprintf("%s: %d", g.MoveText(move), r.Visits[move]))
	}
	return strings.Join(out, ", ")
}

// Pictures of boards, in pixels.
const (
	cellPixels  = 10
	stoneRadius = 4.0
	dotRadius   = 1.5
)

// boards are pictures of the positions after each of the moves.
func boards(g *games.Game, moves []int) ([]byte, error) {
	sheet := figure.Sheet{Height: g.Height * cellPixels, Width: g.Width * cellPixels, Columns: min(len(moves), 7), Color: true}
	if !g.Gravity {
		sheet.Columns = min(len(moves), 5)
	}
	var p games.Position
	for _, move := range moves {
		before := make([]float32, g.Inputs())
		g.Encode(before, p)
		p = g.Play(p, move)
		after := make([]float32, g.Inputs())
		g.Encode(after, p)
		n := g.Cells()
		var stones []int // by cell: 1 the first player's, 2 the second's, with 2 more the last one
		for i := range n {
			sign := 0
			first := after[i] // of the player to move
			if !p.First() {
				first = after[n+i]
			}
			if after[i]+after[n+i] > 0 {
				sign = 2 - int(first)
			}
			if sign > 0 && before[i]+before[n+i] == 0 {
				sign += 2
			}
			stones = append(stones, sign)
		}
		sheet.Tiles = append(sheet.Tiles, picture(g, stones))
	}
	return sheet.PNG()
}

// picture is a board, three planes of red, green and blue.
func picture(g *games.Game, stones []int) []float32 {
	h, w := g.Height*cellPixels, g.Width*cellPixels
	tile := make([]float32, 3*h*w)
	colors := [][3]float32{{0.96, 0.96, 0.94}, {0.90, 0.62, 0}, {0, 0.45, 0.70}} // a hole, orange and blue of figure's palette
	board, dot := [3]float32{0.80, 0.80, 0.78}, [3]float32{1, 1, 1}
	for y := range h {
		for x := range w {
			sign := stones[y/cellPixels*g.Width+x/cellPixels]
			dy, dx := float64(y%cellPixels)-(cellPixels-1)/2.0, float64(x%cellPixels)-(cellPixels-1)/2.0
			color := board
			if d := dx*dx + dy*dy; sign > 2 && d <= dotRadius*dotRadius {
				color = dot
			} else if d <= stoneRadius*stoneRadius {
				color = colors[sign-2*(sign/3)]
			}
			for c, v := range color {
				tile[(c*h+y)*w+x] = v
			}
		}
	}
	return tile
}
