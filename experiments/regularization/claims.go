package main

import (
	"fmt"
	"math"
	"strings"

	"capas/experiments/lab"

	"gonum.org/v1/gonum/stat"
)

// agreement is how near, in points, scaled weights and the largest average are to be.
const agreement = 0.2

// claims are the lecture's, of section 3.4, and whether the numbers bear them out. A
// verdict takes three seeds, all of which must agree.
func (x *experimenter) claims() {
	if len(x.Seeds) < lab.MinSeeds {
		x.Section("Verdicts", fmt.Sprintf("None: a verdict takes at least %d seeds.", lab.MinSeeds))
		return
	}
	r := x.Recipe
	fewest := r.Images[0]
	for _, m := range methods()[1:] {
		x.Compare(lab.Comparison{
			Section: "3.4", Claim: fmt.Sprintf("%s lowers the test error with few images (%s).", m.title(), thousands(fewest)), What: "test error (%)",
			A: m.label(), B: "none", MetricA: fmt.Sprintf("%s.%d.test_error", m, fewest), MetricB: fmt.Sprintf("none.%d.test_error", fewest),
			Scale: 100, Figure: fmt.Sprintf("errors_%d.svg", fewest),
		})
	}
	if len(r.Images) > 1 {
		for _, m := range methods()[1:] {
			x.moreClaim(m)
		}
	}
	for _, n := range r.Images {
		x.gapClaim(n)
	}
	if len(r.Images) > 1 {
		x.shrinksClaim()
	}
	x.togetherClaim()
	n, figure := r.middle(), ""
	if x.correlated() {
		figure = "correlation.svg"
	}
	x.Compare(lab.Comparison{
		Section: "3.4", Claim: fmt.Sprintf("Dropout lowers the co-adaptation of hidden units (%s images).", thousands(n)), What: "mean absolute correlation of two units",
		A: "dropout", B: "none", MetricA: fmt.Sprintf("dropout.%d.correlation", n), MetricB: fmt.Sprintf("none.%d.correlation", n), Figure: figure,
	})
	x.masksClaim()
	x.Compare(lab.Comparison{
		Section: "3.4", Claim: "Random RGB values lower the error on digits in colours that were not seen in training.", What: "test error (%)",
		A: "with offsets", B: "without", MetricA: "color.rgb-offsets.test_error", MetricB: "color.none.test_error", Scale: 100, Figure: "color_errors.svg",
	})
}

// moreClaim is that a method lowers the test error with more than the fewest images too.
func (x *experimenter) moreClaim(m method) {
	var parts, sizes []string
	count, all := 0, 0
	for _, n := range x.Recipe.Images[1:] {
		a, b := x.values(m, n, "test_error"), x.values(none, n, "test_error")
		won := below(a, b)
		count, all = count+won, all+len(a)
		sizes = append(sizes, thousands(n))
		parts = append(parts, fmt.Sprintf("%s images: %s, none %s (%d of %d seeds)", thousands(n), percent(a), percent(b), won, len(a)))
	}
	x.Claim(lab.Claim{
		Section: "3.4", Claim: fmt.Sprintf("%s still lowers the test error with %s images.", m.title(), strings.Join(sizes, " and ")),
		Measured: "test error (%): " + strings.Join(parts, "; "), Holds: count == all, Rule: fmt.Sprintf("smaller for every seed at every size (%d of %d)", count, all), Figure: "test_error_by_images.svg",
	})
}

// gapClaim is that every method brings test and training error nearer to each other.
func (x *experimenter) gapClaim(n int) {
	b := x.values(none, n, "gap")
	parts := []string{"none " + percent(b)}
	count, all := 0, 0
	for _, m := range methods()[1:] {
		a := x.values(m, n, "gap")
		won := below(a, b)
		parts = append(parts, fmt.Sprintf("%s %s (%d of %d)", m.label(), percent(a), won, len(a)))
		count, all = count+won, all+len(a)
	}
	x.Claim(lab.Claim{
		Section: "3.4", Claim: fmt.Sprintf("Every method narrows the gap between test and training error (%s images).", thousands(n)),
		Measured: "gap (points): " + strings.Join(parts, ", "), Holds: count == all, Rule: fmt.Sprintf("smaller than without for every method and seed (%d of %d)", count, all),
		Figure: "gap_by_images.svg",
	})
}

