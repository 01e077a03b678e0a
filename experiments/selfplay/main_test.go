package main

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"capas/autodiff"
	"capas/experiments/internal/labtest"
	"capas/experiments/lab"
	"capas/games"
	"capas/random"
	"capas/search"
	"capas/selfplay"
)

// program has a run of both games that takes part of a second.
func program() labtest.Program[Recipe] {
	return labtest.Program[Recipe]{Experiment: experiment(), Tiny: func(out string, more ...string) []string {
		return append([]string{"-preset", "smoke", "-connect4-simulations", "4", "-connect4-selfplay-games", "4", "-progress", "none", "-out", out}, more...)
	}}
}

func TestRunAndResume(t *testing.T) {
	program().RunAndResume(t, "strength_connect4.svg", "strength_tictactoe.svg", lossFigure, outcomesFigure, "matches_connect4.svg", simulationsFigure, equalFigure, openingsFigure,
		"game_connect4.png", "game_tictactoe.png", "checkpoints/seed-1-connect4", "models/seed-1-tictactoe.safetensors")
}

// TestResume loads all networks of a finished run. TestInterrupted stops one.
func TestPresets(t *testing.T) { program().Presets(t) }

func TestResult(t *testing.T) {
	d := program().Result(t, "-seeds", "3")
	for _, name := range []string{"connect4.mcts.won", "connect4.mcts_x2.drawn", "connect4.mcts_equal_8.won", "connect4.one-ply.lost", "connect4.centre", "connect4.untrained.won", "tictactoe.policy.won", "tictactoe.perfect.lost", "tictactoe.lost_lines"} {
		if len(d.Metrics[name].Values) != 3 {
			t.Errorf("%s: want 3 values, got %v", name, d.Metrics[name].Values)
		}
	}
	for s := range 3 {
		sum := 0.0
		for _, what := range []string{"won", "drawn", "lost"} {
			sum += d.Metrics["connect4.mcts."+what].Values[s]
		}
		if math.Abs(sum-1) > 1e-12 {
			t.Errorf("seed %d: shares of games sum to %g", s+1, sum)
		}
		if v := d.Metrics["tictactoe.perfect.won"].Values[s]; v != 0 {
			t.Errorf("seed %d: won %g of the games against a perfect player", s+1, v)
		}
	}
	if len(d.Claims) != 2+4+2*2 {
		t.Errorf("want 10 claims, got %d", len(d.Claims))
	}
	// The claim of equal simulations is judged at those of self-play, whatever the others are.
	d = program().Result(t, "-seeds", "3", "-games", "connect4", "-connect4-selfplay-simulations", "6")
	judged := slices.IndexFunc(d.Claims, func(c lab.Claim) bool { return strings.Contains(c.Claim, "6 a move, as many as in self-play") })
	if judged < 0 || len(d.Metrics["connect4.mcts_equal_6.won"].Values) != 3 {
		t.Errorf("no match, or no claim, at 6 simulations: %v", d.Claims)
	} else if won := slices.Min(d.Metrics["connect4.mcts_equal_6.won"].Values); d.Claims[judged].Holds != (won >= 0.8) || d.Claims[judged].Figure != equalFigure {
		t.Errorf("%g of the games won: %+v", won, d.Claims[judged])
	}
	if one := program().Result(t, "-games", "tictactoe"); len(one.Claims) != 0 || len(one.Figures) != 7 || slices.Contains(one.Figures, openingsFigure) {
		t.Errorf("one game and one seed: %d claims, figures %v", len(one.Claims), one.Figures)
	}
}

