package figure

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Item is one entry of a Dots chart: the values of all seeds for a name in a
// category.
type Item struct {
	Category string // place on the x axis, such as "layer 1"; "" means Name
	Name     string // colour, such as "dbn"
	Values   []float64
}

// Dots shows values by category: every seed as a small dot, and beside them
// the mean with bars of one sample standard deviation (on a logarithmic axis,
// of the logarithms). Categories stand in the order of their first item; names
// that share a category stand side by side. Values that cannot be shown are
// left out of the dots and of the mean.
type Dots struct {
	Title          string // drawn above; may be empty
	XLabel, YLabel string // with units; YLabel is required
	LogY           bool
	FromZero       bool // the y axis starts at 0, if it is not logarithmic
	Bars           bool // translucent bars from 0 to the mean; implies FromZero, not with LogY
	Connect        bool // lines between the means of a name
	Items          []Item
	Colors         Colors
	// Interval, if not nil, gives the ends of the bar through an item's mean, such as
	// those of a confidence interval, in place of one standard deviation.
	Interval func(Item) (low, high float64)
}

// Spread says how the chart shows several seeds, for its caption; "" if no item has more
// than one.
func (d Dots) Spread() string {
	several := slices.ContainsFunc(d.Items, func(i Item) bool { return len(i.Values) > 1 })
	switch {
	case !several:
		return ""
	case d.LogY:
		return "Each seed, geometric mean and one standard deviation of the logarithms."
	}
	return "Each seed, mean and one standard deviation."
}

// dot is an item with its place.
type dot struct {
	x    float64 // centre; categories are at 0, 1, …
	room float64 // width that the item may use
	name string
	item Item
}

// SVG draws the chart. A missing y label, a chart without values, and Bars with
// LogY are errors.
func (d Dots) SVG() ([]byte, error) {
	if d.YLabel == "" {
		return nil, fmt.Errorf("dot chart %q: want a label on the y axis", d.Title)
	}
	if d.Bars && d.LogY {
		return nil, fmt.Errorf("dot chart %q: bars have no foot on a logarithmic axis", d.Title)
	}
	y := newScale(d.LogY)
	dots, categories, names := d.place()
	lowest := math.Inf(1)
	for i := range dots {
		dots[i].item.Values = slices.DeleteFunc(slices.Clone(dots[i].item.Values), func(v float64) bool { return !y.usable(v) })
		for _, v := range dots[i].item.Values {
			y.include(v)
			lowest = min(lowest, v)
		}
		_, lo, hi := d.spread(dots[i].item, y)
		y.include(lo)
		y.include(hi)
	}
	if y.empty() {
		return nil, fmt.Errorf("dot chart %q: %w in %d items", d.Title, ErrNothing, len(d.Items))
	}
	if d.FromZero || d.Bars {
		y.include(0)
	}
	y.pad(0.05)
	if (d.FromZero && !d.LogY || d.Bars) && lowest >= 0 {
		y.lo = 0 // an error bar may reach below what the values can
	}
	x := newScale(false)
	x.lo, x.hi = -0.5, float64(len(categories))-0.5

	colors := d.Colors.with(names)
	ch := &chart{title: d.Title, xLabel: d.XLabel, yLabel: d.YLabel, x: x, y: y, categories: categories}
	if !slices.Equal(names, categories) {
		for _, name := range names {
			ch.legend = append(ch.legend, entry{name: name, look: colors.look(name), line: d.Connect, mark: true})
		}
	}
	ch.draw = func(c draw.Canvas, px, py func(float64) vg.Length) {
		d.draw(c, px, py, y, dots, colors)
	}
	return ch.svg()
}

// spread is an item's mean and the ends of the bar through it.
func (d Dots) spread(item Item, y *scale) (mean, lo, hi float64) {
	mean, lo, hi = spread(item.Values, y)
	if d.Interval != nil && len(item.Values) > 0 {
		lo, hi = d.Interval(item)
	}
	return mean, lo, hi
}

// place gives every item its position: side by side by name within a category
// if some category has several.
func (d Dots) place() (dots []dot, categories, names []string) {
	several := false
	seen := map[string]bool{}
	for _, item := range d.Items {
		if item.Category == "" {
			item.Category = item.Name
		}
		if !slices.Contains(categories, item.Category) {
			categories = append(categories, item.Category)
		}
		if !slices.Contains(names, item.Name) {
			names = append(names, item.Name)
		}
		several = several || seen[item.Category]
		seen[item.Category] = true
		dots = append(dots, dot{name: item.Name, item: item})
	}
	for i := range dots {
		dots[i].x = float64(slices.Index(categories, dots[i].item.Category))
		dots[i].room = 0.7
		if several {
			dots[i].room = 0.8 / float64(len(names))
			dots[i].x += (float64(slices.Index(names, dots[i].name)) - float64(len(names)-1)/2) * dots[i].room
		}
	}
	return dots, categories, names
}

// draw paints bars, connecting lines, the seeds, and the means on top.
func (d Dots) draw(c draw.Canvas, px, py func(float64) vg.Length, y *scale, dots []dot, colors Colors) {
	means := map[string][]vg.Point{}
	for _, q := range dots {
		mean, _, _ := spread(q.item.Values, y)
		if math.IsNaN(mean) {
			continue
		}
		means[q.name] = append(means[q.name], vg.Point{X: px(q.x), Y: py(mean)})
		if d.Bars {
			left, right := px(q.x-q.room*0.4), px(q.x+q.room*0.4)
			c.FillPolygon(faded(colors.look(q.name).color, 0.3),
				[]vg.Point{{X: left, Y: py(0)}, {X: right, Y: py(0)}, {X: right, Y: py(mean)}, {X: left, Y: py(mean)}})
		}
	}
	if d.Connect {
		for _, name := range colors.names {
			if len(means[name]) > 1 {
				style := colors.look(name).line(1)
				c.StrokeLines(style, means[name])
			}
		}
	}
	for _, q := range dots {
		look := colors.look(q.name)
		mean, lo, hi := d.spread(q.item, y)
		if math.IsNaN(mean) {
			continue
		}
		at := px(q.x)
		slot := px(q.x+q.room/2) - at
		if n := len(q.item.Values); n > 1 {
			for k, v := range q.item.Values {
				side := min(slot*0.45, 14) + min(slot*0.3, 8)*vg.Length(float64(k)/float64(n-1)-0.5)
				c.DrawGlyphNoClip(draw.GlyphStyle{Color: faded(look.color, 0.55), Radius: 1.7, Shape: draw.CircleGlyph{}}, vg.Point{X: at + side, Y: py(v)})
			}
		}
		if lo < hi && y.usable(lo) && y.usable(hi) { // not if the spread overflows
			bar := draw.LineStyle{Color: look.color, Width: 1.2}
			cap := min(slot*0.3, 5)
			c.StrokeLine2(bar, at, py(max(lo, y.lo)), at, py(hi))
			if lo >= y.lo {
				c.StrokeLine2(bar, at-cap, py(lo), at+cap, py(lo))
			}
			c.StrokeLine2(bar, at-cap, py(hi), at+cap, py(hi))
		}
		c.DrawGlyphNoClip(draw.GlyphStyle{Color: look.color, Radius: 3.5, Shape: look.glyph}, vg.Point{X: at, Y: py(mean)})
	}
}
