package figure

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
)

// Range says which values of a tile are its darkest and its brightest.
type Range int

const (
	// OwnRange scales each tile by its own smallest and largest value; with
	// the Diverging palette by its largest absolute value, so that 0 is white.
	OwnRange Range = iota
	// UnitRange is [0, 1], or [−1, 1] with the Diverging palette; values
	// outside are clipped.
	UnitRange
)

// Palette maps values to colours.
type Palette int

const (
	// Grey goes from black (smallest) to white (largest).
	Grey Palette = iota
	// Diverging goes from blue (negative) over white (0) to vermillion
	// (positive).
	Diverging
)

// Sheet is a grid of images of one size, filled row by row.
type Sheet struct {
	Tiles   [][]float32 // each Height·Width values, row by row; nil leaves a place empty
	Height  int         // of a tile, in pixels
	Width   int
	Columns int // 0: about as many as rows
	Scale   int // screen pixels a pixel; 0: as many as keep the sheet within 640 pixels, at most 8
	Gap     int // screen pixels between tiles; 0: 2
	Range   Range
	Palette Palette
	// Color says that a tile has three planes of Height·Width values, red, green and blue,
	// of which 0 is dark and 1 full, whatever Range and Palette are.
	Color bool
}

// Columns are the first columns of a matrix of k columns, given row by row: the weights of
// units over their inputs, as tiles. There are at most that many.
func Columns(w []float32, k, most int) [][]float32 {
	var out [][]float32
	for j := range min(k, most) {
		tile := make([]float32, len(w)/k)
		for i := range tile {
			tile[i] = w[i*k+j]
		}
		out = append(out, tile)
	}
	return out
}

// separator is the least distance between tiles in screen pixels, which has room for their rims.
const separator = 2

// maxPixels bounds a sheet's area: a larger one is a mistake.
const maxPixels = 1 << 26

// rim is the colour around tiles, which keeps bright ones apart.
var rim = color.NRGBA{0xA8, 0xA8, 0xA8, 0xFF}

// missing is the colour of a value that is not finite.
var missing = color.NRGBA{0xF0, 0xE4, 0x42, 0xFF}

// layout says where on the screen tiles are.
type layout struct {
	columns, scale int
	gap            int // between tiles, and around all
	stepX, stepY   int // from one tile to the next
	width, height  int // of the sheet
}

// layout reports sizes that are no sizes and sheets that are too large.
func (s Sheet) layout() (l layout, err error) {
	if s.Height <= 0 || s.Width <= 0 || s.Columns < 0 || s.Scale < 0 {
		return l, fmt.Errorf("image sheet: want a positive tile size, got %d×%d (columns %d, scale %d)", s.Height, s.Width, s.Columns, s.Scale)
	}
	if len(s.Tiles) == 0 {
		return l, fmt.Errorf("image sheet: no tiles")
	}
	l.columns, l.scale, l.gap = s.Columns, s.Scale, max(s.Gap, separator)
	if l.columns == 0 {
		l.columns = int(math.Ceil(math.Sqrt(float64(len(s.Tiles)))))
	}
	rows := (len(s.Tiles) + l.columns - 1) / l.columns
	if l.scale == 0 {
		l.scale = min(max((640-l.gap)/l.columns-l.gap, 0)/s.Width, 8)
		l.scale = max(l.scale, 1)
	}
	l.stepX, l.stepY = s.Width*l.scale+l.gap, s.Height*l.scale+l.gap
	l.width, l.height = l.columns*l.stepX+l.gap, rows*l.stepY+l.gap
	if l.width > maxPixels/l.height {
		return l, fmt.Errorf("image sheet: %d×%d pixels are too many", l.width, l.height)
	}
	return l, nil
}

// Check reports what PNG would report of a sheet of as many tiles, whatever is in them:
// sizes that are not positive, no tile, and a sheet of more than 64 megapixels.
func (s Sheet) Check() error {
	_, err := s.layout()
	return err
}

