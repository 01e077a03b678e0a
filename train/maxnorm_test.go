package train_test

import (
	"math"
	"testing"

	"capas/train"
)

// columns are the norms of the columns of a matrix (n,k).
func columns(W []float32, k int) []float64 {
	out := make([]float64, k)
	for i, w := range W {
		out[i%k] += float64(w) * float64(w)
	}
	for j := range out {
		out[j] = math.Sqrt(out[j])
	}
	return out
}

// A step under a bound is the step without, and then the longer columns of the weights,
// not the biases, scaled down to it.
func TestMaxNorm(t *testing.T) {
	data := examples(t, 40, 6, 3)
	for _, kind := range train.Optimizers() {
		step := func(bound float64) [][]float32 {
			net := network(t, 6, 5, 3)
			recipe := train.Recipe{Optimizer: train.Optimizer{Kind: kind, Rate: train.Constant(0.3), Momentum: train.Constant(0.5), MaxNorm: bound}, Epochs: 1, Batch: 0}
			run(t, train.Trainer{Model: net, Data: data, Recipe: recipe})
			var all [][]float32
			for _, p := range net.Params() {
				all = append(all, p.Value.Float32s())
			}
			return all
		}
		free := step(0)
		bound := columns(free[0], 5)[2] * 1.0001 // of the first layer's columns some are longer, and this one is not
		cut, kept := 0, 0
		for i, got := range step(bound) {
			want := free[i]
			if k := []int{5, 0, 3, 0}[i]; k > 0 {
				for j, norm := range columns(free[i], k) {
					factor := 1.0
					if norm > bound {
						factor = bound / norm
						cut++
					} else {
						kept++
					}
					for at := j; at < len(want); at += k {
						near(t, kind, float64(got[at]), float64(want[at])*factor, 1e-6)
						if factor == 1 && got[at] != want[at] {
							t.Errorf("%s: a short column changed", kind)
						}
					}
				}
				continue
			}
			for at := range want {
				if got[at] != want[at] {
					t.Errorf("%s: biases changed", kind)
				}
			}
		}
		if cut == 0 || kept == 0 {
			t.Errorf("%s: want columns that are longer and shorter than the bound, got %d and %d", kind, cut, kept)
		}
	}
}

// In training no column ever gets longer than the bound.
func TestMaxNormInTraining(t *testing.T) {
	const bound = 0.7
	net := network(t, 6, 5, 3)
	data := examples(t, 40, 6, 3)
	run(t, train.Trainer{Model: net, Data: data, Recipe: train.Recipe{Optimizer: train.Optimizer{Kind: "momentum", Rate: train.Constant(0.5), Momentum: train.Constant(0.9), MaxNorm: bound}, Epochs: 20, Batch: 10},
		AfterEpoch: func(train.Epoch) error {
			for _, l := range net.Layers {
				for j, norm := range columns(l.W.Value.Float32s(), l.W.Value.Shape()[1]) {
					if norm > bound*(1+1e-6) {
						t.Errorf("%s: column %d has norm %g", l.W.Name, j, norm)
					}
				}
			}
			return nil
		}})
}
