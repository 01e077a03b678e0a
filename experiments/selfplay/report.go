package main

import (
	"fmt"
	"strings"

	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
	"capas/games"
	"capas/train"
)

// Files of figures; those of a game have its name behind.
const (
	strengthFigure    = "strength_%s.svg"
	lossFigure        = "losses.svg"
	outcomesFigure    = "outcomes.svg"
	matchesFigure     = "matches_%s.svg"
	simulationsFigure = "simulations.svg"
	equalFigure       = "equal_simulations.svg"
	openingsFigure    = "openings.svg"
	gameFigure        = "game_%s.png"
)

// reporter turns what was measured into metrics, figures, tables and claims.
type reporter struct {
	*lab.Run[Recipe]
	learners []*learner
}

func report(run *lab.Run[Recipe], learners []*learner) error {
	r := &reporter{run, learners}
	r.metrics()
	for _, part := range []func() error{r.strength, r.matches, r.simulations, r.known, r.records, r.learning} {
		if err := part(); err != nil {
			return err
		}
	}
	if r.judged() {
		r.claims()
	} else {
		r.Section("Verdicts", fmt.Sprintf("None about trained networks: such a verdict takes at least %d seeds.", lab.MinSeeds))
	}
	return nil
}

// judged tells whether the seeds are enough for claims.
func (r *reporter) judged() bool { return len(r.Seeds) >= lab.MinSeeds }

// of are the learners of a game, by seed.
func (r *reporter) of(g *games.Game) (out []*learner) {
	for _, l := range r.learners {
		if l.game.Name == g.Name {
			out = append(out, l)
		}
	}
	return out
}

// Metrics by game and match, such as connect4.mcts.won, .drawn and .lost: the shares of the
// games at the end, from the network's side. The match untrained is that of the first weights,
// policy that without a search, both against pure Monte Carlo tree search, mcts_x4 that
// against four times as many simulations, and mcts_equal_400 one in which both sides have 400.
// tictactoe.lines counts the ends of games that an opponent who tries everything can bring about,
// .lost_lines those at which the network has lost, .best_moves is the share of positions in which
// it keeps the value by minimax, .best_guesses that of its policy alone, and
// .value_distance the mean distance of its value. connect4.centre is the share of the visits that
// the search from the empty board gives to the middle column.
func (r *reporter) metrics() {
	for _, l := range r.learners {
		name := func(what string) string { return l.game.Name + "." + what }
		for key, m := range l.matches {
			r.Metric(name(key+".won"), l.seed, m.won())
			r.Metric(name(key+".drawn"), l.seed, m.drawn())
			r.Metric(name(key+".lost"), l.seed, m.lost())
		}
		e := l.exam
		if l.game.Gravity {
			r.Metric(name("centre"), l.seed, float64(e.first.Policy()[l.game.Width/2]))
			continue
		}
		r.Metric(name("lines"), l.seed, float64(e.lines))
		r.Metric(name("lost_lines"), l.seed, float64(e.lost))
		r.Metric(name("best_moves"), l.seed, float64(e.searched)/float64(e.positions))
		r.Metric(name("best_guesses"), l.seed, float64(e.guessed)/float64(e.positions))
		r.Metric(name("value_distance"), l.seed, e.distance)
	}
}

// percents are a metric's values in percent.
func (r *reporter) percents(g *games.Game, what string) []float64 {
	return lab.Scaled(r.Values(g.Name+"."+what), 100)
}

func file(pattern string, g *games.Game) string { return fmt.Sprintf(pattern, g.Name) }

