package main

import (
	"fmt"
	"math"
	"slices"

	"capas/experiments/lab"

	"gonum.org/v1/gonum/stat"
)

// Rules of the verdicts.
const (
	most       = 0.95 // of the patterns: all are recalled but for a few
	nearLimit  = 0.1  // how far a capacity may be from the published one, as a share of it
	nearTheory = 2    // factor between the share of wrong units and the theory's
	nearPower  = 0.5  // how far a power of n may be from the theory's
)

// claims judges everything that was measured.
func (r *reporter) claims() {
	r.digitClaims()
	r.energyClaims()
	r.capacityClaims()
	r.denseClaims()
	r.pairClaims()
}

// nearest is the number of a list that is nearest to a given one.
func nearest(values []int, to int) int {
	return slices.MinFunc(values, func(a, b int) int { return max(a-to, to-a) - max(b-to, to-b) })
}

func (r *reporter) recalledDigits(rule rule, k int) []float64 {
	return r.over(func(i int) float64 { return r.digits[i].recalled[rule][k] })
}

func (r *reporter) digitClaims() {
	// What Hebb's rule bears with random patterns is 0.138 a pixel, about 100.
	k, few := nearest(r.Recipe.Digits, 100), nearest(r.Recipe.Digits, 20)
	a, b := r.recalledDigits(hebbian, few), r.recalledDigits(control, few)
	r.Claim(lab.Claim{
		Section: section, Claim: fmt.Sprintf("Digits have so much in common that Hebb's rule cannot store %d of them, where it stores as many random patterns.", few),
		Measured: fmt.Sprintf("of %d, recalled: digits %s, random patterns %s; overlap of two digits %s, of two random patterns %s", few, percent(a), percent(b),
			lab.Summary(r.over(func(i int) float64 { return r.digits[i].overlap })), lab.Summary(r.over(func(i int) float64 { return r.digits[i].chance }))),
		Holds: all(a, func(v float64) bool { return v < 0.5 }) && all(b, func(v float64) bool { return v >= most }),
		Rule:  fmt.Sprintf("fewer than half of the digits, at least %g %% of the random patterns, for every seed", 100*most), Figure: "digits.svg",
	})
	a = r.recalledDigits(inverse, k)
	r.Claim(lab.Claim{
		Section: section, Claim: fmt.Sprintf("The pseudo-inverse bears what digits have in common: %d of them are recalled from noise.", k),
		Measured: fmt.Sprintf("recalled %s; by Hebb's rule %s, centred %s", percent(a), percent(r.recalledDigits(hebbian, k)), percent(r.recalledDigits(centered, k))),
		Holds:    all(a, func(v float64) bool { return v >= most }), Rule: fmt.Sprintf("at least %g %% for every seed", 100*most), Figure: "digits.svg",
	})
	r.Compare(lab.Comparison{
		Section: section, Claim: fmt.Sprintf("More of %d digits are recalled if Hebb's rule stores what they have not in common with their mean.", few),
		What: "recalled (%)", A: "centred", B: "not centred", MetricA: digitMetric(centered, few, "recalled"), MetricB: digitMetric(hebbian, few, "recalled"), Scale: 100, Larger: true, Figure: "digits.svg",
	})
	many := last(slices.Concat(r.Recipe.Digits, r.Recipe.Many))
	a = r.recalledDigits(softmax, many)
	r.Claim(lab.Claim{
		Section: section, Claim: fmt.Sprintf("A dense network recalls more digits than it has units: %d with %d.", many, r.Height*r.Width),
		Measured: fmt.Sprintf("recalled by the softmax %s, by the exponential energy %s; by the pseudo-inverse of %d %s", percent(a), percent(r.recalledDigits(exponential, many)), last(r.Recipe.Digits), percent(r.recalledDigits(inverse, last(r.Recipe.Digits)))),
		Holds:    many > r.Height*r.Width && all(a, func(v float64) bool { return v >= most }), Rule: fmt.Sprintf("more digits than units, at least %g %% for every seed", 100*most), Figure: "digits.svg",
	})
}

