package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"

	"capas/datasets"
	"capas/random"

	"codeberg.org/go-fonts/liberation/liberationsansregular"
	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// Measures of the sheet of all families, in pixels.
const (
	columns   = 10 // examples a row: one of each digit
	cell      = 66 // from tile to tile: two pixels for each of 32, and a rim
	labels    = 208
	textSize  = 16
	lineStep  = 20
	familyGap = 12
)

// row is a row of the sheet: examples of one class, or one of each.
type row struct {
	label string
	class int // −1: one of each
}

// family is a generated data set and what is shown of it.
type family struct {
	name string
	rows []row
}

// families are all generated sets, with the names of their classes.
func families() []family {
	digits := []row{{"digits 0 to 9", -1}}
	return []family{
		{"rectangles", []row{{"0: tall", 0}, {"1: wide", 1}}},
		{"convex", []row{{"0: not convex", 0}, {"1: convex", 1}}},
		{"mnist-basic", digits},
		{"mnist-rot", digits},
		{"mnist-back-rand", digits},
		{"mnist-color", digits},
		{"shapeset-3x2", []row{
			{"0: triangle", 0}, {"1: parallelogram", 1}, {"2: ellipse", 2}, {"3: triangle, parallelogram", 3}, {"4: parallelogram, ellipse", 4},
			{"5: ellipse, triangle", 5}, {"6: two triangles", 6}, {"7: two parallelograms", 7}, {"8: two ellipses", 8},
		}},
	}
}

// sheet draws examples of all families on one picture, a PNG: a row for
// each class, the family's name at its first row, the class's name under it.
func sheet(ctx context.Context, stream *random.Stream) ([]byte, error) {
	all := families()
	height := -familyGap
	for _, f := range all {
		height += len(f.rows)*cell + familyGap
	}
	img := image.NewRGBA(image.Rect(0, 0, labels+columns*cell, height))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	parsed, err := opentype.Parse(liberationsansregular.TTF)
	if err != nil {
		return nil, fmt.Errorf("font: %w", err)
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: textSize, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return nil, fmt.Errorf("font: %w", err)
	}
	defer face.Close()
	text := font.Drawer{Dst: img, Face: face}
	write := func(s string, grey uint8, y int) {
		text.Src = image.NewUniform(color.Gray{grey})
		text.Dot = fixed.P(6, y)
		text.DrawString(s)
	}
	y := 0
	for _, f := range all {
		split, err := datasets.Generate(ctx, f.name, stream, datasets.GenerateOptions{Train: 40 * columns, Validation: 1, Test: 1})
		if err != nil {
			return nil, err
		}
		tiles := byClass(split.Train, columns)
		for i, r := range f.rows {
			if i == 0 {
				write(f.name, 0, y+lineStep)
			}
			write(r.label, 0x60, y+2*lineStep)
			for column := range columns {
				k := r.class*columns + column
				if r.class < 0 {
					k = column * columns
				}
				place(img, tiles[k], split.Train, labels+column*cell, y)
			}
			y += cell
		}
		y += familyGap
	}
	var b bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestCompression}
	err = enc.Encode(&b, img)
	return b.Bytes(), err
}

// place draws a tile, each value as two pixels by two, in the middle of its cell, with a
// grey rim that keeps white ones apart.
func place(img *image.RGBA, tile []float32, s *datasets.Set, left, top int) {
	w, h := 2*s.Width, 2*s.Height
	left, top = left+(cell-w)/2, top+(cell-h)/2
	draw.Draw(img, image.Rect(left-1, top-1, left+w+1, top+h+1), image.NewUniform(color.Gray{0xA8}), image.Point{}, draw.Src)
	if tile == nil {
		return
	}
	for y := range h {
		for x := range w {
			img.SetRGBA(left+x, top+y, pixel(tile, s, y/2*s.Width+x/2))
		}
	}
}

// pixel is the colour of pixel p of a tile: its three channels, or a grey.
func pixel(tile []float32, s *datasets.Set, p int) color.RGBA {
	level := func(channel int) uint8 {
		return uint8(255*min(max(tile[channel*s.Height*s.Width+p], 0), 1) + 0.5)
	}
	if s.Channels == 3 {
		return color.RGBA{level(0), level(1), level(2), 255}
	}
	return color.RGBA{level(0), level(0), level(0), 255}
}
