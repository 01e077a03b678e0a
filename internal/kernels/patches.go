package kernels

import "fmt"

// Patches says where the elements of a convolution's patches lie in an image: element k of the patch for place (r,q) of a
// map of Rows×Cols is image[Offsets[k] + r·Step + q].
type Patches struct {
	Offsets    []int
	Rows, Cols int
	Step       int
}

// PatchSlack is the number of elements beyond the last that Gather may write to its matrix and Scatter to its image.
const PatchSlack = 8

// Gather copies the elements from, …, to−1 of all patches of an image into a matrix, one element a row:
//
//	matrix[k−from][r·Cols + q] = image[Offsets[k] + r·Step + q]
//
// The matrix must be PatchSlack elements longer than that.
func (p *Patches) Gather(matrix, image []float32, from, to int) {
	p.check(len(matrix), len(image), from, to)
	active().gather(p, matrix, image, from, to)
}

// Scatter adds the rows of a matrix, elements from, …, to−1 of all patches, up in an image, in the order of the elements:
// the transpose of Gather. The image must be PatchSlack elements longer than the patches reach.
func (p *Patches) Scatter(image, matrix []float32, from, to int) {
	p.check(len(matrix), len(image)-PatchSlack, from, to)
	active().scatter(p, image, matrix, from, to)
}

// check panics at slices that are too short, an error of the calling code.
func (p *Patches) check(matrix, image, from, to int) {
	if from < 0 || to > len(p.Offsets) || p.Rows < 1 || p.Cols < 1 || matrix < (to-from)*p.Rows*p.Cols {
		panic(fmt.Sprintf("kernels: Patches: elements %d to %d of %d, each %d×%d, do not fit %d", from, to, len(p.Offsets), p.Rows, p.Cols, matrix))
	}
	reach := (p.Rows-1)*p.Step + p.Cols
	for _, o := range p.Offsets[from:max(from, to)] {
		if o < 0 || o+reach > image {
			panic(fmt.Sprintf("kernels: Patches: an element at %d reaches %d, the image has %d", o, o+reach, image))
		}
	}
}

func (p *Patches) gatherPortable(matrix, image []float32, from, to int) {
	for _, o := range p.Offsets[from:to] {
		for r := range p.Rows {
			copy(matrix[:p.Cols], image[o+r*p.Step:])
			matrix = matrix[p.Cols:]
		}
	}
}

func (p *Patches) scatterPortable(image, matrix []float32, from, to int) {
	for _, o := range p.Offsets[from:to] {
		for r := range p.Rows {
			row := image[o+r*p.Step:][:p.Cols]
			for q, v := range matrix[:p.Cols] {
				row[q] += v
			}
			matrix = matrix[p.Cols:]
		}
	}
}