func (r *reporter) energyClaims() {
	var turns, rises, recalls, open int
	for _, e := range r.energy {
		turns, rises, recalls, open = turns+e.turns, rises+e.rises, recalls+e.recalls, open+e.open
	}
	r.Claim(lab.Claim{
		Section: section, Claim: "With one unit updated after the other, the energy never rises, and the end is a local minimum.",
		Measured: fmt.Sprintf("%d of %d turned units left a higher energy; %d of %d recalls ended in a state with a neighbour of lower energy", rises, turns, open, recalls),
		Holds:    rises == 0 && open == 0 && turns > 0, Rule: fmt.Sprintf("none of either, to within %g (float64)", rounding), Figure: "energy.svg",
	})
	cycles, rose, rest := r.over(func(i int) float64 { return r.energy[i].cycles }), r.over(func(i int) float64 { return r.energy[i].rose }), r.over(func(i int) float64 { return r.energy[i].inTurn })
	neither := r.over(func(i int) float64 { return r.energy[i].neither })
	r.Claim(lab.Claim{
		Section: section, Claim: "With all units updated at once, the energy may rise, and the network may alternate between two states for ever; in turn it comes to rest.",
		Measured: fmt.Sprintf("overloaded network, at once: %s of the starts end in a cycle of two, %s in a longer one or none, the energy rose in %s; in turn: %s at rest", percent(cycles), percent(neither), percent(rose), percent(rest)),
		Holds:    all(cycles, func(v float64) bool { return v > 0 }) && all(rose, func(v float64) bool { return v > 0 }) && all(rest, func(v float64) bool { return v == 1 }),
		Rule:     "some cycles and some rises at once, and all starts at rest in turn, for every seed", Figure: "at_once.svg",
	})
}

func (r *reporter) capacityClaims() {
	n := last(r.Recipe.Units)
	c := r.capacity[n]
	breaks := r.over(func(i int) float64 { return c[i].still.breaks() })
	close := func(limit float64) func(v float64) bool {
		return func(v float64) bool { return math.Abs(v/limit-1) <= nearLimit }
	}
	noisy := ""
	if m := r.noisySize(); m > 0 {
		noisy = fmt.Sprintf("; from probes with %g %% turned at %s with %d", 100*r.Recipe.Flipped, lab.Summary(r.over(func(i int) float64 { return r.capacity[m][i].noisy.breaks() })), m)
	}
	r.Claim(lab.Claim{
		Section: section, Claim: fmt.Sprintf("The capacity of Hebb's rule breaks near %g patterns a unit.", hopfieldLimit),
		Measured: fmt.Sprintf("half of the patterns are recalled at %s with %d units%s%s", lab.Summary(breaks), n, r.otherSizes(r.Recipe.Units, func(n, i int) float64 { return r.capacity[n][i].still.breaks() }), noisy),
		Holds:    all(breaks, close(hopfieldLimit)), Rule: fmt.Sprintf("within %g %% of it for every seed", 100*nearLimit), Figure: "capacity.svg",
	})
	if text, many := r.infinite(r.Recipe.Units, func(n, i int) float64 { return r.capacity[n][i].still.breaks() }); many != nil {
		r.Claim(lab.Claim{
			Section: section, Claim: fmt.Sprintf("For infinitely many units Hebb's rule breaks near %g patterns a unit, if what finite networks bear beyond it falls as 1/√n.", hopfieldLimit),
			Measured: text, Holds: all(many, close(hopfieldLimit)), Rule: fmt.Sprintf("the straight line in 1/√n through the two largest sizes, at 1/√n = 0, is within %g %% of %g for every seed", 100*nearLimit, hopfieldLimit), Figure: "capacity.svg",
		})
	}
	var load float64
	errors := r.over(func(i int) (v float64) {
		load, v = c[i].still.at(lowLoad, c[i].still.wrong)
		return v
	})
	want := newMeanField(hopfieldLoad).wrong(load)
	says := fmt.Sprintf("%.3g %%", 100*want)
	if math.IsNaN(want) {
		says = "no state near the pattern"
	}
	r.Claim(lab.Claim{
		Section: section, Claim: "Below the capacity of Hebb's rule, the share of wrong units is that of the theory of Amit, Gutfreund & Sompolinsky.",
		Measured: fmt.Sprintf("at %.3g patterns a unit %s, theory %s", load, percent(errors), says),
		Holds:    all(errors, func(v float64) bool { return v <= nearTheory*want && v >= want/nearTheory }), Rule: fmt.Sprintf("within a factor of %d for every seed", nearTheory), Figure: "capacity_wrong.svg",
	})
}

// otherSizes are the capacities of the smaller networks.
func (r *reporter) otherSizes(sizes []int, breaks func(n, seed int) float64) (text string) {
	for _, n := range sizes[:len(sizes)-1] {
		text += fmt.Sprintf(", %s with %d", lab.Summary(r.over(func(i int) float64 { return breaks(n, i) })), n)
	}
	return text
}

