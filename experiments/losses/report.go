package main

import (
	"context"
	"fmt"
	"math"
	"strings"

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
	by     map[spec]*outcome
	best   map[task]map[pair]float64 // the rate of the smallest mean validation score
	colors figure.Colors
}

func report(ctx context.Context, run *lab.Run[Recipe], data *datasets.Split, outcomes []*outcome) error {
	r := &reporter{Run: run, data: data, by: map[spec]*outcome{}, best: map[task]map[pair]float64{}}
	var names []string
	for _, p := range allPairs() {
		names = append(names, p.String())
	}
	r.colors = figure.NewColors(names...)
	for _, o := range outcomes {
		r.by[o.net.spec] = o
	}
	for _, part := range []func() error{
		r.chooseRates, func() error { return r.metrics(ctx) },
		r.worked, r.logits, r.curves, r.wrong, r.rows,
	} {
		if err := part(); err != nil {
			return err
		}
	}
	if !r.judged() {
		r.Section("Verdicts", fmt.Sprintf("None about trained networks: such a verdict takes at least %d seeds.", lab.MinSeeds))
	}
	return nil
}

// judged tells whether the seeds are enough for claims about trained networks.
func (r *reporter) judged() bool { return len(r.Seeds) >= lab.MinSeeds }

// same is the rate at which all pairs are compared.
func (r *reporter) same() float64 { return r.Recipe.Train.Optimizer.Rate.Start }

// chooseRates finds each pair's best rate on the validation set, from usual starts.
func (r *reporter) chooseRates() error {
	for _, t := range []task{classes, binary, numeric} {
		r.best[t] = map[pair]float64{}
		for _, p := range t.pairs() {
			least := math.Inf(1)
			for _, rate := range r.Recipe.rates(t) {
				if score := r.score(t, p, rate); score < least {
					least, r.best[t][p] = score, rate
				}
			}
			if math.IsInf(least, 1) {
				return fmt.Errorf("%s, %s: want a rate at which no seed diverges, got %v", t, p, r.Recipe.rates(t))
			}
		}
	}
	return nil
}

// score is the mean over seeds of the smallest validation score; +Inf if one diverged.
func (r *reporter) score(t task, p pair, rate float64) float64 {
	var sum float64
	for _, seed := range r.Seeds {
		sum += r.by[spec{task: t, pair: p, rate: rate, seed: seed}].best()
	}
	return sum / float64(len(r.Seeds))
}

// Metrics by task and pair, such as classes.softmax-ce.test_error: the network of the
// best validation score at the pair's best rate, and best_rate itself. Where the name
// has same_rate, it is the network at the rate of the recipe. first_error is the
// validation error after the first epoch, gradient the mean norm of the output weights'
// gradient in it. From a confidently wrong start: wrong_confidence, the smallest
// probability of class 0 over the validation images; wrong_gradient, at the same rate;
// and the epochs to recovery. Numbers have test_rmse, in pixels, and test_r2.
func (r *reporter) metrics(ctx context.Context) error {
	variance, err := r.inkVariance()
	if err != nil {
		return err
	}
	for _, t := range []task{classes, binary, numeric} {
		for _, p := range t.pairs() {
			for _, seed := range r.Seeds {
				name := func(what string) string { return metricOf(t, p, what) }
				s := spec{task: t, pair: p, rate: r.best[t][p], seed: seed}
				r.Metric(name("best_rate"), seed, s.rate)
				test, err := r.test(ctx, s)
				if err != nil {
					return err
				}
				if err := r.SaveModel(s.file(), r.by[s].net.MLP); err != nil {
					return err
				}
				if t == numeric {
					r.Metric(name("test_rmse"), seed, 100*math.Sqrt(trial.Value(test, "loss")))
					r.Metric(name("test_r2"), seed, 1-trial.Value(test, "loss")/variance)
					continue
				}
				r.Metric(name("test_error"), seed, trial.Value(test, "error"))
				if t != classes {
					continue
				}
				wrong := s
				wrong.wrong = r.Recipe.Confidence
				r.Metric(name("wrong_epochs"), seed, r.recovery(wrong))
				s.rate, wrong.rate = r.same(), r.same()
				if test, err = r.test(ctx, s); err != nil {
					return err
				}
				r.Metric(name("same_rate_test_error"), seed, trial.Value(test, "error"))
				r.Metric(name("same_rate_first_error"), seed, r.first(s).validation)
				r.Metric(name("gradient"), seed, r.first(s).gradient)
				r.Metric(name("wrong_same_rate_epochs"), seed, r.recovery(wrong))
				r.Metric(name("wrong_gradient"), seed, r.first(wrong).gradient)
				r.Metric(name("wrong_confidence"), seed, r.by[wrong].confidence)
			}
		}
	}
	return nil
}

