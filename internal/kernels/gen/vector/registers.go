package main

import (
	"fmt"
	"slices"
)

// assignment walks over a block once and prints its instructions with registers.
type assignment struct {
	*block
	last  []int          // the last instruction that reads a value
	regs  []int          // of values; masks of AVX-512 have registers of their own
	kept  map[string]int // constants in registers
	busy  [32]bool
	masks [8]bool
	most  int // one more than the highest register used for values
	lines []string
}

func newAssignment(b *block, out []value, kept map[string]int) *assignment {
	a := &assignment{block: b, last: make([]int, len(b.code)), regs: make([]int, len(b.code)), kept: kept}
	for i := range a.last {
		a.last[i] = -1
	}
	for i, ins := range b.code {
		for _, v := range ins.in {
			if v.konst == "" {
				a.last[v.at] = i
			}
		}
	}
	for _, v := range out {
		a.last[v.at] = len(b.code)
	}
	for _, reg := range kept {
		a.busy[reg] = true
	}
	for i, ins := range b.code {
		if ins.kind == given {
			if ins.keep {
				a.last[i] = len(b.code)
			}
			a.regs[i] = ins.reg
			a.busy[ins.reg] = true
			a.most = max(a.most, ins.reg+1)
		}
	}
	return a
}

func (a *assignment) run() {
	for i, ins := range a.code {
		if ins.kind != given {
			a.emit(i, ins)
		}
	}
}

func (a *assignment) print(format string, args ...any) {
	a.lines = append(a.lines, fmt.Sprintf(format, args...))
}

// name is the operand as text: a register, or a constant in memory.
func (a *assignment) name(v value) string {
	if v.konst != "" {
		if reg, ok := a.kept[v.konst]; ok {
			return fmt.Sprintf("%s%d", a.reg, reg)
		}
		return v.konst + "<>(SB)"
	}
	if a.isMask(v) {
		return fmt.Sprintf("K%d", a.regs[v.at])
	}
	return fmt.Sprintf("%s%d", a.reg, a.regs[v.at])
}

func (a *assignment) inMemory(v value) bool {
	_, ok := a.kept[v.konst]
	return v.konst != "" && !ok
}

// dies tells whether instruction i is the last that needs the register of v.
func (a *assignment) dies(i int, v value) bool { return v.konst == "" && a.last[v.at] == i }

func (a *assignment) take() int {
	reg := slices.Index(a.busy[:a.limit()], false)
	if reg < 0 {
		panic("a block needs too many registers")
	}
	a.busy[reg] = true
	a.most = max(a.most, reg+1)
	return reg
}

// inRegister returns the operand in a register, a temporary one if it is a constant in memory; release gives that back.
func (a *assignment) inRegister(v value) (name string, release func()) {
	if !a.inMemory(v) {
		return a.name(v), func() {}
	}
	reg := a.take()
	a.print("%s %s, %s%d", a.loadConstant(), a.name(v), a.reg, reg)
	return fmt.Sprintf("%s%d", a.reg, reg), func() { a.busy[reg] = false }
}

// free gives back the registers of operands that nothing reads after instruction i.
func (a *assignment) free(i int, in []value) {
	for _, v := range in {
		if a.dies(i, v) {
			if a.isMask(v) {
				a.masks[a.regs[v.at]] = false
			} else {
				a.busy[a.regs[v.at]] = false
			}
		}
	}
}

// result assigns the register of instruction i.
func (a *assignment) result(i int) string {
	if a.isMask(value{at: i}) {
		for k := 2; ; k++ { // K1 is the mask of the last, partial group
			if !a.masks[k] {
				a.masks[k] = true
				a.regs[i] = k
				return fmt.Sprintf("K%d", k)
			}
		}
	}
	a.regs[i] = a.take()
	return fmt.Sprintf("%s%d", a.reg, a.regs[i])
}

var commutative = []string{"VADDPS", "VMULPS", "VANDPS", "VORPS", "VXORPS", "VPADDD", "VPXOR"}

