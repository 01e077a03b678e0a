package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg"
	_ "image/png"
	"math"
	"slices"

	"capas/internal/regularfile"
)

// What an image file may ask for, so that any one is read or refused in a tenth of a
// second and 100 MB: room for a photograph of four megapixels.
const (
	maxImageFile   = 20 << 20 // bytes
	maxImagePixels = 1 << 22  // half as many with 16 bits a channel
	maxImageSide   = 1 << 16
	maxImageScans  = 20 // of a JPEG, each a pass over all pixels; progressive ones have about ten
)

// fitting says how an image becomes the input of a network.
type fitting struct {
	height, width int
	// invert is "auto", "yes" or "no".
	invert string
	// digit crops to the ink and places it as in MNIST.
	digit bool
}

// read returns the intensities of an image file, row by row, 0 for the background.
func (f fitting) read(path string) ([]float32, error) {
	data, err := regularfile.Read(path, maxImageFile)
	if err != nil {
		return nil, err
	}
	conf, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: want a PNG or JPEG image or an IDX file: %w", path, err)
	}
	limit := maxImagePixels
	if conf.ColorModel == color.RGBA64Model || conf.ColorModel == color.NRGBA64Model {
		limit /= 2
	}
	if conf.Width < 1 || conf.Height < 1 || conf.Width > limit/conf.Height || max(conf.Width, conf.Height) > maxImageSide {
		return nil, fmt.Errorf("%s: want an image of at most %d pixels, %d a side, got %d×%d", path, limit, maxImageSide, conf.Width, conf.Height)
	}
	if n := bytes.Count(data, []byte{0xFF, 0xDA}); format == "jpeg" && n > maxImageScans {
		return nil, fmt.Errorf("%s: want at most %d scans, got %d", path, maxImageScans, n)
	}
	decoded, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	img, ok := decoded.(image.RGBA64Image) // as all are that PNG and JPEG files give
	if !ok {
		return nil, fmt.Errorf("%s: want an image of colours, got %T", path, decoded)
	}
	pixels, err := f.fit(img)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return pixels, nil
}

// fit scales an image to the network's size. A pixel of the result is the mean of what
// it covers; beyond the image there is background.
func (f fitting) fit(img image.RGBA64Image) ([]float32, error) {
	g := newGrey(img)
	g.background = g.border()
	if f.invert == "yes" || f.invert == "auto" && g.background > 0.5 {
		g.inverted, g.background = true, 1-g.background
	}
	w, h := float64(g.width), float64(g.height)
	centreX, centreY := w/2, h/2
	step := max(w/float64(f.width), h/float64(f.height)) // pixels of the image a pixel
	stretch := func(v float64) float64 { return v }
	if f.digit {
		ink, err := g.ink()
		if err != nil {
			return nil, err
		}
		centreX, centreY = ink.x, ink.y
		step = max(ink.width/float64(f.width), ink.height/float64(f.height)) * 28 / 20
		stretch = func(v float64) float64 { return min(max((v-g.background)/(ink.brightest-g.background), 0), 1) }
	}
	out := make([]float32, f.height*f.width)
	for i := range out {
		x := centreX + (float64(i%f.width)-float64(f.width)/2)*step
		y := centreY + (float64(i/f.width)-float64(f.height)/2)*step
		out[i] = float32(stretch(g.mean(x, y, step)))
	}
	return out, nil
}

// grey is an image as intensities in [0,1], with pixels numbered from 0.
type grey struct {
	width, height int
	pixels        []float32 // row by row, before inversion
	inverted      bool
	background    float64
}

// newGrey turns an image into luma as JPEG has it, over white where the image is
// transparent. That of 8-bit grey is p/255 to the last bit of float32.
func newGrey(img image.RGBA64Image) grey {
	b := img.Bounds()
	g := grey{width: b.Dx(), height: b.Dy(), pixels: make([]float32, 0, b.Dx()*b.Dy())}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := img.RGBA64At(x, y)
			luma := (19595*uint32(c.R)+38470*uint32(c.G)+7471*uint32(c.B)+1<<15)>>16 + (0xFFFF - uint32(c.A))
			g.pixels = append(g.pixels, float32(luma)/0xFFFF)
		}
	}
	return g
}

// row are the pixels of a row, before inversion.
func (g *grey) row(y int) []float32 { return g.pixels[y*g.width : (y+1)*g.width] }

// border is the mean intensity of the outermost pixels.
func (g *grey) border() float64 {
	sum := total(g.row(0)) + total(g.row(g.height-1))
	for y := range g.height {
		row := g.row(y)
		sum += float64(row[0]) + float64(row[g.width-1])
	}
	return sum / float64(2*(g.width+g.height))
}

func total(values []float32) (sum float64) {
	for _, v := range values {
		sum += float64(v)
	}
	return sum
}

// mean is the mean intensity of a square with its upper left corner at (x, y). It looks
// at the pixels under it alone, however far it reaches beyond the image.
func (g *grey) mean(x, y, side float64) float64 {
	left, right := max(x, 0), min(x+side, float64(g.width))
	top, bottom := max(y, 0), min(y+side, float64(g.height))
	if left >= right || top >= bottom {
		return g.background
	}
	first, end := int(left), int(math.Ceil(right))
	sum := 0.0
	for j := int(top); float64(j) < bottom; j++ {
		under := g.row(j)[first:end]
		row := total(under) // less what the first and the last one have outside
		row -= float64(under[0])*(left-float64(first)) + float64(under[len(under)-1])*(float64(end)-right)
		sum += row * (min(float64(j+1), bottom) - max(float64(j), top))
	}
	covered, area := (right-left)*(bottom-top), side*side
	if g.inverted {
		sum = covered - sum
	}
	return (sum + g.background*(area-covered)) / area
}

// ink is where an image is brighter than its background.
type ink struct {
	x, y          float64 // centre of mass
	width, height float64 // of the box around it
	brightest     float64
}

// ink finds what is brighter than a quarter of the way from the background to the
// brightest pixel.
func (g *grey) ink() (ink, error) {
	out := ink{}
	least, most := slices.Min(g.pixels), slices.Max(g.pixels)
	intensity := func(v float32) float64 { return float64(v) }
	out.brightest = float64(most)
	if g.inverted {
		intensity = func(v float32) float64 { return 1 - float64(v) }
		out.brightest = 1 - float64(least)
	}
	if out.brightest-g.background < 0.1 {
		return ink{}, fmt.Errorf("want a digit, got nothing that differs from the background (-invert may help)")
	}
	threshold := g.background + (out.brightest-g.background)/4
	left, right, top, bottom := g.width, 0, g.height, 0
	mass := 0.0
	for y := range g.height {
		for x, p := range g.row(y) {
			if v := intensity(p); v > threshold {
				left, right, top, bottom = min(left, x), max(right, x+1), min(top, y), max(bottom, y+1)
				out.x, out.y, mass = out.x+v*(float64(x)+0.5), out.y+v*(float64(y)+0.5), mass+v
			}
		}
	}
	out.x, out.y = out.x/mass, out.y/mass
	out.width, out.height = float64(right-left), float64(bottom-top)
	return out, nil
}
