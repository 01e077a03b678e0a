package kernels

//go:noescape
func sumLanesAVX2(lanes *float64, x *float32, groups int)

//go:noescape
func sumLanesAVX512(lanes *float64, x *float32, groups int)

//go:noescape
func sumSquaresLanesAVX2(lanes *float64, x *float32, groups int)

//go:noescape
func sumSquaresLanesAVX512(lanes *float64, x *float32, groups int)

//go:noescape
func entropyLanesAVX2(lanes *float64, s, t, z *float32, groups int)

//go:noescape
func entropyLanesAVX512(lanes *float64, s, t, z *float32, groups int)

//go:noescape
func columnSumsAVX2(dst, x *float32, rows, cols, ld int)

//go:noescape
func columnSumsAVX512(dst, x *float32, rows, cols, ld int)

//go:noescape
func finiteAVX2(x *float32, n int) bool

//go:noescape
func finiteAVX512(x *float32, n int) bool

// What adds to lanes takes whole groups of sixteen, at most sumBlock elements.

func (f family) addToLanes(l *lanes, x []float32) {
	groups := len(x) / sumLanes
	switch {
	case groups == 0:
	case f == avx512:
		sumLanesAVX512(&l[0], &x[0], groups)
	case f == avx2:
		sumLanesAVX2(&l[0], &x[0], groups)
	default:
		addToLanesPortable(l, x)
	}
}

func (f family) addSquaresToLanes(l *lanes, x []float32) {
	groups := len(x) / sumLanes
	switch {
	case groups == 0:
	case f == avx512:
		sumSquaresLanesAVX512(&l[0], &x[0], groups)
	case f == avx2:
		sumSquaresLanesAVX2(&l[0], &x[0], groups)
	default:
		addSquaresToLanesPortable(l, x)
	}
}

func (f family) addEntropyToLanes(l *lanes, s, t, z []float32) {
	groups := len(s) / sumLanes
	switch {
	case groups == 0:
	case f == avx512:
		entropyLanesAVX512(&l[0], &s[0], &t[0], &z[0], groups)
	case f == avx2:
		entropyLanesAVX2(&l[0], &s[0], &t[0], &z[0], groups)
	default:
		addEntropyToLanesPortable(l, s, t, z)
	}
}

// colSum gives assembly some columns at a time, which leave the order of additions within each as it is, so that a call
// takes some microseconds unless there are very many rows.
func (f family) colSum(dst, x []float32, rows, cols, ld int) {
	if f == portable || rows == 0 {
		colSumPortable(dst, x, rows, cols, ld)
		return
	}
	const most = 1 << 15 // elements
	step := max(64, most/rows&^63)
	for from := 0; from < cols; from += step {
		n := min(step, cols-from)
		if f == avx512 {
			columnSumsAVX512(&dst[from], &x[from], rows, n, ld)
		} else {
			columnSumsAVX2(&dst[from], &x[from], rows, n, ld)
		}
	}
}

func (f family) finite(x []float32) bool {
	if f == portable {
		return finitePortable(x)
	}
	for len(x) > 0 {
		n, ok := min(len(x), asmPiece), false
		if f == avx512 {
			ok = finiteAVX512(&x[0], n)
		} else {
			ok = finiteAVX2(&x[0], n)
		}
		if !ok {
			return false
		}
		x = x[n:]
	}
	return true
}
