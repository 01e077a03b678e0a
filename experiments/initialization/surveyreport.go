package main

import (
	"fmt"
	"math"

	"capas/blocks"
	"capas/experiments/lab/figure"

	"gonum.org/v1/gonum/stat"
)

// rules says in words what is drawn by each initialisation.
const rules = "The weights are drawn from: gaussian(1) N(0, 1); lecun N(0, 1/√n); lecture-relu N(0, 2/√n); he N(0, √(2/n)); xavier N(0, 1/√m); " +
	"glorot U[±√(3/m)], “normalised”; uniform U[±1/√n], “standard” (both names of Glorot & Bengio 2010). The second argument of N is a standard deviation, " +
	"n the fan-in, m the mean of fan-in and fan-out. Biases are 0."

// variances reports the variance of activations and gradients by layer.
func (r *reporter) variances() error {
	r.Section("Variance, layer by layer",
		fmt.Sprintf("Untrained networks of %d hidden layers of %d units, all weights from one initialisation, on %d images whose pixels have mean 0 and standard deviation 1. ",
			r.Recipe.Depth, r.Recipe.Width, r.images.set.Len())+rules,
		"The variance of a layer is over its units and the images. δ is the gradient of an image's loss with respect to the layer's pre-activations, the lecture's sensitivity, taken as a symbolic gradient.",
		"What to expect of wide layers: the variance of the pre-activations is n·sd² times the mean square of the activations below, and the variance of δ is n·sd² times the mean square of f′ "+
			"times the variance of δ above, where sd is the standard deviation of the weights. Of linear units this is a factor of n·sd² a layer, of ReLU half of that (He et al. 2015). "+
			"Of bounded units it depends on the variance that has been reached; the means are then taken over normal pre-activations, layer after layer, and not fitted to what was measured.",
		fmt.Sprintf("In the tables: up is the factor by which a layer multiplies the variance of the activations, down that of δ on its way down, geometric means over seeds and the %d layers above the first, "+
			"with what is expected in parentheses; beside them the factors of all these layers; and of how many images the untrained network's output is sure (probability above %g).", r.Recipe.Depth-1, sureAbove),
		"In layers of equal width, lecun, xavier and glorot have one standard deviation, 1/√n: their lines lie on each other but for the first layer.")
	last := float64(r.Recipe.Depth - 1)
	for _, f := range r.Recipe.Activations {
		var rows [][]string
		for _, i := range r.Recipe.Inits {
			p := pair{f, i}
			sd, err := i.SD(r.Recipe.Width, r.Recipe.Width)
			if err != nil {
				return err
			}
			ups := r.perSeed(standardised, p, func(m measured) float64 { return up(m.layers) })
			downs := r.perSeed(standardised, p, func(m measured) float64 { return down(m.layers) })
			e := r.expected[standardised][p].layers
			sure := r.perSeed(standardised, p, func(m measured) float64 { return m.sure })
			rows = append(rows, []string{i.String(), short(float64(r.Recipe.Width) * sd * sd),
				short(geometric(ups)) + " (" + short(up(e)) + ")", times(ups, last), short(geometric(downs)) + " (" + short(down(e)) + ")", times(downs, last),
				fmt.Sprintf("%.0f %%", 100*stat.Mean(sure, nil))})
		}
		r.Table(fmt.Sprintf("%s units: factors of variance", f), []string{"initialisation", "n·sd²", "up (expected)", "all layers", "down (expected)", "all layers", "sure"}, rows)
		if f == blocks.Linear() {
			continue // straight lines
		}
		for _, c := range []struct {
			what, title, y string
			of             func(layer) float64
		}{
			{"activation_variance", "Variance of the activations", "variance of activations", func(l layer) float64 { return l.H }},
			{"gradient_variance", "Variance of the back-propagated gradients", "variance of δ", func(l layer) float64 { return l.Delta }},
		} {
			chart := figure.Lines{XLabel: "hidden layer, from the input up", YLabel: c.y, LogY: true, Colors: r.inits}
			for _, i := range r.Recipe.Inits {
				chart.Series = append(chart.Series, r.byLayer(i.String(), standardised, pair{f, i}, c.of))
			}
			if err := r.lines(fileOf(c.what, f), fmt.Sprintf("%s, %s units", c.title, f), "Untrained networks.", chart); err != nil {
				return err
			}
		}
	}
	return nil
}

