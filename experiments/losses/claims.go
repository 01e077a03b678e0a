package main

import (
	"fmt"
	"math"
	"slices"

	"capas/experiments/lab"
)

// gradientClaims judges the curves. They do not depend on seeds.
func (r *reporter) gradientClaims(byPair map[pair]*curve) {
	for _, c := range []struct{ ce, se pair }{{sigmoidCE(), sigmoidSE()}, {softmaxCE(), softmaxSE()}} {
		ce, se := byPair[c.ce], byPair[c.se]
		larger, least := true, math.Inf(1)
		for i := range ce.lead {
			larger = larger && ce.size[i] > se.size[i]
			least = min(least, ce.size[i]/se.size[i])
		}
		r.Claim(lab.Claim{
			Section: "3.3", Claim: fmt.Sprintf("The gradient of cross-entropy is larger than that of the squared error, on outputs of %s.", c.ce.f),
			Measured: fmt.Sprintf("%.2g times as large at least, over leads from %d to %d; at %d %.2g times", least, leadFrom, leadTo, leadFrom, ce.size[0]/se.size[0]),
			Holds:    larger, Rule: fmt.Sprintf("larger at all %d leads", len(ce.lead)), Figure: "gradient_by_logit.svg",
		})
	}
	var measured string
	holds := true
	for _, p := range classes.pairs() {
		size, limit := byPair[p].size[0], limitAt(p, leadFrom)
		holds = holds && math.Abs(size/limit-1) < 0.01
		if !p.crossEntropy {
			holds = holds && size < 1e-5
		}
		if measured != "" {
			measured += "; "
		}
		measured += fmt.Sprintf("%s %.3g (limit %.3g)", p, size, limit)
	}
	r.Claim(lab.Claim{
		Section: "3.3", Claim: "Cross-entropy avoids saturation: on an output that is confidently wrong its gradient stays, where that of the squared error vanishes.",
		Measured: fmt.Sprintf("|∂L/∂z| at z = %d: %s", leadFrom, measured),
		Holds:    holds, Rule: "within 1 % of the limits: 1 for cross-entropy, 2e^z and 4e^z, which are below 1e-5 here, for the squared error", Figure: "gradient_by_logit.svg",
	})
}

// learningClaims judges the networks from usual first weights.
func (r *reporter) learningClaims() {
	for _, c := range []struct{ ce, se pair }{{softmaxCE(), softmaxSE()}, {sigmoidCE(), sigmoidSE()}} {
		r.smaller(fmt.Sprintf("With outputs of %s, cross-entropy learns faster than the squared error at the same rate.", c.ce.f),
			classes, c.ce, c.se, "same_rate_first_error", fmt.Sprintf("validation error after one epoch at rate %g", r.same()), "same_rate.svg")
		r.smaller(fmt.Sprintf("With outputs of %s, cross-entropy leads to a smaller error than the squared error when each has its best rate.", c.ce.f),
			classes, c.ce, c.se, "test_error", "test error", "best_rate.svg")
	}
	for _, c := range []struct{ ce, se pair }{{softmaxCE(), softmaxSE()}, {sigmoidCE(), sigmoidSE()}} {
		r.Compare(lab.Comparison{
			Section: "3.3", Claim: fmt.Sprintf("In training, with outputs of %s, the gradient of cross-entropy is larger than that of the squared error.", c.ce.f),
			What: "norm of the output weights' gradient in the first epoch", Larger: true,
			A: c.ce.String(), MetricA: metricOf(classes, c.ce, "gradient"), B: c.se.String(), MetricB: metricOf(classes, c.se, "gradient"),
		})
	}
}

// recoveryClaims judges the networks that started confidently wrong.
func (r *reporter) recoveryClaims() {
	for _, c := range []struct{ ce, se pair }{{softmaxCE(), softmaxSE()}, {sigmoidCE(), sigmoidSE()}} {
		for _, at := range []struct{ metric, words, file string }{
			{"wrong_same_rate_epochs", "at the same rate", "wrong_same_rate.svg"}, {"wrong_epochs", "when each has its best rate", "wrong_best_rate.svg"},
		} {
			ce, se := r.values(classes, c.ce, at.metric), r.values(classes, c.se, at.metric)
			below, _, _, err := lab.SignOverSeeds(ce, se)
			r.Claim(lab.Claim{
				Section: "3.3", Claim: fmt.Sprintf("A network of %s outputs that starts confidently wrong recovers sooner by cross-entropy than by the squared error, %s.", c.ce.f, at.words),
				Measured: fmt.Sprintf("epochs until the validation error is below %g %%: cross-entropy %s; squared error %s", 100*r.Recipe.Recovered, r.epochs(ce), r.epochs(se)),
				Holds:    err == nil && below == len(ce), Rule: fmt.Sprintf("fewer epochs for every seed (%d of %d)", below, len(ce)), Figure: at.file,
			})
		}
	}
}

// rowClaims judges the three rows of the table.
func (r *reporter) rowClaims() {
	for _, t := range []task{classes, binary} {
		test := r.values(t, t.pairs()[0], "test_error")
		r.Claim(lab.Claim{
			Section: "3.3", Claim: fmt.Sprintf("%s train with %s.", outputsOf(t), t.pairs()[0]),
			Measured: "test error " + lab.Summary(lab.Scaled(test, 100)) + " %",
			Holds:    slices.Max(test) < 0.1, Rule: "below 10 % for every seed", Figure: map[task]string{classes: "best_rate.svg", binary: "binary.svg"}[t],
		})
	}
	r2 := r.values(numeric, linearSE(), "test_r2")
	r.Claim(lab.Claim{
		Section: "3.3", Claim: fmt.Sprintf("%s train with %s.", outputsOf(numeric), linearSE()),
		Measured: "share of the test targets' variance that is explained: " + lab.Summary(r2),
		Holds:    slices.Min(r2) > 0.9, Rule: "above 0.9 for every seed", Figure: "numeric.svg",
	})
	for _, p := range binary.pairs()[1:] {
		r.smaller(fmt.Sprintf("Binary outputs have a smaller error with %s than with %s, each at its best rate.", sigmoidCE(), p), binary, sigmoidCE(), p, "test_error", "test error", "binary.svg")
	}
	r.Compare(lab.Comparison{
		Section: "3.3", Claim: fmt.Sprintf("Numeric outputs have a smaller error with %s than with %s, each at its best rate.", linearSE(), sigmoidSE()),
		What: "root mean squared test error (pixels)", Figure: "numeric.svg",
		A: "linear", MetricA: metricOf(numeric, linearSE(), "test_rmse"), B: "sigmoid", MetricB: metricOf(numeric, sigmoidSE(), "test_rmse"),
	})
}

func outputsOf(t task) string {
	switch t {
	case binary:
		return "Binary outputs (odd or even)"
	case numeric:
		return "Numeric outputs (pixels of ink)"
	}
	return "Classes (ten digits)"
}

// smaller claims that an error is smaller for pair a than for b.
func (r *reporter) smaller(claim string, t task, a, b pair, metric, what, file string) {
	r.Compare(lab.Comparison{
		Section: "3.3", Claim: claim, What: what + " (%)", Scale: 100, Figure: file,
		A: a.String(), MetricA: metricOf(t, a, metric), B: b.String(), MetricB: metricOf(t, b, metric),
	})
}
