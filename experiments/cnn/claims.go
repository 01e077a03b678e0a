package main

import (
	"fmt"

	"capas/experiments/lab"
)

// judgedShift is the shift in pixels by which networks are compared, if it is among those of
// the recipe.
const judgedShift = 2

// claims judges what convolution, and pretraining of its layers, is said to bring.
func (x *runner) claims() {
	if len(x.Seeds) < lab.MinSeeds {
		x.Section("Verdicts", fmt.Sprintf("None: a verdict takes at least %d seeds.", lab.MinSeeds))
		return
	}
	r := x.Recipe
	if r.has(lenet) {
		errors := x.percents(lenet + ".test_error")
		mean, _ := lab.Summarize(errors)
		measured := fmt.Sprintf("test error %s %%", lab.Summary(errors))
		if x.Data == "mnist" {
			measured += " (Deep Learning Tutorials, their recipe: 0.92 %)"
		}
		x.Claim(lab.Claim{
			Section: "2.3", Claim: fmt.Sprintf("A convolutional network (LeNet) makes at most %g %% errors on test images.", 100*r.Limit),
			Measured: measured,
			Holds:    mean <= 100*r.Limit, Rule: fmt.Sprintf("a mean over seeds of at most %g %%", 100*r.Limit), Figure: curvesFigure,
		})
	}
	for _, name := range []string{lenet, lenet5} {
		if !r.has(name) || !r.has(perceptron) {
			continue
		}
		words := "a multilayer perceptron of as many parameters"
		if name == lenet5 {
			words = "the same perceptron"
		}
		x.Compare(lab.Comparison{
			Section: "2.3", Claim: fmt.Sprintf("%s makes fewer errors than %s.", title(name), words),
			What: "test error (%)", A: title(name), MetricA: name + ".test_error", B: title(perceptron), MetricB: perceptron + ".test_error", Scale: 100, Figure: curvesFigure,
		})
		for _, by := range r.Shifts {
			if by != judgedShift {
				continue
			}
			x.Compare(lab.Comparison{
				Section: "2.3", Claim: fmt.Sprintf("%s bears a shift of the images by %d pixels better than the perceptron.", title(name), by),
				What: fmt.Sprintf("test error (%%) on images shifted by %d pixels", by), A: title(name), MetricA: shiftMetric(name, by), B: title(perceptron), MetricB: shiftMetric(perceptron, by), Scale: 100, Figure: shiftFigure,
			})
		}
	}
	for _, first := range []string{fromPlain, fromDenoising} {
		x.Compare(lab.Comparison{
			Section: "2.4", Claim: fmt.Sprintf("With %d labels, convolutional layers that were pretrained as %s give a smaller test error than random ones.", r.Few.Labels, firstTitle(first)),
			What: "test error (%)", A: "pretrained", MetricA: fewMetric(first, "test_error"), B: "random", MetricB: fewMetric(fromRandom, "test_error"), Scale: 100, Figure: fewFigure,
		})
		x.Compare(lab.Comparison{
			Section: "2.4", Claim: fmt.Sprintf("Where convolutional layers stay as they begin, ones that were pretrained as %s give a smaller test error with %d labels than random ones.", firstTitle(first), r.Few.Labels),
			What: "test error (%)", A: "pretrained", MetricA: fewMetric(first+"-fixed", "test_error"), B: "random", MetricB: fewMetric(fromRandom+"-fixed", "test_error"), Scale: 100, Figure: fewFigure,
		})
	}
}