// times is the factor of all layers from those of a layer.
func times(perLayer []float64, layers float64) string {
	return short(math.Pow(geometric(perLayer), layers))
}

// short is a number of three digits, without an exponent where it has up to five.
func short(v float64) string {
	if v >= 999.5 && v < 99999.5 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

// saturation reports how many units are saturated.
func (r *reporter) saturation() error {
	r.Section("Saturated units",
		fmt.Sprintf("A bounded unit is saturated where its derivative is below %g %% of the greatest that it can have; tanh is then within half a percent of −1 or 1. "+
			"Of ReLU the word has no meaning: it is flat where it is off, but nothing bounds it above. What saturates in a network of ReLU is the output (“sure” in the tables above).", 100*saturatedBelow),
		"With N(0, 1) the variance of the pre-activations is n in the first layer already, if the pixels' mean square is 1. A bounded unit passes on no more than its bound squared, "+
			"so that in every further layer the variance is about n times a number that does not grow: what there is of growth is that from the first layer to the second, "+
			"and it is larger with raw pixels. The table has the variance beside what is expected.")
	gaussian := map[scaling][]figure.Series{}
	var rows [][]string
	for _, f := range r.Recipe.Activations {
		if !saturates(f) {
			continue
		}
		chart := figure.Lines{XLabel: "hidden layer, from the input up", YLabel: "saturated units (%)", FromZero: true, Colors: r.inits}
		for _, i := range r.Recipe.Inits {
			of := func(l layer) float64 { return 100 * l.Saturated }
			chart.Series = append(chart.Series, r.byLayer(i.String(), standardised, pair{f, i}, of))
			if i == traditional() {
				for _, inputs := range []scaling{standardised, raw} {
					gaussian[inputs] = append(gaussian[inputs], r.byLayer(f.String(), inputs, pair{f, i}, of))
					rows = append(rows, r.saturationRow(inputs, pair{f, i}))
				}
			}
		}
		if err := r.lines(fileOf("saturation", f), fmt.Sprintf("Saturated units, %s", f), "Untrained networks, standardised pixels.", chart); err != nil {
			return err
		}
	}
	if len(rows) == 0 {
		return nil
	}
	header := []string{"units and inputs"}
	for _, l := range r.shown() {
		header = append(header, fmt.Sprintf("layer %d", l))
	}
	r.Table("Variance of the pre-activations with weights N(0, 1), expected in parentheses, and share of saturated units", header, rows)
	for _, c := range []struct {
		file, title, caption string
		inputs               scaling
	}{
		{"saturation_gaussian.svg", "Saturated units with weights N(0, 1)", "Standardised pixels.", standardised},
		{"saturation_gaussian_raw.svg", "Saturated units with weights N(0, 1), raw pixels", "Pixels in [0, 1], whose mean square is smaller.", raw},
	} {
		chart := figure.Lines{XLabel: "hidden layer, from the input up", YLabel: "saturated units (%)", FromZero: true, Series: gaussian[c.inputs], Colors: figure.NewColors(blocks.Activations()...)}
		if err := r.lines(c.file, c.title, c.caption, chart); err != nil {
			return err
		}
	}
	return nil
}

// shown are the layers in the table of saturation: the first three and the last.
func (r *reporter) shown() []int {
	out := []int{1, 2}
	if r.Recipe.Depth > 3 {
		out = append(out, 3)
	}
	if r.Recipe.Depth > 2 {
		out = append(out, r.Recipe.Depth)
	}
	return out
}

func (r *reporter) saturationRow(inputs scaling, p pair) []string {
	row := []string{fmt.Sprintf("%s, %s", p.f, inputs)}
	for _, l := range r.shown() {
		z := r.perSeed(inputs, p, func(m measured) float64 { return m.layers[l-1].Z })
		share := r.perSeed(inputs, p, func(m measured) float64 { return m.layers[l-1].Saturated })
		row = append(row, fmt.Sprintf("%s (%s), %.1f %%", short(geometric(z)), short(r.expected[inputs][p].layers[l-1].Z), 100*stat.Mean(share, nil)))
	}
	return row
}
