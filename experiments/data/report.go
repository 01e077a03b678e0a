package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"capas/experiments/lab"
	"capas/experiments/lab/figure"
)

// reporter turns results into metrics, tables, figures and claims.
type reporter struct {
	*lab.Run[Recipe]
	all    results
	colors figure.Colors
}

// Files of figures that claims name.
const (
	errorFigure  = "error_by_labels.svg"
	gainFigure   = "pretraining_gain.svg"
	ratioFigure  = "pretraining_ratio.svg"
	layersFigure = "pretrained_layers.svg"
	gapFigure    = "overfitting.svg"
)

func report(run *lab.Run[Recipe], all results) error {
	var titles []string
	for _, name := range modelNames() {
		titles = append(titles, run.Recipe.model(name).title())
	}
	r := &reporter{Run: run, all: all, colors: figure.NewColors(titles...)}
	r.metrics()
	for _, part := range []func() error{r.errors, r.level, r.pretraining, r.layers, r.overfitting, r.rates} {
		if err := part(); err != nil {
			return err
		}
	}
	r.claims()
	return nil
}

// metrics by model and number of labels, such as deep.1000.test_error: test_error, of the
// parameters with the smallest cross-entropy on the validation images; validation_error
// and train_error, on the labelled images; rate, the one chosen; epoch, after which these
// parameters stood. Of deep and wide, gain: test errors without pretraining minus those
// with it.
func (r *reporter) metrics() {
	for _, x := range r.all {
		r.Metric(metric(x.model, x.labels, "test_error"), x.seed, x.test)
		r.Metric(metric(x.model, x.labels, "validation_error"), x.seed, x.validation)
		r.Metric(metric(x.model, x.labels, "train_error"), x.seed, x.train)
		r.Metric(metric(x.model, x.labels, "rate"), x.seed, x.rate)
		r.Metric(metric(x.model, x.labels, "epoch"), x.seed, float64(x.epoch))
	}
	for _, p := range r.pairs() {
		for _, n := range r.Recipe.Labels {
			random, pretrained := r.all.of(p.random, n), r.all.of(p.pretrained, n)
			for i, seed := range r.Seeds {
				r.Metric(metric(p.random, n, "gain"), seed, random[i].test-pretrained[i].test)
			}
		}
	}
}

func metric(model string, labels int, what string) string {
	return fmt.Sprintf("%s.%d.%s", model, labels, what)
}

// pair is a network without pretraining and with it.
type pair struct{ random, pretrained string }

// pairs are those of which both are among the models.
func (r *reporter) pairs() []pair {
	return slices.DeleteFunc([]pair{{wide, widePretrained}, {deep, deepPretrained}}, func(p pair) bool {
		return !slices.Contains(r.Recipe.Models, p.random) || !slices.Contains(r.Recipe.Models, p.pretrained)
	})
}

func (r *reporter) title(name string) string { return r.Recipe.model(name).title() }

// percents are a quantity of a model by seed, in percent.
func (r *reporter) percents(model string, labels int, of func(result) float64) []float64 {
	return lab.Scaled(r.all.of(model, labels).values(of), 100)
}

// mean of a quantity over seeds.
func (r *reporter) mean(model string, labels int, of func(result) float64) float64 {
	mean, _ := lab.Summarize(r.all.of(model, labels).values(of))
	return mean
}

// header is that of a table with a column for each number of labels.
func (r *reporter) header(first string) []string {
	out := []string{first}
	for _, n := range r.Recipe.Labels {
		out = append(out, strconv.Itoa(n))
	}
	return out
}

// byLabels is a table with a row for each model.
func (r *reporter) byLabels(title string, cell func(model string, labels int) string) {
	var rows [][]string
	for _, m := range r.Recipe.Models {
		row := []string{r.title(m)}
		for _, n := range r.Recipe.Labels {
			row = append(row, cell(m, n))
		}
		rows = append(rows, row)
	}
	r.Table(title, r.header("hidden units \\ labels"), rows)
}

// draw adds a line chart over numbers of labels; series gives the value of each seed.
func (r *reporter) draw(file, title, caption string, lines figure.Lines, names []string, value func(name string, labels int) []float64) error {
	lines.XLabel, lines.LogX, lines.Colors = "labelled images", true, r.colors
	for _, name := range names {
		s := figure.Series{Name: r.title(name), Y: make([][]float64, len(r.Seeds))}
		for _, n := range r.Recipe.Labels {
			s.X = append(s.X, float64(n))
			for i, v := range value(name, n) {
				s.Y[i] = append(s.Y[i], v)
			}
		}
		lines.Series = append(lines.Series, s)
	}
	svg, err := lines.SVG()
	if err != nil {
		return err
	}
	r.Figure(file, title, strings.TrimSpace(caption+" "+lines.Spread()), svg)
	return nil
}

