package main

import (
	"fmt"
	"math"
	"strings"

	"capas/blocks"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"

	"gonum.org/v1/gonum/stat"
)

// testFile is the figure of test errors.
const testFile = "test_error.svg"

// tests reports the test errors.
func (r *reporter) tests() error {
	r.Section("Test error", "The test set is read once, by the networks with each activation's best rate.")
	chart := figure.Dots{YLabel: "test error (%)", LogY: true, Colors: r.colors}
	near := figure.Dots{YLabel: "test error (%)", Colors: r.colors}
	var rows [][]string
	for _, depth := range r.Recipe.Depths {
		least := math.Inf(1)
		for _, c := range r.cells(depth) {
			least = min(least, stat.Mean(r.of(c, "test_error"), nil))
		}
		for _, c := range r.cells(depth) {
			test := r.of(c, "test_error")
			item := figure.Item{Category: layers(depth), Name: c.f.String(), Values: lab.Scaled(test, 100)}
			chart.Items = append(chart.Items, item)
			if stat.Mean(test, nil) <= 2*least {
				near.Items = append(near.Items, item)
			}
			rows = append(rows, []string{fmt.Sprint(depth), c.f.String(), fmt.Sprint(r.best[c]), percents(test), percents(r.of(c, "training_error")), finite(r.of(c, "gradient_ratio"))})
		}
	}
	for _, f := range []struct {
		file, title, caption string
		chart                figure.Dots
	}{
		{testFile, "Test error by activation and depth", "Each activation at its best rate.", chart},
		{"test_error_near.svg", "Test error of the activations near the best", "The same without those whose error is more than twice that of the best one at the depth.", near},
	} {
		svg, err := f.chart.SVG()
		if err != nil {
			return err
		}
		r.Figure(f.file, f.title, strings.TrimSpace(f.caption+" "+f.chart.Spread()), svg)
	}
	r.Table("Test error and training error of the last epoch, in percent; and the norm of the gradient of the first layer's weights over that of the output layer's, in the first epoch",
		[]string{"depth", "activation", "rate", "test", "training", "gradient, first/output"}, rows)
	return nil
}

// order reports where the lecture's order holds and where it fails, with what could be
// the cause: each step of it is to cure something, which may not be there.
func (r *reporter) order() error {
	order := r.preference()
	if len(order) < 2 {
		return nil
	}
	text := []string{"The lecture prefers " + orderWords(order) + ". Each step up is to cure something, so that it should matter where that is found, at the best rate of the activation that is to be worse, and nowhere else: " +
		"LeakyReLU cures dead units of ReLU; ReLU the saturation of tanh, flat derivatives that let the gradient vanish on its way down; and tanh is steeper at 0 than the sigmoid, which multiplies the error by at most 0.25 a layer."}
	if len(r.Seeds) < lab.MinSeeds {
		text = append(text, fmt.Sprintf("Verdicts are given from %d seeds on.", lab.MinSeeds))
	}
	var rows [][]string
	for _, depth := range r.Recipe.Depths {
		for i := range len(order) - 1 {
			a, b := cell{order[i], depth}, cell{order[i+1], depth}
			s := r.step(a, b)
			rows = append(rows, []string{fmt.Sprint(depth), fmt.Sprintf("%s > %s", a.f, b.f), fmt.Sprintf("%d of %d", s.better, len(r.Seeds)),
				lab.Summary(s.gains), fmt.Sprintf("%.2g", s.noise), short(r.of(b, "dead")), short(r.of(b, "flat")), finite(r.of(b, "gradient_ratio"))})
			if s.better < len(r.Seeds) && len(r.Seeds) >= lab.MinSeeds {
				text = append(text, r.why(a, b, s))
			}
		}
	}
	r.Section("Where the order fails", text...)
	r.Table("Each step of the order: seeds for which it holds; by how many points the test error is smaller; how far two equally good networks differ by chance in 95 of 100 cases, if each has so many test images of its own (on the same ones they differ less); "+
		"and of the second one, at its best rate after training: dead units and flat derivatives in percent, and the gradient of the first layer's weights over the output layer's, in the first epoch",
		[]string{"depth", "step", "holds for", "gain (points)", "chance (points)", "dead", "flat", "gradient, first/output"}, rows)
	return nil
}

// step compares the test errors of two cells.
type step struct {
	better int       // seeds for which the first is smaller
	gains  []float64 // by how many points, by seed
	// noise is 1.96 standard deviations of a difference by sampling alone, in points, of
	// networks that are tested independently: an upper bound where they share the images.
	noise float64
}

func (r *reporter) step(a, b cell) step {
	var s step
	x, y := r.of(a, "test_error"), r.of(b, "test_error")
	for i := range x {
		s.gains = append(s.gains, 100*(y[i]-x[i]))
		if x[i] < y[i] {
			s.better++
		}
	}
	p := stat.Mean(append(x, y...), nil)
	s.noise = 100 * 1.96 * math.Sqrt(2*p*(1-p)/float64(r.data.Test.Len()))
	return s
}

// why says what was found of the cause that would make a better than b, where it is not.
func (r *reporter) why(a, b cell, s step) string {
	gain := stat.Mean(s.gains, nil)
	size := "within"
	if math.Abs(gain) > s.noise {
		size = "beyond"
	}
	text := fmt.Sprintf("With %s, %s is not better than %s for every seed: the mean gain is %.2f points, %s what chance gives two networks that are equally good (%.2f). ", layers(a.depth), a.f, b.f, gain, size, s.noise)
	if b.f == blocks.ReLU() {
		much := "there is something to cure"
		if stat.Mean(r.of(b, "dead"), nil) < hardly {
			much = "there is hardly anything to cure"
		}
		return text + fmt.Sprintf("Of the units of %s %s %% are dead at its best rate: %s.", b.f, short(r.of(b, "dead")), much)
	}
	share, ratio := stat.Mean(r.of(b, "flat"), nil), stat.Mean(r.of(b, "gradient_ratio"), nil)
	is := func(yes bool) string {
		if yes {
			return "is"
		}
		return "is not"
	}
	text += fmt.Sprintf("At its best rate %s %s saturated, with %.1f %% of flat derivatives", b.f, is(share > saturated), 100*share)
	if math.IsNaN(ratio) {
		return text + ", and there is no gradient at its output layer."
	}
	return text + fmt.Sprintf(", and its gradient %s vanishing, with %.2g times as much at the first layer as at the output layer.", is(ratio < vanishing), ratio)
}

const (
	// learned is the validation error above which a network has not learned.
	learned = 0.5
	// saturated is the share of flat derivatives above which a network is saturated.
	saturated = 0.1
	// vanishing is the part of the output layer's gradient that the first layer has at
	// least, if the gradient does not vanish.
	vanishing = 0.1
	// hardly is the share of dead units below which there are hardly any.
	hardly = 0.05
)
