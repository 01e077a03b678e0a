package main

import (
	"fmt"
	"math"
	"slices"

	"capas/experiments/lab"
)

const section = "2.1"

// equalClaims judges test errors at equal numbers of parameters.
func (r *reporter) equalClaims() {
	if !r.judged {
		return
	}
	for _, set := range setNames(r.Data) {
		one, three := spec{set: set, depth: shallow}, spec{set: set, depth: deep}
		r.Compare(lab.Comparison{
			Section: section, Claim: fmt.Sprintf("Generalisation improves with depth: on %s, three hidden layers have a smaller test error than one, with about %d parameters each.", set, r.Recipe.Parameters),
			What: fmt.Sprintf("test error (%%; sampling noise of a difference ± %.2f)", 100*r.noise(one, three)), A: layers(deep), B: layers(shallow), MetricA: three.key() + ".test_error", MetricB: one.key() + ".test_error", Scale: 100,
			Figure: "equal_parameters.svg",
		})
	}
}

// noise is noiseOf the test errors of two networks on one set.
func (r *reporter) noise(a, b spec) float64 {
	p, _ := lab.Summarize(append(slices.Clone(r.of(a, "test_error")), r.of(b, "test_error")...))
	return noiseOf(p, r.results.sets[a.set].Test.Len())
}

// fitted is the training error below which a network fits its training set.
const fitted = 0.01

// gapClaims judges overfitting.
func (r *reporter) gapClaims() {
	if !r.judged {
		return
	}
	for _, set := range setNames(r.Data) {
		one, three := spec{set: set, depth: shallow}, spec{set: set, depth: deep}
		a, b := r.of(one, "gap"), r.of(three, "gap")
		_, _, above, err := lab.SignOverSeeds(a, b)
		worst := math.Max(largest(r.of(one, "end_train_error")), largest(r.of(three, "end_train_error")))
		r.Claim(lab.Claim{
			Section: section, Claim: fmt.Sprintf("Shallow networks overfit more easily: on %s, trained to the end, one hidden layer has a larger gap between test and training error than three.", set),
			Measured: fmt.Sprintf("gap (points): %s %s; %s %s; largest training error of both %.2g %%", layers(shallow), r.percent(one, "gap"), layers(deep), r.percent(three, "gap"), 100*worst),
			Holds:    err == nil && above == len(a) && worst < fitted,
			Rule:     fmt.Sprintf("larger for every seed (%d of %d), where all of them fit the training set: its error is below %g %%", above, len(a), 100*fitted),
			Figure:   "gap.svg",
		})
	}
}

// handClaims judges what was built by hand. But for the random networks it does not
// depend on seeds.
func (r *reporter) handClaims(all []hand) {
	exact, pieces, last := map[kind]float64{}, true, map[kind]map[string]hand{tent: {}, parity: {}}
	for _, h := range all {
		exact[h.kind] = math.Max(exact[h.kind], h.wrongBy)
		if h.kind == tent {
			pieces = pieces && h.pieces == 1<<h.n
		}
		last[h.kind][h.what] = h
	}
	share := largest(r.Values("random_pieces.most_share"))
	few, many := last[tent][handDeep], last[tent][handShallow]
	r.Claim(lab.Claim{
		Section: section, Claim: "Shallow networks need exponentially more width: the tent map iterated k times takes two units in each of k layers, but 2ᵏ units in one.",
		Measured: fmt.Sprintf("k from 1 to %d: largest difference %g from the function, and 2ᵏ pieces, both by %d units in %d layers and by %d units in one at the last; of %d random networks of one hidden layer none has more than %.2f of units + 1 pieces",
			maxLevels, exact[tent], hiddenUnits(few.net), few.n, hiddenUnits(many.net), randomNets*len(randomUnits())*len(r.Seeds), share),
		Holds:  exact[tent] == 0 && pieces && share <= 1,
		Rule:   "built exactly, with 2ᵏ pieces counted, and no network of one hidden layer with more pieces than units + 1",
		Figure: "pieces.svg",
	})
	doubles, bits := true, r.Recipe.Functions.Bits
	for i, n := range bits[1:] {
		doubles = doubles && hiddenUnits(shallowParity(n)) >= hiddenUnits(shallowParity(bits[i]))<<(n-bits[i])
	}
	low, high := last[parity][handDeep], last[parity][handShallow]
	r.Claim(lab.Claim{
		Section: section, Claim: "Shallow networks need exponentially more width: for the parity of n bits, one hidden layer needs twice as many units or more with every bit.",
		Measured: fmt.Sprintf("exact (largest difference %g) by one hidden layer of n units, which adds the bits; at n = %d by %d units in one layer and by %d in a depth of %d",
			exact[parity], high.n, hiddenUnits(high.net), hiddenUnits(low.net), len(low.net.Layers)-1),
		Holds:  exact[parity] == 0 && doubles && len(bits) > 1,
		Rule:   "the units of the smallest known network of one hidden layer at least double with each bit",
		Figure: "parity_width.svg",
	})
}

// leastSizes that a growth is judged from.
const leastSizes = 3

