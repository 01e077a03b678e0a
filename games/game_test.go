package games

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// perft counts the sequences of n moves from p, those that end the game earlier left out.
func perft(g *Game, p Position, n int) int {
	if n == 0 {
		return 1
	}
	count, legal := 0, g.Legal(p)
	for move := range g.Moves() {
		if legal>>move&1 != 0 {
			count += perft(g, g.Play(p, move), n-1)
		}
	}
	return count
}

// The numbers of games of tic-tac-toe by length and winner, and of its positions, are known.
func TestTicTacToeCounts(t *testing.T) {
	g := TicTacToe()
	var byLength [10]int
	var first, second, drawn int
	positions := map[Position]bool{}
	var walk func(p Position, moves int)
	walk = func(p Position, moves int) {
		positions[p] = true
		if over, result := g.Over(p); over {
			byLength[moves]++
			switch {
			case result == 0:
				drawn++
			case moves%2 == 1:
				first++
			default:
				second++
			}
			return
		}
		for move := range g.Moves() {
			if g.Legal(p)>>move&1 != 0 {
				walk(g.Play(p, move), moves+1)
			}
		}
	}
	walk(Position{}, 0)
	if want := [10]int{5: 1440, 6: 5328, 7: 47952, 8: 72576, 9: 127872}; byLength != want {
		t.Errorf("games by length: want %v, got %v", want, byLength)
	}
	if first+second+drawn != 255168 || first != 131184 || second != 77904 || drawn != 46080 {
		t.Errorf("want 255168 games, 131184, 77904 and 46080 of them won, lost and drawn, got %d, %d and %d", first, second, drawn)
	}
	if len(positions) != 5478 {
		t.Errorf("want 5478 positions, got %d", len(positions))
	}
}

// So are, for Connect Four, the numbers of sequences of moves, and those of positions after
// each move (OEIS A212693).
func TestConnectFourCounts(t *testing.T) {
	g := ConnectFour()
	for n, want := range []int{1, 7, 49, 343, 2401, 16807, 117649, 823536} {
		if got := perft(g, Position{}, n); got != want {
			t.Errorf("sequences of %d moves: want %d, got %d", n, want, got)
		}
	}
	at := map[Position]bool{{}: true}
	for n, want := range []int{1, 7, 49, 238, 1120, 4263, 16422, 54859} {
		if len(at) != want {
			t.Errorf("positions after %d moves: want %d, got %d", n, want, len(at))
		}
		next := map[Position]bool{}
		for p := range at {
			for move := range g.Moves() {
				if g.Legal(p)>>move&1 != 0 {
					next[g.Play(p, move)] = true
				}
			}
		}
		at = next
	}
}

// board is a position as rows of signs, for rules written down a second time: 'o' the player
// to move, 'x' the other one.
func board(g *Game, p Position) [][]byte {
	x, rows := make([]float32, g.Inputs()), make([][]byte, g.Height)
	g.Encode(x, p)
	for r := range rows {
		rows[r] = slices.Repeat([]byte{'.'}, g.Width)
		for c := range g.Width {
			if i := r*g.Width + c; x[i] == 1 {
				rows[r][c] = 'o'
			} else if x[g.Cells()+i] == 1 {
				rows[r][c] = 'x'
			}
		}
	}
	return rows
}

// hasLine looks for a line cell by cell.
func hasLine(rows [][]byte, sign byte, n int) bool {
	for r := range rows {
		for c := range rows[r] {
			for _, d := range [][2]int{{0, 1}, {1, 0}, {1, 1}, {1, -1}} {
				length := 0
				for i, j := r, c; length < n && i >= 0 && i < len(rows) && j >= 0 && j < len(rows[0]) && rows[i][j] == sign; i, j = i+d[0], j+d[1] {
					length++
				}
				if length == n {
					return true
				}
			}
		}
	}
	return false
}

// Lines are found as by looking at all cells, on boards that are filled at random.
func TestLinesOnRandomBoards(t *testing.T) {
	draw := rand.New(rand.NewPCG(1, 2))
	for _, g := range All() {
		won, lost := 0, 0
		for range 20_000 {
			var p Position
			density := draw.Float64()
			for _, bit := range g.cells {
				if draw.Float64() < density {
					if draw.IntN(2) == 0 {
						p.Own |= bit
					} else {
						p.Other |= bit
					}
				}
			}
			rows := board(g, p)
			if got, want := g.Won(p), hasLine(rows, 'x', g.Line); got != want {
				t.Fatalf("%s: want %t, got %t for\n%s", g.Name, want, got, g.Text(p))
			} else if got {
				won++
			} else {
				lost++
			}
		}
		if won < 1000 || lost < 1000 {
			t.Errorf("%s: only %d boards with and %d without a line", g.Name, won, lost)
		}
	}
}

