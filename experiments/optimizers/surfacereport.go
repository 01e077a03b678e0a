package main

import (
	"context"
	"fmt"
	"math"
	"math/cmplx"

	"capas/experiments/lab"
	"capas/experiments/lab/figure"
)

// lowestShown is the share of the first value below which curves end.
const lowestShown = 1e-12

// surfaces reports the descents.
func (r *reporter) surfaces(context.Context) error {
	r.Section("Two functions", fmt.Sprintf("A bowl that is %g times as steep along y as along x, ½(x² + %gy²), and Rosenbrock's valley, (1−x)² + 100(y−x²)², whose floor is bent and nearly flat. "+
		"Their gradients are symbolic, and the steps are those that train the networks below. Every method tries the same %d rates from %g to 1 and is shown at the one with the fewest steps until its value has settled "+
		"below %g of the first one, or if no start came so far, with the smallest value after %d steps. Each seed has a start of its own. ",
		r.Recipe.Condition, r.Recipe.Condition, len(surfaceRates(r.Recipe.RatesPerDecade)), lowestRate, r.Recipe.Tolerance, r.Recipe.Steps)+
		fmt.Sprintf("Momentum μ = %g, RMSProp ρ = %g, Adam β = %g and %g.", r.Recipe.Momentum, r.Recipe.Rho, r.Recipe.Beta1, r.Recipe.Beta2),
		"RMSProp divides by the size of the last gradients, however small they become as long as ε is smaller: near the minimum steps do not grow shorter with the gradient. "+
			"The last column of the first table of each function says how long the last step was: about 1 rate or more means that the point goes to and fro about the minimum, and comes no closer than that. "+
			"How strict the target is then decides on the rate, and the rate on the way there: the second table has coarser targets. Adam's running mean of the gradients lets steps that go to and fro cancel. "+
			"Where neither of two methods settles within the steps, neither is faster, and a claim that one is does not hold.")
	n := len(r.Recipe.onSurfaces())
	for _, races := range [][]*race{r.races[:n], r.races[n:]} {
		if err := r.surface(races); err != nil {
			return err
		}
	}
	r.theory(r.races[:n])
	if r.judged() {
		r.surfaceClaims()
	}
	return nil
}

// surface reports the races on one surface, of all its methods.
func (r *reporter) surface(races []*race) error {
	s := races[0].surface
	var rows [][]string
	for _, c := range races {
		for i, seed := range r.Seeds {
			f := c.course.f[i]
			r.Metric(fmt.Sprintf("%s.%s.steps", s.key, c.method.key), seed, c.steps[i])
			r.Metric(fmt.Sprintf("%s.%s.rate", s.key, c.method.key), seed, c.rate)
			r.Metric(fmt.Sprintf("%s.%s.value", s.key, c.method.key), seed, f[len(f)-1]/f[0])
		}
		rate := fmt.Sprintf("%.3g", c.rate)
		if c.edge {
			rate += " (the end of those tried)"
		}
		rows = append(rows, []string{c.method.name, rate, r.counts(c.steps, r.Recipe.Steps), lab.Summary(r.Values(fmt.Sprintf("%s.%s.value", s.key, c.method.key))), lab.Summary(c.lastSteps())})
	}
	byKey := map[string]*race{}
	for _, c := range races {
		byKey[c.method.key] = c
	}
	plain := byKey[r.Recipe.batchGD().key]
	for _, f := range []struct {
		file, title string
		races       []*race
	}{
		{s.key + "_momentum.svg", "Momentum on " + s.name, []*race{plain, byKey["momentum"], byKey["nesterov"]}},
		{s.key + "_adaptive.svg", "Steps of a size of their own on " + s.name, []*race{plain, byKey["rmsprop"], byKey["adam"]}},
	} {
		m, err := r.chart(s, f.races)
		if err != nil {
			return err
		}
		caption := fmt.Sprintf("The paths of seed %d, at the best rates; the first %d steps have a dot. Grey lines of equal value are a factor of √10 apart; the axes have scales of their own. On the floor of a valley paths lie on each other.", r.Seeds[0], m.Dots)
		if err := r.figure(f.file, f.title, caption, m); err != nil {
			return err
		}
	}
	if err := r.figure(s.key+"_value.svg", "Value on "+s.name+" by steps", fmt.Sprintf("As a share of the value at the start; a curve ends where the first seed comes below %g.", lowestShown), r.valueChart(races)); err != nil {
		return err
	}
	r.Table(fmt.Sprintf("On %s: best rate, steps until the value has settled below %g of the first one by seed, its share after %d steps, and how long the last step was", s.name, r.Recipe.Tolerance, r.Recipe.Steps),
		[]string{"method", "rate", "steps", "value at the end", "last step, in rates"}, rows)
	r.fewestTable(s, races)
	return nil
}

// fewestTable shows whether an optimiser is slow on the way or only near the minimum.
func (r *reporter) fewestTable(s surface, races []*race) {
	header := []string{"method"}
	for _, t := range r.Recipe.tolerances() {
		header = append(header, fmt.Sprintf("below %g", t))
	}
	var rows [][]string
	for _, c := range races {
		row := []string{c.method.name}
		for _, steps := range c.fewest {
			if math.IsNaN(steps) {
				row = append(row, "–")
			} else {
				row = append(row, fmt.Sprintf("%.0f", steps))
			}
		}
		rows = append(rows, row)
	}
	r.Table(fmt.Sprintf("On %s: the fewest steps, mean over seeds, until the value has settled below shares of the first one, each at the rate that is best for it; –: at no rate for every seed", s.name), header, rows)
}