// benefit is by how much the test error is below that of none, in the mean of the methods.
func (x *experimenter) benefit(n int) []float64 {
	out := make([]float64, len(x.Seeds))
	for _, m := range methods()[1:] {
		for i, v := range x.values(m, n, "test_error") {
			out[i] += (x.values(none, n, "test_error")[i] - v) / float64(len(methods())-1)
		}
	}
	return out
}

// shrinksClaim is that more data leave less to gain.
func (x *experimenter) shrinksClaim() {
	few, many := x.Recipe.Images[0], x.Recipe.Images[len(x.Recipe.Images)-1]
	var parts []string
	for _, n := range x.Recipe.Images {
		parts = append(parts, fmt.Sprintf("%s images %s", thousands(n), percent(x.benefit(n))))
	}
	won := below(x.benefit(many), x.benefit(few))
	x.Claim(lab.Claim{
		Section: "3.4", Claim: "With more data regularisation helps less.",
		Measured: "test error of none less that of the methods, in their mean (points): " + strings.Join(parts, ", "),
		Holds:    won == len(x.Seeds), Rule: fmt.Sprintf("smaller with %s than with %s images for every seed (%d of %d)", thousands(many), thousands(few), won, len(x.Seeds)),
		Figure: "test_error_by_images.svg",
	})
}

// togetherClaim is that the methods add up.
func (x *experimenter) togetherClaim() {
	var parts []string
	few := x.Recipe.Images[0]
	for _, n := range x.Recipe.Images {
		best, least := method(""), math.Inf(1)
		for _, m := range alone() {
			if mean := stat.Mean(x.values(m, n, "test_error"), nil); mean < least {
				best, least = m, mean
			}
		}
		part := fmt.Sprintf("%s images: together %s", thousands(n), percent(x.values(together, n, "test_error")))
		if best != "" {
			part += fmt.Sprintf(", the best alone (%s) %s", best.label(), percent(x.values(best, n, "test_error")))
		}
		parts = append(parts, part)
	}
	won := below(x.values(together, few, "test_error"), x.smallest(few, alone()))
	x.Claim(lab.Claim{
		Section: "3.4", Claim: "Together the methods are better than each alone.", Measured: "test error (%): " + strings.Join(parts, "; "),
		Holds: won == len(x.Seeds), Rule: fmt.Sprintf("with %s images smaller than with every single method, for every seed (%d of %d)", thousands(few), won, len(x.Seeds)),
		Figure: "test_error_by_images.svg",
	})
}

// masksClaim is that one network with scaled weights stands for the average of many.
func (x *experimenter) masksClaim() {
	most := x.Recipe.Masks[len(x.Recipe.Masks)-1]
	least := x.Recipe.Masks[0]
	scaled, average, one := x.Values("masks.scaled.test_error"), x.Values(fmt.Sprintf("masks.%d.test_error", most)), x.Values(fmt.Sprintf("masks.%d.test_error", least))
	near := 0
	for i := range scaled {
		if math.Abs(scaled[i]-average[i]) <= agreement/100 && scaled[i] < one[i] {
			near++
		}
	}
	networks := fmt.Sprintf("averages of %d dropped networks", least)
	if least == 1 {
		networks = "one dropped network"
	}
	x.Claim(lab.Claim{
		Section: "3.4", Claim: fmt.Sprintf("After dropout, one network with scaled weights does what the average of %d dropped networks does, and better than %s.", most, networks),
		Measured: fmt.Sprintf("test error (%%): scaled %s, average of %d %s, %s %s; loss (nats): %s, %s, %s", percent(scaled), most, percent(average), networks, percent(one),
			lab.Summary(x.Values("masks.scaled.test_loss")), lab.Summary(x.Values(fmt.Sprintf("masks.%d.test_loss", most))), lab.Summary(x.Values(fmt.Sprintf("masks.%d.test_loss", least)))),
		Holds: near == len(scaled), Rule: fmt.Sprintf("within %g points of the average and below %s, for every seed (%d of %d)", agreement, networks, near, len(scaled)),
		Figure: "masks_error.svg",
	})
}
