package main

import (
	"fmt"
	"math"

	"capas/blocks"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
	"capas/train"

	"gonum.org/v1/gonum/stat"
)

// shapes reports the curves of f and f′.
func (r *reporter) shapes() error {
	r.Section("The curves", "Each activation f and its derivative f′, which is the symbolic gradient of the graph of f, computed in double precision. "+
		"In back-propagation each layer multiplies the error by f′: a unit where f′ is nearly 0 is saturated, and passes nothing on.")
	groups := map[bool][]blocks.Activation{}
	var rows [][]string
	for _, f := range r.Recipe.Activations {
		p := r.curves[f].properties()
		groups[p.bounded()] = append(groups[p.bounded()], f)
		rows = append(rows, []string{f.String(), fmt.Sprintf("%.4g", p.steepest), fmt.Sprintf("%.4g", p.atZero),
			fmt.Sprintf("%.4g … %.4g", p.least, p.most), beyond(p.left), beyond(p.right)})
	}
	for _, bounded := range []bool{true, false} {
		word, caption := "unbounded", "Those that grow without bound."
		slopeCaption := "What grows in a straight line has the same derivative however large x is. On the negative side a ReLU is flat, and a LeakyReLU has the slope α."
		if bounded {
			word, caption = "bounded", "Those that go to a limit on both sides."
			slopeCaption = "Bounded functions have to be flat far from 0, on both sides. The sigmoid's derivative is small even where it is largest."
		}
		if len(groups[bounded]) == 0 {
			continue
		}
		values := figure.Lines{XLabel: "pre-activation x", YLabel: "f(x)"}
		slopes := figure.Lines{XLabel: "pre-activation x", YLabel: "f′(x)"}
		for _, f := range groups[bounded] {
			x, y, slope := r.curves[f].drawn()
			values.Series = append(values.Series, figure.Series{Name: f.String(), X: x, Y: [][]float64{y}})
			slopes.Series = append(slopes.Series, figure.Series{Name: f.String(), X: x, Y: [][]float64{slope}})
		}
		if err := r.draw("f_"+word+".svg", "Activations that are "+word, caption, values); err != nil {
			return err
		}
		if err := r.draw("slope_"+word+".svg", "Derivatives of activations that are "+word, slopeCaption, slopes); err != nil {
			return err
		}
	}
	r.Table(fmt.Sprintf("Measured: the greatest derivative, that at 0, the values over |x| ≤ %d, and the |x| beyond which f′ is below %g %% of the greatest (never: not up to %d)", far, 100*flatShare, far),
		[]string{"activation", "greatest f′", "f′(0)", "values of f", "flat for x < 0 beyond |x| =", "flat for x > 0 beyond x ="}, rows)
	return nil
}

func beyond(x float64) string {
	if math.IsNaN(x) {
		return "never"
	}
	return fmt.Sprintf("%.3g", x)
}

