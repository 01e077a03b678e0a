// Package random is the one source of random numbers of the project: counter-based streams, from which named,
// independent streams are split.
//
// A stream is a key and a position. Its draws are a function of the two, so that equal seeds give equal bytes whatever
// was drawn elsewhere, a checkpoint needs two numbers, and a bulk draw may be split over processors without changing a
// byte: element i of a call is made of word position+i.
//
//	root := random.New(seed)
//	weights, order := root.Split("init"), root.Split("order")
package random

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"capas/internal/kernels"
)

// Stream is a sequence of 32-bit words from Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
// SC 2011): word w is word w mod 4 of the block with counter w div 4, under the stream's 64-bit key. The position counts
// words, 2^64 of them.
//
// The zero value is New(0). A copy of a Stream is an independent generator at the same state. A Stream must not be used
// by two goroutines at once; give each its own Split.
type Stream struct {
	key      uint64
	position uint64

	// Words ahead of the position for Uint64, which would otherwise compute a block to use half of it: a function of key,
	// so no part of the state.
	ahead    [aheadWords]uint32
	aheadEnd uint64 // position after the last word of ahead; 0 if none
}

const aheadWords = 32

var _ rand.Source = (*Stream)(nil)

// New returns the stream whose key is seed, at position 0. Philox needs no mixing of its key: neighbouring seeds give
// unrelated streams.
func New(seed uint64) *Stream { return &Stream{key: seed} }

// Split returns the stream named label: its key is the first 64 bits of SHA-256 over s's key and the label, its position
// 0. It neither depends on s's position nor moves it, so equal labels give equal streams.
func (s *Stream) Split(label string) *Stream {
	h := sha256.New()
	h.Write([]byte("capas stream\x00"))
	h.Write(binary.LittleEndian.AppendUint64(nil, s.key))
	h.Write([]byte(label))
	return &Stream{key: binary.LittleEndian.Uint64(h.Sum(nil))}
}

// Uint64 returns the next two words, the first in the lower half. It makes Stream a [rand.Source].
func (s *Stream) Uint64() uint64 {
	at := aheadWords - (s.aheadEnd - s.position)
	if s.aheadEnd == 0 || at > aheadWords-2 {
		kernels.PhiloxFill(s.ahead[:], s.key, s.position)
		s.aheadEnd = s.position + aheadWords
		at = 0
	}
	s.position += 2
	return uint64(s.ahead[at]) | uint64(s.ahead[at+1])<<32
}

// Rand returns the methods of [rand.Rand] (IntN, Perm, Shuffle, …) on s: drawing from it moves s.
func (s *Stream) Rand() *rand.Rand { return rand.New(s) }

// MarshalText returns the state, "philox4x32-10:<key>:<position>" with both numbers in 16 hexadecimal digits.
func (s *Stream) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%s:%016x:%016x", algorithm, s.key, s.position), nil
}

const algorithm = "philox4x32-10"

// UnmarshalText sets s to a state written by MarshalText. The error says what was found; s is unchanged then.
func (s *Stream) UnmarshalText(text []byte) error {
	var key, position uint64
	_, err := fmt.Sscanf(string(text), algorithm+":%16x:%16x", &key, &position)
	got := Stream{key: key, position: position}
	// Only what MarshalText writes is accepted: no spaces, no missing digits, nothing after the end.
	if back, _ := got.MarshalText(); err != nil || string(back) != string(text) {
		const most = 64
		return fmt.Errorf("random: state of a stream: want %q, got %.*q", algorithm+":<16 hex digits>:<16 hex digits>", most, text)
	}
	*s = got
	return nil
}
