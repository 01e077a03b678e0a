package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// What is not finite: infinities and NaN, quiet and signalling, with payloads of the least and the greatest.
var nonFinite = []uint32{0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000, 0x7f800001, 0xff800001, 0x7fffffff, 0xffffffff, 0x7fa5a5a5}

// What is finite and next to it, in bits or in size.
var justFinite = []uint32{0x7f7fffff, 0xff7fffff, 0x7f000000, 0x007fffff, 0x807fffff, 1, 0x80000001, 0, 0x80000000, 0x00800000}

// finiteAll decides by the definition.
func finiteAll(x []float32) bool {
	return !slices.ContainsFunc(x, func(v float32) bool { return math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) })
}

// A value that is not finite is found wherever it is, and nothing else is taken for one, neither in the slice nor around it.
func TestFinite(t *testing.T) {
	lengths := []int{127, 128, 129, 500, asmPiece - 1, asmPiece, asmPiece + 9, 2*asmPiece + 33}
	if testing.Short() {
		lengths = lengths[:4] // for emulated processors
	}
	for n := range 71 {
		lengths = append(lengths, n)
	}
	r := rand.New(rand.NewPCG(41, 42))
	forFamilies(t, func(t *testing.T, f family) {
		for _, n := range lengths {
			around := make([]float32, n+2)
			for i := range around {
				around[i] = math.Float32frombits(justFinite[r.IntN(len(justFinite))])
			}
			x := around[1 : n+1]
			around[0], around[n+1] = float32(math.NaN()), float32(math.Inf(-1))
			if !f.finite(x) {
				t.Fatalf("%d finite elements, NaN before and −Inf after them: not finite", n)
			}
			for i := range x {
				old := x[i]
				for _, bits := range nonFinite[:thinnedTo(n, len(nonFinite))] {
					if x[i] = math.Float32frombits(bits); f.finite(x) {
						t.Fatalf("%d elements, element %d is %#x: finite", n, i, bits)
					}
				}
				x[i] = old
			}
			if !f.finite(x) {
				t.Fatalf("%d elements, all finite again: not finite", n)
			}
		}
		for _, bits := range justFinite { // alone, and everywhere
			for _, n := range []int{1, 8, 70} {
				if x := slices.Repeat([]float32{math.Float32frombits(bits)}, n); !f.finite(x) {
					t.Errorf("%d elements of %#x: not finite", n, bits)
				}
			}
		}
	})
}

// The passes that make new parameters tell whether these are finite: of small values, of large ones, which they look at again,
// and wherever one is not finite.
func TestPassesTellFinite(t *testing.T) {
	type pass struct {
		name string
		run  func(f family, dst, w, zero []float32) bool
	}
	passes := []pass{
		{"Momentum", func(f family, dst, w, zero []float32) bool { return f.momentum(dst, w, zero) }},
		{"SGD", func(f family, dst, w, zero []float32) bool { return f.sgd(dst, w, zero, 0.1, 0.5) }},
		{"Nesterov", func(f family, dst, w, zero []float32) bool { return f.nesterov(dst, w, zero, zero, 0.1, 0.9, 0.5) }},
		{"RMSProp", func(f family, dst, w, zero []float32) bool { return f.rmsprop(dst, w, zero, zero, 0.1, 0.5, 1) }},
		{"Adam", func(f family, dst, w, zero []float32) bool { return f.adam(dst, w, zero, zero, 0.1, 1, 1e-8) }},
	}
	lengths := []int{1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65, 70, 500, asmPiece + 9, 2*asmPiece + 33}
	if testing.Short() {
		lengths = lengths[:14] // for emulated processors
	}
	forFamilies(t, func(t *testing.T, f family) {
		for _, n := range lengths {
			w, dst, zero := make([]float32, n), make([]float32, n), make([]float32, n)
			for _, p := range passes {
				for _, size := range []float32{0, 0.5, 1.9, 2, 1000, math.MaxFloat32} {
					for i := range w {
						w[i] = size * float32(1-2*(i%2))
					}
					if !p.run(f, dst, w, zero) {
						t.Fatalf("%s of %d elements of ±%g: not finite", p.name, n, size)
					}
					for i := 0; i < n; i += 1 + n/200 {
						w[i] = math.Float32frombits(nonFinite[i%len(nonFinite)])
						if p.run(f, dst, w, zero) {
							t.Fatalf("%s of %d elements of ±%g, element %d is %g: finite", p.name, n, size, i, w[i])
						}
						w[i] = size
					}
				}
			}
		}
		big := []float32{math.MaxFloat32}
		if f.momentum(make([]float32, 1), big, big) {
			t.Error("a sum that overflows: finite")
		}
	})
}

// thinnedTo is all, or 2 of long slices.
func thinnedTo(n, all int) int {
	if n > 70 {
		return 2
	}
	return all
}

func TestFiniteAllocatesNothing(t *testing.T) {
	x := make([]float32, 77)
	if n := testing.AllocsPerRun(10, func() { Finite(x) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

func FuzzFinite(f *testing.F) {
	f.Add(uint64(1), uint8(7), uint32(0x7f7fffff))
	f.Add(uint64(2), uint8(33), uint32(0xff800000))
	f.Fuzz(func(t *testing.T, seed uint64, n uint8, bits uint32) {
		r := rand.New(rand.NewPCG(seed, 0))
		x := make([]float32, int(n)+1)
		for i := range x {
			x[i] = math.Float32frombits(r.Uint32() &^ (1 << 30)) // below 2
		}
		x[r.IntN(len(x))] = math.Float32frombits(bits)
		for _, family := range supported() {
			if got, want := family.finite(x), finiteAll(x); got != want {
				t.Errorf("%v: %v: %t, want %t", family, x, got, want)
			}
		}
	})
}

func BenchmarkFinite(b *testing.B) {
	for _, n := range []int{64, 2000} {
		x := make([]float32, n)
		for _, f := range supported() {
			b.Run(fmt.Sprintf("%s/%d", f, n), func(b *testing.B) { perElement(b, n, func() { f.finite(x) }) })
		}
	}
}
