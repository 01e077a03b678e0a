package main

import (
	"fmt"
	"slices"
	"strings"

	"capas/experiments/lab"

	"gonum.org/v1/gonum/stat"
)

// section is the lecture's on pretraining; paper heads the claims, which are Erhan et
// al.'s.
const (
	section = "3.2"
	paper   = "Erhan et al. 2010: "
)

func stackName(init string) string {
	if init == initDBN {
		return "a deep belief network"
	}
	return "a stack of denoising autoencoders"
}

// claims judges a kind of pretraining.
func (r *reporter) claims(init string) {
	r.meanClaims(init)
	r.spreadClaim(init)
	r.gapClaim(init)
	r.deepestClaim(init)
	r.widthClaims(init)
	r.lossClaims(init)
	r.functionClaims(init)
	if r.Recipe.OnlineEpochs > 0 {
		c := r.at(init, r.Recipe.OnlineDepth)
		r.compare(fmt.Sprintf("The gain of pretraining as %s stays when no training image repeats.", stackName(init)), "test error after new images alone (%)",
			c, r.at(initRandom, r.Recipe.OnlineDepth), "online_test_error", 100, "online.svg")
	}
}

// compare claims that a metric of a is smaller than that of b.
func (r *reporter) compare(claim, what string, a, b config, metric string, scale float64, file string) {
	r.Compare(lab.Comparison{Section: section, Claim: paper + claim, What: what, A: a.init, B: b.init, MetricA: a.metric(metric), MetricB: b.metric(metric), Scale: scale, Figure: file})
}

// meanClaims: a smaller test error at each depth.
func (r *reporter) meanClaims(init string) {
	for _, depth := range r.Recipe.Depths {
		r.compare(fmt.Sprintf("Pretraining as %s lowers the test error of networks with %s.", stackName(init), layers(depth)), "test error (%)",
			r.at(init, depth), r.at(initRandom, depth), "test_error", 100, "test_error.svg")
	}
}

// comparable are the depths at which all networks of both origins learned something.
func (r *reporter) comparable(init string) (depths []int) {
	for _, depth := range r.Recipe.Depths {
		if r.learned(init, depth) {
			depths = append(depths, depth)
		}
	}
	return depths
}

// spreadClaim: a smaller standard deviation over seeds at each depth.
func (r *reporter) spreadClaim(init string) {
	depths := r.comparable(init)
	if len(depths) == 0 {
		return
	}
	var measured []string
	smaller := 0
	for _, depth := range depths {
		_, a := lab.Summarize(r.percent(r.at(init, depth), "test_error"))
		_, b := lab.Summarize(r.percent(r.at(initRandom, depth), "test_error"))
		measured = append(measured, fmt.Sprintf("%s: %s %.2f, random %.2f", layers(depth), init, a, b))
		if a < b {
			smaller++
		}
	}
	r.Claim(lab.Claim{
		Section: section, Claim: paper + fmt.Sprintf("Pretraining as %s makes the test error depend less on the seed.", stackName(init)),
		Measured: "standard deviation of the test error over seeds, in points: " + strings.Join(measured, "; "),
		Holds:    smaller == len(depths),
		Rule:     fmt.Sprintf("smaller at every depth (%d of %d) at which all networks learned: test errors of at most 50 %%", smaller, len(depths)), Figure: "test_error.svg",
	})
}

// gapClaim: the gain rises with the depth.
func (r *reporter) gapClaim(init string) {
	depths := r.comparable(init)
	if len(depths) < 2 {
		return
	}
	var x []float64
	gaps := make([][]float64, len(r.Seeds)) // by seed and depth
	var measured []string
	for _, depth := range depths {
		x = append(x, float64(depth))
		gap := r.gap(init, depth)
		for s := range gaps {
			gaps[s] = append(gaps[s], gap[s])
		}
		measured = append(measured, fmt.Sprintf("%s: %s", layers(depth), lab.Summary(gap)))
	}
	rising := 0
	for s := range gaps {
		if _, slope := stat.LinearRegression(x, gaps[s], nil, false); slope > 0 {
			rising++
		}
	}
	r.Claim(lab.Claim{
		Section: section, Claim: paper + fmt.Sprintf("The gain of pretraining as %s grows with the depth.", stackName(init)),
		Measured: "random − pretrained test error, in points: " + strings.Join(measured, "; "),
		Holds:    rising == len(gaps),
		Rule: fmt.Sprintf("the line of least squares through the gains rises for every seed (%d of %d), over the depths at which all networks learned: test errors of at most 50 %%",
			rising, len(gaps)), Figure: "gap.svg",
	})
}

// deepestClaim: without pretraining the deepest networks do not learn.
func (r *reporter) deepestClaim(init string) {
	depth := r.Recipe.Depths[len(r.Recipe.Depths)-1]
	if depth < 5 {
		return
	}
	random, pretrained := r.at(initRandom, depth), r.at(init, depth)
	a, b := r.Values(random.metric("test_error")), r.Values(pretrained.metric("test_error"))
	r.Claim(lab.Claim{
		Section: section, Claim: paper + fmt.Sprintf("Networks with %s cannot be trained from random weights, and can from those of %s.", layers(depth), stackName(init)),
		Measured: fmt.Sprintf("test error (%%): random %s, %s %s; training loss (nats): random %s, %s %s", lab.Summary(lab.Scaled(a, 100)), init, lab.Summary(lab.Scaled(b, 100)),
			lab.Summary(r.Values(random.metric("train_loss"))), init, lab.Summary(r.Values(pretrained.metric("train_loss")))),
		Holds: slices.Min(a) > learnedBelow && slices.Max(b) < learnedBelow, Rule: "above 50 % for every seed from random weights, below for every seed from pretrained ones", Figure: "test_error.svg",
	})
}