// lastSteps are the lengths of the last steps as multiples of the rate: where an
// optimiser's steps do not grow shorter, it comes no closer to the minimum than that.
func (c *race) lastSteps() (lengths []float64) {
	for i, x := range c.course.x {
		y, n := c.course.y[i], len(x)
		lengths = append(lengths, math.Hypot(x[n-1]-x[n-2], y[n-1]-y[n-2])/c.rate)
	}
	return lengths
}

// chart is the map of a surface with the first seed's paths.
func (r *reporter) chart(s surface, races []*race) (figure.Contours, error) {
	const columns, rows = 121, 97
	m := figure.Contours{XLabel: "x", YLabel: "y", Dots: 20, Minimum: &s.minimum, Colors: r.colors}
	for i := range columns {
		m.X = append(m.X, s.window[0]+(s.window[1]-s.window[0])*float64(i)/(columns-1))
	}
	for j := range rows {
		m.Y = append(m.Y, s.window[2]+(s.window[3]-s.window[2])*float64(j)/(rows-1))
	}
	var x, y []float64
	for _, py := range m.Y {
		for _, px := range m.X {
			x, y = append(x, px), append(y, py)
		}
	}
	values, err := newPoints(s, x, y).values()
	if err != nil {
		return m, err
	}
	all, err := values()
	if err != nil {
		return m, err
	}
	for j := range rows {
		m.Z = append(m.Z, all[j*columns:(j+1)*columns])
	}
	for k := -2; k <= 7; k++ {
		m.Levels = append(m.Levels, math.Pow(10, float64(k)/2))
	}
	for _, c := range races {
		m.Paths = append(m.Paths, figure.Path{Name: c.method.name, X: c.course.x[0], Y: c.course.y[0]})
	}
	return m, nil
}

// valueChart is value against steps, both logarithmic.
func (r *reporter) valueChart(races []*race) figure.Lines {
	lines := figure.Lines{XLabel: "step", YLabel: "value, share of the first", LogX: true, LogY: true, Colors: r.colors}
	var steps []int
	for t := 1.0; int(t) <= r.Recipe.Steps; t = max(t+1, t*1.03) { // so many that a curve looks smooth
		steps = append(steps, int(t))
	}
	for _, c := range races {
		s := figure.Series{Name: c.method.name}
		for _, t := range steps {
			s.X = append(s.X, float64(t))
		}
		for _, f := range c.course.f {
			var row []float64
			for _, t := range steps {
				if f[t] < lowestShown*f[0] {
					break
				}
				row = append(row, f[t]/f[0])
			}
			s.Y = append(s.Y, row)
		}
		lines.Series = append(lines.Series, s)
	}
	return lines
}

// theory compares the descents on the bowl with what is known of them. The distance from
// the minimum shrinks by a factor a step: of gradient descent |1 − ηλ|, of the others
// the modulus of the larger root of their recurrence (see the tests); the slower of the
// two directions decides.
func (r *reporter) theory(races []*race) {
	kappa := r.Recipe.Condition
	var rows [][]string
	for _, c := range races {
		factor := 0.0
		best := (math.Sqrt(kappa) - 1) / (math.Sqrt(kappa) + 1)
		bestOf := "(√κ−1)/(√κ+1)"
		for _, lambda := range []float64{1, kappa} {
			a, mu := 1-c.rate*lambda, r.Recipe.Momentum
			switch c.method.key {
			case "batch-gd":
				factor = max(factor, math.Abs(a))
				best, bestOf = (kappa-1)/(kappa+1), "(κ−1)/(κ+1)"
			case "momentum":
				factor = max(factor, root(mu+a, mu))
			case "nesterov":
				factor = max(factor, root((1+mu)*a, mu*a))
				best, bestOf = 1-2/math.Sqrt(3*kappa+1), "1 − 2/√(3κ+1)"
			default:
				continue
			}
		}
		if factor == 0 {
			continue
		}
		rows = append(rows, []string{c.method.name, fmt.Sprintf("%.3g", c.rate), fmt.Sprintf("%.4f", factor), fmt.Sprintf("%.0f", math.Log(r.Recipe.Tolerance)/2/math.Log(factor)),
			r.counts(c.steps, r.Recipe.Steps), fmt.Sprintf("%s = %.4f", bestOf, best)})
	}
	r.Table(fmt.Sprintf("The bowl by theory: the factor by which the distance shrinks a step at the rate chosen, the steps that follow for a value of %g, and the factor with the best of all rates and momenta", r.Recipe.Tolerance),
		[]string{"method", "rate", "factor", "steps by it", "steps measured", "best possible"}, rows)
}

// root is the modulus of the larger root of z² − bz + c.
func root(b, c float64) float64 {
	d := cmplx.Sqrt(complex(b*b-4*c, 0))
	return max(cmplx.Abs((complex(b, 0)+d)/2), cmplx.Abs((complex(b, 0)-d)/2))
}
