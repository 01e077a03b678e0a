// Package models holds the lecture's models: the multilayer perceptron, the
// autoencoder and stacks of it, the restricted Boltzmann machine, the deep belief
// network, the deep Boltzmann machine, generative adversarial networks, convolutional and
// recurrent networks, networks that judge positions of a game; the associative memories
// Hopfield, DenseHopfield and BAM.
//
// A model is its parameters plus the graph that it defines. The parameters are named
// tensors that the model owns; its methods build Gorgonia nodes on them, and what
// trains it is the symbolic gradient of the cost in an [Objective]. Models that share
// a parameter share its tensor: an RBM's weights are the first layer's weights of the
// network that it becomes.
//
// [Save] writes a model to a file that PyTorch reads, [Load] rebuilds it, and [LoadInto]
// takes the parameters of any file with the same tensors, such as one of PyTorch.
//
// Letters: v or x the input (m,n), m examples one a row; h (m,k) the hidden units; W
// (n,k) the weights; b (k) the bias of the hidden units; c (n) that of the visible
// ones, or of the reconstruction; t (m,k) the targets.
package models
