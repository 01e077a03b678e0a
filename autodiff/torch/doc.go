// Package torch runs compiled functions on libtorch, the engine of PyTorch, by way of the module
// github.com/sugarme/gotch: on a GPU, or to check Capas's own kernels by another engine's. It is a
// backend for autodiff.Compiler.
//
// A function's graph stays what it is, with the symbolic gradient and the optimiser's updates in it:
// each operation becomes one call of libtorch or several ([Open] and autodiff.Compiler.Compile). An
// operation that the package cannot translate is an error that names it and its node. Random
// numbers are drawn by Capas's streams on the processor and handed over, so that a run draws the
// same ones on every engine.
//
// Tensors stay where they are, in the program's memory: on the processor libtorch works on it
// directly, on a GPU what a run reads is copied there, and what it leaves is copied back.
//
// The package is built with the tag libtorch, after scripts/libtorch has set libtorch up. Without the
// tag there is only [Open], which says so. docs/libtorch.md has the details.
package torch
