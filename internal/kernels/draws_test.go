package kernels

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// Known answers of Random123's kat_vectors for philox4x32-10.
func TestPhiloxKnownAnswers(t *testing.T) {
	const all = 0xffffffff
	for _, c := range []struct {
		counter [4]uint32
		key     [2]uint32
		want    [4]uint32
	}{
		{[4]uint32{}, [2]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{all, all, all, all}, [2]uint32{all, all}, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		if got := Philox(c.counter, c.key); got != c.want {
			t.Errorf("Philox(%x, %x) = %x, want %x", c.counter, c.key, got, c.want)
		}
	}
}

// PhiloxFill is Philox word by word, wherever it starts, also where the block's lower half overflows.
func TestPhiloxFill(t *testing.T) {
	const key = 0x299f31d0a4093822
	forFamilies(t, func(t *testing.T, f family) {
		for _, first := range []uint64{0, 1, 2, 3, 4*(1<<32) - 70, 1<<63 + 5} {
			for _, n := range []int{0, 1, 3, 4, 5, 31, 32, 33, 67, 200, longSlice + 77} {
				got := make([]uint32, n+1)
				got[n] = 12345
				f.philoxFill(got[:n], key, first)
				for i, w := range got[:n] {
					at := first + uint64(i)
					block := at / 4
					want := Philox([4]uint32{uint32(block), uint32(block >> 32)}, [2]uint32{key & 0xffffffff, key >> 32})[at%4]
					if w != want {
						t.Fatalf("%d words from %d: word %d is %#x, want %#x", n, first, i, w, want)
					}
				}
				if got[n] != 12345 {
					t.Fatalf("%d words from %d: wrote beyond the end", n, first)
				}
			}
		}
	})
}

// longSlice is a multiple of what goes to assembly at once.
const longSlice = 4096

// wordsFrom are the words of a key from position first on, by the definition.
func wordsFrom(n int, key, first uint64) []uint32 {
	w := make([]uint32, n)
	for i := range w {
		at := first + uint64(i)
		block := at / 4
		w[i] = Philox([4]uint32{uint32(block), uint32(block >> 32)}, [2]uint32{uint32(key), uint32(key >> 32)})[at%4]
	}
	return w
}

// Uniforms, Bernoulli draws and masks are equal in all families, against their definition in float64, wherever they start and
// however long they are.
func TestUniformBernoulliMask(t *testing.T) {
	const key = 0x123456789abcdef
	forFamilies(t, func(t *testing.T, f family) {
		for _, first := range []uint64{0, 1, 3, 4, 4*(1<<32) - 70} {
			for _, n := range []int{0, 1, 2, 3, 4, 5, 31, 32, 33, 63, 64, 65, 127, 130, 500, 2*longSlice + 77} {
				words := wordsFrom(n, key, first)
				p := make([]float32, n)
				for i := range p {
					p[i] = float32(i%17)/8 - 0.5 // also outside [0,1]
					switch i % 19 {
					case 5:
						p[i] = float32(math.NaN())
					case 6: // u < u is false
						p[i] = float32(words[i]>>8) * 0x1p-24
					case 7:
						p[i] = math.Nextafter32(float32(words[i]>>8)*0x1p-24, 2)
					}
				}
				u, b, m := make([]float32, n+1), make([]float32, n+1), make([]float32, n+1)
				u[n], b[n], m[n] = 7, 7, 7
				f.uniform(u[:n], key, first)
				f.bernoulli(b[:n], p, key, first)
				f.mask(m[:n], 0.75, -2, key, first)
				for i, w := range words {
					exact := float64(w>>8) / (1 << 24)
					wantB, wantM := float32(0), float32(0)
					if exact < float64(p[i]) {
						wantB = 1
					}
					if exact < 0.75 {
						wantM = -2
					}
					if float64(u[i]) != exact || b[i] != wantB || m[i] != wantM {
						t.Fatalf("%d from %d, element %d, word %#x, p %g: uniform %g, Bernoulli %g, mask %g; want %g, %g, %g",
							n, first, i, w, p[i], u[i], b[i], m[i], exact, wantB, wantM)
					}
				}
				if u[n] != 7 || b[n] != 7 || m[n] != 7 {
					t.Fatalf("%d from %d: wrote beyond the end", n, first)
				}
				f.bernoulli(p, p, key, first)
				if !slices.Equal(p, b[:n]) {
					t.Errorf("%d from %d: Bernoulli in place differs", n, first)
				}
			}
		}
	})
}

// A mask that keeps with a probability at or beyond the ends of [0,1].
func TestMaskEdges(t *testing.T) {
	forFamilies(t, func(t *testing.T, f family) {
		for _, c := range []struct{ keep, want float32 }{{0, 0}, {-1, 0}, {1, 3}, {2, 3}, {math.MaxFloat32, 3}, {float32(math.NaN()), 0},
			{float32(math.Inf(1)), 3}} {
			m := make([]float32, 1000)
			f.mask(m, c.keep, 3, 9, 2)
			if slices.Min(m) != c.want || slices.Max(m) != c.want {
				t.Errorf("keep %g: elements from %g to %g, want %g", c.keep, slices.Min(m), slices.Max(m), c.want)
			}
		}
	})
}

// Normal against Box and Muller's formula in float64: 4 ulp of the radius, which for the small side of a pair is the
// rounding of its angle.
func TestNormalAgainstFloat64(t *testing.T) {
	words := wordsFrom(2*longSlice+14, 99, 0)
	copy(words, []uint32{0, math.MaxUint32, 0, 0x20000000, math.MaxUint32, 0x60000000, 0x80000000, 0xa0000000, 1, 0x1fffffff, 255, 256})
	forFamilies(t, func(t *testing.T, f family) {
		z := make([]float32, len(words))
		f.normalWords(z, words)
		for i := 0; i < len(z); i += 2 {
			u := float64(float32((float64(words[i]) + 0.5) / (1 << 32)))
			r := math.Sqrt(-2 * math.Log(u))
			sin, cos := math.Sincos(2 * math.Pi * float64(words[i+1]) / (1 << 32))
			for j, want := range []float64{r * cos, r * sin} {
				if d := math.Abs(float64(z[i+j]) - want); !(d <= 4*0x1p-24*r) {
					t.Fatalf("words %#x, %#x: normal %d is %g, want %g", words[i], words[i+1], j, z[i+j], want)
				}
			}
		}
		for _, part := range [][2]int{{0, 2}, {2, 18}, {4, 34}, {10, 4200}} {
			alone := make([]float32, part[1]-part[0])
			f.normalWords(alone, words[part[0]:part[1]])
			if !slices.Equal(alone, z[part[0]:part[1]]) {
				t.Errorf("words %v alone give other values", part)
			}
		}
	})
}

// Normals are made of the words at their places, also where a call starts or ends within a pair.
func TestNormalInParts(t *testing.T) {
	const key, n = 77, 3*wordsAtOnce + 20
	forFamilies(t, func(t *testing.T, f family) {
		want := make([]float32, n)
		f.normalWords(want, wordsFrom(n, key, 0))
		for from := range 9 {
			for _, to := range []int{from, from + 1, from + 2, from + 7, from + 40, from + wordsAtOnce, from + wordsAtOnce + 1, n} {
				got := make([]float32, to-from)
				f.normal(got, key, uint64(from))
				if !slices.Equal(got, want[from:to]) {
					t.Errorf("normals %d to %d differ from the whole", from, to)
				}
			}
		}
	})
}

func TestDrawsAllocateNothing(t *testing.T) {
	x, w := make([]float32, 501), make([]uint32, 501)
	forFamilies(t, func(t *testing.T, f family) {
		if n := testing.AllocsPerRun(20, func() {
			f.philoxFill(w, 1, 3)
			f.uniform(x, 1, 3)
			f.bernoulli(x, x, 1, 3)
			f.mask(x, 0.5, 2, 1, 3)
			f.normal(x, 1, 3)
		}); n != 0 {
			t.Errorf("%g allocations", n)
		}
	})
}

func BenchmarkDraws(b *testing.B) {
	for _, n := range []int{64, 500, 50_000} {
		words, dst, p := make([]uint32, n), make([]float32, n), make([]float32, n)
		for _, f := range supported() {
			for _, d := range []struct {
				name string
				run  func()
			}{
				{"Philox", func() { f.philoxFill(words, 1, 4) }},
				{"Uniform", func() { f.uniform(dst, 1, 4) }},
				{"Bernoulli", func() { f.bernoulli(dst, p, 1, 4) }},
				{"Mask", func() { f.mask(dst, 0.5, 2, 1, 4) }},
				{"Normal", func() { f.normal(dst, 1, 4) }},
			} {
				b.Run(fmt.Sprintf("%s/%s/%d", d.name, f, n), func(b *testing.B) { perElement(b, n, d.run) })
			}
		}
	}
}

// perElement reports the time of run for each of its n elements.
func perElement(b *testing.B, n int, run func()) {
	for b.Loop() {
		run()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/element")
	b.ReportMetric(0, "ns/op")
}
