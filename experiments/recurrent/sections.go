package main

import (
	"fmt"
	"math"
	"slices"

	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
	"capas/train"
)

// mnist reports digits read row by row.
func (r *reporter) mnist() error {
	t := r.Recipe.MNIST
	r.Section("MNIST row by row", fmt.Sprintf("A network of %d cells reads an image from the top, a row of pixels a step, and tells the class after the last one. It learns for %d epochs by %s, with a rate of %g at first and %.2g in the last epoch; "+
		"the parameters with the smallest validation error are kept.", t.Units, t.Train.Epochs, t.optimizer(), t.Train.Optimizer.Rate.Start, t.Train.Optimizer.Rate.At(t.Train.Epochs-1, t.Train.Epochs)))
	lines := figure.Lines{XLabel: "epoch", YLabel: "validation error (%)", LogY: true, Colors: r.colors}
	var rows [][]string
	for _, c := range r.Recipe.MNISTCells {
		s := spec{part: "mnist", kind: c.String()}
		r.metrics(s, "test_error")
		lines.Series = append(lines.Series, trial.Curve(c.String(), r.histories(s), trial.ValidationError))
		rows = append(rows, []string{c.String(), lab.Summary(lab.Scaled(r.Values(s.name()+".test_error"), 100))})
	}
	if err := r.chart("mnist.svg", "Validation error of digits read row by row", "", lines); err != nil {
		return err
	}
	r.Table("Test error in percent", []string{"cell", "test error"}, rows)
	if r.judged() {
		r.mnistClaims()
	}
	return nil
}

// grams is the order of the n-gram models that the character models are compared with, at most.
const grams = 3

// text reports the character models.
func (r *reporter) text() error {
	t, c := r.Recipe.Text, r.src.text
	r.Section("A character model", fmt.Sprintf("The text is this program's own source: %d characters to learn from and %d to be tested by, of %d kinds. A network of %d cells predicts each character from those before it. "+
		"The text is cut into %d sequences that are read side by side; the states are carried from one part of %d steps to the next, and gradients go back to the beginning of a part. "+
		"Validation and test are pieces of %d characters, each begun with empty states.", len(c.train), len(c.test), len(c.letters), t.Units, t.Train.Batch, t.Steps, c.pieceSteps()),
		"Beside it stand n-gram models, which know how often characters followed the n−1 before them, orders mixed as Witten & Bell do. They predict the same characters of the test text, and know those before a piece, too.")
	bits := c.ngramBits(grams)
	rows := [][]string{{"equal chances", fmt.Sprintf("%.3f", math.Log2(float64(len(c.letters))))}}
	for i, b := range bits {
		name := fmt.Sprintf("text.%d-gram.test_bits", i+1)
		for _, seed := range r.Seeds {
			r.Metric(name, seed, b)
		}
		rows = append(rows, []string{fmt.Sprintf("%d-gram", i+1), fmt.Sprintf("%.3f", b)})
	}
	lines := figure.Lines{XLabel: "epoch", YLabel: "validation bits per character", Colors: r.colors}
	for _, cell := range r.Recipe.TextCells {
		s := spec{part: "text", kind: cell.String()}
		r.metrics(s, "test_bits", "test_error")
		lines.Series = append(lines.Series, trial.Curve(cell.String(), r.histories(s), func(e train.Epoch) float64 { return validationLoss(e) / math.Ln2 }))
		rows = append(rows, []string{cell.String(), lab.Summary(r.Values(s.name() + ".test_bits"))})
	}
	if err := r.chart("text.svg", "Bits per character", "", lines); err != nil {
		return err
	}
	r.Table("Test bits per character", []string{"model", "bits"}, rows)
	for _, cell := range r.Recipe.TextCells {
		s := spec{part: "text", kind: cell.String(), seed: r.Seeds[0]}
		if r.outcome(s).Diverged {
			continue
		}
		r.Section(fmt.Sprintf("What the %s writes", cell), fmt.Sprintf("%d characters of seed %d, each drawn by the probabilities that the network gives, and read as its next input.", sampleLength, s.seed))
		r.Table("A sample", []string{"line"}, sampleLines(r.outcome(s).sample))
	}
	if r.judged() {
		r.textClaims()
	}
	return nil
}

// xor reports the temporal exclusive or.
func (r *reporter) xor() error {
	t := r.Recipe.XOR
	r.Section("Temporal XOR", fmt.Sprintf("A sequence of %d random bits, but that every third is the exclusive or of the two before it. A network of %d hidden units predicts the next bit; only every third can be known. "+
		"Elman's network feeds back its hidden units, Jordan's its outputs. Both learn from %d sequences by backpropagation through all steps.", t.Steps, t.Units, t.Sequences))
	lines := figure.Lines{XLabel: "step", YLabel: "mean squared error", FromZero: true, Colors: r.colors}
	var rows [][]string
	for _, kind := range []string{"elman", "jordan"} {
		s := spec{part: "xor", kind: kind}
		r.metrics(s, "test_error", "other_error")
		curve := figure.Series{Name: kind}
		for i := range t.Steps {
			curve.X = append(curve.X, float64(i+1))
		}
		for _, seed := range r.Seeds {
			s.seed = seed
			curve.Y = append(curve.Y, r.outcome(s).curve)
		}
		lines.Series = append(lines.Series, curve)
		rows = append(rows, []string{kind, lab.Summary(lab.Scaled(r.Values(s.name()+".test_error"), 100)), lab.Summary(lab.Scaled(r.Values(s.name()+".other_error"), 100))})
	}
	if err := r.chart("xor.svg", "Error of each prediction, as Elman drew it", "Chance is 0.25. Where the next bit is an exclusive or, the error falls.", lines); err != nil {
		return err
	}
	r.Table("Bits predicted wrong in percent", []string{"network", "every third bit", "the others"}, rows)
	if r.judged() {
		r.feedbackClaims("xor", "xor.svg")
	}
	return nil
}

// reber reports Reber's grammar.
func (r *reporter) reber() error {
	t := r.Recipe.Reber
	r.Section("Reber's grammar", fmt.Sprintf("Strings of a small graph, in which two symbols may follow most states, of %d symbols at most. Networks of %d hidden units learn to predict the next symbol from %d strings. A test string is right if "+
		"after each of its symbols all that may follow have larger outputs than all that may not.", t.Steps+1, t.Units, t.Sequences))
	var items []figure.Item
	var rows [][]string
	for _, kind := range []string{"elman", "jordan"} {
		s := spec{part: "reber", kind: kind}
		r.metrics(s, "test_error")
		values := lab.Scaled(r.Values(s.name()+".test_error"), 100)
		items = append(items, figure.Item{Category: kind, Name: kind, Values: values})
		rows = append(rows, []string{kind, lab.Summary(values)})
	}
	none := !slices.ContainsFunc(items, func(i figure.Item) bool { return hasValue(i.Values, false) })
	dots := figure.Dots{XLabel: "network", YLabel: "test strings that are not right (%)", FromZero: true, Items: items, Colors: r.colors}
	if !none {
		svg, err := dots.SVG()
		if err != nil {
			return err
		}
		r.files["reber.svg"] = true
		r.Figure("reber.svg", "Strings of Reber's grammar with a wrong prediction", dots.Spread(), svg)
	}
	r.Table("Test strings that are not right, in percent", []string{"network", "not right"}, rows)
	if r.judged() {
		r.feedbackClaims("reber", "reber.svg")
	}
	return nil
}