// growthClaim judges the least widths of a function, if there are depths to compare.
func (r *reporter) growthClaim(k kind, sizes []int) {
	depths := r.Recipe.Functions.Depths
	deepest := depths[len(depths)-1]
	if !r.judged || deepest == shallow {
		return
	}
	size, title := k.words()
	c := lab.Claim{
		Section: section, Claim: fmt.Sprintf("Shallow networks need exponentially more width to learn: with the number of %s, the least width that %s grows exponentially for one hidden layer and not for %d.", size, title, deepest),
		Rule:   fmt.Sprintf("from the smallest size to the largest that %s learn with every seed, of %d sizes at least: the width of one hidden layer is multiplied by 2 or more a step, that of %s by less, for every seed", layers(deepest), leastSizes, layers(deepest)),
		Figure: string(k) + "_width.svg",
	}
	last := r.reach(k, sizes, deepest)
	if last < 1 {
		c.Measured = fmt.Sprintf("not every seed learns with %s beyond the first %d of the sizes %s", layers(deepest), last+1, list(sizes))
		r.Claim(c)
		return
	}
	reached := r.reach(k, sizes, shallow)
	if reached < 0 {
		c.Measured = fmt.Sprintf("not every seed learns with %s at the smallest of the sizes %s: there is nothing to count from", layers(shallow), list(sizes))
		r.Claim(c)
		return
	}
	at := func(depth int) []float64 {
		return growth(r.Values(widthMetric(k, sizes[0], depth)), r.Values(widthMetric(k, sizes[last], depth)), sizes[last]-sizes[0], r.Recipe.Functions.MaxWidth)
	}
	one, other := at(shallow), at(deepest)
	c.Measured = fmt.Sprintf("from %d to %d %s: the least width is multiplied a step by %s with %s, by %s with %s", sizes[0], sizes[last], size,
		lab.Summary(one), layers(shallow), lab.Summary(other), layers(deepest))
	if reached < last {
		c.Measured += fmt.Sprintf(" (one hidden layer: a lower bound, as some seed learns at no width up to %d)", r.Recipe.Functions.MaxWidth)
	}
	c.Holds = last+1 >= leastSizes && slices.Min(one) >= 2 && slices.Max(other) < 2
	r.Claim(c)
}

// collapsed is the relative difference up to which outputs agree but for the rounding
// of float32.
const collapsed = 1e-5

// linearClaims judges networks without activations.
func (r *reporter) linearClaims() {
	if !r.judged {
		return
	}
	regression, deepNets := spec{set: r.Data, linear: true}, linearNets(r.Recipe, r.Data)[1:]
	worst, least := 0.0, math.Inf(1)
	for _, c := range deepNets {
		worst = math.Max(worst, largest(r.of(c, "collapse_error")))
	}
	for _, c := range r.relu(r.Data) {
		least = math.Min(least, slices.Min(r.of(c, "collapse_error")))
	}
	r.Claim(lab.Claim{
		Section: section, Claim: "Several linear layers are one linear function.",
		Measured: fmt.Sprintf("largest relative difference between the networks' outputs and those of the product of their layers: %.1g; of the ReLU networks %.2g at least", worst, least),
		Holds:    worst < collapsed && least > collapsed,
		Rule:     fmt.Sprintf("below %g for every depth and seed without activations, and above it with them", collapsed),
	})
	base := r.of(regression, "test_error")
	difference := func(nets []spec, pick func(a, b float64) float64, start float64) float64 {
		out := start
		for _, c := range nets {
			for i, e := range r.of(c, "test_error") {
				out = pick(out, math.Abs(e-base[i]))
			}
		}
		return out
	}
	p, _ := lab.Summarize(base)
	noise := noiseOf(p, r.results.sets[r.Data].Test.Len())
	most := difference(deepNets, math.Max, 0)
	measured := fmt.Sprintf("test error of softmax regression %s %%", r.percent(regression, "test_error"))
	for _, c := range deepNets {
		measured += fmt.Sprintf("; %d linear %s %%", c.depth, r.percent(c, "test_error"))
	}
	r.Claim(lab.Claim{
		Section: section, Claim: "Several linear hidden layers have the test error of none.",
		Measured: fmt.Sprintf("%s; largest difference of a seed %.2f points", measured, 100*most),
		Holds:    most < noise,
		Rule:     fmt.Sprintf("every depth and seed within %.2f points of softmax regression: 1.96·√(2p(1 − p)/n), the sampling noise of two test sets", 100*noise),
		Figure:   "linear.svg",
	})
	nearest := difference(r.relu(r.Data), math.Min, math.Inf(1))
	smaller, with := true, ""
	for _, c := range r.relu(r.Data) {
		with += fmt.Sprintf("; %s %s %%", layers(c.depth), r.percent(c, "test_error"))
		below, _, _, err := lab.SignOverSeeds(r.of(c, "test_error"), base)
		smaller = smaller && err == nil && below == len(base)
	}
	r.Claim(lab.Claim{
		Section: section, Claim: "With ReLU, the same shapes are more than a linear function.",
		Measured: fmt.Sprintf("test error of softmax regression %s %%%s; smallest difference of a depth and seed %.2f points", r.percent(regression, "test_error"), with, 100*nearest),
		Holds:    smaller && nearest > noise,
		Rule:     fmt.Sprintf("test error smaller than that of softmax regression by more than %.2f points, for every depth and seed", 100*noise),
		Figure:   "linear.svg",
	})
}

// noiseOf is the difference that two errors of one rate p, each measured on n images,
// stay below with a probability of 95 %.
func noiseOf(p float64, n int) float64 { return 1.96 * math.Sqrt(2*p*(1-p)/float64(n)) }
