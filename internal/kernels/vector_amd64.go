package kernels

// Assembly cannot be preempted, so a garbage collection waits for it: slices go to it in pieces of some microseconds.
const asmPiece = 4096

//go:noescape
func expAVX2(dst, x *float32, n int)

//go:noescape
func sigmoidAVX2(dst, x *float32, n int)

//go:noescape
func tanhAVX2(dst, x *float32, n int)

//go:noescape
func softplusAVX2(dst, x *float32, n int)

//go:noescape
func logAVX2(dst, x *float32, n int)

// pieces calls kernel, one of the functions above, for consecutive parts of x.
func pieces(kernel func(dst, x *float32, n int), dst, x []float32) {
	for len(x) > 0 {
		n := min(len(x), asmPiece)
		kernel(&dst[0], &x[0], n)
		dst, x = dst[n:], x[n:]
	}
}

func (f family) exp(dst, x []float32) {
	if f != portable {
		pieces(expAVX2, dst, x)
		return
	}
	expPortable(dst, x)
}

func (f family) sigmoid(dst, x []float32) {
	if f != portable {
		pieces(sigmoidAVX2, dst, x)
		return
	}
	sigmoidPortable(dst, x)
}

func (f family) tanh(dst, x []float32) {
	if f != portable {
		pieces(tanhAVX2, dst, x)
		return
	}
	tanhPortable(dst, x)
}

func (f family) softplus(dst, x []float32) {
	if f != portable {
		pieces(softplusAVX2, dst, x)
		return
	}
	softplusPortable(dst, x)
}

func (f family) log(dst, x []float32) {
	if f != portable {
		pieces(logAVX2, dst, x)
		return
	}
	logPortable(dst, x)
}
