package main

import (
	"fmt"
	"math"
	"slices"

	"capas/experiments/lab/figure"

	"gonum.org/v1/gonum/stat"
)

// digitsPart shows the recall of digits.
func (r *reporter) digitsPart() error {
	d := r.digits[0]
	r.Section("Digits", fmt.Sprintf("Training images, white pixels 1 and black ones −1, are stored in networks of a unit a pixel; %g %% of the pixels of each are then turned, and the network runs from "+
		"there until nothing changes. A digit counts as recalled if at most %g %% of its pixels are wrong. Hebb's rule expects patterns that have nothing in common but chance. Two digits agree or disagree in far more "+
		"pixels than chance: the mean of |x·y|/n is %.2f, of random patterns %.3f. Each stored digit therefore adds to the field of every other one, in one direction. Beside it: Hebb's rule for what digits have "+
		"not in common with their mean; the projection onto the space of the stored digits (pseudo-inverse), which takes all of that into account; and dense networks, which keep the patterns themselves.",
		100*r.Recipe.Flipped, 100*recallBound, stat.Mean(r.over(func(i int) float64 { return r.digits[i].overlap }), nil), stat.Mean(r.over(func(i int) float64 { return r.digits[i].chance }), nil)))
	var recalled, errors []figure.Series
	for _, rule := range digitRules() {
		counts := r.Recipe.Digits
		if rule.dense() {
			counts = append(slices.Clone(counts), r.Recipe.Many...)
		}
		values := func(of func(i int) map[int]float64) func(i int) []float64 {
			return func(i int) (out []float64) {
				for _, k := range counts {
					out = append(out, of(i)[k])
				}
				return out
			}
		}
		recalled = append(recalled, r.series(rule.words(), floats(counts), values(func(i int) map[int]float64 { return r.digits[i].recalled[rule] })))
		errors = append(errors, r.series(rule.words(), floats(counts), values(func(i int) map[int]float64 { return r.digits[i].wrong[rule] })))
	}
	if err := r.chart("digits.svg", "Recalled digits", fmt.Sprintf("Share of the stored patterns, of %d at most, that are recalled from probes with %g %% of the pixels turned.", mostProbes, 100*r.Recipe.Flipped),
		figure.Lines{XLabel: "stored patterns", YLabel: "recalled (share)", LogX: true, FromZero: true, Series: recalled, Colors: r.colors}); err != nil {
		return err
	}
	if err := r.chart("digits_wrong.svg", "Wrong pixels", "Mean share of the pixels that are wrong at the end of the same recalls.",
		figure.Lines{XLabel: "stored patterns", YLabel: "wrong pixels (share)", LogX: true, FromZero: true, Series: errors, Colors: r.colors}); err != nil {
		return err
	}
	height, width := r.Height, r.Width
	for _, rule := range pictured() {
		during := "after a quarter, half, three quarters and all of the first sweep, in which every unit is updated once, in a drawn order"
		if rule.dense() {
			during = "after each of four updates, all pixels at once"
		}
		err := r.sheet("recall_"+string(rule)+".png", "Recall step by step: "+rule.words(), fmt.Sprintf(
			"%d digits are stored, one of each class is recalled (rows). Columns: the stored digit; the probe, of which %g %% of the pixels are turned or the lower half is black; %s; the end. Seed %d.",
			r.Recipe.Stored, 100*r.Recipe.Flipped, during, r.Seeds[0]), d.pictures[rule], d.columns[rule], height, width)
		if err != nil {
			return err
		}
	}
	return nil
}

