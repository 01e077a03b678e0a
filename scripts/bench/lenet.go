package main

import (
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/models"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// lenetKernel is the side of the kernels of a cnn, lenetPool that of the squares of which the
// largest pixel remains.
const lenetKernel, lenetPool = 5, 2

// lenet is a LeNet of the workload's sizes: the side of the images, two numbers of maps, hidden
// units, classes.
func (w workload) lenet(weights *random.Stream) (*models.ConvNet, error) {
	var convs []models.ConvSpec
	for _, maps := range w.sizes[1:3] {
		convs = append(convs, models.ConvSpec{Maps: maps, Kernel: [2]int{lenetKernel, lenetKernel}, Pool: ops.SquarePool(lenetPool)})
	}
	return models.NewConvNet("cnn", [3]int{1, w.sizes[0], w.sizes[0]}, convs, w.sizes[3:], w.activation, blocks.Uniform(), blocks.Uniform(), weights)
}

// lenetFlop is the number of floating-point operations of the step's products. The images need
// no gradient.
func (w workload) lenetFlop() float64 {
	const area = lenetKernel * lenetKernel
	side := w.sizes[0] - lenetKernel + 1
	first := float64(side*side*area) * float64(w.sizes[1])
	side = side/lenetPool - lenetKernel + 1
	second := float64(side*side*area) * float64(w.sizes[1]) * float64(w.sizes[2])
	side /= lenetPool
	dense := float64(side*side*w.sizes[2])*float64(w.sizes[3]) + float64(w.sizes[3])*float64(w.sizes[4])
	return 2 * float64(w.batch) * (2*first + 3*second + 3*dense)
}

// stockConvLeaf binds the memory of kernels or of their biases to a leaf, biases as an image of
// one pixel a map.
func stockConvLeaf(g *G.ExprGraph, p *blocks.Param) *G.Node {
	v := p.Value
	if v.Dims() == 1 {
		v = tensor.New(tensor.WithShape(1, v.Shape()[0], 1, 1), tensor.WithBacking(v.Float32s()))
	}
	return G.NewTensor(g, tensor.Float32, 4, G.WithName(p.Name), G.WithShape(v.Shape()...), G.WithValue(v))
}

func (w workload) stockLeNet(x, t *G.Node, params G.Nodes) *G.Node {
	h := G.Must(G.Reshape(x, tensor.Shape{w.batch, 1, w.sizes[0], w.sizes[0]}))
	one, kernel, pool := []int{1, 1}, tensor.Shape{lenetKernel, lenetKernel}, tensor.Shape{lenetPool, lenetPool}
	for l := 0; l < 4; l += 2 {
		c := G.Must(G.Conv2d(h, params[l], kernel, []int{0, 0}, one, one))
		p := G.Must(G.MaxPool2D(c, pool, []int{0, 0}, []int{lenetPool, lenetPool}))
		h = G.Must(G.Tanh(G.Must(G.BroadcastAdd(p, params[l+1], nil, []byte{0, 2, 3}))))
	}
	h = G.Must(G.Reshape(h, tensor.Shape{w.batch, h.Shape().TotalSize() / w.batch}))
	h = G.Must(G.Tanh(affine(h, params[4], params[5])))
	return w.stockCrossEntropy(affine(h, params[6], params[7]), t)
}
