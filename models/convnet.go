package models

import (
	"fmt"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/random"

	G "gorgonia.org/gorgonia"
)

// ConvNet is a convolutional network (LeCun et al. 1998; lecture 2.2 and 2.3): images, given
// as rows of a matrix, go through convolutional layers with pooling, and what these make of
// them, flat, through dense ones, whose last gives the logits z, from which Output makes
// outputs and loss.
type ConvNet struct {
	// Image is the shape (channels, height, width) of the images.
	Image [3]int
	// Convs are the convolutional layers from the input up, Dense the dense ones after them,
	// of which the last is linear.
	Convs  []*ConvLayer
	Dense  []*blocks.Dense
	Output blocks.Output
}

// NewConvNet returns a network for images of the given shape, (channels, height, width), with
// the given convolutional layers and dense ones of the sizes given, of which the last is the
// number of outputs; activation f. Weights are drawn by init, those of the output layer by
// top. The parameters are called name.1.W, name.1.b, name.1.gamma, …, name.2.W, ….
func NewConvNet(name string, image [3]int, convs []ConvSpec, dense []int, f blocks.Activation, init, top blocks.Initializer, s *random.Stream) (*ConvNet, error) {
	if len(dense) == 0 {
		return nil, fmt.Errorf("convnet %s: want the number of outputs at least, got no dense layers", name)
	}
	if f == blocks.Softmax() {
		return nil, fmt.Errorf("convnet %s: want an activation of single elements, got %s", name, f)
	}
	n := &ConvNet{Image: image}
	fail := func(l int, err error) (*ConvNet, error) {
		return nil, fmt.Errorf("convnet %s, layer %d: %w", name, l, err)
	}
	at := image
	for i, spec := range convs {
		out, err := convOut(at, spec.Maps, spec.Kernel, spec.Conv, spec.Pool)
		if err != nil {
			return fail(i+1, err)
		}
		l, err := newConvLayer(fmt.Sprintf("%s.%d", name, i+1), at[0], spec, f, init, s)
		if err != nil {
			return fail(i+1, err)
		}
		n.Convs, at = append(n.Convs, l), out
	}
	for i, inputs := 0, elements(at); i < len(dense); i++ {
		l, act, draw := len(convs)+i+1, f, init
		if i == len(dense)-1 {
			act, draw = blocks.Linear(), top
		}
		d, err := blocks.NewDense(fmt.Sprintf("%s.%d", name, l), inputs, dense[i], act, draw, s)
		if err != nil {
			return fail(l, err)
		}
		n.Dense, inputs = append(n.Dense, d), dense[i]
	}
	return n, nil
}

func newConvLayer(name string, channels int, spec ConvSpec, f blocks.Activation, init blocks.Initializer, s *random.Stream) (*ConvLayer, error) {
	l := &ConvLayer{Pool: spec.Pool, Average: spec.Average}
	pooled := max(1, spec.Pool.Window[0]*spec.Pool.Window[1])
	var err error
	if l.Conv, err = blocks.NewConv2D(name, channels, spec.Maps, spec.Kernel, spec.Conv, pooled, f, init, s); err != nil {
		return nil, err
	}
	if spec.Norm {
		l.Norm, err = blocks.NewBatchNorm(name, spec.Maps)
	}
	return l, err
}

// LeNet5 are the layers of LeNet-5 (LeCun et al. 1998) for images of 28×28, in the form that
// is usual today: 6, 16 and 120 kernels of 5×5, the first ones over images padded to 32×32,
// means of 2×2 after the first two layers, and dense layers of 84 units and k outputs. The
// original's pooling has weights of its own, its second layer sees some of the maps of the
// first only, and its outputs are distances to codes of the classes; here they are logits.
func LeNet5(k int) (convs []ConvSpec, dense []int) {
	five, pool := [2]int{5, 5}, ops.SquarePool(2)
	return []ConvSpec{
		{Maps: 6, Kernel: five, Conv: ops.Conv{Pad: [2]int{2, 2}}, Pool: pool, Average: true},
		{Maps: 16, Kernel: five, Pool: pool, Average: true},
		{Maps: 120, Kernel: five},
	}, []int{84, k}
}

