package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"capas/experiments/lab"
	"capas/experiments/lab/figure"
)

// few are the numbers of labels with fewer validation images than there are.
func (r *reporter) few() []int {
	return slices.DeleteFunc(slices.Clone(r.Recipe.Labels), func(n int) bool { return n >= r.data.Validation.Len() })
}

// validation compares gains by what chose.
func (r *reporter) validation() error {
	few := r.few()
	if len(few) == 0 {
		return nil
	}
	all := r.data.Validation.Len()
	r.Section("What more validation images are worth", fmt.Sprintf("With fewer than %d labels, the rate is chosen once more among the same networks, now by all %d validation images, "+
		"as published comparisons often do. It says what part of the gain is that of a better choice.", all, all))
	dots := figure.Dots{YLabel: "gain (percentage points)", XLabel: "labelled images, pair", FromZero: true}
	var rows [][]string
	for _, n := range few {
		for _, p := range r.Recipe.Pairs {
			c := pretrained(p, n)
			percent := func(metric string) []float64 { return lab.Scaled(r.Values(metric), 100) }
			gain := percent(c.allMetric("gain"))
			rows = append(rows, []string{strconv.Itoa(n), r.Recipe.pairTitle(p),
				lab.Summary(r.percents(c.random())), lab.Summary(r.percents(c)), lab.Summary(r.points(c)),
				lab.Summary(percent(c.random().allMetric("test_error"))), lab.Summary(percent(c.allMetric("test_error"))), lab.Summary(gain)})
			category := fmt.Sprintf("%d, %s", n, strings.ToUpper(p))
			dots.Items = append(dots.Items,
				figure.Item{Category: category, Name: "as many validate as are learned from", Values: r.points(c)},
				figure.Item{Category: category, Name: fmt.Sprintf("%d validate", all), Values: gain})
		}
	}
	as := fmt.Sprintf(", %d validate", all)
	r.Table("Test error in percent and gain in points", []string{"labels", "pair", "random", "pretrained", "gain", "random" + as, "pretrained" + as, "gain" + as}, rows)
	svg, err := dots.SVG()
	if err != nil {
		return err
	}
	r.Figure(validationFigure, "Gain of pretraining by the images that choose", strings.TrimSpace("Above 0 pretraining helps. "+dots.Spread()), svg)
	return nil
}

// weights shows how far the training moved them.
func (r *reporter) weights() error {
	r.Section("How far weights move", "How far the weights of a hidden layer are from their first values after the labels were learned, over the size of these: ‖W − W⁰‖/‖W⁰‖, by Frobenius norms, at the chosen rates.")
	lines := r.labelsAxis("‖W − W⁰‖/‖W⁰‖")
	lines.Colors = figure.Colors{}
	var header []string
	var of []func(n int) []float64
	for _, p := range r.Recipe.Pairs {
		for l := range r.Recipe.units(p) {
			for _, a := range []arm{{p, false}, {p, true}} {
				name := fmt.Sprintf("%s, layer %d", r.Recipe.title(a), l+1)
				header = append(header, name)
				of = append(of, func(n int) []float64 { return r.Values(cell{a, n}.metric(movedMetric(l + 1))) })
				lines.Series = append(lines.Series, r.line(name, of[len(of)-1]))
			}
		}
	}
	r.table("‖W − W⁰‖/‖W⁰‖, mean ± standard deviation over seeds", header, func(n int) (out []string) {
		for _, values := range of {
			out = append(out, lab.Summary(values(n)))
		}
		return out
	})
	var rows [][]string
	for _, a := range r.Recipe.arms() {
		for l := range r.Recipe.units(a.pair) {
			row := []string{fmt.Sprintf("%s, layer %d", r.Recipe.title(a), l+1)}
			for i, n := range []int{r.Recipe.least(), r.Recipe.most()} {
				var first, change []float64
				for _, x := range r.all.of(cell{a, n}, false) {
					first, change = append(first, x.moves[l].first), append(change, x.moves[l].change)
				}
				if i == 0 {
					row = append(row, lab.Summary(first))
				}
				row = append(row, lab.Summary(change))
			}
			rows = append(rows, row)
		}
	}
	r.Table("Root mean squares of the first weights and of their changes", []string{"layer", "first weights", fmt.Sprintf("change, %d labels", r.Recipe.least()), fmt.Sprintf("change, %d labels", r.Recipe.most())}, rows)
	caption := ""
	if lines.LogY = moved(lines.Series); lines.LogY {
		caption = "Both axes are logarithmic."
	}
	if len(lines.Series) > 7 { // more than a chart can tell apart
		lines.Series = lines.Series[:6]
		caption += " The first six of the table's columns."
	}
	return r.draw(movedFigure, "How far weights move by number of labels", strings.TrimSpace(caption), lines)
}

