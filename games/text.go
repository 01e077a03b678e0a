package games

import (
	"fmt"
	"strconv"
	"strings"
)

// Text is a picture of a position, a line a row: X are the stones of who began, O the other
// ones. Without gravity an empty cell shows the number that a person types to take it; with
// gravity the columns' numbers stand below.
func (g *Game) Text(p Position) string {
	first, second := p.Own, p.Other
	if !p.First() {
		first, second = second, first
	}
	var b strings.Builder
	for row := range g.Height {
		for column := range g.Width {
			i := row*g.Width + column
			sign := "."
			switch bit := g.cells[i]; {
			case first&bit != 0:
				sign = "X"
			case second&bit != 0:
				sign = "O"
			case !g.Gravity:
				sign = strconv.Itoa(i + 1)
			}
			if column > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(sign)
		}
		b.WriteByte('\n')
	}
	for column := range g.Width {
		if !g.Gravity {
			break
		}
		if column > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(strconv.Itoa(column + 1))
		if column == g.Width-1 {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// MoveText is a move as people write it: the number of a column or a cell, from 1.
func (g *Game) MoveText(move int) string { return strconv.Itoa(move + 1) }

// ParseMove reads a move of a position as people write it. The error says what would be
// possible.
func (g *Game) ParseMove(p Position, text string) (int, error) {
	legal := g.Legal(p)
	var possible []string
	for move := range g.Moves() {
		if legal>>move&1 != 0 {
			possible = append(possible, g.MoveText(move))
		}
	}
	what, taken := "cell", "is taken"
	if g.Gravity {
		what, taken = "column", "is full"
	}
	want := fmt.Sprintf("please type the number of a %s: %s", what, strings.Join(possible, " "))
	n, err := strconv.Atoi(strings.TrimSpace(text))
	switch {
	case err != nil:
		return 0, fmt.Errorf("%.20q is no number; %s", strings.TrimSpace(text), want)
	case n < 1 || n > g.Moves():
		return 0, fmt.Errorf("there is no %s %d; %s", what, n, want)
	case legal>>(n-1)&1 == 0:
		return 0, fmt.Errorf("%s %d %s; %s", what, n, taken, want)
	}
	return n - 1, nil
}
