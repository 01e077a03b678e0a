package main

import (
	"fmt"
	"slices"

	"capas/experiments/lab"
	"capas/games"
)

// section of the lecture that the claims are from.
const section = "2.4"

// beaten is the share of games that an opponent must lose in to be beaten, in percent.
const beaten = 80

// claims judges what was measured. The rules were fixed before the results were seen, among them
// that pure Monte Carlo tree search has as many simulations as self-play had: with fewer the network
// does better.
func (r *reporter) claims() {
	for _, g := range r.Recipe.chosen() {
		if g.Gravity {
			r.connectFour(g)
		} else {
			r.ticTacToe(g)
		}
		searched, p := "network and search", r.Recipe.of(g)
		r.Compare(lab.Comparison{
			Section: section, Claim: fmt.Sprintf("%s: what self-play taught makes the strength: the same search with the network's first weights wins fewer games against pure MCTS.", capital(g.Title)),
			What: fmt.Sprintf("games won against pure MCTS of %d simulations (%%)", p.Play.Simulations), Scale: 100, Larger: true, Figure: file(matchesFigure, g),
			A: searched, MetricA: g.Name + "." + pure + ".won", B: "first weights", MetricB: g.Name + "." + untrained + ".won",
		})
		r.Compare(lab.Comparison{
			Section: section, Claim: fmt.Sprintf("%s: the search improves on its network: without it the trained policy wins fewer games against pure MCTS.", capital(g.Title)),
			What: fmt.Sprintf("games won against pure MCTS of %d simulations (%%)", p.Play.Simulations), Scale: 100, Larger: true, Figure: file(matchesFigure, g),
			A: searched, MetricA: g.Name + "." + pure + ".won", B: "policy alone", MetricB: g.Name + "." + policy + ".won",
		})
	}
}

func (r *reporter) ticTacToe(g *games.Game) {
	lost := r.percents(g, perfect+".lost")
	r.Claim(lab.Claim{
		Section: section, Claim: "A network that learnt tic-tac-toe from itself never loses to a perfect player.",
		Measured: fmt.Sprintf("games lost of %d a seed, half of them on either side: %s %%", r.Recipe.TicTacToe.Test, lab.Summary(lost)),
		Holds:    slices.Max(lost) == 0, Rule: "no game lost, for every seed", Figure: file(strengthFigure, g),
	})
	lines, all := r.Values(g.Name+".lost_lines"), r.Values(g.Name+".lines")
	r.Claim(lab.Claim{
		Section: section, Claim: "It cannot be beaten: whatever the opponent tries, no game is lost.",
		Measured: fmt.Sprintf("different ends of games that were lost: %s of %s", lab.Summary(lines), lab.Summary(all)),
		Holds:    slices.Max(lines) == 0, Rule: "no lost end among all that an opponent can bring about, from both sides, for every seed", Figure: file(strengthFigure, g),
	})
}

func (r *reporter) connectFour(g *games.Game) {
	p := r.Recipe.of(g)
	for _, o := range []struct{ match, claim, figure string }{
		{onePly, "A network that learnt Connect Four from itself beats a player that wins at once and stops wins at once.", file(matchesFigure, g)},
		{p.equal(p.trained()), fmt.Sprintf("It beats pure Monte Carlo tree search of equal simulations, %d a move, as many as in self-play.", p.trained()), equalFigure},
	} {
		won := r.percents(g, o.match+".won")
		r.Claim(lab.Claim{
			Section: section, Claim: o.claim,
			Measured: fmt.Sprintf("games won of %d a seed, half of them on either side: %s %%", p.Test, lab.Summary(won)),
			Holds:    slices.Min(won) >= beaten, Rule: fmt.Sprintf("at least %d %% of the games won, for every seed", beaten), Figure: o.figure,
		})
	}
	least, most := p.Equal[0], p.Equal[len(p.Equal)-1]
	r.Compare(lab.Comparison{
		Section: section, Claim: fmt.Sprintf("The network's advantage over pure Monte Carlo tree search is smaller if both sides have %d simulations a move than if they have %d.", most, least),
		What: "games won (%)", Scale: 100, Larger: true, Figure: equalFigure,
		A: fmt.Sprintf("%d simulations", least), MetricA: g.Name + "." + p.equal(least) + ".won", B: fmt.Sprintf("%d simulations", most), MetricB: g.Name + "." + p.equal(most) + ".won",
	})
	middle := 0
	for _, l := range r.of(g) {
		if l.exam.first.Best() == g.Width/2 {
			middle++
		}
	}
	r.Claim(lab.Claim{
		Section: section, Claim: "It found the only first move of Connect Four that wins by perfect play, the middle column.",
		Measured: fmt.Sprintf("middle column chosen by %d of %d seeds; its share of the visits: %s %%", middle, len(r.Seeds), lab.Summary(r.percents(g, "centre"))),
		Holds:    middle == len(r.Seeds), Rule: "most visits for every seed", Figure: openingsFigure,
	})
}
