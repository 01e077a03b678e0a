package main

import (
	"context"
	"fmt"
	"math"

	"capas/games"
	"capas/random"
	"capas/search"
	"capas/selfplay"
	"capas/train"
)

// Names of opponents, in metrics and for people, and of two more matches against pure Monte
// Carlo tree search: of the network with its first weights, and without a search.
const (
	chance    = "random"
	onePly    = "one-ply"
	pure      = "mcts"
	perfect   = "perfect"
	untrained = "untrained"
	policy    = "policy"
)

// title is an opponent for people.
func title(opponent string) string {
	return map[string]string{chance: "random moves", onePly: "1-ply player", pure: "pure MCTS", perfect: "perfect player"}[opponent]
}

// opponents of a game.
func opponents(g *games.Game) []string {
	if g.Gravity {
		return []string{chance, onePly, pure}
	}
	return []string{chance, onePly, pure, perfect}
}

// opponent makes one; pure Monte Carlo tree search with so many simulations.
func (l *learner) opponent(name string, simulations int) (search.Player, error) {
	switch name {
	case chance:
		return search.Random{Game: l.game}, nil
	case onePly:
		return search.OnePly{Game: l.game}, nil
	case perfect:
		return search.Perfect{Solver: games.NewSolver(l.game)}, nil
	}
	return search.NewRollouts(l.game, simulations, l.recipe.Rollouts)
}

// player is the network with so many simulations for each move. One follows the prior alone,
// whatever the exploration, as long as there is some.
func (l *learner) player(simulations int) (*search.Searcher, error) {
	o := l.recipe.Play
	o.Simulations = simulations
	if simulations == 1 {
		o.Exploration = 1
	}
	return selfplay.NewPlayer(l.game, l.net, o, l.run.Compiler.Under(l.game.Name+" matches"))
}

// match is a number of games and their score from the network's side.
type match struct {
	search.Score
	records []search.Record
}

// share of the games that were won, drawn or lost.
func (m match) won() float64   { r := m.All(); return float64(r.Won) / float64(r.Games()) }
func (m match) drawn() float64 { r := m.All(); return float64(r.Drawn) / float64(r.Games()) }
func (m match) lost() float64  { r := m.All(); return float64(r.Lost) / float64(r.Games()) }

// points are 1 for a game won and ½ for a draw, in the mean.
func (m match) points() float64 { return m.won() + m.drawn()/2 }

// against plays n games, that draw from the stream of the given name. Pure Monte Carlo tree
// search has so many simulations.
func (l *learner) against(ctx context.Context, p search.Player, name string, simulations, n int, stream string) (m match, err error) {
	other, err := l.opponent(name, simulations)
	if err != nil {
		return m, err
	}
	m.Score, m.records, err = search.Match(ctx, l.game, p, other, n, l.stream(stream).Split(fmt.Sprintf("%s %d", name, simulations)))
	if err != nil {
		return m, fmt.Errorf("match against %s: %w", title(name), err)
	}
	return m, nil
}

// watcher measures the network after each iteration: the points against every opponent, whose
// games draw from the same streams each time.
func (l *learner) watcher() (func(context.Context, int) (train.Values, error), error) {
	p, err := l.player(l.recipe.Play.Simulations)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, _ int) (out train.Values, err error) {
		for _, name := range opponents(l.game) {
			m, err := l.against(ctx, p, name, l.recipe.Play.Simulations, l.recipe.Watch, "watch")
			if err != nil {
				return nil, err
			}
			out = append(out, train.Value{Name: name, Value: m.points()})
		}
		return out, nil
	}, nil
}

// untrained plays with the first weights.
func (l *learner) untrained(ctx context.Context) error {
	p, err := l.player(l.recipe.Play.Simulations)
	if err == nil {
		l.matches[untrained], err = l.against(ctx, p, pure, l.recipe.Play.Simulations, l.recipe.Test, "test")
	}
	return err
}

// handicapped names the match against pure Monte Carlo tree search with more simulations.
func handicapped(factor int) string {
	if factor == 1 {
		return pure
	}
	return fmt.Sprintf("%s_x%d", pure, factor)
}

// equal names the match in which both sides have so many simulations.
func (r *GameRecipe) equal(simulations int) string {
	if simulations == r.Play.Simulations {
		return pure
	}
	return fmt.Sprintf("%s_equal_%d", pure, simulations)
}

// fixture is a match at the end: what it is called, and the simulations of the network and of the
// opponent, if that is pure Monte Carlo tree search.
type fixture struct {
	key         string
	own         int
	opponent    string
	simulations int
}

