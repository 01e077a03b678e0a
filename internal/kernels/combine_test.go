package kernels

import (
	"math"
	"slices"
	"testing"
)

// mixed returns n numbers in [−1,1), multiples of 1/64.
func mixed(n int, seed uint32) []float32 {
	out := make([]float32, n)
	for i := range out {
		seed = seed*1664525 + 1013904223
		out[i] = float32(seed>>25)/64 - 1
	}
	return out
}

// Combinations are what the formula in float64 says, of any width, with empty ones among
// them, and write nothing else.
func TestCombinations(t *testing.T) {
	for _, f := range supported() {
		for _, cols := range []int{8, 16, 32, 88, 96, 104, 200, 504} {
			for _, add := range []bool{false, true} {
				c := Combinations{Rows: mixed(40*cols, 1), Cols: cols, Add: add, Starts: []int32{0}}
				for r := range 30 {
					for k := range r * 7 % 23 {
						c.Places = append(c.Places, int32((k*k+r)%40*cols))
					}
					c.Starts = append(c.Starts, int32(len(c.Places)))
				}
				c.Factors = mixed(len(c.Places), 2)
				step := cols + 3
				dst := mixed(30*step, 3)
				old := slices.Clone(dst)
				f.combine(&c, dst, step)
				for i, got := range dst {
					r, j := i/step, i%step
					if j >= cols {
						if got != old[i] {
							t.Fatalf("%v, %d columns: writes beyond a row", f, cols)
						}
						continue
					}
					want, size := 0.0, 1.0
					if add {
						want = float64(old[i])
					}
					for k := c.Starts[r]; k < c.Starts[r+1]; k++ {
						v := float64(c.Factors[k]) * float64(c.Rows[int(c.Places[k])+j])
						want, size = want+v, size+math.Abs(v)
					}
					if math.Abs(float64(got)-want) > 1e-6*size {
						t.Fatalf("%v, %d columns, add %t: combination %d, column %d: got %g, want %g", f, cols, add, r, j, got, want)
					}
				}
			}
		}
	}
}

// All families move runs alike, as the formula says.
func TestRuns(t *testing.T) {
	for _, f := range supported() {
		for _, size := range [][4]int{{5, 8, 8, 12}, {1, 3, 4, 4}, {8, 2, 13, 21}, {3, 1, 1, 3}} {
			p := &Runs{Width: size[0], Rows: size[1], Cols: size[2], Step: size[3], Offsets: []int{0, 7, 3, 30}}
			step := len(p.Offsets)*p.Width + 5
			image := mixed(30+p.Rows*p.Step+p.Cols+PatchSlack, 1)
			matrix := make([]float32, p.Rows*p.Cols*step+PatchSlack)
			f.gatherRuns(p, matrix, image, step)
			want := slices.Clone(image)
			for place := range p.Rows * p.Cols {
				for k, o := range p.Offsets {
					for j := range p.Width {
						at := o + place/p.Cols*p.Step + place%p.Cols + j
						v := matrix[place*step+k*p.Width+j]
						if v != image[at] {
							t.Fatalf("%v %v: place %d, run %d, element %d: got %g, want %g", f, size, place, k, j, v, image[at])
						}
						want[at] += v
					}
				}
			}
			got := slices.Clone(image)
			f.scatterRuns(p, got, matrix, step)
			for i := range want {
				if math.Abs(float64(got[i]-want[i])) > 1e-5 {
					t.Fatalf("%v %v: scattered element %d is %g, want %g", f, size, i, got[i], want[i])
				}
			}
		}
	}
}
