// Package games holds board games for two players who put stones in turn, tic-tac-toe and
// Connect Four: their rules, symmetries and pictures, what a network sees of a position, and
// exact values by minimax.
//
//   - Game, Position: the rules; a position is a small value that can be compared and be the
//     key of a map
//   - Game.Planes, Symmetry: a position as the input of a network, and its mirror images
//   - Solver: the value of a position under perfect play
//   - Game.Text, Game.ParseMove: positions and moves for people
//
// Both games are one: stones in a row on a grid of at most 64 bits, with or without gravity.
package games
