package selfplay

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/games"
	"capas/models"
	"capas/random"
	"capas/search"
	"capas/train"

	"gorgonia.org/tensor"
)

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

// network of a game, dense or with a convolutional layer.
func network(t testing.TB, g *games.Game, maps int, units ...int) *models.PolicyValue {
	t.Helper()
	var convs []models.ConvSpec
	if maps > 0 {
		convs = append(convs, models.ConvSpec{Maps: maps, Kernel: [2]int{3, 3}, Conv: ops.Conv{Pad: [2]int{1, 1}}})
	}
	return must[*models.PolicyValue](t)(models.NewPolicyValue("net", [3]int{games.Planes, g.Height, g.Width}, convs, units, g.Moves(), blocks.ReLU(), blocks.He(), random.New(1)))
}

// small is a recipe that learns tic-tac-toe in a second.
func small() Recipe {
	return Recipe{
		Iterations: 4, Games: 20, Chance: 4, Buffer: 300, Steps: 5, Batch: 32,
		Search:    search.Options{Simulations: 12, Rule: search.PUCT, Exploration: 1.5, Noise: search.Noise{Alpha: 1, Share: 0.25}},
		Optimizer: train.Optimizer{Kind: "adam", Rate: train.Schedule{Start: 0.003, Linear: true}, L2: 1e-4},
	}
}

// positions of random games that are not over.
func positions(g *games.Game, n int) (out []games.Position) {
	draw := rand.New(rand.NewPCG(1, 2))
	for len(out) < n {
		var p games.Position
		for over := false; !over; over, _ = g.Over(p) {
			out = append(out, p)
			move := draw.IntN(g.Moves())
			for g.Legal(p)>>move&1 == 0 {
				move = draw.IntN(g.Moves())
			}
			p = g.Play(p, move)
		}
	}
	return out[:n]
}

// The answer about a leaf is the same whatever leaves are beside it and however many, to the
// bit; priors are the softmax of the logits over the moves that are legal.
func TestEvaluator(t *testing.T) {
	for _, g := range games.All() {
		for _, maps := range []int{0, 3} {
			net := network(t, g, maps, 21, 18)
			e := must[*Evaluator](t)(NewEvaluator(g, net, autodiff.Compiler{}))
			leaves := func(ps []games.Position) (out []*search.Leaf) {
				for _, p := range ps {
					out = append(out, &search.Leaf{Position: p, Prior: make([]float32, g.Moves())})
				}
				return out
			}
			ps := positions(g, 2*search.Batch+9) // three calls
			all := leaves(ps)
			if err := e.Evaluate(all); err != nil {
				t.Fatal(err)
			}
			x := make([]float32, len(ps)*g.Inputs())
			for i, p := range ps {
				g.Encode(x[i*g.Inputs():], p)
			}
			want := plain(t, g, net, tensor.New(tensor.WithShape(len(ps), g.Inputs()), tensor.WithBacking(x)))
			for i, l := range all {
				for _, beside := range []int{1, 5, 30} {
					some := leaves(ps[i:min(i+beside, len(ps))])
					if err := e.Evaluate(some); err != nil {
						t.Fatal(err)
					}
					if some[0].Value != l.Value || !slices.Equal(some[0].Prior, l.Prior) {
						t.Fatalf("%s: position %d beside %d others: value %g, priors %v; beside all %g, %v", g.Name, i, beside-1, some[0].Value, some[0].Prior, l.Value, l.Prior)
					}
				}
				sum, z := 0.0, want[i][:g.Moves()]
				for move := range z {
					if g.Legal(l.Position)>>move&1 != 0 {
						sum += math.Exp(z[move])
					}
				}
				for move := range z {
					p := 0.0
					if g.Legal(l.Position)>>move&1 != 0 {
						p = math.Exp(z[move]) / sum
					}
					if math.Abs(p-float64(l.Prior[move])) > 1e-5 {
						t.Fatalf("%s: position %d, move %d: want prior %g, got %g", g.Name, i, move, p, l.Prior[move])
					}
				}
				if math.Abs(l.Value-math.Tanh(want[i][g.Moves()])) > 1e-5 {
					t.Fatalf("%s: position %d: want value %g, got %g", g.Name, i, math.Tanh(want[i][g.Moves()]), l.Value)
				}
			}
		}
	}
}

