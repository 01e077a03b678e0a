package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/train"
)

// report turns what was measured into metrics, tables, figures and claims.
func (x *experimenter) report(m map[uint64]*measurements) error {
	x.metrics(m)
	x.levelsSection()
	for _, part := range []func() error{x.errorsSection, x.curvesSection, x.dropoutSection, x.masksSection, x.colorSection} {
		if err := part(); err != nil {
			return err
		}
	}
	x.claims()
	return nil
}

// metrics are, by method and number of images, such as dropout.1000.test_error: test_error,
// test_loss and train_error after training, gap, test less training error, and progress, by how much
// the validation error fell in the second half of the epochs. correlation is that of hidden
// units, of none and dropout. <method>.level is the one chosen, from 1. masks.scaled.* is the
// dropout network with scaled weights, masks.<k>.* the average of k dropped ones, masks.geometric.* the geometric mean of most;
// color.<method>.* are networks for coloured digits.
func (x *experimenter) metrics(m map[uint64]*measurements) {
	for _, seed := range x.Seeds {
		record := func(prefix string, o *outcome) {
			x.Metric(prefix+".test_error", seed, o.test)
			x.Metric(prefix+".test_loss", seed, o.testLoss)
			x.Metric(prefix+".train_error", seed, o.train)
			x.Metric(prefix+".gap", seed, o.test-o.train)
		}
		for _, n := range x.Recipe.Images {
			for _, meth := range methods() {
				o := x.of(meth, n, seed)
				record(fmt.Sprintf("%s.%d", meth, n), o)
				x.Metric(fmt.Sprintf("%s.%d.progress", meth, n), seed, progress(o.history.Epochs))
			}
			for _, meth := range []method{none, dropout} {
				x.Metric(fmt.Sprintf("%s.%d.correlation", meth, n), seed, m[seed].correlation[meth][n])
			}
		}
		for _, meth := range append(methods()[1:], offsets) {
			x.Metric(string(meth)+".level", seed, float64(x.chosen[meth]+1))
		}
		for _, meth := range []method{none, offsets} {
			record("color."+string(meth), x.colored(meth, seed))
		}
		quality := func(name string, q quality) {
			x.Metric("masks."+name+".test_error", seed, q.err)
			x.Metric("masks."+name+".test_loss", seed, q.loss)
		}
		quality("scaled", m[seed].scaled)
		quality("geometric", m[seed].geometric)
		for _, k := range x.Recipe.Masks {
			quality(fmt.Sprint(k), m[seed].averaged[k])
		}
	}
}

// progress is by how much the validation error fell in the second half of the epochs.
func progress(epochs []train.Epoch) float64 {
	if len(epochs) == 0 {
		return math.NaN()
	}
	half := epochs[(len(epochs)-1)/2]
	return trial.Value(half.Validation, "error") - trial.Value(epochs[len(epochs)-1].Validation, "error")
}

// values of a method's metric with so many images.
func (x *experimenter) values(m method, images int, what string) []float64 {
	return x.Values(fmt.Sprintf("%s.%d.%s", m, images, what))
}

// percent is mean and deviation over seeds.
func percent(v []float64) string { return lab.Summary(lab.Scaled(v, 100)) }

// thousands writes a number with separators.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

// level says in words what a method does at a level.
func (r Recipe) level(m method, level int) string {
	drop := fmt.Sprintf("hidden %g, input %g", r.HiddenDrops[level], r.InputDrops[level])
	a := r.Augment[level]
	changes := fmt.Sprintf("shift ±%d, rotation ±%g°, elastic α %g", a.Shift, a.Rotation, a.Elastic)
	switch m {
	case dropout:
		return drop
	case l1:
		return fmt.Sprintf("λ = %g", r.L1[level])
	case l2:
		return fmt.Sprintf("λ = %g", r.L2[level])
	case early:
		return fmt.Sprintf("after %g %% of the steps", 100*r.Patience[level])
	case augmentation:
		return changes
	case offsets:
		return fmt.Sprintf("±%g", r.Colors[level])
	}
	return "dropout " + drop
}

// levelsSection shows how the levels were chosen.
func (x *experimenter) levelsSection() {
	r := x.Recipe
	x.Section("How strongly", fmt.Sprintf("All networks are 784-%s-10 with %s, trained by %s at rate %g in batches of %d, from the same first weights; "+
		"they end with their last parameters, except those of early stopping, which ends by patience on %s validation images and keeps the best ones. "+
		"Each method has %d levels, which were all tried on %s images (coloured digits on %s); the one with the smallest mean error on the validation set is used with more images, "+
		"λ divided by how many times more there are: a penalty is a prior, which counts once however many examples there are. "+
		"Together each method is at its own chosen level, but for dropout, of which all levels are tried again.",
		join(r.Hidden, "-"), r.Activation, r.Train.Optimizer.Kind, r.Train.Optimizer.Rate.Start, r.Train.Batch, thousands(x.watch.Len()),
		r.levels(), thousands(r.Images[0]), thousands(r.ColorImages)))
	rows := [][]string{{none.label(), "", "", fmt.Sprintf("%.2f", 100*x.tried(none, 0))}}
	for _, m := range append(methods()[1:], offsets) {
		for level := range r.levels() {
			text := fmt.Sprintf("%.2f", 100*x.tried(m, level))
			if level == x.chosen[m] {
				text += " (chosen" + map[bool]string{true: ", the end of those tried"}[r.levels() > 1 && (level == 0 || level == r.levels()-1)] + ")"
			}
			rows = append(rows, []string{m.label(), fmt.Sprint(level + 1), r.level(m, level), text})
		}
	}
	x.Table("Validation error, mean over seeds", []string{"method", "level", "what it is", "validation error (%)"}, rows)
}

