package ops

import (
	"sync"

	"capas/internal/kernels"
)

// unfolding is how a convolution becomes matrix products: the patches of an image, one for
// each place of the map, are the columns of a matrix with a row for each element (c,i,j) of a
// kernel. Convolution is then W·patches, its transposes are Wᵀ·y, summed back into the image,
// and y·patchesᵀ.
//
// An image is first prepared: padded, and, where the stride is not 1, divided into phases, of
// which phase (a,b) has the pixels of the rows a, a+s, … and columns b, b+s, …. In a phase
// the places of the map are neighbours, so that an element's row is made of whole runs.
type unfolding struct {
	convolution
	patches  kernels.Patches
	plain    bool // the prepared image is the image
	ph, pw   int  // height and width of a phase
	phases   [2]int
	prepared int // elements of a prepared image
	elements int // of a patch
	band     int // rows of the map that are worked on at a time
	pool     *sync.Pool
}

// maxPatches bounds the elements of a matrix of patches, 256 KiB: it stays in a second-level
// cache.
const maxPatches = 64 << 10

func (g convolution) unfold() *unfolding {
	s := g.strides()
	u := &unfolding{convolution: g, elements: g.c * g.kh * g.kw, plain: s == [2]int{1, 1} && g.Pad == [2]int{}}
	u.phases = [2]int{min(s[0], g.kh), min(s[1], g.kw)}
	u.ph, u.pw = (g.h+2*g.Pad[0]+s[0]-1)/s[0], (g.w+2*g.Pad[1]+s[1]-1)/s[1]
	u.prepared = u.phases[0] * u.phases[1] * g.c * u.ph * u.pw
	u.patches = kernels.Patches{Rows: g.oh, Cols: g.ow, Step: u.pw}
	for c := range g.c {
		for i := range g.kh {
			for j := range g.kw {
				phase := i%s[0]*u.phases[1] + j%s[1]
				u.patches.Offsets = append(u.patches.Offsets, ((phase*g.c+c)*u.ph+i/s[0])*u.pw+j/s[1])
			}
		}
	}
	u.band = min(g.oh, max(1, maxPatches/(u.elements*g.ow)))
	u.pool = &sync.Pool{New: func() any { return u.newWork() }}
	return u
}

// work is the memory of one call.
type work struct {
	image   []float32 // prepared
	matrix  []float32 // patches of a band
	patches kernels.Patches
}

func (u *unfolding) newWork() *work {
	return &work{
		image:   make([]float32, u.prepared+kernels.PatchSlack),
		matrix:  make([]float32, u.elements*u.band*u.ow+kernels.PatchSlack),
		patches: u.patches,
	}
}

// prepare returns the prepared image of x, in w's memory or x itself.
func (u *unfolding) prepare(w *work, x []float32) []float32 {
	if u.plain {
		return x
	}
	u.prepareInto(w.image, x)
	return w.image
}

func (u *unfolding) prepareInto(image, x []float32) {
	u.eachRow(func(at, from, first, step, c, r int) {
		row := image[at:][:u.pw]
		clear(row)
		if r < 0 {
			return
		}
		pixels := x[(c*u.h+r)*u.w:][:u.w]
		if step == 1 {
			copy(row[first:], pixels)
			return
		}
		for k := from; k < u.w; k += step {
			row[first] = pixels[k]
			first++
		}
	})
}

// restore sets x to the image that was prepared: the transpose of prepare.
func (u *unfolding) restore(w *work, x []float32) {
	if s := u.strides(); s[0] > u.kh || s[1] > u.kw {
		clear(x) // pixels that no kernel sees
	}
	u.eachRow(func(at, from, first, step, c, r int) {
		if r < 0 {
			return
		}
		row := w.image[at:][:u.pw]
		pixels := x[(c*u.h+r)*u.w:][:u.w]
		if step == 1 {
			copy(pixels, row[first:])
			return
		}
		for k := from; k < u.w; k += step {
			pixels[k] = row[first]
			first++
		}
	})
}

// eachRow calls f for each row of the prepared image, at its first element at: it has pixels
// from, from+step, … of row r of channel c, from element first on; r is −1 for padding.
func (u *unfolding) eachRow(f func(at, from, first, step, c, r int)) {
	s := u.strides()
	at := 0
	for a := range u.phases[0] {
		for b := range u.phases[1] {
			// Column v of the phase is pixel v·s + b − pad.
			first := max(0, (u.Pad[1]-b+s[1]-1)/s[1])
			from := first*s[1] + b - u.Pad[1]
			for c := range u.c {
				for v := range u.ph {
					r := v*s[0] + a - u.Pad[0]
					if r >= u.h {
						r = -1
					}
					f(at, from, min(first, u.pw), s[1], c, max(r, -1))
					at += u.pw
				}
			}
		}
	}
}