// plain computes the logits and, before tanh, the value of positions by loops in float64.
func plain(t *testing.T, g *games.Game, net *models.PolicyValue, x *tensor.Dense) (out [][]float64) {
	t.Helper()
	rows, n := x.Shape()[0], x.Shape()[1]
	for i := range rows {
		h := make([]float64, n)
		for j, v := range x.Float32s()[i*n : (i+1)*n] {
			h[j] = float64(v)
		}
		for _, l := range net.Convs { // 3×3, padded by 1
			W, b := l.Conv.W.Value, l.Conv.B.Value.Float32s()
			maps, channels := W.Shape()[0], W.Shape()[1]
			y := make([]float64, 0, maps*g.Cells())
			for f := range maps {
				for r := range g.Height {
					for c := range g.Width {
						z := float64(b[f])
						for ch := range channels {
							for di := range 3 {
								for dj := range 3 {
									if rr, cc := r+di-1, c+dj-1; rr >= 0 && rr < g.Height && cc >= 0 && cc < g.Width {
										z += float64(W.Float32s()[((f*channels+ch)*3+di)*3+dj]) * h[ch*g.Cells()+rr*g.Width+cc]
									}
								}
							}
						}
						y = append(y, max(0, z))
					}
				}
			}
			h = y
		}
		affine := func(d *blocks.Dense) []float64 {
			k := d.W.Value.Shape()[1]
			z := make([]float64, k)
			for j := range z {
				z[j] = float64(d.B.Value.Float32s()[j])
				for l, v := range h {
					z[j] += v * float64(d.W.Value.Float32s()[l*k+j])
				}
			}
			return z
		}
		for _, d := range net.Trunk {
			h = affine(d)
			for j := range h {
				h[j] = max(0, h[j])
			}
		}
		out = append(out, append(affine(net.Policy), affine(net.Value)...))
	}
	return out
}

// A full buffer keeps the last examples as they were given.
func TestBuffer(t *testing.T) {
	g := games.ConnectFour()
	b := newBuffer(g, 10)
	draw := rand.New(rand.NewPCG(5, 6))
	var all []example
	for i := range 37 {
		e := example{position: games.Position{Own: draw.Uint64(), Other: draw.Uint64()}, result: float32(i%3 - 1)}
		for range g.Moves() {
			e.policy = append(e.policy, draw.Float32())
		}
		all = append(all, e)
		b.add(e)
		if b.size() != min(i+1, 10) || b.check() != nil {
			t.Fatalf("after %d: %d examples, %v", i+1, b.size(), b.check())
		}
	}
	for i := range b.size() {
		got, want := b.get(i), all[20+i]
		if i < 7 { // 37 = 3·10 + 7: the next place is 7
			want = all[30+i]
		}
		if got.position != want.position || got.result != want.result || !slices.Equal(got.policy, want.policy) {
			t.Errorf("example %d: want %+v, got %+v", i, want, got)
		}
	}
	b.state.Value.Float32s()[1] = 10
	if err := b.check(); err == nil {
		t.Error("a place behind the end: want an error")
	}
}

// Batches are turned examples: planes, policy and all, each symmetry as often as the others.
func TestSampler(t *testing.T) {
	g := games.TicTacToe()
	p := must[games.Position](t)(g.After(0, 4, 1))
	b := newBuffer(g, 3)
	policy := make([]float32, 9)
	for move := range policy {
		policy[move] = float32(move) / 36
	}
	b.add(example{p, policy, -1})
	const m = 4000
	s := newSampler(b, m)
	s.draw(random.New(1))
	seen := map[int]int{}
	for i := range m {
		x, target := s.x.Float32s()[i*18:(i+1)*18], s.t.Float32s()[i*10:(i+1)*10]
		found := -1
		for k, turn := range g.Symmetries() {
			want, shares := make([]float32, 18), make([]float32, 10)
			g.Encode(want, g.Turned(p, turn))
			for move, share := range policy {
				shares[turn.Moves[move]] = share
			}
			shares[9] = -1
			if slices.Equal(x, want) && slices.Equal(target, shares) {
				found = k
			}
		}
		if found < 0 {
			t.Fatalf("row %d is no turned example: %v, %v", i, x, target)
		}
		seen[found]++
	}
	for k := range 8 {
		if n := float64(seen[k]); math.Abs(n-m/8) > 5*math.Sqrt(m/8.0*7/8) {
			t.Errorf("symmetry %d: %g of %d", k, n, m)
		}
	}
}

