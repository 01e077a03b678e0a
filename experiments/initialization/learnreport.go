package main

import (
	"fmt"
	"strings"

	"capas/blocks"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
	"capas/train"
)

// histories are a network's, at its best rate.
func (l *learned) histories() []*train.History {
	var out []*train.History
	for _, s := range l.seeds {
		out = append(out, s.Last())
	}
	return out
}

// curves are the networks' validation errors, epoch by epoch. A training that diverged
// ends early, and so does the mean.
func (r *reporter) curves(file, title string, colors figure.Colors, names []string, networks []*learned) error {
	chart := figure.Lines{XLabel: "epoch", YLabel: "validation error (%)", LogY: true, Colors: colors}
	var rates []string
	for i, l := range networks {
		chart.Series = append(chart.Series, trial.Curve(names[i], l.histories(), trial.ValidationError))
		rates = append(rates, fmt.Sprintf("%s %g", names[i], l.rate))
	}
	return r.lines(file, title, "Rates: "+strings.Join(rates, ", ")+".", chart)
}

// learning reports the trained networks.
func (r *reporter) learning() error {
	r.Section("Learning", fmt.Sprintf("Networks of %d hidden layers of %d units, all weights from one initialisation, trained on %s standardised images for %d epochs by SGD in batches of %d. ",
		r.Recipe.TrainDepth, r.Recipe.TrainWidth, r.count(), r.Recipe.Epochs, r.Recipe.Batch)+
		fmt.Sprintf("Each network has the rate, of %v, with the smallest validation error of seed %d, and with it all seeds are trained; the test error is that of the parameters with the smallest validation error. ", r.Recipe.Rates, r.Seeds[0])+
		"A training that diverges counts as a guess.")
	dots := figure.Dots{YLabel: "test error (%)", LogY: true, Colors: r.inits}
	for _, f := range r.Recipe.TrainActivations {
		var names []string
		var networks []*learned
		byRate := figure.Lines{XLabel: "learning rate", YLabel: "smallest validation error (%)", LogX: true, LogY: true, Colors: r.inits}
		var rows [][]string
		for _, i := range r.Recipe.Inits {
			l := r.learned[pair{f, i}.String()]
			names, networks = append(names, i.String()), append(networks, l)
			test := r.Values(l.String() + ".test_error")
			dots.Items = append(dots.Items, figure.Item{Category: f.String(), Name: i.String(), Values: percent(test)})
			byRate.Series = append(byRate.Series, figure.Series{Name: i.String(), X: r.Recipe.Rates, Y: [][]float64{percent(l.scores)}})
			rows = append(rows, []string{i.String(), fmt.Sprint(l.rate), r.bestOf(l), lab.Summary(percent(test)), fmt.Sprint(l.diverged())})
		}
		r.Table(fmt.Sprintf("%s units: errors in percent", f), []string{"initialisation", "rate", "validation", "test", "diverged"}, rows)
		if err := r.curves(fileOf("learning", f), fmt.Sprintf("Learning curves, %s units", f), r.inits, names, networks); err != nil {
			return err
		}
		if err := r.lines(fileOf("rates", f), fmt.Sprintf("Smallest validation error by rate, %s units", f),
			fmt.Sprintf("Seed %d. Where a line ends the training diverges.", r.Seeds[0]), byRate); err != nil {
			return err
		}
	}
	svg, err := dots.SVG()
	if err != nil {
		return err
	}
	r.drawn["test_error.svg"] = true
	r.Figure("test_error.svg", "Test error by initialisation", dots.Spread(), svg)
	return nil
}

// bestOf is the smallest validation error of every seed, in percent.
func (r *reporter) bestOf(l *learned) string {
	if l.diverged() > 0 {
		return "–"
	}
	var v []float64
	for _, s := range l.seeds {
		v = append(v, 100*s.Best("error"))
	}
	return lab.Summary(v)
}

// diverged counts the seeds whose training diverged at the best rate.
func (l *learned) diverged() (n int) {
	for _, s := range l.seeds {
		if s.Diverged {
			n++
		}
	}
	return n
}

// count is the number of training images in words.
func (r *reporter) count() string {
	if r.Recipe.Images > 0 {
		return fmt.Sprint(r.Recipe.Images)
	}
	return "all"
}

// symmetryNames are the networks on equal weights in words.
func symmetryNames() map[string]string {
	return map[string]string{drawn: "random weights", oneUnit: "random, one unit a layer", equal: "equal weights", twin: "one unit a layer, matched rates", zero: "weights 0"}
}

// symmetry reports the networks with equal weights.
func (r *reporter) symmetry() error {
	of := r.Recipe.symmetric()
	r.Section("Equal weights", fmt.Sprintf("The same training of networks of %s whose weights are all %g at the start, or all 0; beside them random weights (%s), in layers of %d units and of one. ",
		blocks.LeCunTanh(), r.Recipe.Equal, of[0].init, r.Recipe.TrainWidth)+
		"Units of a layer that begin alike get the same gradient. They stay alike to the last bit: the distance in the table is the greatest difference between weights or biases of two units of a layer after training, over all layers. "+
		"A network whose units are all alike does what one unit a layer does that has the sum of their weights; the table says on how many test images both answer the same. "+
		"With weights 0 and an activation that is 0 there no weight has a gradient, and only the output biases learn, which know nothing of the images. No verdicts are given here if one of the networks diverges.",
		fmt.Sprintf("n = %d equal units are one unit, but not one that learns as a single one does: a step changes the sum of the weights to an output n times as much, and the first layer's weights and all hidden biases 1/n times as much, "+
			"as in a network of one unit a layer. “Matched” is such a network that starts with the same function and learns at these speeds.", r.Recipe.TrainWidth))
	words := symmetryNames()
	var names, all []string
	var networks []*learned
	var rows [][]string
	for _, n := range of {
		l := r.of(n)
		all = append(all, words[n.as])
		row := []string{words[n.as], fmt.Sprint(l.rate), r.bestOf(l), lab.Summary(percent(r.Values(l.String() + ".test_error"))), "", "", ""}
		if n.as != twin { // whose curve lies on another
			names, networks = append(names, words[n.as]), append(networks, l)
		}
		if n.width > 1 {
			var most, weight float64
			for _, s := range l.seeds {
				most, weight = max(most, s.distance), max(weight, s.largest)
			}
			row[4], row[5], row[6] = "–", "–", "–"
			if l.diverged() == 0 {
				row[4], row[5], row[6] = fmt.Sprintf("%.3g", most), fmt.Sprintf("%.3g", weight), lab.Summary(percent(r.Values("symmetry/"+n.as+".agreement")))+" %"
			}
		}
		rows = append(rows, row)
	}
	r.Table("Errors in percent; the greatest distance between two units of a layer and the largest weight of all seeds; agreement with one unit a layer",
		[]string{"first weights", "rate", "validation", "test", "distance", "largest weight", "agreement"}, rows)
	return r.curves("symmetry.svg", "Learning from equal weights", figure.NewColors(all...), names, networks)
}
