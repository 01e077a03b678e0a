package figure

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Paths shows sequences of points in the plane, such as the courses of trainings: a thin
// line from point to point, a small dot at each, a ring where the path begins and a marker
// where it ends. Paths of one name share its colour, and paths of one point make a scatter
// plot. Points that cannot be shown are left out.
type Paths struct {
	Title          string // drawn above; may be empty
	XLabel, YLabel string // required
	LogX, LogY     bool
	Paths          []Path
	Colors         Colors
}

// SVG draws the chart. Missing labels, a chart without points, and paths with more of one
// coordinate than of the other are errors.
func (p Paths) SVG() ([]byte, error) {
	if p.XLabel == "" || p.YLabel == "" {
		return nil, fmt.Errorf("paths %q: want labels on both axes, got %q and %q", p.Title, p.XLabel, p.YLabel)
	}
	x, y := newScale(p.LogX), newScale(p.LogY)
	var names []string
	long := false // a path has a beginning apart from its end
	for _, path := range p.Paths {
		if len(path.X) != len(path.Y) {
			return nil, fmt.Errorf("paths %q: path %q: got %d x and %d y", p.Title, path.Name, len(path.X), len(path.Y))
		}
		if !slices.Contains(names, path.Name) {
			names = append(names, path.Name)
		}
		points := 0
		for i := range path.X {
			if x.usable(path.X[i]) && y.usable(path.Y[i]) {
				x.include(path.X[i])
				y.include(path.Y[i])
				points++
			}
		}
		long = long || points > 1
	}
	if x.empty() {
		return nil, fmt.Errorf("paths %q: no point to draw in %d paths", p.Title, len(p.Paths))
	}
	x.pad(0.04)
	y.pad(0.04)
	colors := p.Colors.with(names)
	ch := &chart{title: p.Title, xLabel: p.XLabel, yLabel: p.YLabel, x: x, y: y}
	if len(names) > 1 || names[0] != "" {
		for _, name := range names {
			ch.legend = append(ch.legend, entry{name: name, look: colors.look(name), line: long, mark: true})
		}
	}
	if long {
		ch.legend = append(ch.legend, entry{name: "start", look: look{color: ink, glyph: draw.RingGlyph{}}, mark: true})
	}
	ch.draw = func(c draw.Canvas, px, py func(float64) vg.Length) {
		for _, path := range p.Paths {
			var points []vg.Point
			for i := range path.X {
				if x.usable(path.X[i]) && y.usable(path.Y[i]) {
					points = append(points, vg.Point{X: px(path.X[i]), Y: py(path.Y[i])})
				}
			}
			drawPath(c, points, colors.look(path.Name))
		}
	}
	return ch.svg()
}

// drawPath draws a path within the chart's ranges.
func drawPath(c draw.Canvas, points []vg.Point, look look) {
	n := len(points)
	if n == 0 {
		return
	}
	if n > 1 {
		c.StrokeLines(draw.LineStyle{Color: faded(look.color, 0.5), Width: 0.8}, points)
		for _, at := range points[1 : n-1] {
			c.DrawGlyphNoClip(draw.GlyphStyle{Color: faded(look.color, 0.6), Radius: 1.2, Shape: draw.CircleGlyph{}}, at)
		}
		c.DrawGlyphNoClip(draw.GlyphStyle{Color: look.color, Radius: 2.6, Shape: draw.RingGlyph{}}, points[0])
	}
	c.DrawGlyphNoClip(draw.GlyphStyle{Color: look.color, Radius: 2.8, Shape: look.glyph}, points[n-1])
}
