package ops

// The three sides of the trilinear form of a convolution, straight from its formula, for
// float64. Every one visits, for a kernel's element (i,j), the rows of the image and of the maps that it
// joins: y[n, f, p, from:to] and x[n, c, p·s+i−pad, …].

// overlap returns the places p in [0,out) whose pixel p·s+i−pad lies in [0,size).
func overlap(i, pad, stride, size, out int) (from, to int) {
	if i < pad {
		from = (pad - i + stride - 1) / stride
	}
	if last := size - 1 + pad - i; last >= 0 {
		to = min(out, last/stride+1)
	}
	return min(from, to), to
}

// rows calls join for every row of the maps and the row of the image that element (i,j) of a
// kernel joins to it: of the map's row from element y on n elements, of the image's from
// element x on as many, a stride apart.
func (g convolution) rows(i, j int, join func(y, x, n int)) {
	s := g.strides()
	top, bottom := overlap(i, g.Pad[0], s[0], g.h, g.oh)
	from, to := overlap(j, g.Pad[1], s[1], g.w, g.ow)
	if from == to {
		return
	}
	for p := top; p < bottom; p++ {
		join(p*g.ow+from, (p*s[0]+i-g.Pad[0])*g.w+from*s[1]+j-g.Pad[1], to-from)
	}
}

func forwardConv[T Float](g convolution) func(y []T, x [][]T, from, to int) {
	size, stride := g.f*g.oh*g.ow, g.strides()[1]
	return func(y []T, x [][]T, from, to int) {
		clear(y[from:to])
		for n := from / size; n < to/size; n++ {
			for f := range g.f {
				out := y[(n*g.f+f)*g.oh*g.ow:][:g.oh*g.ow]
				kernelElements(g, x[1], f, func(c, i, j int, w T) {
					in := x[0][(n*g.c+c)*g.h*g.w:][:g.h*g.w]
					g.rows(i, j, func(y, x, n int) {
						for k := range n {
							out[y+k] += w * in[x+k*stride]
						}
					})
				})
			}
		}
	}
}

func backwardConv[T Float](g convolution) func(y []T, x [][]T, from, to int) {
	size, stride := g.c*g.h*g.w, g.strides()[1]
	return func(y []T, x [][]T, from, to int) {
		clear(y[from:to])
		for n := from / size; n < to/size; n++ {
			for f := range g.f {
				in := x[0][(n*g.f+f)*g.oh*g.ow:][:g.oh*g.ow]
				kernelElements(g, x[1], f, func(c, i, j int, w T) {
					out := y[(n*g.c+c)*g.h*g.w:][:g.h*g.w]
					g.rows(i, j, func(y, x, n int) {
						for k := range n {
							out[x+k*stride] += w * in[y+k]
						}
					})
				})
			}
		}
	}
}

// partialConv computes the kernels of chunks of the examples.
func partialConv[T Float](g convolution, chunks int) func(y []T, x [][]T, from, to int) {
	size, stride := g.f*g.c*g.kh*g.kw, g.strides()[1]
	return func(y []T, x [][]T, from, to int) {
		for part := from / size; part < to/size; part++ {
			for f := range g.f {
				sums := y[part*size:][:size]
				kernelElements(g, sums, f, func(c, i, j int, _ T) {
					var sum T
					for n := part * g.m / chunks; n < (part+1)*g.m/chunks; n++ {
						maps := x[1][(n*g.f+f)*g.oh*g.ow:][:g.oh*g.ow]
						in := x[0][(n*g.c+c)*g.h*g.w:][:g.h*g.w]
						g.rows(i, j, func(y, x, n int) {
							for k := range n {
								sum += maps[y+k] * in[x+k*stride]
							}
						})
					}
					sums[((f*g.c+c)*g.kh+i)*g.kw+j] = sum
				})
			}
		}
	}
}

// foldConv sums the chunks' kernels up, each of which begin size elements after the last.
func foldConv[T Float](g convolution, size int) func(y []T, x [][]T, from, to int) {
	return func(y []T, x [][]T, from, to int) {
		clear(y[from:to])
		for at := 0; at < len(x[0]); at += size {
			for e := from; e < to; e++ {
				y[e] += x[0][at+e]
			}
		}
	}
}

// kernelElements visits the elements W[f, c, i, j] of kernel f.
func kernelElements[T Float](g convolution, W []T, f int, visit func(c, i, j int, w T)) {
	at := f * g.c * g.kh * g.kw
	for c := range g.c {
		for i := range g.kh {
			for j := range g.kw {
				visit(c, i, j, W[at])
				at++
			}
		}
	}
}
