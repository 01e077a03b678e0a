package main

import (
	"fmt"
	"slices"

	"capas/experiments/lab"
)

// claims judges what is said of learning by acting.
func (r *reporter) claims() {
	r.solved(cartpole, r.Recipe.Solved)
	r.solved(catch, r.Recipe.Caught)
	for _, t := range tasks() {
		r.better(t, dqn, noReplay, fmt.Sprintf("A replay memory improves Q-learning (%s).", t.title()))
		r.better(t, dqn, noTarget, fmt.Sprintf("A target network improves Q-learning (%s).", t.title()))
		r.better(t, dqn, neither, fmt.Sprintf("Replay memory and target network together improve Q-learning (%s).", t.title()))
	}
	unit := map[task]struct {
		name  string
		scale float64
	}{cartpole: {" (millions)", 1e-6}, catch: {"", 1}}
	for _, t := range tasks() {
		r.better(t, withBase, noBaseline, fmt.Sprintf("A baseline improves REINFORCE (%s).", t.title()))
		r.Compare(lab.Comparison{
			Section: section, Claim: fmt.Sprintf("A baseline lowers the variance of REINFORCE's gradient (%s).", t.title()), What: "variance, mean over the epochs" + unit[t].name, Scale: unit[t].scale,
			A: "with baseline", MetricA: metricOf(t, withBase, "variance"), B: "without, from the same episodes", MetricB: metricOf(t, withBase, "variance_no_baseline"),
			Figure: r.shown(string(t) + "_variance.svg"),
		})
	}
}

// section of the lecture.
const section = "2.4"

// solved claims that both methods solve a task.
func (r *reporter) solved(t task, from float64) {
	for _, m := range []method{dqn, withBase} {
		v := r.Values(t.test(m))
		r.Claim(lab.Claim{
			Section: section, Claim: fmt.Sprintf("%s learns from rewards alone: %s.", m.title(), map[task]string{
				cartpole: fmt.Sprintf("the pole stands for %g of %d steps, in the mean over %d episodes", from, r.Recipe.Limit, r.Recipe.Test),
				catch:    fmt.Sprintf("%g %% of the balls are caught, from pixels", 100*from),
			}[t]),
			Measured: fmt.Sprintf("%s %s; chance %s", t.label(), r.summary(t.test(m), t.scale()), r.summary(t.chance(), t.scale())),
			Holds:    slices.Min(v) >= from, Rule: fmt.Sprintf("at least %g for every seed", t.scale()*from), Figure: string(t) + "_test.svg",
		})
	}
}

// better claims that one method's learning curve is higher than another's.
func (r *reporter) better(t task, a, b method, claim string) {
	file := string(t) + "_dqn_mean.svg"
	if a.ofPolicy() {
		file = string(t) + "_reinforce.svg"
	}
	r.Compare(lab.Comparison{
		Section: section, Claim: claim, What: t.label() + " over the training, the mean of the epochs", Scale: t.scale(), Larger: true,
		A: a.title(), MetricA: t.training(a), B: b.title(), MetricB: t.training(b), Figure: r.shown(file),
	})
}
