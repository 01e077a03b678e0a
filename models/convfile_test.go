package models_test

import (
	"math"
	"testing"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/models"
)

// convSpecimens are networks with every kind of convolutional layer.
func convSpecimens(t testing.TB) map[string]any {
	t.Helper()
	type pair = [2]int
	net := func(image [3]int, f blocks.Activation, o blocks.Output, dense []int, convs ...models.ConvSpec) *models.ConvNet {
		n := must[*models.ConvNet](t)(models.NewConvNet("net", image, convs, dense, f, blocks.Uniform(), blocks.Uniform(), stream("init")))
		n.Output = o
		return n
	}
	five, dense := models.LeNet5(10)
	lenet := must[*models.ConvNet](t)(models.NewConvNet("lenet", [3]int{1, 28, 28}, five, dense, blocks.Tanh(), blocks.Uniform(), blocks.Uniform(), stream("init")))
	return map[string]any{
		"lenet-5": lenet,
		"convnet with largest pixels": net([3]int{2, 9, 8}, blocks.ReLU(), blocks.Classes(), []int{5, 3},
			models.ConvSpec{Maps: 3, Kernel: pair{3, 2}, Pool: ops.SquarePool(2)},
			models.ConvSpec{Maps: 4, Kernel: pair{2, 2}, Conv: ops.Conv{Pad: pair{1, 0}}, Pool: ops.Pool{Window: pair{3, 2}, Stride: pair{1, 1}, Pad: pair{1, 1}}}),
		"convnet with normalisation": net([3]int{1, 8, 8}, blocks.LeakyReLU(0.25), blocks.Numeric(), []int{2},
			models.ConvSpec{Maps: 3, Kernel: pair{4, 4}, Conv: ops.Conv{Stride: pair{2, 2}, Pad: pair{1, 1}}, Norm: true},
			models.ConvSpec{Maps: 2, Kernel: pair{3, 3}, Conv: ops.Conv{Pad: pair{1, 1}}, Norm: true, Pool: ops.Pool{Window: pair{3, 3}, Stride: pair{2, 2}, Pad: pair{1, 1}}, Average: true}),
		"convnet without convolutions": net([3]int{1, 2, 3}, blocks.Sigmoid(), blocks.Binary(), []int{4, 2}),
	}
}

// positive makes the running variances those of something.
func positive(n *models.ConvNet) {
	for _, l := range n.Convs {
		if l.Norm == nil {
			continue
		}
		for i, v := range l.Norm.Variance.Value.Float32s() {
			l.Norm.Variance.Value.Float32s()[i] = 0.1 + float32(math.Abs(float64(v)))
		}
	}
}

// A description of convolutional layers that do not fit together, or in another model, is an error.
func TestLoadRefusesConvNets(t *testing.T) {
	refusedDescriptions(t, specimens(t, "saved"), []refusedDescription{
		{"lenet-5", `"image":[1,28,28]`, `"image":[1,29,28]`, "want 812 inputs"},
		{"lenet-5", `"image":[1,28,28]`, `"image":[0,28,28]`, "at least one channel"},
		{"lenet-5", `"image":[1,28,28]`, `"image":[1,-28,-28]`, "sizes from 0 to 65536, got -28"},
		{"lenet-5", `"image":[6,14,14]`, `"image":[6,7,28]`, "want images of [6 14 14] for the next layer, got [6 7 28]"},
		{"lenet-5", `"pad":[2,2]`, `"pad":[65537,2]`, "sizes from 0 to 65536"},
		{"lenet-5", `"pad":[2,2]`, `"pad":[60000,60000]`, "at most 67108864 elements"},
		{"lenet-5", `"kernel":[5,5]`, `"kernel":[33,5]`, "kernel no larger than the padded image"},
		{"lenet-5", `"window":[2,2]`, `"window":[2,29]`, "pooling"},
		{"lenet-5", `"maps":6`, `"maps":7`, "units"},
		{"lenet-5", `"activation":"tanh"`, `"activation":"softmax"`, "an activation of single elements"},
		{"convnet with normalisation", `"momentum":0.1`, `"momentum":1.5`, "a momentum in (0,1]"},
		{"lenet-5", `"kind":"convnet"`, `"kind":"mlp"`, "convolutional layers in a convnet"},
	})
}
