package kernels

// combination is the argument of the assembly: n combinations, in the same columns of all rows. Steps are in bytes.
type combination struct {
	dst     *float32
	dstStep int
	rows    *float32
	places  *int32
	factors *float32
	starts  *int32
	n, add  int
}

// combineWidth is the greatest number of columns of a call.
const combineWidth = 12 * 8

func (f family) combine(c *Combinations, dst []float32, step int) {
	if f == portable {
		c.portable(dst, step)
		return
	}
	n := len(c.Starts) - 1
	t := combination{dstStep: 4 * step}
	if c.Add {
		t.add = 1
	}
	// Strips of columns of about equal width: what they read of the rows stays in the first-level cache.
	strips := blocks{size: c.Cols / 8, count: ceilDiv(c.Cols, combineWidth)}
	for s := range strips.count {
		from, regs := strips.at(s)
		most := int32(max(1, maxCallWork/regs))
		for r := 0; r < n; {
			// As many combinations as a call may make, which cannot be preempted.
			first, to := c.Starts[r], r+1
			for to < n && c.Starts[to+1]-first+int32(to-r) < most {
				to++
			}
			if c.Starts[to] == first { // nothing but zeros
				if !c.Add {
					for k := r; k < to; k++ {
						clear(dst[k*step+8*from:][:8*regs])
					}
				}
				r = to
				continue
			}
			t.dst, t.rows, t.n = &dst[r*step+8*from], &c.Rows[8*from], to-r
			t.places, t.factors, t.starts = &c.Places[first], &c.Factors[first], &c.Starts[r]
			avx2Combine(regs, &t)
			r = to
		}
	}
}

func (f family) gatherRuns(p *Runs, matrix, image []float32, step int) {
	if f == portable || len(p.Offsets) == 0 {
		p.gatherPortable(matrix, image, step)
		return
	}
	for r := range p.Rows {
		avx2GatherRuns(&matrix[r*p.Cols*step], &image[r*p.Step], &p.Offsets[0], len(p.Offsets), p.Width, p.Cols, step)
	}
}

func (f family) scatterRuns(p *Runs, image, matrix []float32, step int) {
	if f == portable || len(p.Offsets) == 0 {
		p.scatterPortable(image, matrix, step)
		return
	}
	for r := range p.Rows {
		avx2ScatterRuns(&matrix[r*p.Cols*step], &image[r*p.Step], &p.Offsets[0], len(p.Offsets), p.Width, p.Cols, step)
	}
}
