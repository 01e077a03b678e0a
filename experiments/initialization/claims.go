package main

import (
	"fmt"
	"math"
	"slices"

	"capas/blocks"
	"capas/experiments/lab"
)

// What the rules of the claims ask for; all fixed before anything was measured.
const (
	// kept is the factor within which a variance must stay over all hidden layers to count
	// as kept.
	kept = 2
	// closeTo is how far a factor of variance may be from the expected one.
	closeTo = 0.1
	// alike is the least share of test images on which a network of equal units and one of
	// one unit a layer must agree: all but some where rounding decides.
	alike = 0.999
	// near is how far apart errors may be to be the same one.
	near = 0.05
)

// claims states what the lecture, and He et al., say about first weights, and whether the
// numbers bear it out.
func (r *reporter) claims() {
	if len(r.Seeds) < lab.MinSeeds {
		r.Section("Verdicts", fmt.Sprintf("None: a verdict takes at least %d seeds.", lab.MinSeeds))
		return
	}
	for _, f := range r.Recipe.Activations {
		if r.surveys(f, traditional()) && f != blocks.Linear() {
			r.traditionalClaims(f)
		}
	}
	r.keptClaim(blocks.LeCunTanh(), blocks.LeCun(), "LeCun's N(0, 1/√n) with his activation keeps the variance of the activations from layer to layer", true, false)
	r.keptClaim(blocks.ReLU(), blocks.LectureReLU(), "N(0, 2/√n), the lecture's figure for ReLU, keeps the variance of the activations from layer to layer", true, false)
	r.keptClaim(blocks.ReLU(), blocks.He(), "N(0, √(2/n)) keeps both variances of ReLU (He et al. 2015)", true, true)
	r.keptClaim(blocks.Tanh(), blocks.Xavier(), "Xavier's N(0, 1/√m) keeps the variance of the activations on the way up and of the gradients on the way down", true, true)
	r.keptClaim(blocks.Linear(), blocks.Xavier(), "Of linear units, for which it was derived, Xavier's N(0, 1/√m) keeps both variances", true, true)
	r.factorClaim(blocks.ReLU(), 2, "A layer of ReLU multiplies the variance of the activations, and of the gradients on the way down, by n·sd²/2 (He et al. 2015).")
	r.factorClaim(blocks.Linear(), 1, "A layer of linear units multiplies the variance of the activations, and of the gradients on the way down, by n·sd².")
	r.learningClaims()
	r.symmetryClaims()
}

// surveys tells whether a pair is in the survey.
func (r *reporter) surveys(f blocks.Activation, i blocks.Initializer) bool {
	return slices.Contains(r.Recipe.pairs(), pair{f, i})
}

// traditionalClaims are the lecture's of N(0,1), in its parts.
func (r *reporter) traditionalClaims(f blocks.Activation) {
	p := pair{f, traditional()}
	z := func(inputs scaling, l int) []float64 {
		return r.perSeed(inputs, p, func(m measured) float64 { return m.layers[l].Z })
	}
	last := r.Recipe.Depth - 1
	grows := true
	for s := range r.Seeds {
		layers := r.survey[s][standardised][p].layers
		for l := range last {
			grows = grows && layers[l+1].Z > layers[l].Z
		}
	}
	e := r.expected[standardised][p].layers
	r.Claim(lab.Claim{
		Section: "3.3", Claim: fmt.Sprintf("With weights N(0, 1) the variance grows from layer to layer (%s).", f),
		Measured: fmt.Sprintf("variance of the pre-activations in layers 1, 2 and %d: %s, %s, %s (expected %s, %s, %s); with raw pixels %s, %s, %s", last+1,
			short(geometric(z(standardised, 0))), short(geometric(z(standardised, 1))), short(geometric(z(standardised, last))), short(e[0].Z), short(e[1].Z), short(e[last].Z),
			short(geometric(z(raw, 0))), short(geometric(z(raw, 1))), short(geometric(z(raw, last)))),
		Holds: grows, Rule: "that of the pre-activations larger in every hidden layer than in the one below, for every seed", Figure: r.figureIf(fileOf("activation_variance", f)),
	})
	if !saturates(f) {
		return
	}
	share := func(inputs scaling, l int) []float64 {
		return r.perSeed(inputs, p, func(m measured) float64 { return m.layers[l].Saturated })
	}
	first, top := share(standardised, 0), share(standardised, last)
	r.Claim(lab.Claim{
		Section: "3.3", Claim: fmt.Sprintf("With weights N(0, 1) the last layers saturate (%s).", f),
		Measured: fmt.Sprintf("saturated units of the last hidden layer: %s %%; with raw pixels %s %%", lab.Summary(percent(top)), lab.Summary(percent(share(raw, last)))),
		Holds:    slices.Min(top) > 0.5, Rule: "more than half of the units, for every seed", Figure: r.figureIf(fileOf("saturation", f)),
	})
	later := true
	for s := range first {
		later = later && first[s] < top[s]/2
	}
	r.Claim(lab.Claim{
		Section: "3.3", Claim: fmt.Sprintf("With weights N(0, 1) it is the last layers that saturate, after the variance has grown, and not the first (%s).", f),
		Measured: fmt.Sprintf("saturated units of the first hidden layer: %s %%, of the last: %s %%; with raw pixels %s %% and %s %%", lab.Summary(percent(first)), lab.Summary(percent(top)),
			lab.Summary(percent(share(raw, 0))), lab.Summary(percent(share(raw, last)))),
		Holds: later, Rule: "in the first less than half of the share in the last, for every seed", Figure: r.figureIf("saturation_gaussian.svg"),
	})
}

