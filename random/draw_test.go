package random

import (
	"fmt"
	"slices"
	"sync"
	"testing"
)

// drawOf computes n elements of a draw from number first on, one function for each kind, as float64.
var drawOf = map[string]func(d Draw, n, first int) []float64{
	"Uniform": func(d Draw, n, first int) []float64 {
		x := make([]float32, n)
		d.Uniform(x, first)
		return widened(x)
	},
	"Bernoulli": func(d Draw, n, first int) []float64 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32((first+i)%7) / 7
		}
		d.Bernoulli(x, x, first)
		return widened(x)
	},
	"Mask": func(d Draw, n, first int) []float64 {
		x := make([]float32, n)
		d.Mask(x, 0.25, 3, first)
		return widened(x)
	},
	"Normal": func(d Draw, n, first int) []float64 {
		x := make([]float32, n)
		d.Normal(x, first)
		return widened(x)
	},
	"Uniform64": func(d Draw, n, first int) []float64 {
		x := make([]float64, n)
		d.Uniform64(x, first)
		return x
	},
	"Bernoulli64": func(d Draw, n, first int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = float64((first+i)%7) / 7
		}
		d.Bernoulli64(x, x, first)
		return x
	},
	"Mask64": func(d Draw, n, first int) []float64 {
		x := make([]float64, n)
		d.Mask64(x, 0.25, 3, first)
		return x
	},
	"Normal64": func(d Draw, n, first int) []float64 {
		x := make([]float64, n)
		d.Normal64(x, first)
		return x
	},
}

func widened(x []float32) []float64 {
	y := make([]float64, len(x))
	widen(y, x)
	return y
}

// A draw in pieces, in any order and by several goroutines, gives the elements of the draw at once.
func TestDrawInPieces(t *testing.T) {
	const n = 3*pieceSize + 41
	for name, draw := range drawOf {
		for _, start := range []int{0, 1, 2, 7} {
			s := New(21)
			s.Reserve(start)
			d := s.Reserve(n)
			want := draw(d, n, 0)
			for _, size := range []int{1, 5, 64, pieceSize, pieceSize + 3} {
				got := make([]float64, n)
				var wait sync.WaitGroup
				for first := 0; first < n; first += size {
					wait.Go(func() {
						end := min(first+size, n)
						copy(got[first:end], draw(d, end-first, first))
					})
				}
				wait.Wait()
				if !slices.Equal(got, want) {
					t.Errorf("%s from %d in pieces of %d differs from the draw at once", name, start, size)
				}
			}
		}
	}
}

// Reserve moves the stream by as much as the draw does, and what it gives is what the stream would have drawn.
func TestReserve(t *testing.T) {
	a, b := New(5), New(5)
	a.Reserve(3)
	b.Uniform(make([]float32, 3))
	want, got := make([]float32, 77), make([]float32, 77)
	d := a.Reserve(77)
	d.Uniform(got, 0)
	b.Uniform(want)
	if !slices.Equal(got, want) || *a != *b {
		t.Errorf("after Reserve: stream %v, want %v; equal elements: %t", a.position, b.position, slices.Equal(got, want))
	}
	d.Skip(7).Uniform(got[:70], 0)
	if !slices.Equal(got[:70], want[7:]) {
		t.Error("Skip(7) does not begin at element 7")
	}
}

func BenchmarkShortPieces(b *testing.B) {
	d := New(1).Reserve(1 << 20)
	for _, n := range []int{64, 250, 1000} {
		dst, p := make([]float32, n), make([]float32, n)
		b.Run(fmt.Sprintf("Bernoulli/%d", n), func(b *testing.B) {
			for b.Loop() {
				d.Bernoulli(dst, p, 500)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/draw")
		})
	}
}