func (r *reporter) errors() error {
	p := r.Recipe
	text := fmt.Sprintf("Each model learns from the same labelled images, balanced over the classes; small sets are parts of the larger ones. "+
		"A network takes %d steps of %d images at least, and passes %d times at least through its images; its rate falls to 0 in a straight line. "+
		"As many other images as are learned from, or all validation images where these are fewer, validate: they choose the rate and the epoch whose parameters are kept, both by the cross-entropy. "+
		"A model with n labels thus has used 2n at most. The test set is read once, with the networks chosen.",
		p.Steps, p.Train.Batch, p.Train.Epochs)
	choice := fmt.Sprintf("The rates are tried with seed %d alone. The networks of the other seeds learn at the rate that was best with it, of the same model and number of labels: "+
		"the spread over seeds is that of images, first weights and orders, and has no part in it from the choice of the rate.", r.Seeds[0])
	r.Section("Test error against the number of labels", text, choice)
	r.byLabels("Test error in percent, mean ± standard deviation over seeds", func(m string, n int) string {
		return lab.Summary(r.percents(m, n, testError))
	})
	return r.draw(errorFigure, "Test error by number of labels", "Both axes are logarithmic: a straight line is a power of the number of labels.",
		figure.Lines{YLabel: "test error (%)", LogY: true}, p.Models, func(m string, n int) []float64 { return r.percents(m, n, testError) })
}

// good is the model with the smallest validation error with few labels, of those given.
func (r *reporter) good(models []string) string {
	return slices.MinFunc(models, func(a, b string) int { return r.compare(a, b, r.Recipe.Few) })
}

// bad is the model with the largest validation error with all labels.
func (r *reporter) bad() string {
	return slices.MaxFunc(r.Recipe.Models, func(a, b string) int { return r.compare(a, b, r.Recipe.most()) })
}

// compare orders models by their mean validation error with so many labels.
func (r *reporter) compare(a, b string, labels int) int {
	x, y := r.mean(a, labels, validationError), r.mean(b, labels, validationError)
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// levelWith is where a model draws level with another one that has n labels.
func (r *reporter) levelWith(model, other string, n int) level {
	var errors []float64
	for _, k := range r.Recipe.Labels {
		errors = append(errors, r.mean(model, k, testError))
	}
	return levelOf(r.Recipe.Labels, errors, r.mean(other, n, testError))
}

func (r *reporter) level() error {
	if len(r.Recipe.Models) < 2 {
		return nil
	}
	good := r.good(r.Recipe.Models)
	r.Section("How much more data makes up for a worse model", fmt.Sprintf("The good model is the one with the smallest validation error with %d labels: %s. "+
		"The table says how many times as many labels every model needs for the test error that the good one has with the labels of the column; "+
		"between the numbers of labels that were measured, errors are taken from straight lines in the chart above.", r.Recipe.Few, r.title(good)))
	r.byLabels("How many times as many labels draw level with "+r.title(good), func(m string, n int) string {
		if m == good {
			return "1"
		}
		return r.levelWith(m, good, n).times(n)
	})
	return nil
}

func (r *reporter) rates() error {
	text := fmt.Sprintf("Of the rates %s of %s, tried with seed %d, the best for each model and number of labels; in brackets the epoch, of how many, after which that seed's parameters were best. "+
		"An epoch has %d images at least: smaller sets are repeated in it.", lab.Listed(r.Recipe.Rates), r.Recipe.Train.Optimizer.Kind, r.Seeds[0], r.Recipe.LeastEpoch)
	if n := len(r.Recipe.Rates); n > 1 {
		ends := 0
		for _, m := range r.Recipe.Models {
			for _, labels := range r.Recipe.Labels {
				if rate := r.all.of(m, labels)[0].rate; rate == r.Recipe.Rates[0] || rate == r.Recipe.Rates[n-1] {
					ends++
				}
			}
		}
		text += fmt.Sprintf(" %d of these %d are the smallest or the largest that was tried: there a rate beyond may be better still.", ends, len(r.Recipe.Models)*len(r.Recipe.Labels))
	}
	r.Section("Rates", text)
	r.byLabels("Rate (epoch of all)", func(m string, n int) string {
		x := r.all.of(m, n)[0]
		return fmt.Sprintf("%g (%d/%d)", x.rate, x.epoch, r.Recipe.Epochs(n))
	})
	return nil
}
