//go:build !race

// The race detector drops objects from sync.Pools at random.

package train

import (
	"context"
	"runtime"
	"testing"

	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/random"

	"gorgonia.org/tensor"
)

// From the second epoch on, a training allocates nothing for its steps: an epoch of
// 60 steps with a smaller last batch as little as one of 3 steps, a few objects for its
// record. Where measured and other steps alternate, Gorgonia copies the shapes of the
// two monitors as they change buffers.
func TestNothingAllocatedInSteps(t *testing.T) {
	const record, slack = 25, 10 // slack for pools that the garbage collector empties
	for _, kind := range Optimizers() {
		for every, perStep := range []float64{0, 0, 2} {
			short, long := perEpoch(t, kind, every, 25), perEpoch(t, kind, every, 595)
			if short > record || long-short > 57*perStep+slack {
				t.Errorf("%s, norms every %d steps: want at most %d allocations an epoch of 3 steps and %g a step more, got %g and %g for 57 more",
					kind, every, record, perStep, short, long-short)
			}
		}
	}
}

// perEpoch is the number of allocations in an epoch of n examples in batches of 10.
func perEpoch(t *testing.T, kind string, every, n int) float64 {
	t.Helper()
	// Parallel kernels start goroutines, which are no matter of this package.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	x, labels := make([]float32, n*20), make([]uint8, n)
	random.New(1).Uniform(x)
	for i := range labels {
		labels[i] = uint8(i % 3)
	}
	data, err := datasets.NewSet("noise", tensor.New(tensor.WithShape(n, 20), tensor.WithBacking(x)), labels, 3, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	net, err := models.NewMLP("net", []int{20, 30, 3}, blocks.Sigmoid(), blocks.LeCun(), blocks.LeCun(), random.New(2))
	if err != nil {
		t.Fatal(err)
	}
	batches, err := datasets.NewBatches(data, 10, datasets.BatchOptions{Order: random.New(3)})
	if err != nil {
		t.Fatal(err)
	}
	tr := &Trainer{Model: net, Data: data, Recipe: Recipe{Optimizer: Optimizer{Kind: kind, Rate: Constant(0.01)}, Epochs: 10, NormEvery: every}}
	state, err := tr.Recipe.Optimizer.NewState(tensor.Float32)
	if err != nil {
		t.Fatal(err)
	}
	l, err := newLoop(tr, net.Params(), batches, state)
	if err != nil {
		t.Fatal(err)
	}
	return testing.AllocsPerRun(5, func() { // after a first run, which compiles
		if _, err := l.epoch(context.Background()); err != nil {
			t.Fatal(err)
		}
	})
}