// energyPart shows energies, unit by unit and at once.
func (r *reporter) energyPart() error {
	e := r.energy[0]
	r.Section("Energy", fmt.Sprintf("Of a Hopfield network with %d digits, %d recalls a rule and seed are followed unit by unit in float64: the energy is computed anew after each unit that turns. A unit is updated to the sign of "+
		"−∂E/∂s, and E is linear in it: it cannot rise. Updated all at once, each unit acts on a state that the others have left by then. The smallest example has two units with w = −1: from (1, 1), where E = 1, both turn, "+
		"and turn again, for ever; one after the other, the first turns and both rest at E = −1. For larger ones, a network of %d units is overloaded with as many random patterns, and run from %d random states.",
		r.Recipe.Stored, min(r.Recipe.Stored, r.Recipe.Followed), r.Recipe.Overloaded, r.Recipe.Starts))
	var courses []figure.Series
	for _, rule := range []rule{hebbian, centered, inverse} {
		longest := 0
		for i := range r.Seeds {
			longest = max(longest, len(r.energy[i].course[rule]))
		}
		x := make([]float64, longest)
		for i := range x {
			x[i] = float64(i)
		}
		courses = append(courses, r.series(rule.words(), x, func(i int) []float64 { return above(r.energy[i].course[rule]) }))
	}
	if err := r.chart("energy.svg", "Energy of a recall, unit by unit", fmt.Sprintf("How much of the fall of the energy is still to come, after each unit that turned, of the first recall of each seed (thin lines), from a digit with %g %% of its pixels turned. (The energies themselves differ in size between the rules.)", 100*r.Recipe.Flipped),
		figure.Lines{XLabel: "units that turned", YLabel: "energy above its end (share of the fall)", FromZero: true, EachSeed: true, Series: courses, Colors: r.colors}); err != nil {
		return err
	}
	at := func(energies []float64) func(x float64) float64 {
		return func(x float64) float64 { return energies[int(x)] }
	}
	x := steps(0, courseSteps-1, courseSteps)
	return r.chart("at_once.svg", "All units at once, and one after the other", fmt.Sprintf("Energies of the overloaded network from the same random state, which ends in a cycle of two states when all units are updated at once, if any does, that whose states differ most in energy; "+
		"a step is an update of all units, at once or in turn. Seed %d.", r.Seeds[0]),
		figure.Lines{XLabel: "steps", YLabel: "energy", Series: []figure.Series{line("all at once", x, at(e.atOnceCourse)), line("one after the other", x, at(e.inTurnCourse))}})
}

// above are energies as the share of the fall from the first to the last that is to come.
func above(energies []float64) []float64 {
	out, end := make([]float64, len(energies)), last(energies)
	if fall := energies[0] - end; fall > 0 { // a probe that is at rest stays
		for i, e := range energies {
			out[i] = (e - end) / fall
		}
	}
	return out
}

// capacityPart shows the capacity of Hebb's rule.
func (r *reporter) capacityPart() error {
	t := newMeanField(hopfieldLoad)
	r.Section("Capacity", fmt.Sprintf("Random patterns are stored by Hebb's rule, and the network runs from each of them. By the theory of Amit, Gutfreund & Sompolinsky there is a state near each pattern, with a few wrong units, "+
		"up to %.3g patterns a unit, where %.1f %% of the units are wrong; beyond it there is none, and what is recalled has little to do with the pattern. A pattern counts as recalled if at most %g %% of its units are wrong. "+
		"Networks of finite size break at a somewhat greater load: the theory is for infinitely many.", t.limit, 100*t.most(), 100*retrieved))
	var errors, recalled []figure.Series
	var names []string
	for _, n := range r.Recipe.Units {
		name, still := fmt.Sprintf("%d units", n), func(i int) curve { return r.capacity[n][i].still }
		names = append(names, name)
		errors = append(errors, r.loads(name, still, wrongUnits))
		recalled = append(recalled, r.loads(name, still, recalledPatterns))
	}
	n := r.noisySize()
	noisyName := fmt.Sprintf("%d units, from noise", n)
	names = append(names, theory, noisyName, limitName)
	if n > 0 {
		recalled = append(recalled, r.loads(noisyName, func(i int) curve { return r.capacity[n][i].noisy }, recalledPatterns))
	}
	recalled = append(recalled, upright(limitName, hopfieldLimit))
	colors := figure.NewColors(names...)
	errors = append(errors, line(theory, steps(0.05, t.limit, 100), t.wrong))
	if err := r.chart("capacity_wrong.svg", "Wrong units by load", fmt.Sprintf("Mean share of wrong units at the end of recalls that start at the patterns, of %d at most. The theory's curve ends at its limit, the others where no pattern is recalled any more.", mostCapacityProbes),
		figure.Lines{XLabel: "patterns a unit", YLabel: "wrong units (share)", LogY: true, Series: errors, Colors: colors}); err != nil {
		return err
	}
	return r.chart("capacity.svg", "Recalled patterns by load", fmt.Sprintf("Share of the patterns that are recalled, from the patterns themselves and, by one network, from probes with %g %% of the units turned.", 100*r.Recipe.Flipped),
		figure.Lines{XLabel: "patterns a unit", YLabel: "recalled (share)", FromZero: true, Series: recalled, Colors: colors})
}

