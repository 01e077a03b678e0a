package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"capas/blocks"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
)

// reporter turns outcomes into metrics, tables, figures and claims.
type reporter struct {
	*lab.Run[Recipe]
	by       map[spec]outcome
	rates    map[kind]float64    // those that fit best
	measured map[kind][]measured // by seed
	made     map[kind]measured   // by hand; their activation counts for nothing
	// functions of the recipe, and those of them with one variable
	functions, curves []target
}

func report(ctx context.Context, run *lab.Run[Recipe], by map[spec]outcome) error {
	r := &reporter{Run: run, by: by, rates: map[kind]float64{}, measured: map[kind][]measured{}, made: map[kind]measured{}}
	var kinds []kind
	for _, name := range r.Recipe.Functions {
		f, err := find(name)
		if err != nil {
			return err
		}
		r.functions = append(r.functions, f)
		if f.variables == 1 {
			r.curves = append(r.curves, f)
		}
		for _, a := range r.Recipe.activations(f.variables) {
			for _, w := range r.Recipe.Widths {
				kinds = append(kinds, kind{function: name, activation: a, width: w})
			}
		}
	}
	for _, w := range r.Recipe.Widths {
		kinds = append(kinds, r.noisy(w))
	}
	if err := r.measure(ctx, kinds); err != nil {
		return err
	}
	for _, f := range r.curves {
		for _, w := range r.Recipe.Widths {
			m, err := byHand(f, construct(f, w))
			if err != nil {
				return err
			}
			r.made[kind{function: f.name, width: w}] = m
		}
	}
	r.metrics()
	for _, part := range []func() error{r.fits, r.pictures, r.solvedTable, r.constructions, r.beyond, r.noise} {
		if err := part(); err != nil {
			return err
		}
	}
	if len(r.Seeds) < lab.MinSeeds {
		r.Section("Verdicts", fmt.Sprintf("None: a verdict takes at least %d seeds.", lab.MinSeeds))
		return nil
	}
	r.claims()
	return nil
}

// main is the kind of network that learns a function by the recipe's activation.
func (r *reporter) main(f target, width int) kind {
	return kind{function: f.name, activation: r.Recipe.Activation, width: width}
}

// relu is the kind that learns it by ReLU.
func relu(f target, width int) kind {
	return kind{function: f.name, activation: blocks.ReLU(), width: width}
}

func (r *reporter) noisy(width int) kind {
	return kind{function: r.Recipe.Noisy, noisy: true, activation: r.Recipe.Activation, width: width}
}

// metric is the name of one, such as sines.tanh.width256.fit.
func metric(k kind, what string) string {
	return fmt.Sprintf("%s.%s.width%d.%s", k.task(), k.activation, k.width, what)
}

// handMetric is the name of one of the constructed network.
func handMetric(f target, width int, what string) string {
	return fmt.Sprintf("%s.constructed.width%d.%s", f.name, width, what)
}

// Metrics of the narrowest and of the widest networks, as fractions of the target's
// standard deviation: fit on the points that are learned, inside between them, outside
// of their range; solved on the points with the best output layer, drawn with the best on
// more hidden units that are not trained; rate is the learning rate. Those of noisy data
// are as they are: train on the points, test against the function.
func (r *reporter) metrics() {
	for _, w := range []int{r.Recipe.Widths[0], r.Recipe.greatest()} {
		for i, seed := range r.Seeds {
			for _, f := range r.functions {
				for _, a := range r.Recipe.activations(f.variables) {
					k := kind{function: f.name, activation: a, width: w}
					m := r.measured[k][i]
					r.Metric(metric(k, "rate"), seed, r.rates[k])
					r.Metric(metric(k, "fit"), seed, m.fit)
					r.Metric(metric(k, "inside"), seed, m.inside)
					if f.variables == 1 {
						r.Metric(metric(k, "outside"), seed, m.outside)
					}
					if w == r.Recipe.greatest() {
						r.Metric(metric(k, "solved"), seed, m.solved)
						r.Metric(metric(k, "drawn"), seed, m.drawn)
					}
				}
				if f.variables == 1 {
					r.Metric(handMetric(f, w, "inside"), seed, r.made[kind{function: f.name, width: w}].inside)
				}
			}
			k := r.noisy(w)
			m := r.measured[k][i]
			r.Metric(metric(k, "rate"), seed, r.rates[k])
			r.Metric(metric(k, "train"), seed, m.fit)
			r.Metric(metric(k, "test"), seed, m.inside)
		}
	}
}

