package main

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
	"capas/train"

	"gonum.org/v1/gonum/stat"
)

// reporter turns what was measured into metrics, tables, figures and claims.
type reporter struct {
	*runner
	colors figure.Colors
}

// Figures.
const (
	likelihoodFigure     = "likelihood.svg"
	stepsFigure          = "likelihood_by_steps.svg"
	exactFigure          = "likelihood_exact.svg"
	checkFigure          = "ais_against_enumeration.svg"
	pseudoFigure         = "pseudo_likelihood.svg"
	gapFigure            = "free_energy_gap.svg"
	reconstructionFigure = "reconstruction.svg"
	swapsFigure          = "swaps.svg"
	tutorialFigure       = "tutorial.svg"
	chainsFigure         = "chains.png"
	particlesFigure      = "particles.png"
	filtersFigure        = "filters.png"
)

func report(x *runner) error {
	r := &reporter{runner: x}
	var names []string
	for _, k := range kinds() {
		names = append(names, string(k))
	}
	r.colors = figure.NewColors(names...)
	if err := r.metrics(); err != nil {
		return err
	}
	r.diverged()
	for _, part := range []func() error{r.likelihoods, r.checks, r.otherMeasures, r.generated, r.tempering, r.tutorialSection} {
		if err := part(); err != nil {
			return err
		}
	}
	if r.judged() {
		r.claims()
	} else {
		r.Section("Verdicts", fmt.Sprintf("None about trained machines: such a verdict takes at least %d seeds.", lab.MinSeeds))
	}
	return nil
}

// judged tells whether the seeds are enough for claims about trained machines.
func (r *reporter) judged() bool { return len(r.Seeds) >= lab.MinSeeds }

// chosen is the machine of a kind at its best rate.
func (r *reporter) chosen(s size, k kind, seed uint64) spec {
	return spec{s, k, r.best[s][k], seed}
}

func metricOf(s size, k kind, what string) string { return fmt.Sprintf("%s.%s.%s", s, k.key(), what) }

// values of a metric of the machines of a kind.
func (r *reporter) values(s size, k kind, what string) []float64 {
	return r.Values(metricOf(s, k, what))
}

// Metrics of the machines at their best rates, by size and kind, such as
// large.pcd.test_log_likelihood, in nats an image; ais_bar is three standard errors of log
// Z, and how far the estimate of log Z from reversed chains is above that of the forward
// ones is bracket. noise_drift is how far the free energy of chains from coin flips is from
// that of validation images, in absolute value.
func (r *reporter) metrics() error {
	for _, seed := range r.Seeds {
		for _, s := range sizes() {
			for _, k := range kinds() {
				f := r.final[r.chosen(s, k, seed)]
				for _, m := range []struct {
					name  string
					value float64
				}{
					{"best_rate", r.best[s][k]},
					{"train_log_likelihood", f.training}, {"validation_log_likelihood", f.validation}, {"test_log_likelihood", f.test},
					{"log_z", f.forward.LogZ}, {"ais_bar", f.forward.High - f.forward.LogZ},
					{"free_energy_gap", f.training - f.validation}, {"pseudo_likelihood", f.pseudo}, {"reconstruction", f.reconstruction},
					{"noise_drift", math.Abs(f.noise - f.data)},
				} {
					r.Metric(metricOf(s, k, m.name), seed, m.value)
				}
				if s == exact {
					r.Metric(metricOf(s, k, "ais_error"), seed, f.forward.LogZ-f.logZ)
					r.Metric(metricOf(s, k, "reversed_ais_error"), seed, f.reverse.LogZ-f.logZ)
					continue
				}
				r.Metric(metricOf(s, k, "bracket"), seed, stat.Mean(f.reverse.LogWeights, nil)-f.forward.LogZ)
			}
		}
		r.Metric("independent.test_log_likelihood", seed, independent(r.outcomes[r.chosen(large, cd1, seed)].base, r.binary.Test))
		tempered := r.outcomes[r.chosen(large, pt, seed)]
		rates, err := tempered.tempering.Rates()
		if err != nil {
			return err
		}
		for i, rate := range rates {
			if tempered.Diverged {
				rate = math.NaN()
			}
			r.Metric(swapMetric(i), seed, rate)
		}
		var first, last train.Epoch // none, if the training diverged
		if o := r.tutorials[seed]; !o.Diverged {
			first, last = o.Last().Epochs[0], o.Last().Epochs[len(o.Last().Epochs)-1]
		}
		r.Metric("tutorial.first_pseudo_likelihood", seed, trial.Value(first.Train, "pseudo-likelihood"))
		r.Metric("tutorial.pseudo_likelihood", seed, trial.Value(last.Train, "pseudo-likelihood"))
	}
	return nil
}

