package main

import (
	"fmt"
	"slices"

	"capas/experiments/internal/likelihood"
	"capas/experiments/lab"
)

// maxGap is how much of the bound the recipe's updates of mean field may miss, in nats.
const maxGap = 0.1

// claims judges the machines that were trained.
func (r *reporter) claims() {
	r.likelier("Training all layers together makes the deep Boltzmann machine a better model than its layers trained one after the other (Salakhutdinov & Hinton 2009).", methodDBM, greedy)
	r.likelier("A deep Boltzmann machine of two hidden layers, trained together, is a better model than a deep belief network of as many units whose layers were trained one after the other (Salakhutdinov & Hinton 2009).", methodDBM, methodDBN)
	r.likelier("A deep Boltzmann machine of two hidden layers is a better model than the RBM of its first layer.", methodDBM, methodRBM)
	if len(r.present([]string{methodDBM})) > 0 {
		gap := r.Values(methodDBM + ".bound_gap")
		r.Claim(lab.Claim{
			Section: "2.3", Claim: fmt.Sprintf("Mean field needs few updates: %d are enough (Salakhutdinov & Hinton 2009).", r.Recipe.Updates),
			Measured: fmt.Sprintf("the bound after %d updates is below that after %d by %s nats an image", r.Recipe.Updates, shownUpdates*r.Recipe.Updates, lab.Summary(gap)),
			Holds:    slices.Max(gap) < maxGap, Rule: fmt.Sprintf("below %g nats for every seed", maxGap), Figure: "mean_field_gap.svg",
		})
	}
	r.fewerErrors("A deep Boltzmann machine is a better start for a classifier than random weights, each fine-tuned at the rate that suits it (Salakhutdinov & Hinton 2009).", methodDBM, methodRandom)
	r.fewerErrors("Layers pretrained as RBMs, as a deep belief network, are a better start for a classifier than random weights.", methodDBN, methodRandom)
	r.fewerErrors("A deep Boltzmann machine is a better start for a classifier than a deep belief network of as many units, its layers trained one after the other.", methodDBM, methodDBN)
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

// likelier claims that machine a makes the test images likelier than b.
func (r *reporter) likelier(claim, a, b string) {
	if len(r.present([]string{a, b})) < 2 {
		return
	}
	r.Claim(likelihood.Above(lab.Claim{Section: "2.3", Claim: claim, Figure: "likelihood.svg"}, "log-likelihood or bound (nats/image)", r.machine(a), r.machine(b)))
}

// machine is a machine with its estimates by seed.
func (r *reporter) machine(name string) likelihood.Machine {
	m := likelihood.Machine{Name: title(name)}
	for _, seed := range r.Seeds {
		m.Seeds = append(m.Seeds, r.of(name, seed).likelihood[name])
	}
	return m
}
