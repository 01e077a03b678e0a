package figure

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Boxes shows the distribution of values by category, as box plots (Tukey 1977): a box
// from the first to the third quartile with a line at the median; whiskers to the farthest
// values within 1.5 times the box's height of it; the values beyond, the outliers, as dots.
// The quartiles are Tukey's hinges, the medians of the lower and of the upper half of the
// values, each with the middle one of an odd number. Categories stand in the order of their
// first item, names that share one side by side. Values that cannot be shown are left out.
type Boxes struct {
	Title          string // drawn above; may be empty
	XLabel, YLabel string // with units; YLabel is required
	LogY           bool   // the quartiles and fences are those of the values all the same
	Items          []Item
	Colors         Colors
}

// Spread says what the boxes are, for the chart's caption.
func (b Boxes) Spread() string {
	return "Boxes: quartiles and median over seeds; whiskers: the farthest values within 1.5 times the box's height of it; dots: values beyond."
}

// box is the distribution of an item, with its place. low and high are the ends of the
// whiskers.
type box struct {
	dot
	low, first, median, third, high float64
	outliers                        []float64
}

// newBox measures the values, of which there is one at least.
func newBox(d dot, values []float64) box {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	b := box{dot: d, first: median(sorted[:(n+1)/2]), median: median(sorted), third: median(sorted[n/2:])}
	reach := 1.5 * (b.third - b.first)
	b.low, b.high = b.first, b.third
	for _, v := range sorted {
		if v < b.first-reach || v > b.third+reach {
			b.outliers = append(b.outliers, v)
			continue
		}
		b.low, b.high = min(b.low, v), max(b.high, v)
	}
	return b
}

// median of sorted values.
func median(sorted []float64) float64 {
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return sorted[n/2-1]/2 + sorted[n/2]/2 // no sum that overflows
}

// SVG draws the chart. A missing y label and a chart without values are errors.
func (b Boxes) SVG() ([]byte, error) {
	if b.YLabel == "" {
		return nil, fmt.Errorf("box plots %q: want a label on the y axis", b.Title)
	}
	y := newScale(b.LogY)
	dots, categories, names := Dots{Items: b.Items}.place()
	var boxes []box
	for _, d := range dots {
		values := slices.DeleteFunc(slices.Clone(d.item.Values), func(v float64) bool { return !y.usable(v) })
		if len(values) == 0 {
			continue
		}
		for _, v := range values {
			y.include(v)
		}
		boxes = append(boxes, newBox(d, values))
	}
	if y.empty() {
		return nil, fmt.Errorf("box plots %q: %w in %d items", b.Title, ErrNothing, len(b.Items))
	}
	y.pad(0.05)
	x := newScale(false)
	x.lo, x.hi = -0.5, float64(len(categories))-0.5
	colors := b.Colors.with(names)
	ch := &chart{title: b.Title, xLabel: b.XLabel, yLabel: b.YLabel, x: x, y: y, categories: categories}
	if !slices.Equal(names, categories) {
		for _, name := range names {
			look := colors.look(name)
			look.glyph = draw.BoxGlyph{}
			ch.legend = append(ch.legend, entry{name: name, look: look, mark: true})
		}
	}
	ch.draw = func(c draw.Canvas, px, py func(float64) vg.Length) {
		for _, b := range boxes {
			b.draw(c, px, py, colors.look(b.name))
		}
	}
	return ch.svg()
}

// draw paints the whiskers, the box, the median and the outliers.
func (b box) draw(c draw.Canvas, px, py func(float64) vg.Length, look look) {
	at := px(b.x)
	half := min(px(b.x+b.room*0.38)-at, 22)
	thin, thick := draw.LineStyle{Color: look.color, Width: 1.1}, draw.LineStyle{Color: look.color, Width: 2.2}
	for _, whisker := range [][2]float64{{b.first, b.low}, {b.third, b.high}} {
		from, to := py(whisker[0]), py(whisker[1])
		c.StrokeLine2(thin, at, from, at, to)
		c.StrokeLine2(thin, at-half/2, to, at+half/2, to)
	}
	corners := []vg.Point{{X: at - half, Y: py(b.first)}, {X: at + half, Y: py(b.first)}, {X: at + half, Y: py(b.third)}, {X: at - half, Y: py(b.third)}}
	c.FillPolygon(faded(look.color, 0.25), corners)
	c.StrokeLines(thin, append(corners, corners[0]))
	c.StrokeLine2(thick, at-half, py(b.median), at+half, py(b.median))
	for _, v := range b.outliers {
		c.DrawGlyphNoClip(draw.GlyphStyle{Color: look.color, Radius: 1.9, Shape: draw.CircleGlyph{}}, vg.Point{X: at, Y: py(v)})
	}
}
