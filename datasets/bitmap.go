package datasets

import (
	"math"
	"math/bits"
)

// maxSide is the greatest side of a bitmap, in pixels.
const maxSide = 32

// bitmap is a set of pixels of a square image of at most maxSide: bit x of entry y is the pixel with centre (x, y).
type bitmap [maxSide]uint32

// wholeImage is the bitmap of all pixels of an image of the given side.
func wholeImage(side int) bitmap {
	var b bitmap
	for y := range side {
		b[y] = uint32(1<<side - 1)
	}
	return b
}

// count is the number of pixels.
func (b *bitmap) count() int {
	n := 0
	for _, row := range b {
		n += bits.OnesCount32(row)
	}
	return n
}

// and and or are intersection and union.
func (b *bitmap) and(c *bitmap) (d bitmap) {
	for y := range b {
		d[y] = b[y] & c[y]
	}
	return d
}

func (b *bitmap) or(c *bitmap) (d bitmap) {
	for y := range b {
		d[y] = b[y] | c[y]
	}
	return d
}

// cut keeps the pixels whose centres are in the half-plane p·x + q·y ≥ r.
func (b *bitmap) cut(p, q, r float64) {
	for y, row := range b {
		if row == 0 {
			continue
		}
		rest := r - q*float64(y) // p·x ≥ rest
		switch {
		case p > 0:
			b[y] &^= below(math.Ceil(rest / p))
		case p < 0:
			b[y] &= below(math.Floor(rest/p) + 1)
		case rest > 0:
			b[y] = 0
		}
	}
}

// below is the bits 0, …, n−1; n may be any number.
func below(n float64) uint32 {
	if !(n > 0) {
		return 0
	}
	if n >= maxSide {
		return math.MaxUint32
	}
	return 1<<int(n) - 1
}

// point is a place in an image, in pixels: x to the right, y downwards, whole numbers at the centres of pixels.
type point struct{ x, y float64 }

// polygon is the pixels whose centres are in the convex polygon with the given corners, in either direction.
func polygon(corners []point, side int) bitmap {
	b := wholeImage(side)
	area := 0.0 // twice, with the sign of the direction
	for i, c := range corners {
		d := corners[(i+1)%len(corners)]
		area += c.x*d.y - c.y*d.x
	}
	for i, c := range corners {
		d := corners[(i+1)%len(corners)]
		// Left of the edge, or right of it: (d−c) × (pixel−c) has the sign of the area.
		p, q := c.y-d.y, d.x-c.x
		if area < 0 {
			p, q = -p, -q
		}
		b.cut(p, q, p*c.x+q*c.y)
	}
	return b
}

// convex tells whether the pixels whose centres are in the convex hull of the bitmap's centres are the bitmap's.
func (b *bitmap) convex() bool {
	var left, right [maxSide]int // of the row; right with the opposite sign
	var rows [maxSide]int        // those that have pixels
	n := 0
	for y, row := range b {
		if row != 0 {
			left[y], right[y] = bits.TrailingZeros32(row), 1-bits.Len32(row)
			rows[n] = y
			n++
		}
	}
	under(&left, rows[:n])
	under(&right, rows[:n])
	for y, row := range b {
		inHull := uint32(0)
		if n > 0 && y >= rows[0] && y <= rows[n-1] {
			inHull = below(float64(1-right[y])) &^ below(float64(left[y]))
		}
		if row != inHull {
			return false
		}
	}
	return true
}

// under sets f(y), between the first and the last row, to the least whole number that is not below the greatest convex
// function under the values of f at the given rows.
func under(f *[maxSide]int, rows []int) {
	var corners [maxSide]int // rows where f and the convex function agree
	n := 0
	for _, y := range rows {
		for ; n > 1; n-- {
			a, b := corners[n-2], corners[n-1]
			if (f[b]-f[a])*(y-a) < (f[y]-f[a])*(b-a) {
				break // b is below the chord from a to y
			}
		}
		corners[n] = y
		n++
	}
	for i := 1; i < n; i++ {
		lo, hi := corners[i-1], corners[i]
		for y := lo + 1; y < hi; y++ {
			// The chord, rounded up.
			v, h := f[lo]*(hi-y)+f[hi]*(y-lo), hi-lo
			if f[y] = v / h; v > 0 && v%h != 0 {
				f[y]++
			}
		}
	}
}
