package ops

import (
	"sync"

	"capas/internal/kernels"
)

// windows calls visit for each window of one image, number k, with the rows and columns of
// the image that it covers.
func (g convolution) windows(visit func(k, top, bottom, left, right int)) {
	s := g.strides()
	for p := range g.oh {
		top := p*s[0] - g.Pad[0]
		for q := range g.ow {
			left := q*s[1] - g.Pad[1]
			visit(p*g.ow+q, max(top, 0), min(top+g.kh, g.h), max(left, 0), min(left+g.kw, g.w))
		}
	}
}

// largest returns the pixel of an image that is the largest of a window: the first one, or
// the first NaN.
func largest[T Float](x []T, width, top, bottom, left, right int) int {
	at := top*width + left
	for i := top; i < bottom; i++ {
		for k := i*width + left; k < i*width+right; k++ {
			if v := x[k]; v > x[at] || v != v && x[at] == x[at] {
				at = k
			}
		}
	}
	return at
}

// planes is the memory in which the largest pixels of one plane are found.
type planes struct{ image, values, places []float32 }

func (g convolution) newPlanes() *planes {
	n := g.oh*g.ow + kernels.PairsWriteSlack
	return &planes{make([]float32, g.h*g.w+kernels.PairsReadSlack), make([]float32, n), make([]float32, n)}
}

// pairs tells whether the windows are squares of 2×2 side by side, for which there is a
// kernel.
func (g convolution) pairs() bool {
	return g.kh == 2 && g.kw == 2 && g.strides() == [2]int{2, 2} && g.Pad == [2]int{}
}

// largestPixels finds the largest pixels of an example's planes, and their places. x must have
// kernels.PairsReadSlack elements beyond the last plane, or be copied there first.
func (g convolution) largestPixels(values, places, x []float32, p *planes) {
	if !g.pairs() {
		largestPixels(g, values, places, x)
		return
	}
	in, out := g.h*g.w, g.oh*g.ow
	for c := range g.c {
		plane := x[c*in:]
		if len(plane) < in+kernels.PairsReadSlack {
			copy(p.image, plane[:in])
			plane = p.image
		}
		kernels.MaxPairs(p.values, p.places, plane[:in+kernels.PairsReadSlack], g.oh, g.ow, g.w)
		copy(values[c*out:][:out], p.values)
		copy(places[c*out:][:out], p.places)
	}
}

func largestPixels[T Float](g convolution, values, places, x []T) {
	in, out := g.h*g.w, g.oh*g.ow
	for c := range g.c {
		x, values, places := x[c*in:][:in], values[c*out:][:out], places[c*out:][:out]
		g.windows(func(k, top, bottom, left, right int) {
			at := largest(x, g.w, top, bottom, left, right)
			values[k], places[k] = x[at], T(at)
		})
	}
}

// poolWinners computes values and places of the examples' largest pixels.
func poolWinners[T Float](g convolution) func(y []T, x [][]T, from, to int) {
	in, out := g.c*g.h*g.w, g.c*g.oh*g.ow
	return func(y []T, x [][]T, from, to int) {
		for n := from / (2 * out); n < to/(2*out); n++ {
			both := y[2*n*out:][:2*out]
			largestPixels(g, both[:out], both[out:], x[0][n*in:][:in])
		}
	}
}

func fastWinners(g convolution) func(y []float32, x [][]float32, from, to int) {
	in, out := g.c*g.h*g.w, g.c*g.oh*g.ow
	pool := &sync.Pool{New: func() any { return g.newPlanes() }}
	return func(y []float32, x [][]float32, from, to int) {
		p := pool.Get().(*planes)
		for n := from / (2 * out); n < to/(2*out); n++ {
			both := y[2*n*out:][:2*out]
			g.largestPixels(both[:out], both[out:], x[0][n*in:], p)
		}
		pool.Put(p)
	}
}

