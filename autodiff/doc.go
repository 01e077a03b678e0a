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
// same graph run by gorgonia.NewTapeMachine gives the same numbers.
//
// Stock Gorgonia ops may stand in any graph. Those of version 0.9.18 that compute
// something wrong (Dropout, average pooling, the gradient of InverseSqrt) are
// refused with an error that names the replacement.
package autodiff