// capital is a title at the beginning of a sentence.
func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// strength shows how the networks become stronger.
func (r *reporter) strength() error {
	r.Section("Strength by iteration",
		"An iteration plays games of the network against itself and trains it on them. Every move is chosen by a Monte Carlo tree search, which goes down the tree by Q + c·P·√ΣN/(1+N), "+
			"with the network's prior P, the mean value Q of what was found below and the visits N, and lets the network judge the leaves. The shares of the visits, and the result of the game, are what the network learns. "+
			"It is given the rules and the symmetries of the board, and no game of anybody else.",
		"After each iteration it plays against opponents that learn nothing: random moves; a player that looks one move ahead (wins at once, stops the opponent's win at once, else moves at random); "+
			"pure Monte Carlo tree search (UCB1, whose leaves are judged by random games) with as many simulations as the network's search; and, in tic-tac-toe, a perfect player. A win is a point, a draw half of one.")
	for _, g := range r.Recipe.chosen() {
		p := r.Recipe.of(g)
		var histories []*train.History
		for _, l := range r.of(g) {
			histories = append(histories, l.history)
		}
		lines := figure.Lines{XLabel: "iteration", YLabel: "points (%)", FromZero: true, Colors: opponentColors()}
		for _, o := range opponents(g) {
			lines.Series = append(lines.Series, trial.Curve(title(o), histories, func(e train.Epoch) float64 { return 100 * trial.Value(e.Validation, o) }))
		}
		svg, err := lines.SVG()
		if err != nil {
			return err
		}
		best := ""
		if !g.Gravity {
			best = " Against the perfect player 50 % is as good as can be."
		}
		r.Figure(file(strengthFigure, g), capital(g.Title)+": strength", strings.TrimSpace(fmt.Sprintf("Points in %d games against each opponent, half of them on either side, with %d simulations a move, after each iteration of %d games.%s %s",
			p.Watch, p.Play.Simulations, p.SelfPlay.Games, best, lines.Spread())), svg)
	}
	return nil
}

func opponentColors() figure.Colors {
	return figure.NewColors(title(chance), title(onePly), title(pure), title(perfect))
}

// matches are those at the end.
func (r *reporter) matches() error {
	r.Section("Matches at the end", "The trained networks, with fresh games that no choice was made by, half of them on either side. "+
		"Two more matches against pure MCTS say what the strength comes from: the same search with the first weights of the same network, and the trained network without a search, moving by its policy alone.")
	for _, g := range r.Recipe.chosen() {
		p := r.Recipe.of(g)
		dots := figure.Dots{YLabel: "games won (%)", FromZero: true, Bars: true, Colors: figure.NewColors("network and search", "first weights", "policy alone")}
		var rows [][]string
		add := func(key, who, against string) {
			rows = append(rows, []string{who, against, lab.Summary(r.percents(g, key+".won")), lab.Summary(r.percents(g, key+".drawn")), lab.Summary(r.percents(g, key+".lost"))})
			dots.Items = append(dots.Items, figure.Item{Category: against, Name: who, Values: r.percents(g, key+".won")})
		}
		for _, o := range opponents(g) {
			add(o, "network and search", title(o))
		}
		add(untrained, "first weights", title(pure))
		add(policy, "policy alone", title(pure))
		r.Table(fmt.Sprintf("%s: percent of %d games, mean ± standard deviation over seeds", capital(g.Title), p.Test), []string{"player", "opponent", "won", "drawn", "lost"}, rows)
		svg, err := dots.SVG()
		if err != nil {
			return err
		}
		r.Figure(file(matchesFigure, g), capital(g.Title)+": matches at the end", strings.TrimSpace(fmt.Sprintf("Games won of %d, with %d simulations a move. %s", p.Test, p.Play.Simulations, dots.Spread())), svg)
	}
	return nil
}

