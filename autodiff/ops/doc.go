// Package ops holds the operations that Capas adds to Gorgonia's expression
// graphs, and the one way to define further ones.
//
// An operation is a [Def]: the shape of its result, a kernel for float32 and one
// for float64, and its symbolic derivative, itself an expression of operations.
// [Apply] checks the operands and puts it into the graph of its operands as a
// gorgonia.SDOp, so that stock Gorgonia ops and ours mix in one graph, any
// gorgonia.VM runs it, and the gradient of a gradient is again an expression.
//
// A definition may promise more, of which compiled functions make use: that elements are
// computed one by one (Elementwise), that the result is a matrix product, which can be
// computed in blocks ([Product]), that it can be computed in ranges ([Ranged]), or that
// it is a draw of random numbers, which can be made in parts ([Draw]).
//
// The functions build nodes and compute nothing. In their formulas m is the batch
// size, a matrix has one example a row, and ⊙ multiplies element by element. Every
// one returns an error, never a panic, for operands that are nil, of different
// graphs or dtypes, or whose shapes do not fit; [Chain] keeps formulas of several
// operations readable.
//
// A recurrent layer is one operation over all steps of its sequences (Sequence), whose derivative is
// another one: the graph does not grow with their length.
//
// Expressions that the symbolic gradient produces in great number are simplified
// as they are built: products with the constant 1 vanish, and a tensor of equal
// elements ([Fill]) stays a scalar for as long as possible.
package ops
