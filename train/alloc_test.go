//go:build !race

// The race detector drops objects from sync.Pools at random.

package train

import (
	"context"
	"runtime"
	"testing"

	"capas/autodiff/ops"
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
			recipe := Recipe{Optimizer: Optimizer{Kind: kind, Rate: Constant(0.01), MaxNorm: float64(every)}, NormEvery: every}
			short, long := perEpoch(t, network, recipe, 25), perEpoch(t, network, recipe, 595)
			if short > record || long-short > 57*perStep+slack {
				t.Errorf("%s, norms every %d steps: want at most %d allocations an epoch of 3 steps and %g a step more, got %g and %g for 57 more",
					kind, every, record, perStep, short, long-short)
			}
		}
	}
}

// Nor do the steps of contrastive divergence with all that belongs to it, and units of all
// types.
func TestNothingAllocatedByCD(t *testing.T) {
	const record, slack = 25, 10
	for name, change := range map[string]func(r *models.RBM) error{
		"bernoulli": func(r *models.RBM) error { return nil },
		"gaussian":  func(r *models.RBM) error { r.HiddenUnits = models.GaussianUnits(); return r.SetVariance(1) },
		"softmax": func(r *models.RBM) error {
			r.VisibleUnits, r.HiddenUnits = models.SoftmaxUnits(5), models.SoftmaxUnits(30)
			return nil
		},
		"rectified": func(r *models.RBM) error { r.HiddenUnits = models.RectifiedUnits(); return nil },
	} {
		model := func(t *testing.T) Model {
			r, err := models.NewRBM("rbm", 20, 30, blocks.Gaussian(0.01), random.New(2))
			if err == nil {
				err = change(r)
			}
			if err != nil {
				t.Fatal(err)
			}
			cd := &models.CD{Model: r, K: 2, Noise: random.New(4)}
			if name == "bernoulli" {
				if cd, err = models.NewPersistentCD(r, 2, 10, random.New(4)); err != nil {
					t.Fatal(err)
				}
			}
			if name == "bernoulli" || name == "rectified" {
				if cd.Sparsity, err = models.NewSparsity(r, 0.1, 0.1, 0.9); err != nil {
					t.Fatal(err)
				}
			}
			if name != "gaussian" {
				if cd.Centring, err = models.NewCentring(r, 0.01); err != nil {
					t.Fatal(err)
				}
			}
			return cd
		}
		recipe := Recipe{Optimizer: Optimizer{Kind: "momentum", Rate: Constant(0.001), L2: 2e-4, MaxNorm: 3}}
		if short, long := perEpoch(t, model, recipe, 25), perEpoch(t, model, recipe, 595); short > record || long-short > slack {
			t.Errorf("%s: want at most %d allocations an epoch of 3 steps and none a step more, got %g and %g for 57 more", name, record, short, long-short)
		}
	}
}

// Nor do those of convolutional layers.
func TestNothingAllocatedByConvolution(t *testing.T) {
	const record, slack = 25, 10
	model := func(t *testing.T) Model {
		convs := []models.ConvSpec{
			{Maps: 3, Kernel: [2]int{3, 3}, Conv: ops.Conv{Pad: [2]int{1, 1}}, Pool: ops.SquarePool(2)},
			{Maps: 4, Kernel: [2]int{2, 2}, Norm: true, Pool: ops.SquarePool(1), Average: true},
		}
		net, err := models.NewConvNet("net", [3]int{1, 4, 5}, convs, []int{3}, blocks.Tanh(), blocks.LeCun(), blocks.LeCun(), random.New(2))
		if err != nil {
			t.Fatal(err)
		}
		return net
	}
	recipe := Recipe{Optimizer: Optimizer{Kind: "momentum", Rate: Constant(0.001)}}
	if short, long := perEpoch(t, model, recipe, 25), perEpoch(t, model, recipe, 595); short > record || long-short > slack {
		t.Errorf("want at most %d allocations an epoch of 3 steps and none a step more, got %g and %g for 57 more", record, short, long-short)
	}
}

func network(t *testing.T) Model {
	net, err := models.NewMLP("net", []int{20, 30, 3}, blocks.Sigmoid(), blocks.LeCun(), blocks.LeCun(), random.New(2))
	if err != nil {
		t.Fatal(err)
	}
	return net
}

// perEpoch is the number of allocations in an epoch of n examples in batches of 10.
func perEpoch(t *testing.T, model func(t *testing.T) Model, recipe Recipe, n int) float64 {
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
	net := model(t)
	batches, err := datasets.NewBatches(data, 10, datasets.BatchOptions{Order: random.New(3)})
	if err != nil {
		t.Fatal(err)
	}
	recipe.Epochs = 10
	tr := &Trainer{Model: net, Data: data, Recipe: recipe}
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
