package ops

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

func maxPool[T Float](g convolution) func(y []T, x [][]T, from, to int) {
	f := maxPick[T](g)
	return func(y []T, x [][]T, from, to int) { f(y, [][]T{x[0], x[0]}, from, to) }
}

// maxPick computes maps from operands z and x, images.
func maxPick[T Float](g convolution) func(y []T, x [][]T, from, to int) {
	out, in := g.oh*g.ow, g.h*g.w
	return func(y []T, x [][]T, from, to int) {
		for n := from / out; n < to/out; n++ {
			y, z, x := y[n*out:][:out], x[0][n*in:][:in], x[1][n*in:][:in]
			g.windows(func(k, top, bottom, left, right int) {
				y[k] = z[largest(x, g.w, top, bottom, left, right)]
			})
		}
	}
}

// maxUnpool computes images from maps and the images of the same shape.
func maxUnpool[T Float](g convolution) func(y []T, x [][]T, from, to int) {
	out, in := g.oh*g.ow, g.h*g.w
	return func(y []T, x [][]T, from, to int) {
		clear(y[from:to])
		for n := from / in; n < to/in; n++ {
			y, dy, x := y[n*in:][:in], x[0][n*out:][:out], x[1][n*in:][:in]
			g.windows(func(k, top, bottom, left, right int) {
				y[largest(x, g.w, top, bottom, left, right)] += dy[k]
			})
		}
	}
}

func averagePool[T Float](g convolution) func(y []T, x [][]T, from, to int) {
	out, in := g.oh*g.ow, g.h*g.w
	share := 1 / T(g.kh*g.kw)
	return func(y []T, x [][]T, from, to int) {
		for n := from / out; n < to/out; n++ {
			y, x := y[n*out:][:out], x[0][n*in:][:in]
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
