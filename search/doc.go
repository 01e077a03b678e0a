// Package search chooses moves in board games by Monte Carlo tree search: with the priors and
// values of a network, as AlphaZero does (Silver et al. 2018), or with random games to the end.
//
//   - Searcher: trees for many positions side by side, whose leaves are evaluated in batches;
//     Options: the rule of selection, simulations, noise at the root
//   - Evaluator: what a leaf is worth; Rollout: one random game from it
//   - Player, Match: players and games between them; Random, OnePly and Perfect are simple ones
//
// Values are those of the player to move, from −1, a loss, to 1, a win. A position's result
// depends on the position, its stream and what the evaluator says of its leaves, never on the
// positions beside it or on the number of processors.
package search
