package search

import (
	"context"
	"errors"
	"math"
	"math/bits"
	"runtime"
	"slices"
	"strings"
	"testing"

	"capas/games"
	"capas/random"
)

// hash is an evaluator whose priors and values are a function of the position that looks
// random.
type hash struct{ game *games.Game }

func (h hash) Evaluate(leaves []*Leaf) error {
	for _, l := range leaves {
		var prior []float64
		prior, l.Value = h.of(l.Position)
		for move, p := range prior {
			l.Prior[move] = float32(p)
		}
	}
	return nil
}

func (h hash) of(p games.Position) (prior []float64, value float64) {
	x := 0x2545F4914F6CDD1D ^ p.Own*0x9E3779B97F4A7C15 ^ bits.RotateLeft64(p.Other, 31)*0xBF58476D1CE4E5B9
	next := func() float64 {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		return float64(x>>40) / (1 << 24)
	}
	value = 2*next() - 1
	sum := 0.0
	prior = make([]float64, h.game.Moves())
	for move := range prior {
		if h.game.Legal(p)>>move&1 != 0 {
			prior[move] = next()
			sum += prior[move]
		}
	}
	for move := range prior {
		prior[move] = float64(float32(prior[move] / sum))
	}
	return prior, value
}

// plainNode is the search written down a second time: a tree of pointers, recursion, and
// values turned at each call.
type plainNode struct {
	visits   map[int]int
	total    map[int]float64
	children map[int]*plainNode
	prior    []float64
}

func (n *plainNode) simulate(h hash, p games.Position, c float64) float64 {
	if over, result := h.game.Over(p); over {
		return result
	}
	if n.prior == nil {
		var value float64
		n.prior, value = h.of(p)
		n.visits, n.total, n.children = map[int]int{}, map[int]float64{}, map[int]*plainNode{}
		return value
	}
	sum := 0
	for _, v := range n.visits {
		sum += v
	}
	best, most := -1, math.Inf(-1)
	for move := range h.game.Moves() {
		if h.game.Legal(p)>>move&1 == 0 {
			continue
		}
		q := 0.0
		if n.visits[move] > 0 {
			q = n.total[move] / float64(n.visits[move])
		}
		score := q + c*math.Sqrt(max(float64(sum), 1))*n.prior[move]/float64(1+n.visits[move])
		if score > most {
			best, most = move, score
		}
	}
	if n.children[best] == nil {
		n.children[best] = &plainNode{}
	}
	value := -n.children[best].simulate(h, h.game.Play(p, best), c)
	n.visits[best]++
	n.total[best] += value
	return value
}

func streamsOf(n int) (out []*random.Stream) {
	for range n {
		out = append(out, random.New(uint64(len(out))))
	}
	return out
}

// A search visits what the plain one does.
func TestAgainstPlainSearch(t *testing.T) {
	for _, g := range games.All() {
		h := hash{g}
		o := Options{Simulations: 300, Rule: PUCT, Exploration: 1.7}
		s := must[*Searcher](t)(NewSearcher(g, o, func() (Evaluator, error) { return h, nil }))
		positions := someGames(t, g, 40)
		results := must[[]Result](t)(s.Run(context.Background(), positions, streamsOf(len(positions))))
		for i, p := range positions {
			root := &plainNode{}
			for range o.Simulations + 1 { // the first evaluates the root
				root.simulate(h, p, o.Exploration)
			}
			sum, total := 0, 0.0
			for move, n := range results[i].Visits {
				if n != root.visits[move] {
					t.Fatalf("%s, position %d: move %d: want %d visits, got %d", g.Name, i, move, root.visits[move], n)
				}
				if n > 0 && math.Abs(results[i].Values[move]-root.total[move]/float64(n)) > 1e-9 {
					t.Fatalf("%s, position %d: move %d: want value %g, got %g", g.Name, i, move, root.total[move]/float64(n), results[i].Values[move])
				}
				sum, total = sum+n, total+root.total[move]
			}
			if sum != o.Simulations || math.Abs(results[i].Value-total/float64(sum)) > 1e-9 {
				t.Fatalf("%s, position %d: %d visits, value %g, want %g", g.Name, i, sum, results[i].Value, total/float64(sum))
			}
		}
	}
}

// someGames are positions of random games that are not over.
func someGames(t *testing.T, g *games.Game, n int) (out []games.Position) {
	t.Helper()
	s := random.New(77)
	for len(out) < n {
		var p games.Position
		for over := false; !over; over, _ = g.Over(p) {
			out = append(out, p)
			p = g.Play(p, pick(g.Legal(p), s.Rand()))
		}
	}
	return out[:n]
}