// fixtures are the matches at the end. Some are the same.
func (r *GameRecipe) fixtures(g *games.Game) (all []fixture) {
	own := r.Play.Simulations
	for _, name := range opponents(g) {
		all = append(all, fixture{name, own, name, own})
	}
	for _, factor := range r.Handicaps {
		all = append(all, fixture{handicapped(factor), own, pure, own * factor})
	}
	for _, n := range r.equals() {
		all = append(all, fixture{r.equal(n), n, pure, n})
	}
	return append(all, fixture{policy, 1, pure, own})
}

// test plays the matches at the end, and examines the network.
func (l *learner) test(ctx context.Context) (err error) {
	players := map[int]*search.Searcher{}
	for _, f := range l.recipe.fixtures(l.game) {
		if _, played := l.matches[f.key]; played {
			continue
		}
		if players[f.own] == nil {
			if players[f.own], err = l.player(f.own); err != nil {
				return err
			}
		}
		if l.matches[f.key], err = l.against(ctx, players[f.own], f.opponent, f.simulations, l.recipe.Test, "test"); err != nil {
			return err
		}
	}
	return l.examine(ctx, players[l.recipe.Play.Simulations])
}

// exam is what the network says of known positions.
type exam struct {
	// first is the search from the empty board, and after[i] the value for who began that the
	// network and the search give to the board after first move i.
	first search.Result
	after []opening
	known []answer
	// Of tic-tac-toe, positions that no symmetry makes equal: how many there are, of how many the
	// move of the search, and that of the policy alone, keeps the value by minimax, and the mean
	// distance of the network's value from it.
	positions, searched, guessed int
	distance                     float64
	// lines is the number of different ends of games that any opponent can bring about, lost that
	// of those which the network loses.
	lines, lost int
}

// opening is the value of a first move for who makes it.
type opening struct{ network, search float64 }

// answer is what the network says of a known position.
type answer struct {
	position
	prior  float64 // of all the best moves together
	value  float64 // by the network
	search search.Result
}

// examine asks the network about known positions.
func (l *learner) examine(ctx context.Context, p *search.Searcher) error {
	evaluator, err := selfplay.NewEvaluator(l.game, l.net, l.run.Compiler.Under(l.game.Name+" exam"))
	if err != nil {
		return err
	}
	ask := func(at []games.Position) ([]*search.Leaf, []search.Result, error) {
		var leaves []*search.Leaf
		var streams []*random.Stream
		for _, b := range at {
			leaves = append(leaves, &search.Leaf{Position: b, Prior: make([]float32, l.game.Moves())})
			streams = append(streams, l.stream("exam"))
		}
		if err := evaluator.Evaluate(leaves); err != nil {
			return nil, nil, err
		}
		results, err := p.Run(ctx, at, streams)
		return leaves, results, err
	}

	boards := []games.Position{{}}
	for move := range l.game.Moves() {
		boards = append(boards, l.game.Play(games.Position{}, move))
	}
	leaves, results, err := ask(boards)
	if err != nil {
		return err
	}
	l.exam.first = results[0]
	for i := range l.game.Moves() {
		l.exam.after = append(l.exam.after, opening{-leaves[1+i].Value, -results[1+i].Value})
	}

	known, boards := positions(l.game), nil
	for _, k := range known {
		b, err := l.game.After(k.moves...)
		if err != nil {
			return err
		}
		boards = append(boards, b)
	}
	if leaves, results, err = ask(boards); err != nil {
		return err
	}
	for i, k := range known {
		a := answer{position: k, value: leaves[i].Value, search: results[i]}
		for _, move := range k.best {
			a.prior += float64(leaves[i].Prior[move])
		}
		l.exam.known = append(l.exam.known, a)
	}
	if l.game.Gravity {
		return nil
	}

	solver := games.NewSolver(l.game)
	boards = different(l.game)
	if leaves, results, err = ask(boards); err != nil {
		return err
	}
	l.exam.positions = len(boards)
	for i, b := range boards {
		if keeps(l.game, solver, b, results[i].Best()) {
			l.exam.searched++
		}
		if keeps(l.game, solver, b, likeliest(leaves[i].Prior)) {
			l.exam.guessed++
		}
		l.exam.distance += math.Abs(leaves[i].Value-float64(solver.Value(b))) / float64(len(boards))
	}
	l.exam.lines, l.exam.lost, err = lines(ctx, l.game, p)
	return err
}

// keeps tells whether a move keeps the value of a position by minimax.
func keeps(g *games.Game, s *games.Solver, b games.Position, move int) bool {
	return -s.Value(g.Play(b, move)) == s.Value(b)
}

// likeliest is the move with the largest prior.
func likeliest(prior []float32) int {
	best := 0
	for move, p := range prior {
		if p > prior[best] {
			best = move
		}
	}
	return best
}
