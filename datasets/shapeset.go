package datasets

import "math"

// shapesetSide is the side of Shapeset's images, in pixels.
const shapesetSide = 32

// shapesetFamily is one or two shapes, triangles, parallelograms and ellipses, in which one may hide part of the other. The
// classes are △, ▱, ○, △▱, ▱○, △○, △△, ▱▱, ○○, the authors' order.
func shapesetFamily() family {
	return family{name: "shapeset-3x2", classes: 9, side: shapesetSide, sizes: [3]int{50000, 10000, 10000}, draw: shapeset}
}

// shapesetCorners are those of the regular polygons from which triangles, parallelograms and ellipses are made.
func shapesetCorners() [3]int { return [3]int{3, 4, 20} }

func shapeset(x []float32, r *draws) uint8 {
	dark := func() float32 { return float32(r.whole(0, 114)) / 255 }     // up to 0.447
	bright := func() float32 { return float32(r.whole(140, 255)) / 255 } // from 0.549
	ground, figure := dark, bright
	if r.coin() == 1 {
		ground, figure = bright, dark
	}
	background := ground()
	for i := range x {
		x[i] = background
	}
	kinds := make([]int, r.whole(1, 2), 2)
	for i := range kinds {
		kinds[i] = r.IntN(3)
	}
	for _, b := range placed(kinds, r) {
		paint(x, &b, shapesetSide, figure())
	}
	return shapesetClass(kinds)
}

func shapesetClass(kinds []int) uint8 {
	if len(kinds) == 1 {
		return uint8(kinds[0])
	}
	if kinds[0] == kinds[1] {
		return uint8(6 + kinds[0])
	}
	switch kinds[0] + kinds[1] {
	case 1:
		return 3 // triangle, parallelogram
	case 3:
		return 4 // parallelogram, ellipse
	}
	return 5 // triangle, ellipse
}

// placed draws one or two shapes of the given kinds, the second so that it hides no more than half of the first.
func placed(kinds []int, r *draws) []bitmap {
	const attempts = 50 // before the first one is moved too
	for {
		first := shape(kinds[0], r)
		if len(kinds) == 1 {
			return []bitmap{first}
		}
		for range attempts {
			second := shape(kinds[1], r)
			if hidden := first.and(&second); 2*hidden.count() <= first.count() {
				return []bitmap{first, second}
			}
		}
	}
}

// shape draws a shape: a regular polygon of radius 1/2 turned by any angle, so that stretching makes of it any triangle or
// parallelogram, stretched by 0.2 to 0.8 of the image's side along each axis, turned again, and moved to where all of it is
// a pixel away from the border.
func shape(kind int, r *draws) bitmap {
	n := shapesetCorners()[kind]
	corners := make([]point, n, 20)
	phase := r.between(0, 2*math.Pi)
	sx, sy := r.between(0.2, 0.8)*shapesetSide, r.between(0.2, 0.8)*shapesetSide
	sin, cos := math.Sincos(r.between(0, 2*math.Pi))
	low, high := point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	for i := range corners {
		b, a := math.Sincos(phase + 2*math.Pi*float64(i)/float64(n))
		a, b = a*sx/2, b*sy/2
		c := point{cos*a - sin*b, sin*a + cos*b}
		low, high = point{min(low.x, c.x), min(low.y, c.y)}, point{max(high.x, c.x), max(high.y, c.y)}
		corners[i] = c
	}
	// Pixel centres are whole numbers: the image is [−½, side−½].
	const near, far = 0.5, shapesetSide - 1.5
	dx, dy := r.between(near-low.x, far-high.x), r.between(near-low.y, far-high.y)
	for i, c := range corners {
		corners[i] = point{c.x + dx, c.y + dy}
	}
	return polygon(corners, shapesetSide)
}
