package pretrain_test

import (
	"context"
	"math"
	"testing"

	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"

	"github.com/google/go-cmp/cmp/cmpopts"
	"gorgonia.org/tensor"
)

// must stops the test at an error.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// Sizes of the small stacks.
const (
	inputs  = 12
	classes = 3
)

var hidden = []int{8, 6, 4}

// examples returns n examples of intensities in [0,1): three patterns with noise.
func examples(t testing.TB, n int, label string) *datasets.Set {
	t.Helper()
	x, labels := make([]float32, n*inputs), make([]uint8, n)
	random.New(1).Split(label).Uniform(x)
	for i := range labels {
		labels[i] = uint8(i % classes)
		for j := range inputs {
			x[i*inputs+j] *= 0.4
			if j*classes/inputs == i%classes {
				x[i*inputs+j] += 0.6
			}
		}
	}
	return must(datasets.NewSet(label, tensor.New(tensor.WithShape(n, inputs), tensor.WithBacking(x)), labels, classes, 0, 0))(t)
}

// experiment is a network with the stages of its training, and all parameters that
// they change.
type experiment struct {
	net    *models.MLP
	stages []pretrain.Stage
	params []*blocks.Param
}

// kinds of stacks that build makes.
var kinds = []string{"random", "dbn", "dbn, persistent", "sdae", "dbn, unrolled", "dbn, rising", "supervised"}

// build returns a fresh network, equal at each call: 12-8-6-4-3, its layers pretrained
// as the kind says, then the top layer alone and the whole network trained.
func build(t testing.TB, kind string) *experiment {
	t.Helper()
	data, validation := examples(t, 130, "data"), examples(t, 50, "validation")
	s := random.New(7)
	order, sizes := s.Split("order"), append([]int{inputs}, hidden...)
	unsupervised := func(l int) train.Recipe {
		return train.Recipe{Epochs: 2 + l, Batch: 20, NormEvery: 3, Optimizer: train.Optimizer{
			Kind: "momentum", Rate: train.Constant(0.1), Momentum: train.Schedule{Start: 0.5, Steps: []train.Step{{Epoch: 1, Value: 0.9}}},
		}}
	}
	e := &experiment{}
	var encoder []*blocks.Dense
	switch kind {
	case "dbn", "dbn, persistent", "dbn, unrolled", "dbn, rising":
		d := must(models.NewDBN("dbn", sizes, blocks.Gaussian(0.1), s.Split("init")))(t)
		chains := 0
		if kind == "dbn, persistent" || kind == "dbn, rising" {
			chains = 15
		}
		layers := must(pretrain.DBNLayers(d, 1, chains, unsupervised, s.Split("noise")))(t)
		if kind == "dbn, rising" {
			d.Layers[2].HiddenUnits = models.GaussianUnits()
			for l, r := range d.Layers {
				cd := layers[l].Model.(*models.CD)
				cd.Centring = must(models.NewCentring(r, 0.01))(t)
				if l < 2 {
					cd.Sparsity = must(models.NewSparsity(r, 0.2, 0.1, 0.9))(t)
				}
			}
			layers[0] = must(layers[0].RisingCD([]int{2, 3}, func(int) train.Recipe { return unsupervised(0) }))(t)
		}
		e.stages = pretrain.Greedy(layers, data, order)
		encoder = d.Encoder()
		if kind == "dbn, unrolled" {
			stage, auto, err := pretrain.Unrolled("joint", d, unsupervised(0), data, order)
			if err != nil {
				t.Fatal(err)
			}
			e.stages, e.params = append(e.stages, stage), auto.Params()
		}
		for _, r := range d.Layers {
			e.params = append(e.params, r.Params()...)
		}
	case "sdae":
		st := must(models.NewStackedAutoencoder("sdae", sizes, true, blocks.Tanh(), blocks.Glorot(), s.Split("init")))(t)
		st.Corrupt(blocks.Masking(0.25), s.Split("noise"))
		e.stages = pretrain.Greedy(pretrain.AutoencoderLayers(st, unsupervised), data, order)
		encoder = st.Encoder()
		for _, a := range st.Layers {
			e.params = append(e.params, a.Params()...)
		}
	case "supervised":
		encoder = must(models.NewMLP("hidden", append(sizes, classes), blocks.Sigmoid(), blocks.LeCun(), blocks.LeCun(), s.Split("init")))(t).Layers[:len(hidden)]
		layers := must(pretrain.SupervisedLayers(encoder, classes, blocks.Glorot(), unsupervised, s.Split("outputs")))(t)
		e.stages = pretrain.Greedy(layers, data, order)
		for _, l := range layers {
			e.params = append(e.params, l.Model.Params()...)
		}
	default:
		encoder = must(models.NewMLP("net", append(sizes, classes), blocks.Sigmoid(), blocks.LeCun(), blocks.LeCun(), s.Split("init")))(t).Layers[:len(hidden)]
	}
	e.net = must(models.Classifier("net", encoder, hidden[len(hidden)-1], classes, blocks.Glorot(), s.Split("top")))(t)
	e.params = append(e.params, e.net.Params()...)
	// The last two stages draw their masks from one stream.
	e.net.DropInput, e.net.DropHidden, e.net.Noise = 0.1, 0.2, s.Split("dropout")
	supervised := train.Recipe{Epochs: 3, Batch: 20, Optimizer: train.SGD(0.5), NormEvery: 2}
	top := e.net.Layers[len(hidden)].Params()
	e.stages = append(e.stages,
		pretrain.TopLayer(e.net, top, supervised, data, validation, order),
		pretrain.FineTune(e.net, supervised, data, validation, order))
	return e
}

// run runs a pipeline and stops the test at an error.
func run(t testing.TB, p pretrain.Pipeline) []*train.History {
	t.Helper()
	return must(p.Run(context.Background()))(t)
}

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

// seconds leaves out the timings of histories.
var seconds = cmpopts.IgnoreFields(train.Epoch{}, "Seconds")

// upPass is the code of a layer in float64, f(x·W + b), of examples (n,d).
func upPass(x []float64, d *blocks.Dense, f func(float64) float64) []float64 {
	s := d.W.Value.Shape()
	in, out := s[0], s[1]
	n := len(x) / in
	h := make([]float64, n*out)
	for i := range n {
		for j := range out {
			z := float64(d.B.Value.Float32s()[j])
			for k := range in {
				z += x[i*in+k] * float64(d.W.Value.Float32s()[k*out+j])
			}
			h[i*out+j] = f(z)
		}
	}
	return h
}

func sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

func widen(x []float32) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}