// Moves put a stone where the rules say, in random games played on rows of signs.
func TestMovesOfRandomGames(t *testing.T) {
	draw := rand.New(rand.NewPCG(3, 4))
	for _, g := range All() {
		for range 300 {
			var p Position
			for n := 0; ; n++ {
				rows := board(g, p)
				if p.Stones() != n || p.First() != (n%2 == 0) {
					t.Fatalf("%s: %d stones after %d moves, first %t", g.Name, p.Stones(), n, p.First())
				}
				over := hasLine(rows, 'x', g.Line) || n == g.Cells()
				if got, result := g.Over(p); got != over || over && (result == -1) != hasLine(rows, 'x', g.Line) {
					t.Fatalf("%s: want over %t, got %t with result %g for\n%s", g.Name, over, got, result, g.Text(p))
				}
				var possible []int
				for move := range g.Moves() {
					r, c := move/g.Width, move%g.Width
					if !over && (rows[r][c] == '.') {
						possible = append(possible, move)
					}
					if is := g.Legal(p)>>move&1 != 0; is != slices.Contains(possible, move) {
						t.Fatalf("%s: move %d: legal %t in\n%s", g.Name, move, is, g.Text(p))
					}
				}
				if over {
					break
				}
				move := possible[draw.IntN(len(possible))]
				r, c := move/g.Width, move%g.Width
				for g.Gravity && r+1 < g.Height && rows[r+1][c] == '.' {
					r++
				}
				wins := g.Wins(p, move)
				p = g.Play(p, move)
				rows[r][c] = 'o'
				if wins != hasLine(rows, 'o', g.Line) {
					t.Fatalf("%s: wins %t by %d:\n%s", g.Name, wins, move, g.Text(p))
				}
				for i := range rows { // the sides change
					for j, sign := range rows[i] {
						rows[i][j] = map[byte]byte{'o': 'x', 'x': 'o', '.': '.'}[sign]
					}
				}
				if got := board(g, p); !slices.EqualFunc(got, rows, slices.Equal[[]byte]) {
					t.Fatalf("%s: move %d: want\n%s\ngot\n%s", g.Name, move, rows, got)
				}
			}
		}
	}
}

// A symmetry takes the moves with it, and never changes who has won; the eight of a square
// are different and make a group.
func TestSymmetries(t *testing.T) {
	draw := rand.New(rand.NewPCG(5, 6))
	for _, g := range All() {
		all := g.Symmetries()
		if want := map[string]int{"tictactoe": 8, "connect4": 2}[g.Name]; len(all) != want {
			t.Fatalf("%s: want %d symmetries, got %d", g.Name, want, len(all))
		}
		for range 200 {
			var p Position
			for over := false; !over; over, _ = g.Over(p) {
				legal := g.Legal(p)
				for _, s := range all {
					turned := g.Turned(p, s)
					for move := range g.Moves() {
						to := s.Moves[move]
						if legal>>move&1 != g.Legal(turned)>>to&1 {
							t.Fatalf("%s: move %d and its image %d are not both legal", g.Name, move, to)
						}
						if legal>>move&1 != 0 && g.Turned(g.Play(p, move), s) != g.Play(turned, to) {
							t.Fatalf("%s: move %d and its image %d lead to other positions", g.Name, move, to)
						}
					}
				}
				move := draw.IntN(g.Moves())
				for legal>>move&1 == 0 {
					move = draw.IntN(g.Moves())
				}
				p = g.Play(p, move)
			}
			for _, s := range all {
				if g.Won(p) != g.Won(g.Turned(p, s)) {
					t.Fatalf("%s: a win is none when turned", g.Name)
				}
			}
		}
		key := func(cells []int) string {
			var b strings.Builder
			for _, c := range cells {
				b.WriteByte(byte('A' + c))
			}
			return b.String()
		}
		group := map[string]bool{}
		for _, s := range all {
			group[key(s.cells)] = true
		}
		if len(group) != len(all) || !group[key(identity(g.Cells()))] {
			t.Errorf("%s: want %d different symmetries, among them none, got %d", g.Name, len(all), len(group))
		}
		for _, a := range all {
			for _, b := range all {
				both := make([]int, g.Cells())
				for i := range both {
					both[i] = a.cells[b.cells[i]]
				}
				if !group[key(both)] {
					t.Errorf("%s: two symmetries after each other are none", g.Name)
				}
			}
		}
	}
	g := ConnectFour()
	p, _ := g.After(0, 6, 1)
	q, _ := g.After(6, 0, 5)
	if got := g.Turned(p, g.Symmetries()[1]); got != q {
		t.Errorf("left and right exchanged:\n%swant\n%s", g.Text(got), g.Text(q))
	}
}

func identity(n int) (out []int) {
	for i := range n {
		out = append(out, i)
	}
	return out
}

// A batch of three positions: planes of the player to move and the other, from the top left.
func TestEncode(t *testing.T) {
	g := ConnectFour()
	p, err := g.After(3, 3, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := make([]float32, 84)
	want[4*7+3] = 1    // the second player's, who is to move
	want[42+5*7+3] = 1 // the first player's
	want[42+5*7+0] = 1 //
	got := make([]float32, 84)
	for i := range got {
		got[i] = 7 // whatever was there before
	}
	if g.Encode(got, p); !slices.Equal(got, want) {
		t.Errorf("want %v, got %v", want, got)
	}
}
