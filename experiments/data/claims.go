package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"capas/experiments/lab"
)

// claims judges what the lecture says. Every rule wants the same sign for every seed.
func (r *reporter) claims() {
	if len(r.Seeds) < lab.MinSeeds {
		r.Section("Verdicts", fmt.Sprintf("None: a verdict takes at least %d seeds.", lab.MinSeeds))
		return
	}
	if len(r.Recipe.Labels) > 1 {
		r.falls("2.4", "More labelled data lower the error of every model.", "test error", "%", errorFigure, testError)
		r.badBeatsGood()
	}
	for _, p := range r.pairs() {
		r.helps(p)
	}
	if len(r.Recipe.Labels) > 1 {
		for _, p := range r.pairs() {
			r.shrinks(p)
		}
	}
	if r.Recipe.parts() {
		r.firstLayers()
	}
	if len(r.Recipe.Labels) > 1 {
		r.falls("3.1", "Little labelled data means overfitting: the gap between the errors on test images and on those learned from narrows with more labels, in every model.",
			"gap", "points", gapFigure, gap)
	}
}

// falls claims that a quantity, a fraction told in percent or points, falls with every
// step to more labels, for every model.
func (r *reporter) falls(section, claim, what, unit, file string, of func(result) float64) {
	steps, fallen, least := 0, 0, math.Inf(1)
	var ends, not []string
	for _, m := range r.Recipe.Models {
		for i, n := range r.Recipe.Labels[1:] {
			before, after := r.all.of(m, r.Recipe.Labels[i]).values(of), r.all.of(m, n).values(of)
			for s := range before {
				steps++
				least = min(least, before[s]-after[s])
				if after[s] < before[s] {
					fallen++
				} else {
					not = append(not, fmt.Sprintf("%s at %d, seed %d", r.title(m), n, r.Seeds[s]))
				}
			}
		}
		ends = append(ends, fmt.Sprintf("%s: %s → %s %s", r.title(m), lab.Summary(r.percents(m, r.Recipe.least(), of)), lab.Summary(r.percents(m, r.Recipe.most(), of)), unit))
	}
	measured := fmt.Sprintf("%s with %d → %d labels: %s; least fall in a step %.2g points", what, r.Recipe.least(), r.Recipe.most(), strings.Join(ends, ", "), 100*least)
	if len(not) > 0 {
		measured += "; no fall: " + strings.Join(not, ", ")
	}
	r.Claim(lab.Claim{
		Section: section, Claim: claim, Measured: measured, Holds: fallen == steps,
		Rule: fmt.Sprintf("smaller with every step to more labels, for every model and seed (%d of %d steps)", fallen, steps), Figure: file,
	})
}

// badBeatsGood compares the worst model with all labels with the best one with few.
func (r *reporter) badBeatsGood() {
	bad := r.bad()
	random := slices.DeleteFunc(slices.Clone(r.Recipe.Models), func(m string) bool { return r.Recipe.model(m).pretrained != nil })
	good := r.good(r.Recipe.Models)
	if len(random) > 0 && r.good(random) != good {
		r.beats(bad, r.good(random))
	}
	r.beats(bad, good)
}

// beats compares two models, of which good has few labels.
func (r *reporter) beats(bad, good string) {
	few, most := r.Recipe.Few, r.Recipe.most()
	if bad == good || few == most {
		return
	}
	x, y := r.all.of(bad, most).values(testError), r.all.of(good, few).values(testError)
	below, _, _, err := lab.SignOverSeeds(x, y)
	ends := "no pretraining, the best such model with few labels"
	if r.Recipe.model(good).pretrained != nil {
		ends = "pretrained on images without labels"
	}
	r.Claim(lab.Claim{
		Section: "2.4", Claim: fmt.Sprintf("More data lets a bad model beat a good one trained on little: the worst with %d labels the best with %d (%s).", most, few, ends),
		Measured: fmt.Sprintf("test error: %s, %d labels: %s %%; %s, %d labels: %s %%; the bad model draws level with %s times as many labels as the good one",
			r.title(bad), most, lab.Summary(lab.Scaled(x, 100)), r.title(good), few, lab.Summary(lab.Scaled(y, 100)), r.levelWith(bad, good, few).times(few)),
		Holds: err == nil && below == len(x), Rule: fmt.Sprintf("smaller for every seed (%d of %d); worst and best by the validation error", below, len(x)), Figure: errorFigure,
	})
}

