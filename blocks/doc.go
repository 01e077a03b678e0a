// Package blocks holds the pieces of which models are built: activations, losses,
// initialisers, dense and recurrent layers, dropout, corruption, pooling and penalties.
//
// A block builds Gorgonia nodes and computes nothing. Letters are the same in all
// formulas: v or x is the input (m,n), one of m examples a row; W (n,k) the weights
// of k units with n inputs each; b (k) their bias; h the hidden units; c (n) the
// bias of a layer that runs downwards through the same weights; z the
// pre-activation; y the output; t the target. Sequences of T steps have a row a step, those of
// one sequence together, (m·T,n); U (k,k) are the weights from one state to the next.
package blocks
