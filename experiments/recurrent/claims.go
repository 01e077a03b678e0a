package main

import (
	"fmt"
	"slices"
	"strings"

	"capas/experiments/lab"
)

// memoryClaims judges the cells at the greatest length.
func (r *reporter) memoryClaims(m memory, file string) {
	n := r.Recipe.Lengths[len(r.Recipe.Lengths)-1]
	for _, c := range r.Recipe.Cells {
		values := r.Values(spec{part: m.part, kind: c.String(), length: n}.name() + "." + m.metric)
		claim := lab.Claim{Section: "2.3", Figure: r.drawn(file), Measured: fmt.Sprintf("%s of the seeds: %s; learning rates tried: %s", m.what, numbers(lab.Scaled(values, m.scale)), lab.Listed(r.Recipe.Rates))}
		if c.Gates() == 1 {
			claim.Claim = fmt.Sprintf("%s over %d steps: a basic recurrent network (%s) does not learn it.", m.title, n, c)
			claim.Rule = fmt.Sprintf("above %.3g for every seed", m.scale*m.failed)
			claim.Holds = !slices.ContainsFunc(values, func(v float64) bool { return !(v > m.failed) })
		} else {
			claim.Claim = fmt.Sprintf("%s over %d steps: %s solves it.", m.title, n, c)
			claim.Rule = fmt.Sprintf("below %.3g for every seed", m.scale*m.solved)
			claim.Holds = !slices.ContainsFunc(values, func(v float64) bool { return !(v < m.solved) })
		}
		r.Claim(claim)
	}
}

// numbers are the values of the seeds, as text.
func numbers(values []float64) string {
	var all []string
	for _, v := range values {
		all = append(all, fmt.Sprintf("%.3g", v))
	}
	return strings.Join(all, ", ")
}

// gradientClaims compares the basic cells with those that have gates, open.
func (r *reporter) gradientClaims() {
	for _, basic := range r.Recipe.Cells {
		for _, gated := range r.Recipe.Cells {
			if basic.Gates() > 1 || gated.Gates() == 1 {
				continue
			}
			a, b := variant{gated, true}, variant{basic, true}
			r.Compare(lab.Comparison{
				Section: "2.3", Claim: fmt.Sprintf("Through %d steps, the gradient of a basic network (%s) loses more than that of %s.", r.Recipe.GradientSteps, basic, gated),
				What: "log₁₀ of the first step's gradient relative to the last one's", A: a.label(), B: b.label(),
				MetricA: "gradient." + a.name() + ".log10", MetricB: "gradient." + b.name() + ".log10", Larger: true, Figure: r.drawn("gradient.svg"),
			})
		}
	}
}

// mnistClaims: an accuracy of 98 %.
func (r *reporter) mnistClaims() {
	for _, c := range r.Recipe.MNISTCells {
		values := r.Values(spec{part: "mnist", kind: c.String()}.name() + ".test_error")
		r.Claim(lab.Claim{
			Section: "2.3", Claim: fmt.Sprintf("%s tells at least 98 %% of the digits that it reads row by row.", c), Figure: r.drawn("mnist.svg"),
			Measured: "test error of the seeds in percent: " + numbers(lab.Scaled(values, 100)), Rule: "a test error of at most 2 % for every seed",
			Holds: !slices.ContainsFunc(values, func(v float64) bool { return !(v <= 0.02) }),
		})
	}
}

// textClaims compares with the n-gram model that sees two characters.
func (r *reporter) textClaims() {
	for _, c := range r.Recipe.TextCells {
		r.Compare(lab.Comparison{
			Section: "2.3", Claim: fmt.Sprintf("A character model of %s needs fewer bits than one that counts what follows two characters.", c),
			What: "test bits per character", A: c.String(), B: fmt.Sprintf("%d-gram", grams),
			MetricA: "text." + c.String() + ".test_bits", MetricB: fmt.Sprintf("text.%d-gram.test_bits", grams), Figure: r.drawn("text.svg"),
		})
	}
}

// feedbackClaims: Elman's network learns the task, and the temporal exclusive or better than Jordan's.
func (r *reporter) feedbackClaims(part, file string) {
	what := map[string]string{"xor": "bits that are an exclusive or, predicted wrong (%)", "reber": "test strings that are not right (%)"}[part]
	values := r.Values(part + ".elman.test_error")
	r.Claim(lab.Claim{
		Section: "2.3", Figure: r.drawn(file), Claim: map[string]string{
			"xor":   "A fully recurrent network (Elman) learns the temporal exclusive or.",
			"reber": "A fully recurrent network (Elman) learns Reber's grammar.",
		}[part],
		Measured: fmt.Sprintf("%s, of the seeds: %s", what, numbers(lab.Scaled(values, 100))), Rule: "at most 5 % for every seed",
		Holds: !slices.ContainsFunc(values, func(v float64) bool { return !(v <= 0.05) }),
	})
	if part == "xor" {
		r.Compare(lab.Comparison{
			Section: "2.3", Claim: "What a network fed back by its outputs (Jordan) keeps must show in them: in the temporal exclusive or it errs more than Elman's.",
			What: what, A: "jordan", B: "elman", MetricA: "xor.jordan.test_error", MetricB: "xor.elman.test_error", Scale: 100, Larger: true, Figure: r.drawn(file),
		})
	}
}

// sampleLines are the rows of a table with a text, tabs as four spaces that a browser keeps.
func sampleLines(text string) (rows [][]string) {
	for line := range strings.SplitSeq(strings.Trim(text, "\n"), "\n") {
		rows = append(rows, []string{strings.ReplaceAll(line, "\t", strings.Repeat("\u00a0", 4))})
	}
	return rows
}
