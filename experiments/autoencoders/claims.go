package main

import (
	"fmt"
	"strings"

	"capas/experiments/lab"
)

// claims are the lecture's, of sections 2.3 and 3.2, and those of the papers behind them,
// and whether the numbers bear them out. A verdict takes three seeds, all of which must
// agree.
func (x *experimenter) claims() {
	if len(x.Seeds) < lab.MinSeeds {
		x.Section("Verdicts", fmt.Sprintf("None: a verdict takes at least %d seeds.", lab.MinSeeds))
		return
	}
	x.leastContraction()
	x.compare("2.3", "Activations of a contractive autoencoder saturate more than those of a plain one (Rifai et al. 2011).",
		"saturated activations (%)", "saturated", 100, true, contractive, plain, saturationFigure)
	for _, v := range []variant{sparseKL, sparseL1} {
		x.compare("2.3", fmt.Sprintf("The code of %s is sparser than that of a plain one.", v.title()), "Hoyer's sparseness", "sparseness", 1, true, v, plain, sparsityFigure)
	}
	x.compare("2.3", "A denoising autoencoder restores corrupted digits better than a plain one (Vincent et al. 2010).",
		"squared error per image", "restored", 1, false, masking, plain, restoredFigure)
	// The order of Rifai et al. 2011: CAE < DAE < AE.
	for _, p := range []struct{ a, b variant }{
		{contractive, masking}, {contractive, gaussian}, {masking, plain}, {gaussian, plain}, {contractive, plain}, {decay, plain}, {higherOrder, contractive},
	} {
		x.error("2.3", fmt.Sprintf("Pretrained as %s, the classifier has a smaller test error than as %s (Rifai et al. 2011).", p.a.title(), p.b.title()), p.a, p.b)
	}
	for _, v := range variants() {
		if v != randomWeights && v != supervised {
			x.error("3.2", fmt.Sprintf("Pretrained as %s, the classifier has a smaller test error than from random first weights.", v.title()), v, randomWeights)
		}
	}
	for _, v := range []variant{plain, machine} {
		x.error("3.2", fmt.Sprintf("Pretrained without labels, as %s, the classifier has a smaller test error than after supervised greedy pretraining (Bengio et al. 2007).", v.title()), v, supervised)
	}
	x.error("3.2", "Supervised greedy pretraining gives a smaller test error than random first weights (Bengio et al. 2007).", supervised, randomWeights)
}

// error compares the test errors of two variants, if both were run.
func (x *experimenter) error(section, claim string, a, b variant) {
	x.compare(section, claim, "test error (%)", "test_error", 100, false, a, b, errorFigure)
}

func (x *experimenter) compare(section, claim, what, metric string, scale float64, larger bool, a, b variant, figure string) {
	if !x.has(a, b) {
		return
	}
	x.Compare(lab.Comparison{
		Section: section, Claim: claim, What: what, A: a.label(), B: b.label(), MetricA: string(a) + "." + metric, MetricB: string(b) + "." + metric,
		Scale: scale, Larger: larger, Figure: x.ifDrawn(figure),
	})
}

// ifDrawn is a figure's file; "" if there was nothing to draw.
func (x *experimenter) ifDrawn(file string) string {
	if x.drawn[file] {
		return file
	}
	return ""
}

// leastContraction is that the penalty does what it says. The variant of higher order has
// the same penalty and more, and is not one of the others.
func (x *experimenter) leastContraction() {
	if !x.has(contractive) {
		return
	}
	mine := x.values(contractive, "contraction")
	parts, count, all := []string{contractive.label() + " " + lab.Summary(mine)}, 0, 0
	for _, v := range x.Recipe.Variants {
		if !v.autoencoder() || v == contractive || v == higherOrder {
			continue
		}
		other := x.values(v, "contraction")
		parts = append(parts, v.label()+" "+lab.Summary(other))
		for i := range mine {
			all++
			if mine[i] < other[i] {
				count++
			}
		}
	}
	if all == 0 {
		return
	}
	x.Claim(lab.Claim{
		Section: "2.3", Claim: "The code of a contractive autoencoder moves less with the image than those of the autoencoders without that penalty (Rifai et al. 2011).",
		Measured: "mean ‖J‖: " + strings.Join(parts, ", "), Holds: count == all,
		Rule: fmt.Sprintf("smaller than that of each of them for every seed (%d of %d)", count, all), Figure: x.ifDrawn(contractionFigure),
	})
}
