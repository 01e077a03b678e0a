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
			fmt.Fprintf(&t, "//go:noescape\nfunc %s%s(%s)\n\n", f.name, s.name, f.parameters())
		}
	}
	for _, f := range functions {
		slices := "dst, " + strings.Join(f.in, ", ")
		first, rest := "&dst[0]", "dst[n:]"
		for _, name := range f.in {
			first += ", &" + name + "[0]"
			rest += ", " + name + "[n:]"
		}
		fmt.Fprintf(&t, "func (f family) %s(%s) {\n", f.name, f.methodParameters())
		fmt.Fprintf(&t, "if f == portable {\n%sPortable(%s)\nreturn\n}\n", f.name, strings.Join(append([]string{slices}, f.scalars...), ", "))
		fmt.Fprintf(&t, "for len(dst) > 0 {\nn := min(len(dst), asmPiece)\n")
		arguments := strings.Join(append([]string{first, "n"}, f.scalars...), ", ")
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
