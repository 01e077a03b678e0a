package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"capas/experiments/lab"
)

// basicPoints is how far from the paper's errors on basic ours may be.
const basicPoints = 0.5

// claims judges what the lecture and the paper say.
func (r *reporter) claims() {
	if len(r.Seeds) < lab.MinSeeds {
		r.Section("Verdicts", fmt.Sprintf("None: a verdict takes at least %d seeds.", lab.MinSeeds))
		return
	}
	r.pretrainingHelps()
	r.orders()
	r.basic()
}

// pretrainingHelps compares, on every set, the pretrained network that validation
// prefers with the perceptron.
func (r *reporter) pretrainingHelps() {
	for _, set := range r.Recipe.Sets {
		random, pretrained := r.of(set, mlp), r.bestPretrained(set)
		if random == nil || pretrained == nil {
			continue
		}
		r.Compare(lab.Comparison{
			Section: "3.2", Claim: fmt.Sprintf("Pretraining lowers the error on %s: the method of pretraining that validation prefers%s, against random weights.", familyOf(set).title, r.choice()),
			What: "test error (%)", A: methodTitle(pretrained.method), B: methodTitle(mlp), Scale: 100, Figure: errorFigure(set),
			MetricA: metric(set, pretrained.method, "test_error"), MetricB: metric(set, mlp, "test_error"),
		})
	}
}

// choice says of how many methods the pretrained one is the best: each had the search that
// random weights had, so that the pretrained side had as many searches.
func (r *reporter) choice() string {
	n := len(slices.DeleteFunc(slices.Clone(r.Recipe.Methods), func(m string) bool { return m == mlp }))
	if n < 2 {
		return ""
	}
	return fmt.Sprintf(", of %d that had a search each", n)
}

// bestPretrained is the pretrained method with the smallest mean validation error; nil if
// there is none.
func (r *reporter) bestPretrained(set string) *result {
	var out *result
	least := math.Inf(1)
	for _, m := range r.Recipe.Methods {
		x := r.of(set, m)
		if mean, _ := lab.Summarize(x.validation); m != mlp && mean < least {
			least, out = mean, x
		}
	}
	return out
}

// orders judges the order of the methods on every set, and on all of them.
func (r *reporter) orders() {
	fitting, judged := 0, 0
	var not []string
	for _, set := range r.Recipe.Sets {
		f := familyOf(set)
		pairs := f.pairs(r.Recipe.Methods)
		if len(pairs) == 0 {
			continue
		}
		judged++
		fits := true
		var measured []string
		for _, p := range pairs {
			o := r.compare(set, p)
			fits = fits && o.fits
			text := fmt.Sprintf("%s − %s %+.2f", methodTitle(p.worse), methodTitle(p.better), 100*o.difference)
			if !p.apart {
				text = "(" + text + ")"
			}
			measured = append(measured, text)
		}
		if fits {
			fitting++
		} else {
			not = append(not, f.title)
		}
		r.Claim(lab.Claim{
			Section: "3.2", Claim: fmt.Sprintf("On %s the pretrained methods have the order of Vincent et al. 2010: %s%s.", f.title, f.order(pairs), r.fewer(f)),
			Measured: "differences of mean test errors in points, in brackets where the paper's intervals overlap: " + strings.Join(measured, ", "),
			Holds:    fits, Rule: orderRule(), Figure: errorFigure(set),
		})
	}
	if judged < 2 {
		return
	}
	need := judged - judged/5 // four of five
	measured := fmt.Sprintf("on %d of %d sets", fitting, judged)
	if len(not) > 0 {
		measured += "; not on " + strings.Join(not, ", ")
	}
	r.Claim(lab.Claim{
		Section: "2.3", Claim: fmt.Sprintf("Stacks of autoencoders without and with noise and deep belief networks have the order of Vincent et al. 2010 on at least %d of %d sets.", need, judged),
		Measured: measured, Holds: fitting >= need, Rule: fmt.Sprintf("on %d sets at least, by the rule of each", need), // no figure shows all sets
	})
}

// fewer says that the set has less training images than the published one, if it has.
func (r *reporter) fewer(f family) string {
	if n := size(f.train, r.Recipe.Train); n < f.train {
		return fmt.Sprintf(" (here with %d training images of %d)", n, f.train)
	}
	return ""
}

// order is the paper's order in words: which pairs are apart.
func (f family) order(pairs []pair) string {
	var apart []string
	for _, p := range pairs {
		if p.apart {
			apart = append(apart, methodTitle(p.better)+" better than "+methodTitle(p.worse))
		}
	}
	if len(apart) == 0 {
		return "none is better than another"
	}
	return strings.Join(apart, ", ")
}

// basic compares the errors on basic with the paper's, where as many images train.
func (r *reporter) basic() {
	f := familyOf("mnist-basic")
	if !slices.Contains(r.Recipe.Sets, f.name) || size(f.train, r.Recipe.Train) < f.train {
		return
	}
	holds := true
	var measured []string
	for _, m := range r.Recipe.Methods {
		if p, ok := f.percent[m]; ok {
			mean, _, _ := r.mean(f.name, m)
			holds = holds && math.Abs(100*mean-p) <= basicPoints
			measured = append(measured, fmt.Sprintf("%s %s, paper %.2f", methodTitle(m), lab.Summary(lab.Scaled(r.of(f.name, m).test, 100)), p))
		}
	}
	if measured == nil {
		return
	}
	r.Claim(lab.Claim{
		Section: "3.2", Claim: "The errors on basic are those of Vincent et al. 2010.",
		Measured: "test error (%): " + strings.Join(measured, "; "),
		Holds:    holds, Rule: fmt.Sprintf("mean over seeds within %g points, for every method", basicPoints), Figure: errorFigure(f.name),
	})
}
