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

// Files of figures that claims name.
const (
	errorFigure       = "test_error.svg"
	contractionFigure = "contraction.svg"
	saturationFigure  = "saturation.svg"
	sparsityFigure    = "sparseness.svg"
	restoredFigure    = "restored.svg"
	curveFigure       = "validation_error.svg"
)

// report turns what was measured into metrics, tables, figures and claims.
func (x *experimenter) report() error {
	x.metrics()
	for _, part := range []func() error{x.errors, x.levels, x.codes, x.filters, x.restoration, x.curves} {
		if err := part(); err != nil {
			return err
		}
	}
	x.claims()
	return nil
}

// metrics by variant, such as cae.test_error: test_error, test_loss and train_error, of the
// parameters with the smallest validation error; validation_error, that error; first_validation_error,
// after one epoch; level (from 1, 0 where there are none) and rate, as chosen. Of the code
// before fine-tuning, of the validation images: contraction, the mean ‖J‖_F; saturated, the
// share of activations within 0.05 of 0 or 1; activation, their mean; sparseness, Hoyer's.
// restored: the squared error per image of the reconstruction of corrupted images.
func (x *experimenter) metrics() {
	for _, v := range x.Recipe.Variants {
		level := x.choice[v].level + 1
		if x.Recipe.levels(v) == nil {
			level = 0
		}
		for _, r := range x.chosen[v] {
			record := func(name string, value float64) { x.Metric(string(v)+"."+name, r.seed, value) }
			record("test_error", r.test)
			record("test_loss", r.testLoss)
			record("train_error", r.train)
			record("validation_error", r.validation())
			record("level", float64(level))
			record("rate", x.choice[v].rate)
			record("contraction", r.code.Contraction)
			record("saturated", r.code.Saturated)
			record("activation", r.code.Mean)
			record("sparseness", r.code.Sparseness)
			if r.history != nil {
				record("first_validation_error", trial.Value(r.history.Epochs[0].Validation, "error"))
			} else {
				record("first_validation_error", math.NaN())
			}
			if r.auto != nil {
				record("restored", r.restored)
			}
		}
	}
}

func (x *experimenter) values(v variant, what string) []float64 {
	return x.Values(string(v) + "." + what)
}

// has tells whether all of the variants were run.
func (x *experimenter) has(all ...variant) bool {
	return !slices.ContainsFunc(all, func(v variant) bool { return !slices.Contains(x.Recipe.Variants, v) })
}

// colors are the variants', the same in all figures.
func colors() figure.Colors {
	var names []string
	// Those of the learning curves first: there are more variants than colours.
	for _, v := range append(curved(), variants()...) {
		if !slices.Contains(names, v.label()) {
			names = append(names, v.label())
		}
	}
	return figure.NewColors(names...)
}

// curved are the variants of the learning curves.
func curved() []variant {
	return []variant{plain, masking, contractive, supervised, machine, sparseKL, randomWeights}
}

// bars adds a chart of a metric by variant, unless no value of it is a number: where there
// is one unit, for instance, codes have no sparseness.
func (x *experimenter) bars(file, title, y, what string, scale float64, of []variant) error {
	dots := figure.Dots{YLabel: y, Bars: true, Colors: colors()}
	for _, v := range of {
		values := lab.Scaled(x.values(v, what), scale)
		dots.Items = append(dots.Items, figure.Item{Name: v.label(), Values: values})
		x.drawn[file] = x.drawn[file] || slices.ContainsFunc(values, func(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) })
	}
	if !x.drawn[file] {
		return nil
	}
	svg, err := dots.SVG()
	if err != nil {
		return err
	}
	x.Figure(file, title, "Bars: mean; dots: single seeds.", svg)
	return nil
}

// setting is a choice in words.
func (x *experimenter) setting(v variant) string {
	c := x.choice[v]
	text := fmt.Sprintf("rate %g", c.rate)
	if s := x.Recipe.strength(v, c.level); s != "" {
		text = s + ", " + text
	}
	return text
}

// errors shows what the classifiers came to.
func (x *experimenter) errors() error {
	r := x.Recipe
	x.Section("Test error", fmt.Sprintf("One hidden layer of %d sigmoid units, pretrained on %d images without labels (supervised: with them), then fine-tuned with their labels by %s in %s, at most %d epochs%s. "+
		"The parameters with the smallest error on %d validation images are kept, and the test set of %d images is read once with them. Rifai et al. 2011 have 1000 units and 50,000 images of MNIST. Pretraining comes on top of fine-tuning: random first weights are trained for fewer epochs in all.",
		r.Hidden, x.images[x.Seeds[0]].Len(), r.FineTune.Optimizer.Kind, trial.Batches(r.FineTune.Batch), r.FineTune.Epochs, r.dropout(), x.data.Validation.Len(), x.data.Test.Len()))
	var rows [][]string
	for _, v := range r.Variants {
		published := ""
		if p := v.published(); p > 0 {
			published = fmt.Sprintf("%.2f", p)
		}
		rows = append(rows, []string{v.label(), x.setting(v), percent(x.values(v, "test_error")), published, percent(x.values(v, "validation_error")), percent(x.values(v, "train_error"))})
	}
	x.Table("Error in percent, mean ± standard deviation over seeds", []string{"variant", "chosen", "test", "Rifai et al., MNIST", "validation", "training"}, rows)
	x.withoutGain()
	return x.bars(errorFigure, "Test error by pretraining", "test error (%)", "test_error", 100, r.Variants)
}

// levels shows how levels and rates were chosen.
func (x *experimenter) levels() error {
	text, tries := fmt.Sprintf("The smallest validation error in fine-tuning, at every level and rate, with seed %d. Each variant is used at its own best.", x.Seeds[0]), 1
	for _, v := range x.Recipe.Variants {
		tries = max(tries, len(x.Recipe.levels(v))) // those that have any have as many: see checkLevels
	}
	if tries > 1 {
		text += fmt.Sprintf(" Those with a level are tried %d times as often as the others.", tries)
	}
	x.Section("How they were chosen", text)
	header := []string{"variant", "level"}
	for _, rate := range x.Recipe.Rates {
		header = append(header, fmt.Sprintf("rate %g", rate))
	}
	var rows [][]string
	for _, v := range x.Recipe.Variants {
		for level, o := range x.tried[v] {
			row := []string{v.label(), x.Recipe.strength(v, level)}
			for _, t := range o.tuned {
				cell := "diverged"
				if t.history != nil {
					cell = fmt.Sprintf("%.2f", 100*t.validation())
				}
				if x.choice[v] == (choice{level, t.rate}) {
					cell += " (chosen)"
				}
				row = append(row, cell)
			}
			rows = append(rows, row)
		}
	}
	x.Table("Validation error (%)", header, rows)
	return nil
}

// curves shows the fine-tuning.
func (x *experimenter) curves() error {
	chart := figure.Lines{XLabel: "epoch", YLabel: "validation error (%)", LogY: true, Colors: colors()}
	for _, v := range curved() {
		if !x.has(v) {
			continue
		}
		var histories []*train.History
		for _, r := range x.chosen[v] {
			if r.history != nil {
				histories = append(histories, r.history)
			}
		}
		if len(histories) > 0 {
			chart.Series = append(chart.Series, trial.Curve(v.label(), histories, trial.ValidationError))
		}
	}
	if len(chart.Series) == 0 {
		return nil
	}
	x.Section("Learning curves", "Fine-tuning of some of the variants, each at its own rate.")
	svg, err := chart.SVG()
	if err != nil {
		return err
	}
	x.Figure(curveFigure, "Validation error in fine-tuning", chart.Spread(), svg)
	return nil
}
