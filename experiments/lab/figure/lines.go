package figure

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Series is a named curve over several seeds: Y[s][i] is the value of seed s
// at X[i]. A row of Y that is shorter than X ends early (a run that stopped).
type Series struct {
	Name string
	X    []float64
	Y    [][]float64
}

// Lines is a line chart: for each series the mean over its seeds and, as a
// translucent band, the mean ± the sample standard deviation (on a logarithmic
// axis, of the logarithms). The mean exists where every seed has a value.
type Lines struct {
	Title          string // drawn above; may be empty
	XLabel, YLabel string // with units, such as "time (s)"; required
	LogX, LogY     bool
	FromZero       bool // the y axis starts at 0, if it is not logarithmic
	EachSeed       bool // thin lines for the single seeds
	Series         []Series
	Colors         Colors
	// Marked names series that are drawn as markers, without lines: measured points.
	Marked []string
}

// Spread says how the chart shows several seeds, for its caption; "" if no series has
// more than one.
func (l Lines) Spread() string {
	several := slices.ContainsFunc(l.Series, func(s Series) bool { return len(s.Y) > 1 })
	switch {
	case !several:
		return ""
	case l.LogY:
		return "Geometric mean over seeds, band: ± one standard deviation of the logarithms."
	}
	return "Mean over seeds, band: ± one standard deviation."
}

// SVG draws the chart. Missing labels, a chart without values and rows of Y
// that are longer than X are errors.
func (l Lines) SVG() ([]byte, error) {
	if l.XLabel == "" || l.YLabel == "" {
		return nil, fmt.Errorf("line chart %q: want labels on both axes, got %q and %q", l.Title, l.XLabel, l.YLabel)
	}
	x, y := newScale(l.LogX), newScale(l.LogY)
	x.integers = !l.LogX
	if l.FromZero {
		y.include(0)
	}
	var names []string
	values, lowest := 0, math.Inf(1)
	for _, s := range l.Series {
		names = append(names, s.Name)
		for _, row := range s.Y {
			if len(row) > len(s.X) {
				return nil, fmt.Errorf("line chart %q: series %q: got %d values for %d positions", l.Title, s.Name, len(row), len(s.X))
			}
			for i, v := range row {
				if x.usable(s.X[i]) && y.usable(v) {
					values++
					lowest = min(lowest, v)
					x.include(s.X[i])
					y.include(v)
					x.integers = x.integers && s.X[i] == math.Trunc(s.X[i])
				}
			}
		}
		for i := range s.X {
			if _, lo, hi := spread(s.at(i), y); x.usable(s.X[i]) {
				y.include(lo)
				y.include(hi)
			}
		}
	}
	if values == 0 {
		return nil, fmt.Errorf("line chart %q: %w in %d series", l.Title, ErrNothing, len(l.Series))
	}
	x.pad(0.01)
	y.pad(0.04)
	if l.FromZero && !l.LogY && lowest >= 0 {
		y.lo = 0 // a band may reach below what the values can
	}
	colors := l.Colors.with(names)
	ch := &chart{title: l.Title, xLabel: l.XLabel, yLabel: l.YLabel, x: x, y: y}
	if len(l.Series) > 1 || l.Series[0].Name != "" {
		for _, name := range names {
			marked := slices.Contains(l.Marked, name)
			ch.legend = append(ch.legend, entry{name: name, look: colors.look(name), line: !marked, mark: marked})
		}
	}
	ch.draw = func(c draw.Canvas, px, py func(float64) vg.Length) {
		l.draw(c, px, py, x, y, colors)
	}
	return ch.svg()
}

// at gathers the values of all seeds at position i; a seed that has ended is
// NaN.
func (s Series) at(i int) []float64 {
	values := make([]float64, len(s.Y))
	for k, row := range s.Y {
		values[k] = math.NaN()
		if i < len(row) {
			values[k] = row[i]
		}
	}
	return values
}

// draw paints bands first, then the seeds, then the means, so that no series
// hides another's mean.
func (l Lines) draw(c draw.Canvas, px, py func(float64) vg.Length, x, y *scale, colors Colors) {
	point := func(xv, yv float64) vg.Point { return vg.Point{X: px(xv), Y: py(yv)} }
	for _, s := range l.Series {
		var lower, upper []vg.Point
		flush := func() {
			if len(lower) > 1 {
				outline := append([]vg.Point{}, lower...)
				for i := len(upper) - 1; i >= 0; i-- {
					outline = append(outline, upper[i])
				}
				c.FillPolygon(faded(colors.look(s.Name).color, 0.18), c.ClipPolygonXY(outline))
			}
			lower, upper = nil, nil
		}
		for i, xv := range s.X {
			_, lo, hi := spread(s.at(i), y)
			if len(s.Y) < 2 || !x.usable(xv) || !y.usable(lo) || !y.usable(hi) {
				flush()
				continue
			}
			lower, upper = append(lower, point(xv, lo)), append(upper, point(xv, hi))
		}
		flush()
	}
	curve := func(s Series, value func(i int) float64, style draw.LineStyle) {
		var run []vg.Point
		flush := func() {
			switch len(run) {
			case 0:
			case 1: // a lone value between gaps
				c.DrawGlyph(draw.GlyphStyle{Color: style.Color, Radius: style.Width, Shape: draw.CircleGlyph{}}, run[0])
			default:
				c.StrokeLines(style, c.ClipLinesXY(run)...)
			}
			run = nil
		}
		for i, xv := range s.X {
			if v := value(i); x.usable(xv) && y.usable(v) {
				run = append(run, point(xv, v))
			} else {
				flush()
			}
		}
		flush()
	}
	if l.EachSeed {
		for _, s := range l.Series {
			for k := range s.Y {
				thin := draw.LineStyle{Color: faded(colors.look(s.Name).color, 0.45), Width: 0.6}
				curve(s, func(i int) float64 { return s.at(i)[k] }, thin)
			}
		}
	}
	for _, s := range l.Series {
		mean := func(i int) float64 { mean, _, _ := spread(s.at(i), y); return mean }
		look := colors.look(s.Name)
		if !slices.Contains(l.Marked, s.Name) {
			curve(s, mean, look.line(1.8))
			continue
		}
		for i, xv := range s.X {
			if v := mean(i); x.usable(xv) && y.usable(v) {
				c.DrawGlyph(draw.GlyphStyle{Color: look.color, Radius: 3, Shape: look.glyph}, point(xv, v))
			}
		}
	}
}
