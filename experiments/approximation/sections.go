package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"capas/blocks"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
)

// pictures shows the fits of functions of two variables.
func (r *reporter) pictures() error {
	widths := spread(r.Recipe.Widths, 5)
	sheet := figure.Sheet{Height: denseSide, Width: denseSide, Columns: 1 + len(widths), Scale: 3, Range: figure.UnitRange}
	var shown []string
	for _, f := range r.functions {
		if f.variables != 2 {
			continue
		}
		shown = append(shown, f.name)
		_, inside, _ := grids(f, r.Recipe)
		t := inside.values(f)
		low, high := slices.Min(t), slices.Max(t)
		tile := func(values []float64) {
			out := make([]float32, len(values))
			for i, v := range values {
				out[i] = float32((v - low) / (high - low))
			}
			sheet.Tiles = append(sheet.Tiles, out)
		}
		tile(t)
		for _, w := range widths {
			tile(r.measured[r.main(f, w)][0].shown)
		}
	}
	if len(shown) == 0 {
		return nil
	}
	png, err := sheet.PNG()
	if err != nil {
		return err
	}
	var columns []string
	for _, w := range widths {
		columns = append(columns, strconv.Itoa(w))
	}
	r.Figure("surfaces.png", "Functions of two variables and their fits", fmt.Sprintf(
		"Rows: %s. Columns: the target; the fits with %s hidden units, seed %d. x to the right and y upwards, both from −1 to 1; the target's smallest value is black, its greatest white.",
		strings.Join(shown, ", "), strings.Join(columns, ", "), r.Seeds[0]), png)
	return nil
}

const handMade = "constructed relu"

// learners are the colours of what makes a network: activations, as everywhere, and hands.
func learners() figure.Colors {
	return figure.NewColors(append(blocks.Activations(), handMade)...)
}

// constructions compares trained networks with those made by hand.
func (r *reporter) constructions() error {
	if len(r.curves) == 0 {
		return nil
	}
	r.Section("Approximate is not learn", "A network of n ReLU units can be written down at once for any function of one variable: the polygon through its values "+
		"at n+1 places, whose kinks are the units'. Nothing is trained. Where |f″| ≤ M, the polygon is nowhere farther from f than Mh²/8, with h = 2/n the distance of the places. "+
		"Networks of the same n ReLU units, trained on the points, have this solution, or one as good, within their reach. "+
		"They have the best rate of those tried; where that is the smallest or the largest, a rate beyond might be better still.")
	var all []figure.Series
	for _, f := range r.curves {
		if f.curvature > 0 {
			all = append(all,
				r.constant(f.name, func(w int) float64 { return r.made[kind{function: f.name, width: w}].farthest }),
				r.constant(f.name+": Mh²/8", func(w int) float64 { return bound(f, w) }))
		}
	}
	if len(all) > 0 {
		svg, err := figure.Lines{XLabel: "hidden units", YLabel: "greatest error between −1 and 1", LogX: true, LogY: true, Series: all, Colors: functionColors()}.SVG()
		if err != nil {
			return err
		}
		r.Figure("constructed.svg", "Constructed networks and their bound", "The greatest error of the network made by hand on the fine grid, and the bound, which falls as 1/n².", svg)
	}
	for _, f := range r.curves {
		series := []figure.Series{r.constant(handMade, func(w int) float64 { return 100 * r.made[kind{function: f.name, width: w}].inside })}
		for _, a := range slices.Backward(r.Recipe.activations(1)) {
			series = append(series, r.series(a.String(), func(w int) []float64 {
				return lab.Scaled(over(r.measured[kind{function: f.name, activation: a, width: w}], inside), 100)
			}))
		}
		if err := r.against("learned_"+f.name+".svg", "Trained and constructed networks: "+f.name,
			f.name+" is "+f.words+". Error on the fine grid within the range of the data.", "error between the points (% of sd)", learners(), series...); err != nil {
			return err
		}
	}
	var rows [][]string
	for _, f := range r.curves {
		k := relu(f, r.Recipe.greatest())
		m := r.measured[k]
		rows = append(rows, []string{f.name, percent([]float64{r.made[kind{function: f.name, width: k.width}].inside}), fmt.Sprintf("%g", r.rates[k]), percent(over(m, inside)),
			percent(over(m, fit)), percent(over(m, output))})
	}
	r.Table(fmt.Sprintf("%d ReLU units, errors in percent", r.Recipe.greatest()),
		[]string{"function", "constructed, between the points", "rate", "trained, between the points", "trained, on the points", "on the points, output layer solved for"}, rows)
	rows = nil
	for _, f := range r.curves {
		if len(f.kinks) > 0 {
			m, err := byHand(f, exact(f))
			if err != nil {
				return err
			}
			rows = append(rows, []string{f.name, strconv.Itoa(len(f.kinks) + 1), percent([]float64{m.inside})})
		}
	}
	if len(rows) > 0 {
		r.Table("Functions that are polygons themselves: a unit for each kink, and one for the first slope, are the function. "+
			"Training moves kinks, and may find these; corners at even distances do not have them",
			[]string{"function", "units", "error between the points (%)"}, rows)
	}
	return nil
}

