package models

import (
	"fmt"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/random"

	G "gorgonia.org/gorgonia"
)

// MLP is the multilayer perceptron h⁰ = x, hˡ = f(hˡ⁻¹·Wˡ + bˡ), whose last layer
// gives the logits z, from which Output makes outputs and loss (lecture 2.1 and 3.3).
type MLP struct {
	// Layers from the input up; the last one is linear.
	Layers []*blocks.Dense
	Output blocks.Output
	// DropInput and DropHidden are the probabilities with which inputs and hidden
	// units are dropped in training (lecture 3.4: 0.2 and 0.5), by default 0. Noise
	// draws the masks.
	DropInput, DropHidden float64
	Noise                 *random.Stream
}

// NewMLP returns a network with sizes[0] inputs, hidden layers of the sizes between,
// activation f, and sizes[len-1] outputs. Its weights are drawn by init, those of the
// output layer by top; its parameters are called name.1.W, name.1.b, name.2.W, …
func NewMLP(name string, sizes []int, f blocks.Activation, init, top blocks.Initializer, s *random.Stream) (*MLP, error) {
	if len(sizes) < 2 {
		return nil, fmt.Errorf("mlp %s: want the numbers of inputs and of outputs at least, got sizes %v", name, sizes)
	}
	var hidden []*blocks.Dense
	for l := 1; l < len(sizes)-1; l++ {
		d, err := blocks.NewDense(fmt.Sprintf("%s.%d", name, l), sizes[l-1], sizes[l], f, init, s)
		if err != nil {
			return nil, fmt.Errorf("mlp %s: %w", name, err)
		}
		hidden = append(hidden, d)
	}
	return Classifier(name, hidden, sizes[len(sizes)-2], sizes[len(sizes)-1], top, s)
}

// Classifier returns the network whose hidden layers are the given ones, with their
// tensors, under a new output layer of k units with weights drawn by top. It is the
// second step of layer-wise training (lecture 3.2): layers that were pretrained
// without labels, fine-tuned as one network. n is the number of inputs of the output
// layer.
func Classifier(name string, hidden []*blocks.Dense, n, k int, top blocks.Initializer, s *random.Stream) (*MLP, error) {
	d, err := blocks.NewDense(fmt.Sprintf("%s.%d", name, len(hidden)+1), n, k, blocks.Linear(), top, s)
	if err != nil {
		return nil, fmt.Errorf("mlp %s: %w", name, err)
	}
	return &MLP{Layers: append(hidden[:len(hidden):len(hidden)], d)}, nil
}

// Params returns the parameters from the input up.
func (n *MLP) Params() []*blocks.Param {
	var ps []*blocks.Param
	for _, d := range n.Layers {
		ps = append(ps, d.Params()...)
	}
	return ps
}

// Inputs is the number of inputs.
func (n *MLP) Inputs() int { return inputs(n.Layers[0].W) }

// Outputs is the number of outputs.
func (n *MLP) Outputs() int { return outputs(n.Layers[len(n.Layers)-1].W) }

// Forward returns the values of all layers for inputs x, as used after training: the
// hidden layers' and, last, the logits.
func (n *MLP) Forward(x *G.Node) (G.Nodes, error) { return n.forward(x, 0, 0) }

// Sampled is Forward as in training: with inputs and hidden units dropped, by masks that
// are drawn anew from Noise at each run.
func (n *MLP) Sampled(x *G.Node) (G.Nodes, error) { return n.forward(x, n.DropInput, n.DropHidden) }

func (n *MLP) forward(x *G.Node, dropInput, dropHidden float64) (G.Nodes, error) {
	var layers G.Nodes
	h, err := blocks.Dropout(x, dropInput, n.Noise)
	if err != nil {
		return nil, err
	}
	for l, d := range n.Layers {
		if h, err = d.Forward(h); err != nil {
			return nil, fmt.Errorf("mlp layer %d: %w", l+1, err)
		}
		layers = append(layers, h)
		if l == len(n.Layers)-1 {
			break
		}
		if h, err = blocks.Dropout(h, dropHidden, n.Noise); err != nil {
			return nil, fmt.Errorf("mlp layer %d: %w", l+1, err)
		}
	}
	return layers, nil
}

// Objective is the training graph for batches of m: inputs x (m,n) and t (m,k), cost
// and monitor "loss", and for classes the monitor "error".
func (n *MLP) Objective(m int) (*Objective, error) {
	return n.objective(m, n.DropInput, n.DropHidden)
}

// Evaluation is the same graph without dropout.
func (n *MLP) Evaluation(m int) (*Objective, error) { return n.objective(m, 0, 0) }

func (n *MLP) objective(m int, dropInput, dropHidden float64) (*Objective, error) {
	if m < 1 {
		return nil, fmt.Errorf("mlp: want batches of at least one example, got %d", m)
	}
	if len(n.Layers) == 0 {
		return nil, fmt.Errorf("mlp: has no layers")
	}
	g, dt := G.NewGraph(), dtype(n.Params())
	x := blocks.NewInput(g, dt, "x", m, n.Inputs())
	t := blocks.NewInput(g, dt, "t", m, n.Outputs())
	layers, err := n.forward(x, dropInput, dropHidden)
	if err != nil {
		return nil, err
	}
	z := layers[len(layers)-1]
	var c ops.Chain
	loss := c.Do(n.Output.Loss(z, t))
	o := &Objective{Inputs: G.Nodes{x, t}, Cost: loss, Monitors: []Monitor{{Name: "loss", Node: loss}}}
	if n.Output == blocks.Classes() {
		o.Monitors = append(o.Monitors, Monitor{Name: "error", Node: c.Do(blocks.Misclassified(z, t)), Sum: true})
	}
	return o, c.Err()
}
