package figure

import (
	"image/color"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// palette is that of M. Okabe and K. Ito, "Color Universal Design" (2008), the
// colours with more contrast to white first; their yellow is made darker, which hardly
// shows on white.
var palette = [...]color.NRGBA{
	{0x00, 0x72, 0xB2, 0xFF}, // blue
	{0xD5, 0x5E, 0x00, 0xFF}, // vermillion
	{0x00, 0x9E, 0x73, 0xFF}, // bluish green
	{0xCC, 0x79, 0xA7, 0xFF}, // reddish purple
	{0xE6, 0x9F, 0x00, 0xFF}, // orange
	{0x56, 0xB4, 0xE9, 0xFF}, // sky blue
	{0x00, 0x00, 0x00, 0xFF}, // black
	{0xA7, 0x9A, 0x00, 0xFF}, // dark yellow
}

// dashes differ in length from period 8 on (with the palette's period, the
// pair is unique for 32 names).
var dashes = [...][]vg.Length{nil, {7, 3}, {2, 2}, {8, 3, 2, 3}}

var glyphs = [...]draw.GlyphDrawer{
	draw.CircleGlyph{}, draw.BoxGlyph{}, draw.PyramidGlyph{}, diamond{}, draw.RingGlyph{}, draw.SquareGlyph{}, draw.TriangleGlyph{}, draw.CrossGlyph{},
}

// Colors assigns colours to names by their position in a fixed list. The zero
// value assigns them in the order in which a chart first names its series.
type Colors struct{ names []string }

// NewColors fixes the colours of names, in this order, for all charts that are
// given the result.
func NewColors(names ...string) Colors { return Colors{slices.Clone(names)} }

// Of is the colour of name; a name that is not in the list is grey.
func (c Colors) Of(name string) color.NRGBA {
	i := slices.Index(c.names, name)
	if i < 0 {
		return color.NRGBA{0x77, 0x77, 0x77, 0xFF}
	}
	return palette[i%len(palette)]
}

// with adds the names that a chart has beyond the list.
func (c Colors) with(names []string) Colors {
	all := slices.Clone(c.names)
	for _, name := range names {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return Colors{all}
}

// look is how a series is drawn.
type look struct {
	color  color.NRGBA
	dashes []vg.Length
	glyph  draw.GlyphDrawer
}

// look is the colour, dash pattern and marker of a name in the list.
func (c Colors) look(name string) look {
	i := max(slices.Index(c.names, name), 0)
	return look{
		color:  palette[i%len(palette)],
		dashes: dashes[(i+i/len(palette))%len(dashes)],
		glyph:  glyphs[i%len(glyphs)],
	}
}

// line is the style of a line of the look.
func (l look) line(width vg.Length) draw.LineStyle {
	return draw.LineStyle{Color: l.color, Width: width, Dashes: l.dashes}
}

// faded is a colour at the given opacity.
func faded(c color.NRGBA, opacity float64) color.NRGBA {
	c.A = uint8(255*opacity + .5)
	return c
}

// diamond is a filled square on its corner.
type diamond struct{}

// DrawGlyph implements draw.GlyphDrawer.
func (diamond) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, pt vg.Point) {
	r := sty.Radius * 1.25
	c.SetLineWidth(0)
	var p vg.Path
	p.Move(vg.Point{X: pt.X, Y: pt.Y + r})
	p.Line(vg.Point{X: pt.X + r, Y: pt.Y})
	p.Line(vg.Point{X: pt.X, Y: pt.Y - r})
	p.Line(vg.Point{X: pt.X - r, Y: pt.Y})
	p.Close()
	c.SetColor(sty.Color)
	c.Fill(p)
}
