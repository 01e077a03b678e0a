package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"capas/blocks"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
)

// reporter turns results into metrics, tables, figures and claims.
type reporter struct {
	*lab.Run[Recipe]
	*found
	inits    figure.Colors
	expected map[scaling]map[pair]*expectation
	drawn    map[string]bool // the figures there are
}

func report(run *lab.Run[Recipe], out *found) error {
	r := &reporter{run, out, figure.NewColors(blocks.Initializers()...), map[scaling]map[pair]*expectation{}, map[string]bool{}}
	if err := r.expect(); err != nil {
		return err
	}
	r.metrics()
	for _, part := range []func() error{r.variances, r.saturation, r.learning, r.symmetry} {
		if err := part(); err != nil {
			return err
		}
	}
	r.claims()
	return nil
}

// expect computes what to expect of all pairs.
func (r *reporter) expect() error {
	dim := r.images.set.Dim()
	for inputs, meanSquare := range r.images.meanSquare {
		r.expected[inputs] = map[pair]*expectation{}
		for _, p := range r.Recipe.pairs() {
			e, err := expect(r.responses[p.f], p.init, dim, r.Recipe.Width, r.Recipe.Depth, meanSquare)
			if err != nil {
				return err
			}
			r.expected[inputs][p] = e
		}
	}
	return nil
}

// metrics of the survey, of standardised inputs, by pair such as "tanh/xavier":
// variance_factor and gradient_factor, by which a layer multiplies the variance of the
// activations on the way up and of δ on the way down; of units that can saturate the share
// that is, in the first and in the last hidden layer. Of trained networks: test_error and
// best_rate; and of the section on equal weights (see network.String) distance and
// agreement (see result), which are no number where the training diverged.
func (r *reporter) metrics() {
	for s, seed := range r.Seeds {
		for _, p := range r.Recipe.pairs() {
			layers := r.survey[s][standardised][p].layers
			r.Metric(p.String()+".variance_factor", seed, up(layers))
			r.Metric(p.String()+".gradient_factor", seed, down(layers))
			if saturates(p.f) {
				r.Metric(p.String()+".saturated_first", seed, layers[0].Saturated)
				r.Metric(p.String()+".saturated_last", seed, layers[len(layers)-1].Saturated)
			}
		}
		for _, n := range r.Recipe.trained() {
			l := r.learned[n.String()]
			r.Metric(n.String()+".test_error", seed, l.seeds[s].test)
			r.Metric(n.String()+".best_rate", seed, l.rate)
		}
		for _, n := range r.Recipe.symmetric() {
			if n.width > 1 {
				m := r.of(n).seeds[s]
				r.Metric("symmetry/"+n.as+".distance", seed, m.distance)
				r.Metric("symmetry/"+n.as+".agreement", seed, m.agreement)
			}
		}
	}
}

// of is what became of a network of the section on equal weights.
func (r *reporter) of(n network) *learned {
	if l, ok := r.learned[n.String()]; ok {
		return l
	}
	return r.learned[n.pair.String()]
}

// saturates tells of which units flat means saturated: those that are bounded on both
// sides. A ReLU is flat where it is off, and no positive value is too large for it.
func saturates(f blocks.Activation) bool {
	return slices.Contains([]blocks.Activation{blocks.Sigmoid(), blocks.Tanh(), blocks.LeCunTanh(), blocks.Softsign()}, f)
}

// perSeed collects a number of every seed from a surveyed network.
func (r *reporter) perSeed(inputs scaling, p pair, of func(measured) float64) []float64 {
	out := make([]float64, len(r.Seeds))
	for s := range out {
		out[s] = of(r.survey[s][inputs][p])
	}
	return out
}

// byLayer is a surveyed network as a series of a chart.
func (r *reporter) byLayer(name string, inputs scaling, p pair, of func(layer) float64) figure.Series {
	series := figure.Series{Name: name}
	for l := range r.Recipe.Depth {
		series.X = append(series.X, float64(l+1))
	}
	for s := range r.Seeds {
		var row []float64
		for _, x := range r.survey[s][inputs][p].layers {
			row = append(row, of(x))
		}
		series.Y = append(series.Y, row)
	}
	return series
}

// lines draws a chart, unless nothing in it can be drawn: variances of weights that are 0,
// on a logarithmic axis, or of such as overflow.
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
		return fmt.Errorf("%s: %w", file, err)
	}
	r.drawn[file] = true
	r.Figure(file, title, strings.TrimSpace(caption+" "+chart.Spread()), svg)
	return nil
}

// fileOf is the name of an activation's figure.
func fileOf(what string, f blocks.Activation) string {
	return what + "_" + strings.NewReplacer("(", "_", ")", "", "-", "_").Replace(f.String()) + ".svg"
}

// figureIf is the name of a figure that was drawn, "" if there was nothing to draw.
func (r *reporter) figureIf(file string) string {
	if r.drawn[file] {
		return file
	}
	return ""
}

// geometric is the mean by way of logarithms.
func geometric(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += math.Log(x)
	}
	return math.Exp(sum / float64(len(v)))
}

func percent(v []float64) []float64 { return lab.Scaled(v, 100) }
