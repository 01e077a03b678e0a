package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
)

// reporter turns results into metrics, tables, figures and claims.
type reporter struct {
	*lab.Run[Recipe]
	sets    []images
	results []result
	colors  figure.Colors
}

// Figures.
const searchFigure = "search.svg"

func errorFigure(set string) string { return "test_error_" + set + ".svg" }

func report(run *lab.Run[Recipe], sets []images, results []result) error {
	r := &reporter{Run: run, sets: sets, results: results}
	names := []string{}
	for _, m := range methods() {
		names = append(names, methodTitle(m))
	}
	r.colors = figure.NewColors(names...)
	for _, x := range results {
		for i, seed := range r.Seeds {
			r.Metric(metric(x.set, x.method, "test_error"), seed, x.test[i])
			r.Metric(metric(x.set, x.method, "validation_error"), seed, x.validation[i])
		}
	}
	var diverged trial.Divergences
	for _, x := range results {
		diverged = append(diverged, x.diverged...)
	}
	diverged.Report(r.Results)
	for _, part := range []func() error{r.examples, r.errors, r.order, r.search, r.filters} {
		if err := part(); err != nil {
			return err
		}
	}
	r.claims()
	return nil
}

// metric is a metric's name: <set>.<method>.test_error and .validation_error, of the
// chosen hyperparameters.
func metric(set, method, what string) string { return fmt.Sprintf("%s.%s.%s", set, method, what) }

// of is the result of a set and method; nil if there is none.
func (r *reporter) of(set, method string) *result {
	for i := range r.results {
		if x := &r.results[i]; x.set == set && x.method == method {
			return x
		}
	}
	return nil
}

// testImages is the number of them in a set.
func (r *reporter) testImages(set string) int {
	return r.sets[slices.Index(r.Recipe.Sets, set)].test
}

// mean is the mean test error over seeds, and the 95 % interval that the number of test
// images gives it.
func (r *reporter) mean(set, method string) (mean, low, high float64) {
	mean, _ = lab.Summarize(r.of(set, method).test)
	low, high = interval(mean, r.testImages(set))
	return mean, low, high
}

func percent(low, high float64) string { return fmt.Sprintf("%.2f – %.2f", 100*low, 100*high) }

// errors compares the test errors with the paper's.
func (r *reporter) errors() error {
	r.Section("Test errors", "The test images are read once, by the networks with the chosen hyperparameters. Intervals are those of 95 % that the number of test images gives an error "+
		"(Wilson's); ours are about the mean over seeds, whose networks share the images and the hyperparameters. "+
		"The paper's numbers are of Vincent et al. 2010, Table 3, for stacks of three layers, and of Larochelle et al. 2007 for support vector machines with Gaussian kernels (SVM), "+
		"on their own images and with all of the published training images. The paper has no perceptron.")
	columns := append(slices.Clone(r.Recipe.Methods), svm)
	header := []string{"set", ""}
	for _, m := range columns {
		header = append(header, methodTitle(m))
	}
	var rows [][]string
	for _, set := range r.Recipe.Sets {
		f := familyOf(set)
		ours, paper := []string{f.title, "ours"}, []string{"", "paper"}
		for _, m := range columns {
			mine, theirs := "–", "–"
			if x := r.of(set, m); x != nil {
				_, low, high := r.mean(set, m)
				mine = fmt.Sprintf("%s (%s)", lab.Summary(lab.Scaled(x.test, 100)), percent(low, high))
			}
			if p, ok := f.percent[m]; ok {
				low, high := interval(p/100, publishedTest)
				theirs = fmt.Sprintf("%.2f (%s)", p, percent(low, high))
			}
			ours, paper = append(ours, mine), append(paper, theirs)
		}
		rows = append(rows, ours, paper)
	}
	r.Table("Test error in percent, mean ± standard deviation over seeds, and the 95 % interval", header, rows)
	for _, set := range r.Recipe.Sets {
		if err := r.drawErrors(familyOf(set)); err != nil {
			return err
		}
	}
	return nil
}

// drawErrors is the chart of one set.
func (r *reporter) drawErrors(f family) error {
	const ours, paper = "ours", "paper"
	dots := figure.Dots{YLabel: "test error (%)", Colors: figure.NewColors(ours, paper)}
	for _, m := range append(slices.Clone(r.Recipe.Methods), svm) {
		if x := r.of(f.name, m); x != nil {
			dots.Items = append(dots.Items, figure.Item{Category: methodTitle(m), Name: ours, Values: lab.Scaled(x.test, 100)})
		}
		if p, ok := f.percent[m]; ok {
			dots.Items = append(dots.Items, figure.Item{Category: methodTitle(m), Name: paper, Values: []float64{p}})
		}
	}
	dots.Interval = func(item figure.Item) (low, high float64) {
		n := publishedTest
		if item.Name == ours {
			n = r.testImages(f.name)
		}
		mean, _ := lab.Summarize(item.Values)
		low, high = interval(mean/100, n)
		return 100 * low, 100 * high
	}
	svg, err := dots.SVG()
	if err != nil {
		return err
	}
	r.Figure(errorFigure(f.name), "Test error on "+f.title, "Mean over seeds with the 95 % interval that the number of test images gives it; small dots: single seeds. The paper has three layers and all training images.", svg)
	return nil
}