// learning reports how fast networks learn, at each activation's best rate and at all.
func (r *reporter) learning() error {
	how := "The first weights are drawn by an initialisation that was made for the kind of activation: He's √(2/n) for relu, leaky-relu and softplus, LeCun's 1/√n for lecun-tanh, Xavier's 1/√m for the others " +
		"and for the output layer, with n the fan-in and m the mean of fan-in and fan-out. All three scale the same normal numbers. (The lecture's 2/√n for ReLU is compared with He's by the experiment initialization.) "
	if r.Recipe.Init != paired {
		how = fmt.Sprintf("All first weights are drawn by %s, the same ones for all activations. ", r.Recipe.Init)
	}
	r.Section("Learning curves", fmt.Sprintf("Networks of %d units a hidden layer, softmax outputs and cross-entropy, trained on %d images by %s in %s for %d epochs. ",
		r.Recipe.Width, r.examples(), r.Recipe.Train.Optimizer.Kind, trial.Batches(r.Recipe.Train.Batch), r.Recipe.Train.Epochs)+how+"The order of the images is the same for all networks of a seed.",
		fmt.Sprintf("Each activation has its own best of the rates %s, judged by the mean over seeds of the smallest validation error. "+
			"Its parameters are those of the epoch with that error.", lab.Listed(r.Recipe.Rates)),
		fmt.Sprintf("Networks that are never below %g %% in %d epochs cannot be told apart by their epochs; their smallest errors stand beside them in the claims.", 100*r.Recipe.Target, r.Recipe.Train.Epochs))
	for _, depth := range r.Recipe.Depths {
		curves := figure.Lines{XLabel: "epoch", YLabel: "validation error (%)", LogY: true}
		rates := figure.Lines{XLabel: "learning rate", YLabel: "smallest validation error (%)", LogX: true, LogY: true}
		for _, c := range r.cells(depth) {
			var histories []*train.History
			for _, o := range r.at(c, r.best[c]) {
				histories = append(histories, o.Last())
			}
			curves.Series = append(curves.Series, trial.Curve(c.f.String(), histories, trial.ValidationError))
			rates.Series = append(rates.Series, r.byRate(c, c.f.String(), func(o *outcome) float64 { return 100 * validation(o) }))
		}
		if err := r.draw(curvesFile(depth), fmt.Sprintf("Validation error, %s", layers(depth)), "Best rates: "+r.ratesOf(depth), curves); err != nil {
			return err
		}
		if err := r.draw(fmt.Sprintf("error_by_rate_depth%d.svg", depth), fmt.Sprintf("Smallest validation error by rate, %s", layers(depth)),
			"How wide the valley is says how much the choice of the rate matters. A rate at which a seed diverges is left out.", rates); err != nil {
			return err
		}
		r.rateTable(depth)
	}
	return nil
}

func curvesFile(depth int) string { return fmt.Sprintf("curves_depth%d.svg", depth) }

// byRate is the series of a value against the rate.
func (r *reporter) byRate(c cell, name string, of func(*outcome) float64) figure.Series {
	s := figure.Series{Name: name, X: r.Recipe.Rates}
	for _, seed := range r.Seeds {
		var row []float64
		for _, rate := range r.Recipe.Rates {
			row = append(row, of(r.by[spec{c.f, c.depth, rate, seed}]))
		}
		s.Y = append(s.Y, row)
	}
	return s
}

// rateTable shows which rates are usable, and the epochs to the target.
func (r *reporter) rateTable(depth int) {
	header := []string{"activation"}
	for _, rate := range r.Recipe.Rates {
		header = append(header, fmt.Sprintf("rate %g", rate))
	}
	header = append(header, "usable rates", "epochs, best rate", fmt.Sprintf("epochs, rate %g", r.same()))
	var rows [][]string
	for _, c := range r.cells(depth) {
		row := []string{c.f.String()}
		for _, rate := range r.Recipe.Rates {
			row = append(row, percents(each(r.at(c, rate), validation)))
		}
		row = append(row, r.usable(c), r.epochWords(r.of(c, "epochs")), r.epochWords(r.of(c, "same_rate_epochs")))
		rows = append(rows, row)
	}
	r.Table(fmt.Sprintf("%s: smallest validation error by rate, in percent; the rates at which it is at most a half larger than at the best one; none where the networks do not learn; and the epochs until it is below %g %%, by seed",
		layers(depth), 100*r.Recipe.Target), header, rows)
}

// usable lists the rates at which the mean error is at most 1.5 times that of the best;
// none if networks do not learn at that one either.
func (r *reporter) usable(c cell) string {
	least := stat.Mean(each(r.at(c, r.best[c]), validation), nil)
	if least > learned {
		return "none"
	}
	text := ""
	for _, rate := range r.Recipe.Rates {
		if stat.Mean(each(r.at(c, rate), validation), nil) <= 1.5*least {
			if text != "" {
				text += ", "
			}
			text += fmt.Sprintf("%g", rate)
		}
	}
	return text
}

// epochWords are epochs of all seeds, as text.
func (r *reporter) epochWords(v []float64) string {
	text := ""
	for i, x := range v {
		if i > 0 {
			text += ", "
		}
		if int(x) > r.Recipe.Train.Epochs {
			text += fmt.Sprintf("over %d", r.Recipe.Train.Epochs)
		} else {
			text += fmt.Sprint(x)
		}
	}
	return text
}
