package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"capas/experiments/lab"
)

// maxExcess, in nats, is by how much an estimate of log Z is too high with a probability of at
// most e⁻⁵, 0.7 %.
const maxExcess = 5

// maxGap is how much of the bound the recipe's updates of mean field may miss, in nats.
const maxGap = 0.1

// claims judges the machines that were trained.
func (r *reporter) claims() {
	r.likelier("Training all layers together makes the deep Boltzmann machine a better model than its layers trained one after the other (Salakhutdinov & Hinton 2009).", methodDBM, greedy)
	r.likelier("A deep Boltzmann machine of two hidden layers is a better model than a deep belief network of as many units (Salakhutdinov & Hinton 2009).", methodDBM, methodDBN)
	r.likelier("A deep Boltzmann machine of two hidden layers is a better model than the RBM of its first layer.", methodDBM, methodRBM)
	if len(r.present([]string{methodDBM})) > 0 {
		gap := r.Values(methodDBM + ".bound_gap")
		r.Claim(lab.Claim{
			Section: "2.3", Claim: fmt.Sprintf("Mean field needs few updates: %d are enough (Salakhutdinov & Hinton 2009).", r.Recipe.Updates),
			Measured: fmt.Sprintf("missing of the bound after %d updates, against %d: %s nats an image", r.Recipe.Updates, shownUpdates*r.Recipe.Updates, lab.Summary(gap)),
			Holds:    slices.Max(gap) < maxGap, Rule: fmt.Sprintf("below %g nats for every seed", maxGap), Figure: "mean_field_gap.svg",
		})
	}
	r.fewerErrors("A deep Boltzmann machine is a better start for a classifier than random weights, with the same fine-tuning (Salakhutdinov & Hinton 2009).", methodDBM, methodRandom)
	r.fewerErrors("Layers pretrained as RBMs, as a deep belief network, are a better start for a classifier than random weights.", methodDBN, methodRandom)
	r.fewerErrors("A deep Boltzmann machine is a better start for a classifier than a deep belief network of as many units.", methodDBM, methodDBN)
	r.fewerErrors("Training all layers of a deep Boltzmann machine together makes it a better start for a classifier.", methodDBM, greedy)
}

// fewerErrors claims that the test error is smaller from start a than from start b.
func (r *reporter) fewerErrors(claim, a, b string) {
	if len(r.present([]string{a, b})) < 2 {
		return
	}
	r.Compare(lab.Comparison{
		Section: "3.2", Claim: claim, What: "test error (%)", Scale: 100, Figure: "test_error.svg",
		A: title(a), MetricA: a + ".test_error", B: title(b), MetricB: b + ".test_error",
	})
}

// likelier claims that the bound of machine a is above that of b, by more than the errors of
// both estimates of log Z.
func (r *reporter) likelier(claim, a, b string) {
	if len(r.present([]string{a, b})) < 2 {
		return
	}
	values := func(name, what string) []float64 { return r.Values(name + "." + what) }
	boundA, boundB := values(a, "bound"), values(b, "bound")
	above, sure := 0, 0
	var differences []string
	for i := range boundA {
		difference := boundA[i] - boundB[i]
		// The larger log Z is, the smaller is the bound. An estimate of log Z is too high by more
		// than x with a probability of at most e^−x, however its chains are spread.
		margin := values(a, "log_z_high")[i] - values(a, "log_z")[i] + min(values(b, "log_z")[i]-values(b, "log_z_low")[i], maxExcess)
		if difference > 0 {
			above++
		}
		if difference > margin && !math.IsNaN(margin) {
			sure++
		}
		differences = append(differences, fmt.Sprintf("%.3g (%.2g)", difference, margin))
	}
	r.Claim(lab.Claim{
		Section: "2.3", Claim: claim,
		Measured: fmt.Sprintf("log-likelihood or bound (nats/image): %s %s; %s %s; difference by seed, with the error of the two estimates of log Z: %s", title(a), lab.Summary(boundA), title(b), lab.Summary(boundB), strings.Join(differences, ", ")),
		Holds:    sure == len(boundA),
		Rule:     fmt.Sprintf("above for every seed (%d of %d), by more than three standard errors of both estimates of log Z, of the second at most %d nats (%d of %d)", above, len(boundA), maxExcess, sure, len(boundA)),
		Figure:   "likelihood.svg",
	})
}