// order compares the order of the methods with the paper's.
func (r *reporter) order() error {
	var rows [][]string
	for _, set := range r.Recipe.Sets {
		f := familyOf(set)
		for _, p := range f.pairs(r.Recipe.Methods) {
			o := r.compare(set, p)
			apart, fits := "no", "yes"
			if p.apart {
				apart = "yes"
			}
			if !o.fits {
				fits = "no"
			}
			sign := " < "
			if f.percent[p.better] == f.percent[p.worse] {
				sign = " = "
			}
			rows = append(rows, []string{f.title, methodTitle(p.better) + sign + methodTitle(p.worse), apart, fmt.Sprintf("%+.2f", 100*o.difference), fmt.Sprintf("%d of %d", o.seeds, len(r.Seeds)), fits})
		}
	}
	if rows == nil {
		return nil
	}
	r.Section("The order of the methods", orderRule()+" The difference is that of our mean errors, positive where the paper's better method is the better one here.")
	r.Table("Pairs of methods", []string{"set", "in the paper", "apart there", "difference (points)", "seeds with that sign", "fits"}, rows)
	return nil
}

func orderRule() string {
	return "Where the paper's 95 % intervals of two methods are apart, our mean test errors over seeds have the same order; where they overlap, ours are not apart the other way round. Of two equal numbers of the paper the first one counts as the smaller."
}

// outcome is what became of a pair of the paper.
type outcome struct {
	difference float64 // of the mean errors: worse − better
	seeds      int     // for how many it is positive
	fits       bool    // not if a training diverged
}

func (r *reporter) compare(set string, p pair) outcome {
	a, lowA, _ := r.mean(set, p.better)
	b, _, highB := r.mean(set, p.worse)
	o := outcome{difference: b - a}
	for i, x := range r.of(set, p.better).test {
		if x < r.of(set, p.worse).test[i] {
			o.seeds++
		}
	}
	if p.apart {
		o.fits = o.difference > 0
	} else {
		o.fits = highB >= lowA
	}
	return o
}

// leastShown is where the chart of draws has an error of 0.
const leastShown = 0.0005

// search shows all draws and the chosen ones.
func (r *reporter) search() error {
	s := r.Recipe.Space
	r.Section("The search for hyperparameters",
		fmt.Sprintf("For every set, %d points of the space were drawn as a Latin hypercube, the same for all methods: layers of %v, units a layer of %v, fine-tuning rate in %v, uniform in the logarithm; "+
			"pretraining rate in %v, likewise, and epochs a layer of %v; corruption of the denoising autoencoders of %v. The perceptron, which has no pretraining, has the scale of its first weights instead.",
			r.Recipe.Draws, s.Depths, s.Widths, s.Rates, s.PretrainRates, s.PretrainEpochs, s.Corruptions),
		fmt.Sprintf("All draws were tried with 1/%d of the epochs, by seed %d. The %d with the smallest validation errors were trained again with all of them, and the best of these is what the test images saw, "+
			"with all seeds. Steps are of %d images; fine-tuning has a momentum of 0.9 and a rate that falls to 0 over %d epochs of the largest set, in the smaller ones as many steps, and ends with the parameters of the epoch with the smallest validation error; of equal validation errors of draws, the smaller cross-entropy decides.",
			r.Recipe.Short, r.Seeds[0], r.Recipe.Keep, r.Recipe.Batch, r.Recipe.Epochs))
	dots := figure.Dots{YLabel: "validation error (%)", LogY: true, Colors: r.colors}
	diverged := 0
	var rows [][]string
	zeros := 0 // errors that have no place on a logarithmic axis
	for _, x := range r.results {
		item := figure.Item{Category: familyOf(x.set).title, Name: methodTitle(x.method)}
		for _, v := range x.short {
			if math.IsInf(v, 1) {
				diverged++
				continue
			}
			if v == 0 {
				zeros++
				v = leastShown
			}
			item.Values = append(item.Values, 100*v)
		}
		dots.Items = append(dots.Items, item)
		rows = append(rows, r.chosen(x))
	}
	r.Table("Chosen hyperparameters", []string{"set", "method", "layers", "fine-tuning rate", "pretraining", "epoch kept", "validation error (%)", "of the kept draws"}, rows)
	svg, err := dots.SVG()
	if err != nil {
		return err
	}
	caption := fmt.Sprintf("Each dot is a draw, tried with 1/%d of the epochs; beside them the geometric mean and one standard deviation of the logarithms.", r.Recipe.Short)
	if zeros > 0 {
		caption += fmt.Sprintf(" Errors of 0 (%d) are drawn at %g %%.", zeros, 100*leastShown)
	}
	if diverged > 0 {
		caption += fmt.Sprintf(" %d of %d diverged and are left out.", diverged, len(r.results)*r.Recipe.Draws)
	}
	r.Figure(searchFigure, "Validation errors of all draws", caption, svg)
	return nil
}

// chosen is the row of a result in the table of hyperparameters.
func (r *reporter) chosen(x result) []string {
	var kept []string
	for _, v := range slices.Sorted(maps.Values(x.long)) {
		kept = append(kept, fmt.Sprintf("%.2f", 100*v))
	}
	return []string{familyOf(x.set).title, methodTitle(x.method), x.chosen.String(), fmt.Sprintf("%.3g", x.chosen.rate), x.chosen.pretraining(x.method),
		fmt.Sprintf("%d of %d", x.epoch, x.epochs), fmt.Sprintf("%.2f", 100*x.validation[0]), strings.Join(kept, ", ")}
}
