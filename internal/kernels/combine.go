package kernels

import "fmt"

// Combinations are linear combinations of rows of a matrix: row r of the result is
//
//	Σ_t Factors[t] · Rows[Places[t] + j], summed over t from Starts[r] to Starts[r+1]−1,
//
// for j < Cols, a multiple of 8; added to what is there if Add is set. An element is one chain of multiply-adds in the
// order of t. Few terms a row are what they are for: a product with a matrix that is nearly all 0, given by the others.
type Combinations struct {
	Factors []float32
	Places  []int32
	Starts  []int32
	Rows    []float32
	Cols    int
	Add     bool
}

// Into computes the combinations into dst, whose rows are step elements apart.
func (c *Combinations) Into(dst []float32, step int) {
	n := len(c.Starts) - 1
	if n < 0 || c.Cols < 1 || c.Cols%8 != 0 || step < c.Cols || n > 0 && len(dst) < (n-1)*step+c.Cols {
		panic(fmt.Sprintf("kernels: Combinations: %d of %d columns, %d apart, do not fit %d elements", n, c.Cols, step, len(dst)))
	}
	last := int32(0)
	for _, s := range c.Starts {
		if s < last || int(s) > min(len(c.Factors), len(c.Places)) {
			panic(fmt.Sprintf("kernels: Combinations: terms up to %d after %d, of %d", s, last, min(len(c.Factors), len(c.Places))))
		}
		last = s
	}
	for _, p := range c.Places[:last] {
		if p < 0 || int(p)+c.Cols > len(c.Rows) {
			panic(fmt.Sprintf("kernels: Combinations: a row at %d of %d columns, of %d elements", p, c.Cols, len(c.Rows)))
		}
	}
	if n > 0 {
		active().combine(c, dst, step)
	}
}

func (c *Combinations) portable(dst []float32, step int) {
	for r := range len(c.Starts) - 1 {
		row := dst[r*step:][:c.Cols]
		if !c.Add {
			clear(row)
		}
		for t := c.Starts[r]; t < c.Starts[r+1]; t++ {
			f := c.Factors[t]
			for j, v := range c.Rows[c.Places[t]:][:c.Cols] {
				row[j] += float32(f * v)
			}
		}
	}
}

// MaxRun is the greatest width of runs.
const MaxRun = 8

// Runs says where patches of runs of Width elements lie in an image: run k of the patch for place (r,q) of a map of
// Rows×Cols is image[Offsets[k] + r·Step + q] and the Width−1 elements after it.
type Runs struct {
	Offsets    []int
	Width      int
	Rows, Cols int
	Step       int
}

// Gather copies the patches of an image into the rows of a matrix, step elements apart. Image and matrix must be
// PatchSlack elements longer than what is needed of them.
func (p *Runs) Gather(matrix, image []float32, step int) {
	p.check(len(matrix), len(image), step)
	active().gatherRuns(p, matrix, image, step)
}

// Scatter adds the rows of a matrix up in an image: the transpose of Gather.
func (p *Runs) Scatter(image, matrix []float32, step int) {
	p.check(len(matrix), len(image), step)
	active().scatterRuns(p, image, matrix, step)
}

func (p *Runs) check(matrix, image, step int) {
	reach := (p.Rows-1)*p.Step + p.Cols - 1 + PatchSlack
	for _, o := range p.Offsets {
		if o < 0 || o+reach > image {
			panic(fmt.Sprintf("kernels: Runs: a run at %d reaches %d, the image has %d elements", o, o+reach, image))
		}
	}
	if p.Width < 1 || p.Width > MaxRun || p.Rows < 1 || p.Cols < 1 || step < len(p.Offsets)*p.Width || matrix < p.Rows*p.Cols*step+PatchSlack {
		panic(fmt.Sprintf("kernels: Runs: %d of %d elements for %d×%d places, %d apart, do not fit %d elements", len(p.Offsets), p.Width, p.Rows, p.Cols, step, matrix))
	}
}

func (p *Runs) gatherPortable(matrix, image []float32, step int) {
	for place := range p.Rows * p.Cols {
		at := place/p.Cols*p.Step + place%p.Cols
		for k, o := range p.Offsets {
			copy(matrix[place*step+k*p.Width:][:p.Width], image[o+at:])
		}
	}
}

func (p *Runs) scatterPortable(image, matrix []float32, step int) {
	for place := range p.Rows * p.Cols {
		at := place/p.Cols*p.Step + place%p.Cols
		for k, o := range p.Offsets {
			run := image[o+at:][:p.Width]
			for j, v := range matrix[place*step+k*p.Width:][:p.Width] {
				run[j] += v
			}
		}
	}
}
