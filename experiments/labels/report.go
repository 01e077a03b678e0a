package main

import (
	"fmt"
	"strconv"
	"strings"

	"capas/datasets"
	"capas/experiments/internal/fewlabels"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
	"capas/train"
)

// reporter turns results into metrics, tables, figures and claims.
type reporter struct {
	*lab.Run[Recipe]
	data   *datasets.Split
	all    results
	colors figure.Colors
}

// Files of figures.
const (
	errorFigure      = "error_by_labels.svg"
	gainFigure       = "gain_by_labels.svg"
	fewFigure        = "curves_fewest.svg"
	mostFigure       = "curves_most.svg"
	validationFigure = "gain_by_validation.svg"
	movedFigure      = "moved.svg"
)

func report(run *lab.Run[Recipe], data *datasets.Split, all results) error {
	var names []string
	for _, p := range pairNames() {
		names = append(names, run.Recipe.title(arm{p, false}), run.Recipe.title(arm{p, true}))
	}
	r := &reporter{Run: run, data: data, all: all, colors: figure.NewColors(names...)}
	r.metrics()
	r.diverged()
	for _, part := range []func() error{r.errors, r.gain, r.curves, r.validation, r.weights, r.filters, r.rates} {
		if err := part(); err != nil {
			return err
		}
	}
	r.claims()
	return nil
}

// metrics by arm and number of labels, such as rbm.1000.test_error: test_error and
// validation_error, on all validation images; rate, the one chosen; layer_1_moved,
// ‖W − W⁰‖/‖W⁰‖ of the first hidden layer, and so on. Of pretrained arms, gain: the test
// error from random first weights minus that from theirs. With fewer labels than there are
// validation images, rbm.1000.all_validation.test_error, rate and gain too, at the rate
// that all of these chose.
func (r *reporter) metrics() {
	for _, c := range r.Recipe.cells() {
		for _, x := range r.all.of(c, false) {
			r.Metric(c.metric("test_error"), x.seed, x.test)
			r.Metric(c.metric("validation_error"), x.seed, x.validation)
			r.Metric(c.metric("rate"), x.seed, x.rate)
			for l, m := range x.moves {
				r.Metric(c.metric(movedMetric(l+1)), x.seed, m.relative())
			}
		}
		for _, x := range r.all.of(c, true) {
			r.Metric(c.allMetric("test_error"), x.seed, x.test)
			r.Metric(c.allMetric("rate"), x.seed, x.rate)
		}
		if !c.pretrained {
			continue
		}
		for _, all := range []bool{false, true} {
			name := c.metric
			if all {
				name = c.allMetric
			}
			random := r.all.of(c.random(), all)
			for i, x := range r.all.of(c, all) {
				r.Metric(name("gain"), x.seed, random[i].test-x.test)
			}
		}
	}
}

// diverged names the chosen networks whose training diverged: at a rate that another seed chose.
func (r *reporter) diverged() {
	var some trial.Divergences
	for _, x := range r.all {
		if !x.all {
			some.Add(x.String(), x.seed, x.outcome)
		}
	}
	some.Report(r.Results)
}

// percents are test errors of a cell by seed, in percent.
func (r *reporter) percents(c cell) []float64 {
	return lab.Scaled(r.Values(c.metric("test_error")), 100)
}

// points are the gains of a pretrained cell by seed, in percentage points.
func (r *reporter) points(c cell) []float64 { return lab.Scaled(r.Values(c.metric("gain")), 100) }

// line is a series of a chart over numbers of labels.
func (r *reporter) line(name string, value func(labels int) []float64) figure.Series {
	s := figure.Series{Name: name, Y: make([][]float64, len(r.Seeds))}
	for _, n := range r.Recipe.Labels {
		s.X = append(s.X, float64(n))
		for i, v := range value(n) {
			s.Y[i] = append(s.Y[i], v)
		}
	}
	return s
}

// draw adds a line chart.
func (r *reporter) draw(file, title, caption string, lines figure.Lines) error {
	svg, err := lines.SVG()
	if err != nil {
		return err
	}
	r.Figure(file, title, strings.TrimSpace(caption+" "+lines.Spread()), svg)
	return nil
}

// labelsAxis is the chart of a quantity over numbers of labels.
func (r *reporter) labelsAxis(quantity string) figure.Lines {
	return figure.Lines{XLabel: "labelled images", LogX: true, YLabel: quantity, Colors: r.colors}
}

// table has a row for each number of labels.
func (r *reporter) table(title string, header []string, cells func(labels int) []string) {
	var rows [][]string
	for _, n := range r.Recipe.Labels {
		rows = append(rows, append([]string{strconv.Itoa(n)}, cells(n)...))
	}
	r.Table(title, append([]string{"labels"}, header...), rows)
}

