package ops

import "capas/internal/kernels"

// The gradient of pooled maps is 0 but at the places of the largest pixels. Where these are few,
// the products of such maps are sums over them alone: with windows of 2×2 a quarter of the
// work. The patches of an image are then the rows of a matrix, one for each place of the map,
// which the kernels' gradient combines, each kernel's with the factors and at the places of its
// pooled map; and the kernels are the rows that the patches of an image's gradient combine.

// sparse is the memory of such products.
type sparse struct {
	*unfolding
	pool    convolution
	step    int // elements of a row, a multiple of 8
	runs    kernels.Runs
	image   []float32 // prepared
	patches []float32 // a row for each place
	kernels []float32 // W with such rows
	byMap   kernels.Combinations
	byPlace kernels.Combinations
	next    []int32 // for each place, where its next term belongs
}

// maxSparse bounds the elements of a matrix of patches, 1 MiB.
const maxSparse = 256 << 10

// sparseStep is the length of a row of patches, 0 where products are dense.
func (g pooledConv) sparseStep() int {
	step := (g.c*g.kh*g.kw + 7) &^ 7
	if g.strides() != [2]int{1, 1} || g.kw > kernels.MaxRun || 3*g.pool.oh*g.pool.ow > g.oh*g.ow || step*g.oh*g.ow > maxSparse {
		return 0
	}
	return step
}

func (g pooledConv) newSparse(u *unfolding) *sparse {
	step := g.sparseStep()
	if step == 0 {
		return nil
	}
	places, pooled := g.oh*g.ow, g.pool.oh*g.pool.ow
	s := &sparse{unfolding: u, pool: g.pool, step: step, next: make([]int32, places)}
	s.runs = kernels.Runs{Width: g.kw, Rows: g.oh, Cols: g.ow, Step: u.pw}
	for k := 0; k < u.elements; k += g.kw {
		s.runs.Offsets = append(s.runs.Offsets, u.patches.Offsets[k])
	}
	s.image = make([]float32, u.prepared+kernels.PatchSlack)
	s.patches = make([]float32, places*step+kernels.PatchSlack)
	s.kernels = make([]float32, g.f*step)
	terms := g.f * pooled
	s.byMap = kernels.Combinations{Places: make([]int32, terms), Starts: make([]int32, g.f+1), Rows: s.patches, Cols: step}
	for f := range s.byMap.Starts {
		s.byMap.Starts[f] = int32(f * pooled)
	}
	s.byPlace = kernels.Combinations{Factors: make([]float32, terms), Places: make([]int32, terms), Starts: make([]int32, places+1), Rows: s.kernels, Cols: step}
	return s
}

// correlate computes the kernels of an image x and its pooled maps y, or adds them: rows of
// step elements.
func (s *sparse) correlate(kernel, x, y, places []float32, add bool) {
	image := s.image
	if s.plain {
		copy(image, x)
	} else {
		s.prepareInto(image, x)
	}
	s.runs.Gather(s.patches, image, s.step)
	for t, p := range places {
		s.byMap.Places[t] = int32(p) * int32(s.step)
	}
	s.byMap.Factors, s.byMap.Add = y, add
	s.byMap.Into(kernel, s.step)
	s.byMap.Factors = nil
}

// load takes the kernels over for deconvolve.
func (s *sparse) load(W []float32) {
	for f := range s.f {
		copy(s.kernels[f*s.step:], W[f*s.elements:][:s.elements])
	}
}

// deconvolve computes the image x of pooled maps y by the kernels loaded.
func (s *sparse) deconvolve(w *work, x, y, places []float32) {
	starts, pooled := s.byPlace.Starts, s.pool.oh*s.pool.ow
	clear(starts)
	for _, p := range places {
		starts[int(p)+1]++
	}
	for p := range s.next {
		s.next[p] = starts[p]
		starts[p+1] += starts[p]
	}
	for f := range s.f {
		row := int32(f * s.step)
		for k, p := range places[f*pooled:][:pooled] {
			t := s.next[int(p)]
			s.next[int(p)]++
			s.byPlace.Places[t], s.byPlace.Factors[t] = row, y[f*pooled+k]
		}
	}
	s.byPlace.Into(s.patches, s.step)
	clear(w.image)
	s.runs.Scatter(w.image, s.patches, s.step)
	s.restore(w, x)
}

// foldRows sums the chunks' kernels up, for elements from, …, to−1 of the kernels.
func (u *unfolding) foldRows(step int) func(y []float32, x [][]float32, from, to int) {
	return func(y []float32, x [][]float32, from, to int) {
		for f := from / u.elements; f < to/u.elements; f++ {
			row := y[f*u.elements:][:u.elements]
			copy(row, x[0][f*step:])
			for k := u.f * step; k < len(x[0]); k += u.f * step {
				kernels.Add(row, row, x[0][k+f*step:][:len(row)])
			}
		}
	}
}
