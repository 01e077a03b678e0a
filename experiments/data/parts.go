package main

import (
	"fmt"
	"strconv"

	"capas/experiments/internal/fewlabels"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
)

func (r *reporter) pretraining() error {
	pairs := r.pairs()
	if len(pairs) == 0 {
		return nil
	}
	images := strconv.Itoa(r.Recipe.Images)
	if r.Recipe.Images == 0 {
		images = "all"
	}
	r.Section("Pretraining on images without labels", fmt.Sprintf("Restricted Boltzmann machines, trained one on the other on %s training images without labels (CD-%d, %d epochs a layer), "+
		"give the first weights of the hidden layers; the labelled images then train all of the network. "+
		"The same networks from random weights learn by the same recipe, each with its own best rate.", images, r.Recipe.Pretrain.CD, r.Recipe.Pretrain.Train.Epochs))
	header := []string{"labels"}
	var rows [][]string
	for _, p := range pairs {
		header = append(header, r.title(p.random), "pretrained", "gain (points)")
	}
	for _, n := range r.Recipe.Labels {
		row := []string{strconv.Itoa(n)}
		for _, p := range pairs {
			row = append(row, lab.Summary(r.percents(p.random, n, testError)), lab.Summary(r.percents(p.pretrained, n, testError)),
				lab.Summary(lab.Scaled(r.Values(metric(p.random, n, "gain")), 100)))
		}
		rows = append(rows, row)
	}
	r.Table("Test error in percent without and with pretraining", header, rows)
	if r.Data == "mnist" {
		var others [][]string
		for _, o := range fewlabels.Published() {
			row := []string{strconv.Itoa(o.Labels)}
			for _, e := range []float64{o.RandomOne, o.RBM, o.RandomTwo, o.DeepMachine} {
				row = append(row, strconv.FormatFloat(e, 'f', 2, 64))
			}
			others = append(others, row)
		}
		r.Table("For orientation, others' networks on MNIST: test error in percent (yell, Boltzmann machines in Python, from its documentation; 1024 hidden units, and 512 and 1024; fine-tuned at different rates with pretraining and without)",
			[]string{"labels", "1024, random", "RBM first", "512-1024, random", "DBM first"}, others)
	}
	random, names := map[string]string{}, []string{}
	for _, p := range pairs {
		random[p.pretrained], names = p.random, append(names, p.pretrained)
	}
	gain := func(m string, n int) []float64 { return lab.Scaled(r.Values(metric(random[m], n, "gain")), 100) }
	if err := r.draw(gainFigure, "Gain of pretraining by number of labels", "Test error without pretraining minus that with it.",
		figure.Lines{YLabel: "gain (percentage points)", FromZero: true}, names, gain); err != nil {
		return err
	}
	return r.draw(ratioFigure, "Test error with pretraining over that without", "Below 1 pretraining helps.",
		figure.Lines{YLabel: "ratio of test errors"}, names, func(m string, n int) []float64 { return r.ratios(pair{random[m], m}, n) })
}

// ratios are test errors with pretraining over those without, by seed.
func (r *reporter) ratios(p pair, n int) []float64 {
	out := r.all.of(p.pretrained, n).values(testError)
	for i, x := range r.all.of(p.random, n) {
		out[i] /= x.test
	}
	return out
}

// layers shows which pretrained layers matter.
func (r *reporter) layers() error {
	if !r.Recipe.parts() {
		return nil
	}
	r.Section("Which pretrained layers matter", fmt.Sprintf("The deep network with %d labels, of which only some of the three hidden layers begin with pretrained weights, the others with random ones.", r.Recipe.Few))
	dots := figure.Dots{XLabel: "pretrained layers, from the input up", YLabel: "test error (%)", FromZero: true, Bars: true}
	var rows [][]string
	for _, x := range []struct{ model, name string }{
		{deep, "none"}, {first, "first"}, {firstTwo, "first two"}, {deepPretrained, "all three"}, {lastTwo, "last two"}, {last, "last"},
	} {
		test := r.percents(x.model, r.Recipe.Few, testError)
		dots.Items = append(dots.Items, figure.Item{Name: x.name, Values: test})
		rows = append(rows, []string{x.name, lab.Summary(test)})
	}
	r.Table("Test error in percent, mean ± standard deviation over seeds", []string{"pretrained layers", "test error"}, rows)
	svg, err := dots.SVG()
	if err != nil {
		return err
	}
	r.Figure(layersFigure, fmt.Sprintf("Test error with %d labels by pretrained layers", r.Recipe.Few), "Bars: mean; dots: single seeds.", svg)
	return nil
}

func (r *reporter) overfitting() error {
	r.Section("Overfitting", "How many more of the test images are wrong than of the images that were learned from, both with the parameters that were kept.")
	r.byLabels("Error on the labelled images in percent, mean ± standard deviation over seeds", func(m string, n int) string {
		return lab.Summary(r.percents(m, n, func(x result) float64 { return x.train }))
	})
	return r.draw(gapFigure, "Test error minus error on the labelled images", "The gap that overfitting opens.",
		figure.Lines{YLabel: "gap (percentage points)", FromZero: true}, r.Recipe.Models, func(m string, n int) []float64 { return r.percents(m, n, gap) })
}