func TestBadInput(t *testing.T) {
	program().BadInput(t,
		labtest.Bad{Name: "unknown game", Status: 2, Says: `game "chess" is unknown, want tictactoe or connect4`, Args: []string{"-games", "chess"}},
		labtest.Bad{Name: "no game", Status: 2, Says: "game", Args: []string{"-games", ""}},
		labtest.Bad{Name: "a game twice", Status: 2, Says: "connect4", Args: []string{"-games", "connect4,connect4"}},
		labtest.Bad{Name: "no units", Status: 2, Says: "1 to 10 layers of 1 to 4096 units, got [0]", Args: []string{"-connect4-units", "0"}},
		labtest.Bad{Name: "units beyond the memory", Status: 2, Says: "1 to 4096 units", Args: []string{"-tictactoe-units", "1000000000"}},
		labtest.Bad{Name: "no iterations", Status: 2, Says: "connect4: self-play: want 1 to 5000 iterations, got 0", Args: []string{"-connect4-iterations", "0"}},
		labtest.Bad{Name: "no games", Status: 2, Says: "1 to 100000 games, got 0", Args: []string{"-connect4-selfplay-games", "0"}},
		labtest.Bad{Name: "no simulations", Status: 2, Says: "simulations, got -1", Args: []string{"-tictactoe-simulations", "-1"}},
		labtest.Bad{Name: "simulations times handicap", Status: 2, Says: "simulations, got 200000", Args: []string{"-tictactoe-simulations", "100000"}},
		labtest.Bad{Name: "an odd match", Status: 2, Says: "half on either side", Args: []string{"-connect4-test", "3"}},
		labtest.Bad{Name: "NaN rate", Status: 2, Says: "NaN", Args: []string{"-connect4-lr", "NaN"}},
		labtest.Bad{Name: "a data set", Status: 2, Says: "data", Args: []string{"-data", "mnist"}},
		labtest.Bad{Name: "play inside a run", Status: 2, Says: "play", Args: []string{"-play", "connect4"}},
		labtest.Bad{Name: "divergence", Status: 1, Says: "diverged", Args: []string{"-tictactoe-lr", "1e30"}},
	)
}

// The known positions are what they are said to be: best moves are those that win at once, if
// there are any; otherwise those that minimax finds, in tic-tac-toe to the end, in Connect Four
// over the next moves: the others do not win, or do not keep the other from winning.
func TestKnownPositions(t *testing.T) {
	g := games.TicTacToe()
	solver := games.NewSolver(g)
	values := map[string]int{"won": 1, "drawn": 0, "lost": -1}
	for _, k := range positions(g) {
		p, err := g.After(k.moves...)
		if err != nil {
			t.Fatalf("%s: %v", k.name, err)
		}
		if got := solver.Value(p); got != values[k.value] {
			t.Errorf("%s: %s, but the value is %d", k.name, k.value, got)
		}
		best := solver.Best(p)
		if quick := atOnce(g, p); len(quick) > 0 {
			best = quick
		}
		if !slices.Equal(best, k.best) {
			t.Errorf("%s: want best moves %v, got %v", k.name, k.best, best)
		}
	}
	g = games.ConnectFour()
	for _, k := range positions(g)[1:] {
		p, err := g.After(k.moves...)
		if err != nil {
			t.Fatalf("%s: %v", k.name, err)
		}
		if quick := atOnce(g, p); len(quick) > 0 {
			if k.value != "won" || !slices.Equal(quick, k.best) {
				t.Errorf("%s: want %v, won, got %v, %s", k.name, quick, k.best, k.value)
			}
			continue
		}
		for move := range g.Moves() {
			if g.Legal(p)>>move&1 == 0 {
				continue
			}
			after, best := g.Play(p, move), slices.Contains(k.best, move)
			switch {
			case k.value == "won": // a win by force within two more moves of one's own
				if best != !holds(g, after, 4) {
					t.Errorf("%s: move %d: best %t, and the other holds %t", k.name, move, best, holds(g, after, 4))
				}
			case best != holds2(g, after):
				t.Errorf("%s: move %d: best %t, and holds %t", k.name, move, best, holds2(g, after))
			}
		}
	}
}

// atOnce are the moves that win at once.
func atOnce(g *games.Game, p games.Position) (moves []int) {
	for move := range g.Moves() {
		if g.Legal(p)>>move&1 != 0 && g.Wins(p, move) {
			moves = append(moves, move)
		}
	}
	return moves
}

// holds tells whether the player to move is not lost within so many moves, by minimax.
func holds(g *games.Game, p games.Position, moves int) bool { return value(g, p, moves) >= 0 }

// holds2 tells whether who has just moved is not lost within the next moves.
func holds2(g *games.Game, p games.Position) bool { return value(g, p, 3) <= 0 }

func value(g *games.Game, p games.Position, moves int) int {
	if over, result := g.Over(p); over || moves == 0 {
		return int(result)
	}
	best := -1
	for move := range g.Moves() {
		if g.Legal(p)>>move&1 != 0 {
			best = max(best, -value(g, g.Play(p, move), moves-1))
		}
	}
	return best
}

// Of tic-tac-toe's 5478 positions 765 are different under symmetries, and 627 of these go on.
func TestDifferentPositions(t *testing.T) {
	if n := len(different(games.TicTacToe())); n != 627 {
		t.Errorf("want 627, got %d", n)
	}
}

