package kernels

// maxMoved bounds the elements that one call of assembly moves, which cannot be preempted: 3 µs.
const maxMoved = 16 << 10

func (f family) gather(p *Patches, matrix, image []float32, from, to int) {
	if f == portable || from >= to || len(matrix) < (to-from)*p.Rows*p.Cols+PatchSlack-1 {
		p.gatherPortable(matrix, image, from, to)
		return
	}
	p.calls(from, to, func(k, count int) {
		avx2Gather(&matrix[(k-from)*p.Rows*p.Cols], &image[0], &p.Offsets[k], count, p.Rows, p.Cols, p.Step)
	})
}

func (f family) scatter(p *Patches, image, matrix []float32, from, to int) {
	if f == portable || from >= to {
		p.scatterPortable(image, matrix, from, to)
		return
	}
	p.calls(from, to, func(k, count int) {
		avx2Scatter(&matrix[(k-from)*p.Rows*p.Cols], &image[0], &p.Offsets[k], count, p.Rows, p.Cols, p.Step)
	})
}

// calls divides elements into calls of assembly.
func (p *Patches) calls(from, to int, call func(k, count int)) {
	most := max(1, maxMoved/(p.Rows*p.Cols))
	for k := from; k < to; k += most {
		call(k, min(most, to-k))
	}
}

func (f family) maxPairs(values, places, image []float32, rows, cols, step int) {
	if f == portable || rows*cols > maxMoved/4 {
		maxPairsPortable(values, places, image, rows, cols, step)
		return
	}
	avx2MaxPairs(&values[0], &places[0], &image[0], rows, cols, step)
}
