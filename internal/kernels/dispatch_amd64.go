package kernels

import "golang.org/x/sys/cpu"

// supported lists the families this machine can run, best first.
func supported() []family {
	have := []family{portable}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		have = []family{avx2, portable}
		// The flags include that the operating system saves the registers.
		if cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL {
			have = []family{avx512, avx2, portable}
		}
	}
	return have
}

// tileSize is the size of the tile of C that the micro-kernel holds in registers.
func (f family) tileSize() (rows, cols int) {
	if f == avx512 {
		return 14, 32
	}
	return tileRows, tileCols
}

func (f family) tile(t *tile) {
	if f != portable {
		tileAVX2(t)
		return
	}
	tilePortable(t)
}

func (f family) packTransposed(dst, b []float32, ld, cols, depth int) {
	if f != portable {
		packTransposedAVX2(dst, b, ld, cols, depth)
		return
	}
	packTransposedPortable(dst, b, ld, cols, depth)
}