// widthClaims: pretraining hurts networks of few units and helps those of many more.
func (r *reporter) widthClaims(init string) {
	few, many := r.Recipe.Widths[0], r.Recipe.Widths[len(r.Recipe.Widths)-1]
	of := func(init string, width int) config { return config{init, r.Recipe.WidthDepth, width} }
	r.Compare(lab.Comparison{
		Section: section, Claim: paper + fmt.Sprintf("With few units, %d a layer, pretraining as %s hurts.", few, stackName(init)), What: "test error (%)", Scale: 100, Larger: true,
		A: init, MetricA: of(init, few).metric("test_error"), B: initRandom, MetricB: of(initRandom, few).metric("test_error"), Figure: "widths.svg",
	})
	if few == many {
		return
	}
	gain := func(width int) []float64 {
		return difference(r.percent(of(initRandom, width), "test_error"), r.percent(of(init, width), "test_error"))
	}
	below, _, _, err := lab.SignOverSeeds(gain(few), gain(many))
	r.Claim(lab.Claim{
		Section: section, Claim: paper + fmt.Sprintf("The gain of pretraining as %s is larger with more units.", stackName(init)),
		Measured: fmt.Sprintf("random − pretrained test error, in points: %d units %s, %d units %s", few, lab.Summary(gain(few)), many, lab.Summary(gain(many))),
		Holds:    err == nil && below == len(r.Seeds), Rule: fmt.Sprintf("larger with %d units than with %d for every seed (%d of %d)", many, few, below, len(r.Seeds)), Figure: "widths.svg",
	})
}

// lossClaims: at one depth, what pretraining does is more than a smaller training loss.
func (r *reporter) lossClaims(init string) {
	depth := r.Recipe.PointsDepth
	pretrained, random := r.at(init, depth), r.at(initRandom, depth)
	var at, va, vb []float64
	smaller := 0
	for _, seed := range r.Seeds {
		loss, a, b := equalLoss(r.of(pretrained, seed).Last(), r.of(random, seed).Last())
		at, va, vb = append(at, loss), append(va, a), append(vb, b)
		if a < b {
			smaller++
		}
	}
	r.Claim(lab.Claim{
		Section: section, Claim: paper + fmt.Sprintf("At the same training loss, networks pretrained as %s generalise better: pretraining is a regulariser.", stackName(init)),
		Measured: fmt.Sprintf("%s, validation loss at equal training loss (%s nats): %s %s, random %s", layers(depth), lab.Summary(at), init, lab.Summary(va), lab.Summary(vb)),
		Holds:    smaller == len(at), Rule: fmt.Sprintf("smaller for every seed (%d of %d), at the smallest training loss that both reach", smaller, len(at)), Figure: "train_and_validation.svg",
	})
	r.Compare(lab.Comparison{
		Section: section, Claim: paper + fmt.Sprintf("What pretraining as %s gains is not a lower training loss: the pretrained networks have a higher one.", stackName(init)),
		What: layers(depth) + ", training loss (nats) with the parameters of the smallest validation error", Larger: true,
		A: init, MetricA: pretrained.metric("train_loss"), B: initRandom, MetricB: random.metric("train_loss"), Figure: "train_and_test.svg",
	})
}

// functionClaims: regions of function space.
func (r *reporter) functionClaims(init string) {
	near, networks := 0, 0
	var measured []string
	for _, kinds := range [][2]string{{initRandom, init}, {init, initRandom}} {
		name, partner := kinds[0], kinds[1]
		own := r.Values(r.at(name, r.Recipe.PointsDepth).metric("nearest_own"))
		var other []float64 // of these two kinds alone
		for _, seed := range r.Seeds {
			other = append(other, r.nearest(name, seed, partner))
		}
		below, _, _, err := lab.SignOverSeeds(own, other)
		if err != nil {
			return
		}
		near, networks = near+below, networks+len(own)
		measured = append(measured, fmt.Sprintf("%s: to its own kind %s, to the other %s", name, lab.Summary(own), lab.Summary(other)))
	}
	r.Claim(lab.Claim{
		Section: section, Claim: paper + fmt.Sprintf("Networks from random weights and from those of %s end in different regions of the space of functions.", stackName(init)),
		Measured: "distance to the nearest network at the end, " + strings.Join(measured, "; "),
		Holds:    near == networks, Rule: fmt.Sprintf("the nearest is of the same kind for every network (%d of %d)", near, networks), Figure: "functions_pca.svg",
	})
	for _, name := range []string{initRandom, init} {
		c := r.at(name, r.Recipe.PointsDepth)
		first, last := r.Values(c.metric("spread_first")), r.Values(c.metric("spread_last"))
		below, _, _, err := lab.SignOverSeeds(first, last)
		if err != nil || name == initRandom && init != r.pretrained()[0] { // said before
			continue
		}
		r.Claim(lab.Claim{
			Section: section, Claim: paper + fmt.Sprintf("The trajectories from different seeds diverge in the space of functions (%s).", name),
			Measured: fmt.Sprintf("mean distance to the other seeds: first weights %s, last epoch %s", lab.Summary(first), lab.Summary(last)),
			Holds:    below == len(first), Rule: fmt.Sprintf("larger after the last epoch for every seed (%d of %d)", below, len(first)), Figure: "functions_pca.svg",
		})
	}
}
