package main

import (
	"fmt"
	"math"

	"capas/datasets"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
)

// section is the lecture's.
const section = "2.3"

// reporter turns results into metrics, figures and claims.
type reporter struct {
	*lab.Run[Recipe]
	*results
	Height, Width int // of a digit
	colors        figure.Colors
}

func report(run *lab.Run[Recipe], data *datasets.Split, out *results) error {
	var names []string
	for _, r := range append(digitRules(), polynomial, perceptron) {
		names = append(names, r.words())
	}
	r := &reporter{Run: run, results: out, Height: data.Train.Height, Width: data.Train.Width, colors: figure.NewColors(names...)}
	r.metrics()
	for _, part := range []func() error{r.digitsPart, r.energyPart, r.capacityPart, r.densePart, r.pairsPart} {
		if err := part(); err != nil {
			return err
		}
	}
	if len(r.Seeds) < lab.MinSeeds {
		r.Section("Verdicts", fmt.Sprintf("None: a verdict takes at least %d seeds.", lab.MinSeeds))
		return nil
	}
	r.claims()
	return nil
}

// Metrics. digits.RULE.N.recalled and .wrong: the share of N stored digits (or random
// patterns) that are recalled, and the mean share of wrong pixels; digits.overlap and
// .overlap_random: what two stored patterns have in common. energy.*: units that turned,
// turns after which the energy was higher, recalls that end in no minimum; of the overloaded
// network the shares of starts that end in a cycle, whose energy rose, and that come to rest
// in turn. capacity.N.limit, pairs.N.limit: patterns a unit at which half are recalled;
// capacity.N.wrong: the share of wrong units at the load nearest to 0.1. dense.RULE.N: patterns
// that N units recall, infinitely many if that is more than were tried. bam.RULE.*: shares of pairs, codes,
// images, test labels.
func (r *reporter) metrics() {
	for i, seed := range r.Seeds {
		d := r.digits[i]
		for _, rule := range digitRules() {
			for k, v := range d.recalled[rule] {
				r.Metric(digitMetric(rule, k, "recalled"), seed, v)
				r.Metric(digitMetric(rule, k, "wrong"), seed, d.wrong[rule][k])
			}
		}
		r.Metric("digits.overlap", seed, d.overlap)
		r.Metric("digits.overlap_random", seed, d.chance)
		e := r.energy[i]
		r.Metric("energy.turns", seed, float64(e.turns))
		r.Metric("energy.rises", seed, float64(e.rises))
		r.Metric("energy.no_minima", seed, float64(e.open))
		r.Metric("energy.at_once_cycles", seed, e.cycles)
		r.Metric("energy.at_once_rose", seed, e.rose)
		r.Metric("energy.in_turn_at_rest", seed, e.inTurn)
		for n, all := range r.capacity {
			r.Metric(fmt.Sprintf("capacity.%d.limit", n), seed, all[i].still.breaks())
			if n <= noisyUnits {
				r.Metric(fmt.Sprintf("capacity.%d.limit_noisy", n), seed, all[i].noisy.breaks())
			}
			_, errors := all[i].still.at(lowLoad, all[i].still.wrong)
			r.Metric(fmt.Sprintf("capacity.%d.wrong", n), seed, errors)
		}
		for n, all := range r.layers {
			r.Metric(fmt.Sprintf("pairs.%d.limit", n), seed, all[i].breaks())
		}
		for rule, all := range r.dense {
			for k, n := range all[i].units {
				r.Metric(fmt.Sprintf("dense.%s.%g", rule, n), seed, all[i].patterns[k])
			}
		}
		p := r.pairs[i]
		for _, rule := range pairRules() {
			for k, v := range p.recalled[rule] {
				r.Metric(fmt.Sprintf("bam.%s.%d.recalled", rule, k), seed, v)
			}
			if rule != control {
				r.Metric(fmt.Sprintf("bam.%s.codes", rule), seed, p.codes[rule])
				r.Metric(fmt.Sprintf("bam.%s.images", rule), seed, p.images[rule])
				if v, ok := p.labelled[rule]; ok {
					r.Metric(fmt.Sprintf("bam.%s.test_labels", rule), seed, v)
				}
			}
		}
		r.Metric("bam.rises", seed, float64(p.rises))
	}
}

// lowLoad is where the share of wrong units is compared with the theory: well below the
// limit, where networks of these sizes lose no pattern yet.
const lowLoad = 0.1

func digitMetric(rule rule, k int, what string) string {
	return fmt.Sprintf("digits.%s.%d.%s", rule, k, what)
}

// series is a curve with a row for each seed.
func (r *reporter) series(name string, x []float64, y func(seed int) []float64) figure.Series {
	s := figure.Series{Name: name, X: x}
	for i := range r.Seeds {
		s.Y = append(s.Y, y(i))
	}
	return s
}

// loads is a curve by load, which ends for each seed where nothing is recalled any more.
func (r *reporter) loads(name string, of func(seed int) curve, values func(c curve) []float64) figure.Series {
	var x []float64
	for i := range r.Seeds {
		if c := of(i); len(c.load) > len(x) {
			x = c.load
		}
	}
	return r.series(name, x, func(i int) []float64 { return values(of(i)) })
}

func wrongUnits(c curve) []float64       { return c.wrong }
func recalledPatterns(c curve) []float64 { return c.recalled }

// line is a curve that is the same for all seeds, such as a theory's.
func line(name string, x []float64, y func(x float64) float64) figure.Series {
	s := figure.Series{Name: name, X: x, Y: [][]float64{{}}}
	for _, v := range x {
		s.Y[0] = append(s.Y[0], y(v))
	}
	return s
}

// upright is a vertical line from 0 to 1.
func upright(name string, x float64) figure.Series {
	return figure.Series{Name: name, X: []float64{x, x}, Y: [][]float64{{0, 1}}}
}

// chart adds a line chart to the report.
func (r *reporter) chart(file, title, caption string, l figure.Lines) error {
	svg, err := l.SVG()
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if spread := l.Spread(); spread != "" {
		caption += " " + spread
	}
	r.Figure(file, title, caption, svg)
	return nil
}

// sheet adds images of digits, of units −1 (black) to 1 (white).
func (r *reporter) sheet(file, title, caption string, tiles [][]float32, columns, height, width int) error {
	s := figure.Sheet{Height: height, Width: width, Columns: columns, Scale: 2, Range: figure.UnitRange}
	for _, t := range tiles {
		out := make([]float32, len(t))
		for i, v := range t {
			out[i] = (v + 1) / 2
		}
		s.Tiles = append(s.Tiles, out)
	}
	png, err := s.PNG()
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	r.Figure(file, title, caption, png)
	return nil
}

// floats are integers as numbers.
func floats(values []int) (out []float64) {
	for _, v := range values {
		out = append(out, float64(v))
	}
	return out
}

// steps are n places from lo to hi.
func steps(lo, hi float64, n int) (x []float64) {
	for i := range n {
		x = append(x, lo+(hi-lo)*float64(i)/float64(n-1))
	}
	return x
}

// over are a number of each seed.
func (r *reporter) over(f func(seed int) float64) (out []float64) {
	for i := range r.Seeds {
		out = append(out, f(i))
	}
	return out
}

// percent is a summary of shares.
func percent(values []float64) string { return lab.Summary(lab.Scaled(values, 100)) + " %" }

// all tells whether a condition holds for every value, of which NaN is none.
func all(values []float64, holds func(v float64) bool) bool {
	for _, v := range values {
		if math.IsNaN(v) || !holds(v) {
			return false
		}
	}
	return len(values) > 0
}
