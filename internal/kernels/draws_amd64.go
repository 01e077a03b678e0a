package kernels

//go:noescape
func philoxAVX2(dst *uint32, key, block uint64, groups int)

//go:noescape
func uniformAVX2(dst *float32, words *uint32, n int)

//go:noescape
func bernoulliAVX2(dst, p *float32, words *uint32, n int)

//go:noescape
func maskAVX2(dst *float32, keep, value float32, words *uint32, n int)

//go:noescape
func normalAVX2(dst *float32, words *uint32, n int)

func (f family) philoxFill(dst []uint32, key, first uint64) {
	if f != portable {
		if head := min(len(dst), int(-first&3)); head > 0 { // up to the next whole block
			philoxFillPortable(dst[:head], key, first)
			dst, first = dst[head:], first+uint64(head)
		}
		for len(dst) >= 32 {
			n := min(len(dst), asmPiece) &^ 31
			philoxAVX2(&dst[0], key, first/4, n/32)
			dst, first = dst[n:], first+uint64(n)
		}
	}
	philoxFillPortable(dst, key, first)
}

// The conversions are exact in both families, so the portable code may finish what is left of whole groups.

func (f family) uniform(dst []float32, words []uint32) {
	if f != portable {
		for len(words) >= 8 {
			n := min(len(words), asmPiece) &^ 7
			uniformAVX2(&dst[0], &words[0], n)
			dst, words = dst[n:], words[n:]
		}
	}
	uniformPortable(dst, words)
}

func (f family) bernoulli(dst, p []float32, words []uint32) {
	if f != portable {
		for len(words) >= 8 {
			n := min(len(words), asmPiece) &^ 7
			bernoulliAVX2(&dst[0], &p[0], &words[0], n)
			dst, p, words = dst[n:], p[n:], words[n:]
		}
	}
	bernoulliPortable(dst, p, words)
}

func (f family) mask(dst []float32, keep, value float32, words []uint32) {
	if f != portable {
		for len(words) >= 8 {
			n := min(len(words), asmPiece) &^ 7
			maskAVX2(&dst[0], keep, value, &words[0], n)
			dst, words = dst[n:], words[n:]
		}
	}
	maskPortable(dst, keep, value, words)
}

func (f family) normal(dst []float32, words []uint32) {
	if f == portable {
		normalPortable(dst, words)
		return
	}
	for len(words) >= 16 {
		n := min(len(words), asmPiece) &^ 15
		normalAVX2(&dst[0], &words[0], n)
		dst, words = dst[n:], words[n:]
	}
	if len(words) > 0 { // a value must not depend on its place: the rest takes the same instructions
		var w [16]uint32
		var z [16]float32
		copy(w[:], words)
		normalAVX2(&z[0], &w[0], len(z))
		copy(dst, z[:len(words)])
	}
}
