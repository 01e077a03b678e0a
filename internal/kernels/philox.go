package kernels

import "math/bits"

// Constants of Philox4x32: the multipliers of the two halves, and what the key grows by in each round.
const (
	philoxM0, philoxM1 = 0xD2511F53, 0xCD9E8D57
	philoxW0, philoxW1 = 0x9E3779B9, 0xBB67AE85
	philoxRounds       = 10
)

// Philox is the generator Philox4x32-10: a bijection of the 128-bit counter, chosen by the key, whose outputs for
// consecutive counters pass the usual test batteries.
//
// Source: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
func Philox(counter [4]uint32, key [2]uint32) [4]uint32 {
	c0, c1, c2, c3 := counter[0], counter[1], counter[2], counter[3]
	k0, k1 := key[0], key[1]
	for range philoxRounds {
		hi0, lo0 := bits.Mul32(philoxM0, c0)
		hi1, lo1 := bits.Mul32(philoxM1, c2)
		c0, c1, c2, c3 = hi1^c1^k0, lo1, hi0^c3^k1, lo0
		k0 += philoxW0
		k1 += philoxW1
	}
	return [4]uint32{c0, c1, c2, c3}
}

// PhiloxFill sets dst[i] to word number first+i of the sequence of key: words 4b … 4b+3 are the output of [Philox] for the
// counter (low half of b, high half of b, 0, 0) and the key (low half, high half). Both families give the same words.
func PhiloxFill(dst []uint32, key, first uint64) {
	active().philoxFill(dst, key, first)
}

func philoxBlock(key, block uint64) [4]uint32 {
	return Philox([4]uint32{uint32(block), uint32(block >> 32)}, [2]uint32{uint32(key), uint32(key >> 32)})
}

func philoxFillPortable(dst []uint32, key, first uint64) {
	block := first / 4
	if skip := first % 4; skip != 0 {
		words := philoxBlock(key, block)
		dst = dst[copy(dst, words[skip:]):]
		block++
	}
	for ; len(dst) >= 4; dst = dst[4:] {
		*(*[4]uint32)(dst) = philoxBlock(key, block)
		block++
	}
	if len(dst) > 0 {
		words := philoxBlock(key, block)
		copy(dst, words[:])
	}
}
