package train_test

import (
	"context"
	"math"
	"runtime"
	"slices"
	"testing"
	"time"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/random"
	"capas/train"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// bits are the bytes of parameters, as 32-bit words.
func bits(params []*blocks.Param) []uint32 {
	var out []uint32
	for _, p := range params {
		for _, v := range p.Value.Float32s() {
			out = append(out, math.Float32bits(v))
		}
	}
	return out
}

// Equal seeds give equal bytes of parameters and equal histories, with one processor
// or two, whether or not gradient norms are measured, in steps or beside them. The layers are wide enough for
// work to be divided.
func TestEqualSeedsEqualBytes(t *testing.T) {
	data := wide(t)
	for name, model := range map[string]func() train.Model{
		"mlp with dropout": func() train.Model {
			n := network(t, 200, 300, 300, 10)
			n.DropInput, n.DropHidden, n.Noise = 0.2, 0.5, random.New(8)
			return n
		},
		"denoising autoencoder": func() train.Model {
			a := must(models.NewAutoencoder("ae", 200, 300, true, blocks.Sigmoid(), blocks.Glorot4(), random.New(7)))(t)
			a.Corruption, a.Noise = blocks.Masking(0.25), random.New(8)
			return a
		},
		"convnet": func() train.Model {
			convs := []models.ConvSpec{{Maps: 7, Kernel: [2]int{3, 3}, Pool: ops.SquarePool(2)}, {Maps: 9, Kernel: [2]int{2, 3}, Conv: ops.Conv{Pad: [2]int{1, 1}}, Norm: true}}
			return must(models.NewConvNet("net", [3]int{1, 10, 20}, convs, []int{30, 10}, blocks.Tanh(), blocks.Glorot(), blocks.Glorot(), random.New(7)))(t)
		},
		"convolutional autoencoder": func() train.Model {
			c := must(blocks.NewConv2D("conv", 1, 8, [2]int{5, 5}, ops.Conv{}, 1, blocks.Sigmoid(), blocks.Glorot(), random.New(7)))(t)
			a := must(models.NewConvAutoencoder("ae", [3]int{1, 10, 20}, &models.ConvLayer{Conv: c, Pool: ops.SquarePool(2)}, blocks.Binary()))(t)
			a.Corruption, a.Noise = blocks.Masking(0.25), random.New(8)
			return a
		},
		"rbm": func() train.Model { return &models.CD{Model: machine(t, 200, 300), K: 2, Noise: random.New(8)} },
		"rbm, persistent": func() train.Model {
			return must(models.NewPersistentCD(machine(t, 200, 300), 1, 100, random.New(8)))(t)
		},
	} {
		watched := func(processors, every int, between func(context.Context, train.Moment) time.Duration) ([]uint32, *train.History) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
			m := model()
			h := run(t, train.Trainer{Model: m, Data: data, Order: random.New(9), Between: between, Recipe: train.Recipe{
				Optimizer: train.Optimizer{Kind: "nesterov", Rate: train.Constant(0.05), Momentum: train.Constant(0.5), L2: 1e-4},
				Epochs:    2, Batch: 100, NormEvery: every,
			}})
			return bits(m.Params()), h
		}
		train := func(processors, every int) ([]uint32, *train.History) { return watched(processors, every, nil) }
		one, h := train(1, 0)
		if h.Epochs[1].Train[0].Value == h.Epochs[0].Train[0].Value {
			t.Errorf("%s: nothing was learned", name)
		}
		for _, processors := range []int{1, 2, 8} {
			again, g := train(processors, 0)
			if !slices.Equal(one, again) {
				t.Errorf("%s: other parameters with %d processors", name, processors)
			}
			if d := cmp.Diff(h, g, seconds); d != "" {
				t.Errorf("%s: another history with %d processors:\n%s", name, processors, d)
			}
		}
		if measured, _ := train(2, 2); !slices.Equal(one, measured) {
			t.Errorf("%s: other parameters where gradient norms are measured", name)
		}
		if probed, g := watched(2, 0, probing(t, name)); !slices.Equal(one, probed) || cmp.Diff(h, g, seconds) != "" {
			t.Errorf("%s: other parameters or another history where gradient norms are measured beside the steps", name)
		}
	}
}

// probing measures gradient norms before every step, which must be those of a gradient.
func probing(t *testing.T, name string) func(context.Context, train.Moment) time.Duration {
	var probe *train.Probe
	return func(_ context.Context, at train.Moment) time.Duration {
		if probe == nil {
			probe = must(train.NewProbe(at.Trainer))(t)
		}
		for _, v := range must(probe.Norms())(t) {
			if !(v.Value >= 0 && v.Value < 1e6) {
				t.Errorf("%s: norm of %s is %g", name, v.Name, v.Value)
			}
		}
		return 0
	}
}

// Batches that are gathered while the step before runs are those of one processor,
// where they are gathered between steps.
func TestBatchesAheadEqualBytes(t *testing.T) {
	data := examples(t, 330, 700, 10) // 50·700 features a batch, the last one smaller
	path := func(processors int) []uint32 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
		n := network(t, 700, 10)
		run(t, train.Trainer{Model: n, Data: data, Order: random.New(9), Recipe: train.Recipe{Optimizer: train.SGD(0.1), Epochs: 5, Batch: 50}})
		return bits(n.Params())
	}
	one := path(1)
	for _, processors := range []int{2, 4} {
		if !slices.Equal(one, path(processors)) {
			t.Errorf("other parameters with %d processors", processors)
		}
	}
}

// seconds leaves out the timings of histories.
var seconds = cmpopts.IgnoreFields(train.Epoch{}, "Seconds")

// wide returns 250 examples of intensities, a last batch of 50.
func wide(t testing.TB) *datasets.Set {
	t.Helper()
	data := examples(t, 250, 200, 10)
	for i, v := range data.X.Float32s() {
		data.X.Float32s()[i] = (v + 1) / 2
	}
	return data
}
