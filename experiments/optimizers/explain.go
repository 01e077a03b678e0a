package main

import (
	"fmt"
	"math"
	"slices"

	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"

	"gonum.org/v1/gonum/stat"
)

// fastest is the rate of a method with the fewest epochs to the target, in the mean over
// seeds; one at which a seed does not reach it counts as one epoch more than all.
func (r *reporter) fastest(m method) (rate float64, epochs []float64) {
	least := math.Inf(1)
	for _, tried := range r.Recipe.rates(m) {
		row := r.epochsAt(m, tried)
		if mean := stat.Mean(row, nil); mean < least {
			least, rate, epochs = mean, tried, row
		}
	}
	return rate, epochs
}

// fastestWords says the epochs at the fastest rate.
func (r *reporter) fastestWords(m method) string {
	rate, epochs := r.fastest(m)
	return fmt.Sprintf("%s at %g %s", m.name, rate, r.epochs(epochs))
}

// reached is where a network reaches the target, NaN if nowhere or if it diverged.
func (r *reporter) reached(t *trained) float64 {
	if t.Diverged {
		return math.NaN()
	}
	return epochsTo(r.Recipe.Target, r.losses(t))
}

// epochsAt are the epochs to the target at a rate, by seed.
func (r *reporter) epochsAt(m method, rate float64) (row []float64) {
	for _, seed := range r.Seeds {
		row = append(row, r.bounded(r.reached(r.by[spec{m, rate, seed}])))
	}
	return row
}

// bestAt are the smallest validation losses at a rate, by seed.
func (r *reporter) bestAt(m method, rate float64) (row []float64) {
	for _, seed := range r.Seeds {
		row = append(row, r.by[spec{m, rate, seed}].Best("loss"))
	}
	return row
}

// criterionTable sets the rate that is chosen, by the smallest validation loss, beside
// the one that is the fastest to the target: the claims count epochs at the first, so that
// a method can lose by the choice of its rate.
func (r *reporter) criterionTable(methods []method) {
	var rows [][]string
	for _, m := range methods {
		row := []string{m.name, fmt.Sprintf("%g", r.best[m]), r.epochs(r.values(m, "epochs")), lab.Summary(r.values(m, "best_loss")), "–", "–", "–"}
		if rate, epochs := r.fastest(m); slices.Min(epochs) <= float64(r.Recipe.Epochs) {
			row = append(row[:4], fmt.Sprintf("%g", rate), r.epochs(epochs), lab.Summary(r.bestAt(m, rate)))
		}
		rows = append(rows, row)
	}
	r.Table(fmt.Sprintf("The rate with the smallest validation loss, which is used, and the one with the fewest epochs to a loss of %g; epochs by seed and smallest loss at each", r.Recipe.Target),
		[]string{"method", "rate used", "epochs", "loss", "fastest rate", "epochs", "loss"}, rows)
}

// speedFigure draws the epochs to the target against the rate; nothing if no rate leads
// there for every seed.
func (r *reporter) speedFigure(methods []method) error {
	chart := figure.Lines{XLabel: "learning rate", YLabel: fmt.Sprintf("epochs to a loss of %g", r.Recipe.Target), LogX: true, FromZero: true, Colors: r.colors}
	some := false
	for _, m := range methods {
		s := figure.Series{Name: m.name, X: r.Recipe.rates(m), Y: make([][]float64, len(r.Seeds))}
		for _, rate := range s.X {
			all := true
			for i, seed := range r.Seeds {
				v := r.reached(r.by[spec{m, rate, seed}])
				s.Y[i], all = append(s.Y[i], v), all && !math.IsNaN(v)
			}
			some = some || all
		}
		chart.Series = append(chart.Series, s)
	}
	if !some {
		return nil
	}
	return r.figure("optimizer_speed.svg", "Epochs to the target by rate", "At each of the rates tried; where a seed does not reach the target there is no point.", chart)
}

// fitTable tells learning the training images from doing well on others.
func (r *reporter) fitTable(methods []method) {
	var rows [][]string
	for _, m := range methods {
		var training, last, epoch []float64
		for _, seed := range r.Seeds {
			h := r.at(m, seed).Last()
			end := h.Epochs[len(h.Epochs)-1]
			training, last, epoch = append(training, trial.TrainingLoss(end)), append(last, trial.Value(end.Validation, "loss")), append(epoch, float64(h.Best))
		}
		rows = append(rows, []string{m.name, lab.Summary(training), lab.Summary(last), lab.Summary(r.values(m, "best_loss")), lab.Summary(epoch), lab.Summary(lab.Scaled(r.values(m, "test_error"), 100))})
	}
	r.Table("Training loss in the last epoch, validation loss after it, the smallest one and the epoch of it, whose weights are tested, and the test error in percent",
		[]string{"method", "training, last", "validation, last", "smallest", "in epoch", "test error"}, rows)
}

// fit says how Adam and plain mini-batches differ on the training images and on others.
func (r *reporter) fit() string {
	adam, mini := r.Recipe.adam(), r.Recipe.minibatch()
	lower, less := 0, 0
	for i, seed := range r.Seeds {
		end := func(m method) float64 {
			h := r.at(m, seed).Last()
			return trial.TrainingLoss(h.Epochs[len(h.Epochs)-1])
		}
		if end(adam) < end(mini) {
			lower++
		}
		if r.values(adam, "best_loss")[i] < r.values(mini, "best_loss")[i] {
			less++
		}
	}
	return fmt.Sprintf("A method makes the training loss small; the test error also depends on how well that carries over. At the rates used, Adam's training loss in the last epoch is below that of plain mini-batches for %d of %d seeds, "+
		"its smallest validation loss for %d of %d (table below).", lower, len(r.Seeds), less, len(r.Seeds))
}
