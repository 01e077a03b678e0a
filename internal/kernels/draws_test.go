package kernels

import (
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

func someWords(n int) []uint32 {
	w := make([]uint32, n)
	philoxFillPortable(w, 99, 0)
	copy(w, []uint32{0, math.MaxUint32, 0, 0x20000000, math.MaxUint32, 0x60000000, 0x80000000, 0xa0000000, 1, 0x1fffffff, 255, 256})
	return w
}

// Uniforms, Bernoulli draws and masks are equal in both families, against their definition in float64.
func TestUniformBernoulliMask(t *testing.T) {
	words := someWords(2*longSlice + 13)
	n := len(words)
	p := make([]float32, n)
	philoxFillPortable(words[100:], 5, 0)
	for i := range p {
		p[i] = float32(i%17)/8 - 0.5 // also outside [0,1]
	}
	p[8], p[9] = float32(math.NaN()), float32(words[9]>>8)*0x1p-24 // u < u is false
	forFamilies(t, func(t *testing.T, f family) {
		u, b, m := make([]float32, n), make([]float32, n), make([]float32, n)
		f.uniform(u, words)
		f.bernoulli(b, p, words)
		f.mask(m, 0.75, -2, words)
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
				t.Fatalf("word %#x, p %g: uniform %g, Bernoulli %g, mask %g; want %g, %g, %g", w, p[i], u[i], b[i], m[i], exact, wantB, wantM)
			}
		}
		inPlace := slices.Clone(p)
		f.bernoulli(inPlace, inPlace, words)
		if !slices.Equal(inPlace, b) {
			t.Error("Bernoulli in place differs")
		}
	})
}

// Normal against Box and Muller's formula in float64: 4 ulp of the radius, which for the small side of a pair is the
// rounding of its angle.
func TestNormalAgainstFloat64(t *testing.T) {
	words := someWords(2*longSlice + 14)
	forFamilies(t, func(t *testing.T, f family) {
		z := make([]float32, len(words))
		f.normal(z, words)
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
			f.normal(alone, words[part[0]:part[1]])
			if !slices.Equal(alone, z[part[0]:part[1]]) {
				t.Errorf("words %v alone give other values", part)
			}
		}
	})
}

func BenchmarkDraws(b *testing.B) {
	words := someWords(1024)
	dst, p := make([]float32, 1024), make([]float32, 1024)
	for _, f := range supported() {
		for _, d := range []struct {
			name string
			run  func()
		}{
			{"Philox", func() { f.philoxFill(words, 1, 4) }},
			{"Uniform", func() { f.uniform(dst, words) }},
			{"Bernoulli", func() { f.bernoulli(dst, p, words) }},
			{"Normal", func() { f.normal(dst, words) }},
		} {
			b.Run(d.name+"/"+f.String(), func(b *testing.B) {
				for b.Loop() {
					d.run()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(words)), "ns/element")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
