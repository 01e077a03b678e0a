package kernels

import "fmt"

// Elements that MaxPairs may read and write beyond the last ones that it needs.
const (
	PairsReadSlack  = 16
	PairsWriteSlack = 8
)

// MaxPairs finds the largest of squares of 2×2 elements of an image whose rows are step elements long: values[r·cols + q]
// is that of the square from element (2r, 2q) on, and places[r·cols + q] its place, the number of an element of the image,
// for r < rows and q < cols. Of several it is the first, by rows; an element that is no number counts as the largest. The
// image must have PairsReadSlack elements more than the squares reach and fewer than 2²⁴, values and places PairsWriteSlack
// more than there are squares.
func MaxPairs(values, places, image []float32, rows, cols, step int) {
	if n := rows*cols + PairsWriteSlack; rows < 1 || cols < 1 || step < 2*cols || len(values) < n || len(places) < n ||
		len(image) < (2*rows-1)*step+2*cols+PairsReadSlack || len(image) >= 1<<24+PairsReadSlack {
		panic(fmt.Sprintf("kernels: MaxPairs: %d×%d squares with rows of %d do not fit %d values, %d places and %d elements", rows, cols, step, len(values), len(places), len(image)))
	}
	active().maxPairs(values, places, image, rows, cols, step)
}

func maxPairsPortable(values, places, image []float32, rows, cols, step int) {
	for r := range rows {
		for q := range cols {
			at := 2*r*step + 2*q
			best := at
			for _, k := range [3]int{at + 1, at + step, at + step + 1} {
				if v := image[k]; v > image[best] || v != v && image[best] == image[best] {
					best = k
				}
			}
			values[r*cols+q], places[r*cols+q] = image[best], float32(best)
		}
	}
}
