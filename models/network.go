package models

import (
	"slices"

	"capas/autodiff"
	"capas/blocks"

	G "gorgonia.org/gorgonia"
)

// Network is a network of layers: an MLP, a ConvNet, a ConvGenerator.
type Network interface {
	Params() []*blocks.Param
	// Inputs and Outputs are the numbers of them.
	Inputs() int
	Outputs() int
	// Forward returns the values of all layers for inputs x (m, Inputs), as used after training; the
	// last are the pre-activations (m, Outputs) of the outputs.
	Forward(x *G.Node) (G.Nodes, error)
	// Train is Forward as in training: with dropout, and normalised by the statistics of the batch.
	// The updates are those of the running statistics.
	Train(x *G.Node) (G.Nodes, []autodiff.Update, error)
}

// Train is Sampled. There are no updates.
func (n *MLP) Train(x *G.Node) (G.Nodes, []autodiff.Update, error) {
	layers, err := n.Sampled(x)
	return layers, nil, err
}

// Train is Forward as in training: by the statistics of the batch, and with the updates of the
// running ones.
func (n *ConvNet) Train(x *G.Node) (G.Nodes, []autodiff.Update, error) { return n.forward(x, true) }

// norms tells whether a network normalises over the batch in training, so that what it makes of an
// example depends on the others.
func norms(n Network) bool {
	net, ok := n.(*ConvNet)
	return ok && slices.ContainsFunc(net.Convs, func(l *ConvLayer) bool { return l.Norm != nil })
}
