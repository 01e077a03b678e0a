// Package train trains models: optimisers, schedules, the training loop with early
// stopping, evaluation, and snapshots from which a training goes on exactly.
//
// What is trained is anything that has parameters and the graph of its cost (a
// [Model]): a classifier, an autoencoder, an RBM by contrastive divergence. The
// optimiser's step is part of the compiled graph, so that one run of one function is
// one step. The costs of several players, each of parameters of its own, are a game: see
// [Move].
package train
