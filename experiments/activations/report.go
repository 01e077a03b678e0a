package main

import (
	"context"
	"fmt"
	"math"
	"strings"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
	"capas/train"

	"gonum.org/v1/gonum/stat"
)

// reporter turns outcomes into metrics, tables, figures and claims.
type reporter struct {
	*lab.Run[Recipe]
	data   *datasets.Split
	curves map[blocks.Activation]*curve
	by     map[spec]*outcome
	best   map[cell]float64 // the rate of the smallest mean validation error
	colors figure.Colors
}

// cell is an activation at a depth: what is compared.
type cell struct {
	f     blocks.Activation
	depth int
}

func report(ctx context.Context, run *lab.Run[Recipe], data *datasets.Split, curves map[blocks.Activation]*curve, outcomes []*outcome) error {
	r := &reporter{Run: run, data: data, curves: curves, by: map[spec]*outcome{}, best: map[cell]float64{}}
	names := blocks.Activations() // the same colours in all experiments
	for _, f := range r.Recipe.Activations {
		if leaky(f) && f != blocks.LeakyReLU(0.01) {
			names = append(names, f.String())
		}
	}
	r.colors = figure.NewColors(names...)
	for _, o := range outcomes {
		r.by[o.spec] = o
	}
	for _, part := range []func() error{
		r.chooseRates, func() error { return r.metrics(ctx) },
		r.shapes, r.learning, r.tests, r.order, r.units,
	} {
		if err := part(); err != nil {
			return err
		}
	}
	r.curveClaims()
	if len(r.Seeds) >= lab.MinSeeds {
		r.convergenceClaims()
		r.orderClaims()
		r.unitClaims()
	}
	return nil
}

// cells are all of a depth.
func (r *reporter) cells(depth int) []cell {
	var out []cell
	for _, f := range r.Recipe.Activations {
		out = append(out, cell{f, depth})
	}
	return out
}

// same is the rate at which all are compared besides at their best.
func (r *reporter) same() float64 { return r.Recipe.Train.Optimizer.Rate.Start }

// at are a cell's networks at a rate, by seed.
func (r *reporter) at(c cell, rate float64) []*outcome {
	var out []*outcome
	for _, seed := range r.Seeds {
		out = append(out, r.by[spec{c.f, c.depth, rate, seed}])
	}
	return out
}

func each(outcomes []*outcome, of func(*outcome) float64) []float64 {
	var out []float64
	for _, o := range outcomes {
		out = append(out, of(o))
	}
	return out
}

// validation is the smallest validation error; +Inf of a training that diverged.
func validation(o *outcome) float64 { return o.Best("error") }

// chooseRates finds each activation's best rate at each depth on the validation set.
func (r *reporter) chooseRates() error {
	for _, depth := range r.Recipe.Depths {
		for _, c := range r.cells(depth) {
			least := math.Inf(1)
			for _, rate := range r.Recipe.Rates {
				if e := stat.Mean(each(r.at(c, rate), validation), nil); e < least {
					least, r.best[c] = e, rate
				}
			}
			if math.IsInf(least, 1) {
				return fmt.Errorf("%s, depth %d: want a rate at which no seed diverges, got %v", c.f, depth, r.Recipe.Rates)
			}
		}
	}
	return nil
}

// largest is the largest rate at which no seed of a cell diverges.
func (r *reporter) largest(c cell) float64 {
	out := r.best[c]
	for _, rate := range r.Recipe.Rates {
		if e := stat.Mean(each(r.at(c, rate), validation), nil); rate > out && !math.IsInf(e, 1) {
			out = rate
		}
	}
	return out
}

func (c cell) metric(what string) string { return fmt.Sprintf("%s.depth%d.%s", c.f, c.depth, what) }

// of are the values of a cell's metric.
func (r *reporter) of(c cell, what string) []float64 { return r.Values(c.metric(what)) }

