package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
	"capas/train"

	"gorgonia.org/tensor"
)

// Files of figures.
const (
	aheadFigure     = "ahead.svg"
	modesFigure     = "ring_modes.svg"
	goodFigure      = "ring_good.svg"
	ringFigure      = "ring_samples.png"
	ringLossFigure  = "ring_losses.svg"
	sharesFigure    = "class_shares.svg"
	coverFigure     = "classes.svg"
	halfwayFigure   = "halfway.svg"
	samplesFigure   = "samples_%s.png"
	lossFigure      = "losses_%s.svg"
	interpolateFile = "interpolation_%s.png"
)

// reporter turns what was measured into metrics, tables, figures and claims.
type reporter struct {
	*runner
	variants, networks figure.Colors
	// charts are the files of the charts that were drawn.
	charts map[string]bool
}

func report(x *runner) error {
	r := &reporter{runner: x, variants: figure.NewColors(variants()...), networks: figure.NewColors(networks()...), charts: map[string]bool{}}
	r.metrics()
	r.diverged()
	for _, part := range []func() error{r.game, r.ring, r.images} {
		if err := part(); err != nil {
			return err
		}
	}
	r.claims()
	return nil
}

// Metrics: ring.r1.modes, found, and ring.r1.good, the fraction of good samples;
// ahead.minimax_gradient and ahead.steady_gradient, the norms at the end; classifier.test_error, and
// what the classifier says of the validation images; dcgan.classes, covered, dcgan.sure, .score,
// .least, the smallest share of a class, and .halfway and .pixels, of images between two.
func (r *reporter) metrics() {
	for _, g := range r.rings {
		r.Metric("ring."+g.name+".modes", g.seed, g.ifTrained(float64(g.modes)))
		r.Metric("ring."+g.name+".good", g.seed, g.ifTrained(g.good))
	}
	for i, seed := range r.Seeds {
		var last train.Epoch // none, if the training diverged
		if o := r.ahead[i]; !o.Diverged {
			last = o.Last().Epochs[len(o.Last().Epochs)-1]
		}
		r.Metric("ahead.minimax_gradient", seed, trial.Value(last.Validation, saturating))
		r.Metric("ahead.steady_gradient", seed, trial.Value(last.Validation, steady))
		r.Metric("ahead.fake", seed, trial.Value(last.Train, "fake"))
		c := r.classifiers[seed]
		r.Metric("classifier.test_error", seed, c.test)
		r.Metric("classifier.sure", seed, c.real.sure)
		r.Metric("classifier.score", seed, c.real.score)
	}
	for _, d := range r.digits {
		r.Metric(d.name+".classes", d.seed, d.ifTrained(float64(d.covers())))
		r.Metric(d.name+".sure", d.seed, d.ifTrained(d.sure))
		r.Metric(d.name+".score", d.seed, d.ifTrained(d.score))
		r.Metric(d.name+".least", d.seed, d.ifTrained(slices.Min(d.shares)))
		r.Metric(d.name+".halfway", d.seed, d.ifTrained(d.between.codes))
		r.Metric(d.name+".pixels", d.seed, d.ifTrained(d.between.pixels))
	}
}

// diverged names the trainings that diverged, if there are any.
func (r *reporter) diverged() {
	var some trial.Divergences
	for i, o := range r.ahead {
		some.Add("the discriminator ahead", r.Seeds[i], o)
	}
	for _, g := range r.rings {
		some.Add(g.name, g.seed, g.outcome)
	}
	for _, d := range r.digits {
		some.Add(d.name, d.seed, d.outcome)
	}
	some.Report(r.Results)
}

