package main

import (
	"fmt"
	"math"
	"slices"

	"capas/blocks"
	"capas/experiments/lab"
)

// has tells whether all of the activations are in the recipe.
func (r *reporter) has(fs ...blocks.Activation) bool {
	for _, f := range fs {
		if !slices.Contains(r.Recipe.Activations, f) {
			return false
		}
	}
	return true
}

// preference is the lecture's order, from best to worst, without what the recipe leaves
// out. LeakyReLU is the first one, whatever its α.
func (r *reporter) preference() []blocks.Activation {
	var out []blocks.Activation
	if i := slices.IndexFunc(r.Recipe.Activations, leaky); i >= 0 {
		out = append(out, r.Recipe.Activations[i])
	}
	for _, f := range []blocks.Activation{blocks.ReLU(), blocks.Tanh(), blocks.Sigmoid()} {
		if r.has(f) {
			out = append(out, f)
		}
	}
	return out
}

// rectifiers are those of the recipe that the lecture calls non-saturating.
func (r *reporter) rectifiers() []blocks.Activation {
	var out []blocks.Activation
	for _, f := range r.Recipe.Activations {
		if f == blocks.ReLU() || leaky(f) {
			out = append(out, f)
		}
	}
	return out
}

// curveClaims judges the curves. They do not depend on seeds.
func (r *reporter) curveClaims() {
	if r.has(blocks.Sigmoid()) {
		p := r.curves[blocks.Sigmoid()].properties()
		r.Claim(lab.Claim{
			Section: "3.1", Claim: "The derivative of the sigmoid is at most 0.25.", Figure: "slope_bounded.svg",
			Measured: fmt.Sprintf("greatest f′ %.6g, at x = %g", p.steepest, p.steepestAt),
			Holds:    math.Abs(p.steepest-0.25) < 1e-12 && p.steepestAt == 0, Rule: "0.25 to 1e-12, at 0",
		})
	}
	for _, f := range r.rectifiers() {
		p := r.curves[f].properties()
		r.Claim(lab.Claim{
			Section: "3.3", Claim: fmt.Sprintf("%s does not saturate as x grows.", f), Figure: "slope_unbounded.svg",
			Measured: fmt.Sprintf("|x| beyond which f′ is below %g %% of the greatest, for x > 0: %s", 100*flatShare, beyond(p.right)),
			Holds:    math.IsNaN(p.right), Rule: fmt.Sprintf("never, up to %d", far),
		})
		r.Claim(lab.Claim{
			Section: "3.3", Claim: fmt.Sprintf("%s does not saturate for negative x either.", f), Figure: "slope_unbounded.svg",
			Measured: fmt.Sprintf("|x| beyond which f′ is below %g %% of the greatest, for x < 0: %s", 100*flatShare, beyond(p.left)),
			Holds:    math.IsNaN(p.left), Rule: fmt.Sprintf("never, up to %d", far),
		})
	}
	for _, f := range []blocks.Activation{blocks.Tanh(), blocks.Sigmoid()} {
		if !r.has(f) {
			continue
		}
		p := r.curves[f].properties()
		r.Claim(lab.Claim{
			Section: "3.3", Claim: fmt.Sprintf("%s saturates, on both sides.", f), Figure: "slope_bounded.svg",
			Measured: fmt.Sprintf("f′ is below %g %% of the greatest for |x| above %s and %s", 100*flatShare, beyond(p.left), beyond(p.right)),
			Holds:    p.left < far && p.right < far, Rule: "so on both sides",
		})
	}
}

// convergenceClaims judges how many epochs tanh and sigmoid need.
func (r *reporter) convergenceClaims() {
	tanh, sigmoid := blocks.Tanh(), blocks.Sigmoid()
	if !r.has(tanh, sigmoid) {
		return
	}
	for _, depth := range r.Recipe.Depths {
		a, b := cell{tanh, depth}, cell{sigmoid, depth}
		for _, at := range []struct {
			metric, words string
			tanh, sigmoid float64 // rates
		}{
			{"epochs", "each at its best rate", r.best[a], r.best[b]},
			{"same_rate_epochs", fmt.Sprintf("both at rate %g", r.same()), r.same(), r.same()},
		} {
			x, y := r.of(a, at.metric), r.of(b, at.metric)
			below, _, _, err := lab.SignOverSeeds(x, y)
			r.Claim(lab.Claim{
				Section: "3.3", Claim: fmt.Sprintf("tanh converges faster than the sigmoid, with %s, %s.", layers(depth), at.words), Figure: curvesFile(depth),
				Measured: fmt.Sprintf("epochs until the validation error is below %g %%: tanh %s; sigmoid %s. Smallest validation error (%%): tanh %s; sigmoid %s", 100*r.Recipe.Target, r.epochWords(x), r.epochWords(y),
					percents(each(r.at(a, at.tanh), validation)), percents(each(r.at(b, at.sigmoid), validation))),
				Holds: err == nil && below == len(x), Rule: fmt.Sprintf("fewer for every seed (%d of %d)", below, len(x)),
			})
		}
	}
}