// simulations shows what more of them do for both sides.
func (r *reporter) simulations() error {
	r.Section("What the network is worth in simulations",
		"First both sides have other numbers of simulations, equal ones. Random games judge a position the better, the more of them there are; the network says of a position what it says. "+
			"Then pure Monte Carlo tree search alone gets more. Where the network comes to 50 % of the points, one judgement of it is worth as many random games as the other side has simulations for one of its own. "+
			"But who makes no mistake has 50 % too, against another who makes none: in tic-tac-toe that says nothing.")
	equal := figure.Lines{XLabel: "simulations a move, of both sides", YLabel: "games won by the network (%)", LogX: true, FromZero: true, Colors: gameColors()}
	more := figure.Lines{XLabel: "simulations of pure MCTS, times those of the network", YLabel: "points of the network (%)", LogX: true, FromZero: true, Colors: gameColors()}
	for _, g := range r.Recipe.chosen() {
		recipe := r.Recipe.of(g)
		equal.Series = append(equal.Series, r.curve(g, recipe.equals(), recipe.equal, match.won))
		more.Series = append(more.Series, r.curve(g, recipe.Handicaps, handicapped, match.points))
	}
	for _, f := range []struct {
		file, title, caption string
		lines                figure.Lines
	}{
		{equalFigure, "Games won at equal simulations", "Games won at the end against pure MCTS when both sides have as many simulations. Others may be drawn, as those of tic-tac-toe are between good players.", equal},
		{simulationsFigure, "Points against more simulations", "Points at the end against pure MCTS with more simulations than the network has.", more},
	} {
		svg, err := f.lines.SVG()
		if err != nil {
			return err
		}
		r.Figure(f.file, f.title, strings.TrimSpace(f.caption+" "+f.lines.Spread()), svg)
	}
	return nil
}

// curve is what the matches that key names came to, in percent, by their numbers of simulations.
func (r *reporter) curve(g *games.Game, simulations []int, key func(int) string, of func(match) float64) figure.Series {
	s := figure.Series{Name: g.Title}
	for _, n := range simulations {
		s.X = append(s.X, float64(n))
	}
	for _, l := range r.of(g) {
		var row []float64
		for _, n := range simulations {
			row = append(row, 100*of(l.matches[key(n)]))
		}
		s.Y = append(s.Y, row)
	}
	return s
}

func gameColors() figure.Colors {
	var names []string
	for _, g := range games.All() {
		names = append(names, g.Title)
	}
	return figure.NewColors(names...)
}

// learning shows the losses, and how the games against itself end.
func (r *reporter) learning() error {
	r.Section("Learning", "The loss has two parts: −πᵀ log p, the cross-entropy between the shares of the visits and the policy, and (r−v)², the squared error of the value. Both need not fall all the time, "+
		"since the games that they are measured on become others: better searches are harder to foresee, and even games harder to judge.")
	losses := figure.Lines{XLabel: "iteration", YLabel: "training loss", FromZero: true}
	outcomes := figure.Lines{XLabel: "iteration", YLabel: "games against itself (%)", FromZero: true}
	for _, g := range r.Recipe.chosen() {
		var histories []*train.History
		for _, l := range r.of(g) {
			histories = append(histories, l.history)
		}
		curve := func(to *figure.Lines, name, value string, scale float64) {
			to.Series = append(to.Series, trial.Curve(g.Title+": "+name, histories, func(e train.Epoch) float64 { return scale * trial.Value(e.Train, value) }))
		}
		curve(&losses, "policy", "policy loss", 1)
		curve(&losses, "value", "value loss", 1)
		curve(&outcomes, "won by who began", "first", 100)
		curve(&outcomes, "drawn", "drawn", 100)
	}
	for _, f := range []struct {
		file, title, caption string
		lines                figure.Lines
	}{
		{lossFigure, "Training losses", "Means over the steps of each iteration: the policy's in nats, the value's squared.", losses},
		{outcomesFigure, "Games against itself", "How the games of an iteration ended. Connect Four is won by who begins if nobody makes a mistake, tic-tac-toe drawn.", outcomes},
	} {
		svg, err := f.lines.SVG()
		if err != nil {
			return err
		}
		r.Figure(f.file, f.title, strings.TrimSpace(f.caption+" "+f.lines.Spread()), svg)
	}
	return nil
}
