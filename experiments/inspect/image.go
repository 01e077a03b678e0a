package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg"
	_ "image/png"
	"math"

	"capas/internal/regularfile"
)

// What an image file may ask for: room for a photograph of 16 megapixels.
const (
	maxImageFile   = 64 << 20 // bytes
	maxImagePixels = 1 << 24  // half as many with 16 bits a channel
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
	conf, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: want a PNG or JPEG image or an IDX file: %w", path, err)
	}
	limit := maxImagePixels
	if conf.ColorModel == color.RGBA64Model || conf.ColorModel == color.NRGBA64Model {
		limit /= 2
	}
	if conf.Width < 1 || conf.Height < 1 || conf.Width > limit/conf.Height {
		return nil, fmt.Errorf("%s: want an image of at most %d pixels, got %d×%d", path, limit, conf.Width, conf.Height)
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	pixels, err := f.fit(img)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return pixels, nil
}

// fit scales an image to the network's size. A pixel of the result is the mean of what
// it covers; beyond the image there is background.
func (f fitting) fit(img image.Image) ([]float32, error) {
	g := grey{img: img, b: img.Bounds()}
	g.background = g.border()
	if f.invert == "yes" || f.invert == "auto" && g.background > 0.5 {
		g.inverted, g.background = true, 1-g.background
	}
	w, h := float64(g.b.Dx()), float64(g.b.Dy())
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
	img        image.Image
	b          image.Rectangle
	inverted   bool
	background float64
}

// at is the intensity of a pixel: luma as JPEG has it, over white where the image is
// transparent. That of 8-bit grey is p/255 to the last bit of float32.
func (g grey) at(x, y int) float64 {
	red, green, blue, alpha := g.img.At(g.b.Min.X+x, g.b.Min.Y+y).RGBA()
	luma := (19595*red+38470*green+7471*blue+1<<15)>>16 + (0xFFFF - alpha)
	v := float64(float32(luma) / 0xFFFF)
	if g.inverted {
		return 1 - v
	}
	return v
}

// border is the mean intensity of the outermost pixels.
func (g grey) border() float64 {
	sum, n := 0.0, 0
	w, h := g.b.Dx(), g.b.Dy()
	for x := range w {
		sum, n = sum+g.at(x, 0)+g.at(x, h-1), n+2
	}
	for y := range h {
		sum, n = sum+g.at(0, y)+g.at(w-1, y), n+2
	}
	return sum / float64(n)
}

// mean is the mean intensity of a square with its upper left corner at (x, y).
func (g grey) mean(x, y, side float64) float64 {
	sum := 0.0
	for j := int(math.Floor(y)); float64(j) < y+side; j++ {
		rows := min(float64(j+1), y+side) - max(float64(j), y)
		for i := int(math.Floor(x)); float64(i) < x+side; i++ {
			v := g.background
			if i >= 0 && j >= 0 && i < g.b.Dx() && j < g.b.Dy() {
				v = g.at(i, j)
			}
			sum += v * rows * (min(float64(i+1), x+side) - max(float64(i), x))
		}
	}
	return sum / (side * side)
}

// ink is where an image is brighter than its background.
type ink struct {
	x, y          float64 // centre of mass
	width, height float64 // of the box around it
	brightest     float64
}

// ink finds what is brighter than a quarter of the way from the background to the
// brightest pixel.
func (g grey) ink() (ink, error) {
	w, h := g.b.Dx(), g.b.Dy()
	out := ink{}
	for i := range w * h {
		out.brightest = max(out.brightest, g.at(i%w, i/w))
	}
	if out.brightest-g.background < 0.1 {
		return ink{}, fmt.Errorf("want a digit, got nothing that differs from the background (-invert may help)")
	}
	threshold := g.background + (out.brightest-g.background)/4
	left, right, top, bottom := w, 0, h, 0
	mass := 0.0
	for i := range w * h {
		x, y := i%w, i/w
		if v := g.at(x, y); v > threshold {
			left, right, top, bottom = min(left, x), max(right, x+1), min(top, y), max(bottom, y+1)
			out.x, out.y, mass = out.x+v*(float64(x)+0.5), out.y+v*(float64(y)+0.5), mass+v
		}
	}
	out.x, out.y = out.x/mass, out.y/mass
	out.width, out.height = float64(right-left), float64(bottom-top)
	return out, nil
}
