package figure

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Cloud is a named set of points, such as the codes of a class.
type Cloud struct {
	Name string
	X, Y []float64
}

// Scatter shows clouds of many points. Each has a colour, or from the ninth on a colour and
// a cross, and its name stands in its middle, at the medians of its coordinates.
type Scatter struct {
	Title          string // drawn above; may be empty
	XLabel, YLabel string // required
	Clouds         []Cloud
	Colors         Colors
}

// SVG draws the chart. Missing labels, a chart without points and clouds with more of one
// coordinate than of the other are errors. Points that are not finite are left out.
func (s Scatter) SVG() ([]byte, error) {
	if s.XLabel == "" || s.YLabel == "" {
		return nil, fmt.Errorf("scatter %q: want labels on both axes, got %q and %q", s.Title, s.XLabel, s.YLabel)
	}
	x, y := newScale(false), newScale(false)
	var names []string
	clouds := make([]Cloud, len(s.Clouds)) // of finite points
	for i, c := range s.Clouds {
		if len(c.X) != len(c.Y) {
			return nil, fmt.Errorf("scatter %q: cloud %q: got %d x and %d y", s.Title, c.Name, len(c.X), len(c.Y))
		}
		names = append(names, c.Name)
		clouds[i].Name = c.Name
		for k := range c.X {
			if x.usable(c.X[k]) && y.usable(c.Y[k]) {
				clouds[i].X, clouds[i].Y = append(clouds[i].X, c.X[k]), append(clouds[i].Y, c.Y[k])
				x.include(c.X[k])
				y.include(c.Y[k])
			}
		}
	}
	if x.empty() {
		return nil, fmt.Errorf("scatter %q: no point to draw in %d clouds", s.Title, len(s.Clouds))
	}
	x.pad(0.03)
	y.pad(0.03)
	colors := s.Colors.with(names)
	ch := &chart{title: s.Title, xLabel: s.XLabel, yLabel: s.YLabel, x: x, y: y}
	ch.draw = func(c draw.Canvas, px, py func(float64) vg.Length) {
		for _, cloud := range clouds {
			look := colors.look(cloud.Name)
			style := draw.GlyphStyle{Color: faded(look.color, 0.6), Radius: 1.1, Shape: draw.CircleGlyph{}}
			if slices.Index(colors.names, cloud.Name) >= len(palette) {
				style.Radius, style.Shape = 2, draw.PlusGlyph{}
			}
			for k := range cloud.X {
				c.DrawGlyphNoClip(style, vg.Point{X: px(cloud.X[k]), Y: py(cloud.Y[k])})
			}
		}
		for _, cloud := range clouds {
			if len(cloud.X) > 0 {
				label(c, cloud.Name, colors.look(cloud.Name).color, px(middle(cloud.X)), py(middle(cloud.Y)))
			}
		}
	}
	return ch.svg()
}

// label writes a name in a colour, with white around it.
func label(c draw.Canvas, name string, ink color.NRGBA, x, y vg.Length) {
	y -= textSize * 0.36
	for k := range 8 {
		dx, dy := math.Cos(float64(k)*math.Pi/4), math.Sin(float64(k)*math.Pi/4)
		write(c, name, textSize+2, color.White, x+vg.Length(1.4*dx), y+vg.Length(1.4*dy), centre)
	}
	write(c, name, textSize+2, ink, x, y, centre)
}

// middle is the median of values in any order.
func middle(values []float64) float64 { return median(slices.Sorted(slices.Values(values))) }
