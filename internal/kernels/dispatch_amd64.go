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
