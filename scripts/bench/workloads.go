package main

import (
	"fmt"
	"slices"

	"capas/autodiff"
	"capas/autodiff/torch"
	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/random"
	"capas/train"

	"gorgonia.org/tensor"
)

// Machines that run a step.
const (
	capas    = "capas"
	stock    = "stock"
	libtorch = "torch"
)

// Kinds of workloads.
const (
	mlp = "mlp" // sigmoid or tanh layers, softmax and cross-entropy
	rbm = "rbm" // CD-1: hidden states sampled, probabilities in the statistics
	cnn = "cnn" // the LeNet of the Deep Learning Tutorials: tanh, softmax and cross-entropy
	dae = "dae" // tied denoising autoencoder, sigmoid code and output, cross-entropy from logits
	rnn = "rnn" // a layer of LSTM or GRU cells, softmax of the last state and cross-entropy
)

// workload is one training step of a model. Every one is defined a second time, in
// scripts/torch_step.py, by the same name.
type workload struct {
	name       string
	kind       string
	sizes      []int // units of the layers, from the input up; of a cnn the image's side and the convolutional layers' maps first, see lenet
	batch      int
	optimizer  train.Optimizer
	activation blocks.Activation // of an mlp's hidden layers
	masking    float64           // the share of a dae's inputs that are set to 0
	cell       blocks.Cell       // of an rnn, whose sizes are inputs of a step, units and classes
	steps      int               // of an rnn's sequences
}

// workloads returns all of them. The rates are of no matter to the time but keep the
// numbers in the usual range.
//
// One difference remains: the optimiser of an RBM has momentum on the biases, too,
// PyTorch's script on the weights only.
func workloads() []workload {
	momentum := train.Optimizer{Kind: "momentum", Rate: train.Constant(0.01), Momentum: train.Constant(0.9)}
	adam := train.Optimizer{Kind: "adam", Rate: train.Constant(0.001)}
	paper := []int{784, 500, 500, 2000, 10} // Hinton & Salakhutdinov 2006
	return []workload{
		{name: "mlp-500-500-2000-b10", kind: mlp, sizes: paper, batch: 10, optimizer: momentum, activation: blocks.Sigmoid()},
		{name: "mlp-500-500-2000-b100", kind: mlp, sizes: paper, batch: 100, optimizer: momentum, activation: blocks.Sigmoid()},
		{name: "mlp-500-500-2000-b100-adam", kind: mlp, sizes: paper, batch: 100, optimizer: adam, activation: blocks.Sigmoid()},
		{name: "mlp-tiny-b32", kind: mlp, sizes: []int{64, 32, 10}, batch: 32, optimizer: momentum, activation: blocks.Tanh()},
		{name: "rbm-784-500-b10", kind: rbm, sizes: []int{784, 500}, batch: 10, optimizer: cd()},
		{name: "rbm-784-500-b100", kind: rbm, sizes: []int{784, 500}, batch: 100, optimizer: cd()},
		{name: "rbm-500-2000-b100", kind: rbm, sizes: []int{500, 2000}, batch: 100, optimizer: cd()},
		{name: "lenet-b100", kind: cnn, sizes: []int{28, 20, 50, 500, 10}, batch: 100, optimizer: train.SGD(0.1), activation: blocks.Tanh()},
		{name: "dae-784-1000-b20", kind: dae, sizes: []int{784, 1000}, batch: 20, optimizer: train.SGD(0.1), masking: 0.3},
		{name: "lstm-28x28-128-b100", kind: rnn, cell: blocks.LSTM(), steps: 28, sizes: []int{28, 128, 10}, batch: 100, optimizer: adam},
		{name: "gru-28x28-128-b100", kind: rnn, cell: blocks.GRU(), steps: 28, sizes: []int{28, 128, 10}, batch: 100, optimizer: adam},
	}
}

// cd is the optimiser of RBMs (Hinton 2010).
func cd() train.Optimizer {
	return train.Optimizer{Kind: "momentum", Rate: train.Constant(0.1), Momentum: train.Constant(0.5), L2: 0.0002}
}

func names() []string {
	var out []string
	for _, w := range workloads() {
		out = append(out, w.name)
	}
	return out
}

func find(name string) (workload, bool) {
	all := workloads()
	i := slices.IndexFunc(all, func(w workload) bool { return w.name == name })
	if i < 0 {
		return workload{}, false
	}
	return all[i], true
}