// infinite is the capacity of each seed for infinitely many units: that of the straight line in
// 1/√n through the two largest sizes; nil if there is one size alone.
func (r *reporter) infinite(sizes []int, breaks func(n, seed int) float64) (text string, limits []float64) {
	if len(sizes) < 2 {
		return "", nil
	}
	small, large := sizes[len(sizes)-2], last(sizes)
	x, y := 1/math.Sqrt(float64(small)), 1/math.Sqrt(float64(large))
	limits = r.over(func(i int) float64 {
		a, b := breaks(small, i), breaks(large, i)
		return b - (a-b)/(x-y)*y
	})
	return fmt.Sprintf("%s from %d and %d", lab.Summary(limits), small, large), limits
}

// growth are, of each seed, the slopes of log patterns by units and by log units, and
// how often the first line fits better; NaN of a seed with fewer than three points.
func (r *reporter) growth(rule rule) (exponents, powers []float64, exponential int) {
	for i := range r.Seeds {
		units, patterns := r.dense[rule][i].finite()
		var logs, log []float64
		for k, v := range patterns {
			logs, log = append(logs, math.Log(units[k])), append(log, math.Log(v))
		}
		if len(log) < 3 {
			exponents, powers = append(exponents, math.NaN()), append(powers, math.NaN())
			continue
		}
		e, _, restE := fit(units, log)
		p, _, restP := fit(logs, log)
		exponents, powers = append(exponents, e), append(powers, p)
		if restE < restP {
			exponential++
		}
	}
	return exponents, powers, exponential
}

func (r *reporter) denseClaims() {
	for _, c := range []struct {
		rule  rule
		claim string
	}{
		{exponential, "The capacity of the dense network with an exponential energy grows exponentially with its units."},
		{softmax, "The capacity of the softmax network for real patterns, whose retrieval step is attention, grows exponentially with its units."},
	} {
		exponents, powers, times := r.growth(c.rule)
		held := times == len(r.Seeds) && all(exponents, func(v float64) bool { return v > 0 })
		rule := fmt.Sprintf("log patterns is closer to a straight line in n than in log n for every seed (%d of %d)", times, len(r.Seeds))
		measured := fmt.Sprintf("patterns ∝ e^((%s) n): twice as many each %.2g units; as a power of n, the exponent would be %s", lab.Summary(exponents), math.Ln2/stat.Mean(exponents, nil), lab.Summary(powers))
		if !(stat.Mean(exponents, nil) > 0) {
			measured = tooFew
		}
		if c.rule == exponential {
			above, n, least := r.aboveBound()
			held = held && above
			if n > 0 {
				measured += fmt.Sprintf("; with %d units at least %.0f, bound of Demircigil et al. %.0f", n, least, denseBound(n, r.Recipe.Flipped))
			}
			rule += ", and at the most units that have a number it is not below the bound"
		}
		r.Claim(lab.Claim{Section: section, Claim: c.claim, Measured: measured, Holds: held, Rule: rule, Figure: "dense_straight.svg"})
	}
	for _, c := range []struct {
		rule  rule
		power float64
		claim string
	}{
		{hebbian, 1, "The capacity of Hebb's rule, if no unit may be wrong, grows about as n."},
		{polynomial, degree - 1, fmt.Sprintf("With the power %d of the overlaps the capacity grows about as the power %d of n.", degree, degree-1)},
	} {
		_, powers, times := r.growth(c.rule)
		measured := fmt.Sprintf("patterns ∝ n^(%s); theory (n^%g)/log n", lab.Summary(powers), c.power)
		if slices.ContainsFunc(powers, math.IsNaN) {
			measured = tooFew
		}
		r.Claim(lab.Claim{
			Section: section, Claim: c.claim, Measured: measured,
			Holds: times == 0 && all(powers, func(v float64) bool { return math.Abs(v-c.power) <= nearPower }),
			Rule:  fmt.Sprintf("log patterns is closer to a straight line in log n than in n, with a slope within %g of %g, for every seed", nearPower, c.power), Figure: "dense.svg",
		})
	}
}

// tooFew is what was measured of a growth without a line.
const tooFew = "no line: fewer than three numbers of units have a number of patterns for every seed, or it does not grow"

// aboveBound tells whether the exponential energy recalls no fewer patterns than its bound
// says, with the most units that have a number for every seed, 0 if there are none, and the
// least number of a seed.
func (r *reporter) aboveBound() (holds bool, n int, least float64) {
	for k := len(r.Recipe.Dims) - 1; k >= 0; k-- {
		values := r.over(func(i int) float64 { return r.dense[exponential][i].patterns[k] })
		if least = slices.Min(values); !math.IsInf(slices.Max(values), 1) {
			n = r.Recipe.Dims[k]
			return least >= denseBound(n, r.Recipe.Flipped), n, least
		}
	}
	return false, 0, math.NaN()
}

