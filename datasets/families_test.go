package datasets

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"capas/random"
)

// box is where an image has pixels above 0, and how many.
type box struct{ top, left, height, width, pixels int }

func boxOf(x []float32, side int) box {
	top, left, bottom, right, n := side, side, -1, -1, 0
	for i, v := range x {
		if v > 0 {
			top, bottom = min(top, i/side), max(bottom, i/side)
			left, right = min(left, i%side), max(right, i%side)
			n++
		}
	}
	return box{top, left, bottom - top + 1, right - left + 1, n}
}

// chi2 is χ² of counts that should be equal, and the value that it exceeds with probability 0.001 or so: k + 3.1·√(2k) + 3
// for k degrees of freedom.
func chi2(counts []int) (got, limit float64) {
	n := 0
	for _, c := range counts {
		n += c
	}
	want := float64(n) / float64(len(counts))
	for _, c := range counts {
		got += (float64(c) - want) * (float64(c) - want) / want
	}
	k := float64(len(counts) - 1)
	return got, k + 3.1*math.Sqrt(2*k) + 3
}

// Every image is the outline of its bounding box; the class tells which side is longer, by 3 pixels at least; all pairs of
// sides are as likely as each other, and so are all places.
func TestRectangles(t *testing.T) {
	s := mustGenerate(t, "rectangles", 1, GenerateOptions{Train: 1, Validation: 1, Test: 50000}).Test
	pairs, corners := make([]int, 29*29), make([]int, 20)
	for i, label := range s.Labels {
		x := s.features[784*i : 784*(i+1)]
		b := boxOf(x, 28)
		for j, v := range x {
			row, column := j/28-b.top, j%28-b.left
			border := row >= 0 && column >= 0 && row < b.height && column < b.width &&
				(row == 0 || column == 0 || row == b.height-1 || column == b.width-1)
			if v != 0 && v != 1 || (v == 1) != border {
				t.Fatalf("image %d: pixel (%d, %d) is %g in the outline %+v", i, j%28, j/28, v, b)
			}
		}
		if want := 2*(b.height+b.width) - 4; min(b.height, b.width) > 1 && b.pixels != want {
			t.Fatalf("image %d: %d pixels, want %d", i, b.pixels, want)
		}
		if d := b.width - b.height; d*d < 9 || (label == 1) != (d > 0) {
			t.Fatalf("image %d: class %d of %d×%d pixels", i, label, b.height, b.width)
		}
		pairs[29*b.height+b.width]++
		if b.width == 9 {
			corners[b.left]++
		}
	}
	shares(t, "tall and wide", s.ClassCounts(), 0.5, 0.5)
	pairs = slices.DeleteFunc(pairs, func(n int) bool { return n == 0 })
	if len(pairs) != 25*26 { // |height − width| ≥ 3 in 1…28
		t.Errorf("%d pairs of sides, want 650", len(pairs))
	}
	if got, limit := chi2(pairs); got > limit {
		t.Errorf("sides: χ² = %.0f, limit %.0f", got, limit)
	}
	if got, limit := chi2(corners); got > limit {
		t.Errorf("places of rectangles 9 pixels wide: %v, χ² = %.0f, limit %.0f", corners, got, limit)
	}
}

// The classes keep what they promise, judged by convex hulls, and what was published of them: half of each, at least 19
// pixels in a convex set, and mean areas that are the same, as the authors had chosen the parameters for.
func TestConvex(t *testing.T) {
	s := mustGenerate(t, "convex", 2, GenerateOptions{Train: 1, Validation: 1, Test: 20000}).Test
	var area [2]float64
	for i, label := range s.Labels {
		x := s.features[784*i : 784*(i+1)]
		var b bitmap
		for j, v := range x {
			if v != 0 && v != 1 {
				t.Fatalf("image %d: a pixel is %g", i, v)
			}
			if v == 1 {
				b[j/28] |= 1 << (j % 28)
			}
		}
		area[label] += float64(b.count())
		if label == 1 && b.count() < 19 || label == 0 && b.count() < 10 {
			t.Fatalf("image %d: class %d with %d pixels", i, label, b.count())
		}
		if i < 400 && convexByHull(&b) != (label == 1) {
			t.Fatalf("image %d: class %d, convex by its hull %v", i, label, label != 1)
		}
	}
	counts := s.ClassCounts()
	shares(t, "convex or not", counts, 0.5, 0.5)
	within(t, "area of sets that are not convex, over that of convex ones", area[0]/float64(counts[0])/(area[1]/float64(counts[1])), 1, 0.03)
}

