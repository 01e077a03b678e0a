package main

import "fmt"

// isa is what distinguishes the instruction sets.
type isa struct {
	name  string
	reg   string // prefix of the vector registers
	bytes int    // of a vector register
	rows  int    // of the greatest tile
	b     int    // the first of the two registers of B; the two broadcasts of A follow, accumulators come before
	ahead int    // how many rows ahead B is prefetched: 8, or 12 as 8 + 4
}

var (
	avx2   = isa{name: "avx2", reg: "Y", bytes: 32, rows: 6, b: 12, ahead: 8}
	avx512 = isa{name: "avx512", reg: "Z", bytes: 64, rows: 14, b: 28, ahead: 12}
)

func (s isa) kernelName(rows int) string { return fmt.Sprintf("%sRows%d", s.name, rows) }

func (s isa) transposeName() string { return s.name + "Transpose" }

// acc is the accumulator of row i, half h.
func (s isa) acc(i, h int) string { return fmt.Sprintf("%s%d", s.reg, 2*i+h) }

// half is the register of B's half h.
func (s isa) half(h int) string { return fmt.Sprintf("%s%d", s.reg, s.b+h) }

// broadcast is the register of an element of A; two take turns.
func (s isa) broadcast(i int) string { return fmt.Sprintf("%s%d", s.reg, s.b+2+i%2) }

// aRow is the address of row i of A (or of the matrix to transpose) at the current k: R8 is the first row, R9 the
// distance of rows, R10, R11 and R12 are 3, 5 and 7 times that, R13 is row 9.
func aRow(i int) string {
	return [...]string{"(R8)", "(R8)(R9*1)", "(R8)(R9*2)", "(R8)(R10*1)", "(R8)(R9*4)", "(R8)(R11*1)", "(R8)(R10*2)",
		"(R8)(R12*1)", "(R8)(R9*8)", "(R13)", "(R8)(R11*2)", "(R13)(R9*2)", "(R8)(R10*4)", "(R13)(R9*4)",
		"(R13)(R11*1)", "(R13)(R10*2)"}[i]
}

// rowStrides prepares what aRow uses, as far as the number of rows needs it; R9 is given.
func (p *printer) rowStrides(rows int) {
	if rows > 3 {
		p.op("LEAQ (R9)(R9*2), R10")
	}
	if rows > 5 {
		p.op("LEAQ (R9)(R9*4), R11")
	}
	if rows > 7 {
		p.op("LEAQ (R10)(R9*4), R12")
	}
}

// row9 prepares R13 from R8.
func (p *printer) row9(rows int) {
	if rows > 9 {
		p.op("LEAQ (R8)(R9*8), R13")
		p.op("ADDQ R9, R13")
	}
}
