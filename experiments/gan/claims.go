package main

import (
	"fmt"
	"slices"
	"strings"

	"capas/experiments/lab"
	"capas/models"
	"capas/train"

	"gorgonia.org/tensor"
)

// claims judges what is said of GANs. The rules were written down after the runs with seed 101 by which rates were
// chosen, and before the lecture preset was run.
func (r *reporter) claims() {
	if len(r.Seeds) < lab.MinSeeds {
		r.Section("Verdicts", fmt.Sprintf("None: a verdict takes at least %d seeds.", lab.MinSeeds))
		return
	}
	r.saturates()
	r.findsModes()
	r.coversClasses()
}

// saturates claims that the minimax loss leaves the generator without a gradient.
func (r *reporter) saturates() {
	const tenth = 0.1
	minimax, other := r.Values("ahead.minimax_gradient"), r.Values("ahead.steady_gradient")
	small := 0
	for i, g := range minimax {
		if g < tenth*other[i] {
			small++
		}
	}
	r.Claim(lab.Claim{
		Section: "2.3", Claim: "Where the discriminator is ahead, the minimax loss leaves the generator less than a tenth of the gradient that the loss without saturation gives it.",
		Measured: fmt.Sprintf("norm of the gradient: minimax %s, non-saturating %s; mean D of what is generated %s", lab.Summary(minimax), lab.Summary(other), lab.Summary(r.Values("ahead.fake"))),
		Holds:    small == len(minimax), Figure: r.shownBy(aheadFigure),
		Rule: fmt.Sprintf("a norm of less than a tenth of the other, at the end, for every seed (%d of %d)", small, len(minimax)),
	})
}

// findsModes claims what the losses find of the ring.
func (r *reporter) findsModes() {
	ring := r.Recipe.Ring
	modes := func(v string) []float64 { return r.Values("ring." + v + ".modes") }
	measured := func(v string) string {
		return fmt.Sprintf("%s: %s of %d found, by seed; good samples %s %%", v, list(modes(v)), ring.Modes, r.percent("ring."+v+".good"))
	}
	all := func(v float64) bool { return v == float64(ring.Modes) }
	for _, v := range []string{"r1", "wasserstein"} {
		if !slices.Contains(ring.Variants, v) {
			continue
		}
		found := count(modes(v), all)
		r.Claim(lab.Claim{
			Section: "2.3", Claim: fmt.Sprintf("With a penalty on the discriminator's gradient the generator finds all %d Gaussians of the ring (%s).", ring.Modes, v),
			Measured: measured(v), Holds: found == len(r.Seeds), Figure: r.shownBy(modesFigure),
			Rule: fmt.Sprintf("all of them for every seed (%d of %d)", found, len(r.Seeds)),
		})
	}
	if v := "non-saturating"; slices.Contains(ring.Variants, v) {
		some := count(modes(v), func(v float64) bool { return v >= 1 && !all(v) })
		r.Claim(lab.Claim{
			Section: "2.3", Claim: fmt.Sprintf("Without a penalty the generator finds some of them only (%s).", v),
			Measured: measured(v), Holds: some == len(r.Seeds), Figure: r.shownBy(modesFigure),
			Rule: fmt.Sprintf("one at least, but fewer than all, for every seed (%d of %d)", some, len(r.Seeds)),
		})
	}
	if slices.Contains(ring.Variants, "minimax") && slices.Contains(ring.Variants, "non-saturating") {
		r.Compare(lab.Comparison{
			Section: "2.3", Claim: "After equally many steps the minimax loss has fewer good samples than the loss without saturation.", What: "good samples (%)", Scale: 100, Figure: r.shownBy(goodFigure),
			A: "minimax", MetricA: "ring.minimax.good", B: "non-saturating", MetricB: "ring.non-saturating.good",
		})
	}
}

// coversClasses claims what the networks make of images.
func (r *reporter) coversClasses() {
	d, k := r.Recipe.Digits, r.data.Train.Classes
	has := func(n string) bool { return slices.Contains(d.Networks, n) }
	for _, n := range []string{perceptrons, dcgan} {
		if !has(n) {
			continue
		}
		classes := r.Values(n + ".classes")
		enough := count(classes, func(v float64) bool { return v >= float64(k-1) })
		r.Claim(lab.Claim{
			Section: "2.4", Claim: fmt.Sprintf("A GAN that never saw a label makes images of at least %d of %d classes (%s).", k-1, k, n),
			Measured: fmt.Sprintf("classes covered, by seed: %s; the classifier, with a test error of %s %%, is sure of %s %% of the samples and gives them a score of %s, the validation images %s",
				list(classes), r.percent("classifier.test_error"), r.percent(n+".sure"), lab.Summary(r.Values(n+".score")), lab.Summary(r.Values("classifier.score"))),
			Holds: enough == len(classes), Figure: r.shownBy(coverFigure),
			Rule: fmt.Sprintf("%d classes or more for every seed (%d of %d); covered is a class of which, with a probability of at least %g, are %g %% of the samples or more", k-1, enough, len(classes), surely, 100*covered),
		})
		r.Compare(lab.Comparison{
			Section: "2.4", Claim: fmt.Sprintf("Between two codes lie images too: halfway is an image of a class more often than the mean of the two images (%s).", n),
			What: "the classifier is sure (%)", Scale: 100, Larger: true, Figure: r.shownBy(halfwayFigure), A: "middle of the codes", MetricA: n + ".halfway", B: "mean of the images", MetricB: n + ".pixels",
		})
	}
	if has(plain) && has(perceptrons) {
		r.Compare(lab.Comparison{
			Section: "2.4", Claim: "Without the gradient penalty perceptrons cover fewer classes after as many epochs.", What: "classes covered", Figure: r.shownBy(coverFigure),
			A: plain, MetricA: plain + ".classes", B: perceptrons, MetricB: perceptrons + ".classes",
		})
	}
	if has(dcgan) && has(perceptrons) {
		r.Compare(lab.Comparison{
			Section: "2.3", Claim: "The classifier is sure of more samples of convolutional networks than of perceptrons.", What: "the classifier is sure (%)", Scale: 100, Larger: true, Figure: r.shownBy(sharesFigure),
			A: dcgan, MetricA: dcgan + ".sure", B: perceptrons, MetricB: perceptrons + ".sure",
		})
	}
}

// count is how many of the values are so.
func count(values []float64, so func(v float64) bool) (n int) {
	for _, v := range values {
		if so(v) {
			n++
		}
	}
	return n
}

// trained is what a GAN makes of its album's codes now.
func trained(a *models.GAN) (*tensor.Dense, error) { return train.Map(a.Album.Codes.Value, a.Generate) }

func texts(numbers []int) (out []string) {
	for _, n := range numbers {
		out = append(out, fmt.Sprint(n))
	}
	return out
}

func list(values []float64) string {
	var out []string
	for _, v := range values {
		out = append(out, fmt.Sprint(v))
	}
	return strings.Join(out, ", ")
}

func join(words []string) string { return strings.Join(words, ", ") }