// winning copies the values of winners, operand 0, and adds operand 3, a bias for each plane,
// if there is one.
func winning[T Float](g convolution) func(y []T, x [][]T, from, to int) {
	plane := g.oh * g.ow
	out := g.c * plane
	return func(y []T, x [][]T, from, to int) {
		for n := from / out; n < to/out; n++ {
			values, y := x[0][2*n*out:][:out], y[n*out:][:out]
			if len(x) < 4 {
				copy(y, values)
				continue
			}
			for f, b := range x[3] {
				row := y[f*plane:][:plane]
				for i, v := range values[f*plane:][:plane] {
					row[i] = v + b
				}
			}
		}
	}
}

// unpool computes images from maps and winners.
func unpool[T Float](g convolution) func(y []T, x [][]T, from, to int) {
	in, out := g.h*g.w, g.oh*g.ow
	return func(y []T, x [][]T, from, to int) {
		clear(y[from:to])
		for n := from / (g.c * in); n < to/(g.c*in); n++ {
			for c := range g.c {
				plane, maps, places := y[(n*g.c+c)*in:][:in], x[0][(n*g.c+c)*out:][:out], x[1][((2*n+1)*g.c+c)*out:][:out]
				for k, v := range maps {
					plane[int(places[k])] += v
				}
			}
		}
	}
}

// pick computes maps from images and winners.
func pick[T Float](g convolution) func(y []T, x [][]T, from, to int) {
	in, out := g.h*g.w, g.oh*g.ow
	return func(y []T, x [][]T, from, to int) {
		for n := from / (g.c * out); n < to/(g.c*out); n++ {
			for c := range g.c {
				maps, plane, places := y[(n*g.c+c)*out:][:out], x[0][(n*g.c+c)*in:][:in], x[1][((2*n+1)*g.c+c)*out:][:out]
				for k := range maps {
					maps[k] = plane[int(places[k])]
				}
			}
		}
	}
}

func averagePool[T Float](g convolution) func(y []T, x [][]T, from, to int) {
	out, in := g.oh*g.ow, g.h*g.w
	share := 1 / T(g.kh*g.kw)
	return func(y []T, x [][]T, from, to int) {
		for n := from / out; n < to/out; n++ {
			y, x := y[n*out:][:out], x[0][n*in:][:in]
			if g.pairs() {
				for p := range g.oh {
					a, b, row := x[2*p*g.w:][:2*g.ow], x[(2*p+1)*g.w:][:2*g.ow], y[p*g.ow:][:g.ow]
					for q := range row {
						row[q] = (a[2*q] + a[2*q+1] + b[2*q] + b[2*q+1]) * share
					}
				}
				continue
			}
			g.windows(func(k, top, bottom, left, right int) {
				var sum T
				for i := top; i < bottom; i++ {
					for _, v := range x[i*g.w+left : i*g.w+right] {
						sum += v
					}
				}
				y[k] = sum * share
			})
		}
	}
}

func spreadPool[T Float](g convolution) func(y []T, x [][]T, from, to int) {
	out, in := g.oh*g.ow, g.h*g.w
	share := 1 / T(g.kh*g.kw)
	return func(y []T, x [][]T, from, to int) {
		clear(y[from:to])
		for n := from / in; n < to/in; n++ {
			y, x := y[n*in:][:in], x[0][n*out:][:out]
			if g.pairs() {
				for p := range g.oh {
					a, b := y[2*p*g.w:][:2*g.ow], y[(2*p+1)*g.w:][:2*g.ow]
					for q, v := range x[p*g.ow:][:g.ow] {
						v *= share
						a[2*q], a[2*q+1], b[2*q], b[2*q+1] = v, v, v, v
					}
				}
				continue
			}
			g.windows(func(k, top, bottom, left, right int) {
				v := x[k] * share
				for i := top; i < bottom; i++ {
					row := y[i*g.w+left : i*g.w+right]
					for j := range row {
						row[j] += v
					}
				}
			})
		}
	}
}
