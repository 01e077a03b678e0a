package games

import (
	"fmt"
	"math/bits"
	"strings"
)

// Game is the rules of a game: whoever has Line stones in a row, a column or a diagonal
// first has won, and a full board without is a draw. Make one with [TicTacToe],
// [ConnectFour] or [ByName].
//
// Moves are numbers from 0 on. With gravity a move is a column, from the left, in which the
// stone falls down; otherwise it is a cell, row by row from the top left.
type Game struct {
	// Name is that of flags and files, Title that for people.
	Name, Title string
	// Height and Width are the board's, in cells.
	Height, Width int
	// Line is the number of stones in a row that wins.
	Line    int
	Gravity bool

	// Column c of a board takes Height+1 bits, the lowest cell the lowest one. The bit above
	// a column is never set, so that no shift joins the ends of two columns.
	full  uint64
	cells []uint64 // the bit of each cell, row by row from the top
}

// Position is a board and whose turn it is. The zero value is the empty board.
type Position struct {
	// Own are the stones of the player to move, Other those of the opponent.
	Own, Other uint64
}

// TicTacToe is the game of three in a row on 3×3 cells. Nobody wins against a player who
// makes no mistake.
func TicTacToe() *Game { return newGame("tictactoe", "tic-tac-toe", 3, 3, 3, false) }

// ConnectFour is the game of four in a row on 7 columns of 6 cells, into which stones fall.
// Who begins wins by perfect play (Allen 1988; Allis 1988).
func ConnectFour() *Game { return newGame("connect4", "Connect Four", 6, 7, 4, true) }

// All are the games, the simplest first.
func All() []*Game { return []*Game{TicTacToe(), ConnectFour()} }

// Names lists the names of all games.
func Names() (names []string) {
	for _, g := range All() {
		names = append(names, g.Name)
	}
	return names
}

// ByName returns the game of the given name.
func ByName(name string) (*Game, error) {
	for _, g := range All() {
		if g.Name == name {
			return g, nil
		}
	}
	return nil, fmt.Errorf("game %.40q is unknown, want %s", name, strings.Join(Names(), " or "))
}

func newGame(name, title string, height, width, line int, gravity bool) *Game {
	g := &Game{Name: name, Title: title, Height: height, Width: width, Line: line, Gravity: gravity}
	for row := range height {
		for column := range width {
			bit := uint64(1) << (column*(height+1) + height - 1 - row)
			g.full |= bit
			g.cells = append(g.cells, bit)
		}
	}
	return g
}

// Moves is the number of different moves; those of a position are some of them.
func (g *Game) Moves() int {
	if g.Gravity {
		return g.Width
	}
	return g.Width * g.Height
}

// Cells is the number of cells.
func (g *Game) Cells() int { return g.Width * g.Height }

// Legal are the moves of a position as bits: bit i is set if move i is possible. There are
// none when the game is over.
func (g *Game) Legal(p Position) (moves uint64) {
	if g.Won(p) {
		return 0
	}
	empty := g.full &^ (p.Own | p.Other)
	for i := range g.Moves() { // with gravity, the cells of the top row
		if empty&g.cells[i] != 0 {
			moves |= 1 << i
		}
	}
	return moves
}

// stone is the bit of the cell in which the stone of a legal move comes to lie.
func (g *Game) stone(p Position, move int) uint64 {
	if !g.Gravity {
		return g.cells[move]
	}
	taken := p.Own | p.Other
	lowest := uint64(1) << (move * (g.Height + 1))
	return (taken + lowest) &^ taken // the carry runs up to the first empty cell of the column …
}

// Play is the position after a move, which must be legal.
func (g *Game) Play(p Position, move int) Position {
	return Position{Own: p.Other, Other: p.Own | g.stone(p, move)}
}

// After is the position after moves from the empty board; an error names the first that is
// not legal.
func (g *Game) After(moves ...int) (Position, error) {
	var p Position
	for i, move := range moves {
		if move < 0 || move >= g.Moves() || g.Legal(p)>>move&1 == 0 {
			return p, fmt.Errorf("%s: move %d of %v: want one that is possible, got %d", g.Name, i+1, moves, move)
		}
		p = g.Play(p, move)
	}
	return p, nil
}

// Won tells whether the player who moved last has won.
func (g *Game) Won(p Position) bool { return g.line(p.Other) }

// Wins tells whether a legal move wins at once.
func (g *Game) Wins(p Position, move int) bool { return g.line(p.Own | g.stone(p, move)) }

// line tells whether stones have a line: a set bit is left after shifts along a direction
// if so many stones follow each other there.
func (g *Game) line(stones uint64) bool {
	up := g.Height + 1 // to the cell beside
	for _, step := range [...]int{1, up, up - 1, up + 1} {
		rows := stones
		for i := 1; i < g.Line && rows != 0; i++ {
			rows &= stones >> (i * step)
		}
		if rows != 0 {
			return true
		}
	}
	return false
}

// Over tells whether the game is over, and then its result for the player to move: −1 for a
// loss, 0 for a draw. Nobody wins by the opponent's move.
func (g *Game) Over(p Position) (over bool, result float64) {
	if g.Won(p) {
		return true, -1
	}
	return p.Own|p.Other == g.full, 0
}

// Stones is the number of stones on the board.
func (p Position) Stones() int { return bits.OnesCount64(p.Own | p.Other) }

// First tells whether the player to move is the one who began.
func (p Position) First() bool { return p.Stones()%2 == 0 }
