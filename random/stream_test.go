package random

import (
	"encoding"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"capas/internal/kernels"
)

var (
	_ encoding.TextMarshaler   = (*Stream)(nil)
	_ encoding.TextUnmarshaler = (*Stream)(nil)
)

// The first block of New(0) is the known answer of Random123 for an all-zero counter and key.
func TestKnownAnswer(t *testing.T) {
	s := New(0)
	for i, want := range []uint64{0xe169c58d6627e8d5, 0x9b00dbd8bc57ac4c} {
		if got := s.Uint64(); got != want {
			t.Errorf("Uint64 number %d = %#x, want %#x", i, got, want)
		}
	}
}

// Uint64 gives the words of the sequence wherever it stands, also between other draws.
func TestUint64FollowsTheSequence(t *testing.T) {
	s := New(7)
	var position uint64
	r := rand.New(rand.NewPCG(1, 1))
	for range 500 {
		if r.IntN(4) == 0 {
			dst := make([]float32, r.IntN(70))
			s.Uniform(dst)
			position += uint64(len(dst))
		}
		want := word(7, position) | word(7, position+1)<<32
		if got := s.Uint64(); got != want {
			t.Fatalf("at position %d: %#x, want %#x", position, got, want)
		}
		position += 2
	}
}

func word(key, at uint64) uint64 {
	block := at / 4
	return uint64(kernels.Philox([4]uint32{uint32(block), uint32(block >> 32)}, [2]uint32{uint32(key), uint32(key >> 32)})[at%4])
}

// One long call equals several short ones, and every draw moves the position by its length.
func TestLongEqualsShort(t *testing.T) {
	const n = 3*pieceSize + 17
	p := make([]float32, n)
	for i := range p {
		p[i] = float32(i) / n
	}
	for name, draw := range map[string]func(s *Stream, dst []float32, from int){
		"Uniform":   func(s *Stream, dst []float32, _ int) { s.Uniform(dst) },
		"Normal":    func(s *Stream, dst []float32, _ int) { s.Normal(dst) },
		"Bernoulli": func(s *Stream, dst []float32, from int) { s.Bernoulli(dst, p[from:from+len(dst)]) },
		"Mask":      func(s *Stream, dst []float32, _ int) { s.Mask(dst, 0.3, 2) },
	} {
		for _, start := range []int{0, 1, 6} {
			for _, piece := range []int{1, 2, 3, 64, pieceSize - 1, pieceSize + 1} {
				long, short := New(3), New(3)
				skip := make([]float32, start)
				long.Uniform(skip)
				short.Uniform(skip)
				want, got := make([]float32, n), make([]float32, n)
				draw(long, want, 0)
				for from := 0; from < n; from += piece {
					draw(short, got[from:min(from+piece, n)], from)
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s from %d in pieces of %d differs from one call", name, start, piece)
				}
				if long.position != uint64(start+n) || short.position != long.position {
					t.Errorf("%s: positions %d and %d, want %d", name, long.position, short.position, start+n)
				}
			}
		}
	}
}

// The float64 draws are the float32 ones, converted.
func TestFloat64DrawsAreTheSame(t *testing.T) {
	const n = pieceSize + 33
	narrow, wide := make([]float32, n), make([]float64, n)
	p, p64 := make([]float32, n), make([]float64, n)
	for i := range p {
		p[i] = float32(i) / n
		p64[i] = float64(p[i])
	}
	for name, draw := range map[string]func(s *Stream, s64 *Stream){
		"Uniform":   func(s, s64 *Stream) { s.Uniform(narrow); s64.Uniform64(wide) },
		"Normal":    func(s, s64 *Stream) { s.Normal(narrow); s64.Normal64(wide) },
		"Bernoulli": func(s, s64 *Stream) { s.Bernoulli(narrow, p); s64.Bernoulli64(wide, p64) },
		"Mask":      func(s, s64 *Stream) { s.Mask(narrow, 0.75, 3); s64.Mask64(wide, 0.75, 3) },
	} {
		s, s64 := New(11), New(11)
		draw(s, s64)
		if s.position != s64.position {
			t.Errorf("%s: positions %d and %d", name, s.position, s64.position)
		}
		for i := range narrow {
			if float64(narrow[i]) != wide[i] {
				t.Errorf("%s: element %d is %g in float32, %g in float64", name, i, narrow[i], wide[i])
				break
			}
		}
	}
}

