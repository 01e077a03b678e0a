package main

import (
	"fmt"
	"strconv"

	"capas/experiments/lab"
	"capas/experiments/lab/figure"

	"gonum.org/v1/gonum/stat"
)

const pointsName = "points with noise"

// validated is the width with the smallest mean error on the validation points.
func (r *reporter) validated() int {
	chosen := r.Recipe.Widths[0]
	error := func(w int) float64 {
		return stat.Mean(over(r.measured[r.noisy(w)], func(m measured) float64 { return m.validation }), nil)
	}
	for _, w := range r.Recipe.Widths {
		if error(w) < error(chosen) {
			chosen = w
		}
	}
	return chosen
}

// noise reports the fits of few points with noise.
func (r *reporter) noise() error {
	p := r.Recipe
	f, err := find(p.Noisy)
	if err != nil {
		return err
	}
	chosen := r.validated()
	r.Section("Few points with noise", fmt.Sprintf("Of the function %s, %s, networks know %d points at random places of [−1,1], with Gaussian noise of standard deviation σ = %g. "+
		"They are trained as above, for as long, and nothing stops them early. The test error is that against the function without noise, on the fine grid. "+
		"As many other noisy points, the validation set, choose a width: the smallest error on it (mean over seeds) is that of %s. "+
		"The mean test error is smallest with %s and largest with %s. "+
		"Few points with noise are not enough to tell widths apart with certainty either: compare the columns of validation and test.",
		p.Noisy, f.words, p.NoisyPoints, p.Noise, units(chosen), units(r.extremeTest(1)), units(r.extremeTest(-1))))
	test := "test, against the function"
	chart := figure.Lines{XLabel: "hidden units", YLabel: "root mean squared error", LogX: true, FromZero: true, Series: []figure.Series{
		r.series("training", func(w int) []float64 { return over(r.measured[r.noisy(w)], fit) }),
		r.series(test, func(w int) []float64 { return over(r.measured[r.noisy(w)], inside) }),
		r.constant("σ of the noise", func(int) float64 { return p.Noise }),
	}}
	svg, err := chart.SVG()
	if err != nil {
		return err
	}
	r.Figure("noise.svg", "Training and test error with noisy data", chart.Spread(), svg)
	var rows [][]string
	for _, w := range p.Widths {
		k := r.noisy(w)
		m := r.measured[k]
		rows = append(rows, []string{strconv.Itoa(w), fmt.Sprintf("%g", r.rates[k]), lab.Summary(over(m, fit)),
			lab.Summary(over(m, func(m measured) float64 { return m.validation })), lab.Summary(over(m, inside))})
	}
	r.Table("Root mean squared errors with noisy data", []string{"hidden units", "rate", "training", "validation (with noise)", "test (without)"}, rows)

	x, y := sample(f, p, "training", r.Seeds[0])
	series := []figure.Series{
		{Name: "target", X: places(showing()), Y: [][]float64{showing().values(f)}},
	}
	widths := []int{chosen}
	if chosen != p.greatest() {
		widths = append(widths, p.greatest())
	}
	for _, w := range widths {
		s := r.curve(r.noisy(w))
		s.Y = s.Y[:1]
		series = append(series, s)
	}
	for i := range series {
		series[i] = within(series[i], -1, 1)
	}
	series = append(series, dots(pointsName, x, y))
	svg, err = figure.Lines{XLabel: "x", YLabel: "f(x)", Series: series, Marked: []string{pointsName}}.SVG()
	if err != nil {
		return err
	}
	r.Figure("noise_fit.svg", "A fit of noise", fmt.Sprintf("The points, the function from which they come, and the fits of the width that validation chose and of the greatest; seed %d.", r.Seeds[0]), svg)
	return nil
}