// Metrics by activation and depth, such as tanh.depth3.test_error, of the network at the
// activation's best rate, with the parameters of the smallest validation error:
// test_error, training_error of the last epoch, best_rate, and epochs until the
// validation error was below the target, one more than all if it never was; flat and
// dead, the shares of the hidden layers' units together, after training; and
// gradient_ratio, the norm of the gradient of the first layer's weights over that of the
// output layer's, in the first epoch. same_rate_epochs is at the recipe's rate.
// dead_smallest_rate, dead_largest_rate and negative_largest_rate are after the last
// epoch at the smallest rate and at the largest one at which no seed diverges.
func (r *reporter) metrics(ctx context.Context) error {
	for _, depth := range r.Recipe.Depths {
		for _, c := range r.cells(depth) {
			for i, o := range r.at(c, r.best[c]) {
				seed := r.Seeds[i]
				test, err := r.test(ctx, o)
				if err != nil {
					return err
				}
				if err := r.SaveModel(r.file(o), o.net); err != nil {
					return err
				}
				small, large := r.at(c, r.Recipe.Rates[0])[i], r.at(c, r.largest(c))[i]
				for name, v := range map[string]float64{
					"test_error": trial.Value(test, "error"), "best_rate": o.rate,
					"training_error":        trial.Value(o.Last().Epochs[len(o.Last().Epochs)-1].Train, "error"),
					"epochs":                r.epochs(o),
					"same_rate_epochs":      r.epochs(r.at(c, r.same())[i]),
					"flat":                  mean(o.after, flat),
					"dead":                  mean(o.after, dead),
					"gradient_ratio":        gradientRatio(o),
					"dead_smallest_rate":    mean(small.last(), dead),
					"dead_largest_rate":     mean(large.last(), dead),
					"negative_largest_rate": mean(large.last(), negative),
				} {
					r.Metric(c.metric(name), seed, v)
				}
			}
		}
	}
	return nil
}

func (r *reporter) file(o *outcome) string { return trial.Trial{Seed: o.seed, Name: o.name()}.File() }

func (r *reporter) epochs(o *outcome) float64 {
	return o.Reached("error", r.Recipe.Target, r.Recipe.Train.Epochs)
}

// gradientRatio is that of the first epoch, whose first step is always measured; NaN if
// the output layer has no gradient.
func gradientRatio(o *outcome) float64 {
	norms := o.Last().Epochs[0].GradNorms
	return trial.Value(norms, o.net.Layers[0].W.Name) / trial.Value(norms, o.net.Layers[o.depth].W.Name)
}

// test reads the test set.
func (r *reporter) test(ctx context.Context, o *outcome) (train.Values, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e := train.NewEvaluator(o.net)
	e.Compiler = r.Compiler.Under(o.name() + " test")
	v, err := e.Run(r.data.Test)
	if err != nil {
		return nil, fmt.Errorf("%s: test: %w", r.file(o), err)
	}
	return v, nil
}

// draw adds a line chart, its colours set and its caption completed by how it shows the
// seeds.
func (r *reporter) draw(file, title, caption string, l figure.Lines) error {
	l.Colors = r.colors
	svg, err := l.SVG()
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	r.Figure(file, title, strings.TrimSpace(caption+" "+l.Spread()), svg)
	return nil
}

// ratesOf says each activation's best rate at a depth, as text, and where a smaller or
// larger one than all that were tried might be better.
func (r *reporter) ratesOf(depth int) string {
	var words, edge []string
	for _, c := range r.cells(depth) {
		words = append(words, fmt.Sprintf("%s %g", c.f, r.best[c]))
		if rates := r.Recipe.Rates; r.best[c] == rates[0] || r.best[c] == rates[len(rates)-1] {
			edge = append(edge, c.f.String())
		}
	}
	text := strings.Join(words, ", ") + "."
	if len(edge) > 0 {
		text += " At the edge of the rates that were tried: " + strings.Join(edge, ", ") + "."
	}
	return text
}

// examples is the number of training images.
func (r *reporter) examples() int {
	if n := r.Recipe.Images; n > 0 {
		return n
	}
	return r.data.Train.Len()
}

// percents are fractions as text, in percent.
func percents(v []float64) string { return finite(lab.Scaled(v, 100)) }

// finite is a summary, or the word for a training that diverged, whose error is infinite;
// a dash for what is no number.
func finite(v []float64) string {
	for _, x := range v {
		if math.IsNaN(x) {
			return "–"
		}
	}
	if math.IsInf(stat.Mean(v, nil), 0) {
		return "diverged"
	}
	return lab.Summary(v)
}

// layers is a depth in words.
func layers(depth int) string {
	if depth == 1 {
		return "1 hidden layer"
	}
	return fmt.Sprintf("%d hidden layers", depth)
}
