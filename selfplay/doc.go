// Package selfplay trains a policy-value network by games against itself, AlphaZero in small
// (Silver et al. 2018, "A general reinforcement learning algorithm that masters chess, shogi,
// and Go through self-play"; lecture 2.4).
//
// An iteration has two parts. In the games, every move of both players is chosen by a tree
// search (package search) with the network's priors and values, noise at the root, and at the
// beginning of a game by chance, as the visits are shared. In the training, the network learns
// from positions of the last games to say how the search shared its visits there, π, and how
// the game ended, r, by the cost (r−v)² − πᵀ log p + c‖θ‖². No knowledge of the game goes in
// but its rules and the symmetries of the board, by which each position drawn is turned.
//
//   - Recipe, Training: all figures, and the stage of a pipeline that trains
//   - Evaluator: a network as the evaluator of a search, for batches of leaves
//
// A training can be interrupted between any two moves or steps. What its further course
// depends on is in the snapshot: parameters, the optimiser's tensors, the buffer of examples.
// The streams need no state: that of every game and every batch is split off by its number.
package selfplay