// keptClaim: variances stay within the factor kept over all hidden layers.
func (r *reporter) keptClaim(f blocks.Activation, i blocks.Initializer, claim string, forward, backward bool) {
	if !r.surveys(f, i) {
		return
	}
	p := pair{f, i}
	steps := float64(r.Recipe.Depth - 1)
	holds, text := true, ""
	for _, c := range []struct {
		wanted       bool
		factor       func([]layer) float64
		what, figure string
	}{
		{forward, up, "variance of the activations, last hidden layer over first: ", "activation_variance"},
		{backward, down, "variance of δ, first over last: ", "gradient_variance"},
	} {
		if !c.wanted {
			continue
		}
		ratios := r.perSeed(standardised, p, func(m measured) float64 { return math.Pow(c.factor(m.layers), steps) })
		expected := c.factor(r.expected[standardised][p].layers)
		for _, x := range ratios {
			holds = holds && x > 1./kept && x < kept
		}
		if text != "" {
			text += "; "
		}
		text += fmt.Sprintf("%s%.3g, which is %.3g a layer (expected %.3g)", c.what, geometric(ratios), math.Pow(geometric(ratios), 1/steps), expected)
	}
	r.Claim(lab.Claim{
		Section: "3.3", Claim: fmt.Sprintf("%s (%s).", claim, p), Measured: text,
		Holds: holds, Rule: fmt.Sprintf("between 1/%d and %d over all %d hidden layers, for every seed", kept, kept, r.Recipe.Depth),
		Figure: r.figureIf(fileOf("activation_variance", f)),
	})
}

// factorClaim: the factor a layer is n·sd² over a divisor, for every initialisation.
func (r *reporter) factorClaim(f blocks.Activation, divisor float64, claim string) {
	off, worst := -1., "" // nothing compared yet
	for _, i := range r.Recipe.Inits {
		p := pair{f, i}
		if !r.surveys(f, i) {
			return
		}
		sd, err := i.SD(r.Recipe.Width, r.Recipe.Width)
		if err != nil || sd == 0 {
			continue // weights 0 have no variance to multiply
		}
		want := float64(r.Recipe.Width) * sd * sd / divisor
		for s := range r.Seeds {
			layers := r.survey[s][standardised][p].layers
			for _, x := range []float64{up(layers), down(layers)} {
				// A factor that is no number, after an overflow, is the worst.
				if d := math.Abs(x/want - 1); !math.IsNaN(off) && !(d <= off) {
					off, worst = d, fmt.Sprintf("%s %.4g for %.4g", p, x, want)
				}
			}
		}
	}
	if off < 0 {
		return
	}
	r.Claim(lab.Claim{
		Section: "3.3", Claim: claim,
		Measured: fmt.Sprintf("geometric mean over the layers: at most %.2g %% off, in both directions, all initialisations and seeds (%s)", 100*off, worst),
		Holds:    off < closeTo, Rule: fmt.Sprintf("within %g %% for every initialisation and seed", 100*closeTo), Figure: r.figureIf(fileOf("activation_variance", f)),
	})
}
