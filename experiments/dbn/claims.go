package main

import (
	"fmt"
	"slices"

	"capas/experiments/internal/likelihood"
	"capas/experiments/lab"
)

// claims judges what the lecture and the paper say. Every rule wants the same for every seed.
func (r *reporter) claims() {
	if len(r.Seeds) < lab.MinSeeds {
		r.Section("Verdicts", fmt.Sprintf("None: a verdict takes at least %d seeds.", lab.MinSeeds))
		return
	}
	r.Compare(lab.Comparison{
		Section: "3.2", Claim: "Training all layers together by the up-down algorithm lowers the test error of the greedily trained network (Hinton, Osindero & Teh 2006).",
		What: "test error (%)", A: upDown, B: greedy, MetricA: upDown + ".test_error", MetricB: greedy + ".test_error", Scale: 100, Figure: errorFigure,
	})
	r.Compare(lab.Comparison{
		Section: "3.2", Claim: "Pretrained layer by layer, then fine-tuned by backpropagation, the network makes fewer errors than by its greedily trained memory.",
		What: "test error (%)", A: fineTuned, B: greedy, MetricA: fineTuned + ".test_error", MetricB: greedy + ".test_error", Scale: 100, Figure: errorFigure,
	})
	bounds := r.outcomes[0].bounds
	for i := 1; i < len(bounds); i++ {
		claim := fmt.Sprintf("Another layer, trained greedily on the codes of those below it, makes a better model of the images: %s (Hinton, Osindero & Teh 2006).", bounds[i].name())
		if bounds[i].upDown {
			claim = "The up-down algorithm makes the network a better model of the images (Hinton, Osindero & Teh 2006)."
		}
		r.Claim(likelihood.Above(lab.Claim{Section: "3.2", Claim: claim, Figure: boundFigure}, "lower bound of log p(v) (nats/image)", r.machine(i), r.machine(i-1)))
	}
	agreement := r.Values(upDown + ".agreement")
	images := lab.Summary(r.percents(upDown + ".agreement_from_images"))
	r.Claim(lab.Claim{
		Section: "2.3", Claim: "The network generates: asked for a class, it draws digits of that class (Hinton, Osindero & Teh 2006).",
		Measured: fmt.Sprintf("images taken for the class by a classifier: %s %%; from chains that began at images of the class: %s %%", lab.Summary(lab.Scaled(agreement, 100)), images),
		Holds:    slices.Min(agreement) >= agreed, Rule: fmt.Sprintf("at least %.0f %% for every seed", 100*agreed), Figure: drawnFigure(upDown),
	})
}

// machine is the network of one of the bounds, with its estimates by seed.
func (r *reporter) machine(bound int) likelihood.Machine {
	m := likelihood.Machine{Name: r.outcomes[0].bounds[bound].name()}
	for _, o := range r.outcomes {
		m.Seeds = append(m.Seeds, o.bounds[bound].Estimate)
	}
	return m
}

// agreed is the fraction of images drawn that have to be taken for what they were meant to be.
const agreed = 0.9