// Quarter turns of an image are exact, and a ramp, which bilinear interpolation reproduces, turns as its formula does.
func TestRotation(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	const side = 9
	image, got := make([]float32, side*side), make([]float32, side*side)
	for i := range image {
		image[i] = r.Float32()
	}
	for quarter := range 4 {
		m := newMotion(side, side, float64(quarter)*math.Pi/2, 0, 0)
		m.move(got, image, side, side)
		for y := range side {
			for x := range side {
				// Counterclockwise, what is seen at the right comes to the top.
				sx, sy := x, y
				for range quarter {
					sx, sy = side-1-sy, sx
				}
				if sx, sy := float64(sx), float64(sy); sx > 0 && sy > 0 && sx < side-1 && sy < side-1 {
					within(t, "quarter turn", float64(got[y*side+x]), float64(image[int(sy)*side+int(sx)]), 1e-6)
				}
			}
		}
	}
	for i := range image {
		image[i] = float32(3*(i%side) - 2*(i/side))
	}
	const angle, dx, dy = 0.3, 0.6, -0.9
	m := newMotion(side, side, angle, dx, dy)
	m.move(got, image, side, side)
	for y := 3.0; y < 6; y++ {
		for x := 3.0; x < 6; x++ {
			// e^{iθ} turns a place with y upwards; the image is read where that, undone, comes from.
			u, v := x-4-dx, -(y - 4 - dy)
			u, v = u*math.Cos(angle)+v*math.Sin(angle), -u*math.Sin(angle)+v*math.Cos(angle)
			within(t, "ramp", float64(got[int(y)*side+int(x)]), 3*(u+4)-2*(4-v), 1e-5)
		}
	}
}

// Angles are uniform: a dot away from the centre is seen in all directions alike. What is bright stays bright: digits lose
// next to nothing.
func TestRotatedDigits(t *testing.T) {
	const side = 28
	dot, x := make([]float32, side*side), make([]float32, side*side)
	dot[13*side+24], dot[14*side+24] = 1, 1
	change := rotatedFamily().change
	directions := make([]int, 16)
	for i := range 8000 {
		change(x, dot, side, side, newDraws(random.New(uint64(i))))
		var dx, dy float64
		for j, v := range x {
			dx, dy = dx+float64(v)*(float64(j%side)-13.5), dy+float64(v)*(float64(j/side)-13.5)
		}
		directions[int((math.Atan2(dy, dx)/(2*math.Pi)+0.5)*16)%16]++
	}
	if got, limit := chi2(directions); got > limit {
		t.Errorf("directions %v: χ² = %.0f, limit %.0f", directions, got, limit)
	}
	split := mustGenerate(t, "mnist-rot", 3, GenerateOptions{Train: 10000})
	within(t, "mean of rotated digits", mean(split.Train), 0.1309, 0.001) // of MNIST's 70,000
}

// MNIST's class shares, by the published counts of all 70,000 labels, and background that is uniform in 256 levels where
// the digit is 0; elsewhere nothing is darker than the digit.
func TestRandomBackground(t *testing.T) {
	digits := mustGenerate(t, "mnist-basic", 3, GenerateOptions{})
	var want []float64
	for _, n := range []int{6903, 7877, 6990, 7141, 6824, 6313, 6876, 7293, 6825, 6958} {
		want = append(want, float64(n)/70000)
	}
	shares(t, "digits", digits.Train.ClassCounts(), want...)
	shares(t, "digits of the test set", digits.Test.ClassCounts(), want...)
	change, levels, x := randomBackgroundFamily().change, make([]int, 256), make([]float32, 784)
	for i := range 2000 {
		digit := digits.Train.features[784*i : 784*(i+1)]
		change(x, digit, 28, 28, newDraws(random.New(uint64(i))))
		for j, v := range x {
			level := int(math.Round(float64(v) * 255))
			if v != float32(level)/255 || v < digit[j] {
				t.Fatalf("a pixel of %g before a digit's of %g", v, digit[j])
			}
			if digit[j] == 0 {
				levels[level]++
			}
		}
	}
	if got, limit := chi2(levels); got > limit {
		t.Errorf("background: χ² = %.0f, limit %.0f", got, limit)
	}
}

