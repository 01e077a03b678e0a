package datasets

import "math"

// imageSide is the side of the images of Larochelle et al., in pixels.
const imageSide = 28

// paint sets the pixels of a bitmap to a value.
func paint(x []float32, b *bitmap, side int, value float32) {
	for y := range side {
		for row, i := b[y], y*side; row != 0; row, i = row>>1, i+1 {
			if row&1 != 0 {
				x[i] = value
			}
		}
	}
}

// rectanglesFamily is the white outline of a rectangle on black: class 0 is tall, class 1 wide.
func rectanglesFamily() family {
	return family{name: "rectangles", classes: 2, side: imageSide, sizes: [3]int{1000, 200, 50000}, draw: rectangle}
}

// minDifference is by how many pixels, at least, a rectangle's height and width differ.
const minDifference = 3

func rectangle(x []float32, r *draws) uint8 {
	height, width := 0, 0
	for max(height, width)-min(height, width) < minDifference {
		height, width = r.whole(1, imageSide), r.whole(1, imageSide)
	}
	top, left := r.whole(0, imageSide-height), r.whole(0, imageSide-width)
	var outline bitmap
	line := uint32(1<<width-1) << left
	sides := uint32(1|1<<(width-1)) << left
	for y := top; y < top+height; y++ {
		outline[y] = sides
	}
	outline[top], outline[top+height-1] = line, line
	paint(x, &outline, imageSide, 1)
	if width > height {
		return 1
	}
	return 0
}

// convexFamily is white sets of pixels on black: class 1 is convex, class 0 is not.
func convexFamily() family {
	return family{name: "convex", classes: 2, side: imageSide, sizes: [3]int{6000, 2000, 50000}, draw: convexOrNot}
}

func convexOrNot(x []float32, r *draws) uint8 {
	class := r.coin()
	var b bitmap
	if class == 1 {
		b = halfPlanes(r, 0.195, 19)
	} else {
		b = notConvex(r)
	}
	paint(x, &b, imageSide, 1)
	return class
}

// notConvex is a union of two to four convex sets that is not convex.
func notConvex(r *draws) bitmap {
	for {
		var b bitmap
		for range r.whole(2, 4) {
			c := halfPlanes(r, 0.07, 10)
			b = b.or(&c)
		}
		if !b.convex() {
			return b
		}
	}
}

// halfPlanes is the intersection of random half-planes, as many as trials with probability p of success fail before the
// first success: none is the whole image. Both are drawn anew until there are enough pixels.
func halfPlanes(r *draws, p float64, pixels int) bitmap {
	for {
		b := wholeImage(imageSide)
		for n := r.failures(p); n > 0 && b.count() >= pixels; n-- {
			// The border goes through a point uniform in the image, in a direction that is uniform too.
			sin, cos := math.Sincos(r.between(0, 2*math.Pi))
			x, y := r.between(-0.5, imageSide-0.5), r.between(-0.5, imageSide-0.5)
			b.cut(cos, sin, cos*x+sin*y)
		}
		if b.count() >= pixels {
			return b
		}
	}
}
