package autodiff

import (
	"sync"

	"capas/internal/kernels/blas"

	"gonum.org/v1/gonum/blas/gonum"
	G "gorgonia.org/gorgonia"
)

// useKernels makes stock Gorgonia ops multiply float32 matrices with our kernels, by
// gorgonia.Use, unless the program has chosen a BLAS itself. Gorgonia keeps that choice
// in a variable that is not guarded: a program that runs stock ops on other machines at
// the same time should call gorgonia.Use itself, before anything else.
var useKernels = sync.OnceFunc(func() {
	if G.WhichBLAS() == G.BLAS(gonum.Implementation{}) {
		G.Use(blas.Implementation{})
	}
})
