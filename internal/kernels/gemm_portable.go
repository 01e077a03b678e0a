package kernels

// tilePortable is the micro-kernel in Go: blocks of 2×4 keep eight sums in registers.
func tilePortable(t *tile) {
	if len(t.pack) > 0 {
		packRows(t.pack, t.b, t.bRow, tileCols, t.depth)
		packed := *t
		packed.b, packed.bRow, packed.pack = t.pack, tileCols, nil
		tilePortable(&packed)
		return
	}
	for i := 0; i < t.rows; i += 2 {
		a0 := t.a[i*t.aRow:]
		a1, c1 := a0, []float32(nil)
		if i+1 < t.rows {
			a1, c1 = t.a[(i+1)*t.aRow:], t.c[(i+1)*t.cRow:][:tileCols]
		}
		c0 := t.c[i*t.cRow:][:tileCols]
		for j := 0; j < tileCols; j += 4 {
			quad0, quad1 := (*[4]float32)(c0[j:]), new([4]float32)
			if c1 != nil {
				quad1 = (*[4]float32)(c1[j:])
			}
			if !t.accumulate {
				*quad0, *quad1 = [4]float32{}, [4]float32{}
			}
			chains2x4(quad0, quad1, a0, a1, t.aCol, t.b[j:], t.bRow, t.depth)
		}
	}
}

// chains2x4 adds Σ_p a0[p]·b[p][j] to c0[j], and with a1 to c1[j]. The products are rounded before they are added, which
// keeps compilers from fusing on some machines only.
func chains2x4(c0, c1 *[4]float32, a0, a1 []float32, aCol int, b []float32, bRow, depth int) {
	s00, s01, s02, s03 := c0[0], c0[1], c0[2], c0[3]
	s10, s11, s12, s13 := c1[0], c1[1], c1[2], c1[3]
	for p := range depth {
		q := b[p*bRow:][:4]
		x0, x1 := a0[p*aCol], a1[p*aCol]
		s00 += float32(x0 * q[0])
		s01 += float32(x0 * q[1])
		s02 += float32(x0 * q[2])
		s03 += float32(x0 * q[3])
		s10 += float32(x1 * q[0])
		s11 += float32(x1 * q[1])
		s12 += float32(x1 * q[2])
		s13 += float32(x1 * q[3])
	}
	*c0 = [4]float32{s00, s01, s02, s03}
	*c1 = [4]float32{s10, s11, s12, s13}
}
