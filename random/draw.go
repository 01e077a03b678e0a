package random

import (
	"fmt"

	"capas/internal/kernels"
)

// Draw is a part of a [Stream] that is taken out as a whole and filled in pieces: element i of the draw is made of word i
// from the place where the stream stood at [Stream.Reserve]. The methods compute consecutive elements from number first on and
// move nothing, so that several goroutines may each compute a piece of one draw; the bytes are those of one long call,
// however it is divided. The zero value is a draw from New(0).
type Draw struct {
	key      uint64
	position uint64 // of element 0, in words
}

// Reserve moves s by n words and returns the draw of those n elements. What a draw computes beyond its n elements are
// those that s gives next.
func (s *Stream) Reserve(n int) Draw {
	d := Draw{s.key, s.position}
	s.position += uint64(n)
	return d
}

// Skip returns the draw whose element 0 is element n of d.
func (d Draw) Skip(n int) Draw { return Draw{d.key, d.position + uint64(n)} }

// Uniform fills dst with elements first, first+1, … as [Stream.Uniform] does.
func (d Draw) Uniform(dst []float32, first int) {
	kernels.Uniform(dst, d.key, d.position+uint64(first))
}

// Bernoulli fills dst with elements first, first+1, … as [Stream.Bernoulli] does; p[0] belongs to element first.
func (d Draw) Bernoulli(dst, p []float32, first int) {
	checkLengths("Bernoulli", len(dst), len(p))
	kernels.Bernoulli(dst, p, d.key, d.position+uint64(first))
}

// Mask fills dst with elements first, first+1, … as [Stream.Mask] does.
func (d Draw) Mask(dst []float32, keep, value float32, first int) {
	kernels.Mask(dst, keep, value, d.key, d.position+uint64(first))
}

// Normal fills dst with elements first, first+1, … as [Stream.Normal] does. A piece that starts or ends within a pair
// computes both of it and uses one.
func (d Draw) Normal(dst []float32, first int) {
	kernels.Normal(dst, d.key, d.position+uint64(first))
}

// pieceSize is how many elements are made in float32, on the stack, before they are converted to float64.
const pieceSize = 256

// Uniform64 is Uniform in float64.
func (d Draw) Uniform64(dst []float64, first int) {
	var values [pieceSize]float32
	for d = d.Skip(first); len(dst) > 0; d = d.Skip(pieceSize) {
		n := min(len(dst), pieceSize)
		d.Uniform(values[:n], 0)
		widen(dst[:n], values[:n])
		dst = dst[n:]
	}
}

// Bernoulli64 is Bernoulli in float64, with the same u.
func (d Draw) Bernoulli64(dst, p []float64, first int) {
	checkLengths("Bernoulli64", len(dst), len(p))
	var values [pieceSize]float32
	for d = d.Skip(first); len(dst) > 0; d = d.Skip(pieceSize) {
		n := min(len(dst), pieceSize)
		d.Uniform(values[:n], 0)
		for i, u := range values[:n] {
			var b float64
			if float64(u) < p[i] {
				b = 1
			}
			dst[i] = b
		}
		dst, p = dst[n:], p[n:]
	}
}

// Mask64 is Mask in float64, with the same u.
func (d Draw) Mask64(dst []float64, keep, value float64, first int) {
	var values [pieceSize]float32
	for d = d.Skip(first); len(dst) > 0; d = d.Skip(pieceSize) {
		n := min(len(dst), pieceSize)
		d.Uniform(values[:n], 0)
		for i, u := range values[:n] {
			var b float64
			if float64(u) < keep {
				b = value
			}
			dst[i] = b
		}
		dst = dst[n:]
	}
}

// Normal64 is Normal in float64: the values of float32, converted.
func (d Draw) Normal64(dst []float64, first int) {
	var values [pieceSize]float32
	for d = d.Skip(first); len(dst) > 0; d = d.Skip(pieceSize) {
		n := min(len(dst), pieceSize)
		d.Normal(values[:n], 0)
		widen(dst[:n], values[:n])
		dst = dst[n:]
	}
}

func widen(dst []float64, x []float32) {
	for i, v := range x {
		dst[i] = float64(v)
	}
}

func checkLengths(op string, dst, p int) {
	if dst != p {
		panic(fmt.Sprintf("random: %s: dst has %d elements, p has %d: want equal lengths", op, dst, p))
	}
}
