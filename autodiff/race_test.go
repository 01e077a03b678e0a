//go:build race

package autodiff_test

// Under the race detector sync.Pool, in which the kernels keep their scratch memory,
// forgets at random.
const allocations = 10