func (r *reporter) pairClaims() {
	n := last(r.Recipe.Layers)
	limits := func(n, i int) float64 { return r.layers[n][i].breaks() }
	close := func(v float64) bool { return math.Abs(v/bamLimit-1) <= nearLimit }
	breaks := r.over(func(i int) float64 { return limits(n, i) })
	r.Claim(lab.Claim{
		Section: section, Claim: fmt.Sprintf("A BAM of two equal layers breaks near %g pairs a unit of a layer.", bamLimit),
		Measured: fmt.Sprintf("half of the pairs are recalled at %s with layers of %d%s", lab.Summary(breaks), n, r.otherSizes(r.Recipe.Layers, limits)),
		Holds:    all(breaks, close), Rule: fmt.Sprintf("within %g %% of it for every seed", 100*nearLimit), Figure: "pairs.svg",
	})
	if text, many := r.infinite(r.Recipe.Layers, limits); many != nil {
		r.Claim(lab.Claim{
			Section: section, Claim: fmt.Sprintf("For infinitely many units a BAM of two equal layers breaks near %g pairs a unit of a layer, if what finite ones bear beyond it falls as 1/√n.", bamLimit), Measured: text, Holds: all(many, close),
			Rule: fmt.Sprintf("the straight line in 1/√n through the two largest sizes, at 1/√n = 0, is within %g %% of %g for every seed", 100*nearLimit, bamLimit), Figure: "pairs.svg",
		})
	}
	codes, images := r.over(func(i int) float64 { return r.pairs[i].codes[centered] }), r.over(func(i int) float64 { return r.pairs[i].images[centered] })
	r.Claim(lab.Claim{
		Section: section, Claim: "A BAM recalls the label's code from a noisy digit, and the digit from the code, for one digit of each class, if it stores what they have not in common.",
		Measured: fmt.Sprintf("codes %s, digits %s; not centred: codes %s, digits %s", percent(codes), percent(images),
			percent(r.over(func(i int) float64 { return r.pairs[i].codes[hebbian] })), percent(r.over(func(i int) float64 { return r.pairs[i].images[hebbian] }))),
		Holds: all(codes, func(v float64) bool { return v >= 0.9 }) && all(images, func(v float64) bool { return v >= 0.9 }), Rule: "at least 9 of 10 in both directions, for every seed", Figure: "pairs_centered.png",
	})
	codes, images = r.over(func(i int) float64 { return r.pairs[i].codes[perceptron] }), r.over(func(i int) float64 { return r.pairs[i].images[perceptron] })
	r.Claim(lab.Claim{
		Section: section, Claim: "A BAM stores one digit of each class with its label's code by the perceptron's rule for both directions, the gradient of how far the fields fall short: each recalls the other.",
		Measured: fmt.Sprintf("codes %s, digits %s; of %d digits with a random code each, pairs %s", percent(codes), percent(images), last(r.Recipe.Pairs),
			percent(r.over(func(i int) float64 { return r.pairs[i].recalled[perceptron][last(r.Recipe.Pairs)] }))),
		Holds: all(codes, func(v float64) bool { return v >= 0.9 }) && all(images, func(v float64) bool { return v >= 0.9 }), Rule: "at least 9 of 10 in both directions, for every seed", Figure: "pairs_perceptron.png",
	})
	ten := nearest(r.Recipe.Pairs, 10)
	a, b := r.over(func(i int) float64 { return r.pairs[i].recalled[centered][ten] }), r.over(func(i int) float64 { return r.pairs[i].recalled[hebbian][ten] })
	_, _, above, err := lab.SignOverSeeds(a, b)
	r.Claim(lab.Claim{
		Section: section, Claim: fmt.Sprintf("Of %d digits with a random code each, a BAM recalls more pairs centred than by Hebb's rule as it is.", ten),
		Measured: fmt.Sprintf("centred %s, not centred %s, random patterns %s", percent(a), percent(b), percent(r.over(func(i int) float64 { return r.pairs[i].recalled[control][ten] }))),
		Holds:    err == nil && above == len(a), Rule: fmt.Sprintf("more for every seed (%d of %d)", above, len(a)), Figure: "pairs_digits.svg",
	})
	steps, rises := 0, 0
	for _, p := range r.pairs {
		steps, rises = steps+p.steps, rises+p.rises
	}
	r.Claim(lab.Claim{
		Section: section, Claim: "The energy of a BAM never rises, though each layer is updated at once.",
		Measured: fmt.Sprintf("%d of %d updates of a layer left a higher energy", rises, steps), Holds: rises == 0 && steps > 0, Rule: fmt.Sprintf("none, to within %g (float64)", rounding), Figure: "pairs_centered.png",
	})
}