func join(numbers []int, between string) string {
	var words []string
	for _, n := range numbers {
		words = append(words, fmt.Sprint(n))
	}
	return strings.Join(words, between)
}

// errorsSection shows training and test errors.
func (x *experimenter) errorsSection() error {
	var sizes []string
	for i, n := range x.Recipe.Images {
		sizes = append(sizes, fmt.Sprintf("%s images %d", thousands(n), x.Recipe.Epochs[i]))
	}
	x.Section("Training and test error", "The training error is measured after training, on the images as they are and without dropout; the gap is the test error less the training error. "+
		"Epochs: "+strings.Join(sizes, ", ")+". Progress is by how much the error on the validation images that are watched fell in the second half of the epochs.")
	for _, n := range x.Recipe.Images {
		var rows [][]string
		for _, m := range methods() {
			row := []string{m.label()}
			for _, what := range []string{"train_error", "test_error", "gap", "progress"} {
				row = append(row, percent(x.values(m, n, what)))
			}
			rows = append(rows, append(row, lab.Summary(x.values(m, n, "test_loss"))))
		}
		x.Table(thousands(n)+" training images", []string{"method", "training error (%)", "test error (%)", "gap (points)", "progress (points)", "test loss (nats)"}, rows)
		if err := x.errorsFigure(n); err != nil {
			return err
		}
	}
	x.withoutGain()
	if err := x.byImages("test_error_by_images.svg", "Test error by number of training images", "test error (%)", "test_error", true); err != nil {
		return err
	}
	return x.byImages("gap_by_images.svg", "Gap between test and training error by number of training images", "test − training error (points)", "gap", false)
}

// withoutGain tells of the methods that do not lower the test error what they do instead:
// to the loss, and to the training error.
func (x *experimenter) withoutGain() {
	var rows [][]string
	all := len(x.Seeds)
	for _, n := range x.Recipe.Images {
		for _, m := range methods()[1:] {
			of := func(what string) (a, b []float64) { return x.values(m, n, what), x.values(none, n, what) }
			won := below(of("test_error"))
			if won == all {
				continue
			}
			loss, lossNone := of("test_loss")
			var reading []string
			err, errNone := of("test_error")
			if slices.Equal(err, errNone) && slices.Equal(loss, lossNone) {
				reading = append(reading, "ends as none does")
			}
			if below(loss, lossNone) == all {
				reading = append(reading, "lowers the loss: less sure of what it says wrongly")
			}
			fits, fitsNone := of("train_error")
			if below(fitsNone, fits) == all {
				reading = append(reading, "fits the training images less well")
			}
			late, lateNone := of("progress")
			if below(lateNone, late) == all {
				reading = append(reading, "was getting better faster at the end")
			}
			if len(reading) == 0 {
				reading = []string{"nothing that all seeds show"}
			}
			rows = append(rows, []string{thousands(n), m.label(), fmt.Sprintf("%d of %d", won, all), lab.Summary(loss), lab.Summary(lossNone), percent(fits), percent(fitsNone), strings.Join(reading, "; ")})
		}
	}
	if len(rows) > 0 {
		x.Table("Methods that do not lower the test error for every seed, and what every seed shows of them beside none",
			[]string{"images", "method", "seeds lower", "test loss", "of none", "training error (%)", "of none", "what it does"}, rows)
	}
}

// curvesSection shows how networks learn by heart.
func (x *experimenter) curvesSection() error {
	n := x.Recipe.Images[0]
	x.Section("Learning by heart", fmt.Sprintf("Validation after each epoch, %s training images. Where the loss rises again, the network becomes surer of what it says wrongly.", thousands(n)))
	if err := x.curves("validation_error.svg", "Validation error by epoch", "validation error (%)", n, trial.ValidationError); err != nil {
		return err
	}
	return x.curves("validation_loss.svg", "Validation loss by epoch", "validation loss (nats)", n,
		func(e train.Epoch) float64 { return trial.Value(e.Validation, "loss") })
}

// below counts the seeds at which a is below b.
func below(a, b []float64) int {
	n := 0
	for i := range a {
		if a[i] < b[i] {
			n++
		}
	}
	return n
}

// smallest is, for each seed, the least test error of the given methods.
func (x *experimenter) smallest(images int, of []method) []float64 {
	out := slices.Repeat([]float64{math.Inf(1)}, len(x.Seeds))
	for _, m := range of {
		for i, v := range x.values(m, images, "test_error") {
			out[i] = min(out[i], v)
		}
	}
	return out
}