// beyond reports what the fits do outside of the range of the data.
func (r *reporter) beyond() error {
	if len(r.curves) == 0 {
		return nil
	}
	r.Section("Outside of the data", "The networks learned from points on [−1,1] alone. Here they are asked about [−2,−1] and [1,2], where the function goes on by the same formula.")
	var all []figure.Series
	var rows [][]string
	for _, f := range r.curves {
		all = append(all, r.series(f.name, func(w int) []float64 { return lab.Scaled(over(r.measured[r.main(f, w)], outside), 100) }))
		first, last := r.measured[r.main(f, r.Recipe.Widths[0])], r.measured[r.main(f, r.Recipe.greatest())]
		rows = append(rows, []string{f.name, percent(over(first, outside)), percent(over(last, outside)), percent(over(last, inside)),
			fmt.Sprintf("%.4g", 100*continued(f, false)), fmt.Sprintf("%.4g", 100*continued(f, true))})
	}
	if err := r.against("outside.svg", "Error outside of the range of the data", "On [−2,−1] and [1,2] together, in percent of the target's standard deviation within the range.", "error outside (% of sd)", functionColors(), all...); err != nil {
		return err
	}
	r.Table("Errors (%). A function that goes on from the edges as a constant or as a straight line would have those of the last two columns",
		[]string{"function", "outside, " + units(r.Recipe.Widths[0]), "outside, " + units(r.Recipe.greatest()),
			"inside, " + units(r.Recipe.greatest()), "constant outside", "straight outside"}, rows)
	for _, f := range r.curves {
		series := []figure.Series{{Name: "target", X: places(showing()), Y: [][]float64{showing().values(f)}}}
		colors := []string{"target"}
		for _, w := range spread(r.Recipe.Widths, 3) {
			s := r.curve(r.main(f, w))
			series, colors = append(series, s), append(colors, s.Name)
		}
		chart := figure.Lines{XLabel: "x (data only between −1 and 1)", YLabel: "f(x)", Series: series, Colors: figure.NewColors(colors...)}
		svg, err := chart.SVG()
		if err != nil {
			return err
		}
		r.Figure("outside_"+f.name+".svg", "Fits in and outside of the range: "+f.name, f.name+" is "+strings.TrimSpace(f.words+". "+chart.Spread()), svg)
	}
	return nil
}

// curve is a kind's fit, drawn over x.
func (r *reporter) curve(k kind) figure.Series {
	s := figure.Series{Name: units(k.width), X: places(showing())}
	for _, m := range r.measured[k] {
		s.Y = append(s.Y, m.shown)
	}
	return s
}

func places(p points) (x []float64) {
	for _, row := range p {
		x = append(x, row[0])
	}
	return x
}

// within leaves out what of a series lies outside of [lo,hi].
func within(s figure.Series, lo, hi float64) figure.Series {
	out := figure.Series{Name: s.Name, Y: make([][]float64, len(s.Y))}
	for i, x := range s.X {
		if x < lo || x > hi {
			continue
		}
		out.X = append(out.X, x)
		for k := range s.Y {
			out.Y[k] = append(out.Y[k], s.Y[k][i])
		}
	}
	return out
}

// dots is a series of single points.
func dots(name string, p points, y []float64) figure.Series {
	return figure.Series{Name: name, X: places(p), Y: [][]float64{y}}
}
