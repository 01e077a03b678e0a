package main

import (
	"context"
	"fmt"
	"math"
	"strings"

	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
	"capas/train"

	"gonum.org/v1/gonum/stat"
)

// lossBy is a chart of the validation losses of methods.
func (r *reporter) lossBy(xLabel string, logX bool, methods []method, network func(m method, seed uint64) *trained, x func(m method, epoch int) float64) figure.Lines {
	lines := figure.Lines{XLabel: xLabel, YLabel: "validation loss (nats)", LogX: logX, LogY: true, Colors: r.colors}
	for _, m := range methods {
		s := figure.Series{Name: m.name}
		for e := range r.Recipe.Epochs + 1 {
			s.X = append(s.X, x(m, e))
		}
		for _, seed := range r.Seeds {
			s.Y = append(s.Y, r.losses(network(m, seed)))
		}
		lines.Series = append(lines.Series, s)
	}
	return lines
}

func byEpoch(_ method, epoch int) float64 { return float64(epoch) }

// byUpdate are steps so far.
func (r *reporter) byUpdate(m method, epoch int) float64 {
	return float64(epoch * m.stepsPerEpoch(r.Recipe, r.images[r.Seeds[0]].Len()))
}

// bySecond are seconds so far, of training alone.
func (r *reporter) bySecond(m method, epoch int) float64 {
	return float64(epoch) * stat.Mean(r.values(m, "epoch_seconds"), nil)
}

// sizesSection reports the methods that differ by the size of a batch.
func (r *reporter) sizesSection(context.Context) error {
	methods := r.Recipe.sizes()
	n := r.images[r.Seeds[0]].Len()
	r.Section("How many examples a step", fmt.Sprintf("A network of %d %s units learns %d images with cross-entropy, from the same first weights by every method of a seed. ",
		r.Recipe.Units, r.Recipe.Activation, n)+
		fmt.Sprintf("Batch gradient descent makes one step an epoch, mini-batches of %d make %d, of %d %d, and SGD %d. ",
			r.Recipe.Batch, r.Recipe.minibatch().stepsPerEpoch(r.Recipe, n), r.Recipe.SmallBatch, r.Recipe.smallBatch().stepsPerEpoch(r.Recipe, n), n)+
		fmt.Sprintf("Every method tries %d rates, with grids that are placed by the size of its steps, and is judged at the one with the smallest validation loss, in the mean over seeds.", len(r.Recipe.Rates)),
		"Validation follows every epoch; between epochs the loss is taken to fall in a straight line in its logarithm, to tell where it reaches the target. "+
			"Seconds are those of training alone: after all networks are trained, a fresh one is trained by each method and seed with nothing of this run beside it, on all processors, for two epochs, and the shorter one counts. "+
			"Other programs on the machine make them longer.")
	for _, f := range []struct {
		file, title, caption string
		chart                figure.Lines
	}{
		{"size_epochs.svg", "Loss by epochs", "Rates: " + r.bestRates(methods) + ".", r.lossBy("epoch", false, methods, r.at, byEpoch)},
		{"size_updates.svg", "Loss by steps", "The same networks, from the first epoch on. A step from more examples is a better step, but not in proportion to them.", r.lossBy("steps", true, methods, r.at, r.byUpdate)},
		{"size_seconds.svg", "Loss by time", "The same networks by the time that training takes, from the first epoch on.", r.lossBy("time (s)", true, methods, r.at, r.bySecond)},
	} {
		if err := r.figure(f.file, f.title, f.caption, f.chart); err != nil {
			return err
		}
	}
	r.results(methods)
	r.timeTable(methods)
	if r.judged() {
		r.sizeClaims()
	}
	return nil
}

// results is the table of methods at their best rates.
func (r *reporter) results(methods []method) {
	var rows [][]string
	for _, m := range methods {
		rates := r.Recipe.rates(m)
		rate := fmt.Sprintf("%g", r.best[m])
		if len(rates) > 1 && (r.best[m] == rates[0] || r.best[m] == rates[len(rates)-1]) {
			rate += " (the end of those tried)"
		}
		rows = append(rows, []string{m.name, rate, r.epochs(r.values(m, "epochs")), updates(r.values(m, "updates")),
			lab.Summary(r.values(m, "best_loss")), lab.Summary(lab.Scaled(r.values(m, "test_error"), 100))})
	}
	r.Table(fmt.Sprintf("At the best rate: epochs to a validation loss of %g by seed, steps to it by seed, the smallest validation loss, and the test error in percent", r.Recipe.Target),
		[]string{"method", "rate", "epochs", "steps", "loss", "test error"}, rows)
}

// timeTable is that of seconds. Its rows are named so that they are known as times.
func (r *reporter) timeTable(methods []method) {
	var rows [][]string
	for _, m := range methods {
		epoch := r.values(m, "epoch_seconds")
		var to []float64
		for i, e := range r.values(m, "epochs") {
			if e > float64(r.Recipe.Epochs) {
				e = math.NaN()
			}
			to = append(to, e*epoch[i])
		}
		rows = append(rows, []string{m.name + ", seconds", lab.Summary(epoch), lab.Summary(to)})
	}
	r.Table("The time of an epoch, and to the target", []string{"method", "an epoch", fmt.Sprintf("to a loss of %g", r.Recipe.Target)}, rows)
}

