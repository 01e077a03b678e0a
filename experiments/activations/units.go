package main

import (
	"fmt"
	"math"
	"slices"

	"capas/blocks"
	"capas/experiments/lab/figure"

	"gonum.org/v1/gonum/stat"
)

// units reports saturated and dead units.
func (r *reporter) units() error {
	r.Section("Saturated and dead units", fmt.Sprintf("Hidden units on the first %d validation images. A derivative is flat if it is below %g %% of the greatest that the activation has; "+
		"a unit is dead if its derivative is 0 on all of the images, so that nothing changes its weights: a ReLU that is always off. ", min(r.Recipe.Examples, r.data.Validation.Len()), 100*flatShare)+
		"A LeakyReLU has a derivative everywhere; beside it is shown how many are negative on all images, where a ReLU would be dead.",
		"A ReLU is flat wherever it is off, which is how it works: the units that are on pass the error on undiminished. What the lecture calls non-saturating is that side alone.",
		"Not only large rates leave units dead: the tables of dead units begin with those that are dead with the first weights. Beyond the largest rate that a network bears its loss overflows, and no dead units are left to count.")
	for _, depth := range r.Recipe.Depths {
		if err := r.flatChart(depth); err != nil {
			return err
		}
		r.flatTable(depth)
		if err := r.flatByRate(depth); err != nil {
			return err
		}
		if err := r.deadChart(depth); err != nil {
			return err
		}
		r.deadTable(depth)
	}
	return nil
}

func flatFile(depth int) string       { return fmt.Sprintf("flat_depth%d.svg", depth) }
func flatByRateFile(depth int) string { return fmt.Sprintf("flat_by_rate_depth%d.svg", depth) }
func deadFile(depth int) string       { return fmt.Sprintf("dead_by_rate_depth%d.svg", depth) }

// flatChart draws the share of flat derivatives by layer, after training.
func (r *reporter) flatChart(depth int) error {
	chart := figure.Dots{XLabel: "hidden layer, counted from the input", YLabel: "flat derivatives (%)", FromZero: true, Connect: true, Colors: r.colors}
	for l := range depth {
		for _, c := range r.cells(depth) {
			chart.Items = append(chart.Items, figure.Item{Category: fmt.Sprint(l + 1), Name: c.f.String(),
				Values: each(r.at(c, r.best[c]), func(o *outcome) float64 { return 100 * o.after[l].Flat })})
		}
	}
	svg, err := chart.SVG()
	if err != nil {
		return err
	}
	r.Figure(flatFile(depth), fmt.Sprintf("Flat derivatives after training, %s", layers(depth)),
		fmt.Sprintf("Share of units and images whose derivative is below %g %% of the activation's greatest, at each activation's best rate. %s", 100*flatShare, chart.Spread()), svg)
	return nil
}

// flatTable shows the same before and after training, and dead units.
func (r *reporter) flatTable(depth int) {
	header := []string{"activation"}
	for l := range depth {
		header = append(header, fmt.Sprintf("flat, layer %d", l+1))
	}
	var rows [][]string
	for _, c := range r.cells(depth) {
		networks := r.at(c, r.best[c])
		row := []string{c.f.String()}
		for l := range depth {
			row = append(row, short(each(networks, func(o *outcome) float64 { return o.before[l].Flat }))+" → "+
				short(each(networks, func(o *outcome) float64 { return o.after[l].Flat })))
		}
		rows = append(rows, append(row, short(each(networks, func(o *outcome) float64 { return mean(o.before, dead) }))+" → "+short(r.of(c, "dead"))))
	}
	r.Table(fmt.Sprintf("%s, at each activation's best rate: flat derivatives by layer and dead units, in percent, before → after training, mean over seeds", layers(depth)),
		append(header, "dead units"), rows)
}

// flatByRate draws the share of flat derivatives against the rate.
func (r *reporter) flatByRate(depth int) error {
	chart := figure.Lines{XLabel: "learning rate", YLabel: "flat derivatives (%)", LogX: true, FromZero: true}
	for _, c := range r.cells(depth) {
		chart.Series = append(chart.Series, r.byRate(c, c.f.String(), func(o *outcome) float64 { return 100 * mean(o.last(), flat) }))
	}
	return r.draw(flatByRateFile(depth), fmt.Sprintf("Flat derivatives by rate, %s", layers(depth)),
		"All hidden layers together, after the last epoch that each network completed. A rate at which a seed diverges in its first epoch is left out.", chart)
}

// short is a mean in percent.
func short(v []float64) string { return fmt.Sprintf("%.1f", 100*stat.Mean(v, nil)) }

// deadChart draws dead units against the rate, of the rectifiers that can or might die.
func (r *reporter) deadChart(depth int) error {
	chart := figure.Lines{XLabel: "learning rate", YLabel: "dead hidden units (%)", LogX: true, FromZero: true, EachSeed: true}
	for _, c := range r.cells(depth) {
		if c.f != blocks.ReLU() && !leaky(c.f) {
			continue
		}
		chart.Series = append(chart.Series, r.byRate(c, c.f.String(), func(o *outcome) float64 { return 100 * mean(o.last(), dead) }))
		if leaky(c.f) {
			chart.Series = append(chart.Series, r.byRate(c, c.f.String()+", negative on all images", func(o *outcome) float64 { return 100 * mean(o.last(), negative) }))
		}
	}
	if len(chart.Series) == 0 || !slices.ContainsFunc(chart.Series, hasValue) {
		return nil
	}
	return r.draw(deadFile(depth), fmt.Sprintf("Dead units by rate, %s", layers(depth)),
		"All hidden layers together, after the last epoch that each network completed. Thin lines: single seeds, which end where they diverge in the first epoch.", chart)
}

// deadTable shows the same as numbers, and what was dead before training.
func (r *reporter) deadTable(depth int) {
	header := []string{"activation", "first weights"}
	for _, rate := range r.Recipe.Rates {
		header = append(header, fmt.Sprintf("rate %g", rate))
	}
	var rows [][]string
	for _, f := range r.rectifiers() {
		c := cell{f, depth}
		row := []string{f.String(), percents(each(r.at(c, r.best[c]), func(o *outcome) float64 { return mean(o.before, dead) }))}
		for _, rate := range r.Recipe.Rates {
			var ends []*outcome // that did not diverge
			for _, o := range r.at(c, rate) {
				if !o.Diverged {
					ends = append(ends, o)
				}
			}
			row = append(row, deadWords(each(ends, func(o *outcome) float64 { return mean(o.last(), dead) }), len(r.Seeds)))
		}
		rows = append(rows, row)
	}
	if len(rows) > 0 {
		r.Table(fmt.Sprintf("%s: dead units with the first weights, and after the last epoch by rate, in percent", layers(depth)), header, rows)
	}
}

// deadWords are the values of the networks that did not diverge, of so many in all.
func deadWords(v []float64, all int) string {
	switch diverged := all - len(v); {
	case diverged == all:
		return "diverged"
	case diverged > 0:
		return fmt.Sprintf("%s (%d of %d diverged)", percents(v), diverged, all)
	}
	return percents(v)
}

func hasValue(s figure.Series) bool {
	return slices.ContainsFunc(s.Y, func(row []float64) bool {
		return slices.ContainsFunc(row, func(v float64) bool { return !math.IsNaN(v) })
	})
}