// flop is the number of floating-point operations in the step's matrix products.
func (w workload) flop() float64 {
	switch w.kind {
	case cnn:
		return w.lenetFlop()
	case rnn: // as torch_step.py counts it, which leaves out the softmax layer
		return 3 * 2 * float64(w.batch) * float64(w.steps) * float64(w.cell.Gates()) * float64(w.sizes[1]) * float64(w.sizes[0]+w.sizes[1])
	}
	var forward, first float64
	for l := 1; l < len(w.sizes); l++ {
		product := 2 * float64(w.batch) * float64(w.sizes[l-1]) * float64(w.sizes[l])
		forward += product
		if l == 1 {
			first = product
		}
	}
	if w.kind == mlp {
		return 3*forward - first // no gradient for the input
	}
	return 5 * forward // up, down, up and two products of statistics; or two forward and three of the gradient
}

// job is a step ready to run, with the tensors that it works on.
type job struct {
	params []*blocks.Param
	batch  datasets.Batch
	step   func() error
}

func (w workload) job(machine string) (*job, error) {
	model, err := w.model()
	if err != nil {
		return nil, err
	}
	j := &job{params: model.Params(), batch: w.examples()}
	if machine == stock {
		j.step, err = w.onTape(j.params, j.batch)
		return j, err
	}
	state, err := w.optimizer.NewState(tensor.Float32)
	if err != nil {
		return nil, err
	}
	var compiler autodiff.Compiler
	if machine == libtorch {
		if compiler.Backend, err = torch.Open("cpu"); err != nil {
			return nil, err
		}
	}
	stepper, err := train.NewStepperWith(compiler, lossOnly{model}, state, w.batch)
	if err != nil {
		return nil, err
	}
	j.step = func() error {
		state.Advance(0, 1)
		return stepper.Step(j.batch)
	}
	return j, nil
}

// model returns the model with fresh weights.
func (w workload) model() (train.Model, error) {
	s := random.New(1)
	weights, noise := s.Split("weights"), s.Split("noise")
	small := blocks.Gaussian(0.01)
	switch w.kind {
	case mlp:
		return models.NewMLP("mlp", w.sizes, w.activation, blocks.Uniform(), blocks.Uniform(), weights)
	case cnn:
		return w.lenet(weights)
	case rbm:
		r, err := models.NewRBM("rbm", w.sizes[0], w.sizes[1], small, weights)
		return &models.CD{Model: r, K: 1, Noise: noise}, err
	case dae:
		a, err := models.NewAutoencoder("dae", w.sizes[0], w.sizes[1], true, blocks.Sigmoid(), small, weights)
		if err != nil {
			return nil, err
		}
		a.Corruption, a.Noise = blocks.Masking(w.masking), noise
		return a, nil
	}
	if w.kind == rnn {
		o := models.RecurrentOptions{Cell: w.cell, Inputs: w.sizes[0], Units: w.sizes[1], Outputs: w.sizes[2], Steps: w.steps}
		return models.NewRecurrent("rnn", o, blocks.Uniform(), weights)
	}
	return nil, fmt.Errorf("kind %q is unknown", w.kind)
}

// examples draws the batch: inputs uniform in [0,1) and, for an mlp or rnn, classes.
func (w workload) examples() datasets.Batch {
	s := random.New(1).Split("data")
	inputs := w.sizes[0] * max(1, w.steps)
	if w.kind == cnn {
		inputs *= inputs
	}
	x := make([]float32, w.batch*inputs)
	s.Uniform(x)
	b := datasets.Batch{X: matrix(x, w.batch)}
	if w.kind == mlp || w.kind == cnn || w.kind == rnn {
		classes := w.sizes[len(w.sizes)-1]
		t, r := make([]float32, w.batch*classes), s.Rand()
		for i := range w.batch {
			t[i*classes+r.IntN(classes)] = 1
		}
		b.T = matrix(t, w.batch)
	}
	return b
}

func matrix(x []float32, rows int) *tensor.Dense {
	return tensor.New(tensor.WithShape(rows, len(x)/rows), tensor.WithBacking(x))
}

// lossOnly computes no monitor but the loss, as PyTorch's script does.
type lossOnly struct{ train.Model }

// Objective is the model's with fewer monitors.
func (l lossOnly) Objective(m int) (*models.Objective, error) {
	o, err := l.Model.Objective(m)
	if err != nil {
		return nil, err
	}
	o.Monitors = slices.DeleteFunc(o.Monitors, func(m models.Monitor) bool { return m.Name != "loss" })
	return o, nil
}