// game reports the discriminator that is ahead.
func (r *reporter) game() error {
	d := r.Recipe.Digits
	r.Section("What saturates", "The generator makes examples of codes z ~ N(0, 1), the discriminator tells with which probability D an example is one of the data. It lowers −mean log D(x) − mean log(1−D(x̃)) "+
		"for examples x and what is generated, x̃. By the minimax loss the generator lowers mean log(1−D(x̃)): the opposite, as the theory has it. Its slope in the logit of x̃ is −D(x̃), which vanishes where the "+
		"discriminator is sure, and that is where the generator has most to learn. The loss without saturation, −mean log D(x̃), has the slope −(1−D(x̃)), with the same equilibrium (Goodfellow et al. 2014).",
		fmt.Sprintf("Here a perceptron learns alone to tell %d images from what another one makes, which stands still with its first weights, in batches of %d. The norms of the generator's gradient by both losses are measured at the same networks and codes (as Arjovsky & Bottou 2017 did).", r.Recipe.Ahead.Images, d.Train.Batch))
	chart := figure.Lines{XLabel: "steps of the discriminator", YLabel: "norm of the generator's gradient", LogY: true}
	perEpoch := float64((r.Recipe.Ahead.Images + d.Train.Batch - 1) / d.Train.Batch)
	for _, name := range []string{saturating, steady} {
		s := figure.Series{Name: strings.TrimSuffix(name, " gradient")}
		for _, o := range r.ahead {
			var row []float64
			for i, e := range o.Last().Epochs {
				if row = append(row, trial.Value(e.Validation, name)); len(s.X) < len(row) {
					s.X = append(s.X, float64(i+1)*perEpoch)
				}
			}
			s.Y = append(s.Y, row)
		}
		chart.Series = append(chart.Series, s)
	}
	chart.Colors = r.variants
	return r.lines(aheadFigure, "The generator's gradient, the further the discriminator is ahead", "", chart)
}

// lines adds a chart of curves, if there is a value in it: a training that diverges may leave none.
func (r *reporter) lines(file, title, caption string, c figure.Lines) error {
	for _, s := range c.Series {
		for _, row := range s.Y {
			if slices.ContainsFunc(row, finite) {
				return r.chart(file, title, caption, c)
			}
		}
	}
	return nil
}

// dots adds a chart of values by category, if there is one.
func (r *reporter) dots(file, title, caption string, c figure.Dots) error {
	for _, i := range c.Items {
		if slices.ContainsFunc(i.Values, finite) {
			return r.chart(file, title, caption, c)
		}
	}
	return nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

func (r *reporter) chart(file, title, caption string, c interface {
	SVG() ([]byte, error)
	Spread() string
}) error {
	data, err := c.SVG()
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	r.charts[file] = true
	r.Figure(file, title, strings.TrimSpace(caption+" "+c.Spread()), data)
	return nil
}

// shownBy is the file of a chart, "" if it was not drawn.
func (r *reporter) shownBy(file string) string {
	if !r.charts[file] {
		return ""
	}
	return file
}

// words say what the losses and networks are.
func (r *reporter) words(name string) string {
	switch name {
	case "minimax":
		return "minimax: saturates"
	case "non-saturating":
		return "non-saturating: without a penalty"
	case "r1":
		return fmt.Sprintf("r1: non-saturating, and %g/2 · mean ‖∂l/∂x‖² at the examples (Mescheder et al. 2018)", r.Recipe.Ring.R1)
	case "feature-matching":
		return "feature-matching: the generator matches the mean of the discriminator's last hidden layer (Salimans et al. 2016)"
	case "wasserstein":
		return fmt.Sprintf("wasserstein: a critic with %g · mean (‖∂l/∂x̂‖ − 1)² between examples and samples (Gulrajani et al. 2017)", r.Recipe.Ring.Lipschitz)
	case perceptrons:
		return fmt.Sprintf("mlp: perceptrons of %s hidden units, gradient penalty R1 with factor %g", strings.Join(texts(r.Recipe.Digits.Units), "-"), r.Recipe.Digits.R1)
	case plain:
		return "mlp-plain: the same without the penalty"
	}
	return fmt.Sprintf("dcgan: transposed convolutions from %s maps, batch-normalised, and a convolutional discriminator, R1 with factor %g", strings.Join(texts(r.Recipe.Digits.Maps), "-"), r.Recipe.Digits.ConvR1)
}

// items are the seeds' values of the metrics of several names, for a chart by name.
func (r *reporter) items(names []string, metric func(name string) string, scale float64) (out []figure.Item) {
	for _, n := range names {
		out = append(out, figure.Item{Name: n, Values: lab.Scaled(r.Values(metric(n)), scale)})
	}
	return out
}

// row i of a matrix.
func row(x *tensor.Dense, i int) []float32 {
	k := x.Shape()[1]
	return x.Float32s()[i*k : (i+1)*k : (i+1)*k]
}