// series is a measurement against the width.
func (r *reporter) series(name string, at func(width int) []float64) figure.Series {
	s := figure.Series{Name: name, Y: make([][]float64, len(r.Seeds))}
	for _, w := range r.Recipe.Widths {
		s.X = append(s.X, float64(w))
		for i, v := range at(w) {
			s.Y[i] = append(s.Y[i], v)
		}
	}
	return s
}

// constant is a series without seeds.
func (r *reporter) constant(name string, at func(width int) float64) figure.Series {
	s := figure.Series{Name: name, Y: [][]float64{nil}}
	for _, w := range r.Recipe.Widths {
		s.X = append(s.X, float64(w))
		s.Y[0] = append(s.Y[0], at(w))
	}
	return s
}

// against draws series against the width, on logarithmic axes.
func (r *reporter) against(file, title, caption, y string, colors figure.Colors, series ...figure.Series) error {
	l := figure.Lines{XLabel: "hidden units", YLabel: y, LogX: true, LogY: true, Series: series, Colors: colors, Marked: []string{handMade}}
	svg, err := l.SVG()
	if err != nil {
		return err
	}
	r.Figure(file, title, strings.TrimSpace(caption+" "+l.Spread()), svg)
	return nil
}

// spread picks about so many of the widths, evenly, the last among them.
func spread(widths []int, n int) (out []int) {
	for i := range n {
		if j := (i+1)*len(widths)/n - 1; j >= 0 && !slices.Contains(out, widths[j]) {
			out = append(out, widths[j])
		}
	}
	return out
}

// fits reports how the error falls with the width.
func (r *reporter) fits() error {
	p := r.Recipe
	r.Section("Fit against width", fmt.Sprintf("Networks with one hidden layer of %s and one linear output learn a function from its values on a grid over [−1,1] in each variable, "+
		"without noise: %d points of one variable, %d × %d of two. They minimise the mean squared error by %d steps of Adam with all points in each, "+
		"the rate falling to 0 in a straight line. Each width has the rate, of %v, with which the error on the points is smallest, by the mean over seeds. "+
		"Errors are root mean squares in percent of the target's standard deviation: 100 %% is what a constant achieves.",
		p.Activation, p.Points, p.Side, p.Side, p.Epochs*p.Passes, p.Rates),
		"The units begin spread over the range of the data (Nguyen & Widrow 1990).")
	formulas := [][]string{}
	for _, f := range r.functions {
		formulas = append(formulas, []string{f.name, f.words})
	}
	r.Table("The functions", []string{"function", "value"}, formulas)
	for _, c := range []struct {
		file, title, caption, y string
		of                      func(measured) float64
	}{
		{"fit.svg", "Error on the points that are learned", "", "error on the points (% of sd)", fit},
		{"inside.svg", "Error between the points", fmt.Sprintf("Measured on a fine grid of %d or %d × %d fresh places within the range of the data.", denseLine, denseSide, denseSide),
			"error between the points (% of sd)", inside},
	} {
		var all []figure.Series
		header, rows := []string{"hidden units"}, make([][]string, len(p.Widths))
		for i, w := range p.Widths {
			rows[i] = []string{strconv.Itoa(w)}
		}
		for _, f := range r.functions {
			header = append(header, f.name)
			all = append(all, r.series(f.name, func(w int) []float64 { return lab.Scaled(over(r.measured[r.main(f, w)], c.of), 100) }))
			for i, w := range p.Widths {
				rows[i] = append(rows[i], percent(over(r.measured[r.main(f, w)], c.of)))
			}
		}
		if err := r.against(c.file, c.title, c.caption, c.y, functionColors(), all...); err != nil {
			return err
		}
		r.Table(c.title+" (%)", header, rows)
	}
	return nil
}

// solvedTable tells what keeps the widest networks from a better fit: their output layer,
// their hidden units, or the number of these.
func (r *reporter) solvedTable() error {
	wide := r.Recipe.greatest()
	var rows [][]string
	for _, f := range r.functions {
		m := r.measured[r.main(f, wide)]
		rows = append(rows, []string{f.name, percent(over(m, fit)), percent(over(m, output)), percent(over(m, drawn))})
	}
	r.Section("What keeps the fits from being better", fmt.Sprintf("The output layer alone can be solved for, by least squares: on the hidden units that were trained, and on %d that were not. "+
		"Where there are more units than points, the solution goes through nearly all of them, whatever the units do: the last column says that width is all that is wanting for a fit of the points, "+
		"and nothing of what lies between them.", drawnTimes*wide))
	r.Table("Error on the points (%) after training, and with the output layer that fits best",
		[]string{"function", units(wide) + ", trained", "output layer solved, on these " + units(wide),
			"output layer solved, on " + units(drawnTimes*wide) + " that were not trained"}, rows)
	return nil
}

func functionColors() figure.Colors { return figure.NewColors(names()...) }
