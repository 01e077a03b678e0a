package main

import (
	"fmt"
	"math"
	"slices"

	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
	"capas/reinforce"
	"capas/train"
)

// tests reports the test episodes.
func (r *reporter) tests() error {
	r.Section("What was learned", fmt.Sprintf("Each policy is tested in %d episodes that no training or choice has seen, by its most valuable or most probable action. ", r.Recipe.Test)+
		fmt.Sprintf("Cart-pole: push a cart to the left or to the right, 50 times a second, so that the pole on it does not fall; each step brings 1, and %d are the most. ", r.Recipe.Limit)+
		fmt.Sprintf("Catch: on a screen of %d×%d pixels, which is all that the network sees, move the paddle under the falling ball.", r.Recipe.Rows, r.Recipe.Columns),
		"The network that is tested is the one of the epoch after which the policy did best in other episodes, the validation ones.")
	var rows [][]string
	for _, m := range methods() {
		row := []string{m.title()}
		for _, t := range tasks() {
			row = append(row, r.summary(t.test(m), t.scale()), r.summary(t.training(m), t.scale()))
		}
		rows = append(rows, row)
	}
	row := []string{chance}
	for _, t := range tasks() {
		row = append(row, r.summary(t.chance(), t.scale()), "")
	}
	r.Table("Mean return of the cart-pole (steps), and balls caught (%): at the end, and over the training, the mean height of the learning curve",
		[]string{"", "cart-pole", "over training", "catch", "over training"}, append(rows, row))
	for _, t := range tasks() {
		dots := figure.Dots{YLabel: t.label(), FromZero: true, Colors: r.colors}
		add := func(kind, name, metric string) {
			dots.Items = append(dots.Items, figure.Item{Category: kind, Name: name, Values: lab.Scaled(r.Values(metric), t.scale())})
		}
		for _, m := range qMethods() {
			add("Q-learning", m.title(), t.test(m))
		}
		for _, m := range policyMethods() {
			add("REINFORCE", m.title(), t.test(m))
		}
		add(chance, chance, t.chance())
		svg, err := dots.SVG()
		if err != nil {
			return err
		}
		r.Figure(string(t)+"_test.svg", t.title()+": test episodes", "Greedy policies, and actions drawn uniformly. "+dots.Spread(), svg)
	}
	return nil
}

// qCurves reports the learning curves of Q-learning.
func (r *reporter) qCurves() error {
	q := r.Recipe.CartPole.Q
	r.Section("Deep Q-learning, with and without its two remedies",
		"A network learns the value Q of each action from the rewards and its own estimates of the values after it. That is unstable, Mnih et al. (2015) argue, since consecutive transitions are alike and the targets move with every step. "+
			fmt.Sprintf("Their remedies: a replay memory (here of %d transitions), from which %d are drawn for a step; and targets from an older copy of the network, renewed every %d steps (%d on Catch).", q.Memory, q.Batch, q.TargetEvery, r.Recipe.Catch.Q.TargetEvery),
		fmt.Sprintf("Without replay memory, a step learns from the latest %d transitions. Everything else is the same: first weights, learning rate, steps, exploration. The curves show the greedy policy in %d validation episodes after each epoch.", q.Batch, r.Recipe.Validation))
	for _, t := range tasks() {
		if err := r.learning(string(t)+"_dqn.svg", t.title()+": learning curves of Q-learning", fmt.Sprintf("An epoch is %g steps in the environment.", r.Recipe.perEpoch(t, dqn)),
			"steps in the environment (thousands)", t, qMethods()); err != nil {
			return err
		}
		if err := r.soFar(string(t)+"_dqn_mean.svg", t, qMethods()); err != nil {
			return err
		}
	}
	return nil
}

// soFar adds the learning curves again, as means over the epochs so far, which end at what
// methods are compared by.
func (r *reporter) soFar(file string, t task, ms []method) error {
	lines := figure.Lines{XLabel: "steps in the environment (thousands)", YLabel: t.label(), FromZero: true, Colors: r.colors}
	for _, m := range ms {
		var sum float64
		lines.Series = append(lines.Series, r.series(t, m, m.title(), func(e train.Epoch) float64 {
			if e.Epoch == 1 { // of the next seed
				sum = 0
			}
			sum += t.scale() * t.measure(trial.Value(e.Validation, "return"))
			return sum / float64(e.Epoch)
		}))
	}
	return r.draw(file, t.title()+": mean height of the learning curve so far", "The mean of the epochs up to there. Methods are compared by its end.", lines)
}

// policyCurves reports the learning curves of REINFORCE.
func (r *reporter) policyCurves() error {
	r.Section("REINFORCE, with and without a baseline",
		"The probabilities of the actions are learned directly: those of an episode are made more probable by as much as its return is above a baseline. Any baseline leaves the expected step the same (Williams 1992); "+
			"one near the return to be expected, here a network that learns to predict it, takes noise away. The curves show the greedy policy, as above.")
	for _, t := range tasks() {
		if err := r.learning(string(t)+"_reinforce.svg", t.title()+": learning curves of REINFORCE", fmt.Sprintf("An epoch is %g episodes.", r.Recipe.perEpoch(t, withBase)),
			"episodes (thousands)", t, policyMethods()); err != nil {
			return err
		}
	}
	return nil
}