// optimizersSection reports what is made of a mini-batch's gradient.
func (r *reporter) optimizersSection(context.Context) error {
	methods := r.Recipe.optimizers()
	r.Section("What a step makes of the gradient", fmt.Sprintf("All with mini-batches of %d, at the rate with the smallest validation loss of each. Momentum adds up past steps; RMSProp and Adam divide each weight's step by the size of its own gradients.", r.Recipe.Batch),
		fmt.Sprintf("That rate need not be the fastest to a loss of %g, the target whose epochs are counted: a table has both, for all the rates tried, with equal effort for every method. ", r.Recipe.Target)+
			"Where they differ, a verdict about epochs is one about the choice of the rate too.",
		r.fit(), r.uncertainty())
	training := figure.Lines{XLabel: "epoch", YLabel: "training loss (nats)", LogY: true, Colors: r.colors}
	rates := figure.Lines{XLabel: "learning rate", YLabel: "smallest validation loss (nats)", LogX: true, LogY: true, Colors: r.colors}
	for _, m := range methods {
		var histories []*train.History
		for _, seed := range r.Seeds {
			histories = append(histories, r.at(m, seed).Last())
		}
		training.Series = append(training.Series, trial.Curve(m.name, histories, trial.TrainingLoss))
		s := figure.Series{Name: m.name, X: r.Recipe.rates(m)}
		for _, seed := range r.Seeds {
			var row []float64
			for _, rate := range s.X {
				row = append(row, r.by[spec{m, rate, seed}].Best("loss"))
			}
			s.Y = append(s.Y, row)
		}
		rates.Series = append(rates.Series, s)
	}
	for _, f := range []struct {
		file, title, caption string
		chart                figure.Lines
	}{
		{"optimizer_epochs.svg", "Loss by epochs", "Rates: " + r.bestRates(methods) + ".", r.lossBy("epoch", false, methods, r.at, byEpoch)},
		{"optimizer_training.svg", "Training loss by epochs", "What the methods make small. The same networks; means over the steps of each epoch.", training},
		{"optimizer_seconds.svg", "Loss by time", "The same networks by the time that training takes, from the first epoch on.", r.lossBy("time (s)", true, methods, r.at, r.bySecond)},
		{"optimizer_rates.svg", "Loss by rate", fmt.Sprintf("The smallest validation loss in %d epochs at each of the rates tried; a rate at which a seed diverges is left out.", r.Recipe.Epochs), rates},
		{"optimizer_default.svg", "Loss by epochs, without choosing a rate", fmt.Sprintf("Rate %g for mini-batches, momentum and Nesterov's, %g for RMSProp and Adam.", r.Recipe.Default, r.Recipe.AdaptiveDefault),
			r.lossBy("epoch", false, methods, r.byDefault, byEpoch)},
	} {
		if err := r.figure(f.file, f.title, f.caption, f.chart); err != nil {
			return err
		}
	}
	if err := r.speedFigure(methods); err != nil {
		return err
	}
	r.results(methods)
	r.criterionTable(methods)
	r.fitTable(methods)
	var rows [][]string
	for _, m := range methods {
		rows = append(rows, []string{m.name, fmt.Sprint(r.Recipe.defaultRate(m)), r.epochs(r.values(m, "default_epochs")),
			lab.Summary(r.values(m, "default_loss")), lab.Summary(lab.Scaled(r.values(m, "default_test_error"), 100))})
	}
	r.Table(fmt.Sprintf("At the default rate: epochs to a validation loss of %g by seed, the smallest validation loss, and the test error in percent", r.Recipe.Target),
		[]string{"method", "rate", "epochs", "loss", "test error"}, rows)
	r.timeTable(methods)
	if r.judged() {
		r.optimizerClaims()
	}
	return nil
}

// uncertainty compares the differences between the optimisers' test errors with what a
// test set of its size leaves open.
func (r *reporter) uncertainty() string {
	low, high, sum := math.Inf(1), 0.0, 0.0
	for _, m := range r.Recipe.optimizers() {
		mean := stat.Mean(r.values(m, "test_error"), nil)
		low, high, sum = min(low, mean), max(high, mean), sum+mean
	}
	n, p := r.data.Test.Len(), sum/float64(len(r.Recipe.optimizers()))
	return fmt.Sprintf("The optimisers' mean test errors lie between %.2f and %.2f %%. A single error of %.2f %% on %d images is uncertain by ±%.2f points by the choice of the images alone (binomial, 95 %%).",
		100*low, 100*high, 100*p, n, 196*math.Sqrt(p*(1-p)/float64(n)))
}

// epochs to the target of all seeds, as text.
func (r *reporter) epochs(v []float64) string {
	var words []string
	for _, x := range v {
		if x > float64(r.Recipe.Epochs) {
			words = append(words, fmt.Sprintf("over %d", r.Recipe.Epochs))
		} else {
			words = append(words, fmt.Sprintf("%.2f", x))
		}
	}
	return strings.Join(words, ", ")
}

// updates are numbers of steps by seed, as text; those to a target that was not reached
// are not a number.
func updates(v []float64) string {
	var words []string
	for _, x := range v {
		if math.IsNaN(x) {
			words = append(words, "–")
		} else {
			words = append(words, fmt.Sprintf("%.0f", x))
		}
	}
	return strings.Join(words, ", ")
}

// counts are numbers of steps by seed, as text; more than all stand for never.
func (r *reporter) counts(v []float64, all int) string {
	var words []string
	for _, x := range v {
		if x > float64(all) {
			words = append(words, fmt.Sprintf("over %d", all))
		} else {
			words = append(words, fmt.Sprintf("%.0f", x))
		}
	}
	return strings.Join(words, ", ")
}
