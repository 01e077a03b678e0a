package main

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
	"capas/train"

	"gonum.org/v1/gonum/stat"
)

// reporter turns outcomes into metrics, tables, figures and claims.
type reporter struct {
	*lab.Run[Recipe]
	by     map[spec]*outcome
	colors figure.Colors
	drawn  []string // files of line charts
}

func report(run *lab.Run[Recipe], all []*outcome) error {
	r := &reporter{Run: run, by: map[spec]*outcome{}}
	var names []string
	for _, m := range methods() {
		names = append(names, m.title())
	}
	r.colors = figure.NewColors(append(names, chance)...)
	for _, o := range all {
		r.by[o.spec] = o
	}
	for _, part := range []func() error{r.metrics, r.tests, r.qCurves, r.policyCurves, r.values, r.variances, r.trace, r.screens} {
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

// chance is the name of actions that are drawn uniformly.
const chance = "chance"

// unit of what a task's policies are measured by: a mean return, or a share.
func (t task) unit() string {
	if t == catch {
		return "caught"
	}
	return "return"
}

// label is the unit for axes and tables.
func (t task) label() string {
	if t == catch {
		return "balls caught (%)"
	}
	return "mean return (steps)"
}

// title of the task.
func (t task) title() string {
	if t == catch {
		return "Catch"
	}
	return "Cart-pole"
}

// scale turns the unit of metrics into that of figures.
func (t task) scale() float64 {
	if t == catch {
		return 100
	}
	return 1
}

// measure turns a mean return into the task's unit.
func (t task) measure(mean float64) float64 {
	if t == catch {
		return (1 + mean) / 2
	}
	return mean
}

func metricOf(t task, m method, what string) string { return fmt.Sprintf("%s.%s.%s", t, m, what) }

func (t task) test(m method) string     { return metricOf(t, m, "test_"+t.unit()) }
func (t task) training(m method) string { return metricOf(t, m, "training_"+t.unit()) }
func (t task) chance() string           { return fmt.Sprintf("%s.chance_%s", t, t.unit()) }

// Metrics by task and method: test_return or test_caught, the greedy policy of the kept
// network in the test episodes; training_return or training_caught, the mean over all epochs
// of what the greedy policy came to in the validation episodes, the height of the learning
// curve. Of Q-learning overestimate, the mean over the epochs by which Q of the best first
// action exceeds the discounted return that followed. Of REINFORCE with a baseline variance and
// variance_no_baseline, the means over the epochs.
func (r *reporter) metrics() error {
	for _, seed := range r.Seeds {
		for _, t := range tasks() {
			for _, m := range methods() {
				o := r.by[spec{t, m, seed}]
				test := math.NaN()
				if o.test != nil {
					test = t.measure(stat.Mean(o.test.Returns, nil))
				}
				r.Metric(t.test(m), seed, test)
				r.Metric(t.training(m), seed, o.overEpochs(func(e train.Epoch) float64 { return t.measure(trial.Value(e.Validation, "return")) }))
				if !m.ofPolicy() {
					r.Metric(metricOf(t, m, "overestimate"), seed, o.overEpochs(func(e train.Epoch) float64 {
						return trial.Value(e.Validation, "value") - trial.Value(e.Validation, "discounted")
					}))
				}
			}
			o := r.by[spec{t, withBase, seed}]
			r.Metric(metricOf(t, withBase, "variance"), seed, o.overEpochs(validation("variance")))
			r.Metric(metricOf(t, withBase, "variance_no_baseline"), seed, o.overEpochs(validation("variance without baseline")))
			byChance, err := o.chance(&r.Recipe)
			if err != nil {
				return err
			}
			r.Metric(t.chance(), seed, t.measure(byChance))
		}
	}
	return nil
}

// validation is a validation value of an epoch.
func validation(name string) func(train.Epoch) float64 {
	return func(e train.Epoch) float64 { return trial.Value(e.Validation, name) }
}

// overEpochs is the mean over the epochs; NaN of a training that diverged.
func (o *outcome) overEpochs(of func(train.Epoch) float64) float64 {
	if o.Diverged {
		return math.NaN()
	}
	var v []float64
	for _, e := range o.Last().Epochs {
		v = append(v, of(e))
	}
	return stat.Mean(v, nil)
}

// histories of a method on a task, by seed.
func (r *reporter) histories(t task, m method) (out []*train.History) {
	for _, seed := range r.Seeds {
		out = append(out, r.by[spec{t, m, seed}].Last())
	}
	return out
}

// series is the curve of a method, over its experience in thousands.
func (r *reporter) series(t task, m method, name string, of func(train.Epoch) float64) figure.Series {
	s := trial.Curve(name, r.histories(t, m), of)
	for i := range s.X {
		s.X[i] *= r.Recipe.perEpoch(t, m) / 1000
	}
	return s
}

// draw adds a line chart, if there is anything in it: not if all its trainings diverged.
func (r *reporter) draw(file, title, caption string, lines figure.Lines) error {
	svg, err := lines.SVG()
	if errors.Is(err, figure.ErrNothing) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if spread := lines.Spread(); spread != "" {
		caption += " " + spread
	}
	r.Figure(file, title, caption, svg)
	r.drawn = append(r.drawn, file)
	return nil
}

// shown is the line chart for a claim to point to; "" if it was not drawn.
func (r *reporter) shown(file string) string {
	if slices.Contains(r.drawn, file) {
		return file
	}
	return ""
}

// learning adds the learning curves of some methods on a task.
func (r *reporter) learning(file, title, caption, x string, t task, ms []method) error {
	lines := figure.Lines{XLabel: x, YLabel: t.label(), FromZero: true, Colors: r.colors}
	for _, m := range ms {
		lines.Series = append(lines.Series, r.series(t, m, m.title(), func(e train.Epoch) float64 {
			return t.scale() * t.measure(trial.Value(e.Validation, "return"))
		}))
	}
	return r.draw(file, title, caption, lines)
}

// summary of a metric in the unit of figures, or "diverged".
func (r *reporter) summary(metric string, scale float64) string {
	v := r.Values(metric)
	if slices.ContainsFunc(v, math.IsNaN) {
		return "diverged"
	}
	return lab.Summary(lab.Scaled(v, scale))
}