func (a *assignment) emit(i int, ins instruction) {
	in := ins.in
	switch ins.kind {
	case plain, compare, signs:
		a.emitPlain(i, ins)
	case verbatim:
		a.print("%s", ins.op)
	case fused:
		a.emitFused(i, ins)
	case xor3:
		at := slices.IndexFunc(in, func(v value) bool { return a.dies(i, v) })
		if at < 0 {
			panic("no operand of xor3 dies")
		}
		in = slices.Clone(in)
		in[0], in[at] = in[at], in[0]
		a.print("VPTERNLOGD $0x96, %s, %s, %s", a.name(in[2]), a.name(in[1]), a.name(in[0]))
		a.replace(i, in[0], in[1:])
	case blend:
		first, release := a.inRegister(in[1])
		second, mask := a.name(in[2]), a.name(in[0])
		release()
		a.free(i, in)
		if a.isa == avx512 {
			a.print("VBLENDMPS %s, %s, %s, %s", second, first, mask, a.result(i))
		} else {
			a.print("VBLENDVPS %s, %s, %s, %s", mask, second, first, a.result(i))
		}
	case masked:
		if a.isa == avx512 {
			x, mask := a.name(in[1]), a.name(in[0])
			a.free(i, in)
			a.print("VMOVAPS.Z %s, %s, %s", x, mask, a.result(i))
		} else {
			a.emitPlain(i, instruction{op: "VANDPS", in: in})
		}
	}
}

// replace gives the result of instruction i the register of x, and frees the others.
func (a *assignment) replace(i int, x value, others []value) {
	a.regs[i] = a.regs[x.at]
	for _, v := range others {
		if v != x {
			a.free(i, []value{v})
		}
	}
}

func (a *assignment) emitPlain(i int, ins instruction) {
	in := ins.in
	if len(in) == 2 && a.inMemory(in[0]) && !a.inMemory(in[1]) && slices.Contains(commutative, ins.op) {
		in = []value{in[1], in[0]}
	}
	var operands []string
	last := len(in) - 1
	for k, v := range in { // only the last, Go's first, may be in memory
		if k == last {
			operands = append(operands, a.name(v))
			break
		}
		name, release := a.inRegister(v)
		defer release()
		operands = append(operands, name)
	}
	a.free(i, in)
	slices.Reverse(operands)
	separator := " "
	if slices.Contains([]byte(ins.op), '$') {
		separator = ", "
	}
	to := a.result(i)
	a.print("%s%s%s, %s", ins.op, separator, join(operands), to)
}

// emitFused prints x·y ± z in the form whose result replaces an operand that dies, or a copy.
func (a *assignment) emitFused(i int, ins instruction) {
	x, y, z := ins.in[0], ins.in[1], ins.in[2]
	if a.inMemory(x) || !a.dies(i, x) && a.dies(i, y) {
		x, y = y, x // a constant comes second, what dies first
	}
	switch {
	case a.dies(i, z):
		a.print("%s231PS %s, %s, %s", ins.op, a.name(y), a.name(x), a.name(z))
		a.replace(i, z, []value{x, y})
	case a.dies(i, x) && a.inMemory(y):
		add, release := a.inRegister(z)
		a.print("%s132PS %s, %s, %s", ins.op, a.name(y), add, a.name(x))
		release()
		a.replace(i, x, []value{z})
	case a.dies(i, x):
		a.print("%s213PS %s, %s, %s", ins.op, a.name(z), a.name(y), a.name(x))
		a.replace(i, x, []value{y})
	case y.konst != "" && z.konst != "": // the start of a polynomial
		to := a.result(i)
		a.copyTo(to, y)
		a.print("%s213PS %s, %s, %s", ins.op, a.name(z), a.name(x), to)
	default:
		to := a.result(i)
		a.copyTo(to, z)
		a.print("%s231PS %s, %s, %s", ins.op, a.name(y), a.name(x), to)
	}
}

func (a *assignment) copyTo(to string, v value) {
	if a.inMemory(v) {
		a.print("%s %s, %s", a.loadConstant(), a.name(v), to)
	} else {
		a.print("VMOVAPS %s, %s", a.name(v), to)
	}
}
