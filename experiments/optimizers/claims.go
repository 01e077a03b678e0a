package main

import (
	"fmt"

	"capas/experiments/lab"
)

// section of the lecture that makes the claims.
const section = "3.3"

// surfaceClaims judges the descents.
func (r *reporter) surfaceClaims() {
	for _, c := range []struct {
		surface, where string
		methods        []method
	}{
		{"bowl", fmt.Sprintf("On a bowl of condition %g", r.Recipe.Condition), []method{r.Recipe.momentum(), r.Recipe.nesterov(), r.Recipe.rmsprop(), r.Recipe.adam()}},
		{"rosenbrock", "In Rosenbrock's valley", []method{r.Recipe.momentum(), r.Recipe.nesterov(), r.Recipe.rmsprop(), r.Recipe.adam()}},
	} {
		plain := r.Recipe.batchGD()
		for _, m := range c.methods {
			a, b := r.Values(c.surface+"."+m.key+".steps"), r.Values(c.surface+"."+plain.key+".steps")
			r.fewer(lab.Claim{
				Claim:    fmt.Sprintf("%s, %s needs fewer steps than gradient descent, each at its best rate.", c.where, m.name),
				Measured: fmt.Sprintf("steps until the value has settled below %g of the first one: %s %s; gradient descent %s", r.Recipe.Tolerance, m.name, r.counts(a, r.Recipe.Steps), r.counts(b, r.Recipe.Steps)),
				Figure:   c.surface + "_value.svg",
			}, a, b)
		}
	}
}

// fewer records a claim that holds if a is smaller than b for every seed.
func (r *reporter) fewer(c lab.Claim, a, b []float64) {
	below, _, _, err := lab.SignOverSeeds(a, b)
	c.Section, c.Holds, c.Rule = section, err == nil && below == len(a), fmt.Sprintf("fewer for every seed (%d of %d)", below, len(a))
	r.Claim(c)
}

// fewerEpochs claims that one method reaches the target in fewer epochs than another, at
// the rates chosen by validation loss; what they need at their fastest rates stands beside
// it and decides nothing.
func (r *reporter) fewerEpochs(claim string, a, b method, figure string) {
	x, y := r.values(a, "epochs"), r.values(b, "epochs")
	r.fewer(lab.Claim{
		Claim: claim,
		Measured: fmt.Sprintf("epochs to a validation loss of %g: %s %s; %s %s (at the fastest rates: %s; %s)",
			r.Recipe.Target, a.name, r.epochs(x), b.name, r.epochs(y), r.fastestWords(a), r.fastestWords(b)),
		Figure: figure,
	}, x, y)
}

// sizeClaims judges how many examples a step.
func (r *reporter) sizeClaims() {
	whole, mini, one := r.Recipe.batchGD(), r.Recipe.minibatch(), r.Recipe.sgd()
	r.fewerEpochs("Mini-batches need fewer epochs than batch gradient descent.", mini, whole, "size_epochs.svg")
	r.fewerEpochs("SGD on one example at a time needs fewer epochs than mini-batches.", one, mini, "size_epochs.svg")
	r.Compare(lab.Comparison{
		Section: section, Claim: "SGD on one example at a time needs more steps than mini-batches.", What: fmt.Sprintf("steps to a validation loss of %g", r.Recipe.Target),
		A: one.name, B: mini.name, MetricA: one.key + ".updates", MetricB: mini.key + ".updates", Larger: true, Figure: "size_updates.svg",
	})
}

// optimizerClaims judges what is made of the gradient.
func (r *reporter) optimizerClaims() {
	mini, adam := r.Recipe.minibatch(), r.Recipe.adam()
	for _, m := range []method{r.Recipe.momentum(), r.Recipe.nesterov(), r.Recipe.rmsprop(), adam} {
		r.fewerEpochs(fmt.Sprintf("%s needs fewer epochs than plain mini-batches, each at the rate with the smallest validation loss.", title(m.name)), m, mini, "optimizer_epochs.svg")
	}
	for _, c := range []struct{ claim, metric, figure string }{
		{"Adam, today's default, has the smallest test error of the optimisers, each at its best rate.", "test_error", "optimizer_epochs.svg"},
		{"Adam, today's default, has the smallest test error of the optimisers at the rates by default.", "default_test_error", "optimizer_default.svg"},
	} {
		r.smallest(c.claim, adam, c.metric, c.figure)
	}
}

// title is a name at the beginning of a sentence.
func title(name string) string {
	if name == "momentum" {
		return "Momentum"
	}
	return name
}

// smallest claims that an error is smaller for a method than for every other optimiser.
func (r *reporter) smallest(claim string, m method, metric, figure string) {
	x := r.values(m, metric)
	measured := "test error (%): " + m.name + " " + lab.Summary(lab.Scaled(x, 100))
	holds, rule := true, ""
	for _, other := range r.Recipe.optimizers() {
		if other == m {
			continue
		}
		y := r.values(other, metric)
		below, _, _, err := lab.SignOverSeeds(x, y)
		holds = holds && err == nil && below == len(x)
		measured += fmt.Sprintf("; %s %s", other.name, lab.Summary(lab.Scaled(y, 100)))
		if rule != "" {
			rule += ", "
		}
		rule += fmt.Sprintf("%d of %d against %s", below, len(x), other.name)
	}
	r.Claim(lab.Claim{Section: section, Claim: claim, Measured: measured, Holds: holds, Rule: "smaller for every seed than that of each other (" + rule + ")", Figure: figure})
}

// balanceClaims judges balanced batches.
func (r *reporter) balanceClaims() {
	pairs := r.Recipe.balancing()
	for i := 0; i < len(pairs); i += 2 {
		plain, even := pairs[i], pairs[i+1]
		for _, at := range []struct{ state, words string }{{atStart, "at the first weights"}, {atTrained, "at trained weights"}} {
			r.Compare(lab.Comparison{
				Section: section, Claim: fmt.Sprintf("The gradient of balanced %s is closer to that of all images, %s.", plain.name, at.words),
				What: "deviation as a share of the gradient's norm", A: balanced, B: drawn, MetricA: spreadMetric(at.state, even), MetricB: spreadMetric(at.state, plain),
				Figure: "balance_gradient.svg",
			})
		}
		r.Compare(lab.Comparison{
			Section: section, Claim: fmt.Sprintf("Balanced %s lead to a smaller test error.", plain.name), What: "test error (%)", Scale: 100,
			A: balanced, B: drawn, MetricA: even.key + ".test_error", MetricB: plain.key + ".test_error", Figure: "balance_error.svg",
		})
	}
}
