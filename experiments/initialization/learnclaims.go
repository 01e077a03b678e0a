package main

import (
	"fmt"
	"slices"

	"capas/blocks"
	"capas/experiments/lab"
)

// learningClaims: the initialisations that the lecture recommends learn better than N(0,1).
func (r *reporter) learningClaims() {
	for _, c := range []struct {
		pair
		words string
	}{
		{pair{blocks.LeCunTanh(), blocks.LeCun()}, "LeCun's N(0, 1/√n)"},
		{pair{blocks.ReLU(), blocks.LectureReLU()}, "the lecture's N(0, 2/√n)"},
		{pair{blocks.ReLU(), blocks.He()}, "He's N(0, √(2/n))"},
		{pair{blocks.Tanh(), blocks.Xavier()}, "Xavier's N(0, 1/√m)"},
		{pair{blocks.LeCunTanh(), blocks.Xavier()}, "Xavier's N(0, 1/√m)"},
	} {
		r.learnsBetter(c.pair, pair{c.f, traditional()}, fmt.Sprintf("Networks of %s learn better from %s than from N(0, 1), each at its best rate.", c.f, c.words))
	}
	r.learnsBetter(pair{blocks.ReLU(), blocks.He()}, pair{blocks.ReLU(), blocks.LectureReLU()},
		"Of both figures for ReLU, √(2/n) (He et al. 2015) leads to a smaller error than the lecture's 2/√n, each at its best rate.")
}

func (r *reporter) learnsBetter(a, b pair, claim string) {
	for _, p := range []pair{a, b} {
		if !slices.Contains(r.Recipe.learners(), network{pair: p, width: r.Recipe.TrainWidth}) {
			return
		}
	}
	r.Compare(lab.Comparison{
		Section: "3.3", Claim: claim, What: "test error (%)", A: a.init.String(), B: b.init.String(),
		MetricA: a.String() + ".test_error", MetricB: b.String() + ".test_error", Scale: 100, Figure: r.figureIf("test_error.svg"),
	})
}

// symmetryClaims: equal weights stay equal, which makes one unit of a layer.
func (r *reporter) symmetryClaims() {
	for _, n := range r.Recipe.symmetric() {
		if r.of(n).diverged() > 0 {
			return // what became of its units was not measured, and its errors are guesses
		}
	}
	picture := r.figureIf("symmetry.svg")
	values := func(as, what string) []float64 { return r.Values("symmetry/" + as + "." + what) }
	r.Claim(lab.Claim{
		Section: "3.3", Claim: "Equal first weights do not become different: all units of a layer stay alike.",
		Measured: fmt.Sprintf("greatest distance between two units of a layer after training: from equal weights: %.3g; from weights 0: %.3g; from random ones: %.3g",
			slices.Max(values(equal, "distance")), slices.Max(values(zero, "distance")), slices.Max(values(drawn, "distance"))),
		Holds: slices.Max(values(equal, "distance")) == 0 && slices.Max(values(zero, "distance")) == 0, Rule: "0 for equal weights and weights 0, for every seed", Figure: picture,
	})
	same := append(values(equal, "agreement"), values(zero, "agreement")...)
	r.Claim(lab.Claim{
		Section: "3.3", Claim: "A network whose weights began equal is a network of one unit a layer.",
		Measured: fmt.Sprintf("test images on which it answers as the one unit a layer with the sum of the weights: %.2f %% at least; of random weights %s %%", 100*slices.Min(same), lab.Summary(percent(values(drawn, "agreement")))),
		Holds:    slices.Min(same) >= alike, Rule: fmt.Sprintf("at least %g %% for equal weights and weights 0, for every seed", 100*alike), Figure: picture,
	})
	for _, one := range []struct{ as, claim string }{
		{oneUnit, "Equal weights lead to the test error of a network of one unit a layer that is trained by itself, each at its best rate."},
		{twin, "Equal weights lead to the test error of a network of one unit a layer whose layers learn at the same speeds."},
	} {
		a, b := values(equal, "test_error"), values(one.as, "test_error")
		holds := true
		for s := range a {
			holds = holds && a[s]-b[s] < near && b[s]-a[s] < near
		}
		r.Claim(lab.Claim{
			Section: "3.3", Claim: one.claim,
			Measured: fmt.Sprintf("test error (%%): equal weights %s; one unit a layer %s", lab.Summary(percent(a)), lab.Summary(percent(b))),
			Holds:    holds, Rule: fmt.Sprintf("within %g points for every seed", 100*near), Figure: picture,
		})
	}
	random := r.of(r.Recipe.symmetric()[0]).String() + ".test_error"
	for _, as := range []string{equal, zero} {
		r.Compare(lab.Comparison{
			Section: "3.3", Claim: fmt.Sprintf("Random weights lead to a smaller error than %s, each at its best rate.", symmetryNames()[as]),
			What: "test error (%)", A: "random weights", B: symmetryNames()[as], MetricA: random, MetricB: "symmetry/" + as + ".test_error", Scale: 100, Figure: picture,
		})
	}
}
