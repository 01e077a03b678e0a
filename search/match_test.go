package search

import (
	"context"
	"math"
	"strings"
	"testing"

	"capas/games"
	"capas/random"
)

// Of random games of tic-tac-toe who begins wins 737/1260, loses 121/420 and draws 8/63: 131184
// of 255168 games are won, but the short ones are more probable.
func TestRandomGames(t *testing.T) {
	g, n := games.TicTacToe(), 6000
	score, records, err := Match(context.Background(), g, Random{g}, Random{g}, n, random.New(9))
	if err != nil {
		t.Fatal(err)
	}
	won := score.First.Won + score.Second.Lost // by who began
	lost := score.First.Lost + score.Second.Won
	for what, x := range map[string]struct {
		got  int
		want float64
	}{"won": {won, 737.0 / 1260}, "lost": {lost, 121.0 / 420}, "drawn": {score.All().Drawn, 8.0 / 63}} {
		share := float64(x.got) / float64(n)
		if math.Abs(share-x.want) > 4.5*math.Sqrt(x.want*(1-x.want)/float64(n)) {
			t.Errorf("%s: want a share of %.4f, got %.4f", what, x.want, share)
		}
	}
	if score.First.Games() != n/2 || score.Second.Games() != n/2 {
		t.Errorf("want %d games of either side, got %+v", n/2, score)
	}
	first := 0.0
	for i, r := range records { // the records are games by the rules, with their results
		p := must[games.Position](t)(g.After(r.Moves...))
		over, result := g.Over(p)
		if !p.First() {
			result = -result
		}
		if !over || result != r.Result {
			t.Fatalf("game %d, %v: result %g, want %g", i, r.Moves, r.Result, result)
		}
		first += r.Result
	}
	if first != float64(won-lost) {
		t.Errorf("records have a balance of %g, the score %d", first, won-lost)
	}
}

// A perfect player never loses; against one that moves at random it mostly wins. Two perfect
// players draw.
func TestPerfect(t *testing.T) {
	g := games.TicTacToe()
	perfect := Perfect{games.NewSolver(g)}
	score, _, err := Match(context.Background(), g, Random{g}, perfect, 400, random.New(10))
	if err != nil {
		t.Fatal(err)
	}
	if score.All().Won != 0 || score.All().Lost < 300 {
		t.Errorf("a random player against a perfect one: %+v", score)
	}
	if score, _, err = Match(context.Background(), g, perfect, perfect, 100, random.New(11)); err != nil || score.All().Drawn != 100 {
		t.Errorf("two perfect players: %+v, %v", score, err)
	}
}

// OnePly wins at once, else stops the opponent's win, else moves anywhere.
func TestOnePly(t *testing.T) {
	g := games.ConnectFour()
	for _, c := range []struct {
		moves []int
		want  int // −1: anywhere
	}{
		{[]int{3, 0, 3, 0, 3, 0}, 3}, // both threaten: it wins
		{[]int{3, 0, 3, 0, 3}, 3},    // it stops the column
		{[]int{3, 3}, -1},
	} {
		p := must[games.Position](t)(g.After(c.moves...))
		seen := map[int]bool{}
		for i := range 60 {
			moves := must[[]int](t)(OnePly{g}.Choose(context.Background(), []games.Position{p}, []*random.Stream{random.New(uint64(i))}))
			seen[moves[0]] = true
		}
		if c.want >= 0 && (len(seen) != 1 || !seen[c.want]) || c.want < 0 && len(seen) != 7 {
			t.Errorf("%v: want %d, got %v", c.moves, c.want, seen)
		}
	}
}

// More simulations are worth games, with random ones and by equal rules.
func TestMoreSimulationsWin(t *testing.T) {
	g := games.ConnectFour()
	strong, weak := must[*Searcher](t)(NewRollouts(g, 150, 1.4)), must[*Searcher](t)(NewRollouts(g, 15, 1.4))
	score, _, err := Match(context.Background(), g, strong, weak, 40, random.New(12))
	if err != nil {
		t.Fatal(err)
	}
	if score.All().Won < 28 { // p < 10⁻² for equal players; they win 38
		t.Errorf("150 simulations against 15: %+v", score)
	}
}

// illegal always moves to the first cell.
type illegal struct{}

func (illegal) Choose(_ context.Context, positions []games.Position, _ []*random.Stream) ([]int, error) {
	return make([]int, len(positions)), nil
}

// lazy moves in no position.
type lazy struct{}

func (lazy) Choose(context.Context, []games.Position, []*random.Stream) ([]int, error) {
	return nil, nil
}

func TestBadMatches(t *testing.T) {
	g, s, ctx := games.TicTacToe(), random.New(1), context.Background()
	for says, match := range map[string]func() error{
		"got -1 games":           func() error { _, _, err := Match(ctx, g, Random{g}, Random{g}, -1, s); return err },
		"two players":            func() error { _, _, err := Match(ctx, g, Random{g}, nil, 1, s); return err },
		"want a game":            func() error { _, _, err := Match(ctx, nil, Random{g}, Random{g}, 1, s); return err },
		"a stream":               func() error { _, _, err := Match(ctx, g, Random{g}, Random{g}, 1, nil); return err },
		"each of 3 positions":    func() error { _, _, err := Match(ctx, g, lazy{}, Random{g}, 5, s); return err },
		context.Canceled.Error(): func() error { _, _, err := Match(cancelled(), g, Random{g}, Random{g}, 1, s); return err },
	} {
		if err := match(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("want %q, got %v", says, err)
		}
	}
}

func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func TestIllegalMove(t *testing.T) {
	g := games.TicTacToe()
	_, _, err := Match(context.Background(), g, illegal{}, illegal{}, 2, random.New(1))
	if err == nil || !strings.Contains(err.Error(), "want a legal move after [0], got 0") {
		t.Errorf("got %v", err)
	}
}
