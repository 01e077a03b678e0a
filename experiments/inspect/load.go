package main

import (
	"math"
	"strconv"
	"strings"

	"capas/experiments/internal/cli"
	"capas/models"
)

// loadModel loads the model that an argument names; see source.
func loadModel(arg string, from *source, out *output) (model any, path string, err error) {
	if path, err = from.path(arg, out); err != nil {
		return nil, "", err
	}
	model, _, err = models.Load(path)
	return model, path, err
}

// imageSize is the height and width of images of n pixels: what -size says, as "28x28",
// or a square.
func imageSize(size string, n int) (height, width int, err error) {
	if size == "" {
		side := int(math.Round(math.Sqrt(float64(n))))
		if side*side != n {
			return 0, 0, cli.Usagef("%d is no square: want -size HEIGHTxWIDTH", n)
		}
		return side, side, nil
	}
	h, w, ok := strings.Cut(size, "x")
	height, errH := strconv.Atoi(h)
	width, errW := strconv.Atoi(w)
	if !ok || errH != nil || errW != nil || height < 1 || width < 1 {
		return 0, 0, cli.Usagef("-size %q: want HEIGHTxWIDTH, such as 28x28", size)
	}
	if height > n || width > n || height*width != n {
		return 0, 0, cli.Usagef("-size %s: want images of %d pixels, got %d", size, n, height*width)
	}
	return height, width, nil
}
