package main

import (
	"fmt"
	"strings"

	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
	"capas/train"
)

// Files of charts.
const (
	curvesFigure = "curves.svg"
	shiftFigure  = "shift.svg"
	fewFigure    = "few_labels.svg"
)

// colors of networks and of first weights are the same in all charts.
func netColors() figure.Colors {
	return figure.NewColors(title(lenet), title(lenet5), title(perceptron))
}
func firstColors() figure.Colors {
	return figure.NewColors(firstTitle(fromRandom), firstTitle(fromPlain), firstTitle(fromDenoising))
}

func report(x *runner) error {
	for _, part := range []func() error{x.errors, x.shifts, x.filters, x.maps, x.fewLabels} {
		if err := part(); err != nil {
			return err
		}
	}
	x.claims()
	return nil
}

// errors reports the networks that learned from all images.
func (x *runner) errors() error {
	r := x.Recipe
	words := map[string]string{
		lenet:      fmt.Sprintf("two convolutional layers of %d and %d kernels of 5×5, the largest of 2×2 pixels after each, a hidden layer of %d units (Deep Learning Tutorials).", r.Maps[0], r.Maps[1], r.Units),
		lenet5:     "6, 16 and 120 kernels of 5×5, means of 2×2 pixels after the first two layers, 84 units (LeCun et al. 1998, as it is built today).",
		perceptron: fmt.Sprintf("one hidden layer, with about as many parameters as a %s of %d and %d kernels.", title(lenet), r.Maps[0], r.Maps[1]),
	}
	var nets strings.Builder
	for _, name := range r.Nets {
		fmt.Fprintf(&nets, "%s: %s ", title(name), words[name])
	}
	x.Section("Test error",
		fmt.Sprintf("%sHidden units are %s, outputs start from 0, and the loss is the cross-entropy with softmax.", nets.String(), r.Activation),
		fmt.Sprintf("Training: %s, for the perceptron %s. The parameters with the smallest error on the %d validation images are kept; the test set is read once.", describe(r.Train), describe(r.PerceptronTrain), x.data.Validation.Len()))
	var rows [][]string
	lines := figure.Lines{XLabel: "epoch", YLabel: "validation error (%)", LogY: true, Colors: netColors()}
	for _, name := range r.Nets {
		rows = append(rows, []string{title(name), fmt.Sprintf("%.0f", x.Values(name + ".parameters")[0]), lab.Summary(x.percents(name + ".validation_error")), lab.Summary(x.percents(name + ".test_error"))})
		var histories []*train.History
		for _, seed := range x.Seeds {
			histories = append(histories, x.nets[name][seed].history)
		}
		lines.Series = append(lines.Series, trial.Curve(title(name), histories, trial.ValidationError))
	}
	x.Table("Errors in percent, mean ± standard deviation over seeds", []string{"network", "parameters", "validation", "test"}, rows)
	return x.draw(curvesFigure, "Validation error by epoch", "", lines)
}

// describe says in words what a recipe is.
func describe(t train.Recipe) string {
	fall := ""
	if t.Optimizer.Rate.Linear {
		fall = ", falling to 0 in a straight line"
	}
	stop := ""
	if t.Patience != nil {
		stop = fmt.Sprintf(" at most, with a patience of %d steps", t.Patience.Steps)
	}
	epochs := fmt.Sprintf("%d epochs", t.Epochs)
	if t.Epochs == 1 {
		epochs = "1 epoch"
	}
	return fmt.Sprintf("%s at rate %g%s, %s%s in batches of %d", t.Optimizer.Kind, t.Optimizer.Rate.Start, fall, epochs, stop, t.Batch)
}

