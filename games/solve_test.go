package games

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// What is known of tic-tac-toe: it is a draw; the answer to a corner is the middle alone, to
// the middle a corner, to a side the middle, a corner beside it or the side across.
func TestTicTacToeIsADraw(t *testing.T) {
	g := TicTacToe()
	s := NewSolver(g)
	if v := s.Value(Position{}); v != 0 {
		t.Errorf("want a draw, got %d", v)
	}
	if best := s.Best(Position{}); len(best) != 9 {
		t.Errorf("every first move draws, got %v", best)
	}
	for move, want := range map[int][]int{0: {4}, 4: {0, 2, 6, 8}, 1: {0, 2, 4, 7}} {
		if got := s.Best(g.Play(Position{}, move)); !slices.Equal(got, want) {
			t.Errorf("answers to %d: want %v, got %v", move, want, got)
		}
	}
	if v := s.Value(g.Play(g.Play(Position{}, 0), 1)); v != 1 {
		t.Errorf("a side answers a corner: want a win, got %d", v)
	}
	if n := len(s.known); n > 5478-958 { // 958 positions are the ends of games
		t.Errorf("solved %d positions, more than there are", n)
	}
}

// Values of random late positions of Connect Four are those of minimax as it is written
// down, without a memory, and the best moves are those that keep them.
func TestLatePositions(t *testing.T) {
	g, draw := ConnectFour(), rand.New(rand.NewPCG(7, 8))
	var plain func(p Position) int
	plain = func(p Position) int {
		if hasLine(board(g, p), 'x', 4) {
			return -1
		}
		best, moves := -2, 0
		for move := range g.Moves() {
			if g.Legal(p)>>move&1 != 0 {
				best, moves = max(best, -plain(g.Play(p, move))), moves+1
			}
		}
		if moves == 0 {
			return 0
		}
		return best
	}
	seen := map[int]int{}
	for range 40 {
		p := late(g, draw, 7)
		want := plain(p)
		s := NewSolver(g)
		if got := s.Value(p); got != want {
			t.Fatalf("want %d, got %d for\n%s", want, got, g.Text(p))
		}
		for move := range g.Moves() {
			if g.Legal(p)>>move&1 != 0 && slices.Contains(s.Best(p), move) != (-plain(g.Play(p, move)) == want) {
				t.Fatalf("best moves %v, value %d of\n%s", s.Best(p), want, g.Text(p))
			}
		}
		seen[want]++
	}
	if len(seen) != 3 {
		t.Errorf("want positions that are won, drawn and lost, got %v", seen)
	}
}

// late is a position with so many empty cells, from random moves that do not end the game.
func late(g *Game, draw *rand.Rand, empty int) Position {
	for {
		var p Position
		for g.Legal(p) != 0 && g.Cells()-p.Stones() > empty {
			move := draw.IntN(g.Moves())
			if g.Legal(p)>>move&1 != 0 {
				p = g.Play(p, move)
			}
		}
		if over, _ := g.Over(p); !over {
			return p
		}
	}
}

func TestText(t *testing.T) {
	p, err := TicTacToe().After(4, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := TicTacToe().Text(p), "O 2 3\n4 X 6\n7 8 9\n"; got != want {
		t.Errorf("want\n%s\ngot\n%s", want, got)
	}
	p, err = ConnectFour().After(3, 3, 0)
	if err != nil {
		t.Fatal(err)
	}
	empty := ". . . . . . .\n"
	if got, want := ConnectFour().Text(p), empty+empty+empty+empty+". . . O . . .\nX . . X . . .\n1 2 3 4 5 6 7\n"; got != want {
		t.Errorf("want\n%s\ngot\n%s", want, got)
	}
}

func TestParseMove(t *testing.T) {
	g := ConnectFour()
	p, err := g.After(0, 0, 0, 0, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if move, err := g.ParseMove(p, " 4\n"); err != nil || move != 3 {
		t.Errorf("want move 3, got %d, %v", move, err)
	}
	want := "please type the number of a column: 2 3 4 5 6 7"
	for text, says := range map[string]string{
		"1": "column 1 is full; ", "8": "there is no column 8; ", "-1": "there is no column -1; ", "": `"" is no number; `, "x": `"x" is no number; `,
		"99999999999999999999": `"99999999999999999999" is no number; `,
	} {
		if _, err := g.ParseMove(p, text); err == nil || err.Error() != says+want {
			t.Errorf("%q: want %q, got %v", text, says+want, err)
		}
	}
	p, _ = TicTacToe().After(4)
	if _, err := TicTacToe().ParseMove(p, "5"); err == nil || err.Error() != "cell 5 is taken; please type the number of a cell: 1 2 3 4 6 7 8 9" {
		t.Errorf("a cell that is taken: %v", err)
	}
}

func TestErrors(t *testing.T) {
	for _, moves := range [][]int{{0, 0}, {9}, {-1}, {0, 3, 1, 4, 2, 5}} { // taken, none, none, after the end
		if _, err := TicTacToe().After(moves...); err == nil {
			t.Errorf("%v: want an error", moves)
		}
	}
	if _, err := ByName("chess"); err == nil || err.Error() != `game "chess" is unknown, want tictactoe or connect4` {
		t.Errorf("an unknown game: %v", err)
	}
	for _, name := range Names() {
		if g, err := ByName(name); err != nil || g.Name != name {
			t.Errorf("%s: %v, %v", name, g, err)
		}
	}
}

func ExampleGame_Text() {
	g := ConnectFour()
	p, _ := g.After(3, 3, 4, 2)
	fmt.Print(g.Text(p))
	// Output:
	// . . . . . . .
	// . . . . . . .
	// . . . . . . .
	// . . . . . . .
	// . . . O . . .
	// . . O X X . .
	// 1 2 3 4 5 6 7
}