// With enough simulations both kinds of search play as minimax does, in every position of
// tic-tac-toe of some random games, and where something is at stake in Connect Four.
func TestEnoughSimulationsAreMinimax(t *testing.T) {
	g := games.TicTacToe()
	solver := games.NewSolver(g)
	positions := someGames(t, g, 60)
	for name, s := range map[string]*Searcher{
		"uniform priors": must[*Searcher](t)(NewSearcher(g, Options{Simulations: 3000, Rule: PUCT, Exploration: 2}, func() (Evaluator, error) { return flat{g}, nil })),
		"rollouts":       must[*Searcher](t)(NewRollouts(g, 3000, 1.4)),
	} {
		moves := must[[]int](t)(s.Choose(context.Background(), positions, streamsOf(len(positions))))
		for i, p := range positions {
			if best := solver.Best(p); !slices.Contains(best, moves[i]) {
				t.Errorf("%s: want one of %v, got %d in\n%s", name, best, moves[i], g.Text(p))
			}
		}
	}

	g = games.ConnectFour()
	cases := []struct {
		what  string
		moves []int
		best  []int
		value float64 // −1 or 1, roughly
	}{
		{"win at once", []int{3, 0, 3, 0, 3, 1}, []int{3}, 1},
		{"win at once in a row", []int{1, 1, 2, 2, 3, 6}, []int{0, 4}, 1},
		{"win at once in a diagonal", []int{0, 1, 1, 2, 5, 2, 2, 3, 6, 3, 5, 3}, []int{3}, 1},
		{"stop a column", []int{3, 0, 3, 0, 3}, []int{3}, 0},
		{"make an open three", []int{2, 2, 3, 3}, []int{1, 4}, 1},
		{"stop an open three", []int{3, 3, 2}, []int{1, 4}, 0},
	}
	for _, c := range cases {
		p := must[games.Position](t)(g.After(c.moves...))
		for name, s := range map[string]*Searcher{
			"uniform priors": must[*Searcher](t)(NewSearcher(g, Options{Simulations: 5000, Rule: PUCT, Exploration: 2}, func() (Evaluator, error) { return flat{g}, nil })),
			"rollouts":       must[*Searcher](t)(NewRollouts(g, 5000, 1.4)),
		} {
			r := must[[]Result](t)(s.Run(context.Background(), []games.Position{p}, streamsOf(1)))[0]
			if !slices.Contains(c.best, r.Best()) {
				t.Errorf("%s, %s: want one of %v, got %d by visits %v in\n%s", name, c.what, c.best, r.Best(), r.Visits, g.Text(p))
			}
			if c.value != 0 && r.Values[r.Best()] < 0.7 {
				t.Errorf("%s, %s: want a value near 1, got %g", name, c.what, r.Values[r.Best()])
			}
		}
	}
}

// flat knows nothing: equal priors, value 0.
type flat struct{ game *games.Game }

func (f flat) Evaluate(leaves []*Leaf) error {
	for _, l := range leaves {
		legal := f.game.Legal(l.Position)
		for move := range l.Prior {
			if legal>>move&1 != 0 {
				l.Prior[move] = 1 / float32(bits.OnesCount64(legal))
			}
		}
	}
	return nil
}

// What a search finds from a position does not depend on the positions beside it, nor on the
// number of processors.
func TestPositionsAreIndependent(t *testing.T) {
	g := games.ConnectFour()
	o := Options{Simulations: 60, Rule: PUCT, Exploration: 1.5, Noise: Noise{Alpha: 0.7, Share: 0.25}}
	positions := someGames(t, g, 3*Batch+5)
	for name, s := range map[string]*Searcher{
		"noise":    must[*Searcher](t)(NewSearcher(g, o, func() (Evaluator, error) { return hash{g}, nil })),
		"rollouts": must[*Searcher](t)(NewRollouts(g, 40, 1)),
	} {
		before := runtime.GOMAXPROCS(4)
		all := must[[]Result](t)(s.Run(context.Background(), positions, streamsOf(len(positions))))
		runtime.GOMAXPROCS(1)
		again := must[[]Result](t)(s.Run(context.Background(), positions, streamsOf(len(positions))))
		runtime.GOMAXPROCS(before)
		for i := range positions {
			alone := must[[]Result](t)(s.Run(context.Background(), positions[i:i+1], streamsOf(len(positions))[i:i+1]))[0]
			for what, other := range map[string]Result{"one processor": again[i], "alone": alone} {
				if !slices.Equal(all[i].Visits, other.Visits) || !slices.Equal(all[i].Values, other.Values) || all[i].Value != other.Value {
					t.Fatalf("%s, position %d, %s: %v, want %v", name, i, what, other.Visits, all[i].Visits)
				}
			}
		}
	}
}