// noisySize is the largest number of units that were recalled from noise, 0 if none was.
func (r *reporter) noisySize() (most int) {
	for _, n := range r.Recipe.Units {
		if n <= noisyUnits {
			most = n
		}
	}
	return most
}

// Names of series that are no measured sizes.
const (
	theory    = "theory (Amit, Gutfreund & Sompolinsky)"
	limitName = "0.138"
)

// densePart shows the capacities of dense networks.
func (r *reporter) densePart() error {
	r.Section("Exponential capacity", fmt.Sprintf("How many random patterns can be stored so that %g %% of the probes, about %d, are recalled, each with %g %% of its units turned? Binary patterns must be recalled exactly, by Hebb's rule one unit after the other, by the others within %d updates at once; real ones, "+
		"on a sphere of the same radius √n, to %g of their length, from probes as far away. The energies are those of pairs (Hebb's rule), whose capacity grows as n/log n if no unit may be wrong; of the power %d of the overlaps (n²/log n); "+
		"of their exponentials, for binary units and, with half of the state's square, for real ones (softmax, the retrieval step of attention), β = 1. Curves end where more than %d patterns would have to be tried.",
		100*denseRecalled, r.Recipe.Probes, 100*r.Recipe.Flipped, denseSteps, near, degree, r.Recipe.MostPatterns))
	var series []figure.Series
	for _, rule := range denseRules() {
		all := r.dense[rule]
		if s := r.series(rule.words(), all[0].units, func(i int) []float64 { return all[i].patterns }); shown(s) {
			series = append(series, s)
		}
	}
	colors := figure.NewColors(append(denseNames(), boundName)...)
	series = append(series, line(boundName, floats(r.Recipe.Dims), func(n float64) float64 { return denseBound(int(n), r.Recipe.Flipped) }))
	if err := r.chart("dense.svg", "Patterns that are recalled, by units", "Both axes are logarithmic: powers of n are straight lines, exponentials bend upwards. The bound is that of Demircigil et al. for the exponential energy, as n goes to infinity: networks of few units may fall short of it.",
		figure.Lines{XLabel: "units", YLabel: "patterns", LogX: true, LogY: true, Series: series, Colors: colors}); err != nil {
		return err
	}
	most := last(r.Recipe.Dims)
	var straight []figure.Series
	for _, s := range series {
		end := 0
		for end < len(s.X) && s.X[end] <= float64(most) {
			end++
		}
		part := figure.Series{Name: s.Name, X: s.X[:end]}
		for _, y := range s.Y {
			part.Y = append(part.Y, y[:end])
		}
		if shown(part) {
			straight = append(straight, part)
		}
	}
	return r.chart("dense_straight.svg", "The same, units on a straight scale", fmt.Sprintf("Up to %d units: exponentials are straight lines now, powers of n bend downwards.", most),
		figure.Lines{XLabel: "units", YLabel: "patterns", LogY: true, Series: straight, Colors: colors})
}

const boundName = "bound (Demircigil et al.)"

func denseNames() (names []string) {
	for _, rule := range denseRules() {
		names = append(names, rule.words())
	}
	return names
}

// shown tells whether a series has a value.
func shown(s figure.Series) bool {
	for _, y := range s.Y {
		for _, v := range y {
			if !math.IsInf(v, 0) && !math.IsNaN(v) {
				return true
			}
		}
	}
	return false
}

