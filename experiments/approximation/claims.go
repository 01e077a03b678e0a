package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"capas/experiments/lab"
)

const section = "2.1"

// Rules of the verdicts.
const (
	fitted   = 0.05 // of the target's standard deviation: a fit
	worse    = 10   // times as large outside as inside
	rounding = 1e-5 // of float32 outputs of the size of 1
	overfit  = 0.5  // of the noise's deviation: the noise is fitted; the function itself is off by about 1
	order    = 0.2  // how far the exponent of the constructed networks' error may be from −2
)

// claims judges everything that was measured.
func (r *reporter) claims() {
	narrow, wide := r.Recipe.Widths[0], r.Recipe.greatest()
	for _, f := range r.functions {
		first, last := over(r.measured[r.main(f, narrow)], fit), over(r.measured[r.main(f, wide)], fit)
		small, falls := 0, 0
		for i := range last {
			small += count(last[i] < fitted)
			falls += count(last[i] < first[i])
		}
		n := len(last)
		r.Claim(lab.Claim{
			Section: section, Claim: fmt.Sprintf("One hidden layer, if it is wide enough, is trained to fit any function: here one of up to %d units fits %s, %s.", wide, f.name, f.words),
			Measured: fmt.Sprintf("error on the points: %s %s %%, %s %s %% of the target's standard deviation; the best output layer on the same hidden units would have %s %%, on %d untrained units %s %%",
				units(narrow), percent(first), units(wide), percent(last), percent(over(r.measured[r.main(f, wide)], output)), drawnTimes*wide, percent(over(r.measured[r.main(f, wide)], drawn))),
			Holds: small == n && falls == n,
			Rule:  fmt.Sprintf("with %d units below %g %% for every seed (%d of %d), and smaller than with %d (%d of %d)", wide, 100*fitted, small, n, narrow, falls, n), Figure: "fit.svg",
		})
	}
	for _, f := range r.curves {
		if f.curvature > 0 {
			r.construction(f)
		}
	}
	for _, f := range r.curves {
		r.Compare(lab.Comparison{
			Section: section, Claim: fmt.Sprintf("What can be approximated need not be learned: %d ReLU units with weights set by hand are closer to %s than the same units trained.", wide, f.name),
			What: "error between the points, % of the target's standard deviation", A: "constructed", B: "trained", Scale: 100,
			MetricA: handMetric(f, wide, "inside"), MetricB: metric(relu(f, wide), "inside"), Figure: "learned_" + f.name + ".svg",
		})
	}
	for _, f := range r.curves {
		m := r.measured[r.main(f, wide)]
		in, out, times := over(m, inside), over(m, outside), 0
		for i := range in {
			times += count(out[i] > worse*in[i])
		}
		r.Claim(lab.Claim{
			Section: section, Claim: fmt.Sprintf("Nothing guarantees generalisation: the fit of %s does not go on outside of the data.", f.name),
			Measured: fmt.Sprintf("%s: error inside %s %%, outside %s %%; outside with %s %s %%; going on as a constant %.3g %%",
				units(wide), percent(in), percent(out), units(narrow), percent(over(r.measured[r.main(f, narrow)], outside)), 100*continued(f, false)),
			Holds: times == len(in), Rule: fmt.Sprintf("with %d units the error is more than %d times as large outside as inside for every seed (%d of %d)", wide, worse, times, len(in)),
			Figure: "outside_" + f.name + ".svg",
		})
	}
	r.noiseClaims(wide)
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// construction judges the networks made by hand, for which there is a theorem.
func (r *reporter) construction(f target) {
	w := r.Recipe.Widths
	at := func(width int) float64 { return r.made[kind{function: f.name, width: width}].farthest }
	below := 0
	for _, n := range w {
		below += count(at(n) <= bound(f, n)+rounding)
	}
	before, last := w[len(w)-2], w[len(w)-1]
	exponent := math.Log(at(last)/at(before)) / math.Log(float64(last)/float64(before))
	r.Claim(lab.Claim{
		Section: section, Claim: fmt.Sprintf("One hidden layer of n units can approximate %s, with an error that falls as 1/n²: there are weights that do.", f.name),
		Measured: fmt.Sprintf("greatest error of the constructed network with %d units %.3g, bound %.3g; exponent between %d and %d units %.2f", last, at(last), bound(f, last), before, last, exponent),
		Holds:    below == len(w) && math.Abs(exponent+2) <= order,
		Rule:     fmt.Sprintf("at most Mh²/8, to within %g, at every width (%d of %d), and an exponent within %g of −2", rounding, below, len(w), order),
		Figure:   "constructed.svg",
	})
}

// noiseClaims judges the fits of noisy points.
func (r *reporter) noiseClaims(wide int) {
	last := over(r.measured[r.noisy(wide)], fit)
	small := 0
	for _, v := range last {
		small += count(v < overfit*r.Recipe.Noise)
	}
	r.Claim(lab.Claim{
		Section: section, Claim: "A wide hidden layer fits the noise of the data.",
		Measured: fmt.Sprintf("training error with %d units: %s; noise: %g", wide, lab.Summary(last), r.Recipe.Noise),
		Holds:    small == len(last), Rule: fmt.Sprintf("below %g of the noise's standard deviation, which would be the error of the function itself, for every seed (%d of %d)", overfit, small, len(last)), Figure: "noise.svg",
	})
	chosen := r.validated()
	a, b := over(r.measured[r.noisy(wide)], inside), over(r.measured[r.noisy(chosen)], inside)
	_, _, above, err := lab.SignOverSeeds(a, b)
	r.Claim(lab.Claim{
		Section: section, Claim: "With noisy data, a wide hidden layer that fits them better generalises worse than a smaller one.",
		Measured: fmt.Sprintf("test error: %s %s; %s, which validation chose, %s; the mean is smallest with %s, largest with %s",
			units(wide), lab.Summary(a), units(chosen), lab.Summary(b), units(r.extremeTest(1)), units(r.extremeTest(-1))),
		Holds: err == nil && chosen < wide && above == len(a), Rule: fmt.Sprintf("larger for every seed (%d of %d) than with fewer units that validation chose", above, len(a)),
		Figure: "noise.svg",
	})
}

// extremeTest is the width with the smallest mean test error, or, with sign −1, the
// largest. It is told, and decides nothing.
func (r *reporter) extremeTest(sign float64) int {
	return slices.MinFunc(r.Recipe.Widths, func(a, b int) int {
		x, _ := lab.Summarize(over(r.measured[r.noisy(a)], inside))
		y, _ := lab.Summarize(over(r.measured[r.noisy(b)], inside))
		return cmp.Compare(sign*x, sign*y)
	})
}