// shifts reports what shifts of the test images do.
func (x *runner) shifts() error {
	x.Section("Shifted images", "The same networks on the test images shifted by some pixels, in eight directions by turns. None was trained on shifted images. "+
		"A convolutional layer makes shifted maps of a shifted image, and pooling forgets part of the shift; the dense layers above have to bear the rest. To a perceptron a shifted image is another pattern altogether.")
	lines := figure.Lines{XLabel: "shift (pixels)", YLabel: "test error (%)", LogY: true, Colors: netColors()}
	header := []string{"network", "0"}
	var rows [][]string
	for _, by := range x.Recipe.Shifts {
		header = append(header, fmt.Sprint(by))
	}
	for _, name := range x.Recipe.Nets {
		s, row := figure.Series{Name: title(name), Y: make([][]float64, len(x.Seeds))}, []string{title(name)}
		add := func(by int, values []float64) {
			s.X = append(s.X, float64(by))
			for i, v := range values {
				s.Y[i] = append(s.Y[i], v)
			}
			row = append(row, lab.Summary(values))
		}
		add(0, x.percents(name+".test_error"))
		for _, by := range x.Recipe.Shifts {
			add(by, x.percents(shiftMetric(name, by)))
		}
		lines.Series, rows = append(lines.Series, s), append(rows, row)
	}
	x.Table("Test error in percent by shift in pixels", header, rows)
	if err := x.examplesOfShifts(); err != nil {
		return err
	}
	return x.draw(shiftFigure, "Test error by shift", "", lines)
}

// fewLabels reports the networks that learned from few labels.
func (x *runner) fewLabels() error {
	f := x.Recipe.Few
	x.Section(fmt.Sprintf("%d labels", f.Labels),
		fmt.Sprintf("LeNets that learn from %d labelled images, and begin with random convolutional layers or with ones that were pretrained on %d images without labels: each layer as the encoder of an autoencoder with the same kernels in its decoder, "+
			"the second on the codes of the first (%s). The denoising ones reconstruct clean images from images corrupted by %s. What a decoder reads has the largest pixel of each window at its place and 0 elsewhere. The dense layers of a seed begin alike.", f.Labels, f.Images, describe(f.Pretrain), f.Corruption),
		fmt.Sprintf("All are tuned alike: %s at the rates %s, falling to 0 in a straight line, for %d steps of %d images at least. %d labelled images of the validation set choose the rate, and the epoch, for each network by itself. The test set is read once, with the networks chosen. "+
			"To see what the layers are worth by themselves, the dense layers learn once more on convolutional layers that stay as they begin.", f.Train.Optimizer.Kind, lab.Listed(f.Rates), f.Steps, f.Train.Batch, x.validation[x.Seeds[0]].Len()))
	dots := figure.Dots{YLabel: "test error (%)", FromZero: true, Colors: firstColors()}
	var rows [][]string
	for _, k := range kinds() {
		gain, layers := "–", "trained"
		if k.first != fromRandom && !k.fixed {
			gain = lab.Summary(x.percents(fewMetric(k.first, "gain")))
		}
		if k.fixed {
			layers = "as they begin"
		}
		errors := x.percents(fewMetric(k.kind(), "test_error"))
		rows = append(rows, []string{firstTitle(k.first), layers, rates(x.Values(fewMetric(k.kind(), "rate"))), lab.Summary(x.percents(fewMetric(k.kind(), "validation_error"))), lab.Summary(errors), gain})
		dots.Items = append(dots.Items, figure.Item{Category: "layers " + layers, Name: firstTitle(k.first), Values: errors})
	}
	x.Table("Errors in percent, and the gain in points over random first weights", []string{"first weights", "convolutional layers", "rates by seed", "validation", "test", "gain"}, rows)
	svg, err := dots.SVG()
	if err != nil {
		return err
	}
	x.Figure(fewFigure, fmt.Sprintf("Test error with %d labels", f.Labels), dots.Spread(), svg)
	return nil
}

func rates(values []float64) string {
	var parts []string
	for _, v := range values {
		parts = append(parts, fmt.Sprintf("%g", v))
	}
	return strings.Join(parts, ", ")
}

func (x *runner) draw(file, title, caption string, lines figure.Lines) error {
	svg, err := lines.SVG()
	if err != nil {
		return err
	}
	x.Figure(file, title, strings.TrimSpace(caption+" "+lines.Spread()), svg)
	return nil
}