// pairsPart shows the BAM.
func (r *reporter) pairsPart() error {
	t := newMeanField(bamLoad)
	r.Section("Pairs: the bidirectional memory", fmt.Sprintf("A BAM stores pairs: here random patterns of two equal layers, and digits with random codes of %d units. A layer recalls the other, and is recalled by it. The mean-field theory of two equal layers has states near "+
		"the pairs up to %.4g pairs a unit of a layer, with %.1f %% wrong units. Digits meet the same difficulty as before; what is centred is Hebb's rule for the differences from the mean digit and the mean code. Pairs of digits and codes count as recalled if at most %g %% of either "+
		"layer's units are wrong, from digits with %g %% of the pixels turned.", r.Recipe.Code, t.limit, 100*t.most(), 100*recallBound, 100*r.Recipe.Flipped))
	var recalled []figure.Series
	var names []string
	for _, n := range r.Recipe.Layers {
		name := fmt.Sprintf("layers of %d", n)
		names = append(names, name)
		recalled = append(recalled, r.loads(name, func(i int) curve { return *r.layers[n][i] }, recalledPatterns))
	}
	names = append(names, bamName)
	if err := r.chart("pairs.svg", "Recalled pairs of random patterns by load", fmt.Sprintf("Share of the pairs, of %d at most, that are recalled from the first layer's patterns, both layers to %g %% of the units. Curves end where none is.", mostCapacityProbes, 100*retrieved),
		figure.Lines{XLabel: "pairs a unit of a layer", YLabel: "recalled (share)", FromZero: true, Series: append(recalled, upright(bamName, bamLimit)), Colors: figure.NewColors(names...)}); err != nil {
		return err
	}
	var digits []figure.Series
	for _, rule := range pairRules() {
		digits = append(digits, r.series(rule.words(), floats(r.Recipe.Pairs), func(i int) (out []float64) {
			for _, k := range r.Recipe.Pairs {
				out = append(out, r.pairs[i].recalled[rule][k])
			}
			return out
		}))
	}
	if err := r.chart("pairs_digits.svg", "Recalled pairs of digits and codes", "Share of the stored pairs that are recalled from noisy digits. The random patterns have as many units as the digits.",
		figure.Lines{XLabel: "stored pairs", YLabel: "recalled (share)", LogX: true, FromZero: true, Series: digits, Colors: r.colors}); err != nil {
		return err
	}
	var rows [][]string
	for _, rule := range pairRules()[:3] {
		labelled := "–"
		if rule != perceptron {
			labelled = percent(r.over(func(i int) float64 { return r.pairs[i].labelled[rule] }))
		}
		rows = append(rows, []string{rule.words(),
			percent(r.over(func(i int) float64 { return r.pairs[i].codes[rule] })), percent(r.over(func(i int) float64 { return r.pairs[i].images[rule] })), labelled})
	}
	r.Table(fmt.Sprintf("One digit of each class with its label's code; and %d digits with their labels' codes, whose recall of the codes tells the class of %d test images (one step, the nearest code).", max(last(r.Recipe.Pairs), last(r.Recipe.Many), classes), testImages),
		[]string{"rule", "codes recalled from noisy digits", "digits recalled from codes", "test images with the right label"}, rows)
	for _, rule := range pairRules()[:3] {
		p := r.pairs[0]
		if err := r.sheet("pairs_"+string(rule)+".png", "From digits to codes and back: "+rule.words(), fmt.Sprintf("Ten digits are stored with codes. Columns: the stored digit; the probe; the digit after each of %d steps, each to the code and back; at the end. Seed %d.", shownSteps, r.Seeds[0]),
			p.forward[rule], len(p.forward[rule])/classes, r.Height, r.Width); err != nil {
			return err
		}
		if err := r.sheet("codes_"+string(rule)+".png", "From codes to digits: "+rule.words(), fmt.Sprintf("Columns: the stored digit; what its code recalls after 1 to %d steps, and at the end. Seed %d.", shownSteps, r.Seeds[0]),
			p.backward[rule], len(p.backward[rule])/classes, r.Height, r.Width); err != nil {
			return err
		}
	}
	return nil
}

const bamName = "0.1998"