func TestSplit(t *testing.T) {
	root := New(1)
	first := root.Split("init").Uint64()
	root.Uint64()
	if again := root.Split("init").Uint64(); again != first {
		t.Error("Split depends on the position")
	}
	if root.position != 2 {
		t.Error("Split moved its stream")
	}
	seen := map[uint64]string{}
	for _, s := range []*Stream{New(1), New(2), New(0)} {
		for _, label := range []string{"", "init", "order", "corruption", "dropout", "gibbs", "init2"} {
			for _, c := range []*Stream{s.Split(label), s.Split(label).Split("x")} {
				if other, ok := seen[c.key]; ok {
					t.Errorf("key of %q equals that of %q", label, other)
				}
				seen[c.key] = label
			}
		}
	}
}

func TestStateRoundTrip(t *testing.T) {
	s := New(0xdeadbeef).Split("order")
	s.Uniform(make([]float32, 13))
	s.Uint64()
	text, err := s.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	resumed := New(5)
	resumed.Uint64() // what it holds ahead must not survive
	if err := resumed.UnmarshalText(text); err != nil {
		t.Fatal(err)
	}
	copied := *s
	for i := range 100 {
		want := s.Uint64()
		if got := resumed.Uint64(); got != want {
			t.Fatalf("draw %d after UnmarshalText is %#x, want %#x", i, got, want)
		}
		if got := copied.Uint64(); got != want {
			t.Fatalf("draw %d of a copy is %#x, want %#x", i, got, want)
		}
	}
}

func TestUnmarshalTextRefusesGarbage(t *testing.T) {
	good, _ := New(3).MarshalText()
	for _, text := range []string{
		"", "philox4x32-10", "philox4x32-10:3:4", "pcg:0000000000000003:0000000000000000",
		string(good) + "0", string(good) + "\n", " " + string(good), string(good[:len(good)-1]),
		strings.Replace(string(good), "3", "g", 1), "philox4x32-10:-000000000000003:0000000000000000",
		"philox4x32-10:000000000000000A:0000000000000000",
	} {
		s := New(9)
		err := s.UnmarshalText([]byte(text))
		if err == nil || !strings.Contains(err.Error(), "philox4x32-10:<16 hex digits>") {
			t.Errorf("%q: error %v", text, err)
		}
		if *s != *New(9) {
			t.Errorf("%q: the stream changed", text)
		}
	}
}

func TestRandUsesTheStream(t *testing.T) {
	a, b := New(4), New(4)
	if p, q := a.Rand().Perm(100), b.Rand().Perm(100); !slices.Equal(p, q) {
		t.Error("equal seeds gave different permutations")
	}
	if a.position == 0 {
		t.Error("Perm did not move the stream")
	}
}

func TestBernoulliEdges(t *testing.T) {
	s := New(8)
	n := 1 << 20
	dst, p := make([]float32, n), make([]float32, n)
	values := []float32{0, 1, float32(math.Copysign(0, -1)), float32(math.NaN()), -0.5, 1.5}
	for i := range p {
		p[i] = values[i%len(values)]
	}
	s.Bernoulli(dst, p)
	for i, b := range dst {
		if want := float32(i % 2); i%6 != 3 && b != want || i%6 == 3 && b != 0 {
			t.Fatalf("p = %g gave %g", p[i], b)
		}
	}
	s.Mask(dst, 0, float32(math.Inf(1)))
	if slices.Max(dst) != 0 {
		t.Error("a mask that keeps nothing is not zero")
	}
}

func BenchmarkDraws(b *testing.B) {
	s := New(1)
	dst, p := make([]float32, 50_000), make([]float32, 50_000)
	for name, draw := range map[string]func(){
		"Uniform":   func() { s.Uniform(dst) },
		"Normal":    func() { s.Normal(dst) },
		"Bernoulli": func() { s.Bernoulli(dst, p) },
		"Mask":      func() { s.Mask(dst, 0.5, 2) },
		"Uint64": func() {
			for range dst {
				s.Uint64()
			}
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				draw()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(dst)), "ns/draw")
			b.ReportMetric(0, "ns/op")
		})
	}
}