// orderClaims judges the lecture's preference, pair by pair and as a whole.
func (r *reporter) orderClaims() {
	order := r.preference()
	for _, depth := range r.Recipe.Depths {
		whole, text := true, ""
		for i, f := range order {
			test := r.of(cell{f, depth}, "test_error")
			if text += fmt.Sprintf("%s %s", f, percents(test)); i == len(order)-1 {
				break
			}
			text += "; "
			below, _, _, err := lab.SignOverSeeds(test, r.of(cell{order[i+1], depth}, "test_error"))
			whole = whole && err == nil && below == len(test)
			r.Compare(lab.Comparison{
				Section: "3.3", Claim: fmt.Sprintf("%s is better than %s, with %s.", f, order[i+1], layers(depth)), What: "test error (%)",
				A: f.String(), MetricA: cell{f, depth}.metric("test_error"), B: order[i+1].String(), MetricB: cell{order[i+1], depth}.metric("test_error"),
				Scale: 100, Figure: testFile,
			})
		}
		if len(order) > 2 {
			r.Claim(lab.Claim{
				Section: "3.3", Claim: fmt.Sprintf("The order is %s, with %s.", orderWords(order), layers(depth)), Figure: testFile,
				Measured: "test error (%): " + text, Holds: whole, Rule: "each smaller than the next one for every seed",
			})
		}
	}
}

func orderWords(order []blocks.Activation) string {
	text := ""
	for i, f := range order {
		if i > 0 {
			text += " > "
		}
		text += f.String()
	}
	return text
}

// unitClaims judges what is saturated and dead in trained networks.
func (r *reporter) unitClaims() {
	for _, depth := range r.Recipe.Depths {
		for _, f := range r.rectifiers() {
			if !r.has(blocks.Tanh()) {
				break
			}
			a, b := cell{f, depth}, cell{blocks.Tanh(), depth}
			r.Compare(lab.Comparison{
				Section: "3.3", Claim: fmt.Sprintf("In trained networks of %s, fewer units of %s than of tanh are saturated.", layers(depth), f),
				What: fmt.Sprintf("derivatives below %g %% of the greatest (%%)", 100*flatShare),
				A:    f.String(), MetricA: a.metric("flat"), B: "tanh", MetricB: b.metric("flat"), Scale: 100, Figure: flatFile(depth),
			})
		}
		for _, f := range []blocks.Activation{blocks.Tanh(), blocks.Sigmoid()} {
			if r.has(f) {
				r.failsBySaturation(cell{f, depth})
			}
		}
		for _, f := range r.rectifiers() {
			c := cell{f, depth}
			if leaky(f) {
				r.neverDead(c)
			} else if r.largest(c) > r.Recipe.Rates[0] {
				r.Compare(lab.Comparison{
					Section: "3.3", Claim: fmt.Sprintf("A large rate kills units of %s, with %s.", f, layers(depth)), What: "dead units after the last epoch (%)",
					A: fmt.Sprintf("rate %g", r.largest(c)), MetricA: c.metric("dead_largest_rate"),
					B: fmt.Sprintf("rate %g", r.Recipe.Rates[0]), MetricB: c.metric("dead_smallest_rate"), Scale: 100, Larger: true, Figure: deadFile(depth),
				})
			}
		}
	}
}

// neverDead claims that no unit of an activation is dead, at any rate.
func (r *reporter) neverDead(c cell) {
	most, networks := 0.0, 0
	for _, rate := range r.Recipe.Rates {
		for _, o := range r.at(c, rate) {
			if d := mean(o.last(), dead); !math.IsNaN(d) {
				most, networks = max(most, d), networks+1
			}
		}
	}
	r.Claim(lab.Claim{
		Section: "3.3", Claim: fmt.Sprintf("No unit of %s dies, at any rate, with %s.", c.f, layers(c.depth)), Figure: deadFile(c.depth),
		Measured: fmt.Sprintf("largest share of dead units in %d networks: %.3g %%", networks, 100*most), Holds: most == 0, Rule: "0",
	})
}

// failsBySaturation claims that what keeps networks from learning is saturation.
func (r *reporter) failsBySaturation(c cell) {
	failed, flatOnes, least := 0, 0, math.Inf(1)
	for _, rate := range r.Recipe.Rates {
		for _, o := range r.at(c, rate) {
			if !(o.lastError() > learned) {
				continue
			}
			failed++
			share := mean(o.last(), flat)
			least = min(least, share)
			if share > saturated {
				flatOnes++
			}
		}
	}
	if failed == 0 {
		return
	}
	r.Claim(lab.Claim{
		Section: "3.3", Claim: fmt.Sprintf("Networks of %s that do not learn are saturated, with %s.", c.f, layers(c.depth)), Figure: flatByRateFile(c.depth),
		Measured: fmt.Sprintf("%d of %d networks have a validation error above %g %% after the last epoch; %d of them have more than %g %% of flat derivatives, the least has %.2g %%",
			failed, len(r.Recipe.Rates)*len(r.Seeds), 100*learned, flatOnes, 100*saturated, 100*least),
		Holds: flatOnes == failed, Rule: fmt.Sprintf("all of them have more than %g %%", 100*saturated),
	})
}
