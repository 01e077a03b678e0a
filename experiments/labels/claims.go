package main

import (
	"fmt"
	"strings"

	"capas/experiments/lab"

	"gonum.org/v1/gonum/stat"
)

// claims judges what pretraining is said to bring.
func (r *reporter) claims() {
	if len(r.Seeds) < lab.MinSeeds {
		r.Section("Verdicts", fmt.Sprintf("None: a verdict takes at least %d seeds.", lab.MinSeeds))
		return
	}
	for _, p := range r.Recipe.Pairs {
		for _, n := range r.Recipe.Labels {
			r.gains(p, n)
		}
		if len(r.Recipe.Labels) > 1 {
			r.shrinks(p)
		}
		if len(r.few()) > 0 {
			r.gainsWithAll(p)
		}
		r.stays(p)
	}
}

// gains claims that pretraining lowers the error.
func (r *reporter) gains(pair string, n int) {
	c := pretrained(pair, n)
	measured := fmt.Sprintf("test error: random %s %%, pretrained %s %%, gain %s points",
		lab.Summary(r.percents(c.random())), lab.Summary(r.percents(c)), lab.Summary(r.points(c)))
	if o, ok := r.others(n); ok {
		random, pre := othersOf(o, pair)
		measured += fmt.Sprintf(" (yell, with %d labels: %.2f %%, %.2f %%, %.2f points)", o.Labels, random, pre, random-pre)
	}
	positive := count(r.points(c), func(i int, gain float64) bool { return gain > 0 })
	r.Claim(lab.Claim{
		Section: "3.2", Claim: fmt.Sprintf("Pretraining without labels lowers the test error with %d labels (%s).", n, r.Recipe.pairTitle(pair)),
		Measured: measured, Holds: positive == len(r.Seeds), Figure: gainFigure,
		Rule: fmt.Sprintf("a positive gain for every seed (%d of %d)", positive, len(r.Seeds)),
	})
}

// shrinks claims that the gain is the larger the fewer labels there are.
func (r *reporter) shrinks(pair string) {
	title, least, most := r.Recipe.pairTitle(pair), r.Recipe.least(), r.Recipe.most()
	few, many := r.points(pretrained(pair, least)), r.points(pretrained(pair, most))
	larger := count(few, func(i int, gain float64) bool { return gain > many[i] })
	measured := "gain in points: " + r.overLabels(r.Recipe.Labels, func(n int) string { return lab.Summary(r.points(pretrained(pair, n))) })
	r.Claim(lab.Claim{
		Section: "3.2", Claim: fmt.Sprintf("Pretraining gains more with %d labels than with %d (%s).", least, most, title),
		Measured: measured, Holds: larger == len(few), Figure: gainFigure,
		Rule: fmt.Sprintf("a larger gain, in points, for every seed (%d of %d)", larger, len(few)),
	})
	if len(r.Recipe.Labels) < 3 {
		return
	}
	steps, fallen := 0, 0
	for i, n := range r.Recipe.Labels[1:] {
		steps++
		if stat.Mean(r.points(pretrained(pair, n)), nil) < stat.Mean(r.points(pretrained(pair, r.Recipe.Labels[i])), nil) {
			fallen++
		}
	}
	r.Claim(lab.Claim{
		Section: "3.2", Claim: fmt.Sprintf("Pretraining gains the more the fewer labels there are (%s).", title),
		Measured: measured, Holds: fallen == steps, Figure: gainFigure,
		Rule: fmt.Sprintf("the mean gain over seeds, in points, is smaller with every step to more labels (%d of %d)", fallen, steps),
	})
}

// gainsWithAll claims that the gain does not hang on having few validation images.
func (r *reporter) gainsWithAll(pair string) {
	gain := func(n int) []float64 { return lab.Scaled(r.Values(pretrained(pair, n).allMetric("gain")), 100) }
	positive, all := 0, 0
	for _, n := range r.few() {
		positive += count(gain(n), func(i int, g float64) bool { return g > 0 })
		all += len(r.Seeds)
	}
	r.Claim(lab.Claim{
		Section: "3.2", Claim: fmt.Sprintf("Pretraining also gains where all %d validation images choose the rate (%s).", r.data.Validation.Len(), r.Recipe.pairTitle(pair)),
		Measured: "gain in points: " + r.overLabels(r.few(), func(n int) string { return lab.Summary(gain(n)) }),
		Holds:    positive == all, Figure: validationFigure,
		Rule: fmt.Sprintf("a positive gain for every one of these numbers of labels and every seed (%d of %d)", positive, all),
	})
}

// stays claims that pretrained weights move less, in proportion to their size.
func (r *reporter) stays(pair string) {
	less, all := 0, 0
	values := func(c cell) []float64 { return r.Values(c.metric(movedMetric(1))) }
	for _, n := range r.Recipe.Labels {
		c := pretrained(pair, n)
		random := values(c.random())
		less += count(values(c), func(i int, m float64) bool { return m < random[i] })
		all += len(random)
	}
	r.Claim(lab.Claim{
		Section: "3.2", Claim: fmt.Sprintf("Learning labels moves pretrained weights of the first layer by a smaller share of their size than random ones (%s).", r.Recipe.pairTitle(pair)),
		Measured: "‖W − W⁰‖/‖W⁰‖, random and pretrained: " + r.overLabels(r.Recipe.Labels, func(n int) string {
			c := pretrained(pair, n)
			return lab.Summary(values(c.random())) + " and " + lab.Summary(values(c))
		}) + fmt.Sprintf("; root mean square of the first weights: %.2g and %.2g", r.size(arm{pair, false}), r.size(arm{pair, true})),
		Holds: less == all, Figure: movedFigure,
		Rule: fmt.Sprintf("smaller for every number of labels and every seed (%d of %d)", less, all),
	})
}

// size is the root mean square of the first layer's first weights, the mean over seeds.
func (r *reporter) size(a arm) float64 {
	var first []float64
	for _, x := range r.all.of(cell{a, r.Recipe.least()}, false) {
		first = append(first, x.moves[0].first)
	}
	return stat.Mean(first, nil)
}

// count is how many of the values are so.
func count(values []float64, so func(i int, v float64) bool) (n int) {
	for i, v := range values {
		if so(i, v) {
			n++
		}
	}
	return n
}

// overLabels says what there is at each number of labels.
func (r *reporter) overLabels(labels []int, what func(n int) string) string {
	var parts []string
	for _, n := range labels {
		parts = append(parts, fmt.Sprintf("%s with %d labels", what(n), n))
	}
	return strings.Join(parts, ", ")
}