// A position where the game is over has its result and no visits; a share of the visits is a
// policy, the move with most of them the best.
func TestResults(t *testing.T) {
	g := games.TicTacToe()
	s := must[*Searcher](t)(NewRollouts(g, 10, 1))
	lost := must[games.Position](t)(g.After(0, 3, 1, 4, 2))
	r := must[[]Result](t)(s.Run(context.Background(), []games.Position{lost}, streamsOf(1)))[0]
	if r.Value != -1 || slices.Max(r.Visits) != 0 || slices.Max(r.Policy()) != 0 {
		t.Errorf("a lost position: %+v", r)
	}
	r = Result{Visits: []int{0, 3, 1, 3}, Values: []float64{0, 0.1, 0.9, 0.2}}
	if r.Best() != 3 || !slices.Equal(r.Policy(), []float32{0, 3.0 / 7, 1.0 / 7, 3.0 / 7}) {
		t.Errorf("best %d, policy %v", r.Best(), r.Policy())
	}
}

// Gamma variates have the mean and variance of their distribution, and the noise the moments
// of Dirichlet's: mean 1/k, variance (k−1)/(k²(kα+1)).
func TestNoise(t *testing.T) {
	const n = 40_000
	draw := random.New(3).Rand()
	for _, shape := range []float64{0.1, 0.5, 1, 3} {
		sum, squares := 0.0, 0.0
		for range n {
			x := gamma(shape, draw)
			sum, squares = sum+x, squares+x*x
		}
		mean := sum / n
		variance := squares/n - mean*mean
		// The fourth central moment of Γ(a) is 3a²+6a, so that the variance of the variance is (2a²+6a)/n.
		if math.Abs(mean-shape) > 5*math.Sqrt(shape/n) || math.Abs(variance-shape) > 5*math.Sqrt((2*shape*shape+6*shape)/n) {
			t.Errorf("shape %g: mean %g, variance %g", shape, mean, variance)
		}
	}
	const k = 7
	for _, alpha := range []float64{0.3, 1.4} {
		s, sum, squares := random.New(4), 0.0, 0.0
		for range n {
			edges := make([]edge, k)
			for i := range edges {
				edges[i].prior = 0.5 / k
			}
			Noise{Alpha: alpha, Share: 0.5}.add(edges, s)
			total := 0.0
			for _, e := range edges {
				total += float64(e.prior)
			}
			if math.Abs(total-0.75) > 1e-6 { // half of ½, and half of 1
				t.Fatalf("priors sum to %g, want 0.75", total)
			}
			eta := (float64(edges[2].prior) - 0.25/k) / 0.5
			sum, squares = sum+eta, squares+eta*eta
		}
		mean := sum / n
		variance, want := squares/n-mean*mean, (k-1)/(k*k*(k*alpha+1))
		if math.Abs(mean-1.0/k) > 5*math.Sqrt(want/n) || math.Abs(variance/want-1) > 0.1 {
			t.Errorf("alpha %g: mean %g, variance %g, want %g and %g", alpha, mean, variance, 1.0/k, want)
		}
	}
}

func TestErrors(t *testing.T) {
	g := games.TicTacToe()
	fine := Options{Simulations: 1, Rule: PUCT, Exploration: 1}
	evaluator := func() (Evaluator, error) { return flat{g}, nil }
	for says, o := range map[string]Options{
		"1 to 100000 simulations, got 0":      {Rule: PUCT},
		"1 to 100000 simulations, got 100001": {Simulations: 100_001, Rule: PUCT},
		`rule "" is unknown`:                  {Simulations: 1},
		"exploration of 0 to 100, got NaN":    {Simulations: 1, Rule: PUCT, Exploration: math.NaN()},
		"share of 0 to 1 and alpha":           {Simulations: 1, Rule: PUCT, Noise: Noise{Alpha: 1, Share: 2}},
		"got 0.25 and 0":                      {Simulations: 1, Rule: PUCT, Noise: Noise{Share: 0.25}},
	} {
		if _, err := NewSearcher(g, o, evaluator); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("want %q, got %v", says, err)
		}
	}
	if _, err := NewSearcher(nil, fine, evaluator); err == nil {
		t.Error("no game: want an error")
	}
	s := must[*Searcher](t)(NewSearcher(g, fine, evaluator))
	if _, err := s.Run(context.Background(), make([]games.Position, 2), streamsOf(1)); err == nil {
		t.Error("a stream too few: want an error")
	}
	if _, err := s.Run(context.Background(), make([]games.Position, 1), make([]*random.Stream, 1)); err == nil {
		t.Error("no stream: want an error")
	}
	broken := errors.New("no evaluator today")
	s = must[*Searcher](t)(NewSearcher(g, fine, func() (Evaluator, error) { return nil, broken }))
	if _, err := s.Run(context.Background(), make([]games.Position, 1), streamsOf(1)); !errors.Is(err, broken) {
		t.Errorf("an evaluator that cannot be made: got %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s = must[*Searcher](t)(NewSearcher(g, fine, evaluator))
	if _, err := s.Run(ctx, make([]games.Position, 1), streamsOf(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
}

// must returns a function that fails the test on an error.
func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
