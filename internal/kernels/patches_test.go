package kernels

import (
	"slices"
	"testing"
)

// Every family moves patches as the formula says, and writes nothing beyond.
func TestPatches(t *testing.T) {
	for _, f := range supported() {
		for _, size := range [][3]int{{8, 8, 12}, {3, 8, 8}, {5, 5, 9}, {1, 1, 1}, {2, 24, 28}, {7, 13, 17}, {300, 70, 80}} {
			p := &Patches{Rows: size[0], Cols: size[1], Step: size[2]}
			for _, o := range []int{0, 1, 2, 5, 3, 1, 40} {
				p.Offsets = append(p.Offsets, o)
			}
			image := make([]float32, 40+(p.Rows-1)*p.Step+p.Cols+PatchSlack)
			for i := range image {
				image[i] = float32(i%97) - 40
			}
			n, from, to := p.Rows*p.Cols, 1, 7
			matrix := slices.Repeat([]float32{-1000}, (to-from)*n+PatchSlack+3)
			f.gather(p, matrix, image[:len(image)-PatchSlack], from, to)
			for k := from; k < to; k++ {
				for i := range n {
					if want := image[p.Offsets[k]+i/p.Cols*p.Step+i%p.Cols]; matrix[(k-from)*n+i] != want {
						t.Fatalf("%v %v: element %d of patch element %d is %g, want %g", f, size, i, k, matrix[(k-from)*n+i], want)
					}
				}
			}
			for _, v := range matrix[(to-from)*n+PatchSlack-1:] {
				if v != -1000 {
					t.Errorf("%v %v: gather writes more than 7 elements beyond", f, size)
				}
			}
			want, got := slices.Clone(image), slices.Clone(image)
			for k := from; k < to; k++ {
				for i := range n {
					want[p.Offsets[k]+i/p.Cols*p.Step+i%p.Cols] += matrix[(k-from)*n+i]
				}
			}
			f.scatter(p, got, matrix[:(to-from)*n:(to-from)*n], from, to)
			if !slices.Equal(got, want) {
				t.Errorf("%v %v: scatter gives another image", f, size)
			}
		}
	}
}

func TestPatchesRefuse(t *testing.T) {
	p := &Patches{Offsets: []int{0, 5}, Rows: 2, Cols: 3, Step: 4}
	for name, f := range map[string]func(){
		"short matrix": func() { p.Gather(make([]float32, 11), make([]float32, 12), 0, 2) },
		"short image":  func() { p.Gather(make([]float32, 20), make([]float32, 11), 0, 2) },
		"no slack":     func() { p.Scatter(make([]float32, 12), make([]float32, 20), 0, 2) },
		"elements":     func() { p.Gather(make([]float32, 30), make([]float32, 12), 0, 3) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}
