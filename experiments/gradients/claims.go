package main

import (
	"fmt"
	"math"
	"slices"

	"capas/blocks"
	"capas/experiments/lab"
)

// sigmoid is the pair of sigmoid units that the claims about them are put to the test
// on: that of N(0, 1/√n), or the first there is.
func (r *reporter) sigmoid() (Pair, bool) {
	first := Pair{blocks.Sigmoid(), blocks.LeCun()}
	if r.has(first) {
		return first, true
	}
	for _, p := range r.Recipe.pairs() {
		if p.Activation == blocks.Sigmoid() {
			return p, true
		}
	}
	return Pair{}, false
}

func (r *reporter) has(p Pair) bool { return slices.Contains(r.Recipe.pairs(), p) }

func (r *reporter) trains(p Pair) bool { return slices.Contains(r.Recipe.trained(), p) }

// claims states what the lecture, and Glorot & Bengio, say about these networks and
// whether the numbers bear it out. A verdict takes three seeds, all of which must
// agree.
func (r *reporter) claims() {
	if len(r.Seeds) < lab.MinSeeds {
		r.Section("Verdicts", fmt.Sprintf("None: a verdict takes at least %d seeds.", lab.MinSeeds))
		return
	}
	if p, ok := r.sigmoid(); ok {
		r.boundClaim(p)
		r.exponentialClaim(p)
	}
	r.lastLayersClaims()
	for _, p := range r.Recipe.trained() {
		if p.Activation == blocks.Sigmoid() {
			r.aloneClaim(p, frozen, "The last layers learn alone: with the first ones frozen as they were drawn a deep network does as well (%s).")
			r.aloneClaim(p, standardised, "What frozen first layers leave of the image serves the last ones as well, if each unit is standardised (%s).")
		}
	}
	r.saturationClaims()
	r.explosionClaims()
	for _, p := range []Pair{{blocks.Tanh(), blocks.Xavier()}, {blocks.LeCunTanh(), blocks.LeCun()}, {blocks.ReLU(), blocks.LectureReLU()}, {blocks.ReLU(), blocks.He()}} {
		if r.has(p) {
			r.keptClaim(p)
		}
	}
	r.glorotClaims()
}

// boundClaim: no layer of any sigmoid network passes on more than 0.25·‖W‖.
func (r *reporter) boundClaim(example Pair) {
	most := 0.0
	var factors, bounds []float64
	for s := range r.Seeds {
		for _, p := range r.Recipe.pairs() {
			if p.Activation != blocks.Sigmoid() {
				continue
			}
			for _, depth := range r.Recipe.Depths {
				m := r.survey[s][p][depth]
				for l, norm := range m.norms {
					factor, bound := m.layers[l].Delta/m.layers[l+1].Delta, steepest(p.Activation)*norm
					most = max(most, factor/bound)
					if p == example {
						factors, bounds = append(factors, factor), append(bounds, bound)
					}
				}
			}
		}
	}
	r.Claim(lab.Claim{
		Section: "3.1", Claim: "Each layer of sigmoid units multiplies the sensitivity by at most 0.25·‖W‖ on its way down.",
		Measured: fmt.Sprintf("at most %.2f of the bound is reached, with all initialisations; %s: factor %s, bound %s a layer", most, example, lab.Summary(factors), lab.Summary(bounds)),
		Holds:    most <= 1+1e-4, Rule: "no layer of any network and seed above the bound (1.0001 of it, for rounding)", Figure: r.figure("sensitivity_by_depth.svg"),
	})
}

// exponentialClaim: with each layer more, less than half of the error arrives.
func (r *reporter) exponentialClaim(p Pair) {
	depths := slices.Sorted(slices.Values(r.Recipe.Depths))
	if len(depths) < 2 {
		return
	}
	greatest := 0.0 // factor of a further layer
	for s := range r.Seeds {
		for i, d := range depths[1:] {
			before := depths[i]
			greatest = max(greatest, math.Pow(r.survey[s][p][d].ratio()/r.survey[s][p][before].ratio(), 1/float64(d-before)))
		}
	}
	from, to := depths[0], depths[len(depths)-1]
	r.Claim(lab.Claim{
		Section: "1", Claim: fmt.Sprintf("The error is diluted exponentially on its way to the input (%s).", p),
		Measured: fmt.Sprintf("|δ| of the first hidden layer over that of the last: %.2g at %d hidden layers, %.2g at %d; a further layer multiplies it by %.2f at most",
			geometric(r.ratios(p, from)), from, geometric(r.ratios(p, to)), to, greatest),
		Holds: greatest < 0.5, Rule: "below ½ for each further layer and every seed", Figure: r.figure("sensitivity_by_depth.svg"),
	})
}