// values reports whether Q is what it says.
func (r *reporter) values() error {
	r.Section("What Q promises, and what comes", "Q of the best action in the first state is what the network takes the discounted return to be. The greedy policy's episodes show what it is. "+
		"A value above that is a mistake, but for one thing: the limit of an episode's length, which the network does not know of.")
	for _, t := range tasks() {
		lines := figure.Lines{XLabel: "steps in the environment (thousands)", YLabel: "promised − obtained return", Colors: r.colors}
		for _, m := range qMethods() {
			lines.Series = append(lines.Series, r.series(t, m, m.title(), func(e train.Epoch) float64 {
				return trial.Value(e.Validation, "value") - trial.Value(e.Validation, "discounted")
			}))
		}
		if err := r.draw(string(t)+"_values.svg", t.title()+": error of Q at the beginning of episodes", "Mean over the validation episodes.", lines); err != nil {
			return err
		}
	}
	var rows [][]string
	for _, m := range qMethods() {
		rows = append(rows, []string{m.title(), r.summary(metricOf(cartpole, m, "overestimate"), 1), r.summary(metricOf(catch, m, "overestimate"), 1)})
	}
	r.Table("Promised − obtained discounted return, mean over the epochs", []string{"", "cart-pole", "catch"}, rows)
	return nil
}

// variances reports the noise of the policy's gradient.
func (r *reporter) variances() error {
	r.Section("What a baseline takes away", fmt.Sprintf("After each epoch of REINFORCE with a baseline, the gradient is estimated from each of %d and, on Catch, %d single episodes, with the baseline and, from the same episodes, without. "+
		"Shown is the variance, summed over all weights.", r.Recipe.CartPole.Policy.Measure, r.Recipe.Catch.Policy.Measure))
	for _, t := range tasks() {
		lines := figure.Lines{XLabel: "episodes (thousands)", YLabel: "variance of the gradient", LogY: true, Colors: figure.NewColors("with baseline", "without")}
		lines.Series = []figure.Series{
			r.series(t, withBase, "with baseline", validation("variance")), r.series(t, withBase, "without", validation("variance without baseline")),
		}
		if err := r.draw(string(t)+"_variance.svg", t.title()+": variance of the gradient from one episode", "The policy is that of the training with a baseline.", lines); err != nil {
			return err
		}
	}
	return nil
}

// trace reports one test episode of the cart-pole.
func (r *reporter) trace() error {
	o := r.by[spec{cartpole, dqn, r.Seeds[0]}]
	if o.Diverged {
		return nil
	}
	r.Section("An episode of the cart-pole", fmt.Sprintf("The first test episode of DQN, seed %d: the pole's angle and the cart's place, and what the network makes of them.", o.seed))
	var time, angle, place, left, right, prefers []float64
	if _, err := o.play(&r.Recipe, 1, func(m reinforce.Moment) {
		time = append(time, 0.02*float64(len(time)))
		place, angle = append(place, 100*float64(m.State[0])), append(angle, 180/math.Pi*float64(m.State[2]))
		left, right = append(left, float64(m.Outputs[0])), append(right, float64(m.Outputs[1]))
		prefers = append(prefers, float64(m.Outputs[1]-m.Outputs[0]))
	}); err != nil {
		return err
	}
	course := func(name string, y []float64) figure.Series {
		return figure.Series{Name: name, X: time, Y: [][]float64{y}}
	}
	if err := r.draw("trace_angle.svg", "Angle of the pole", "An episode ends at ±12°.",
		figure.Lines{XLabel: "time (s)", YLabel: "angle (degrees)", Series: []figure.Series{course("angle", angle)}}); err != nil {
		return err
	}
	if err := r.draw("trace_place.svg", "Place of the cart", "An episode ends at ±240 cm.",
		figure.Lines{XLabel: "time (s)", YLabel: "place (cm)", Series: []figure.Series{course("place", place)}}); err != nil {
		return err
	}
	if err := r.draw("trace_q.svg", "Q of both actions", "How far apart they are is what one push matters, if the best ones follow.",
		figure.Lines{XLabel: "time (s)", YLabel: "Q", Series: []figure.Series{course("push left", left), course("push right", right)}, Colors: figure.NewColors("push left", "push right")}); err != nil {
		return err
	}
	return r.draw("trace_preference.svg", "Which action has the larger Q", "Above 0 the cart is pushed to the right, below to the left.",
		figure.Lines{XLabel: "time (s)", YLabel: "Q of right − Q of left", Series: []figure.Series{course("right − left", prefers)}})
}

// shownEpisodes of Catch are drawn.
const shownEpisodes = 8

// screens draws test episodes of Catch.
func (r *reporter) screens() error {
	o := r.by[spec{catch, dqn, r.Seeds[0]}]
	if o.Diverged {
		return nil
	}
	r.Section("Episodes of Catch", "What the network sees.")
	steps, screen := r.Recipe.Rows-1, r.Recipe.screen()
	tiles := make([][]float32, shownEpisodes*r.Recipe.Rows)
	step := make([]int, shownEpisodes)
	if _, err := o.play(&r.Recipe, shownEpisodes, func(m reinforce.Moment) {
		at := m.Episode*r.Recipe.Rows + step[m.Episode]
		tiles[at] = slices.Clone(m.Input)
		step[m.Episode]++
		if step[m.Episode] == steps { // what follows the last step, no network sees
			end := slices.Clone(m.State)
			screen.Step(end, m.Action, nil)
			tiles[at+1] = make([]float32, len(m.Input))
			screen.Observe(tiles[at+1], end)
		}
	}); err != nil {
		return err
	}
	png, err := figure.Sheet{Tiles: tiles, Height: r.Recipe.Rows, Width: r.Recipe.Columns, Columns: r.Recipe.Rows, Range: figure.UnitRange}.PNG()
	if err != nil {
		return err
	}
	r.Figure("catch.png", "Screens of Catch, an episode a row", fmt.Sprintf("The first %d test episodes of DQN, seed %d, from left to right: the ball falls, the paddle in the bottom row goes to meet it. In the last screen of a row there is one pixel if it was caught, and two if not.", shownEpisodes, o.seed), png)
	return nil
}
