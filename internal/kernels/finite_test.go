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
