package ops

import (
	"sync"

	"capas/internal/kernels"
)

// sides computes the three sides of a convolution for one example, in memory of its own.
type sides[T Float] interface {
	convolve(y, x, W []T)
	// load takes W over for deconvolve, which makes images of pooled maps y.
	load(W []T)
	deconvolve(x, y, places []T)
	correlate(kernel, x, y, places []T, add bool)
	// maps is memory for the maps of an example, with room beyond them.
	maps() []T
	// largest finds the winners: the largest pixels of pooled maps, and their places.
	largest(values, places, maps []T)
}

// borrow returns sides that nobody else uses, until they are given back.
type borrow[T Float] struct {
	take func() sides[T]
	give func(sides[T])
}

// fastSides are those by matrix products, or by sums over the places of the pooled maps.
type fastSides struct {
	pooledConv
	u              *unfolding
	w              *work
	z, W           []float32
	values, places []float32 // of one map
	sparse         *sparse
}

func (g pooledConv) fast() borrow[float32] {
	u := g.unfold()
	pool := &sync.Pool{New: func() any {
		n := g.pool.oh*g.pool.ow + kernels.PairsWriteSlack
		return &fastSides{
			pooledConv: g, u: u, w: u.newWork(), z: make([]float32, g.f*g.oh*g.ow+kernels.PairsReadSlack),
			values: make([]float32, n), places: make([]float32, n), sparse: g.newSparse(u),
		}
	}}
	return borrow[float32]{func() sides[float32] { return pool.Get().(*fastSides) }, func(s sides[float32]) { pool.Put(s) }}
}

func (s *fastSides) maps() []float32            { return s.z }
func (s *fastSides) convolve(y, x, W []float32) { s.u.convolve(s.w, y, x, W) }

func (s *fastSides) load(W []float32) {
	if s.W = W; s.sparse != nil {
		s.sparse.load(W)
	}
}

func (s *fastSides) deconvolve(x, y, places []float32) {
	if s.sparse != nil {
		s.sparse.deconvolve(s.w, x, y, places)
		return
	}
	s.u.deconvolve(s.w, x, put(s.pooledConv, s.z, y, places), s.W)
}

func (s *fastSides) correlate(kernel, x, y, places []float32, add bool) {
	if s.sparse != nil {
		s.sparse.correlate(kernel, x, y, places, add)
		return
	}
	s.u.correlate(s.w, kernel, x, put(s.pooledConv, s.z, y, places), add)
}

func (s *fastSides) largest(values, places, maps []float32) {
	g := s.pool
	if g.kh != 2 || g.kw != 2 || g.strides() != [2]int{2, 2} || g.Pad != [2]int{} {
		largestOf(g, values, places, maps)
		return
	}
	in, out := g.h*g.w, g.oh*g.ow
	for c := range g.c {
		kernels.MaxPairs(s.values, s.places, maps[c*in:], g.oh, g.ow, g.w)
		copy(values[c*out:], s.values[:out])
		copy(places[c*out:], s.places[:out])
	}
}

// directSides are those straight from the formula.
type directSides struct {
	pooledConv
	forward, backward, partial func(y []float64, x [][]float64, from, to int)
	z, W                       []float64
}

func (g pooledConv) direct() borrow[float64] {
	one := g.convolution
	one.m = 1
	return borrow[float64]{
		func() sides[float64] {
			return &directSides{g, forwardConv[float64](one), backwardConv[float64](one), partialConv[float64](one, 1), make([]float64, g.f*g.oh*g.ow), nil}
		},
		func(sides[float64]) {},
	}
}

func (s *directSides) maps() []float64            { return s.z }
func (s *directSides) load(W []float64)           { s.W = W }
func (s *directSides) convolve(y, x, W []float64) { s.forward(y, [][]float64{x, W}, 0, len(y)) }
func (s *directSides) deconvolve(x, y, places []float64) {
	s.backward(x, [][]float64{put(s.pooledConv, s.z, y, places), s.W}, 0, len(x))
}
func (s *directSides) correlate(kernel, x, y, places []float64, add bool) {
	one := make([]float64, s.f*s.c*s.kh*s.kw)
	s.partial(one, [][]float64{x, put(s.pooledConv, s.z, y, places)}, 0, len(one))
	if !add {
		clear(kernel)
	}
	for i, v := range one {
		kernel[i] += v
	}
}
func (s *directSides) largest(values, places, maps []float64) {
	largestOf(s.pool, values, places, maps)
}

