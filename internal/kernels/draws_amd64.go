package kernels

//go:noescape
func philoxAVX2(dst *uint32, key, block uint64, groups int)

//go:noescape
func philoxAVX512(dst *uint32, key, block uint64, groups int)

//go:noescape
func uniformAVX2(dst *float32, key, block uint64, groups int)

//go:noescape
func uniformAVX512(dst *float32, key, block uint64, groups int)

//go:noescape
func bernoulliAVX2(dst, p *float32, key, block uint64, groups int)

//go:noescape
func bernoulliAVX512(dst, p *float32, key, block uint64, groups int)

//go:noescape
func maskAVX2(dst *float32, key, block uint64, groups int, keep, value float32)

//go:noescape
func maskAVX512(dst *float32, key, block uint64, groups int, keep, value float32)

//go:noescape
func normalAVX2(dst *float32, words *uint32, n int)

//go:noescape
func normalAVX512(dst *float32, words *uint32, n int)

// The assembly makes groups of words from the start of a block on; part of a group is computed whole, aside.

const mostOfGroup = 64

// group is the number of words that the assembly makes at a time.
func (f family) group() int {
	if f == avx512 {
		return mostOfGroup
	}
	return 48
}

// stretch says how many of the next words, of which left are wanted, to make at once: skip is what stands before
// them in their block. groups is not 0 if they are whole groups.
func (f family) stretch(first uint64, left int) (skip, n, groups int) {
	skip, group := int(first%4), f.group()
	if skip == 0 && left >= group {
		groups = min(left, asmPiece) / group
		return 0, groups * group, groups
	}
	return skip, min(left, group-skip), 0
}

func (f family) philoxFill(dst []uint32, key, first uint64) {
	if f == portable {
		philoxFillPortable(dst, key, first)
		return
	}
	for len(dst) > 0 {
		skip, n, groups := f.stretch(first, len(dst))
		if groups > 0 {
			f.philoxGroups(&dst[0], key, first/4, groups)
		} else {
			var all [mostOfGroup]uint32
			f.philoxGroups(&all[0], key, first/4, 1)
			copy(dst, all[skip:skip+n])
		}
		dst, first = dst[n:], first+uint64(n)
	}
}

func (f family) philoxGroups(dst *uint32, key, block uint64, groups int) {
	if f == avx512 {
		philoxAVX512(dst, key, block, groups)
	} else {
		philoxAVX2(dst, key, block, groups)
	}
}

func (f family) uniform(dst []float32, key, first uint64) {
	if f == portable {
		uniformPortable(dst, key, first)
		return
	}
	for len(dst) > 0 {
		skip, n, groups := f.stretch(first, len(dst))
		if groups > 0 {
			f.uniformGroups(&dst[0], key, first/4, groups)
		} else {
			var all [mostOfGroup]float32
			f.uniformGroups(&all[0], key, first/4, 1)
			copy(dst, all[skip:skip+n])
		}
		dst, first = dst[n:], first+uint64(n)
	}
}

func (f family) uniformGroups(dst *float32, key, block uint64, groups int) {
	if f == avx512 {
		uniformAVX512(dst, key, block, groups)
	} else {
		uniformAVX2(dst, key, block, groups)
	}
}

func (f family) bernoulli(dst, p []float32, key, first uint64) {
	if f == portable {
		bernoulliPortable(dst, p, key, first)
		return
	}
	for len(dst) > 0 {
		skip, n, groups := f.stretch(first, len(dst))
		if groups > 0 {
			f.bernoulliGroups(&dst[0], &p[0], key, first/4, groups)
		} else {
			var all [mostOfGroup]float32
			copy(all[skip:], p[:n])
			f.bernoulliGroups(&all[0], &all[0], key, first/4, 1)
			copy(dst, all[skip:skip+n])
		}
		dst, p, first = dst[n:], p[n:], first+uint64(n)
	}
}

func (f family) bernoulliGroups(dst, p *float32, key, block uint64, groups int) {
	if f == avx512 {
		bernoulliAVX512(dst, p, key, block, groups)
	} else {
		bernoulliAVX2(dst, p, key, block, groups)
	}
}

func (f family) mask(dst []float32, keep, value float32, key, first uint64) {
	if f == portable {
		maskPortable(dst, keep, value, key, first)
		return
	}
	keep *= 1 << 24 // exact; the assembly compares with the upper bits of a word as an integer
	for len(dst) > 0 {
		skip, n, groups := f.stretch(first, len(dst))
		if groups > 0 {
			f.maskGroups(&dst[0], key, first/4, groups, keep, value)
		} else {
			var all [mostOfGroup]float32
			f.maskGroups(&all[0], key, first/4, 1, keep, value)
			copy(dst, all[skip:skip+n])
		}
		dst, first = dst[n:], first+uint64(n)
	}
}

func (f family) maskGroups(dst *float32, key, block uint64, groups int, keep, value float32) {
	if f == avx512 {
		maskAVX512(dst, key, block, groups, keep, value)
	} else {
		maskAVX2(dst, key, block, groups, keep, value)
	}
}

// normalWords makes normals of an even number of words.
func (f family) normalWords(dst []float32, words []uint32) {
	if f == portable {
		normalWordsPortable(dst, words)
		return
	}
	group := 16
	if f == avx512 {
		group = 32
	}
	if n := len(words) / group * group; n > 0 {
		f.normalGroups(&dst[0], &words[0], n)
		dst, words = dst[n:], words[n:]
	}
	if len(words) > 0 { // a value must not depend on its place: the rest takes the same instructions
		var w [32]uint32
		var z [32]float32
		copy(w[:], words)
		f.normalGroups(&z[0], &w[0], group)
		copy(dst, z[:len(words)])
	}
}

func (f family) normalGroups(dst *float32, words *uint32, n int) {
	if f == avx512 {
		normalAVX512(dst, words, n)
	} else {
		normalAVX2(dst, words, n)
	}
}
