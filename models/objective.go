package models

import (
	"capas/autodiff"
	"capas/blocks"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Objective is the graph of one step of training or evaluation on a batch of m
// examples.
type Objective struct {
	// Inputs are the leaves to which a batch is bound: the examples and, for
	// supervised objectives, the targets.
	Inputs G.Nodes
	// Cost is the scalar whose gradient is followed downhill; nil if there is nothing
	// to train.
	Cost *G.Node
	// Monitors are scalars worth reporting.
	Monitors []Monitor
	// Updates are applied besides the optimiser's: the state of persistent chains, the running
	// statistics of batch normalisation. A parameter of the model that they change is not the
	// optimiser's.
	Updates []autodiff.Update
}

// Monitor is a named scalar of an objective. Names in use: "loss" (nats per example,
// or squared error), "error" (fraction misclassified), "reconstruction" (squared
// error per example), "activation" and "contraction" (mean of a code and of its Jacobian's
// squared norm), "chain energy" (mean free energy of persistent chains).
type Monitor struct {
	Name string
	Node *G.Node
	// Sum tells that Node is a sum over the examples, a count say, instead of their
	// mean; what is reported is the mean.
	Sum bool
}

// dtype of a model's graph is that of its parameters.
func dtype(params []*blocks.Param) tensor.Dtype {
	if len(params) > 0 && params[0] != nil && params[0].Value != nil {
		return params[0].Value.Dtype()
	}
	return tensor.Float32
}

// outputs returns the width of a weight matrix.
func outputs(W *blocks.Param) int { return W.Value.Shape()[1] }

// inputs returns the height of a weight matrix.
func inputs(W *blocks.Param) int { return W.Value.Shape()[0] }