// test reads the test set with a network's final parameters; of a training that diverged
// there is nothing to measure.
func (r *reporter) test(ctx context.Context, s spec) (train.Values, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	o := r.by[s]
	if o.Diverged {
		return nil, nil
	}
	e := train.NewEvaluator(o.net)
	e.Compiler = r.Compiler.Under(string(s.task) + " " + s.pair.key() + " test")
	v, err := e.Run(r.data.Test)
	if err != nil {
		return nil, fmt.Errorf("%s: test: %w", s.file(), err)
	}
	return v, nil
}

func (r *reporter) recovery(s spec) float64 {
	return r.by[s].Reached("error", r.Recipe.Recovered, r.Recipe.Train.Epochs)
}

// firstEpoch is what is reported of the first epoch; NaN if it diverged.
type firstEpoch struct{ validation, gradient float64 }

func (r *reporter) first(s spec) firstEpoch {
	epochs := r.by[s].Last().Epochs
	if len(epochs) == 0 {
		return firstEpoch{math.NaN(), math.NaN()}
	}
	return firstEpoch{trial.Value(epochs[0].Validation, "error"), trial.Value(epochs[0].GradNorms, "losses.2.W")}
}

// inkVariance is the variance of the numeric targets of the test set: the squared error
// of always answering with their mean.
func (r *reporter) inkVariance() (float64, error) {
	targets, err := train.Map(r.data.Test.X, ink)
	if err != nil {
		return 0, fmt.Errorf("ink of the test images: %w", err)
	}
	return stat.PopVariance(float64s(targets.Float32s()), nil), nil
}

func float64s(v []float32) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(x)
	}
	return out
}

// values of a metric of a task and pair.
func (r *reporter) values(t task, p pair, what string) []float64 {
	return r.Values(metricOf(t, p, what))
}

// metricOf is the name of a metric of a task and pair.
func metricOf(t task, p pair, what string) string { return fmt.Sprintf("%s.%s.%s", t, p.key(), what) }

// chart is a figure of what the epochs of some networks gave.
type chart struct {
	file, title, caption, y string
	task                    task
	rate                    func(p pair) float64
	wrong                   float64 // confidence of the start, 0 for the usual one
	of                      func(v train.Values) float64
}

// draw adds a line chart of validation values against epochs, a series a pair.
func (r *reporter) draw(c chart) error {
	lines := figure.Lines{XLabel: "epoch", YLabel: c.y, LogY: true, Colors: r.colors}
	for _, p := range c.task.pairs() {
		s := figure.Series{Name: p.String()}
		for i := range r.Recipe.Train.Epochs {
			s.X = append(s.X, float64(i+1))
		}
		for _, seed := range r.Seeds {
			var row []float64
			for _, e := range r.by[spec{c.task, p, c.rate(p), c.wrong, seed}].Last().Epochs {
				row = append(row, c.of(e.Validation))
			}
			s.Y = append(s.Y, row)
		}
		lines.Series = append(lines.Series, s)
	}
	svg, err := lines.SVG()
	if err != nil {
		return err
	}
	r.Figure(c.file, c.title, strings.TrimSpace(c.caption+" "+lines.Spread()), svg)
	return nil
}

func errorPercent(v train.Values) float64 { return 100 * trial.Value(v, "error") }

// bestOf says each pair's best rate, as text.
func (r *reporter) bestOf(t task) string {
	text := ""
	for i, p := range t.pairs() {
		if i > 0 {
			text += "; "
		}
		text += fmt.Sprintf("%s: %g", p, r.best[t][p])
	}
	return text
}
