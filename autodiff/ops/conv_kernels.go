package ops

import "capas/internal/kernels"

// The three sides of the trilinear form in float32; see unfolding. conv_direct.go has them in
// float64, straight from the formula.

// forward computes the maps of the images in x.
func (u *unfolding) forward(y []float32, x [][]float32, from, to int) {
	w := u.pool.Get().(*work)
	in, out := u.c*u.h*u.w, u.f*u.oh*u.ow
	for n := from / out; n < to/out; n++ {
		u.convolve(w, y[n*out:][:out], x[0][n*in:][:in], x[1])
	}
	u.pool.Put(w)
}

// convolve computes the maps y of one image.
func (u *unfolding) convolve(w *work, y, x, W []float32) {
	image, places := u.prepare(w, x), u.oh*u.ow
	for top := 0; top < u.oh; top += u.band {
		n := u.patchesOf(w, image, top)
		p := kernels.Product{M: u.f, N: n, K: u.elements, A: W, B: w.matrix, C: y[top*u.ow:], Lda: u.elements, Ldb: n, Ldc: places}
		p.Run()
	}
}

// patchesOf fills the matrix with the patches of a band of the map and returns the number of
// places.
func (u *unfolding) patchesOf(w *work, image []float32, top int) int {
	w.patches.Rows = min(u.band, u.oh-top)
	w.patches.Gather(w.matrix, image[top*u.pw:], 0, u.elements)
	return w.patches.Rows * u.ow
}

// backward computes the images of the maps in x.
func (u *unfolding) backward(y []float32, x [][]float32, from, to int) {
	w := u.pool.Get().(*work)
	in, out := u.c*u.h*u.w, u.f*u.oh*u.ow
	for n := from / in; n < to/in; n++ {
		u.deconvolve(w, y[n*in:][:in], x[0][n*out:][:out], x[1])
	}
	u.pool.Put(w)
}

// deconvolve computes the image x of maps y.
func (u *unfolding) deconvolve(w *work, x, y, W []float32) {
	clear(w.image)
	for top := 0; top < u.oh; top += u.band {
		w.patches.Rows = min(u.band, u.oh-top)
		n := w.patches.Rows * u.ow
		p := kernels.Product{TransA: true, M: u.elements, N: n, K: u.f, A: W, B: y[top*u.ow:], C: w.matrix, Lda: u.elements, Ldb: u.oh * u.ow, Ldc: n}
		p.Run()
		w.patches.Scatter(w.image[top*u.pw:], w.matrix, 0, u.elements)
	}
	u.restore(w, x)
}

// chunks is the number of parts into which the examples are divided whose kernels are summed
// up apart, and then together: so that the order of the sums does not depend on the number of
// processors.
func (u *unfolding) chunks() int { return min(maxChunks, max(1, u.m/4)) }

const maxChunks = 8

// partial computes the kernels of chunks of the examples in x, transposed: an element a row.
func (u *unfolding) partial(y []float32, x [][]float32, from, to int) {
	w := u.pool.Get().(*work)
	in, out, size, chunks := u.c*u.h*u.w, u.f*u.oh*u.ow, u.elements*u.f, u.chunks()
	for k := from / size; k < to/size; k++ {
		for n := k * u.m / chunks; n < (k+1)*u.m/chunks; n++ {
			u.correlate(w, y[k*size:][:size], x[0][n*in:][:in], x[1][n*out:][:out], n > k*u.m/chunks)
		}
	}
	u.pool.Put(w)
}

// correlate computes the kernels of one image x and its maps y, or adds them.
func (u *unfolding) correlate(w *work, kernel, x, y []float32, add bool) {
	image := u.prepare(w, x)
	for top := 0; top < u.oh; top += u.band {
		n := u.patchesOf(w, image, top)
		p := kernels.Product{
			TransB: true, M: u.elements, N: u.f, K: n, A: w.matrix, B: y[top*u.ow:], C: kernel, Lda: n, Ldb: u.oh * u.ow, Ldc: u.f,
			Accumulate: add || top > 0,
		}
		p.Run()
	}
}

// fold sums the chunks' kernels up, for elements from, …, to−1 of the kernels.
func (u *unfolding) fold(y []float32, x [][]float32, from, to int) {
	size := u.elements * u.f
	for f := from / u.elements; f < to/u.elements; f++ {
		row := y[f*u.elements:][:u.elements]
		clear(row)
		for k := 0; k < len(x[0]); k += size {
			at := k + f
			for e := range row {
				row[e] += x[0][at]
				at += u.f
			}
		}
	}
}
