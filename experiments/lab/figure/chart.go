package figure

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/color"
	"math"
	"strings"
	"sync"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Size of a chart. It is small so that its text stays readable when a phone
// shows it at full width.
const (
	chartWidth  vg.Length = 400
	chartHeight vg.Length = 282
	margin      vg.Length = 10
	textSize    vg.Length = 12
	titleSize   vg.Length = 13.5
	tickLength  vg.Length = 4
)

var (
	ink  = color.NRGBA{0x22, 0x22, 0x22, 0xFF}
	soft = color.NRGBA{0x55, 0x55, 0x55, 0xFF}
	grid = color.NRGBA{0xE4, 0xE4, 0xE4, 0xFF}
)

// ErrNothing is what the error of a chart wraps in which no value can be drawn: of trainings that
// all diverged, say.
var ErrNothing = errors.New("no value to draw")

// entry is a line of the legend.
type entry struct {
	name string
	look look
	line bool // a sample of the line
	mark bool // the marker
}

// chart is what all kinds of charts share: the axes and what surrounds them.
type chart struct {
	title, xLabel, yLabel string
	x, y                  *scale
	categories            []string // instead of ticks on the x axis, at 0, 1, …
	legend                []entry
	// draw paints the data; x and y are the positions of values.
	draw func(c draw.Canvas, x, y func(float64) vg.Length)
}

// svg draws the chart: from the top the title, the legend, the data beside the
// y axis, the x axis.
func (ch *chart) svg() ([]byte, error) {
	canvas := vgsvg.New(chartWidth, chartHeight)
	c := draw.New(canvas)
	c.FillPolygon(color.White, []vg.Point{c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}})
	c = draw.Crop(c, margin, -margin, margin, -margin)
	if ch.title != "" {
		c.Max.Y -= titleSize
		write(c, ch.title, titleSize, ink, c.Min.X, c.Max.Y, left)
		c.Max.Y -= 6
	}
	c.Max.Y -= drawLegend(c, ch.legend)

	yTicks := ch.y.ticks()
	labels := vg.Length(0)
	for _, t := range yTicks {
		labels = max(labels, textWidth(t.label, textSize))
	}
	area := c
	area.Min.X += textSize*1.5 + labels + tickLength + 3
	area.Min.Y += ch.belowHeight()
	area.Max.Y -= textSize / 2
	area.Max.X -= textSize / 2
	position := func(s *scale, lo, hi vg.Length) func(float64) vg.Length {
		return func(v float64) vg.Length { return lo + vg.Length(s.norm(v))*(hi-lo) }
	}
	x, y := position(ch.x, area.Min.X, area.Max.X), position(ch.y, area.Min.Y, area.Max.Y)
	ch.drawY(c, area, yTicks, y)
	ch.drawX(c, area, x)
	ch.draw(area, x, y)

	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("write SVG: %w", err)
	}
	return finishSVG(b.Bytes(), ch.title)
}

// axisLine is the style of axes and tick marks, gridLine that of the grid.
func axisLine() draw.LineStyle { return draw.LineStyle{Color: soft, Width: 0.7} }
func gridLine() draw.LineStyle { return draw.LineStyle{Color: grid, Width: 0.6} }

// drawY draws the y axis, its grid lines and its label along the left edge.
func (ch *chart) drawY(c, area draw.Canvas, ticks []tick, y func(float64) vg.Length) {
	for _, t := range ticks {
		at := y(t.value)
		if t.label == "" {
			c.StrokeLine2(axisLine(), area.Min.X-tickLength/2, at, area.Min.X, at)
			continue
		}
		c.StrokeLine2(gridLine(), area.Min.X, at, area.Max.X, at)
		c.StrokeLine2(axisLine(), area.Min.X-tickLength, at, area.Min.X, at)
		write(c, t.label, textSize, soft, area.Min.X-tickLength-3, at-textSize*0.36, right)
	}
	c.StrokeLine2(axisLine(), area.Min.X, area.Min.Y, area.Min.X, area.Max.Y)
	at, size := fit(ch.yLabel, area.Min.Y, area.Max.Y, c.Min.Y, c.Max.Y)
	c.Push()
	c.Translate(vg.Point{X: c.Min.X + textSize*0.8, Y: at})
	c.Rotate(math.Pi / 2)
	write(c, ch.yLabel, size, ink, 0, 0, centre)
	c.Pop()
}

// drawX draws the x axis, with grid lines unless it has categories.
func (ch *chart) drawX(c, area draw.Canvas, x func(float64) vg.Length) {
	baseline := area.Min.Y - tickLength - textSize
	if ch.categories == nil {
		for _, t := range ch.x.ticks() {
			at := x(t.value)
			length := tickLength
			if t.label == "" {
				length /= 2
			} else {
				c.StrokeLine2(gridLine(), at, area.Min.Y, at, area.Max.Y)
			}
			c.StrokeLine2(axisLine(), at, area.Min.Y-length, at, area.Min.Y)
			write(c, t.label, textSize, soft, at, baseline, centre)
		}
	}
	size := ch.categorySize()
	for i, category := range ch.categories {
		for k, line := range ch.broken(category) {
			write(c, line, size, soft, x(float64(i)), baseline-vg.Length(k)*textSize*1.2, centre)
		}
	}
	c.StrokeLine2(axisLine(), area.Min.X, area.Min.Y, area.Max.X, area.Min.Y)
	if ch.xLabel != "" {
		at, size := fit(ch.xLabel, area.Min.X, area.Max.X, c.Min.X, c.Max.X)
		write(c, ch.xLabel, size, ink, at, c.Min.Y+textSize*0.2, centre)
	}
}