// lastLayersClaims: in a deep sigmoid network only the last layers train.
func (r *reporter) lastLayersClaims() {
	p, ok := r.sigmoid()
	if !ok || !r.trains(p) {
		return
	}
	for _, depth := range r.Recipe.TrainDepths {
		w := training{p, depth, whole}
		ratio := r.Values(w.metric() + ".moved_ratio")
		test := r.errors(p, depth, whole)
		r.Claim(lab.Claim{
			Section: "1", Claim: fmt.Sprintf("With %d hidden layers only the last ones train (%s).", depth, p),
			Measured: fmt.Sprintf("relative change of the first hidden layer's weights in training over that of the last hidden layer's: %s; test error %s %%", lab.Summary(ratio), lab.Summary(lab.Scaled(test, 100))),
			Holds:    slices.Max(ratio) < 0.1, Rule: "below 0.1 for every seed", Figure: r.figure(fmt.Sprintf("moved_depth%d.svg", depth)),
		})
	}
}

// aloneClaim: the last layers do as well without the first ones.
func (r *reporter) aloneClaim(p Pair, alone part, claim string) {
	holds, measured := true, ""
	for i, depth := range r.Recipe.TrainDepths {
		all, last := r.errors(p, depth, whole), r.errors(p, depth, alone)
		for s := range all {
			holds = holds && last[s] <= all[s]+0.01 && last[s] < 0.5
		}
		if i > 0 {
			measured += "; "
		}
		measured += fmt.Sprintf("%d hidden layers: %s %s %%, whole %s %%", depth, alone, lab.Summary(lab.Scaled(last, 100)), lab.Summary(lab.Scaled(all, 100)))
	}
	r.Claim(lab.Claim{
		Section: "3.1", Claim: fmt.Sprintf(claim, p),
		Measured: "test error, " + measured,
		Holds:    holds, Rule: fmt.Sprintf("%s at most one point above whole, and below 50 %%, at every depth and for every seed", alone), Figure: r.figure(fmt.Sprintf("frozen_depth%d.svg", r.Recipe.trainDeepest())),
	})
}

// ends are a quantity's values at the first and the last hidden layer of the survey's
// deepest networks.
func (r *reporter) ends(p Pair, of func(layer) float64) (first, last []float64) {
	at := func(l int) []float64 {
		return r.perSeed(func(s int) float64 { return of(r.survey[s][p][r.Recipe.deepest()].layers[l]) })
	}
	return at(0), at(r.Recipe.deepest() - 1)
}

// saturationClaims: N(0,1) saturates the last layers.
func (r *reporter) saturationClaims() {
	for _, f := range []blocks.Activation{blocks.Sigmoid(), blocks.Tanh()} {
		p := Pair{f, blocks.Gaussian(1)}
		if !r.has(p) {
			continue
		}
		first, last := r.ends(p, func(l layer) float64 { return l.Flat })
		below, _, _, err := lab.SignOverSeeds(first, last)
		r.Claim(lab.Claim{
			Section: "3.3", Claim: fmt.Sprintf("With weights N(0,1) the variance grows from layer to layer until the last layers saturate (%s).", p),
			Measured: fmt.Sprintf("units whose derivative is below a tenth of the greatest: %s %% in the first hidden layer, %s %% in the last", lab.Summary(lab.Scaled(first, 100)), lab.Summary(lab.Scaled(last, 100))),
			Holds:    err == nil && below == len(first) && slices.Min(last) > 0.5, Rule: "more in the last layer than in the first, and more than half there, for every seed", Figure: r.figure("flat_units.svg"),
		})
	}
}

