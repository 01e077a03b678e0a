package main

import (
	"fmt"
	"strings"
)

// calls declares the assembly of the elementwise functions and the methods that choose between the families.
func calls() string {
	var t strings.Builder
	t.WriteString(generated + "package kernels\n\n")
	for _, f := range functions {
		for _, s := range []*isa{avx2, avx512} {
			fmt.Fprintf(&t, "//go:noescape\nfunc %s%s%s\n\n", f.name, s.name, f.signature())
		}
	}
	for _, f := range functions {
		slices := "dst, " + strings.Join(f.in, ", ")
		first, rest := "&dst[0]", "dst[n:]"
		for _, name := range f.in {
			first += ", &" + name + "[0]"
			rest += ", " + name + "[n:]"
		}
		portable := fmt.Sprintf("%sPortable(%s)", f.name, strings.Join(append([]string{slices}, f.scalars...), ", "))
		arguments := strings.Join(append([]string{first, "n"}, f.scalars...), ", ")
		if f.small() {
			fmt.Fprintf(&t, "func (f family) %s(%s) bool {\n", f.name, f.methodParameters())
			fmt.Fprintf(&t, "if f == portable {\n%s\nreturn finitePortable(dst)\n}\n", portable)
			fmt.Fprintf(&t, "finite := true\nfor len(dst) > 0 {\nn, small := min(len(dst), asmPiece), false\n")
			fmt.Fprintf(&t, "if f == avx512 {\nsmall = %sAVX512(%s)\n} else {\nsmall = %sAVX2(%s)\n}\n", f.name, arguments, f.name, arguments)
			fmt.Fprintf(&t, "finite = finite && (small || f.finite(dst[:n]))\n%s = %s\n}\nreturn finite\n}\n\n", slices, rest)
			continue
		}
		fmt.Fprintf(&t, "func (f family) %s(%s) {\n", f.name, f.methodParameters())
		fmt.Fprintf(&t, "if f == portable {\n%s\nreturn\n}\n", portable)
		fmt.Fprintf(&t, "for len(dst) > 0 {\nn := min(len(dst), asmPiece)\n")
		fmt.Fprintf(&t, "if f == avx512 {\n%sAVX512(%s)\n} else {\n%sAVX2(%s)\n}\n", f.name, arguments, f.name, arguments)
		fmt.Fprintf(&t, "%s = %s\n}\n}\n\n", slices, rest)
	}
	return t.String()
}

// portableCalls are the methods on other processors.
func portableCalls() string {
	var t strings.Builder
	t.WriteString(generated + "//go:build !amd64\n\npackage kernels\n\n")
	for _, f := range functions {
		arguments := strings.Join(append(append([]string{"dst"}, f.in...), f.scalars...), ", ")
		if f.small() {
			fmt.Fprintf(&t, "func (family) %s(%s) bool {\n%sPortable(%s)\nreturn finitePortable(dst)\n}\n", f.name, f.methodParameters(), f.name, arguments)
			continue
		}
		fmt.Fprintf(&t, "func (family) %s(%s) { %sPortable(%s) }\n", f.name, f.methodParameters(), f.name, arguments)
	}
	return t.String()
}

func (f function) methodParameters() string {
	text := "dst, " + strings.Join(f.in, ", ") + " []float32"
	if len(f.scalars) > 0 {
		text += ", " + strings.Join(f.scalars, ", ") + " float32"
	}
	return text
}
