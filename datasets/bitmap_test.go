package datasets

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// pixelsOf lists the centres of a bitmap's pixels.
func pixelsOf(b *bitmap) (p []point) {
	for y, row := range b {
		for x := range maxSide {
			if row>>x&1 == 1 {
				p = append(p, point{float64(x), float64(y)})
			}
		}
	}
	return p
}

// turn is positive if o, a, b turn to the left.
func turn(o, a, b point) float64 { return (a.x-o.x)*(b.y-o.y) - (a.y-o.y)*(b.x-o.x) }

// hull is the convex hull by Andrew's monotone chains (1979).
func hull(p []point) []point {
	slices.SortFunc(p, func(a, b point) int {
		if a.x != b.x {
			return int(a.x - b.x)
		}
		return int(a.y - b.y)
	})
	chain := func(p []point) (h []point) {
		for _, c := range p {
			for len(h) > 1 && turn(h[len(h)-2], h[len(h)-1], c) <= 0 {
				h = h[:len(h)-1]
			}
			h = append(h, c)
		}
		return h[:len(h)-1]
	}
	if len(p) < 2 {
		return p
	}
	lower := chain(p)
	slices.Reverse(p)
	return append(lower, chain(p)...)
}

// inside tells whether c is in the convex polygon h, whose corners are in order, or on its border.
func inside(h []point, c point) bool {
	if len(h) == 1 {
		return c == h[0]
	}
	for i, a := range h {
		if turn(a, h[(i+1)%len(h)], c) < 0 {
			return false
		}
	}
	if len(h) == 2 { // both edges are one segment
		return c.x >= min(h[0].x, h[1].x) && c.x <= max(h[0].x, h[1].x) && c.y >= min(h[0].y, h[1].y) && c.y <= max(h[0].y, h[1].y)
	}
	return true
}

// convexByHull tells whether all pixels in the hull of a bitmap belong to it.
func convexByHull(b *bitmap) bool {
	h := hull(pixelsOf(b))
	for y := range maxSide {
		for x := range maxSide {
			if b[y]>>x&1 == 0 && inside(h, point{float64(x), float64(y)}) {
				return false
			}
		}
	}
	return true
}

func TestConvexAgainstHull(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	seen := map[bool]int{}
	check := func(b bitmap) {
		want := convexByHull(&b)
		seen[want]++
		if got := b.convex(); got != want {
			t.Fatalf("convex %v, by its hull %v: %032b", got, want, b)
		}
	}
	for range 4000 { // scattered pixels in a small square, most of it filled or little of it
		var b bitmap
		side, share := 1+r.IntN(5), r.Float64()
		for y := range side {
			for x := range side {
				if r.Float64() < share {
					b[3+y] |= 1 << (27 + x)
				}
			}
		}
		if b.count() > 0 {
			check(b)
		}
	}
	for range 2000 { // half-planes; with a pixel changed; a union
		cut := func() bitmap {
			b := wholeImage(28)
			for range 1 + r.IntN(6) {
				sin, cos := math.Sincos(2 * math.Pi * r.Float64())
				b.cut(cos, sin, cos*28*r.Float64()+sin*28*r.Float64())
			}
			return b
		}
		b := cut()
		if b.count() == 0 {
			continue
		}
		if !b.convex() {
			t.Fatalf("an intersection of half-planes is not convex: %032b", b)
		}
		check(b)
		c := cut()
		check(b.or(&c))
		p := pixelsOf(&b)
		c = b
		at := p[r.IntN(len(p))]
		if c[int(at.y)] ^= 1 << int(at.x); c.count() > 0 {
			check(c)
		}
	}
	if seen[true] < 1000 || seen[false] < 1000 {
		t.Errorf("%d convex and %d other bitmaps were compared", seen[true], seen[false])
	}
}

// A polygon is the pixels whose centres are to one side of all edges, in either direction of its corners; also where an
// edge goes through centres.
func TestPolygon(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 500 {
		var p []point
		for range 3 + r.IntN(8) {
			c := point{32*r.Float64() - 0.5, 32*r.Float64() - 0.5}
			if i%2 == 0 {
				c = point{float64(r.IntN(32)), float64(r.IntN(32))}
			}
			p = append(p, c)
		}
		h := hull(p)
		if len(h) < 3 {
			continue
		}
		b := polygon(h, 32)
		back := slices.Clone(h)
		slices.Reverse(back)
		if polygon(back, 32) != b {
			t.Fatalf("other pixels in the other direction: %v", h)
		}
		for y := range 32 {
			for x := range 32 {
				c := point{float64(x), float64(y)}
				if got, want := b[y]>>x&1 == 1, inside(h, c); got != want {
					// Where the exact answer hangs on the last bit, either is right.
					near := slices.ContainsFunc(h, func(a point) bool {
						i := slices.Index(h, a)
						return math.Abs(turn(a, h[(i+1)%len(h)], c)) < 1e-9
					})
					if i%2 == 0 || !near {
						t.Fatalf("polygon %v: pixel (%d, %d) is %v, want %v", h, x, y, got, want)
					}
				}
			}
		}
	}
}