// helps claims that pretraining lowers the error with few labels.
func (r *reporter) helps(p pair) {
	for _, n := range slices.Compact([]int{r.Recipe.least(), r.Recipe.Few}) {
		r.Compare(lab.Comparison{
			Section: "3.2", Claim: fmt.Sprintf("Pretraining without labels lowers the error with %d labels (%s).", n, r.title(p.random)),
			What: "test error (%)", A: "pretrained", B: "random first weights", Scale: 100, Figure: errorFigure,
			MetricA: metric(p.pretrained, n, "test_error"), MetricB: metric(p.random, n, "test_error"),
		})
	}
}

// shrinks claims that pretraining gains where labels are few, and less where there are many.
func (r *reporter) shrinks(p pair) {
	least, most := r.Recipe.least(), r.Recipe.most()
	few, many := r.Values(metric(p.random, least, "gain")), r.Values(metric(p.random, most, "gain"))
	holds := 0
	for i := range few {
		if few[i] > 0 && many[i] < few[i] {
			holds++
		}
	}
	r.Claim(lab.Claim{
		Section: "3.2", Claim: fmt.Sprintf("Pretraining gains less with %d labels than with %d (%s).", most, least, r.title(p.random)),
		Measured: "gain in percentage points: " + r.overLabels(func(n int) string { return lab.Summary(lab.Scaled(r.Values(metric(p.random, n, "gain")), 100)) }),
		Holds:    holds == len(few), Rule: fmt.Sprintf("a gain with the fewest labels, and a smaller one with the most, for every seed (%d of %d)", holds, len(few)), Figure: gainFigure,
	})
	few, many, holds = r.ratios(p, least), r.ratios(p, most), 0
	for i := range few {
		if few[i] < 1 && few[i] < many[i] {
			holds++
		}
	}
	r.Claim(lab.Claim{
		Section: "3.2", Claim: fmt.Sprintf("Also as a share of the error, pretraining gains less with %d labels than with %d (%s).", most, least, r.title(p.random)),
		Measured: "test error with pretraining over that without: " + r.overLabels(func(n int) string { return lab.Summary(r.ratios(p, n)) }),
		Holds:    holds == len(few), Rule: fmt.Sprintf("below 1 with the fewest labels, and larger with the most, for every seed (%d of %d)", holds, len(few)), Figure: ratioFigure,
	})
}

// overLabels says what there is at each number of labels, since what lies between the ends
// may be more or less than they are.
func (r *reporter) overLabels(what func(n int) string) string {
	var parts []string
	for _, n := range r.Recipe.Labels {
		parts = append(parts, fmt.Sprintf("%s with %d labels", what(n), n))
	}
	return strings.Join(parts, ", ")
}

// firstLayers claims that the first pretrained layers matter most.
func (r *reporter) firstLayers() {
	few := r.Recipe.Few
	r.Compare(lab.Comparison{
		Section: "2.4", Claim: fmt.Sprintf("Pretrained weights matter above all in the first layers: in the first alone they are worth more than in the last alone (%d labels).", few),
		What: "test error (%)", A: "first layer pretrained", B: "last layer pretrained", Scale: 100, Figure: layersFigure,
		MetricA: metric(first, few, "test_error"), MetricB: metric(last, few, "test_error"),
	})
	none, one, all := r.all.of(deep, few).values(testError), r.all.of(first, few).values(testError), r.all.of(deepPretrained, few).values(testError)
	gainOne, gainAll, holds := make([]float64, len(one)), make([]float64, len(one)), 0
	for i := range one {
		gainOne[i], gainAll[i] = none[i]-one[i], none[i]-all[i]
		if gainAll[i] > 0 && gainOne[i] > gainAll[i]/2 {
			holds++
		}
	}
	r.Claim(lab.Claim{
		Section: "2.4", Claim: fmt.Sprintf("The first pretrained layer alone brings most of what all three bring (%d labels).", few),
		Measured: fmt.Sprintf("gain in percentage points: the first alone %s, all three %s", lab.Summary(lab.Scaled(gainOne, 100)), lab.Summary(lab.Scaled(gainAll, 100))),
		Holds:    holds == len(one), Rule: fmt.Sprintf("all three gain, and the first alone more than half of it, for every seed (%d of %d)", holds, len(one)), Figure: layersFigure,
	})
}