// Games are by the rules; every position's result is that of the game for its player, and its
// policy the shares of visits of moves that are legal.
func TestPlay(t *testing.T) {
	for _, g := range games.All() {
		o := small().Search
		s := must[*search.Searcher](t)(NewPlayer(g, network(t, g, 0, 8), o, autodiff.Compiler{}))
		p := must[*played](t)(play(context.Background(), g, s, 30, 5, random.New(1)))
		games, first, drawn, ends := 0, 0, 0, 0
		for i, e := range p.examples {
			if e.position.Stones() == 0 {
				games++
			}
			sum := float32(0)
			for move, share := range e.policy {
				if share > 0 && g.Legal(e.position)>>move&1 == 0 {
					t.Fatalf("%s: visits of move %d in\n%s", g.Name, move, g.Text(e.position))
				}
				sum += share
			}
			if math.Abs(float64(sum)-1) > 1e-6 {
				t.Fatalf("%s: shares sum to %g", g.Name, sum)
			}
			if i+1 < len(p.examples) && p.examples[i+1].position.Stones() > 0 {
				next := p.examples[i+1]
				reached := false
				for move := range g.Moves() {
					reached = reached || e.policy[move] > 0 && g.Play(e.position, move) == next.position
				}
				if !reached || next.result != -e.result {
					t.Fatalf("%s: no move that was visited leads to the next position, or the results %g and %g do not change sides", g.Name, e.result, next.result)
				}
				continue
			}
			ends++
			reached := false // the last move, which ended the game with that result
			for move := range g.Moves() {
				if e.policy[move] > 0 {
					over, result := g.Over(g.Play(e.position, move))
					reached = reached || over && float32(-result) == e.result
				}
			}
			if !reached {
				t.Fatalf("%s: no move that was visited ends the game with %g:\n%s", g.Name, e.result, g.Text(e.position))
			}
			switch {
			case e.result == 0:
				drawn++
			case e.position.First():
				first++
			}
		}
		if games != 30 || ends != 30 || p.games != 30 || p.moves != float64(len(p.examples)) || p.first != float64(first) || p.drawn != float64(drawn) {
			t.Errorf("%s: %d games, %d ends, %d won by who began, %d drawn; counted %+v", g.Name, games, ends, first, drawn, []float64{p.games, p.moves, p.first, p.drawn})
		}
	}
}

// Moves are drawn as often as their probabilities say, none that has 0.
func TestDraw(t *testing.T) {
	policy, s := []float32{0, 0.5, 0.2, 0, 0.3, 0}, random.New(8)
	const n = 20_000
	var seen [6]int
	for range n {
		seen[draw(policy, s)]++
	}
	for move, p := range policy {
		if math.Abs(float64(seen[move])-n*float64(p)) > 5*math.Sqrt(n*float64(p*(1-p))) {
			t.Errorf("move %d: %d of %d, want a share of %g", move, seen[move], n, p)
		}
	}
	if got := draw([]float32{0.4, 0.4, 0}, random.New(1)); got > 1 { // rounded down
		t.Errorf("a move without a share was drawn: %d", got)
	}
}

func TestBadRecipes(t *testing.T) {
	for says, change := range map[string]func(*Recipe){
		"1 to 5000 iterations, got 0":          func(r *Recipe) { r.Iterations = 0 },
		"1 to 100000 games, got -1":            func(r *Recipe) { r.Games = -1 },
		"0 to 64 chance moves, got 65":         func(r *Recipe) { r.Chance = 65 },
		"examples in the buffer, got 10000000": func(r *Recipe) { r.Buffer = 10_000_000 },
		"steps, got 0":                         func(r *Recipe) { r.Steps = 0 },
		"examples a batch, got 0":              func(r *Recipe) { r.Batch = 0 },
		"want the rule puct":                   func(r *Recipe) { r.Search.Rule = search.UCB1 },
		"simulations, got 0":                   func(r *Recipe) { r.Search.Simulations = 0 },
		"learning rate":                        func(r *Recipe) { r.Optimizer.Rate.Start = math.NaN() },
	} {
		r := small()
		change(&r)
		if err := r.Check(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("want %q, got %v", says, err)
		}
	}
	if err := small().Check(); err != nil {
		t.Error(err)
	}
	g := games.TicTacToe()
	if _, err := NewEvaluator(games.ConnectFour(), network(t, g, 0, 4), autodiff.Compiler{}); err == nil || !strings.Contains(err.Error(), "want a network of Connect Four, 84 inputs and 7 moves, got 18 and 9") {
		t.Errorf("the network of another game: %v", err)
	}
	if _, err := NewPlayer(g, &models.PolicyValue{}, small().Search, autodiff.Compiler{}); err == nil {
		t.Error("an empty network: want an error")
	}
}
