package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"capas/datasets"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
)

// reporter turns results into metrics, tables, figures and claims.
type reporter struct {
	*lab.Run[Recipe]
	*results
	colors figure.Colors
	drawn  []string // files of the figures
}

func report(run *lab.Run[Recipe], data *datasets.Split, out *results) error {
	var names []string
	for _, p := range run.Recipe.drawn() {
		names = append(names, p.String())
	}
	r := &reporter{Run: run, results: out, colors: figure.NewColors(names...)}
	r.metrics()
	for _, part := range []func() error{r.sensitivity, r.steps, r.activations, r.training, r.alone} {
		if err := part(); err != nil {
			return err
		}
	}
	r.statistics()
	r.claims()
	return nil
}

// metrics by pair, of the survey's deepest networks: <pair>.delta_ratio, the norm of
// the sensitivity at the first hidden layer over that at the last one; <pair>.flat, the
// share of units of the last hidden layer with a derivative below a tenth of the
// greatest. By trained network: <network>.test_error and, of whole networks, .moved_ratio,
// how far the weights of the first hidden layer moved, relative to their norm, over the
// same of the last one, and .last_share, the part of Σ|W − W⁰|² of the last layers.
func (r *reporter) metrics() {
	for s, seed := range r.Seeds {
		for _, p := range r.Recipe.pairs() {
			m := r.survey[s][p][r.Recipe.deepest()]
			r.Metric(p.String()+".delta_ratio", seed, m.ratio())
			r.Metric(p.String()+".flat", seed, m.layers[len(m.layers)-2].Flat)
		}
		for _, w := range r.Recipe.trainings() {
			o := r.trained[s][w]
			e, _ := o.test.Get("error") // training always ends with an evaluation
			r.Metric(w.metric()+".test_error", seed, e)
			if w.part == whole {
				r.Metric(w.metric()+".moved_ratio", seed, o.moved[0]/o.moved[w.depth-1])
				r.Metric(w.metric()+".last_share", seed, o.share)
			}
		}
	}
}

// perSeed collects a number of every seed.
func (r *reporter) perSeed(f func(s int) float64) []float64 {
	out := make([]float64, len(r.Seeds))
	for s := range out {
		out[s] = f(s)
	}
	return out
}

// ratios are those of a pair's networks of one depth.
func (r *reporter) ratios(p Pair, depth int) []float64 {
	return r.perSeed(func(s int) float64 { return r.survey[s][p][depth].ratio() })
}

// geometric is the mean by way of logarithms.
func geometric(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += math.Log(x)
	}
	return math.Exp(sum / float64(len(v)))
}

// bound is the product of steepest·‖W‖ of the layers between the last hidden layer and
// the first.
func (m measured) bound(p Pair) float64 {
	out := 1.0
	for _, n := range m.norms {
		out *= steepest(p.Activation) * n
	}
	return out
}

// byLayer draws a quantity of the survey's deepest networks, layer by layer.
func (r *reporter) byLayer(file, title, y, caption string, log, output bool, of func(layer) float64) error {
	chart := figure.Lines{XLabel: "layer, from the input up", YLabel: y, LogY: log, FromZero: !log, Colors: r.colors}
	for _, p := range r.Recipe.drawn() {
		series := figure.Series{Name: p.String()}
		for s := range r.Seeds {
			layers := r.survey[s][p][r.Recipe.deepest()].layers
			if !output {
				layers = layers[:len(layers)-1]
			}
			var row []float64
			for l, x := range layers {
				if s == 0 {
					series.X = append(series.X, float64(l+1))
				}
				row = append(row, of(x))
			}
			series.Y = append(series.Y, row)
		}
		chart.Series = append(chart.Series, series)
	}
	return r.lines(file, title, caption, chart)
}

// lines draws a chart, unless all of its values are 0 on a logarithmic axis or not
// finite: of weights that are 0, say.
func (r *reporter) lines(file, title, caption string, chart figure.Lines) error {
	drawable := func(v float64) bool { return !math.IsInf(v, 0) && !math.IsNaN(v) && (v > 0 || !chart.LogY) }
	some := slices.ContainsFunc(chart.Series, func(s figure.Series) bool {
		return slices.ContainsFunc(s.Y, func(row []float64) bool { return slices.ContainsFunc(row, drawable) })
	})
	if !some {
		return nil
	}
	svg, err := chart.SVG()
	if err != nil {
		return err
	}
	r.Figure(file, title, strings.TrimSpace(caption+" "+chart.Spread()), svg)
	r.drawn = append(r.drawn, file)
	return nil
}

// figure is the file for a claim to point to, "" if there was nothing to draw.
func (r *reporter) figure(file string) string {
	if slices.Contains(r.drawn, file) {
		return file
	}
	return ""
}

