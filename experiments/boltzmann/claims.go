package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"capas/experiments/lab"
)

// claims judges the trained machines.
func (r *reporter) claims() {
	r.learned()
	r.estimates()
	compare := func(claim string, a, b kind, what, metric, file string) {
		r.Compare(lab.Comparison{
			Section: "2.3", Claim: claim, What: what, Larger: true, Figure: file,
			A: string(a), MetricA: metricOf(large, a, metric), B: string(b), MetricB: metricOf(large, b, metric),
		})
	}
	const what, metric = "test log-likelihood (nats an image)", "test_log_likelihood"
	compare("Contrastive divergence with more Gibbs steps leads to a larger likelihood: CD-10 against CD-1, equal updates (Salakhutdinov & Murray 2008).", cd10, cd1, what, metric, likelihoodFigure)
	compare("Persistent contrastive divergence leads to a larger likelihood than CD-1 at the same cost (Tieleman 2008).", pcd, cd1, what, metric, likelihoodFigure)
	compare("Parallel tempering leads to a larger likelihood than persistent chains without it, equal updates (Desjardins et al. 2010).", pt, pcd, what, metric, likelihoodFigure)
	compare(fmt.Sprintf("Parallel tempering leads to a larger likelihood than CD-10, equal updates; %d and 10 Gibbs steps for each negative example (Desjardins et al. 2010).", r.Recipe.Levels), pt, cd10, what, metric, stepsFigure)
	r.reconstructions()
	compare("Chains from coin flips end farther from the data's free energy in a machine trained by CD-1 than in one trained by persistent chains (Tieleman 2008).", cd1, pcd,
		"difference of mean free energies (nats)", "noise_drift", chainsFigure)
	if r.asPublished() {
		last := r.Values("tutorial.pseudo_likelihood")
		r.Claim(lab.Claim{
			Section: "2.3", Claim: fmt.Sprintf("The Deep Learning Tutorials' restricted Boltzmann machine has a pseudo-likelihood of %d or more after 15 epochs; they report %g.", tutorialGoal, publishedLast),
			Measured: lab.Summary(last), Holds: slices.Min(last) >= tutorialGoal, Rule: fmt.Sprintf("at least %d for every seed", tutorialGoal), Figure: tutorialFigure,
		})
	}
}

// learned judges whether the machines learn anything beyond the pixels' frequencies.
func (r *reporter) learned() {
	plain := r.Values("independent.test_log_likelihood")
	holds, words := true, []string{"independent pixels " + lab.Summary(plain)}
	for _, k := range kinds() {
		v := r.values(large, k, "test_log_likelihood")
		_, _, above, err := lab.SignOverSeeds(v, plain)
		holds = holds && err == nil && above == len(v)
		words = append(words, fmt.Sprintf("%s %s", k, lab.Summary(v)))
	}
	r.Claim(lab.Claim{
		Section: "2.4", Claim: "Restricted Boltzmann machines learn without labels: they give unseen images a larger likelihood than independent pixels do.",
		Measured: "test log-likelihood (nats an image): " + strings.Join(words, "; "),
		Holds:    holds, Rule: "larger for every kind of training and every seed", Figure: likelihoodFigure,
	})
}

// estimates judges annealed importance sampling where the truth is known.
func (r *reporter) estimates() {
	worst, inside, bracketed, width, count := 0.0, 0, 0, 0.0, 0
	for _, k := range kinds() {
		for _, seed := range r.Seeds {
			f := r.final[r.chosen(exact, k, seed)]
			count++
			worst = max(worst, math.Abs(f.forward.LogZ-f.logZ))
			if f.forward.Low <= f.logZ && f.logZ <= f.forward.High {
				inside++
			}
			if f.forward.Low <= f.logZ && f.logZ <= f.reverse.High {
				bracketed++
			}
			width = max(width, f.reverse.High-f.forward.Low)
		}
	}
	r.Claim(lab.Claim{
		Section: "2.3", Claim: fmt.Sprintf("Annealed importance sampling agrees with the enumeration of 2^%d states (Salakhutdinov & Murray 2008).", r.Recipe.Exact.Hidden),
		Measured: fmt.Sprintf("off by %.3f nats at most; exact value within three standard errors for %d of %d machines", worst, inside, count),
		Holds:    worst <= 0.5 && inside == count, Rule: "within 0.5 nats and inside its own error bar for every machine", Figure: checkFigure,
	})
	r.Claim(lab.Claim{
		Section: "2.3", Claim: "Forward and reversed annealed importance sampling bracket log Z (Grosse, Ghahramani & Adams 2015).",
		Measured: fmt.Sprintf("exact value between the lower end of the forward bar and the upper end of the reversed one for %d of %d machines; these are %.3f nats apart at most", bracketed, count, width),
		Holds:    bracketed == count && width <= 1, Rule: "between them for every machine, and no bracket wider than 1 nat", Figure: checkFigure,
	})
}

// reconstructions judges whether the reconstruction error ranks the machines.
func (r *reporter) reconstructions() {
	wrong := 0
	var words []string
	for i := range r.Seeds {
		least, best := kinds()[0], kinds()[0]
		for _, k := range kinds() {
			if r.values(large, k, "reconstruction")[i] < r.values(large, least, "reconstruction")[i] {
				least = k
			}
			if r.values(large, k, "test_log_likelihood")[i] > r.values(large, best, "test_log_likelihood")[i] {
				best = k
			}
		}
		if least != best {
			wrong++
		}
		words = append(words, fmt.Sprintf("seed %d: smallest error %s, largest likelihood %s", r.Seeds[i], least, best))
	}
	r.Claim(lab.Claim{
		Section: "2.3", Claim: "The reconstruction error does not tell which machine is best (Hinton 2010).",
		Measured: strings.Join(words, "; "), Holds: wrong == len(r.Seeds),
		Rule: "for every seed, the machine with the smallest reconstruction error is not the one with the largest test log-likelihood", Figure: reconstructionFigure,
	})
}