// belowHeight is what the x axis needs below the data.
func (ch *chart) belowHeight() vg.Length {
	lines := 1
	for _, category := range ch.categories {
		lines = max(lines, len(ch.broken(category)))
	}
	height := tickLength + textSize*(1.3+1.2*vg.Length(lines-1))
	if ch.xLabel != "" {
		height += textSize * 1.5
	}
	return height
}

// broken is a category's label in lines: broken at its spaces if it is wider
// than the category.
func (ch *chart) broken(category string) []string {
	if textWidth(category, textSize) <= ch.categoryWidth() {
		return []string{category}
	}
	return strings.Fields(category)
}

// categoryWidth is the room for a category's label.
func (ch *chart) categoryWidth() vg.Length { return (chartWidth-60)/vg.Length(len(ch.categories)) - 4 }

// categorySize is the size of the categories' labels, smaller than other text where a
// word would run into the next category.
func (ch *chart) categorySize() vg.Length {
	size := textSize
	for _, category := range ch.categories {
		for _, line := range ch.broken(category) {
			size = min(size, textSize*ch.categoryWidth()/textWidth(line, textSize))
		}
	}
	return max(size, textSize/2)
}

// fit places a label of an axis that reaches from lo to hi: in its middle, or, if the
// label is longer, as near to it as the space from least to most allows, and smaller
// if need be.
func fit(label string, lo, hi, least, most vg.Length) (at, size vg.Length) {
	width := textWidth(label, textSize)
	if width <= hi-lo {
		return (lo + hi) / 2, textSize
	}
	if width > most-least {
		return (least + most) / 2, textSize * (most - least) / width
	}
	return min(max((lo+hi)/2, least+width/2), most-width/2), textSize
}

// drawLegend sets the entries in rows at the top of c and returns the height
// they take.
func drawLegend(c draw.Canvas, entries []entry) vg.Length {
	if len(entries) == 0 {
		return 0
	}
	const sample, gap, between = 24, 5, 16
	const rowHeight = textSize * 1.5
	x, y := c.Min.X, c.Max.Y-rowHeight/2
	for _, e := range entries {
		from, width := x, sample+gap+textWidth(e.name, textSize)
		if x > c.Min.X && x+width > c.Max.X {
			from, y = c.Min.X, y-rowHeight
		}
		if e.line {
			c.StrokeLine2(e.look.line(1.8), from, y, from+sample, y)
		}
		if e.mark {
			c.DrawGlyphNoClip(draw.GlyphStyle{Color: e.look.color, Radius: 3.5, Shape: e.look.glyph}, vg.Point{X: from + sample/2, Y: y})
		}
		write(c, e.name, textSize, ink, from+sample+gap, y-textSize*0.36, left)
		x = from + width + between
	}
	return c.Max.Y - y + rowHeight/2 + 2
}

// align is where a text stands about its position.
type align float64

const (
	left   align = 0
	centre align = 0.5
	right  align = 1
)

// fonts are the Liberation fonts, parsed once.
var fonts = sync.OnceValue(func() *font.Cache { return font.NewCache(liberation.Collection()) })

// face is the font of all text.
func face(size vg.Length) font.Face {
	return fonts().Lookup(font.Font{Typeface: "Liberation", Variant: "Sans"}, size)
}

func textWidth(text string, size vg.Length) vg.Length {
	f := face(size)
	return f.Width(text)
}

// write sets a line of text with its baseline at y.
func write(c draw.Canvas, text string, size vg.Length, ink color.Color, x, y vg.Length, a align) {
	if text == "" {
		return
	}
	c.SetColor(ink)
	c.FillString(face(size), vg.Point{X: x - vg.Length(a)*textWidth(text, size), Y: y}, text)
}

// finishSVG names replacement fonts with the same metrics and adds the title
// that browsers and screen readers show.
func finishSVG(svg []byte, title string) ([]byte, error) {
	svg = bytes.ReplaceAll(svg, []byte("font-family:Liberation Sans"), []byte("font-family:'Liberation Sans',Arial,Helvetica,sans-serif"))
	if title == "" {
		return svg, nil
	}
	head := bytes.Index(svg, []byte("<svg"))
	end := bytes.IndexByte(svg[max(head, 0):], '>')
	if head < 0 || end < 0 {
		return nil, fmt.Errorf("write SVG: no <svg> element in the drawing")
	}
	var b bytes.Buffer
	b.Write(svg[:head+end+1])
	b.WriteString("\n<title>")
	if err := xml.EscapeText(&b, []byte(title)); err != nil {
		return nil, err
	}
	b.WriteString("</title>")
	b.Write(svg[head+end+1:])
	return b.Bytes(), nil
}

// spread is the mean of values and the ends of mean ± sd (sample standard
// deviation; the mean itself for one value). On a logarithmic axis all three
// are those of the logarithms. Without values, or with one that the axis cannot
// show, it is NaN.
func spread(values []float64, s *scale) (mean, lo, hi float64) {
	transformed := make([]float64, len(values))
	for i, v := range values {
		if !s.usable(v) {
			return math.NaN(), math.NaN(), math.NaN()
		}
		transformed[i] = v
		if s.log {
			transformed[i] = math.Log(v)
		}
	}
	sd := 0.0
	switch len(values) {
	case 0:
		return math.NaN(), math.NaN(), math.NaN()
	case 1:
		mean = transformed[0]
	default:
		mean, sd = stat.MeanStdDev(transformed, nil)
	}
	if s.log {
		return math.Exp(mean), math.Exp(mean - sd), math.Exp(mean + sd)
	}
	return mean, mean - sd, mean + sd
}