func (r *reporter) errors() error {
	p, images := r.Recipe, "all"
	if p.Images > 0 {
		images = strconv.Itoa(p.Images)
	}
	r.Section("Test error by number of labels",
		fmt.Sprintf("A pair is one network with two beginnings: weights that were pretrained on %s training images without labels (CD-%d, %d epochs a layer, once for each seed and shared by all numbers of labels), "+
			"or random ones. Both begin with the same output layer and learn from the same labelled images, which are drawn anew for each seed, balanced over the classes; small sets are parts of the larger ones.", images, p.Pretrain.CD, p.Pretrain.Train.Epochs),
		fmt.Sprintf("Both are tuned alike: %s at the rates %s, each falling to 0 in a straight line, for %d steps of %d images at least and %d passes at least through the labelled images. "+
			"The error on validation images chooses the rate, for each network and number of labels by itself, and where it is equal the cross-entropy. The last parameters are kept: few validation images would choose an epoch by chance. The test set is read once, with the networks chosen.",
			p.Train.Optimizer.Kind, lab.Listed(p.Rates), p.Steps, p.Train.Batch, p.Train.Epochs),
		fmt.Sprintf("Someone with 100 labels has no %d others to choose by. So as many other labelled images choose as are learned from, at most all there are: a network with n labels has used 2n in all, whichever its beginning. "+
			"Each seed chooses the rate by its own images and networks. With %[1]d labels and more all validation images choose, which are the same for every seed: there the first seed's choice stands for all, and the spread has no part from it.", r.data.Validation.Len()))
	var header []string
	for _, a := range p.arms() {
		header = append(header, p.title(a))
	}
	r.table("Test error in percent, mean ± standard deviation over seeds", header, func(n int) (out []string) {
		for _, a := range p.arms() {
			out = append(out, lab.Summary(r.percents(cell{a, n})))
		}
		return out
	})
	lines := r.labelsAxis("test error (%)")
	lines.LogY = true
	for _, a := range p.arms() {
		lines.Series = append(lines.Series, r.line(p.title(a), func(n int) []float64 { return r.percents(cell{a, n}) }))
	}
	return r.draw(errorFigure, "Test error by number of labels", "Both axes are logarithmic.", lines)
}

func (r *reporter) gain() error {
	r.Section("Gain of pretraining", "The test error from random first weights minus that from pretrained ones, seed by seed, in percentage points; and the second as a share of the first: "+
		"a gain in points can be no larger than the error that there is, so that it is bound to shrink as labels become many, and the share need not.")
	lines := r.labelsAxis("gain (percentage points)")
	lines.FromZero = true
	var header []string
	for _, p := range r.Recipe.Pairs {
		title := r.Recipe.pairTitle(p)
		header = append(header, title+": gain", "share")
		lines.Series = append(lines.Series, r.line(title, func(n int) []float64 { return r.points(pretrained(p, n)) }))
	}
	r.table("Gain in points, and the pretrained network's test error over the other's", header, func(n int) (out []string) {
		for _, p := range r.Recipe.Pairs {
			c := pretrained(p, n)
			out = append(out, lab.Summary(r.points(c)), lab.Summary(r.shares(c)))
		}
		return out
	})
	if r.Data == "mnist" {
		r.published()
	}
	return r.draw(gainFigure, "Gain of pretraining by number of labels", "Above 0 pretraining helps.", lines)
}

// shares are test errors with pretraining over those without, by seed.
func (r *reporter) shares(c cell) []float64 {
	out := r.all.of(c, false).tests()
	for i, e := range r.all.of(c.random(), false).tests() {
		out[i] /= e
	}
	return out
}

// others are the published errors with as many labels, or with as many as there are.
func (r *reporter) others(labels int) (o fewlabels.Others, ok bool) {
	if r.Data != "mnist" {
		return o, false
	}
	for _, o := range fewlabels.Published() {
		if o.Labels == labels || o.Labels > 50_000 && labels == r.data.Train.Len() {
			return o, true
		}
	}
	return o, false
}

// othersOf are the published errors from random weights and from pretrained ones.
func othersOf(o fewlabels.Others, pair string) (random, pretrained float64) {
	if pair == rbm {
		return o.RandomOne, o.RBM
	}
	return o.RandomTwo, o.DeepMachine
}

// published compares with the numbers of others.
func (r *reporter) published() {
	var rows [][]string
	for _, p := range r.Recipe.Pairs {
		for _, n := range r.Recipe.Labels {
			o, ok := r.others(n)
			if !ok {
				continue
			}
			random, pre := othersOf(o, p)
			c := pretrained(p, n)
			row := []string{r.Recipe.pairTitle(p), strconv.Itoa(n), lab.Summary(r.percents(c.random())), lab.Summary(r.percents(c)), lab.Summary(r.points(c))}
			rows = append(rows, append(row, strconv.Itoa(o.Labels), fmt.Sprintf("%.2f", random), fmt.Sprintf("%.2f", pre), fmt.Sprintf("%.2f", random-pre)))
		}
	}
	if len(rows) > 0 {
		r.Table("Beside the published test errors in percent of yell (Boltzmann machines in Python, from its documentation): 1024 hidden units, pretrained as an RBM for 120 epochs, and 512-1024, pretrained as a deep Boltzmann machine; fine-tuned at different rates with pretraining and without",
			[]string{"pair", "labels", "random", "pretrained", "gain", "labels, yell", "random, yell", "pretrained, yell", "gain, yell"}, rows)
	}
}

// curves shows the learning with the fewest and the most labels.
func (r *reporter) curves() error {
	r.Section("Learning curves", "The error on all validation images over the images learned from, repetitions included; each network at its chosen rate, which may differ between seeds, so that the ends of the curves are what was compared.")
	for _, x := range []struct {
		file   string
		labels int
	}{{fewFigure, r.Recipe.least()}, {mostFigure, r.Recipe.most()}} {
		lines := figure.Lines{XLabel: "images learned from (thousands)", YLabel: "validation error (%)", LogY: true, Colors: r.colors}
		for _, a := range r.Recipe.arms() {
			var histories []*train.History
			for _, x := range r.all.of(cell{a, x.labels}, false) {
				histories = append(histories, x.outcome.Last())
			}
			s := trial.Curve(r.Recipe.title(a), histories, trial.ValidationError)
			for i := range s.X {
				s.X[i] *= float64(r.Recipe.Repeats(x.labels)*x.labels) / 1000
			}
			lines.Series = append(lines.Series, s)
		}
		if err := r.draw(x.file, fmt.Sprintf("Learning with %d labels", x.labels), "", lines); err != nil {
			return err
		}
	}
	return nil
}