func largestOf[T Float](g convolution, values, places, maps []T) {
	in, out := g.h*g.w, g.oh*g.ow
	for c := range g.c {
		x, values, places := maps[c*in:][:in], values[c*out:][:out], places[c*out:][:out]
		g.windows(func(k, top, bottom, left, right int) {
			at := largest(x, g.w, top, bottom, left, right)
			values[k], places[k] = x[at], T(at)
		})
	}
}

// winners computes values and places of the examples' pooled maps from x and W.
func winners[T Float](g pooledConv, b borrow[T]) func(y []T, x [][]T, from, to int) {
	in, out := g.c*g.h*g.w, g.pooled()
	return func(y []T, x [][]T, from, to int) {
		s := b.take()
		z := s.maps()
		for n := from / (2 * out); n < to/(2*out); n++ {
			s.convolve(z[:g.f*g.oh*g.ow], x[0][n*in:][:in], x[1])
			both := y[2*n*out:]
			s.largest(both[:out], both[out:2*out], z)
		}
		b.give(s)
	}
}

// winning copies the values of winners, and adds a bias if there is one.
func winning[T Float](g pooledConv) func(y []T, x [][]T, from, to int) {
	out, plane := g.pooled(), g.pool.oh*g.pool.ow
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

// put returns pooled maps at their places, 0 elsewhere, in the memory of maps.
func put[T Float](g pooledConv, maps, pooled, places []T) []T {
	in, out := g.oh*g.ow, g.pool.oh*g.pool.ow
	maps = maps[:g.f*in]
	clear(maps)
	for f := range g.f {
		plane, places := maps[f*in:][:in], places[f*out:][:out]
		for k, v := range pooled[f*out:][:out] {
			plane[int(places[k])] += v
		}
	}
	return maps
}

// picked computes maps at places from x, W and winners.
func picked[T Float](g pooledConv, b borrow[T]) func(y []T, x [][]T, from, to int) {
	in, out, plane, pooled := g.c*g.h*g.w, g.pooled(), g.oh*g.ow, g.pool.oh*g.pool.ow
	return func(y []T, x [][]T, from, to int) {
		s := b.take()
		z := s.maps()[:g.f*plane]
		for n := from / out; n < to/out; n++ {
			s.convolve(z, x[0][n*in:][:in], x[1])
			places, y := x[2][(2*n+1)*out:][:out], y[n*out:][:out]
			for k, p := range places {
				y[k] = z[k/pooled*plane+int(p)]
			}
		}
		b.give(s)
	}
}

// imagesOf computes images from pooled maps, W and winners.
func imagesOf[T Float](g pooledConv, b borrow[T]) func(y []T, x [][]T, from, to int) {
	in, out := g.c*g.h*g.w, g.pooled()
	return func(y []T, x [][]T, from, to int) {
		s := b.take()
		s.load(x[1])
		for n := from / in; n < to/in; n++ {
			s.deconvolve(y[n*in:][:in], x[0][n*out:][:out], x[2][(2*n+1)*out:][:out])
		}
		b.give(s)
	}
}

// kernelsOf computes the kernels of chunks of the examples from x, pooled maps and winners.
func kernelsOf[T Float](g pooledConv, b borrow[T], chunks, size int) func(y []T, x [][]T, from, to int) {
	in, out := g.c*g.h*g.w, g.pooled()
	return func(y []T, x [][]T, from, to int) {
		s := b.take()
		for k := from / size; k < to/size; k++ {
			for n := k * g.m / chunks; n < (k+1)*g.m/chunks; n++ {
				s.correlate(y[k*size:][:size], x[0][n*in:][:in], x[1][n*out:][:out], x[2][(2*n+1)*out:][:out], n > k*g.m/chunks)
			}
		}
		b.give(s)
	}
}
