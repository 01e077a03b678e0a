package main

func (s isa) chooseLoop(p *printer) {
	p.op("MOVQ tile_depth(DI), AX")
	p.op("CMPQ tile_cols(DI), $%d", s.bytes/4)
	p.op("JLE tonarrow")
	p.op("MOVQ %d(SP), CX", localPack)
	p.op("CMPQ %d(SP), $0", localMasked)
	p.op("JNE tomasked")
	p.op("TESTQ CX, CX")
	p.op("JNZ packing")
	p.op("JMP plain")
	p.label("tomasked")
	p.op("MOVQ $%d, %d(SP)", 2*s.bytes, step)
	s.maskAddress(p)
	p.op("TESTQ CX, CX")
	p.op("JNZ masked")
	p.op("MOVQ $0, %d(SP)", step)
	p.op("LEAQ %d(SP), CX", area)
	p.op("JMP masked")
	p.label("tonarrow")
	s.maskAddress(p)
	if s == avx2 {
		p.op("VMOVUPS (DX), %s", s.half(1))
	}
	p.op("JMP narrow")
}

// maskAddress points DX to the masks of AVX2.
func (s isa) maskAddress(p *printer) {
	if s == avx2 {
		p.op("MOVQ %d(SP), DX", localMasks)
	}
}

func (s isa) loop(p *printer, rows int, name string, load func(), packStep string) {
	p.aligned(name)
	load()
	p.op("ADDQ BX, SI")
	if packStep != "" {
		p.op("VMOVUPS %s, (CX)", s.half(0))
		p.op("VMOVUPS %s, %d(CX)", s.half(1), s.bytes)
		p.op("ADDQ %s, CX", packStep)
	}
	for i := range rows {
		p.op("ROW(%s, %s, %s, %s)", aRow(i), s.broadcast(i), s.acc(i, 0), s.acc(i, 1))
	}
	s.endLoop(p, rows, name)
}

func (s isa) endLoop(p *printer, rows int, name string) {
	p.op("ADDQ R15, R8")
	if rows > 9 {
		p.op("ADDQ R15, R13")
	}
	p.op("DECQ AX")
	p.op("JNZ %s", name)
}

// prefetch asks for B's rows ahead, both cache lines that an unaligned register may touch: the processor does not foresee
// rows far apart. What the next panel will need of the same row goes to the second-level cache.
func (s isa) prefetch(p *printer) {
	p.op("PREFETCHT0 (SI)(BX*8)")
	p.op("PREFETCHT0 %d(SI)(BX*8)", 2*s.bytes-1)
	p.op("PREFETCHT1 %d(SI)", 4*s.bytes)
}

// besideRows is the number of rows from which a kernel of AVX-512 has the time for prefetchBeside; those of AVX2 have
// more loads for a multiply-add, and lose by another.
const besideRows = 4

// prefetchBeside asks for what the next tile reads of B's row, if B is read in place: its cache lines but for those that
// this tile has touched.
func (s isa) prefetchBeside(p *printer) {
	for at := 2*s.bytes + 63; at < 4*s.bytes; at += 64 {
		p.op("PREFETCHT0 %d(SI)", at)
	}
}

func (s isa) fullLoad(p *printer) {
	p.op("VMOVUPS (SI), %s", s.half(0))
	p.op("VMOVUPS %d(SI), %s", s.bytes, s.half(1))
}

func (s isa) maskedLoad(p *printer) {
	for h := range 2 {
		if s == avx2 {
			p.op("VMOVUPS %d(DX), %s", h*s.bytes, s.half(h))
			p.op("VMASKMOVPS %d(SI), %s, %s", h*s.bytes, s.half(h), s.half(h))
		} else {
			p.op("VMOVUPS.Z %d(SI), K%d, %s", h*s.bytes, h+1, s.half(h))
		}
	}
}

// narrowLoop is for columns that fit in one register.
func (s isa) narrowLoop(p *printer, rows int) {
	p.aligned("narrow")
	if s == avx2 {
		p.op("VMASKMOVPS (SI), %s, %s", s.half(1), s.half(0))
	} else {
		p.op("VMOVUPS.Z (SI), K1, %s", s.half(0))
	}
	p.op("ADDQ BX, SI")
	for i := range rows {
		p.op("VBROADCASTSS %s, %s", aRow(i), s.broadcast(i))
		p.op("VFMADD231PS %s, %s, %s", s.half(0), s.broadcast(i), s.acc(i, 0))
	}
	s.endLoop(p, rows, "narrow")
}
