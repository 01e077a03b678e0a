package datasets

import "math"

// bilinear is the image's value at (x, y), in pixels from the centre of the first one: between the four pixels around it,
// of which those outside the image are 0. It is never beyond their range.
func bilinear(image []float32, height, width int, x, y float64) float32 {
	if !(x > -1 && y > -1 && x < float64(width) && y < float64(height)) {
		return 0
	}
	left, top := int(x+1)-1, int(y+1)-1
	u, v := x-float64(left), y-float64(top)
	var a, b, c, d float64 // above left, above right, below left, below right
	if left >= 0 && top >= 0 && left+1 < width && top+1 < height {
		at := image[top*width+left:]
		a, b, c, d = float64(at[0]), float64(at[1]), float64(at[width]), float64(at[width+1])
	} else {
		pixel := func(x, y int) float64 {
			if x < 0 || y < 0 || x >= width || y >= height {
				return 0
			}
			return float64(image[y*width+x])
		}
		a, b, c, d = pixel(left, top), pixel(left+1, top), pixel(left, top+1), pixel(left+1, top+1)
	}
	// In float64, so that what rounding adds is lost in the float32.
	above, below := a+(b-a)*u, c+(d-c)*u
	return float32(above + (below-above)*v)
}

// motion takes a place in the changed image to the place in the original that is shown there: a rotation about the centre
// of the image, undone, and a shift, undone.
type motion struct {
	sin, cos       float64
	shiftX, shiftY float64
	centre         point
}

// newMotion rotates by angle, in radians, counterclockwise as one sees it, and then shifts, in pixels to the right and down.
func newMotion(height, width int, angle, shiftX, shiftY float64) motion {
	sin, cos := math.Sincos(angle)
	return motion{sin, cos, shiftX, shiftY, point{float64(width-1) / 2, float64(height-1) / 2}}
}

// source is where the changed image's place (x, y) comes from. With y downwards, the image turned counterclockwise by the
// angle is read at the place turned clockwise.
func (m *motion) source(x, y float64) (float64, float64) {
	x, y = x-m.centre.x-m.shiftX, y-m.centre.y-m.shiftY
	return m.centre.x + m.cos*x - m.sin*y, m.centre.y + m.sin*x + m.cos*y
}

// move writes the moved image to dst, which must not share memory with it.
func (m *motion) move(dst, image []float32, height, width int) {
	for y := range height {
		for x := range width {
			sx, sy := m.source(float64(x), float64(y))
			dst[y*width+x] = bilinear(image, height, width, sx, sy)
		}
	}
}