// PNG draws the sheet. Values that are not finite are yellow, a tile of equal
// values is mid-grey. A tile of another size is an error, and so is what Check reports.
func (s Sheet) PNG() ([]byte, error) {
	l, err := s.layout()
	if err != nil {
		return nil, err
	}
	for i, tile := range s.Tiles {
		if tile != nil && s.Color && len(tile) != 3*s.Height*s.Width {
			return nil, fmt.Errorf("image sheet: tile %d has %d values, want 3×%d×%d", i, len(tile), s.Height, s.Width)
		}
		if tile != nil && !s.Color && len(tile) != s.Height*s.Width {
			return nil, fmt.Errorf("image sheet: tile %d has %d values, want %d×%d", i, len(tile), s.Height, s.Width)
		}
	}
	img := image.NewNRGBA(image.Rect(0, 0, l.width, l.height))
	for i := range img.Pix {
		img.Pix[i] = 0xFF
	}
	for i, tile := range s.Tiles {
		s.drawTile(img, tile, l.gap+i%l.columns*l.stepX, l.gap+i/l.columns*l.stepY, l.scale)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, fmt.Errorf("image sheet: %w", err)
	}
	return b.Bytes(), nil
}

// drawTile paints a tile with its upper left corner at (x0, y0).
func (s Sheet) drawTile(img *image.NRGBA, tile []float32, x0, y0, scale int) {
	if tile == nil {
		return
	}
	frame := image.Rect(x0-separator/2, y0-separator/2, x0+s.Width*scale+separator/2, y0+s.Height*scale+separator/2)
	draw.Draw(img, frame, image.NewUniform(rim), image.Point{}, draw.Src)
	plane := s.Height * s.Width
	shade := s.shading(tile)
	for i, v := range tile[:plane] {
		c := shade(float64(v))
		if s.Color {
			c = rgb(v, tile[i+plane], tile[i+2*plane])
		}
		x, y := x0+i%s.Width*scale, y0+i/s.Width*scale
		for dy := range scale {
			for dx := range scale {
				img.SetNRGBA(x+dx, y+dy, c)
			}
		}
	}
}

// shading is the map from a tile's values to colours.
func (s Sheet) shading(tile []float32) func(float64) color.NRGBA {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, v := range tile {
		if x := float64(v); !math.IsNaN(x) && !math.IsInf(x, 0) {
			lo, hi = min(lo, x), max(hi, x)
		}
	}
	switch {
	case s.Palette == Diverging && s.Range == UnitRange:
		lo, hi = -1, 1
	case s.Palette == Diverging:
		hi = max(math.Abs(lo), math.Abs(hi))
		lo = -hi
	case s.Range == UnitRange:
		lo, hi = 0, 1
	}
	return func(x float64) color.NRGBA {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return missing
		}
		t := 0.5
		if hi > lo {
			t = min(max((x-lo)/(hi-lo), 0), 1)
		}
		if s.Palette == Diverging {
			return diverging(2*t - 1)
		}
		g := uint8(255*t + 0.5)
		return color.NRGBA{g, g, g, 0xFF}
	}
}

// rgb is the colour of three values in [0, 1].
func rgb(channels ...float32) color.NRGBA {
	var bytes [3]uint8
	for i, v := range channels {
		if x := float64(v); math.IsNaN(x) || math.IsInf(x, 0) {
			return missing
		}
		bytes[i] = uint8(255*min(max(v, 0), 1) + 0.5)
	}
	return color.NRGBA{bytes[0], bytes[1], bytes[2], 0xFF}
}

// diverging is the colour of t in [−1, 1]: white at 0, the palette's blue and
// vermillion at the ends.
func diverging(t float64) color.NRGBA {
	end := palette[0]
	if t > 0 {
		end = palette[1]
	}
	t = math.Abs(t)
	mix := func(c uint8) uint8 { return uint8(255 + t*(float64(c)-255) + 0.5) }
	return color.NRGBA{mix(end.R), mix(end.G), mix(end.B), 0xFF}
}