func (r *reporter) sensitivity() error {
	r.Section("Sensitivity", fmt.Sprintf("δ is the gradient of an example's loss with respect to a layer's pre-activations, taken as a symbolic gradient. "+
		"Here are untrained networks with hidden layers of %d units; |δ| is its Euclidean norm over all units of the layer and %d validation images, the same for all networks. "+
		"Going down by a layer multiplies |δ| by at most f′max·‖W‖, where ‖W‖ is the greatest factor by which the weights lengthen a vector: 0.25·‖W‖ for the sigmoid. "+
		"If δ knew nothing of the weights and derivatives that it passes, the factor would be the root mean square of f′ times that of the weights times √units: "+
		"where the two agree, the sizes of weights and derivatives explain what becomes of the error.",
		r.Recipe.Width, r.Recipe.Examples))
	deepest := r.Recipe.deepest()
	header := []string{"activation"}
	for _, i := range r.Recipe.Inits {
		header = append(header, i.String())
	}
	var rows [][]string
	for _, f := range r.Recipe.Activations {
		row := []string{f.String()}
		for _, i := range r.Recipe.Inits {
			ratio := geometric(r.ratios(Pair{f, i}, deepest))
			row = append(row, fmt.Sprintf("%.2g (%.2f)", ratio, math.Pow(ratio, 1/float64(deepest-1))))
		}
		rows = append(rows, row)
	}
	r.Table(fmt.Sprintf("|δ| at the first hidden layer over that at the last, %d hidden layers; in parentheses the factor a layer (geometric mean over seeds)", deepest), header, rows)
	chart := figure.Lines{XLabel: "hidden layers", YLabel: "|δ| of the first layer / of the last", LogY: true, Colors: r.colors}
	depths := make([]float64, len(r.Recipe.Depths))
	for i, d := range r.Recipe.Depths {
		depths[i] = float64(d)
	}
	rowsOf := func(of func(measured) float64, p Pair) (out [][]float64) {
		for s := range r.Seeds {
			var row []float64
			for _, d := range r.Recipe.Depths {
				row = append(row, of(r.survey[s][p][d]))
			}
			out = append(out, row)
		}
		return out
	}
	for _, p := range r.Recipe.drawn() {
		chart.Series = append(chart.Series, figure.Series{Name: p.String(), X: depths, Y: rowsOf(measured.ratio, p)})
	}
	caption := "The initialisation is written after the activation."
	if p, ok := r.sigmoid(); ok {
		chart.Series = append(chart.Series, figure.Series{Name: "bound of " + p.String(), X: depths, Y: rowsOf(func(m measured) float64 { return m.bound(p) }, p)})
		caption += fmt.Sprintf(" The bound of %s is the product of 0.25·‖W‖ over the layers between the first and the last.", p)
	}
	if err := r.lines("sensitivity_by_depth.svg", "What arrives at the first layer, by depth", caption, chart); err != nil {
		return err
	}
	return r.byLayer("sensitivity_by_layer.svg", fmt.Sprintf("Sensitivity by layer, %d hidden layers", deepest), "|δ|",
		fmt.Sprintf("Layer %d is the output layer.", deepest+1), true, true, func(l layer) float64 { return l.Delta })
}

func (r *reporter) steps() error {
	rate := r.Recipe.Train.Optimizer.Rate.Start
	r.Section("Gradients and steps", "The weights' gradient is the product of a layer's δ and the activations below it. A step of gradient descent changes the weights by "+
		fmt.Sprintf("|ΔW|/|W|, the rate of %g times the gradient's norm over the weights'.", rate))
	caption := fmt.Sprintf("Untrained networks, gradient of the mean loss on %d images; layer %d is the output layer.", r.Recipe.Examples, r.Recipe.deepest()+1)
	if err := r.byLayer("weight_gradients.svg", "Norm of the weight gradient by layer", "norm of the weight gradient", caption, true, true,
		func(l layer) float64 { return l.Grad }); err != nil {
		return err
	}
	return r.byLayer("relative_steps.svg", "Relative change of the weights in a step, by layer", "|ΔW| / |W|", caption, true, true,
		func(l layer) float64 { return rate * l.Grad / l.Weight })
}

func (r *reporter) activations() error {
	paragraphs := []string{"On the way up the layers may lose the signal too: what tells examples apart is the standard deviation of a unit's activations over the examples. " +
		"A unit is flat where its derivative is below a tenth of the greatest that the activation has: saturated, or a ReLU that is off."}
	if p, ok := r.sigmoid(); ok {
		up := r.perSeed(func(s int) float64 {
			layers := r.survey[s][p][r.Recipe.deepest()].layers
			return math.Pow(layers[len(layers)-2].Signal/layers[0].Signal, 1/float64(len(layers)-2))
		})
		down := r.perSeed(func(s int) float64 {
			m := r.survey[s][p][r.Recipe.deepest()]
			return math.Pow(m.ratio(), 1/float64(len(m.layers)-2))
		})
		paragraphs = append(paragraphs, fmt.Sprintf("%s: a layer multiplies the signal by %s on the way up, from which the last layers learn, "+
			"and the error by %s on the way down, from which the first ones learn.", p, lab.Summary(up), lab.Summary(down)))
	}
	r.Section("Activations", paragraphs...)
	if err := r.byLayer("signal.svg", "Signal by layer", "sd over examples, rms of units",
		"Hidden layers of untrained networks.", true, false, func(l layer) float64 { return l.Signal }); err != nil {
		return err
	}
	return r.byLayer("flat_units.svg", "Flat units by layer", "share of flat units (%)",
		"Hidden layers of untrained networks.", false, false, func(l layer) float64 { return 100 * l.Flat })
}
