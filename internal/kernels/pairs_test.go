package kernels

import (
	"math"
	"slices"
	"testing"
)

// Every family finds the largest of each square and its place, the first of several, with
// infinities and NaN among them, and writes no more than it may.
func TestMaxPairs(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	some := []float32{0, 1, 1, 2, -1, inf, -inf, nan, 3, 0.5, nan, -2, float32(math.Copysign(0, -1))}
	for _, f := range supported() {
		for _, size := range [][3]int{{4, 4, 8}, {12, 12, 24}, {1, 1, 2}, {3, 5, 11}, {2, 9, 18}, {2, 17, 35}} {
			rows, cols, step := size[0], size[1], size[2]
			for seed := range 20 {
				image := make([]float32, 2*rows*step+PairsReadSlack)
				state := uint32(seed + 1)
				for i := range image {
					state = state*1664525 + 1013904223
					image[i] = some[int(state>>20)%len(some)]
				}
				n := rows * cols
				values, places := slices.Repeat([]float32{-77}, n+PairsWriteSlack+1), slices.Repeat([]float32{-77}, n+PairsWriteSlack+1)
				f.maxPairs(values, places, image, rows, cols, step)
				for r := range rows {
					for q := range cols {
						at := -1
						for _, k := range []int{0, 1, step, step + 1} {
							k += 2*r*step + 2*q
							switch {
							case at < 0, image[k] > image[at], image[k] != image[k] && image[at] == image[at]:
								at = k
							}
						}
						got := values[r*cols+q]
						if places[r*cols+q] != float32(at) || math.Float32bits(got) != math.Float32bits(image[at]) {
							t.Fatalf("%v %v: square (%d,%d): got %g at %g, want %g at %d", f, size, r, q, got, places[r*cols+q], image[at], at)
						}
					}
				}
				if values[n+PairsWriteSlack] != -77 || places[n+PairsWriteSlack] != -77 {
					t.Errorf("%v %v: writes more than the slack", f, size)
				}
			}
		}
	}
}

func TestMaxPairsRefuses(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic for an image that is too short")
		}
	}()
	MaxPairs(make([]float32, 12), make([]float32, 12), make([]float32, 16), 2, 2, 4)
}