// diverged names the machines at their best rates whose training diverged.
func (r *reporter) diverged() {
	var some trial.Divergences
	for _, seed := range r.Seeds {
		for _, s := range sizes() {
			for _, k := range kinds() {
				sp := r.chosen(s, k, seed)
				some.Add(sp.run(), seed, r.outcomes[sp].Outcome)
			}
		}
		some.Add("the tutorials' machine", seed, r.tutorials[seed].Outcome)
	}
	some.Report(r.Results)
}

// swapMetric is the metric of the exchange rate of a pair of temperatures.
func swapMetric(pair int) string { return fmt.Sprintf("large.pt.swap_rate_%d", pair+1) }

// chart is a figure of what the epochs of the machines of one size gave.
type chart struct {
	file, title, caption, y string
	size                    size
	value                   string
	// steps puts the chain states that were renewed on the x axis, instead of epochs.
	steps bool
}

// draw adds a line chart of validation values, a series a kind.
func (r *reporter) draw(c chart) error {
	lines := figure.Lines{XLabel: "epoch", YLabel: c.y, Colors: r.colors}
	if c.steps {
		lines.XLabel, lines.LogX = "Gibbs steps (thousands, over all chains)", true
	}
	for _, k := range kinds() {
		var histories []*train.History
		for _, seed := range r.Seeds {
			histories = append(histories, r.outcomes[r.chosen(c.size, k, seed)].Last())
		}
		s := trial.Curve(string(k), histories, func(e train.Epoch) float64 { return trial.Value(e.Validation, c.value) })
		if c.steps {
			batch, n := r.Recipe.machines(c.size).Train.Batch, r.examples[r.Seeds[0]].Len()
			for i := range s.X {
				s.X[i] *= float64(r.Recipe.moved(k, batch)) * math.Ceil(float64(n)/float64(batch)) / 1000
			}
		}
		lines.Series = append(lines.Series, s)
	}
	return r.lines(c.file, c.title, c.caption, lines)
}

// lines adds a line chart, if there is a value to draw: of trainings that diverged there is none.
func (r *reporter) lines(file, title, caption string, l figure.Lines) error {
	svg, err := l.SVG()
	if errors.Is(err, figure.ErrNothing) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	r.Figure(file, title, strings.TrimSpace(caption+" "+l.Spread()), svg)
	return nil
}

// ratesOf says each kind's best rate, as text.
func (r *reporter) ratesOf(s size) string {
	var words []string
	for _, k := range kinds() {
		words = append(words, fmt.Sprintf("%s %g", k, r.best[s][k]))
	}
	return strings.Join(words, ", ")
}

// sheet is a sheet of rows of images.
func (r *reporter) sheet(tiles [][]float32, span figure.Range, palette figure.Palette) ([]byte, error) {
	set := r.intensities.Train
	return figure.Sheet{Tiles: tiles, Height: set.Height, Width: set.Width, Columns: shownImages, Scale: 1, Range: span, Palette: palette}.PNG()
}

// row fills a row of a sheet.
func row(tiles [][]float32) [][]float32 {
	out := make([][]float32, shownImages)
	copy(out, tiles)
	return out
}