// explosionClaims: gradients explode with N(0,1).
func (r *reporter) explosionClaims() {
	for _, f := range []blocks.Activation{blocks.Sigmoid(), blocks.Tanh(), blocks.ReLU()} {
		p := Pair{f, blocks.Gaussian(1)}
		if !r.has(p) {
			continue
		}
		ratio := r.ratios(p, r.Recipe.deepest())
		r.Claim(lab.Claim{
			Section: "3.1", Claim: fmt.Sprintf("With weights N(0,1) gradients explode on their way down (%s).", p),
			Measured: r.ratioText(p),
			Holds:    slices.Min(ratio) > 10, Rule: "above 10 for every seed", Figure: r.figure("sensitivity_by_layer.svg"),
		})
	}
}

// ratioText is the measured part of claims about a pair's deepest networks.
func (r *reporter) ratioText(p Pair) string {
	depth := r.Recipe.deepest()
	ratio := r.ratios(p, depth)
	expected := r.perSeed(func(s int) float64 { return r.survey[s][p][depth].expected() })
	return fmt.Sprintf("|δ| of the first of %d hidden layers over that of the last: %s, which is %.2f a layer; expected from the weights' size and the units' derivatives: %.2f",
		depth, lab.Summary(ratio), math.Pow(geometric(ratio), 1/float64(depth-1)), geometric(expected))
}

// keptClaim: an initialisation made for an activation keeps the sensitivity.
func (r *reporter) keptClaim(p Pair) {
	ratio := r.ratios(p, r.Recipe.deepest())
	r.Claim(lab.Claim{
		Section: "3.3", Claim: fmt.Sprintf("An initialisation that suits the activation keeps the error on its way down (%s).", p),
		Measured: r.ratioText(p),
		Holds:    slices.Min(ratio) > 0.1 && slices.Max(ratio) < 10, Rule: "between 0.1 and 10 for every seed", Figure: r.figure("sensitivity_by_layer.svg"),
	})
}

// glorotClaims are Glorot & Bengio's, of tanh with their two initialisations.
func (r *reporter) glorotClaims() {
	standard, normalised := Pair{blocks.Tanh(), blocks.Uniform()}, Pair{blocks.Tanh(), blocks.Glorot()}
	// Of layers with weights of one shape, thus without the first.
	second := func(p Pair, of func(layer) float64) []float64 {
		return r.perSeed(func(s int) float64 {
			layers := r.survey[s][p][r.Recipe.deepest()].layers
			return of(layers[1]) / of(layers[len(layers)-2])
		})
	}
	if r.has(standard) && r.Recipe.deepest() > 2 {
		delta := second(standard, func(l layer) float64 { return l.DeltaSD })
		grad := second(standard, func(l layer) float64 { return l.GradSD })
		r.Claim(lab.Claim{
			Section: "3.3", Claim: fmt.Sprintf("With the standard initialisation U ±1/√n back-propagated gradients shrink downwards while weight gradients stay as they are (%s; Glorot & Bengio 2010).", standard),
			Measured: fmt.Sprintf("standard deviation at the second of %d hidden layers over that at the last: of δ %s, of weight gradients %s", r.Recipe.deepest(), lab.Summary(delta), lab.Summary(grad)),
			Holds:    slices.Max(delta) < 0.5 && slices.Min(grad) > 0.5 && slices.Max(grad) < 2, Rule: "δ below 0.5, weight gradients between 0.5 and 2, for every seed", Figure: r.figure("weight_gradients.svg"),
		})
	}
	if r.has(normalised) {
		r.keptClaim(normalised)
	}
	if r.trains(standard) && r.trains(normalised) {
		depth := r.Recipe.trainDeepest()
		r.Compare(lab.Comparison{
			Section: "3.3", Claim: "The normalised initialisation lowers the test error of a deep network of tanh units (Glorot & Bengio 2010).",
			What: "test error (%)", Scale: 100, Figure: r.figure(fmt.Sprintf("validation_error_depth%d.svg", depth)),
			A: normalised.String(), MetricA: training{normalised, depth, whole}.metric() + ".test_error",
			B: standard.String(), MetricB: training{standard, depth, whole}.metric() + ".test_error",
		})
	}
}
