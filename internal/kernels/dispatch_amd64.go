package kernels

import "golang.org/x/sys/cpu"

// supported lists the families this machine can run, best first.
func supported() []family {
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		return []family{avx2, portable}
	}
	return []family{portable}
}

func (f family) tile(t *tile) {
	if f == avx2 {
		tileAVX2(t)
		return
	}
	tilePortable(t)
}

func (f family) packTransposed(dst, b []float32, ld, cols, depth int) {
	if f == avx2 {
		packTransposedAVX2(dst, b, ld, cols, depth)
		return
	}
	packTransposedPortable(dst, b, ld, cols, depth)
}