// The mean area of a shape, by counting, is that of its regular polygon of radius ½, n·sin(2π/n)/8, times the means of the
// two scales, 16 pixels each. Shapes are within the image by a pixel.
func TestShapeAreas(t *testing.T) {
	const n = 20000
	for kind, corners := range []float64{3, 4, 20} {
		r, sum := newDraws(newStream(uint64(kind))), 0.0
		for range n {
			b := shape(kind, r)
			sum += float64(b.count())
			if b[0] != 0 || b[31] != 0 {
				t.Fatalf("a shape with %g corners touches the border", corners)
			}
			for _, row := range b {
				if row&(1|1<<31) != 0 {
					t.Fatalf("a shape with %g corners touches the border", corners)
				}
			}
		}
		want := corners * math.Sin(2*math.Pi/corners) / 8 * 256
		within(t, "mean area of shapes", sum/n/want, 1, 0.02)
	}
}

// No shape hides more than half of another.
func TestShapesOverlap(t *testing.T) {
	r, hidden := newDraws(newStream(9)), 0
	for i := range 3000 {
		b := placed([]int{i % 3, i / 3 % 3}, r)
		over := b[0].and(&b[1])
		if 2*over.count() > b[0].count() {
			t.Fatalf("%d of %d pixels are hidden", over.count(), b[0].count())
		}
		if over.count() > 0 {
			hidden++
		}
	}
	if hidden < 500 {
		t.Errorf("shapes overlap in %d of 3000 images: want them to, often", hidden)
	}
}

// Classes have the shares of one or two shapes of three kinds, each equally likely; an image has a background and as many
// levels more as shapes, on the two sides of 0.45–0.55; both ways are as likely.
func TestShapeset(t *testing.T) {
	s := mustGenerate(t, "shapeset-3x2", 4, GenerateOptions{Train: 20000, Validation: 1, Test: 1}).Train
	if s.Height != 32 || s.Width != 32 || s.Classes != 9 {
		t.Errorf("%d×%d pixels, %d classes", s.Height, s.Width, s.Classes)
	}
	single, mixed, twice := 1./6, 1./9, 1./18
	shares(t, "classes", s.ClassCounts(), single, single, single, mixed, mixed, mixed, twice, twice, twice)
	brighter := make([]int, 2)
	for i, label := range s.Labels {
		x := s.features[1024*i : 1024*(i+1)]
		ground := x[0]
		levels := map[float32]bool{}
		for _, v := range x {
			if v != ground {
				levels[v] = true
			}
		}
		most := 1
		if label > 2 {
			most = 2 // both may have the same
		}
		if len(levels) < 1 || len(levels) > most {
			t.Fatalf("image %d of class %d has %d levels beside the background", i, label, len(levels))
		}
		for v := range levels {
			if dark, bright := min(v, ground), max(v, ground); dark > 0.45 || bright < 0.54 {
				t.Fatalf("image %d: a shape of %g on %g", i, v, ground)
			}
			if len(levels) == 1 && v > ground {
				brighter[1]++
			} else if len(levels) == 1 {
				brighter[0]++
			}
		}
	}
	shares(t, "shapes brighter than the background", brighter, 0.5, 0.5)
	for class, kinds := range [][]int{{0}, {1}, {2}, {0, 1}, {1, 2}, {0, 2}, {0, 0}, {1, 1}, {2, 2}} {
		slices.Reverse(kinds)
		if got := shapesetClass(kinds); int(got) != class {
			t.Errorf("kinds %v: class %d, want %d", kinds, got, class)
		}
	}
}