// moved tells whether any of the weights did: a logarithmic axis has no place for 0.
func moved(series []figure.Series) bool {
	for _, s := range series {
		for _, y := range s.Y {
			if slices.Max(y) > 0 {
				return true
			}
		}
	}
	return false
}

// movedMetric is the metric of a layer, counted from 1.
func movedMetric(layer int) string { return fmt.Sprintf("layer_%d_moved", layer) }

// filters shows the first layers of one seed before and after.
func (r *reporter) filters() error {
	r.Section("Filters before and after", fmt.Sprintf("The weights of %d units of the first hidden layer over the image, of seed %d. "+
		"First row: before labels are learned; second: after learning %d labels; third: after %d. Each is scaled by its own largest weight; blue is negative, white 0, orange positive.",
		min(shownFilters, r.Recipe.Width), r.Seeds[0], r.Recipe.least(), r.Recipe.most()))
	for _, a := range r.Recipe.arms() {
		few, many := r.all.of(cell{a, r.Recipe.least()}, false)[0], r.all.of(cell{a, r.Recipe.most()}, false)[0]
		sheet := figure.Sheet{Tiles: slices.Concat(few.first, few.last, many.last), Height: r.data.Train.Height, Width: r.data.Train.Width,
			Columns: len(few.first), Scale: 2, Palette: figure.Diverging}
		png, err := sheet.PNG()
		if err != nil {
			return err
		}
		r.Figure(fmt.Sprintf("filters_%s.png", strings.ReplaceAll(a.String(), "-", "_")), "Filters of "+r.Recipe.title(a), "Rows: first weights, few labels, many.", png)
	}
	return nil
}

func (r *reporter) rates() error {
	p := r.Recipe
	text := fmt.Sprintf("Of the rates %s: the chosen ones, seed by seed, or one where all seeds agree or the first one's choice stands.", lab.Listed(p.Rates))
	if n := len(p.Rates); n > 1 {
		networks, low, high := 0, 0, 0
		for _, c := range p.cells() {
			for _, x := range r.all.of(c, false) {
				networks++
				switch x.rate {
				case p.Rates[0]:
					low++
				case p.Rates[n-1]:
					high++
				}
			}
		}
		text += fmt.Sprintf(" Of %d networks %d have the smallest rate and %d the largest: there one beyond may be better still.", networks, low, high)
	}
	r.Section("Rates", text)
	var header []string
	for _, a := range p.arms() {
		header = append(header, p.title(a))
	}
	r.table("Chosen rates", header, func(n int) (out []string) {
		for _, a := range p.arms() {
			var rates []string
			for _, x := range r.all.of(cell{a, n}, false) {
				rates = append(rates, strconv.FormatFloat(x.rate, 'g', -1, 64))
			}
			if len(slices.Compact(slices.Clone(rates))) == 1 {
				rates = rates[:1]
			}
			out = append(out, strings.Join(rates, ", "))
		}
		return out
	})
	return nil
}
