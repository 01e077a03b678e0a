// Package autodiff differentiates Gorgonia's expression graphs and compiles them
// into functions.
//
// [Grad] builds the symbolic gradient of a cost. Unlike gorgonia.Grad it may be
// called any number of times on one graph: several costs that share nodes, and the
// gradient of a gradient, come out right.
//
// [Compile] turns a graph into a [Function] in Theano's sense (Bergstra et al.
// 2010, "Theano: a CPU and GPU math compiler in Python"): given its inputs it
// computes its outputs and then applies its updates, among them the optimiser's
// step. Only the nodes that are needed are run, equal expressions are computed once,
// every buffer is allocated when the function is made, and a run of Capas's own
// operations (package ops) allocates nothing. A Function is a gorgonia.VM, and the
// same graph run by gorgonia.NewTapeMachine gives the same numbers, to the last bit
// where no two matrix products are added up.
//
// # How a function is compiled
//
// The nodes become a plan of entries, equal ones merged (compile.go). Updates that
// work element by element are made to write in place of their target (update.go). The
// entries are divided into groups (divide.go): a matrix product, or a sum of products,
// with the elementwise operations that follow, random draws and optimiser steps among
// them; or a chain of elementwise operations alone. A group runs as one step, block by
// block of its result, so that each block is finished while it is in the cache, and
// what only the group reads is never written to memory (chain.go, layout.go). Blocks
// are divided among the processors (internal/workers); they are independent, so that
// the bytes do not depend on how many there are. What must be in memory gets a buffer
// for as long as something reads it (memory.go). A function with a [Profile] records
// what each step costs.
//
// Stock Gorgonia ops may stand in any graph. Those of version 0.9.18 that compute
// something wrong (Dropout, average pooling, the gradients of InverseSqrt and
// Log2) are refused with an error that names the replacement.
//
// # Other engines
//
// A [Compiler] has a function run on a [Backend] instead, such as libtorch (package torch): it gets
// the plan as a [Program]. A [Referee] runs functions on both and notes how far they are apart.
package autodiff
