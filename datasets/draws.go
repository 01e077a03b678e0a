package datasets

import (
	"math/rand/v2"

	"capas/random"
)

// draws are the random numbers of one example.
type draws struct {
	*rand.Rand
	stream *random.Stream
}

func newDraws(s *random.Stream) *draws { return &draws{s.Rand(), s} }

// between is uniform in [lo, hi).
func (r *draws) between(lo, hi float64) float64 { return lo + (hi-lo)*r.Float64() }

// whole is a whole number uniform in lo, …, hi.
func (r *draws) whole(lo, hi int) int { return lo + r.IntN(hi-lo+1) }

// coin is 0 or 1.
func (r *draws) coin() uint8 { return uint8(r.IntN(2)) }

// failures is how many trials fail before the first success, each of which has probability p: geometric, from 0.
func (r *draws) failures(p float64) int {
	n := 0
	for r.Float64() >= p {
		n++
	}
	return n
}

// bytes fills b with whole numbers uniform in 0, …, 255.
func (r *draws) bytes(b []byte) {
	for i := range b {
		if i%8 == 0 {
			word := r.Uint64()
			for j := i; j < min(i+8, len(b)); j++ {
				b[j] = byte(word >> (8 * (j - i)))
			}
		}
	}
}