// TutorialLeNet are the layers of the LeNet of the Deep Learning Tutorials for images of
// 28×28: 20 and 50 kernels of 5×5, each layer with the largest of 2×2 pixels, and dense
// layers of 500 units and k outputs. It goes with tanh, Glorot's initialiser, and outputs
// that start from 0, blocks.Gaussian(0).
func TutorialLeNet(k int) (convs []ConvSpec, dense []int) {
	five, pool := [2]int{5, 5}, ops.SquarePool(2)
	return []ConvSpec{{Maps: 20, Kernel: five, Pool: pool}, {Maps: 50, Kernel: five, Pool: pool}}, []int{500, k}
}

// Params returns the parameters from the input up.
func (n *ConvNet) Params() []*blocks.Param {
	var ps []*blocks.Param
	for _, l := range n.Convs {
		ps = append(ps, l.Params()...)
	}
	for _, d := range n.Dense {
		ps = append(ps, d.Params()...)
	}
	return ps
}

// Inputs is the number of inputs, the elements of an image.
func (n *ConvNet) Inputs() int { return elements(n.Image) }

// Outputs is the number of outputs.
func (n *ConvNet) Outputs() int { return outputs(n.Dense[len(n.Dense)-1].W) }

// Forward returns the values of all layers for inputs x (m,n), as used after training: the
// convolutional layers' (m,c,h,w), after pooling, the dense ones' and, last, the logits.
func (n *ConvNet) Forward(x *G.Node) (G.Nodes, error) {
	layers, _, err := n.forward(x, false)
	return layers, err
}

func (n *ConvNet) forward(x *G.Node, training bool) (layers G.Nodes, updates []autodiff.Update, err error) {
	if len(n.Dense) == 0 {
		return nil, nil, fmt.Errorf("convnet: has no output layer")
	}
	h, err := asImages(x, n.Image)
	if err != nil {
		return nil, nil, fmt.Errorf("convnet: %w", err)
	}
	for i, l := range n.Convs {
		var u []autodiff.Update
		if h, u, err = l.forward(h, training); err != nil {
			return nil, nil, fmt.Errorf("convnet layer %d: %w", i+1, err)
		}
		layers, updates = append(layers, h), append(updates, u...)
	}
	if h, err = asRows(h); err != nil {
		return nil, nil, err
	}
	for i, d := range n.Dense {
		if h, err = d.Forward(h); err != nil {
			return nil, nil, fmt.Errorf("convnet layer %d: %w", len(n.Convs)+i+1, err)
		}
		layers = append(layers, h)
	}
	return layers, updates, nil
}

// Logits are z for inputs x (m,n), as used after training.
func (n *ConvNet) Logits(x *G.Node) (*G.Node, error) {
	layers, err := n.Forward(x)
	if err != nil {
		return nil, err
	}
	return layers[len(layers)-1], nil
}

// Objective is the training graph for batches of m: inputs x (m,n) and t (m,k), cost and
// monitor "loss", for classes the monitor "error", and the updates of the running statistics
// of layers that are normalised.
func (n *ConvNet) Objective(m int) (*Objective, error) { return n.objective(m, true) }

// Evaluation is the same graph with the running statistics.
func (n *ConvNet) Evaluation(m int) (*Objective, error) { return n.objective(m, false) }

func (n *ConvNet) objective(m int, training bool) (*Objective, error) {
	if m < 1 {
		return nil, fmt.Errorf("convnet: want batches of at least one example, got %d", m)
	}
	if len(n.Dense) == 0 {
		return nil, fmt.Errorf("convnet: has no output layer")
	}
	g, dt := G.NewGraph(), dtype(n.Params())
	x := blocks.NewInput(g, dt, "x", m, n.Inputs())
	t := blocks.NewInput(g, dt, "t", m, n.Outputs())
	layers, updates, err := n.forward(x, training)
	if err != nil {
		return nil, err
	}
	z := layers[len(layers)-1]
	var c ops.Chain
	loss := c.Do(n.Output.Loss(z, t))
	o := &Objective{Inputs: G.Nodes{x, t}, Cost: loss, Monitors: []Monitor{{Name: "loss", Node: loss}}, Updates: updates}
	if n.Output == blocks.Classes() {
		o.Monitors = append(o.Monitors, Monitor{Name: "error", Node: c.Do(blocks.Misclassified(z, t)), Sum: true})
	}
	return o, c.Err()
}
