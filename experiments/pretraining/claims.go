package main

import (
	"fmt"
	"slices"

	"capas/blocks"
	"capas/experiments/lab"
)

// claims states what the lecture says about these networks and whether the numbers
// bear it out. Every rule wants the same sign for every seed.
func (r *reporter) claims() {
	if len(r.Seeds) < lab.MinSeeds {
		r.Section("Verdicts", fmt.Sprintf("None: a verdict takes at least %d seeds.", lab.MinSeeds))
		return
	}
	deep := len(r.Recipe.Layers) > 2 && r.Recipe.Activation == blocks.Sigmoid()
	if deep && r.has(initNormal) && r.Recipe.FineTune.NormEvery > 0 {
		ratio := r.Values(initNormal + ".gradient_ratio")
		r.Claim(lab.Claim{
			Section: "3.1", Claim: "From random weights N(0, 1/√n) the error that is propagated back is lost on its way to the input: the first layers hardly learn.",
			Measured: "gradient of the first hidden layer's weights over that of the last one's: " + lab.Summary(ratio),
			Holds:    slices.Max(ratio) < 0.1, Rule: "below 0.1 for every seed", Figure: "gradient_norms.svg",
		})
	}
	if deep && r.has(initNormal) {
		test := r.Values(initNormal + ".test_error")
		r.Claim(lab.Claim{
			Section: "3.1", Claim: "A deep network of sigmoid units cannot be trained from random weights N(0, 1/√n).",
			Measured: "test error " + lab.Summary(lab.Scaled(test, 100)) + " %",
			Holds:    slices.Min(test) > 0.5, Rule: "more than half of the test images wrong for every seed", Figure: "test_error.svg",
		})
	}
	for _, pretrained := range []string{initDBN, initSDAE} {
		for _, random := range []string{initNormal, initGlorot} {
			if r.has(pretrained) && r.has(random) {
				r.Compare(lab.Comparison{
					Section: "3.2", Claim: fmt.Sprintf("Fine-tuned by the same recipe, the network pretrained as %s has a smaller test error than the one from random weights (%s).",
						stackName(pretrained), random),
					What: "test error (%)", A: pretrained, B: random, MetricA: pretrained + ".test_error", MetricB: random + ".test_error", Scale: 100, Figure: "test_error.svg",
				})
			}
		}
	}
	for _, pretrained := range []string{initDBN, initSDAE} {
		if r.has(pretrained) && r.has(initGlorot) && !r.Recipe.AllImages {
			r.Compare(lab.Comparison{
				Section: "2.2", Claim: fmt.Sprintf("Pretraining as %s is a head start: after one epoch of fine-tuning the network is ahead of the one from random weights (%s).",
					stackName(pretrained), initGlorot),
				What: "validation error after one epoch (%)", A: pretrained, B: initGlorot, MetricA: pretrained + ".first_validation_error", MetricB: initGlorot + ".first_validation_error",
				Scale: 100, Figure: "validation_error.svg",
			})
		}
	}
}

func stackName(init string) string {
	if init == initDBN {
		return "a deep belief network"
	}
	return "a stack of denoising autoencoders"
}

func (r *reporter) has(init string) bool { return slices.Contains(r.Recipe.Inits, init) }
