package kernels

//go:noescape
func tileRows1(t *tile)

//go:noescape
func tileRows2(t *tile)

//go:noescape
func tileRows3(t *tile)

//go:noescape
func tileRows4(t *tile)

//go:noescape
func tileRows5(t *tile)

//go:noescape
func tileRows6(t *tile)

//go:noescape
func transpose8(dst, src *float32, ld, groups int)

func tileAVX2(t *tile) {
	switch t.rows {
	case 1:
		tileRows1(t)
	case 2:
		tileRows2(t)
	case 3:
		tileRows3(t)
	case 4:
		tileRows4(t)
	case 5:
		tileRows5(t)
	case 6:
		tileRows6(t)
	}
}

// packTransposedAVX2 transposes whole squares of 8×8 in registers and leaves the edges to the portable code.
func packTransposedAVX2(dst, b []float32, ld, cols, depth int) {
	whole := depth &^ 7
	if cols < tileCols || whole == 0 {
		packTransposedPortable(dst, b, ld, cols, depth)
		return
	}
	transpose8(&dst[0], &b[0], ld, whole/8)
	transpose8(&dst[8], &b[8*ld], ld, whole/8)
	if whole < depth {
		packTransposedPortable(dst[whole*tileCols:], b[whole:], ld, cols, depth-whole)
	}
}