// The policy alone moves where the prior is largest, also where the search does not explore.
func TestPolicyAlone(t *testing.T) {
	recipe := presets()["smoke"]
	for _, g := range games.All() {
		for _, exploration := range []float64{0, 1.5} {
			l := &learner{run: &lab.Run[Recipe]{}, game: g, recipe: recipe.of(g), seed: 1}
			l.recipe.Play.Exploration = exploration
			net, err := l.recipe.network(g, random.New(1))
			if err != nil {
				t.Fatal(err)
			}
			l.net = net
			p, err := l.player(1)
			if err != nil {
				t.Fatal(err)
			}
			evaluator, err := selfplay.NewEvaluator(g, net, autodiff.Compiler{})
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range positions(g) {
				at, err := g.After(k.moves...)
				if err != nil {
					t.Fatal(err)
				}
				leaf := &search.Leaf{Position: at, Prior: make([]float32, g.Moves())}
				if err := evaluator.Evaluate([]*search.Leaf{leaf}); err != nil {
					t.Fatal(err)
				}
				moves, err := p.Choose(context.Background(), []games.Position{at}, []*random.Stream{random.New(1)})
				if err != nil || moves[0] != likeliest(leaf.Prior) {
					t.Errorf("%s, %s, exploration %g: want the move of the largest of %v, got %v, %v", g.Name, k.name, exploration, leaf.Prior, moves, err)
				}
			}
		}
	}
}

// firstFree takes the first cell that is free.
type firstFree struct{ game *games.Game }

func (f firstFree) Choose(_ context.Context, positions []games.Position, _ []*random.Stream) (moves []int, err error) {
	for _, p := range positions {
		for move := range f.game.Moves() {
			if f.game.Legal(p)>>move&1 != 0 {
				moves = append(moves, move)
				break
			}
		}
	}
	return moves, nil
}

// best is a perfect player that always does the same.
type best struct{ solver *games.Solver }

func (b best) Choose(_ context.Context, positions []games.Position, _ []*random.Stream) (moves []int, err error) {
	for _, p := range positions {
		moves = append(moves, b.solver.Best(p)[0])
	}
	return moves, nil
}

// All lines of play against a player are those that a walk through the tree of games finds.
func TestLines(t *testing.T) {
	g := games.TicTacToe()
	for name, p := range map[string]search.Player{"first free": firstFree{g}, "perfect": best{games.NewSolver(g)}} {
		ends, lost := 0, 0
		for side := range 2 {
			seen := map[games.Position]bool{}
			var walk func(at games.Position, ply int)
			walk = func(at games.Position, ply int) {
				if over, result := g.Over(at); over {
					if !seen[at] {
						ends++
						if result < 0 && ply%2 == side { // it is to move and has lost
							lost++
						}
					}
					seen[at] = true
					return
				}
				if ply%2 == side {
					moves, _ := p.Choose(context.Background(), []games.Position{at}, nil)
					walk(g.Play(at, moves[0]), ply+1)
					return
				}
				for move := range g.Moves() {
					if g.Legal(at)>>move&1 != 0 {
						walk(g.Play(at, move), ply+1)
					}
				}
			}
			walk(games.Position{}, 0)
		}
		gotEnds, gotLost, err := lines(context.Background(), g, p)
		if err != nil || gotEnds != ends || gotLost != lost {
			t.Errorf("%s: want %d ends, %d lost, got %d, %d, %v", name, ends, lost, gotEnds, gotLost, err)
		}
		if (lost == 0) != (name == "perfect") {
			t.Errorf("%s: %d lost of %d", name, lost, ends)
		}
	}
}

// A picture shows the stones where they lie, the last one with a dot.
func TestPicture(t *testing.T) {
	g := games.TicTacToe()
	stones := make([]int, 9)
	stones[1], stones[5] = 1, 4 // the first player's, and the second's last
	tile := picture(g, stones)
	at := func(cell, dy, dx int) [3]float32 {
		y, x, n := cell/3*cellPixels+dy, cell%3*cellPixels+dx, 9*cellPixels*cellPixels
		i := y*3*cellPixels + x
		return [3]float32{tile[i], tile[n+i], tile[2*n+i]}
	}
	orange, blue, white := [3]float32{0.90, 0.62, 0}, [3]float32{0, 0.45, 0.70}, [3]float32{1, 1, 1}
	if at(1, 4, 4) != orange || at(5, 4, 4) != white || at(5, 2, 4) != blue || at(0, 4, 4) == orange || at(1, 0, 0) == orange {
		t.Errorf("middle of cell 1 %v, of cell 5 %v, above its dot %v, of cell 0 %v", at(1, 4, 4), at(5, 4, 4), at(5, 2, 4), at(0, 4, 4))
	}
}
