//go:build !race

package autodiff_test

// allocations is how many a training step may make.
const allocations = 0
